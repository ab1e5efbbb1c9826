"""The sandwich variance of a Cox model: score residuals, summed within clusters."""

from __future__ import annotations

import numpy as np

from harmony.statistics.cox_data import CoxData
from harmony.statistics.cox_steps import per_cell, step_means
from harmony.statistics.partial_likelihood import blocks
from harmony.statistics.samples import Floats


def score_products(data: CoxData, coef: Floats) -> tuple[Floats, Floats]:
    """
    Return the sum of the weighted score residuals and the sum of their outer products over clusters.

    Parameters
    ----------
    data : CoxData
        Without clusters every row is one of its own.
    coef : float array of shape (p,)

    Returns
    -------
    float arrays of shape (p,) and (p, p)

    References
    ----------
    Lin and Wei, J Am Stat Assoc 1989;84:1074. Ties and weights as in R survival 3.5.3 `residuals.coxph`:
    one that dies at a tied time is compared with the average mean of its steps.
    """
    design, cells = data.design, data.cells
    steps = step_means(design, cells, coef)
    p, weighted = len(coef), steps.here.weighted
    counts = np.bincount(cells.step_cell, minlength=cells.c)
    at_death = per_cell(cells, steps.means) / counts
    died = np.zeros(cells.n, dtype=bool)
    died[cells.died] = True
    by_cluster = None if data.cluster is None else np.zeros((p, int(data.cluster.max()) + 1))
    total, products = np.zeros(p), np.zeros((p, p))
    for rows, x in blocks(design):
        lived = x * cells.read(steps.rate_tables, rows) - cells.read(steps.mean_tables, rows)
        lived *= -weighted[rows]
        dead = np.flatnonzero(died[rows])
        own = x[:, dead] - at_death[:, cells.last_of(rows)[dead]]
        lived[:, dead] += own if cells.weight is None else own * cells.weight[rows][dead]
        total += lived.sum(axis=1)
        if by_cluster is None or data.cluster is None:
            products += lived @ lived.T
        else:
            for sums, row in zip(by_cluster, lived, strict=True):
                np.add.at(sums, data.cluster[rows], row)
    return total, products if by_cluster is None else by_cluster @ by_cluster.T
