"""Kaplan-Meier estimator of the survival function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.limits import ConfType, check_conf_type, probability_limits
from harmony.statistics.samples import Floats, FollowUp, Integers, follow_up, groups, numbers
from harmony.statistics.steps import asked_times, at_risk, before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa

#: A curve this close to the asked level lies on it; the square root of the float64 epsilon, as in R.
ON_LEVEL = 1.5e-8


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """
    Kaplan-Meier curve of one group; arrays have shape (k,), one entry per distinct time of the group.

    Attributes
    ----------
    group : str or None
        Label; None when no groups were given.
    time : float array
        Event and censoring times, ascending.
    n_risk, n_event, n_censor : int arrays
        Patients under observation just before the time, with the event, and censored at it.
    survival, std_err, lower, upper : float arrays
        S(t), Greenwood standard error of S(t), limits. NaN where R has none: the error at S = 0.
    """

    group: str | None
    time: Floats
    n_risk: Integers
    n_event: Integers
    n_censor: Integers
    survival: Floats
    std_err: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """Curves of all groups, sorted by group, with the scale and level of their limits."""

    curves: tuple[SurvivalCurve, ...]
    conf_type: ConfType
    conf_level: float

    def table(self) -> pa.Table:
        """Return every step: group, time, n_risk, n_event, n_censor, survival, std_err, lower, upper."""
        import pyarrow as pa

        return pa.concat_tables([_as_table(curve) for curve in self.curves])

    def at(self, times: ArrayLike) -> pa.Table:
        """
        Read the curves at given times: group, time, n_risk, survival, std_err, lower, upper.

        Parameters
        ----------
        times : array of shape (m,)
            0 or more. Events at the time count; after the last time the last value is carried and
            `n_risk` is 0. Before the first time survival and its limits are 1.
        """
        import pyarrow as pa

        asked = asked_times(times)
        return pa.concat_tables([_read(curve, asked) for curve in self.curves])

    def quantiles(self, p: ArrayLike = (0.25, 0.5, 0.75)) -> pa.Table:
        """
        Return the times by which given shares had the event: group, probability, time, lower, upper.

        Parameters
        ----------
        p : array of shape (m,)
            Shares, more than 0 and less than 1; 0.5 is the median.

        Returns
        -------
        Arrow table
            The first time with S <= 1 - p; the middle of the flat stretch when S is exactly 1 - p;
            null when not reached. Limits are the same reading of the lower and upper curves
            (Brookmeyer and Crowley, Biometrics 1982;38:29).

        Raises
        ------
        UsageError
            When a share lies outside 0 to 1.
        """
        import pyarrow as pa

        shares = numbers(np.atleast_1d(np.asarray(p)), "p")
        if shares.min() <= 0.0 or shares.max() >= 1.0:
            raise UsageError("A quantile of an impossible share was asked.", "Give shares.", "0 < p < 1")
        rows = [
            (
                c.group,
                share,
                *(_crossing(c.time, curve, 1.0 - share) for curve in (c.survival, c.lower, c.upper)),
            )
            for c in self.curves
            for share in shares.tolist()
        ]
        group, probability, time, lower, upper = zip(*rows, strict=True)
        return pa.table(
            {
                "group": pa.array(group, pa.string()),
                "probability": pa.array(probability, pa.float64()),
                "time": pa.array(time, pa.float64()),
                "lower": pa.array(lower, pa.float64()),
                "upper": pa.array(upper, pa.float64()),
            }
        )

    def summary(self) -> pa.Table:
        """Return one row per group: group, records, events, median (null when not reached)."""
        import pyarrow as pa

        return pa.table(
            {
                "group": pa.array([c.group for c in self.curves], pa.string()),
                "records": pa.array([int(c.n_risk[0]) for c in self.curves], pa.int64()),
                "events": pa.array([int(c.n_event.sum()) for c in self.curves], pa.int64()),
                "median": pa.array([_crossing(c.time, c.survival, 0.5) for c in self.curves], pa.float64()),
            }
        )


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    conf_type: ConfType = "log",
    conf_level: float = 0.95,
) -> KaplanMeier:
    """
    Estimate survival by the product-limit method with Greenwood's variance.

    Parameters
    ----------
    time : array of shape (n,)
        Follow-up time, 0 or more, any unit; times equal up to 1e-9 of the mean time are tied.
    event : array of shape (n,)
        1 or True event, 0 or False censored. At a tied time events come before censoring.
    group : array of shape (n,), optional
        Text, numbers or booleans; one curve each.
    conf_type : log, log-log or plain
        Scale of the limits; R's default is log.
    conf_level : float
        Coverage of the limits.

    Raises
    ------
    UnsoundAnalysis
        When nobody is in it, a value is missing, a time negative, or the event has several causes.
    UsageError
        When shapes, `conf_type` or `conf_level` are wrong.

    References
    ----------
    Kaplan and Meier, J Am Stat Assoc 1958;53:457. Limits as in R survival 3.5.3 `survfit`.
    """
    check_conf_type(conf_type)
    sample = follow_up(time, event)
    by = groups(group, len(sample.day))
    one = len(by.labels) == 1
    curves = tuple(
        _curve(label, sample if one else sample.part(by.code == code), conf_type, conf_level)
        for code, label in enumerate(by.labels)
    )
    return KaplanMeier(curves, conf_type, conf_level)


def _curve(label: str | None, sample: FollowUp, conf_type: ConfType, conf_level: float) -> SurvivalCurve:
    ending, died = sample.count(), sample.count(sample.event > 0)
    seen = ending > 0
    ending, died, time = ending[seen], died[seen], sample.times[seen]
    n_risk = ending[::-1].cumsum()[::-1]
    survival = np.cumprod((n_risk - died) / n_risk)
    std_err = survival * np.sqrt(greenwood(n_risk, died))
    lower, upper = probability_limits(survival, std_err, conf_type, conf_level)
    return SurvivalCurve(label, time, n_risk, died, ending - died, survival, std_err, lower, upper)


def greenwood(n_risk: Integers, n_event: Integers) -> Floats:
    """
    Return Greenwood's variance of log S at each time.

    Parameters
    ----------
    n_risk, n_event : int arrays of shape (k,)
        At risk just before, and with the event at, ascending times.

    Returns
    -------
    float array of shape (k,)
        Sum of d / (n (n - d)) up to the time; NaN from the time on at which everybody left had the event.
    """
    left = (n_risk - n_event).astype(np.float64)
    left[left == 0.0] = np.nan
    # Without an event at a time nothing is added, although nobody may be left after it.
    return np.cumsum(np.where(n_event > 0, n_event / (n_risk * left), 0.0))


def _as_table(curve: SurvivalCurve) -> pa.Table:
    import pyarrow as pa

    names = ("time", "n_risk", "n_event", "n_censor", "survival", "std_err", "lower", "upper")
    return pa.table(
        {"group": pa.array([curve.group] * len(curve.time), pa.string())}
        | {n: pa.array(getattr(curve, n), from_pandas=True) for n in names}
    )


def _read(curve: SurvivalCurve, asked: Floats) -> pa.Table:
    import pyarrow as pa

    index = step_index(curve.time, asked)
    return pa.table(
        {
            "group": pa.array([curve.group] * len(asked), pa.string()),
            "time": pa.array(asked),
            "n_risk": pa.array(at_risk(curve.time, curve.n_risk, asked)),
            "survival": pa.array(before_first(curve.survival, index, 1.0)),
            "std_err": pa.array(before_first(curve.std_err, index, 0.0), from_pandas=True),
            "lower": pa.array(before_first(curve.lower, index, 1.0), from_pandas=True),
            "upper": pa.array(before_first(curve.upper, index, 1.0), from_pandas=True),
        }
    )


def _crossing(time: Floats, curve: Floats, level: float) -> float | None:
    """Return when `curve` first reaches `level`: the middle of the stretch that lies exactly on it."""
    reached = np.flatnonzero(curve <= level + ON_LEVEL)
    if len(reached) == 0:
        return None
    first = int(reached[0])
    if abs(curve[first] - level) > ON_LEVEL:
        return float(time[first])
    below = np.flatnonzero(curve < level - ON_LEVEL)
    end = time[below[0]] if len(below) else time[-1]
    return float((time[first] + end) / 2.0)
