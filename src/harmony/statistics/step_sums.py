"""Sums over the steps in which tied dead leave their risk set, without an array as long as the events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harmony.statistics.risk_cells import RiskCells
from harmony.statistics.samples import Floats

#: Hazards at risk are never 0 in exact arithmetic; a predictor hundreds below the largest may underflow, and
#: this floor makes such a trial step look bad, so that it is halved.
LEAST_HAZARD = 1e-300

#: Steps looked at together.
BLOCK = 8192


@dataclass(frozen=True, eq=False)
class StepSums:
    """
    Sums per cell over its steps; w is the weight of a step, v its hazard at risk, f its share taken out.

    Attributes
    ----------
    log_sum : float
        Sum of w log v over all steps.
    rate, squared : float arrays of shape (c,)
        Sums of w / v and w / v^2.
    taken, once, twice : float arrays of shape (c,), or None where no ties are shared
        Sums of f w / v, f w / v^2 and f^2 w / v^2.
    """

    log_sum: float
    rate: Floats
    squared: Floats
    taken: Floats | None = None
    once: Floats | None = None
    twice: Floats | None = None


def step_sums(
    cells: RiskCells, at_risk: Floats, dying: Floats | None, multiplier: Floats | None = None
) -> StepSums:
    """
    Return the sums over the steps of every cell.

    Parameters
    ----------
    cells : RiskCells
    at_risk, dying : float arrays of shape (c,)
        Weighted hazards at risk and of those who die; dying is None where no ties are shared.
    multiplier : float array of shape (c,), optional
        Multiplies the weight of the steps of each cell.
    """
    if dying is None:
        weight = cells.step_weight if multiplier is None else cells.step_weight * multiplier
        hazard = np.maximum(at_risk, LEAST_HAZARD)
        rate = weight / hazard
        return StepSums(float(weight @ np.log(hazard)), rate, rate / hazard)
    log_sum, sums = 0.0, np.zeros((5, cells.c))
    for start in range(0, len(cells.step_cell), BLOCK):
        part = slice(start, start + BLOCK)
        cell, share, weight = cells.step_cell[part], cells.step_share[part], cells.step_weight[part]
        if multiplier is not None:
            weight = weight * multiplier[cell]
        hazard = np.maximum(at_risk[cell] - share * dying[cell], LEAST_HAZARD)
        log_sum += float(weight @ np.log(hazard))
        rate = weight / hazard
        squared = rate / hazard
        once = share * squared
        first, last = int(cell[0]), int(cell[-1]) + 1
        for total, value in zip(sums, (rate, squared, share * rate, once, share * once), strict=True):
            total[first:last] += np.bincount(cell - first, value, last - first)
    return StepSums(log_sum, *sums)
