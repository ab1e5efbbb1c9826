"""Cumulative incidence of patients with several rows each, followed from state to state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harmony.statistics.multistate_jackknife import jackknife
from harmony.statistics.multistate_products import RunningProducts
from harmony.statistics.multistate_stays import person_codes, stays
from harmony.statistics.samples import Floats, Integers, case_weights, numbers, same_length


@dataclass(frozen=True, eq=False)
class StateCurves:
    """
    Probabilities of the states of one group.

    Attributes
    ----------
    code : int
        Number of the group.
    time : float array of shape (k,)
        Times at which a stay ends, ascending.
    n_risk : int or float array of shape (k,)
        Patients (sum of weights) without an event just before the time.
    probability, std_err : float arrays of shape (1 + causes, k)
        Of the state without event, then of each cause.
    goes_on : bool
        Whether a patient has a row after an event.
    """

    code: int
    time: Floats
    n_risk: Integers | Floats
    probability: Floats
    std_err: Floats
    goes_on: bool


def has_several_rows(id: ArrayLike, n: int) -> bool:
    """Return whether a patient has more than one of n rows; UsageError when `id` has another length."""
    person = np.sort(person_codes(id))
    same_length(np.empty(n), person, "id")
    return bool(np.any(person[1:] == person[:-1]))


def state_curves(
    time: ArrayLike,
    event: ArrayLike,
    entry: ArrayLike | None,
    weights: ArrayLike | None,
    id: ArrayLike,
    code: Integers,
    causes: Sequence[int],
) -> list[StateCurves]:
    """
    Return the state probabilities of each group with the jackknife over patients.

    Parameters
    ----------
    time, event, entry, weights, id
        As in `cumulative_incidence`, checked. A patient starts without event; after an event his later rows
        are rows in that state.
    code : int array of shape (n,)
        Group of each row, 0, 1 ...
    causes : sequence of int
        Event codes.

    Raises
    ------
    UnsoundAnalysis
        When rows of one patient overlap.
    """
    stop, ends = numbers(time, "time"), np.asarray(event).astype(np.int64)
    start = np.zeros(len(stop)) if entry is None else numbers(entry, "entry")
    weight, person = case_weights(weights, len(stop)), person_codes(id)
    found = []
    for group in np.unique(code).tolist():
        rows = np.flatnonzero(code == group)
        each = None if weight is None else weight[rows]
        if each is None or each.any():
            found.append(_of_group(group, person[rows], start[rows], stop[rows], ends[rows], causes, each))
    return found


def _of_group(
    group: int,
    person: Integers,
    start: Floats,
    stop: Floats,
    event: Integers,
    causes: Sequence[int],
    weight: Floats | None,
) -> StateCurves:
    before = _state_before(person, stop, event)
    to = np.where(event == 0, np.nan, event)
    rows = stays(person, start, stop, before, to, (0, *causes), weight, every_end=True)
    steps = rows.hazards()
    running = RunningProducts(steps)
    at_start = np.eye(rows.size)[0]
    at_risk = rows.at_risk()[:, 0]
    return StateCurves(
        group,
        rows.times,
        at_risk if weight is not None else at_risk.round().astype(np.int64),
        (at_start @ running.products).T,
        jackknife(rows, steps, at_start, running).T,
        bool(before.any()),
    )


def _state_before(person: Integers, stop: Floats, event: Integers) -> Integers:
    """Return the last event of the patient before each row, 0 when there was none."""
    order = np.lexsort((stop, person))
    place = np.arange(len(order))
    last = np.maximum.accumulate(np.where(event[order] > 0, place, -1))
    last = np.concatenate(([-1], last[:-1]))
    first = np.searchsorted(person[order], person[order])
    state = np.where(last >= first, event[order][last], 0)
    result = np.empty_like(state)
    result[order] = state
    return result
