"""
The simulated cohorts of the benches: whole days, two causes, illness and death, as files for Python and R.

Each column lies in a file of its own: 64-bit floats without header, which R's `readBin` and NumPy's
`fromfile` read alike, so that both sides get the same numbers.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LAST_DAY = 3650
#: Covariates: so many continuous ones, the others 0 or 1.
CONTINUOUS, COVARIATES = 13, 20
#: Cohorts above this size have five covariates only.
WIDE_UP_TO = 1_000_000


def make(folder: Path, patients: int) -> Path:
    """Write the cohort of so many patients, when it is not there, and return its folder."""
    place = folder / str(patients)
    if (place / "done").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    columns = _patients(patients)
    for name, values in columns.items():
        np.asarray(values, dtype=np.float64).tofile(place / f"{name}.f64")
    stored = {"time": np.int32, "event": np.int8, "cause": np.int8, "group": np.int8}
    pq.write_table(
        pa.table({name: columns[name].astype(kind) for name, kind in stored.items()}), place / "rows.parquet"
    )
    for name, values in _stays(columns["time"], columns["cause"]).items():
        np.asarray(values, dtype=np.float64).tofile(place / f"{name}.f64")
    (place / "done").touch()
    return place


def read(place: Path, name: str) -> np.ndarray:
    """Return one column."""
    return np.fromfile(place / f"{name}.f64")


def _patients(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2026)
    count = COVARIATES if n <= WIDE_UP_TO else 5
    effect = np.linspace(-0.4, 0.4, count)
    linear = np.zeros(n)
    columns = {}
    for k in range(count):
        x = rng.normal(size=n) if k < CONTINUOUS else (rng.random(n) < 0.3).astype(float)
        columns[f"x{k}"] = x
        linear += effect[k] * x
    days = np.ceil(rng.exponential(2200 * np.exp(-linear / 2)))
    censored = np.ceil(rng.uniform(365, LAST_DAY, n))
    time = np.minimum(days, censored)
    cause = np.where(days <= censored, rng.choice([1, 2], n, p=[0.7, 0.3]), 0)
    columns |= {"time": time, "cause": cause, "event": (cause > 0).astype(float)}
    return columns | {"group": (rng.random(n) < 0.5).astype(float), "score": linear + rng.normal(size=n)}


def _stays(time: np.ndarray, cause: np.ndarray) -> dict[str, np.ndarray]:
    """Return rows of illness and death: states 1 well, 2 ill, 3 dead; to 0 = censored."""
    rng = np.random.default_rng(7)
    n = len(time)
    person = np.arange(n)
    falls_ill = (rng.random(n) < 0.4) & (time > 2)
    onset = np.where(falls_ill, np.ceil(rng.random(n) * (time - 1)), time)
    end = np.where(cause > 0, 3, 0)
    ill = np.flatnonzero(falls_ill)
    columns = {
        "ms_id": np.concatenate([person, ill]),
        "ms_start": np.concatenate([np.zeros(n), onset[ill]]),
        "ms_stop": np.concatenate([onset, time[ill]]),
        "ms_from": np.concatenate([np.ones(n), np.full(len(ill), 2)]),
        "ms_to": np.concatenate([np.where(falls_ill, 2, end), end[ill]]),
    }
    order = np.lexsort((columns["ms_start"], columns["ms_id"]))
    return {name: values[order] for name, values in columns.items()}
