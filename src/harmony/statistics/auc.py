"""Time-dependent area under the ROC curve: does a score tell who has the event by a given time?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.censoring import CensoringWeights, Weighted, horizons
from harmony.statistics.comparable_pairs import SCORE_TIE
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.samples import Floats, Integers, follow_up, tied
from harmony.statistics.steps import before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Auc:
    """
    Areas at t horizons.

    Attributes
    ----------
    time : float array of shape (t,)
    cases, controls : int arrays of shape (t,)
        Patients with the event up to the horizon, and still under observation after it.
    auc : float array of shape (t,)
        Chance that a case has a higher score than a control: 0.5 by chance, 1 perfect.
    integrated : float
        Mean over the horizons, each weighted with the fall of the Kaplan-Meier curve since the one before.
    """

    time: Floats
    cases: Integers
    controls: Integers
    auc: Floats
    integrated: float

    def table(self) -> pa.Table:
        """Return one row per horizon: time, cases, controls, auc."""
        import pyarrow as pa

        return pa.table(
            {name: pa.array(getattr(self, name)) for name in ("time", "cases", "controls", "auc")}
        )


def auc(
    time: ArrayLike,
    event: ArrayLike,
    score: ArrayLike,
    times: ArrayLike,
    train: tuple[ArrayLike, ArrayLike] | None = None,
) -> Auc:
    """
    Return the cumulative/dynamic AUC: cases up to the horizon against those still without event after it.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `kaplan_meier`.
    score : array of shape (n,), or (n, t) when it changes with the horizon
        Higher score means an earlier event.
    times : array of shape (t,)
        Horizons, ascending, above 0 and before the longest follow-up.
    train : pair of arrays (time, event), optional
        Patients from whom the censoring is estimated; by default the patients themselves.

    Raises
    ------
    UsageError
        When shapes do not fit, a score is no number or the horizons do not ascend.
    UnsoundAnalysis
        When nobody had the event up to a horizon or nobody is under observation after it (one patient alone:
        always), or everybody of `train` was censored before; and as `kaplan_meier`.

    References
    ----------
    Uno et al., J Am Stat Assoc 2007;102:527; Hung and Chiang, Can J Stat 2010;38:8. Integrated as Lambert and
    Chevret, Stat Methods Med Res 2016;25:2088.
    """
    sample, asked = follow_up(time, event), horizons(times)
    ranks = _ranks(score, len(sample.day), len(asked))
    weights = CensoringWeights(sample, train)
    areas, cases, controls = np.empty(len(asked)), [], []
    for place, horizon in enumerate(asked.tolist()):
        weighted = weights.at(horizon)
        cases.append(np.count_nonzero(weighted.case))
        controls.append(np.count_nonzero(weighted.control))
        if cases[-1] == 0:
            raise UnsoundAnalysis(
                f"Nobody had the event up to time {horizon:g}.", "Choose a later first horizon."
            )
        areas[place] = _area(ranks[place % len(ranks)], weighted)
    curve = kaplan_meier(time, event).curves[0]
    survival = before_first(curve.survival, step_index(curve.time, asked), 1.0)
    fall = -np.diff(survival, prepend=1.0)
    integrated = float(areas @ fall / fall.sum())
    return Auc(asked, np.array(cases), np.array(controls), areas, integrated)


def _ranks(score: ArrayLike, n: int, t: int) -> list[Integers]:
    """Return the rank of each patient's score, ties alike: one array for all horizons, or one for each."""
    try:
        given = np.asarray(score, dtype=np.float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.shape not in ((n,), (n, t)):
        raise UsageError(
            "The score has another shape than patients, or patients by horizons.",
            "Give one value per patient, or one column per horizon.",
        )
    if not np.isfinite(given).all():
        raise UsageError("A score is missing or infinite.", "Leave out these patients, and report how many.")
    columns = [given] if given.ndim == 1 else list(given.T)
    return [tied(column, lambda sorted_: SCORE_TIE * float(np.abs(sorted_).max()))[1] for column in columns]


def _area(rank: Integers, weighted: Weighted) -> float:
    """Return the weighted share of (case, control) pairs in which the case ranks higher; ties count half."""
    case = np.bincount(rank, weighted.case)
    control = np.bincount(rank, weighted.control)
    below = np.cumsum(control) - control
    return float(case @ (below + control / 2.0) / (case.sum() * control.sum()))
