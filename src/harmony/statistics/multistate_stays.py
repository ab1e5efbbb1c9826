"""Stays of patients in states: checked, on the distinct times of the transitions, with what they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.samples import (
    TIE,
    Flags,
    Floats,
    Integers,
    case_weights,
    levels,
    numbers,
    same_length,
    tied,
)

#: Code of a stay that ends without a transition.
CENSORED = -1


@dataclass(frozen=True, eq=False)
class Stays:
    """
    Stays of n rows, sorted by patient and start, on the k distinct times of transitions.

    Attributes
    ----------
    times : float array of shape (k,)
        Times at which anybody changes state, ascending.
    size : int
        Number of states s.
    person : int array of shape (n,)
        Patient, 0, 1 ...
    state, to : int arrays of shape (n,)
        State of the stay; state it leads to, or `CENSORED`.
    first, end : int arrays of shape (n,)
        The row is at risk at times[first], ..., times[end - 1]; a transition happens at times[end - 1].
    weight : float array of shape (n,)
    """

    times: Floats
    size: int
    person: Integers
    state: Integers
    to: Integers
    first: Integers
    end: Integers
    weight: Floats

    def after(self, start_time: float) -> Stays:
        """Return what happens after `start_time`: later transitions, and the rows at risk at one of them."""
        gone = int(np.searchsorted(self.times, start_time * (1.0 + TIE), side="right"))
        first, end = np.maximum(self.first - gone, 0), self.end - gone
        keep = end > first
        person, state, to = (column[keep] for column in (self.person, self.state, self.to))
        return Stays(
            self.times[gone:], self.size, person, state, to, first[keep], end[keep], self.weight[keep]
        )

    @property
    def moves(self) -> Flags:
        """Rows that end with a transition."""
        return self.to != CENSORED

    def at_risk(self, value: Floats | None = None) -> Floats:
        """Return sums of the weights, or of `value`, per time and state: float array of shape (k, s)."""
        amount = self.weight if value is None else value
        cells = (len(self.times) + 1) * self.size
        change = np.bincount(self.first * self.size + self.state, amount, cells)
        change -= np.bincount(self.end * self.size + self.state, amount, cells)
        sums = change.reshape(-1, self.size).cumsum(axis=0)[:-1]
        present = np.bincount(self.first * self.size + self.state, minlength=cells)
        present -= np.bincount(self.end * self.size + self.state, minlength=cells)
        # Sums of weights that come and go leave rounding behind where nobody is.
        sums[present.reshape(-1, self.size).cumsum(axis=0)[:-1] == 0] = 0.0
        return sums

    def moved(self, value: Floats | None = None) -> Floats:
        """Return sums of the weights, or of `value`, over transitions: float array of shape (k, s, s)."""
        amount = self.weight if value is None else value
        moves = self.moves
        cell = ((self.end - 1) * self.size + self.state) * self.size + self.to
        sums = np.bincount(cell[moves], amount[moves], len(self.times) * self.size**2)
        return np.asarray(sums.reshape(-1, self.size, self.size), dtype=np.float64)

    def hazards(self) -> Floats:
        """Return I + dA, one transition matrix per time: float array of shape (k, s, s)."""
        at_risk, moved = self.at_risk(), self.moved()
        steps = np.divide(
            moved, at_risk[:, :, np.newaxis], out=np.zeros_like(moved), where=at_risk[:, :, np.newaxis] > 0.0
        )
        leaving = moved.sum(axis=2)
        stay = np.divide(at_risk - leaving, at_risk, out=np.ones_like(leaving), where=at_risk > 0.0)
        # Weights add up with rounding; a state that everybody leaves is left by all.
        stay[stay < 1e-12] = 0.0
        places = np.arange(self.size)
        steps[:, places, places] = stay
        return steps


def stays(
    id: ArrayLike,
    start: ArrayLike,
    stop: ArrayLike,
    from_state: ArrayLike,
    to_state: ArrayLike,
    states: Sequence[object],
    weights: ArrayLike | None = None,
    every_end: bool = False,
) -> Stays:
    """
    Check stays in states.

    Parameters
    ----------
    id : array of shape (n,)
        Patient of each row.
    start, stop : arrays of shape (n,)
        The stay lasts from just after `start` to `stop`; 0 or more.
    from_state, to_state : arrays of shape (n,)
        State of the stay, and the state entered at `stop`: null, or the same state, when none was.
    states : sequence
        All states.
    weights : array of shape (n,), optional
        Case weights, 0 or more; rows of weight 0 are left out.
    every_end : bool
        Whether times at which stays are censored are times too, beside those of transitions.

    Raises
    ------
    UnsoundAnalysis
        When a value is missing, a time negative, a start not before its stop, a state not declared, or a
        patient is in two rows at a time or changes state between rows without a transition.
    UsageError
        When shapes or `states` are wrong.
    """
    person = person_codes(id)
    begin, finish = numbers(start, "start"), numbers(stop, "stop")
    for column, name in ((begin, "start"), (finish, "stop")):
        same_length(person, column, name)
    if begin.min() < 0.0:
        raise UnsoundAnalysis("A start of a stay is negative.", "Correct these rows.", "start >= 0")
    state = state_codes(from_state, states, "from_state", len(person))
    to = state_codes(to_state, states, "to_state", len(person))
    if np.any(state == CENSORED):
        raise UnsoundAnalysis(
            "from_state has missing values.", "Say in which state each row is, or leave the rows out."
        )
    to[to == state] = CENSORED
    values, place = tied(np.concatenate((begin, finish)))
    opened, closed = place[: len(begin)], place[len(begin) :]
    weight = case_weights(weights, len(person))
    keep = np.ones(len(person), dtype=bool) if weight is None else weight > 0.0
    order = np.lexsort((opened, person))
    order = order[keep[order]]
    rows = _Rows(
        person[order],
        opened[order],
        closed[order],
        state[order],
        to[order],
        np.ones(len(order)) if weight is None else weight[order],
    )
    rows.check()
    return rows.joined().on_times(values, every_end, len(states))


def person_codes(id: ArrayLike) -> Integers:
    """
    Return whole numbers, the same for rows of the same patient and different otherwise.

    Raises
    ------
    UsageError, UnsoundAnalysis
        When it is not one column, or a value is missing.
    """
    column: NDArray[Any] = np.asarray(id)
    if column.dtype.kind not in "biuf":
        return levels(column, "id")[0]
    values = numbers(column, "id")
    whole = values.astype(np.int64)
    return whole if np.array_equal(whole, values) else np.unique(values, return_inverse=True)[1]


def state_codes(column: ArrayLike, states: Sequence[object], name: str, n: int) -> Integers:
    """
    Return the position of each value among `states`, `CENSORED` where it is null.

    Raises
    ------
    UsageError
        When `states` is empty or repeats itself, or the column has another length.
    UnsoundAnalysis
        When a value is no declared state.
    """
    declared = list(states)
    if not declared or len(set(declared)) < len(declared):
        raise UsageError("The states are not each named once.", "Name every state once.")
    values: NDArray[Any] = np.asarray(_with_plain_nulls(column))
    if values.ndim != 1 or len(values) != n:
        raise UsageError(f"{name} is not one column as long as id.", "Give one value per row.")
    code = np.full(n, CENSORED, dtype=np.int64)
    for place, label in enumerate(declared):
        code[_equal(values, label)] = place
    null = (values == np.array(None)) | (values != values)
    if np.any((code == CENSORED) & ~null):
        raise UnsoundAnalysis(
            f"{name} holds a state that is not declared.",
            "Declare it in states, or correct the rows.",
            ", ".join(map(str, declared)),
        )
    return code


def _with_plain_nulls(column: Any) -> Any:
    """Return a pandas column with None for its null, which equals nothing and is neither true nor false."""
    return column.astype(object).where(column.notna(), None) if hasattr(column, "notna") else column


def _equal(values: NDArray[Any], label: object) -> Flags:
    """Return where a column holds a label; a number and its text are the same state."""
    found = np.zeros(len(values), dtype=bool)
    if values.dtype.kind in "USO":
        found |= values == str(label)
    if values.dtype.kind in "biufO":
        try:
            found |= values == float(str(label))
        except ValueError:
            # A label that is no number: only an object column can hold it, as it is.
            found |= (values == label) if values.dtype.kind == "O" else False
    return found


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows in order of patient and start; `opened` and `closed` are positions among the distinct times."""

    person: Integers
    opened: Integers
    closed: Integers
    state: Integers
    to: Integers
    weight: Floats

    def check(self) -> None:
        """Refuse rows that no patient can have."""
        if np.any(self.opened >= self.closed):
            raise UnsoundAnalysis(
                "A stay does not end after it starts.",
                "Correct these rows; for two transitions at one time decide which comes first.",
                "start < stop",
            )
        same = self.person[1:] == self.person[:-1]
        if np.any(same & (self.opened[1:] < self.closed[:-1])):
            raise UnsoundAnalysis(
                "A patient is in two rows at the same time.", "Give stays that follow one another."
            )
        reached = np.where(self.to == CENSORED, self.state, self.to)
        if np.any(same & (self.opened[1:] == self.closed[:-1]) & (self.state[1:] != reached[:-1])):
            raise UnsoundAnalysis(
                "A patient is in another state than the one the row before led to.",
                "Give each change of state as to_state of the row that it ends.",
            )

    def joined(self) -> _Rows:
        """Make one row of rows of a patient that follow each other without a transition."""
        goes_on = (self.person[1:] == self.person[:-1]) & (self.opened[1:] == self.closed[:-1])
        goes_on &= (self.to[:-1] == CENSORED) & (self.weight[1:] == self.weight[:-1])
        if not goes_on.any():
            return self
        begins, ends = np.append(True, ~goes_on), np.append(~goes_on, True)
        return _Rows(
            self.person[begins],
            self.opened[begins],
            self.closed[ends],
            self.state[begins],
            self.to[ends],
            self.weight[begins],
        )

    def on_times(self, values: Floats, every_end: bool, size: int) -> Stays:
        """Return the rows on those of the distinct times `values` at which something happens."""
        event = np.zeros(len(values), dtype=bool)
        event[self.closed if every_end else self.closed[self.to != CENSORED]] = True
        until = np.cumsum(event)
        first, end = until[self.opened], until[self.closed]
        return Stays(values[event], size, self.person, self.state, self.to, first, end, self.weight)
