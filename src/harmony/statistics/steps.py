"""Reading of right-continuous step functions at given times."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.samples import TIE, Floats, Integers, numbers


def asked_times(times: ArrayLike) -> Floats:
    """
    Return the times a curve is asked at, one time or several, as an array of shape (m,).

    Raises
    ------
    UsageError
        When one is negative or no number.
    UnsoundAnalysis
        When there is none or one is missing.
    """
    asked = numbers(np.atleast_1d(np.asarray(times)), "times")
    if asked.min() < 0.0:
        raise UsageError("A curve was asked at a negative time.", "Ask from time 0 on.", "times >= 0")
    return asked


def step_index(times: Floats, asked: Floats) -> Integers:
    """
    Return for each asked time the index of the last step at or before it, -1 before the first.

    Parameters
    ----------
    times : float array of shape (k,)
        Ascending times of the steps.
    asked : float array of shape (m,)
        0 or more, in the same unit and any order; up to `TIE` below a step counts as at the step.
    """
    return np.searchsorted(times, asked * (1.0 + TIE), side="right") - 1


def at_risk(times: Floats, n_risk: Integers | Floats, asked: Floats) -> Integers | Floats:
    """
    Return how many are under observation just before each asked time; 0 after the last time.

    Parameters
    ----------
    times, n_risk : arrays of shape (k,)
        Ascending times and those at risk just before each.
    asked : float array of shape (m,)
        As in `step_index`.
    """
    return np.append(n_risk, 0)[np.searchsorted(times, asked * (1.0 - TIE), side="left")]


def before_first(values: Floats, index: Integers, initial: float) -> Floats:
    """Return `values[index]`, and `initial` where the index is -1 (the curve has not yet stepped)."""
    # A curve may have no step at all: a stratum without events.
    return np.concatenate((np.array([initial]), values))[index + 1]
