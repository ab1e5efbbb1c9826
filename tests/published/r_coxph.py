"""Numbers of a `cox` fit beside the rows of R's `coxph`, and start-stop rows made the slow obvious way."""

import numpy as np

PER_TERM = {
    "coef": "coef",
    "hr": "hazard_ratio",
    "hr_lower95": "lower",
    "hr_upper95": "upper",
    "p_wald": "p",
    "naive_se": "se",
}
TESTS = ("lr_test", "wald_test", "score_test", "robust_score_test")


def ours(fit, row):
    """Our number for a row of the reference."""
    statistic = row["statistic"]
    if statistic == "se":
        # R's standard error is the robust one where there is one.
        statistic = "se" if fit.robust_se is None else "robust_se"
        return float(getattr(fit, statistic)[fit.terms.index(row["term"])])
    if statistic in PER_TERM:
        return float(getattr(fit, PER_TERM[statistic])[fit.terms.index(row["term"])])
    value = getattr(fit, statistic.lower())
    return value.statistic if statistic in TESTS else value


def of_coxph(row):
    """Whether a row is a number of the fit itself: zph is another function, iterations are not compared."""
    return not row["statistic"].startswith("zph") and row["statistic"] != "iterations"


def fitted(make):
    """Answers of a Case: the rows of coxph beside the fit that `make` returns."""

    def answers(rows):
        fit = make()
        return [(row, ours(fit, row)) for row in rows if of_coxph(row) and "coxph" in row["r_call"]]

    return answers


def start_stop(stop, event, changes):
    """
    Rows (patient, start, stop, event, one 0/1 column per change) of patients whose covariates change.

    `changes` maps a name to the time from which it is 1; NaN or a time at or after `stop`: never.
    """
    rows = []
    for patient, (end, died) in enumerate(zip(stop, event, strict=True)):
        when = {name: time[patient] for name, time in changes.items()}
        cuts = sorted({t for t in when.values() if 0 < t < end})
        for start, until in zip([0, *cuts], [*cuts, end], strict=True):
            flags = [int(t <= start) for t in when.values()]
            rows.append((patient, start, until, int(died and until == end), *flags))
    patient, start, until, died, *flags = (np.array(column) for column in zip(*rows, strict=True))
    return patient, start, until, died, dict(zip(changes, flags, strict=True))
