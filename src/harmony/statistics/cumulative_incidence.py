"""Cumulative incidence of competing causes: the Aalen-Johansen estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.counts import Counts, counts
from harmony.statistics.incidence_jackknife import incidence_jackknife
from harmony.statistics.incidence_states import StateCurves, has_several_rows, state_curves
from harmony.statistics.kaplan_meier import greenwood
from harmony.statistics.limits import ConfType, check_conf_type, probability_limits
from harmony.statistics.risk_sets import RiskSets, by_group, risk_sets
from harmony.statistics.samples import Floats, FollowUp, Integers, follow_up, strata
from harmony.statistics.steps import asked_times, at_risk, before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa

#: Cause code of the state without any event.
WITHOUT_EVENT = 0

Variance = Literal["aalen", "jackknife"]

_GOES_ON = (
    "Some patients have rows after an event: each estimate is the probability of being in the state, "
    "not of ever having had the event."
)


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
    n_risk : int or float array
        Patients (sum of weights) under observation and without an event just before the time.
    estimate, std_err, lower, upper : float arrays
        Probability, its standard error, limits; NaN where a limit or an error does not exist.
    """

    group: str | None
    cause: int
    time: Floats
    n_risk: Integers | Floats
    estimate: Floats
    std_err: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """
    Curves of all groups and causes, sorted by group, then cause; scale and level of their limits.

    `warnings` are texts that a reader must see with the numbers.
    """

    curves: tuple[IncidenceCurve, ...]
    conf_type: ConfType
    conf_level: float
    warnings: tuple[str, ...] = ()

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
    group: object = None,
    conf_type: ConfType = "log",
    conf_level: float = 0.95,
    variance: Variance = "aalen",
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    id: ArrayLike | None = None,
) -> CumulativeIncidence:
    """
    Estimate the probability of each cause over time when the causes compete.

    Parameters
    ----------
    time : array of shape (n,)
        Time of the first event or of censoring, 0 or more, any unit; ties as in `kaplan_meier`.
    event : array of shape (n,)
        0 censored, 1, 2 ... causes. Every cause met gets a curve in every group.
    group : array of shape (n,), or dict or table of several, optional
        Text, numbers or booleans; curves for each level, or each combination of levels.
    conf_type : log, log-log or plain
        Scale of the limits.
    conf_level : float
        Coverage of the limits.
    variance : aalen or jackknife
        aalen is equal to R cmprsk 2.2.11 `cuminc`, with Greenwood's form for cause 0. jackknife is the
        infinitesimal jackknife of R survival 3.5.3 `survfit`, for all causes and cause 0.
    entry : array of shape (n,), optional
        Start of observation (delayed entry, or start-stop rows); at risk after it. Before `time`.
    weights : array of shape (n,), optional
        Case weights, 0 or more; a weight of 0 counts as absent.
    id : array of shape (n,), optional
        Patient of each row, where a patient has several rows. The jackknife leaves out patients, not rows.

    Raises
    ------
    UnsoundAnalysis
        When nobody is in it, a value is missing, a time, weight or event code is negative, an entry is not
        before its exit, or rows of one patient overlap.
    UsageError
        When shapes, `conf_type`, `conf_level` or `variance` are wrong.

    References
    ----------
    Aalen, Ann Stat 1978;6:534. Aalen and Johansen, Scand J Stat 1978;5:141.
    """
    check_conf_type(conf_type)
    if variance not in get_args(Variance):
        raise UsageError("The form of the variance is unknown.", "Choose another.", "aalen, jackknife")
    sample = follow_up(time, event, causes=True, entry=entry, weights=weights)
    by = strata(group, len(sample.day), "group")
    causes = tuple(int(cause) for cause in np.flatnonzero(np.bincount(sample.event)) if cause > 0)
    if id is not None and variance == "jackknife" and has_several_rows(id, len(sample.day)):
        found = state_curves(time, event, entry, weights, id, by.code, causes)
        return _of_states(found, by.labels, causes, conf_type, conf_level)
    curves: list[IncidenceCurve] = []
    for label, part, _ in by_group(sample, by):
        curves += _of_group(label, part, causes, variance, conf_type, conf_level)
    return CumulativeIncidence(tuple(curves), conf_type, conf_level)


def cumulative_incidence_from_counts(
    table: Counts | Any, conf_type: ConfType = "log", conf_level: float = 0.95
) -> CumulativeIncidence:
    """
    Estimate as `cumulative_incidence` from counts, which a query or another site hands over instead of rows.

    Parameters
    ----------
    table : Counts, dict of arrays, Arrow or pandas table, or a list of such
        Columns group (optional), time, cause, count, as in `counts.counts`.
    conf_type : log, log-log or plain
    conf_level : float

    Returns
    -------
    CumulativeIncidence
        With Aalen's variance; the same numbers as from the rows.

    Raises
    ------
    UsageError, UnsoundAnalysis
        As `counts.counts` and `cumulative_incidence`.
    """
    check_conf_type(conf_type)
    found = table if isinstance(table, Counts) else counts(table)
    causes = found.causes if found.ended[:, :, 1:].any() else ()
    curves: list[IncidenceCurve] = []
    for code, label in enumerate(found.labels):
        curves += _curves(label, found.risk_sets(code), causes, conf_type, conf_level)
    return CumulativeIncidence(tuple(curves), conf_type, conf_level)


def _of_group(
    label: str | None,
    sample: FollowUp,
    causes: Sequence[int],
    variance: Variance,
    conf_type: ConfType,
    conf_level: float,
) -> list[IncidenceCurve]:
    sets = risk_sets(sample, causes or (1,))
    errors = incidence_jackknife(sample, sets, causes) if variance == "jackknife" else None
    return _curves(label, sets, causes, conf_type, conf_level, errors)


def _curves(
    label: str | None,
    sets: RiskSets,
    causes: Sequence[int],
    conf_type: ConfType,
    conf_level: float,
    errors: Sequence[Floats] | None = None,
) -> list[IncidenceCurve]:
    """Return the curves of cause 0 and of each cause, with `errors` in that order, or Aalen's."""
    n_risk, died = sets.n_risk, sets.n_event
    survival = np.asarray(np.cumprod((n_risk - died) / n_risk), dtype=np.float64)
    estimates: list[tuple[int, Floats, Floats]] = [
        (WITHOUT_EVENT, survival, np.asarray(survival * np.sqrt(greenwood(n_risk, died))))
    ]
    # Without any event there is no cause, though the risk sets have a row of zeros.
    for cause, of_cause in zip(causes, sets.by_cause[: len(causes)], strict=True):
        estimates.append((cause, *_incidence(n_risk, died, of_cause, survival)))
    return [
        _curve(label, cause, sets.time, n_risk, value, error if errors is None else errors[place],
               conf_type, conf_level)
        for place, (cause, value, error) in enumerate(estimates)
    ]  # fmt: skip


def _curve(
    label: str | None,
    cause: int,
    time: Floats,
    n_risk: Integers | Floats,
    value: Floats,
    error: Floats,
    conf_type: ConfType,
    conf_level: float,
) -> IncidenceCurve:
    lower, upper = probability_limits(value, error, conf_type, conf_level)
    return IncidenceCurve(label, cause, time, n_risk, value, error, lower, upper)


def _of_states(
    found: Sequence[StateCurves],
    labels: Sequence[str | None],
    causes: Sequence[int],
    conf_type: ConfType,
    conf_level: float,
) -> CumulativeIncidence:
    curves = [
        _curve(labels[group.code], cause, group.time, group.n_risk, value, error, conf_type, conf_level)
        for group in found
        for cause, value, error in zip(
            (WITHOUT_EVENT, *causes), group.probability, group.std_err, strict=True
        )
    ]
    warnings = (_GOES_ON,) if any(group.goes_on for group in found) else ()
    return CumulativeIncidence(tuple(curves), conf_type, conf_level, warnings)


def _incidence(
    n_risk: Integers | Floats, died: Integers | Floats, of_cause: Integers | Floats, survival: Floats
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


def _without_replacement(n_risk: Integers | Floats, events: Integers | Floats) -> Floats:
    """Return the correction of the hypergeometric variance for d events at one time: 1 - (d - 1)/(n - 1)."""
    correction: Floats = 1.0 - np.maximum(events - 1, 0) / np.maximum(n_risk - 1, 1)
    return correction


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
