"""Survival of those who have already lived for some time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis
from harmony.statistics.kaplan_meier import SurvivalCurve, survival_curve
from harmony.statistics.limits import ConfType, check_conf_type
from harmony.statistics.risk_sets import RiskSets, by_group, risk_sets
from harmony.statistics.samples import TIE, Floats, follow_up, strata
from harmony.statistics.steps import asked_times, before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class ConditionalSurvival:
    """
    Survival given that a patient lived up to each given time; entries of one length m.

    Attributes
    ----------
    group : tuple of str or None
        Label; None when no groups were given.
    given, further : float arrays of shape (m,)
        Time already lived, and time from there on.
    n_risk : float array of shape (m,)
        Patients under observation at the first time of exit after `given`.
    survival, std_err, lower, upper : float arrays of shape (m,)
        S(given + further) / S(given), its Greenwood error and limits; NaN as in `kaplan_meier`.
    conf_type, conf_level
        Scale and coverage of the limits.
    """

    group: tuple[str | None, ...]
    given: Floats
    further: Floats
    n_risk: Floats
    survival: Floats
    std_err: Floats
    lower: Floats
    upper: Floats
    conf_type: ConfType
    conf_level: float

    def table(self) -> pa.Table:
        """Return one row per group, given and further time: the attributes but the last two as columns."""
        import pyarrow as pa

        names = ("given", "further", "n_risk", "survival", "std_err", "lower", "upper")
        return pa.table(
            {"group": pa.array(self.group, pa.string())}
            | {name: pa.array(getattr(self, name), from_pandas=True) for name in names}
        )


def conditional_survival(
    time: ArrayLike,
    event: ArrayLike,
    given: ArrayLike,
    further: ArrayLike,
    group: object = None,
    conf_type: ConfType = "log",
    conf_level: float = 0.95,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> ConditionalSurvival:
    """
    Estimate the probability to live `further` on, for those who have lived up to `given`.

    It is the Kaplan-Meier curve of the events after `given`, so that it uses those under observation then.

    Parameters
    ----------
    time, event, group, entry, weights
        As in `kaplan_meier`.
    given : float or array
        Time already lived, 0 or more; an event at this time lies before it.
    further : float or array
        Time from there on, 0 or more.
    conf_type, conf_level
        Scale and coverage of the limits.

    Raises
    ------
    UnsoundAnalysis
        When nobody of a group is under observation after a given time; and as `kaplan_meier`.
    UsageError
        When a given or further time is negative; and as `kaplan_meier`.

    Notes
    -----
    One patient alone is a result as long as his follow-up ends after `given`.

    References
    ----------
    Hieke et al., Clin Cancer Res 2015;21:1530.
    """
    check_conf_type(conf_type)
    lived, ahead = asked_times(given), asked_times(further)
    sample = follow_up(time, event, entry=entry, weights=weights)
    by = strata(group, len(sample.day), "group")
    found = [
        (label, start, survival_curve(label, _after(sets, start), conf_type, conf_level))
        for label, part, _ in by_group(sample, by)
        for sets in [risk_sets(part)]
        for start in lived.tolist()
    ]
    read = [_read(curve, start, ahead) for _, start, curve in found]
    n_risk, survival, std_err, lower, upper = (np.concatenate(column) for column in zip(*read, strict=True))
    labels = tuple(label for label, _, _ in found for _ in ahead)
    starts = np.array([start for _, start, _ in found for _ in ahead])
    return ConditionalSurvival(
        labels,
        starts,
        np.tile(ahead, len(found)),
        n_risk,
        survival,
        std_err,
        lower,
        upper,
        conf_type,
        conf_level,
    )


def _after(sets: RiskSets, start: float) -> RiskSets:
    later = sets.time > start * (1.0 + TIE)
    if not later.any():
        raise UnsoundAnalysis(
            "Nobody of a group is under observation after the given time.",
            "Give an earlier time.",
            "given < longest follow-up",
        )
    return RiskSets(
        sets.time[later], sets.n_risk[later], sets.by_cause[:, later], sets.n_censor[later], sets.records
    )


def _read(curve: SurvivalCurve, start: float, ahead: Floats) -> tuple[Floats, ...]:
    index = step_index(curve.time, start + ahead)
    return (
        np.full(len(ahead), float(curve.n_risk[0])),
        before_first(curve.survival, index, 1.0),
        before_first(curve.std_err, index, 0.0),
        before_first(curve.lower, index, 1.0),
        before_first(curve.upper, index, 1.0),
    )
