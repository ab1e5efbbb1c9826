"""
Our survival estimators next to lifelines in the same run: ratios of the shortest of a few runs.

Run `python benchmarks/survival.py [PATIENTS]` (default 100,000). Only ratios and the environment are
printed: seconds belong to one machine, ratios travel. Each pair of answers is compared before it is timed.
Set OMP_NUM_THREADS=1 in the environment to hold both sides to one thread.
"""

import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pandas as pd
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter

from harmony.statistics.cox import cox
from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.kaplan_meier import kaplan_meier

RUNS = 3
#: lifelines' Aalen-Johansen moves tied times apart at random, so its answer differs by about this much.
JITTER = 5e-3


def cohort(patients: int, covariates: int = 5) -> pd.DataFrame:
    """Return a simulated cohort: whole days up to ten years, two causes, about half of them censored."""
    rng = np.random.default_rng(20)
    x = rng.normal(size=(patients, covariates))
    effect = np.linspace(-0.4, 0.4, covariates)
    days = np.ceil(rng.exponential(2500 * np.exp(-x @ effect)))
    censored = np.ceil(rng.uniform(365, 3650, patients))
    cause = np.where(days <= censored, rng.choice([1, 2], patients, p=[0.7, 0.3]), 0)
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(covariates)])
    return frame.assign(time=np.minimum(days, censored), cause=cause, event=(cause == 1).astype(int))


def shortest(run: Callable[[], object], runs: int = RUNS) -> float:
    """Return the shortest time of a few runs, in seconds."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def compare(frame: pd.DataFrame) -> dict[str, float]:
    """Return how many times faster ours is than lifelines, by estimator, after checking that they agree."""
    t, event, cause = frame["time"], frame["event"], frame["cause"]
    covariates = frame[[name for name in frame if name.startswith("x")]]
    model = pd.concat([covariates, frame[["time", "event"]]], axis=1)

    def their_incidence() -> AalenJohansenFitter:
        return AalenJohansenFitter(calculate_variance=False, seed=1).fit(t, cause, event_of_interest=1)

    ours, theirs = kaplan_meier(t, event), KaplanMeierFitter().fit(t, event)
    at = [365.0, 1000.0, 2000.0]
    np.testing.assert_allclose(ours.at(at)["survival"], theirs.survival_function_at_times(at), rtol=1e-9)
    np.testing.assert_allclose(
        cox(t, event, covariates).coef, CoxPHFitter().fit(model, "time", "event").params_, rtol=1e-4
    )
    first = cumulative_incidence(t, cause).at([1000.0]).to_pylist()[1]["estimate"]
    assert abs(first - float(their_incidence().predict(1000.0))) < JITTER
    return {
        "Kaplan-Meier with limits": shortest(lambda: KaplanMeierFitter().fit(t, event))
        / shortest(lambda: kaplan_meier(t, event)),
        "cumulative incidence (ours with variance, all causes; theirs without, one cause)": shortest(
            their_incidence
        )
        / shortest(lambda: cumulative_incidence(t, cause)),
        "Cox, Efron ties (ours with concordance and its error)": shortest(
            lambda: CoxPHFitter().fit(model, "time", "event")
        )
        / shortest(lambda: cox(t, event, covariates)),
    }


def main() -> None:
    """Print the environment and one ratio per estimator."""
    # lifelines says at each fit that it moves tied times; `JITTER` accounts for it.
    warnings.filterwarnings("ignore", module="lifelines")
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "lifelines", "pandas"))
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    print(f"Python {platform.python_version()}, {packages}")
    print(f"{platform.machine()}, {os.cpu_count()} processors, OMP_NUM_THREADS {threads}")
    print(f"{patients:,} patients, 5 covariates; time of lifelines / time of ours, shortest of {RUNS} runs")
    for name, ratio in compare(cohort(patients)).items():
        print(f"{ratio:8.1f}  {name}")


if __name__ == "__main__":
    main()
