"""Test of proportional hazards: does the effect of a covariate change with time?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox_data import time_information
from harmony.statistics.distributions import chi_square
from harmony.statistics.samples import Floats, FollowUp

if TYPE_CHECKING:
    import pyarrow as pa

    from harmony.statistics.cox import Cox

#: Largest score statistic of the terms themselves at a maximum of the likelihood.
AT_MAXIMUM = 1e-6

Transform = Literal["km", "rank", "identity", "log"]


@dataclass(frozen=True, eq=False)
class ProportionalHazardsTest:
    """
    One test per covariate, and all together; arrays have one entry per row, the last is GLOBAL.

    Attributes
    ----------
    term : tuple of str
        Covariates (a category is one test), then GLOBAL.
    chisq : float array
        Score statistic, 0 or more.
    df : int array
        Degrees of freedom: terms of the covariate.
    p : float array
        Small: the effect changes with time.
    transform : str
        The function of time that was tried.
    """

    term: tuple[str, ...]
    chisq: Floats
    df: tuple[int, ...]
    p: Floats
    transform: str

    def table(self) -> pa.Table:
        """Return one row per covariate and GLOBAL: term, chisq, df, p."""
        import pyarrow as pa

        return pa.table(
            {
                "term": pa.array(self.term, pa.string()),
                "chisq": pa.array(self.chisq),
                "df": pa.array(self.df, pa.int64()),
                "p": pa.array(self.p),
            }
        )


def cox_zph(fit: Cox, transform: Transform | Callable[[Floats], Floats] = "km") -> ProportionalHazardsTest:
    """
    Test the proportional hazards of a fitted Cox model.

    Parameters
    ----------
    fit : Cox
        Result of `cox`; its ties, strata, entries and weights count. A fit with exact ties is tested with
        Breslow's likelihood at its estimate, as in R.
    transform : km, rank, identity, log, or a function
        Time scale g(t) on which the effect may drift. km: 1 - S(t-) of all patients together; rank: rank
        of the time among all observation times, censored ones too; a function takes the array of
        distinct times and returns one value each.

    Returns
    -------
    ProportionalHazardsTest
        Score tests of the coefficients of x * g(t), added to the model.

    Raises
    ------
    UsageError
        When the fit has a penalty, the transform is unknown or a function returns another number of values.
    UnsoundAnalysis
        When the transform is not finite at an event time (log of time 0), or the events lie at too few
        distinct times to tell a drift.

    References
    ----------
    Grambsch and Therneau, Biometrika 1994;81:515, in the score-test form of R survival 3 `cox.zph`.
    """
    name, values = _time_scale(fit.sample, transform)
    died = fit.sample.day[fit.sample.event > 0]
    if not np.isfinite(values[died]).all():
        raise UnsoundAnalysis(
            "The transform of time is not finite at the time of an event.",
            "Choose km, rank or identity; log needs event times above 0.",
            "a finite value for every event time",
        )
    drift = np.where(np.isfinite(values), values, 0.0)
    drift = drift - drift[died].mean()
    score, information = _with_drift(fit, drift)
    chisq, df = [], []
    variables = list(dict.fromkeys(fit.variables))
    for variable in [*variables, None]:
        of_it = [v == variable or variable is None for v in fit.variables]
        chisq.append(_score_test(score, information, np.array(of_it)))
        df.append(sum(of_it))
    p = np.array([chi_square(value, d).p for value, d in zip(chisq, df, strict=True)])
    return ProportionalHazardsTest((*variables, "GLOBAL"), np.array(chisq), tuple(df), p, name)


def _with_drift(fit: Cox, drift: Floats) -> tuple[Floats, Floats]:
    """Return the score of the terms times drift, and the information multiplied by drift^0, ^1 and ^2."""
    at_cell = drift[fit.data.cells.cell_time]
    found = [time_information(fit.data, fit.coef, at_cell**power) for power in range(3)]
    plain, information = found[0][0], np.array([part for _, part in found])
    # With exact ties Breslow's score is not 0 at the estimate, and R goes on all the same.
    if fit.ties != "exact" and plain @ np.linalg.solve(information[0], plain) > AT_MAXIMUM:
        raise UsageError(
            "A fit with a penalty (ridge, Firth) was passed; its proportional hazards cannot be tested.",
            "Fit the model without the penalty, with fewer covariates if need be, and test that.",
        )
    return found[1][0], information


def _score_test(
    score: Floats, information: Floats, tested: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> float:
    """Return u' V^-1 u, where V is the information of the drift left once the coefficients are fitted."""
    plain, cross, squared = information
    left = squared - cross @ np.linalg.solve(plain, cross)
    part = left[np.ix_(tested, tested)]
    if np.any(np.diag(part) <= 1e-9 * np.diag(squared)[tested]):
        raise _too_few_times()
    try:
        return max(float(score[tested] @ np.linalg.solve(part, score[tested])), 0.0)
    except np.linalg.LinAlgError as error:
        raise _too_few_times() from error


def _too_few_times() -> UnsoundAnalysis:
    return UnsoundAnalysis(
        "The events lie at too few distinct times to tell whether an effect changes with time.",
        "Keep times as exact as they are known, or lengthen the follow-up.",
    )


def _time_scale(sample: FollowUp, transform: Transform | Callable[[Floats], Floats]) -> tuple[str, Floats]:
    """Return the name of the transform and its value at each distinct time."""
    if callable(transform):
        values = np.asarray(transform(sample.times), dtype=np.float64)
        if values.shape != sample.times.shape:
            raise UsageError(
                "The transform of time returns another number of values than it was given.",
                "Return one value per time.",
            )
        return "user", values
    if transform not in get_args(Transform):
        raise UsageError(
            "The transform of time is unknown.", "Choose another.", "km, rank, identity, log, or a function"
        )
    if transform == "identity":
        return transform, sample.times
    if transform == "log":
        with np.errstate(divide="ignore"):
            return transform, np.log(sample.times)
    ending = sample.count()
    if transform == "rank":
        return transform, np.cumsum(ending) - ending + (ending + 1) / 2.0
    return transform, 1.0 - _survival_before(sample)


def _survival_before(sample: FollowUp) -> Floats:
    """Return Kaplan-Meier's S(t-) of all rows, each counted once whatever its weight, as R does."""
    died, at_risk = sample.count(sample.event > 0), sample.count()[::-1].cumsum()[::-1]
    if sample.entry_day is not None:
        entered = np.bincount(sample.entry_day, minlength=len(sample.times) + 1)
        at_risk = at_risk - entered[::-1].cumsum()[::-1][1:]
    survival = np.cumprod(1.0 - died / np.maximum(at_risk, 1))
    return np.concatenate(([1.0], survival[:-1]))
