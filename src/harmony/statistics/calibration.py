"""Calibration of predicted risks at a horizon: does what was predicted happen as often as predicted?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox import cox
from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.distributions import limit_width
from harmony.statistics.fine_gray import fine_gray
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.samples import TIE, Floats, FollowUp, Integers, follow_up, numbers, same_length, tied

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Calibration:
    """
    Predicted and observed risk at the horizon, by groups of rising predicted risk and in all.

    Attributes
    ----------
    horizon : float
    group : int array of shape (g,)
        1, 2 ... from the lowest predicted risk.
    n : int array of shape (g,)
        Patients.
    predicted : float array of shape (g,)
        Mean predicted risk.
    observed, std_err, lower, upper : float arrays of shape (g,)
        Observed risk by 1 - Kaplan-Meier, or Aalen-Johansen with competing causes, with log-log limits. NaN
        where nobody of the group was followed to the horizon, and limits where they do not exist.
    mean_predicted, mean_observed : float
        In all patients.
    difference : float
        Calibration in the large: mean_observed - mean_predicted.
    ratio, ratio_lower, ratio_upper : float
        mean_observed / mean_predicted with limits on the log scale, predictions taken as fixed; 1 is perfect.
    slope, slope_se : float
        Regression coefficient of log(-log(1 - risk)) up to the horizon, 1 is perfect, below 1 predictions
        are too extreme. NaN, with a warning, where it cannot be fitted.
    warnings : tuple of str
        What to know before the numbers are used.
    """

    horizon: float
    group: Integers
    n: Integers
    predicted: Floats
    observed: Floats
    std_err: Floats
    lower: Floats
    upper: Floats
    mean_predicted: float
    mean_observed: float
    difference: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    slope: float
    slope_se: float
    warnings: tuple[str, ...]

    def table(self) -> pa.Table:
        """Return one row per group: group, n, predicted, observed, std_err, lower, upper."""
        import pyarrow as pa

        names = ("group", "n", "predicted", "observed", "std_err", "lower", "upper")
        return pa.table({name: pa.array(getattr(self, name), from_pandas=True) for name in names})


def calibration(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    groups: int = 10,
    conf_level: float = 0.95,
) -> Calibration:
    """
    Compare predicted with observed risks at a horizon.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `cumulative_incidence`: 0 censored, 1 event; or 1, 2 ... competing causes.
    risk : array of shape (n,)
        Predicted probability, 0 to 1, of an event of `cause` by the horizon.
    horizon : float
        Above 0 and not after the longest follow-up.
    cause : int
        The event predicted; other codes compete with it.
    groups : int
        Groups of about equal size by predicted risk; equal predictions stay together.
    conf_level : float
        Coverage of the limits.

    Raises
    ------
    UsageError
        When shapes, the horizon, `cause` or `groups` are wrong or a risk is no probability.
    UnsoundAnalysis
        When nobody was followed to the horizon or all predicted risks are 0; and as `cumulative_incidence`.
        One patient alone is one group without a slope.

    References
    ----------
    Crowson, Atkinson and Therneau, Stat Methods Med Res 2016;25:1692; van Calster et al., BMC Med
    2019;17:230. Slope: Cox's regression, or Fine and Gray's with competing causes.
    """
    sample, given = follow_up(time, event, causes=True), numbers(risk, "risk")
    same_length(sample.day, given, "risk")
    _check(sample, given, horizon, cause, groups)
    limit_width(conf_level)
    code = _groups_of(given, groups)
    read = [_observed(sample, code == g, horizon, cause, conf_level) for g in range(int(code.max()) + 1)]
    observed, std_err, lower, upper = np.array(read).T
    told = []
    if np.isnan(observed).any():
        told.append("In a group nobody was followed to the horizon: its observed risk is not known.")
    overall, error, *_ = _observed(sample, code >= 0, horizon, cause, conf_level)
    expected = float(given.mean())
    width = limit_width(conf_level) * error / overall if overall > 0.0 else math.nan
    slope, slope_se, problem = _slope(sample, given, horizon, cause)
    count = np.bincount(code)
    return Calibration(
        horizon=float(horizon),
        group=np.arange(1, len(count) + 1),
        n=count,
        predicted=np.bincount(code, given) / count,
        observed=observed,
        std_err=std_err,
        lower=lower,
        upper=upper,
        mean_predicted=expected,
        mean_observed=overall,
        difference=overall - expected,
        ratio=overall / expected,
        ratio_lower=overall / expected * math.exp(-width),
        ratio_upper=overall / expected * math.exp(width),
        slope=slope,
        slope_se=slope_se,
        warnings=(*told, *problem),
    )


def _check(sample: FollowUp, risk: Floats, horizon: float, cause: int, groups: int) -> None:
    if risk.min() < 0.0 or risk.max() > 1.0:
        raise UsageError("A predicted risk is no probability.", "Give risks.", "0 to 1")
    if not 0.0 < horizon < math.inf or groups < 1:
        raise UsageError(
            "The horizon or the number of groups is impossible.", "Choose others.", "horizon > 0, groups >= 1"
        )
    if cause < 1:
        raise UsageError(
            "The cause is no code of an event.", "Give the code of the predicted event.", "1, 2 ..."
        )
    if sample.times[-1] < horizon * (1.0 - TIE):
        raise UnsoundAnalysis(
            "Nobody was followed to the horizon.",
            "Choose an earlier horizon.",
            "at most the longest follow-up",
        )
    if risk.max() == 0.0:
        raise UnsoundAnalysis(
            "Every predicted risk is 0, so that observed to predicted has no ratio.", "Check the predictions."
        )


def _groups_of(risk: Floats, groups: int) -> Integers:
    """Return codes 0, 1 ... of groups of rising risk; equal risks fall into one group."""
    _, rank = tied(risk, lambda _: 0.0)
    ends = np.cumsum(np.bincount(rank))
    middle = (ends + np.concatenate(([0], ends[:-1]))) / 2.0
    place = np.minimum((middle * groups / len(risk)).astype(np.int64), groups - 1)
    return np.unique(place[rank], return_inverse=True)[1]


def _observed(
    sample: FollowUp,
    keep: np.ndarray[tuple[int], np.dtype[np.bool_]],
    horizon: float,
    cause: int,
    level: float,
) -> tuple[float, float, float, float]:
    """Return observed risk, its standard error and limits."""
    part = sample.part(keep)
    time, event = part.times[part.day], part.event
    last = time.max()
    if last < horizon * (1.0 - TIE) and np.any(event[time == last] == 0):
        return math.nan, math.nan, math.nan, math.nan
    if event.max() <= 1 and cause == 1:
        read = kaplan_meier(time, event, conf_type="log-log", conf_level=level).at([horizon])
        survival, error, low, high = (
            read.column(c)[0].as_py() for c in ("survival", "std_err", "lower", "upper")
        )
        return 1.0 - survival, _number(error), 1.0 - _number(high), 1.0 - _number(low)
    if not np.any(event == cause):
        return 0.0, 0.0, math.nan, math.nan
    found = cumulative_incidence(time, event, conf_type="log-log", conf_level=level).at([horizon])
    row = found.column("cause").to_pylist().index(cause)
    values = [_number(found.column(c)[row].as_py()) for c in ("estimate", "std_err", "lower", "upper")]
    return values[0], values[1], values[2], values[3]


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _slope(
    sample: FollowUp, risk: Floats, horizon: float, cause: int
) -> tuple[float, float, tuple[str, ...]]:
    """Return the calibration slope, its standard error, and why there is none."""
    if risk.min() == 0.0 or risk.max() == 1.0:
        return math.nan, math.nan, ("No slope: a predicted risk is exactly 0 or 1.",)
    time = sample.times[sample.day]
    within = time <= horizon * (1.0 + TIE)
    time, event = np.minimum(time, horizon), np.where(within, sample.event, 0)
    prediction = {"prediction": np.log(-np.log1p(-risk))}
    try:
        if event.max() <= 1 and cause == 1:
            fit = cox(time, event, prediction)
            return float(fit.coef[0]), float(fit.se[0]), fit.warnings
        weighted = fine_gray(time, event, prediction, cause=cause)
        return float(weighted.coef[0]), float(weighted.robust_se[0]), weighted.warnings
    except UnsoundAnalysis as error:
        return math.nan, math.nan, (f"No slope: {error.what}",)
