"""Kaplan-Meier estimator of the survival function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.counts import Counts, counts, single_event
from harmony.statistics.influence import influence_variance, wants_robust
from harmony.statistics.limits import ConfType, check_conf_type, probability_limits
from harmony.statistics.risk_sets import RiskSets, by_group, own_times, risk_sets
from harmony.statistics.samples import Floats, FollowUp, Integers, follow_up, numbers, strata
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
    n_risk, n_event, n_censor : int arrays, float arrays with weights
        Patients under observation just before the time, with the event, and censored at it.
    survival, std_err, lower, upper : float arrays
        S(t), its standard error, limits. NaN where R has none: Greenwood's error at S = 0.
    records : int
        Rows of the group; of weight 0 none.
    """

    group: str | None
    time: Floats
    n_risk: Integers | Floats
    n_event: Integers | Floats
    n_censor: Integers | Floats
    survival: Floats
    std_err: Floats
    lower: Floats
    upper: Floats
    records: int


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """Curves of all groups, sorted by group, with the scale and level of their limits."""

    curves: tuple[SurvivalCurve, ...]
    conf_type: ConfType
    conf_level: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know: curves that reached 0 before others entered."""
        early = [curve.group for curve in self.curves if (curve.survival[:-1] == 0.0).any()]
        return tuple(
            f"{'Survival' if label is None else f'Survival of group {label}'} is 0 once all who were at "
            "risk had the event, although others enter later; start the curve after that gap "
            "(conditional_survival)."
            for label in early
        )

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
            (c.group, *row)
            for c in self.curves
            for row in zip(
                shares.tolist(),
                *(_crossings(c.time, curve, shares) for curve in (c.survival, c.lower, c.upper)),
                strict=True,
            )
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
        """Return one row per group: group, records, events (weighted), median (null when not reached)."""
        import pyarrow as pa

        medians = [_crossings(c.time, c.survival, np.array([0.5]))[0] for c in self.curves]
        return pa.table(
            {
                "group": pa.array([c.group for c in self.curves], pa.string()),
                "records": pa.array([c.records for c in self.curves], pa.int64()),
                "events": pa.array([c.n_event.sum() for c in self.curves]),
                "median": pa.array(medians, pa.float64()),
            }
        )


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    group: object = None,
    conf_type: ConfType = "log",
    conf_level: float = 0.95,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    robust: bool | None = None,
) -> KaplanMeier:
    """
    Estimate survival by the product-limit method.

    Parameters
    ----------
    time : array of shape (n,)
        Follow-up time, 0 or more, any unit; times equal up to 1e-9 of the mean time are tied.
    event : array of shape (n,)
        1 or True event, 0 or False censored. At a tied time events come before censoring.
    group : array of shape (n,), or dict or table of several, optional
        Text, numbers or booleans; one curve for each level, or each combination of levels.
    conf_type : log, log-log or plain
        Scale of the limits; R's default is log.
    conf_level : float
        Coverage of the limits.
    entry : array of shape (n,), optional
        Delayed entry (left truncation), 0 or more and before `time`; at risk after it. Where everybody
        at risk has the event, survival is 0 and stays so, although others enter later, as in R.
    weights : array of shape (n,), optional
        Case weights, 0 or more; rows of weight 0 are absent. Counts are then sums of weights.
    cluster : array of shape (n,), optional
        Rows of one level (patient, centre) belong together: robust standard error.
    robust : bool, optional
        Whether the standard error is the infinitesimal jackknife instead of Greenwood's. By default, as
        in R, with `cluster` and with weights that are not whole numbers.

    Raises
    ------
    UnsoundAnalysis
        When nobody is in it, a value is missing, a time negative, an entry not before its exit, or the
        event has several causes.
    UsageError
        When shapes, `conf_type` or `conf_level` are wrong, or `cluster` is given with `robust=False`.

    Notes
    -----
    One patient alone is a result: survival 1 when censored, 0 after the event.

    References
    ----------
    Kaplan and Meier, J Am Stat Assoc 1958;53:457. Limits as in R survival 3.5.3 `survfit`.
    """
    check_conf_type(conf_type)
    sample = follow_up(time, event, entry=entry, weights=weights)
    by = strata(group, len(sample.day), "group")
    units = None if cluster is None else strata(cluster, len(sample.day), "cluster").code
    jackknife = wants_robust(robust, sample.weight, units is not None)
    curves = tuple(
        survival_curve(
            label, risk_sets(part), conf_type, conf_level, _jackknife(part, unit) if jackknife else None
        )
        for label, part, unit in by_group(sample, by, units)
    )
    return KaplanMeier(curves, conf_type, conf_level)


def kaplan_meier_from_counts(
    table: Counts | Any, conf_type: ConfType = "log", conf_level: float = 0.95
) -> KaplanMeier:
    """
    Estimate survival from counts per group and time; the same numbers as from the rows they count.

    Parameters
    ----------
    table : Counts, dict of arrays, Arrow or pandas table, or a list of such
        As in `counts`; strata are added up.
    conf_type, conf_level
        As in `kaplan_meier`.

    Raises
    ------
    UnsoundAnalysis, UsageError
        As in `counts`; and when there is more than one cause.
    """
    check_conf_type(conf_type)
    found = single_event(table if isinstance(table, Counts) else counts(table))
    curves = tuple(
        survival_curve(label, found.risk_sets(code), conf_type, conf_level)
        for code, label in enumerate(found.labels)
    )
    return KaplanMeier(curves, conf_type, conf_level)


def survival_curve(
    label: str | None,
    sets: RiskSets,
    conf_type: ConfType,
    conf_level: float,
    variance: Floats | None = None,
) -> SurvivalCurve:
    """
    Return the curve of one group from its risk sets.

    Parameters
    ----------
    label : str or None
        Name of the group.
    sets : RiskSets
        On k times; events of any cause are events.
    conf_type, conf_level
        Scale and coverage of the limits.
    variance : float array of shape (k,), optional
        Variance of log S; Greenwood's by default.
    """
    n_risk, died = sets.n_risk, sets.n_event
    survival = np.cumprod((n_risk - died) / n_risk, dtype=np.float64)
    std_err = survival * np.sqrt(greenwood(n_risk, died) if variance is None else variance)
    lower, upper = probability_limits(survival, std_err, conf_type, conf_level)
    return SurvivalCurve(
        label, sets.time, n_risk, died, sets.n_censor, survival, std_err, lower, upper, sets.records
    )


def _jackknife(sample: FollowUp, cluster: Integers | None) -> Floats:
    sample = own_times(sample)
    sets = risk_sets(sample)
    left = sets.n_risk - sets.n_event
    # Once survival is 0 it has no influence on it; R gives an error of 0 there.
    with np.errstate(divide="ignore", invalid="ignore"):
        jump = np.where(left > 0.0, 1.0 / left, 0.0)
        drift = np.where(left > 0.0, sets.n_event / (sets.n_risk * left), 0.0)
    return influence_variance(sample, jump, drift, cluster)


def greenwood(n_risk: Integers | Floats, n_event: Integers | Floats) -> Floats:
    """
    Return Greenwood's variance of log S at each time.

    Parameters
    ----------
    n_risk, n_event : int or float arrays of shape (k,)
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


def _crossings(time: Floats, curve: Floats, shares: Floats) -> list[float | None]:
    """
    Return when 1 - `curve` reaches each share: the middle of the stretch that lies exactly on it.

    A limit may turn back where few are at risk; then R's `quantile` takes the time of the next larger of
    all its values, not the first time, and so does this. A survival curve never turns back.
    """
    when, reached = np.append(0.0, time), np.append(0.0, 1.0 - curve)
    values, first = np.unique(reached, return_index=True)
    last = reached[first.max()]
    size = len(values) - int(np.isnan(values[-1]))
    near = np.searchsorted(values[:size] + ON_LEVEL, shares)
    beyond = np.searchsorted(values[:size] - ON_LEVEL, shares)
    found: list[float | None] = []
    for share, one, other in zip(shares.tolist(), near.tolist(), beyond.tolist(), strict=True):
        if one < size and abs(share - last) < ON_LEVEL:
            found.append(float(when[first[one]] + time[-1]) / 2.0)
        else:
            found.append(float(when[first[one]] + when[first[other]]) / 2.0 if other < size else None)
    return found
