"""What is refused or told about a Cox model whose numbers could mislead."""

from __future__ import annotations

import numpy as np

from harmony.errors import UnsoundAnalysis
from harmony.statistics.cox_data import CoxData

#: Fewer events per term than the first are refused, fewer than the second told. Peduzzi et al., J Clin
#: Epidemiol 1995;48:1503 (10); Vittinghoff and McCulloch, Am J Epidemiol 2007;165:710 (5 to 9 often do).
REFUSED_BELOW = 5
TOLD_BELOW = 10


def refuse_few_events(data: CoxData, penalised: bool) -> None:
    """Refuse, with UnsoundAnalysis, fewer than 5 events per term without a penalty."""
    if not penalised and len(data.cells.died) < REFUSED_BELOW * len(data.design.columns):
        raise UnsoundAnalysis(
            "The model has fewer than 5 events per term: its hazard ratios would be mostly chance.",
            "Leave out covariates, merge levels, or use firth=True or a ridge penalty.",
            "5 or more events per term",
        )


def model_warnings(data: CoxData, rank: int | None) -> tuple[str, ...]:
    """
    Return what a reader of the model must know.

    Parameters
    ----------
    data : CoxData
    rank : int or None
        Terms that the robust tests could use; None without robust variance.
    """
    told = []
    if len(data.cells.died) < TOLD_BELOW * len(data.design.columns):
        told.append("Fewer than 10 events per term: hazard ratios and their limits are unreliable.")
    told += _lonely_levels(data)
    if rank is not None and rank < len(data.design.columns):
        told.append(
            "There are too few clusters for the robust variance of so many terms: "
            f"its tests use {rank} of them."
        )
    if data.cluster is not None and int(data.cluster.max()) + 1 < 20:
        told.append("Fewer than 20 clusters: robust standard errors are too small.")
    return tuple(told)


def _lonely_levels(data: CoxData) -> list[str]:
    told = []
    for name, levels in data.design.categories.items():
        codes = next(c.values for c in data.design.columns if c.variable == name)
        for level, count in zip(levels, np.bincount(codes, minlength=len(levels)), strict=True):
            if count == 1:
                told.append(f"One patient only has {name} {level}: the hazard ratio rests on that one.")
    return told
