"""Mean covariates of the risk sets at each step, and what each row lived through of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harmony.statistics.design_matrix import DesignMatrix
from harmony.statistics.partial_likelihood import Hazards, hazards, risk_sums
from harmony.statistics.risk_cells import RiskCells
from harmony.statistics.samples import Floats

Tables = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class StepMeans:
    """
    Risk-set means at given coefficients.

    Attributes
    ----------
    here : Hazards
    rates : float array of shape (s,)
        Jump of the baseline hazard at each step.
    means : float array of shape (p, s)
        Mean of each centred term over the risk set of each step, weighted by hazards.
    rate_tables, mean_tables : for `RiskCells.read`
        What a row lives through of `rates`, and of `rates` times `means`.
    """

    here: Hazards
    rates: Floats
    means: Floats
    rate_tables: Tables
    mean_tables: Tables


def step_means(design: DesignMatrix, cells: RiskCells, coef: Floats) -> StepMeans:
    """Return the risk sets' means at `coef`; parameters as in `partial_likelihood.evaluate`."""
    here = hazards(design, cells, coef)
    rates = cells.step_weight / here.denominator
    means = over_steps(cells, *risk_sums(design, cells, here.weighted)) / here.denominator
    rate_of_mean, taken = per_cell(cells, means * rates), None
    if cells.paired:
        taken = per_cell(cells, means * (rates * cells.step_share))
    return StepMeans(here, rates, means, cells.tables(*cells.rates(rates)), cells.tables(rate_of_mean, taken))


def over_steps(cells: RiskCells, risk: Floats, dead: Floats | None) -> Floats:
    """Return sums over the risk set of each step, along the last axis: its share of the dead is taken out."""
    at_risk: Floats = risk[..., cells.step_cell]
    return at_risk if dead is None else at_risk - cells.step_share * dead[..., cells.step_cell]


def per_cell(cells: RiskCells, per_step: Floats) -> Floats:
    """Return sums per cell of several values per step, shape (p, c)."""
    return np.array([cells.per_cell(row) for row in per_step])
