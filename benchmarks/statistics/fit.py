"""
One fit in a process of its own: `fit.py ENGINE TASK FOLDER SMALL` prints seconds, memory and an answer.

The clock covers the fit only and counts the processor's seconds (user and system), which other work on the
machine does not lengthen as it does those of the wall. A fit of the cohort SMALL comes before it, so that
modules which are loaded at the first call count for nobody. The processor's clock ticks in hundredths: a fit
shorter than `LONG_ENOUGH` is repeated and the mean counts. Memory is the highest resident size above the one
before the fit.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cohort import COVARIATES, read

#: What a task needs from the cohort and how each engine does it; the fit returns one number to compare.
Fit = Callable[[], float]
DAY = 1000.0
LONG_ENOUGH = 0.5


def covariates(place: Path, count: int) -> dict[str, np.ndarray]:
    """Return so many covariates by name."""
    return {f"x{k}": read(place, f"x{k}") for k in range(count)}


def integer(place: Path, name: str) -> np.ndarray:
    """Return a column of whole numbers as such."""
    return read(place, name).astype(np.int64)


def ours(task: str, place: Path) -> Fit:
    """Return our fit of a task."""
    fits: dict[str, Callable[[Path], Fit]] = {
        "km": _our_km,
        "km_stored": _our_km_stored,
        "cif": _our_cif,
        "cif_stored": _our_cif_stored,
        "logrank": _our_logrank,
        "cox5": lambda at: _our_cox(at, 5),
        "cox20": lambda at: _our_cox(at, COVARIATES),
        "concordance": _our_concordance,
        "fine_gray_crr": lambda at: _our_fine_gray(at, "crr"),
        "fine_gray_finegray": lambda at: _our_fine_gray(at, "finegray"),
        "multistate_aalen": lambda at: _our_multistate(at, "aalen"),
        "multistate_jackknife": lambda at: _our_multistate(at, "jackknife"),
    }
    return fits[task](place)


def _our_km(place: Path) -> Fit:
    from harmony.statistics.kaplan_meier import kaplan_meier

    day, event = integer(place, "time"), integer(place, "event")
    return lambda: kaplan_meier(day, event).at([DAY])["survival"][0].as_py()


def _our_km_stored(place: Path) -> Fit:
    from harmony.statistics.kaplan_meier import kaplan_meier_from_counts
    from harmony.store.counts import CountColumns, counts_of_file

    columns = CountColumns("time", "event")
    return lambda: (
        kaplan_meier_from_counts(counts_of_file(place / "rows.parquet", columns))
        .at([DAY])["survival"][0]
        .as_py()
    )


def _of_cause_1(fit: Any) -> float:
    return next(row["estimate"] for row in fit.at([DAY]).to_pylist() if row["cause"] == 1)


def _our_cif(place: Path) -> Fit:
    from harmony.statistics.cumulative_incidence import cumulative_incidence

    day, cause = integer(place, "time"), integer(place, "cause")
    return lambda: _of_cause_1(cumulative_incidence(day, cause))


def _our_cif_stored(place: Path) -> Fit:
    from harmony.statistics.cumulative_incidence import cumulative_incidence_from_counts
    from harmony.store.counts import CountColumns, counts_of_file

    columns = CountColumns("time", "cause")
    return lambda: _of_cause_1(
        cumulative_incidence_from_counts(counts_of_file(place / "rows.parquet", columns))
    )


def _our_logrank(place: Path) -> Fit:
    from harmony.statistics.logrank import logrank

    day, event, group = (integer(place, name) for name in ("time", "event", "group"))
    return lambda: logrank(day, event, group).statistic


def _our_cox(place: Path, count: int) -> Fit:
    from harmony.statistics.cox import cox

    day, event, x = integer(place, "time"), integer(place, "event"), covariates(place, count)
    return lambda: float(cox(day, event, x).coef[0])


def _our_concordance(place: Path) -> Fit:
    from harmony.statistics.concordance import concordance

    day, event, score = integer(place, "time"), integer(place, "event"), read(place, "score")
    return lambda: concordance(day, event, score).concordance


def _our_fine_gray(place: Path, variant: Any) -> Fit:
    from harmony.statistics.fine_gray import fine_gray

    day, cause, x = integer(place, "time"), integer(place, "cause"), covariates(place, 5)
    return lambda: float(fine_gray(day, cause, x, variant=variant).coef[0])


def _our_multistate(place: Path, variance: Any) -> Fit:
    from harmony.statistics.multistate import multistate

    columns = [integer(place, f"ms_{name}") for name in ("id", "start", "stop", "from", "to")]
    names = np.array([None, "well", "ill", "dead"], dtype=object)
    columns[3], columns[4] = names[columns[3]], names[columns[4]]

    def fit() -> float:
        found = multistate(*columns, ["well", "ill", "dead"], variance=variance)
        rows = found.at([DAY]).to_pylist()
        return next(r["probability"] for r in rows if (r["from"], r["to"]) == ("well", "ill"))

    return fit


def lifelines(task: str, place: Path) -> Fit:
    """Return the fit of lifelines."""
    import lifelines as peer
    import pandas as pd
    from lifelines.statistics import logrank_test
    from lifelines.utils import concordance_index

    day, event = read(place, "time"), read(place, "event")
    if task == "km":
        fitter = peer.KaplanMeierFitter()
        return lambda: float(fitter.fit(day, event).survival_function_at_times(DAY).iloc[0])
    if task == "cif":
        cause = read(place, "cause")
        jumps = peer.AalenJohansenFitter(seed=1)
        return lambda: float(jumps.fit(day, cause, event_of_interest=1).predict(DAY))
    if task == "logrank":
        first = read(place, "group") == 1
        return lambda: float(
            logrank_test(day[first], day[~first], event[first], event[~first]).test_statistic
        )
    if task == "concordance":
        score = read(place, "score")
        return lambda: float(concordance_index(day, -score, event))
    frame = pd.DataFrame(covariates(place, int(task[3:])) | {"time": day, "event": event})
    return lambda: float(peer.CoxPHFitter().fit(frame, "time", "event").params_.iloc[0])


def scikit_survival(task: str, place: Path) -> Fit:
    """Return the fit of scikit-survival."""
    from sksurv.compare import compare_survival
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.metrics import concordance_index_censored
    from sksurv.nonparametric import cumulative_incidence_competing_risks, kaplan_meier_estimator
    from sksurv.util import Surv

    day, event = read(place, "time"), read(place, "event") > 0

    def last_before(times: np.ndarray, values: np.ndarray) -> float:
        return float(values[np.searchsorted(times, DAY, side="right") - 1])

    if task == "km":
        # With limits, like the others.
        return lambda: last_before(*kaplan_meier_estimator(event, day, conf_type="log-log")[:2])
    if task == "cif":
        cause = integer(place, "cause")

        def incidence() -> float:
            times, curves = cumulative_incidence_competing_risks(cause, day, conf_type="log-log")[:2]
            return last_before(times, curves[1])

        return incidence
    if task == "logrank":
        group, both = read(place, "group"), Surv.from_arrays(event, day)
        return lambda: float(compare_survival(both, group)[0])
    if task == "concordance":
        score = read(place, "score")
        return lambda: float(concordance_index_censored(event, day, score)[0])
    x, both = np.column_stack(list(covariates(place, int(task[3:])).values())), Surv.from_arrays(event, day)
    return lambda: float(CoxPHSurvivalAnalysis(ties="efron").fit(x, both).coef_[0])


def statsmodels(task: str, place: Path) -> Fit:
    """Return the fit of statsmodels."""
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import SurvfuncRight, survdiff

    day, event = read(place, "time"), read(place, "event")
    if task == "km":

        def curve() -> float:
            fit = SurvfuncRight(day, event)
            return float(fit.surv_prob[np.searchsorted(fit.surv_times, DAY, side="right") - 1])

        return curve
    if task == "logrank":
        group = read(place, "group")
        return lambda: float(survdiff(day, event, group)[0])
    x = np.column_stack(list(covariates(place, int(task[3:])).values()))
    return lambda: float(PHReg(day, x, status=event, ties="efron").fit().params[0])


ENGINES = {
    "harmony": ours,
    "lifelines": lifelines,
    "scikit-survival": scikit_survival,
    "statsmodels": statsmodels,
}


def memory(word: str) -> float:
    """Return a figure of this process's status in MB: VmRSS now, VmHWM the highest."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(word))
    return int(line.split()[1]) / 1024


def timed(fit: Fit, times: int) -> tuple[float, float, float]:
    """Return the seconds of one of so many fits, of the processor and of the wall, and the answer."""
    start, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        answer = fit()
    return (time.process_time() - start) / times, (time.perf_counter() - wall) / times, answer


def main() -> None:
    """Time one fit and print one line of JSON."""
    warnings.filterwarnings("ignore")
    engine, task, place, small = sys.argv[1:]
    ENGINES[engine](task, Path(small))()
    fit = ENGINES[engine](task, Path(place))
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    before = memory("VmRSS")
    seconds, wall, answer = timed(fit, 1)
    extra = memory("VmHWM") - before
    if wall < LONG_ENOUGH:
        seconds, wall, answer = timed(fit, int(LONG_ENOUGH / wall) + 1)
    print(json.dumps({"seconds": seconds, "wall": wall, "extra": extra, "answer": answer}))


if __name__ == "__main__":
    main()
