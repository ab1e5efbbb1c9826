"""Cumulative incidence of competing causes: the Aalen-Johansen estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.kaplan_meier import greenwood
from harmony.statistics.limits import ConfType, check_conf_type, probability_limits
from harmony.statistics.samples import Floats, FollowUp, Integers, follow_up, groups
from harmony.statistics.steps import asked_times, at_risk, before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa

#: Cause code of the state without any event.
WITHOUT_EVENT = 0


@dataclass(frozen=True, eq=False)
class IncidenceCurve:
    """
    Probability of one cause in one group; arrays have shape (k,), one entry per distinct time of the group.

    Attributes
    ----------
    group : str or None
        Label; None when no groups were given.
    cause : int
        0 no event yet, 1, 2 ... causes.
    time : float array
        Event and censoring times of the group, ascending.
    n_risk : int array
        Patients under observation just before the time.
    estimate, std_err, lower, upper : float arrays
        Probability, its standard error, limits; NaN where a limit or an error does not exist.
    """

    group: str | None
    cause: int
    time: Floats
    n_risk: Integers
    estimate: Floats
    std_err: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """Curves of all groups and causes, sorted by group, then cause; scale and level of their limits."""

    curves: tuple[IncidenceCurve, ...]
    conf_type: ConfType
    conf_level: float

    def table(self) -> pa.Table:
        """Return every step: group, cause, time, n_risk, estimate, std_err, lower, upper."""
        import pyarrow as pa

        return pa.concat_tables([_as_table(curve) for curve in self.curves])

    def at(self, times: ArrayLike) -> pa.Table:
        """
        Read the curves at given times, columns as in `table`.

        Parameters
        ----------
        times : array of shape (m,)
            0 or more. Events at the time count; after the last time the last value is carried and
            `n_risk` is 0. Before the first time nobody had an event: 0, or 1 for cause 0, limits too.
        """
        import pyarrow as pa

        asked = asked_times(times)
        return pa.concat_tables([_as_table(_read(curve, asked)) for curve in self.curves])


def cumulative_incidence(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    conf_type: ConfType = "log",
    conf_level: float = 0.95,
    variance: Literal["aalen"] = "aalen",
) -> CumulativeIncidence:
    """
    Estimate the probability of each cause over time when the causes compete.

    Parameters
    ----------
    time : array of shape (n,)
        Time of the first event or of censoring, 0 or more, any unit; ties as in `kaplan_meier`.
    event : array of shape (n,)
        0 censored, 1, 2 ... causes. Every cause met gets a curve in every group.
    group : array of shape (n,), optional
        Text, numbers or booleans.
    conf_type : log, log-log or plain
        Scale of the limits.
    conf_level : float
        Coverage of the limits.
    variance : aalen
        Aalen's form, equal to R cmprsk 2.2.11 `cuminc`; Greenwood's for cause 0.

    Raises
    ------
    UnsoundAnalysis
        When nobody is in it, a value is missing, or a time or an event code is negative.
    UsageError
        When shapes, `conf_type`, `conf_level` or `variance` are wrong.

    References
    ----------
    Aalen, Ann Stat 1978;6:534. Aalen and Johansen, Scand J Stat 1978;5:141.
    """
    check_conf_type(conf_type)
    if variance != "aalen":
        raise UsageError("The form of the variance is unknown.", "Choose another.", "aalen")
    sample = follow_up(time, event, causes=True)
    by = groups(group, len(sample.day))
    causes = [int(cause) for cause in np.flatnonzero(np.bincount(sample.event)) if cause > 0]
    curves = []
    for code, label in enumerate(by.labels):
        part = sample if len(by.labels) == 1 else sample.part(by.code == code)
        curves += _curves(label, part, causes, conf_type, conf_level)
    return CumulativeIncidence(tuple(curves), conf_type, conf_level)


def _curves(
    label: str | None, sample: FollowUp, causes: list[int], conf_type: ConfType, conf_level: float
) -> list[IncidenceCurve]:
    ending = sample.count()
    seen = ending > 0
    n_risk = ending[seen][::-1].cumsum()[::-1]
    died = sample.count(sample.event > 0)[seen]
    survival = np.cumprod((n_risk - died) / n_risk)
    estimates = {WITHOUT_EVENT: (survival, survival * np.sqrt(greenwood(n_risk, died)))}
    for cause in causes:
        of_cause = sample.count(sample.event == cause)[seen]
        estimates[cause] = _incidence(n_risk, died, of_cause, survival)
    return [
        IncidenceCurve(
            label, cause, sample.times[seen], n_risk, value, error,
            *probability_limits(value, error, conf_type, conf_level),
        )
        for cause, (value, error) in estimates.items()
    ]  # fmt: skip


def _incidence(
    n_risk: Integers, died: Integers, of_cause: Integers, survival: Floats
) -> tuple[Floats, Floats]:
    before = np.concatenate(([1.0], survival[:-1]))
    incidence = np.cumsum(before * of_cause / n_risk)
    # var F(t) = sum over s <= t of (a(s) - b(s) F(t))^2 v(s), written out so that three running sums serve
    # all t. An event of the cause at s adds to F itself (a = 1 + F/S), one of another cause only takes
    # away from what can still come (a = F/S); b = 1/S.
    inverse = np.divide(1.0, survival, out=np.zeros_like(survival), where=survival > 0.0)
    share = before**2 / (n_risk.astype(np.float64) ** 2)
    others = died - of_cause
    own = share * of_cause * _without_replacement(n_risk, of_cause)
    other = np.where(survival > 0.0, share * others * _without_replacement(n_risk, others), 0.0)
    gone = incidence * inverse
    constant = np.cumsum((1.0 + gone) ** 2 * own + gone**2 * other)
    mixed = np.cumsum(inverse * ((1.0 + gone) * own + gone * other))
    square = np.cumsum(inverse**2 * (own + other))
    variance = constant - 2.0 * incidence * mixed + incidence**2 * square
    # Rounding may leave a zero variance a hair below zero.
    return incidence, np.sqrt(np.maximum(variance, 0.0))


def _without_replacement(n_risk: Integers, events: Integers) -> Floats:
    """Return the correction of the hypergeometric variance for d events at one time: 1 - (d - 1)/(n - 1)."""
    return 1.0 - np.maximum(events - 1, 0) / np.maximum(n_risk - 1, 1)


def _as_table(curve: IncidenceCurve) -> pa.Table:
    import pyarrow as pa

    columns = {n: getattr(curve, n) for n in ("time", "n_risk", "estimate", "std_err", "lower", "upper")}
    return pa.table(
        {
            "group": pa.array([curve.group] * len(curve.time), pa.string()),
            "cause": pa.array([curve.cause] * len(curve.time), pa.int64()),
        }
        | {n: pa.array(v, from_pandas=True) for n, v in columns.items()}
    )


def _read(curve: IncidenceCurve, asked: Floats) -> IncidenceCurve:
    index = step_index(curve.time, asked)
    start = 1.0 if curve.cause == WITHOUT_EVENT else 0.0
    return IncidenceCurve(
        curve.group,
        curve.cause,
        asked,
        at_risk(curve.time, curve.n_risk, asked),
        before_first(curve.estimate, index, start),
        before_first(curve.std_err, index, 0.0),
        before_first(curve.lower, index, start),
        before_first(curve.upper, index, start),
    )
