"""Nelson-Aalen estimator of the cumulative hazard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.statistics.counts import Counts, counts, single_event
from harmony.statistics.distributions import limit_width
from harmony.statistics.influence import influence_variance, wants_robust
from harmony.statistics.limits import ConfType, check_conf_type
from harmony.statistics.risk_sets import RiskSets, by_group, own_times, risk_sets
from harmony.statistics.samples import Floats, FollowUp, Integers, follow_up, strata
from harmony.statistics.steps import asked_times, at_risk, before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class HazardCurve:
    """
    Cumulative hazard of one group; arrays have shape (k,), one entry per distinct time of the group.

    Attributes
    ----------
    group : str or None
        Label; None when no groups were given.
    time : float array
        Event and censoring times, ascending.
    n_risk, n_event : int arrays, float arrays with weights
        Patients under observation just before the time, and with the event at it.
    cumulative_hazard, std_err, lower, upper : float arrays
        H(t), its standard error and limits; limits are NaN where they do not exist (log of H = 0).
    """

    group: str | None
    time: Floats
    n_risk: Integers | Floats
    n_event: Integers | Floats
    cumulative_hazard: Floats
    std_err: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class NelsonAalen:
    """Curves of all groups, sorted by group, with the scale and level of their limits."""

    curves: tuple[HazardCurve, ...]
    conf_type: ConfType
    conf_level: float

    def table(self) -> pa.Table:
        """Return every step: group, time, n_risk, n_event, cumulative_hazard, std_err, lower, upper."""
        import pyarrow as pa

        return pa.concat_tables([_as_table(curve) for curve in self.curves])

    def at(self, times: ArrayLike) -> pa.Table:
        """
        Read the curves at given times: group, time, n_risk, cumulative_hazard, std_err, lower, upper.

        Parameters
        ----------
        times : array of shape (m,)
            0 or more. Events at the time count; after the last time the last value is carried and
            `n_risk` is 0. Before the first time the hazard and its limits are 0.
        """
        import pyarrow as pa

        asked = asked_times(times)
        return pa.concat_tables([_read(curve, asked) for curve in self.curves])


def nelson_aalen(
    time: ArrayLike,
    event: ArrayLike,
    group: object = None,
    conf_type: ConfType = "log",
    conf_level: float = 0.95,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    robust: bool | None = None,
) -> NelsonAalen:
    """
    Estimate the cumulative hazard H(t), the sum of events / at risk, with variance sum of d / n^2.

    Parameters
    ----------
    time, event, group, entry, weights, cluster, robust
        As in `kaplan_meier`.
    conf_type : log, log-log or plain
        Scale on which H is taken as normal: its logarithm (log; log-log of survival exp(-H) is the
        same), or H itself (plain, not below 0).
    conf_level : float
        Coverage of the limits.

    Raises
    ------
    UnsoundAnalysis, UsageError
        As `kaplan_meier`.

    References
    ----------
    Nelson, J Qual Technol 1969;1:27. Aalen, Ann Stat 1978;6:701. Error as `std.chaz` of R's `survfit`.
    """
    check_conf_type(conf_type)
    sample = follow_up(time, event, entry=entry, weights=weights)
    by = strata(group, len(sample.day), "group")
    units = None if cluster is None else strata(cluster, len(sample.day), "cluster").code
    jackknife = wants_robust(robust, sample.weight, units is not None)
    curves = tuple(
        _curve(label, risk_sets(part), _jackknife(part, unit) if jackknife else None, conf_type, conf_level)
        for label, part, unit in by_group(sample, by, units)
    )
    return NelsonAalen(curves, conf_type, conf_level)


def nelson_aalen_from_counts(
    table: Counts | Any, conf_type: ConfType = "log", conf_level: float = 0.95
) -> NelsonAalen:
    """
    Estimate the cumulative hazard from counts; the same numbers as from the rows they count.

    Parameters
    ----------
    table : Counts, dict of arrays, Arrow or pandas table, or a list of such
        As in `counts`; strata are added up.
    conf_type, conf_level
        As in `nelson_aalen`.

    Raises
    ------
    UnsoundAnalysis, UsageError
        As in `counts`; and when there is more than one cause.
    """
    check_conf_type(conf_type)
    found = single_event(table if isinstance(table, Counts) else counts(table))
    curves = tuple(
        _curve(label, found.risk_sets(code), None, conf_type, conf_level)
        for code, label in enumerate(found.labels)
    )
    return NelsonAalen(curves, conf_type, conf_level)


def _curve(
    label: str | None, sets: RiskSets, variance: Floats | None, conf_type: ConfType, conf_level: float
) -> HazardCurve:
    n_risk, died = sets.n_risk, sets.n_event
    hazard = np.cumsum(died / n_risk, dtype=np.float64)
    squared = np.asarray(n_risk, dtype=np.float64) ** 2
    std_err = np.sqrt(np.cumsum(died / squared, dtype=np.float64) if variance is None else variance)
    lower, upper = _limits(hazard, std_err, conf_type, conf_level)
    return HazardCurve(label, sets.time, n_risk, died, hazard, std_err, lower, upper)


def _limits(hazard: Floats, std_err: Floats, conf_type: ConfType, conf_level: float) -> tuple[Floats, Floats]:
    z = limit_width(conf_level)
    if conf_type == "plain":
        return np.maximum(hazard - z * std_err, 0.0), hazard + z * std_err
    some = hazard > 0.0
    width = z * std_err / np.where(some, hazard, 1.0)
    lower = np.where(some, hazard * np.exp(-width), np.nan)
    return lower, np.where(some, hazard * np.exp(width), np.nan)


def _jackknife(sample: FollowUp, cluster: Integers | None) -> Floats:
    sample = own_times(sample)
    sets = risk_sets(sample)
    jump = 1.0 / sets.n_risk
    return influence_variance(sample, jump, sets.n_event * jump**2, cluster)


def _as_table(curve: HazardCurve) -> pa.Table:
    import pyarrow as pa

    names = ("time", "n_risk", "n_event", "cumulative_hazard", "std_err", "lower", "upper")
    return pa.table(
        {"group": pa.array([curve.group] * len(curve.time), pa.string())}
        | {n: pa.array(getattr(curve, n), from_pandas=True) for n in names}
    )


def _read(curve: HazardCurve, asked: Floats) -> pa.Table:
    import pyarrow as pa

    index = step_index(curve.time, asked)
    names = ("cumulative_hazard", "std_err", "lower", "upper")
    return pa.table(
        {
            "group": pa.array([curve.group] * len(asked), pa.string()),
            "time": pa.array(asked),
            "n_risk": pa.array(at_risk(curve.time, curve.n_risk, asked)),
        }
        | {n: pa.array(before_first(getattr(curve, n), index, 0.0), from_pandas=True) for n in names}
    )
