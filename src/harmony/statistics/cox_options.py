"""Options of a Cox model: which of them go together, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.design_matrix import DesignMatrix
from harmony.statistics.risk_cells import Ties
from harmony.statistics.samples import Floats, levels, numbers

Penalty = float | Mapping[str, float] | None


def robust_clusters(
    robust: bool | None,
    cluster: ArrayLike | None,
    id: ArrayLike | None,
    event: ArrayLike,
    weights: ArrayLike | None,
    entry: ArrayLike | None,
) -> tuple[bool, ArrayLike | None]:
    """
    Return whether the variance is a sandwich, and the clusters it sums over (None: every row is one).

    Parameters
    ----------
    robust, cluster, id, event, weights, entry
        As given to `cox`.

    Raises
    ------
    UsageError
        When a robust variance of start-stop rows is asked for without saying which rows belong together.
    """
    asked = robust
    if asked is None:
        asked = _fractional(weights) or _several_events(id, event)
    if cluster is not None:
        return True, cluster
    if not asked:
        return False, None
    if id is None and entry is not None and robust:
        raise UsageError(
            "A robust variance of start-stop rows needs to know which rows are one patient's.",
            "Give id (or cluster).",
        )
    return True, id


def check_combination(
    ties: Ties, sandwich: bool, weights: ArrayLike | None, firth: bool, penalty: Penalty
) -> None:
    """Refuse, with UsageError, options whose combination is not defined."""
    if ties == "exact":
        if sandwich or firth:
            raise UsageError(
                "Exact ties have neither a robust variance nor Firth's penalty.",
                "Choose efron with them.",
                "efron, breslow",
            )
        if weights is not None and np.any(numbers(weights, "weights") != 1.0):
            raise UsageError(
                "Exact ties are not defined with case weights.", "Choose efron with them.", "efron, breslow"
            )
    if firth and penalty is not None:
        raise UsageError("Firth's penalty and a ridge came together.", "Choose one of firth and penalty.")


def ridge_weights(penalty: Penalty, design: DesignMatrix) -> Floats:
    """
    Return the ridge of each term on its own scale, shape (p,): the penalty times the term's variance.

    Parameters
    ----------
    penalty : float, or mapping of covariate or term to float, or None
        0 or more; terms that a mapping does not name are not penalised.
    design : DesignMatrix

    Raises
    ------
    UsageError
        When a penalty is negative or no number, or a name is unknown.
    """
    if penalty is None:
        return np.zeros(len(design.columns))
    given = penalty if isinstance(penalty, Mapping) else dict.fromkeys(design.terms, penalty)
    known = {*design.terms, *design.variables}
    for name, value in given.items():
        if name not in known:
            raise UsageError(
                f"penalty names {name}, which is no covariate.", "Correct the name.", ", ".join(design.terms)
            )
        if not (isinstance(value, int | float | np.number) and 0.0 <= float(value) < np.inf):
            raise UsageError("A ridge penalty is impossible.", "Give a number.", "penalty >= 0")
    theta = [float(given.get(c.term, given.get(c.variable, 0.0))) for c in design.columns]
    return np.array(theta) * design.scale**2 * design.n / max(design.n - 1, 1)


def _fractional(weights: ArrayLike | None) -> bool:
    if weights is None:
        return False
    column = numbers(weights, "weights")
    return bool(np.any(column != np.floor(column)))


def _several_events(id: ArrayLike | None, event: ArrayLike) -> bool:
    if id is None:
        return False
    code, failed = levels(id, "id")[0], numbers(event, "event") > 0
    if len(code) != len(failed):
        raise UsageError("id has another length than time.", "Give one value per row.")
    return bool((np.bincount(code[failed], minlength=1) > 1).any())
