"""How long patients were followed: the reverse Kaplan-Meier estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis
from harmony.statistics.kaplan_meier import KaplanMeier, survival_curve
from harmony.statistics.limits import ConfType, check_conf_type
from harmony.statistics.risk_sets import RiskSets, by_group, risk_sets
from harmony.statistics.samples import follow_up, strata

if TYPE_CHECKING:
    import pyarrow as pa

#: Sums of weights that differ by less than this share of those at risk are equal.
EXACT = 1e-12


@dataclass(frozen=True, eq=False)
class Followup:
    """
    Length of follow-up, had nobody had the event.

    Attributes
    ----------
    curves : KaplanMeier
        Share not yet censored, per group: its `n_event` are the censored and its `n_censor` the events;
        `table`, `at` and `quantiles` are read as of any Kaplan-Meier curve.
    """

    curves: KaplanMeier

    def table(self) -> pa.Table:
        """Return one row per group: group, records, censored, median, lower, upper (null: not reached)."""
        import pyarrow as pa

        median = self.curves.quantiles([0.5])
        return pa.table(
            {
                "group": median["group"],
                "records": pa.array([curve.records for curve in self.curves.curves], pa.int64()),
                "censored": pa.array([curve.n_event.sum() for curve in self.curves.curves]),
                "median": median["time"],
                "lower": median["lower"],
                "upper": median["upper"],
            }
        )


def followup(
    time: ArrayLike,
    event: ArrayLike,
    group: object = None,
    conf_type: ConfType = "log",
    conf_level: float = 0.95,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Followup:
    """
    Estimate the length of follow-up with the roles of event and censoring exchanged.

    Deaths come before censoring at a tied time, so that who dies at a time is no longer at risk of being
    censored at it. Simply exchanging the codes (`Surv(time, 1 - event)` in R) counts him as at risk.

    Parameters
    ----------
    time, event, group, entry, weights
        As in `kaplan_meier`, with the event as it is (1 event, 0 censored).
    conf_type, conf_level
        Scale and coverage of the limits, also of the median's.

    Raises
    ------
    UnsoundAnalysis
        When all patients of a group had the event, so that nobody's follow-up was cut; and as `kaplan_meier`.
    UsageError
        As `kaplan_meier`.

    Notes
    -----
    One patient alone is a result when censored and refused when not.

    References
    ----------
    Schemper and Smith, Control Clin Trials 1996;17:343.
    """
    check_conf_type(conf_type)
    sample = follow_up(time, event, entry=entry, weights=weights)
    by = strata(group, len(sample.day), "group")
    curves = tuple(
        survival_curve(label, _reversed(risk_sets(part)), conf_type, conf_level)
        for label, part, _ in by_group(sample, by)
    )
    return Followup(KaplanMeier(curves, conf_type, conf_level))


def _reversed(sets: RiskSets) -> RiskSets:
    n_risk = np.subtract(sets.n_risk, sets.n_event)
    # Sums of weights are not exact: where all who are left are censored, the curve must become 0.
    last = np.abs(n_risk - sets.n_censor) <= EXACT * sets.n_risk
    n_risk = np.where(last, sets.n_censor, n_risk)
    # Where all at risk die nobody is left who could be censored.
    some = n_risk > 0
    if not some.any():
        raise UnsoundAnalysis(
            "Everybody of a group had the event, so that its follow-up was never cut short.",
            "Report the longest time instead of a median follow-up.",
        )
    return RiskSets(
        sets.time[some], n_risk[some], sets.n_censor[None, some], sets.n_event[some], sets.records
    )
