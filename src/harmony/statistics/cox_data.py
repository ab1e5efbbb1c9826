"""What a Cox model was fitted to, kept for its residuals, tests of proportional hazards and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.design_matrix import DesignMatrix, design_matrix, named_columns, strata_columns
from harmony.statistics.partial_likelihood import evaluate, hazards, risk_sums
from harmony.statistics.risk_cells import RiskCells, Ties, risk_cells
from harmony.statistics.samples import (
    Flags,
    Floats,
    FollowUp,
    Groups,
    Integers,
    follow_up,
    levels,
    numbers,
    same_length,
)
from harmony.statistics.samples import (
    strata as strata_of,
)


@dataclass(frozen=True, eq=False)
class CoxData:
    """
    Checked rows of a Cox model. Covariates are kept by reference: change the arrays and this changes too.

    Attributes
    ----------
    sample : FollowUp
        Times, events, entries and case weights of n rows; rows of weight 0 are left out already.
    design : DesignMatrix
        Terms: `terms`, `variables` (the covariate of each term), `centre` (p,) (its mean),
        `encode(rows)` for other patients' covariates, `fill` for centred blocks of rows.
    cells : RiskCells
        Risk sets: one cell per event time and stratum; cells ascend by stratum, then time.
        `cell_time` indexes `sample.times`, `cell_stratum` indexes `strata.labels`.
    strata : Groups
        Stratum of each row and the labels of the strata, `name=level, name=level` of several columns.
    strata_names : tuple of str
        Names of the strata columns; empty without strata.
    cluster : int array of shape (n,) or None
        Cluster of each row for the robust variance.
    ties : efron, breslow or exact
        `cells` holds the steps of breslow where ties is exact.
    """

    sample: FollowUp
    design: DesignMatrix
    cells: RiskCells
    strata: Groups
    strata_names: tuple[str, ...]
    cluster: Integers | None
    ties: Ties

    @property
    def cell_times(self) -> Floats:
        """Time of each cell in the caller's unit, shape (c,)."""
        return self.sample.times[self.cells.cell_time]


@dataclass(frozen=True, eq=False)
class BaselineSteps:
    """
    Jumps of the baseline hazard at each cell, for covariates at their means and offset 0.

    Attributes
    ----------
    hazard : float array of shape (c,)
        Jump of the cumulative hazard: sum over steps of weight / denominator.
    variance : float array of shape (c,)
        Jump of its variance when the coefficients are known: sum of weight / denominator^2.
    mean_hazard : float array of shape (p, c)
        Sum over steps of the risk set's mean of the centred covariates times the jump.
    """

    hazard: Floats
    variance: Floats
    mean_hazard: Floats


def baseline_steps(data: CoxData, coef: Floats) -> BaselineSteps:
    """
    Return the jumps of the baseline hazard (Breslow's, with Efron's steps where ties are shared so).

    Parameters
    ----------
    data : CoxData
    coef : float array of shape (p,)
        Coefficients on the covariates' own scale.

    References
    ----------
    Therneau and Grambsch, Modeling Survival Data (2000), chapter 10; Breslow, Biometrics 1974;30:89.
    """
    cells, here = data.cells, hazards(data.design, data.cells, coef)
    rates = cells.step_weight / here.denominator
    risk, dead = risk_sums(data.design, cells, here.weighted)
    unshift = float(np.exp(-here.shift))
    mean = risk * cells.per_cell(rates / here.denominator)
    if dead is not None:
        mean -= dead * cells.per_cell(cells.step_share * rates / here.denominator)
    return BaselineSteps(
        hazard=cells.per_cell(rates) * unshift,
        variance=cells.per_cell(rates / here.denominator) * unshift * unshift,
        mean_hazard=mean * unshift,
    )


def time_information(data: CoxData, coef: Floats, multiplier: Floats) -> tuple[Floats, Floats]:
    """
    Return score and information with each event time's part counted `multiplier` times.

    With g(t) as multiplier the score is the sum over events of g times the Schoenfeld residuals, and the
    information the sum of g times the covariance of the covariates in the risk set: what tests of
    proportional hazards are made of.

    Parameters
    ----------
    data : CoxData
    coef : float array of shape (p,)
    multiplier : float array of shape (c,)
        One value per cell.
    """
    found = evaluate(data.design, data.cells, coef, multiplier)
    return found.score, found.information


def read_rows(
    time: ArrayLike,
    event: ArrayLike,
    covariates: Any,
    ties: Ties,
    reference: Any = None,
    entry: ArrayLike | None = None,
    strata: Any = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    offset: ArrayLike | None = None,
) -> CoxData:
    """
    Check the rows of a model; parameters and refusals as in `cox`.

    Rows of weight 0 are left out: they would count as tied deaths without weight.
    """
    sample = follow_up(time, event, entry=entry, weights=weights)
    n = len(sample.day)
    by = strata_of(None if strata is None else dict(strata_columns(strata)), n)
    groups = None if cluster is None else levels(cluster, "cluster")[0]
    added = None if offset is None else numbers(offset, "offset")
    for name, column in (("cluster", groups), ("offset", added)):
        if column is not None:
            same_length(sample.day, column, name)
    if sample.weight is not None and sample.weight.min() == 0.0:
        keep = sample.weight > 0.0
        sample, by, covariates = sample.part(keep), by.part(keep), _kept(covariates, keep)
        groups, added = None if groups is None else groups[keep], None if added is None else added[keep]
    if not sample.event.any():
        raise UnsoundAnalysis("Nobody had the event.", "Lengthen the follow-up or choose another endpoint.")
    design = design_matrix(covariates, reference, len(sample.day))
    names = () if strata is None else tuple(name for name, _ in strata_columns(strata))
    cells = risk_cells(sample, by.code, ties, added)
    return CoxData(sample, design, cells, by, names, groups, ties)


def _kept(covariates: Any, keep: Flags) -> dict[str, Any]:
    columns = {name: np.asarray(values) for name, values in named_columns(covariates)}
    if any(len(values) != len(keep) for values in columns.values()):
        raise UsageError("A covariate has another length than time.", "Give one value per patient.")
    return {name: values[keep] for name, values in columns.items()}
