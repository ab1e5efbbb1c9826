"""Firth's penalty: half the logarithm of the determinant of the information, and its gradient."""

from __future__ import annotations

import numpy as np

from harmony.statistics.cox_steps import over_steps, step_means
from harmony.statistics.design_matrix import DesignMatrix
from harmony.statistics.partial_likelihood import Evaluation, blocks, evaluate
from harmony.statistics.risk_cells import RiskCells
from harmony.statistics.samples import Floats


def evaluate_firth(design: DesignMatrix, cells: RiskCells, coef: Floats) -> Evaluation:
    """
    Return the penalised log partial likelihood with its gradient, and the information without the penalty.

    Parameters
    ----------
    design, cells, coef
        As in `partial_likelihood.evaluate`.

    References
    ----------
    Firth, Biometrika 1993;80:27. Heinze and Schemper, Biometrics 2001;57:114.
    """
    plain = evaluate(design, cells, coef)
    sign, log_determinant = np.linalg.slogdet(plain.information)
    if sign <= 0.0 or not np.isfinite(log_determinant):
        # A trial step far out; the caller halves it.
        return Evaluation(-np.inf, plain.score, plain.information)
    gradient = _gradient(design, cells, coef, np.asarray(np.linalg.inv(plain.information), dtype=np.float64))
    return Evaluation(plain.loglik + log_determinant / 2.0, plain.score + gradient, plain.information)


def _gradient(design: DesignMatrix, cells: RiskCells, coef: Floats, inverse: Floats) -> Floats:
    """
    Return half the trace of inverse times the derivative of the information by each coefficient.

    Per step that is the third central moment E[(x - m) (x - m)' V (x - m)] of the covariates in the risk
    set. Multiplied out, the terms with x are summed over rows, those with the mean m only over steps.
    """
    steps = step_means(design, cells, coef)
    weighted = steps.here.weighted
    length = np.empty(cells.n)
    by_rows = np.zeros(len(coef))
    for rows, x in blocks(design):
        turned = inverse @ x
        length[rows] = (x * turned).sum(axis=0)
        through = cells.read(steps.rate_tables, rows) * length[rows]
        through -= 2.0 * (turned * cells.read(steps.mean_tables, rows)).sum(axis=0)
        by_rows += x @ (weighted[rows] * through)
    lengths = over_steps(cells, *cells.sums(weighted * length)) / steps.here.denominator
    own = 2.0 * (steps.means * (inverse @ steps.means)).sum(axis=0) - lengths
    found = by_rows + steps.means @ (cells.step_weight * own)
    return np.asarray(found / 2.0, dtype=np.float64)
