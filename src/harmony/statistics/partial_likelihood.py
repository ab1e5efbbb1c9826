"""
Cox's partial likelihood with its derivatives, without a loop over patients and without a copy of them.

The sum of risk-set matrices over event times is never built. With the sums swapped every row has one weight,
its relative hazard times the baseline hazard lived through, so the score is one matrix-vector product and
the main part of the information one product X diag(q) X'. Only vectors per event time remain. Rows are never
sorted: sums per event time are counted into bins, and covariates are read in blocks with one reused buffer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harmony.statistics.design_matrix import DesignMatrix
from harmony.statistics.risk_cells import RiskCells
from harmony.statistics.samples import Floats
from harmony.statistics.step_sums import LEAST_HAZARD, StepSums, step_sums

#: Rows weighted at a time: one block of 20 covariates stays in the processor's cache.
BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Log partial likelihood, its gradient of shape (p,) and the information of shape (p, p)."""

    loglik: float
    score: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class Hazards:
    """
    Relative hazards at given coefficients, and the baseline hazard per event time that follows.

    Attributes
    ----------
    predictor : float array of shape (n,)
        Coefficients times centred covariates, plus the offset.
    shift : float
        Taken off every predictor before the exponential, so that none overflows.
    weighted : float array of shape (n,)
        Case weight times exp(predictor - shift).
    denominator : float array of shape (s,)
        Weighted hazards at risk at each step, the steps' share of the tied dead taken out.
    """

    predictor: Floats
    shift: float
    weighted: Floats
    denominator: Floats


def hazards(design: DesignMatrix, cells: RiskCells, coef: Floats) -> Hazards:
    """
    Return relative hazards and their sums over the risk sets.

    Parameters
    ----------
    design : DesignMatrix
        Terms of n rows.
    cells : RiskCells
        Their risk sets.
    coef : float array of shape (p,)
        Coefficients on the covariates' own scale.
    """
    work = Workspace(design)
    shift = _relative_hazards(design, cells, coef, work)
    at_risk, dying = cells.sums(work.weighted)
    denominator = at_risk[cells.step_cell]
    if dying is not None:
        denominator -= cells.step_share * dying[cells.step_cell]
    return Hazards(work.predictor, shift, work.weighted, np.maximum(denominator, LEAST_HAZARD))


def linear_predictor(
    design: DesignMatrix, cells: RiskCells, coef: Floats, out: Floats | None = None
) -> Floats:
    """Return coefficients times centred covariates, plus the offset, shape (n,), in `out` if it is given."""
    predictor = np.empty(cells.n) if out is None else out
    for rows, x in blocks(design):
        np.matmul(coef, x, out=predictor[rows])
    if cells.offset is not None:
        predictor += cells.offset
    return predictor


class Workspace:
    """Arrays of one fit that every evaluation uses again: fresh memory costs more than the sums in it."""

    def __init__(self, design: DesignMatrix) -> None:
        self.predictor = np.empty(design.n)
        self.weighted = np.empty(design.n)


def evaluate(
    design: DesignMatrix,
    cells: RiskCells,
    coef: Floats,
    multiplier: Floats | None = None,
    work: Workspace | None = None,
) -> Evaluation:
    """
    Return the partial likelihood with its derivatives at `coef`.

    Parameters
    ----------
    design : DesignMatrix
        Terms of n rows.
    cells : RiskCells
        Their risk sets.
    coef : float array of shape (p,)
        Coefficients on the covariates' own scale; so are the derivatives.
    multiplier : float array of shape (c,), optional
        Counts each event time's part of all three sums that many times, as tests of proportional hazards do.
    work : Workspace, optional
        To be used again.

    References
    ----------
    Cox, J R Stat Soc B 1972;34:187. Efron, J Am Stat Assoc 1977;72:557. Breslow, Biometrics 1974;30:89.
    Case weights as in R survival 3.5.3: every step of a tied event time weighs the mean of those who die.
    """
    work = Workspace(design) if work is None else work
    shift = _relative_hazards(design, cells, coef, work)
    at_risk, dying = cells.sums(work.weighted)
    steps = step_sums(cells, at_risk, dying, multiplier)
    tables = cells.tables(steps.rate, steps.taken)
    deaths = cells.death_weights if multiplier is None else cells.death_weights * multiplier[cells.death_cell]
    p = len(coef)
    loglik, score, product = -steps.log_sum, np.zeros(p), np.zeros((p, p))
    count, buffer = _Counts(p, cells), np.empty((p, min(BLOCK, design.n)))
    for rows, x in blocks(design):
        weight = cells.read(tables, rows)
        weight *= work.weighted[rows]
        product += np.multiply(x, weight, out=buffer[:, : x.shape[1]]) @ x.T
        # What is left of the weights of those who die is their martingale residual.
        died = slice(*np.searchsorted(cells.died, (rows.start, rows.stop)))
        np.negative(weight, out=weight)
        weight[cells.died[died] - rows.start] += deaths[died]
        score += x @ weight
        loglik += float(deaths[died] @ work.predictor[cells.died[died]]) - shift * float(deaths[died].sum())
        if not count.long:
            count.add(rows, slice(None), np.multiply(x, work.weighted[rows], out=x))
    if count.long:
        count.add_by_term(design, work.weighted)
    return Evaluation(loglik, score, product - _squared_means(steps, *count.risk_sums()))


def _relative_hazards(design: DesignMatrix, cells: RiskCells, coef: Floats, work: Workspace) -> float:
    """Write the predictor and the weighted relative hazards into the workspace; return what was taken off."""
    linear_predictor(design, cells, coef, work.predictor)
    shift = float(work.predictor.max())
    np.subtract(work.predictor, shift, out=work.weighted)
    np.exp(work.weighted, out=work.weighted)
    if cells.weight is not None:
        work.weighted *= cells.weight
    return shift


def blocks(design: DesignMatrix) -> Iterator[tuple[slice, Floats]]:
    """Read the centred terms in blocks: the rows, and a buffer of shape (p, rows) that is used again."""
    buffer = np.empty((len(design.columns), min(BLOCK, design.n)))
    for start in range(0, design.n, BLOCK):
        rows = slice(start, min(start + BLOCK, design.n))
        yield rows, design.fill(rows, buffer)


def risk_sums(design: DesignMatrix, cells: RiskCells, weighted: Floats) -> tuple[Floats, Floats | None]:
    """
    Return the hazard-weighted sums of each centred term at every event time.

    Returns
    -------
    two float arrays of shape (p, c)
        Over those at risk, and over those who die then (None where no ties are shared).
    """
    count = _Counts(len(design.columns), cells)
    if count.long:
        count.add_by_term(design, weighted)
    else:
        for rows, x in blocks(design):
            count.add(rows, slice(None), np.multiply(x, weighted[rows], out=x))
    return count.risk_sums()


class _Counts:
    """Sums of covariates per bin, while they are being counted."""

    def __init__(self, p: int, cells: RiskCells) -> None:
        self.cells = cells
        self.slots = np.zeros((p, cells.slots))
        self.entered = None if cells.first is None else np.zeros((p, cells.c + 1))
        # Bins that outgrow the cache are counted once per term instead of once per block.
        self.long = cells.slots > 4 * BLOCK

    def add(self, rows: slice, terms: slice, x: Floats) -> None:
        slot = self.cells.slot[rows]
        for total, row in zip(self.slots[terms], x, strict=True):
            total += np.bincount(slot, row, minlength=len(total))
        if self.entered is not None and self.cells.first is not None:
            first = self.cells.first[rows]
            for total, row in zip(self.entered[terms], x, strict=True):
                total += np.bincount(first, row, minlength=len(total))

    def add_by_term(self, design: DesignMatrix, weighted: Floats) -> None:
        buffer, rows = np.empty((1, design.n)), slice(0, design.n)
        for term in range(len(design.columns)):
            terms = slice(term, term + 1)
            x = design.fill(rows, buffer, terms)
            x *= weighted
            self.add(rows, terms, x)

    def risk_sums(self) -> tuple[Floats, Floats | None]:
        return self.cells.from_slots(self.slots, self.entered)


def _squared_means(steps: StepSums, risk: Floats, dead: Floats | None) -> Floats:
    """Return the sum over steps of the outer product of the risk set's mean covariates."""
    total: Floats = (risk * steps.squared) @ risk.T
    if dead is None or steps.once is None or steps.twice is None:
        return total
    cross = (risk * steps.once) @ dead.T
    return total - cross - cross.T + (dead * steps.twice) @ dead.T
