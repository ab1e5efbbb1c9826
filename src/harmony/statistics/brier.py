"""Brier score of predicted survival with censored follow-up: how far predictions lie from what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.censoring import CensoringWeights, horizons
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.samples import Floats, follow_up
from harmony.statistics.steps import before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Brier:
    """
    Brier scores at t horizons, and what Kaplan-Meier alone reaches.

    Attributes
    ----------
    time : float array of shape (t,)
    n_risk : int array of shape (t,)
        Patients still under observation after the horizon.
    brier : float array of shape (t,)
        Mean squared difference between predicted survival and being without event: 0 perfect, 0.25 a coin.
    null : float array of shape (t,)
        The same when everybody is predicted the Kaplan-Meier curve.
    ipa : float array of shape (t,)
        Index of prediction accuracy, 1 - brier / null: above 0 better than Kaplan-Meier. NaN where null is 0.
    integrated, integrated_null, integrated_ipa : float
        Mean over time from the first to the last horizon (trapezoids); the value itself for one horizon.
    """

    time: Floats
    n_risk: np.ndarray[tuple[int], np.dtype[np.int64]]
    brier: Floats
    null: Floats
    ipa: Floats
    integrated: float
    integrated_null: float
    integrated_ipa: float

    def table(self) -> pa.Table:
        """Return one row per horizon: time, n_risk, brier, null, ipa."""
        import pyarrow as pa

        names = ("time", "n_risk", "brier", "null", "ipa")
        return pa.table({name: pa.array(getattr(self, name), from_pandas=True) for name in names})


def brier(
    time: ArrayLike,
    event: ArrayLike,
    survival_predictions: ArrayLike,
    times: ArrayLike,
    train: tuple[ArrayLike, ArrayLike] | None = None,
) -> Brier:
    """
    Return the Brier score, weighted by the inverse probability of censoring.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `kaplan_meier`.
    survival_predictions : array of shape (n, t), or (n,) for one horizon
        Predicted probability, 0 to 1, of being without the event at each horizon.
    times : array of shape (t,)
        Horizons, ascending, above 0 and before the longest follow-up.
    train : pair of arrays (time, event), optional
        Patients from whom the censoring and the Kaplan-Meier curve of the null model are estimated, such as
        those the model was fitted to; by default the patients themselves.

    Raises
    ------
    UsageError
        When shapes do not fit, a prediction is no probability or the horizons do not ascend.
    UnsoundAnalysis
        When nobody is under observation after a horizon, or everybody of `train` was censored before; and as
        `kaplan_meier`. One patient alone has no horizon before his own end with an event: refused.

    References
    ----------
    Graf et al., Stat Med 1999;18:2529; weights 1 / G(T-) for events as Gerds and Schumacher, Biom J
    2006;48:1029. Index of prediction accuracy: Kattan and Gerds, Diagn Progn Res 2018;2:7.
    """
    sample, asked = follow_up(time, event), horizons(times)
    n, t = len(sample.day), len(asked)
    predicted = _probabilities(survival_predictions, n, t)
    if n == 1:
        raise UnsoundAnalysis(
            "One patient alone cannot be scored.", "Widen the cohort.", "2 patients or more"
        )
    weights = CensoringWeights(sample, train)
    curve = kaplan_meier(*(train if train is not None else (time, event))).curves[0]
    overall = before_first(curve.survival, step_index(curve.time, asked), 1.0)
    scores, null, left = np.empty(t), np.empty(t), np.empty(t, dtype=np.int64)
    for place, horizon in enumerate(asked.tolist()):
        weighted = weights.at(horizon)
        alive, dead = weighted.control, weighted.case
        scores[place] = (dead @ predicted[:, place] ** 2 + alive @ (1.0 - predicted[:, place]) ** 2) / n
        null[place] = (dead.sum() * overall[place] ** 2 + alive.sum() * (1.0 - overall[place]) ** 2) / n
        left[place] = np.count_nonzero(alive)
    mean, mean_null = _mean_over_time(asked, scores), _mean_over_time(asked, null)
    ipa = 1.0 - np.divide(scores, null, out=np.full(t, np.nan), where=null > 0.0)
    whole = 1.0 - mean / mean_null if mean_null > 0.0 else float("nan")
    return Brier(asked, left, scores, null, ipa, mean, mean_null, whole)


def _probabilities(values: ArrayLike, n: int, t: int) -> Floats:
    try:
        given = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    given = given[:, np.newaxis] if given.ndim == 1 and t == 1 else given
    if given.shape != (n, t):
        raise UsageError(
            "The predictions have another shape than patients by horizons.",
            "Give one row per patient and one column per horizon.",
        )
    if not np.isfinite(given).all() or given.min() < 0.0 or given.max() > 1.0:
        raise UsageError("A prediction is no probability.", "Give survival probabilities.", "0 to 1")
    return given


def _mean_over_time(times: Floats, values: Floats) -> float:
    if len(times) == 1:
        return float(values[0])
    return float(np.trapezoid(values, times) / (times[-1] - times[0]))
