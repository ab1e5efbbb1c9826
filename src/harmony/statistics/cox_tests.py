"""Tests that all coefficients of a Cox model are 0."""

from __future__ import annotations

import numpy as np

from harmony.statistics.samples import Floats

#: Pivots of a variance below this share of its largest entry are left out, as R's `coxph.wtest` does.
PIVOT = 1e-9


def quadratic_form(values: Floats, variance: Floats) -> tuple[float, int]:
    """
    Return values' times the inverse of variance times values, and the rank that was used.

    Parameters
    ----------
    values : float array of shape (p,)
    variance : float array of shape (p, p)
        On the covariates' own scale. With fewer clusters than terms it is singular: a term whose pivot
        vanishes is left out of the form.
    """
    kept = _kept(variance)
    part = variance[np.ix_(kept, kept)]
    return float(values[kept] @ np.linalg.solve(part, values[kept])), len(kept)


def _kept(variance: Floats) -> list[int]:
    left, kept = variance.copy(), []
    smallest = PIVOT * float(np.diag(variance).max())
    for term in range(len(left)):
        if left[term, term] >= max(smallest, 1e-300):
            kept.append(term)
            left -= np.outer(left[term], left[term]) / left[term, term]
    return kept
