"""Infinitesimal jackknife of state probabilities, for any number of stays per patient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from harmony.statistics.multistate_products import RunningProducts
from harmony.statistics.multistate_stays import Stays
from harmony.statistics.samples import Flags, Floats, Integers

#: Matrices kept for walking along the times; above this many numbers they are made anew for each use.
MOST_NUMBERS_KEPT = 8_000_000

#: A variance below this share of the largest sum of variances so far is what rounding left: probabilities
#: that are certain again, when everybody has arrived in one state.
ROUNDING = 1e-13

#: Rows that walk together: their matrices stay in the processor's cache.
BLOCK = 8192

_Level = tuple[Floats, Floats]


def jackknife(found: Stays, steps: Floats, at_start: Floats, running: RunningProducts) -> Floats:
    """
    Return the standard errors of the state probabilities p(t) = at_start H[0] ... H[t].

    Parameters
    ----------
    found : Stays
        As `Stays.after` gives them, with k times, 1 or more.
    steps : float array of shape (k, s, s)
        `found.hazards()`.
    at_start : float array of shape (s,)
        Probability of each state at the start, taken as known (R's `survfit` does the same).
    running : RunningProducts
        Of `steps`.

    Returns
    -------
    float array of shape (k, s)
        Root of the sum over patients of (weight x derivative by the weight) squared.

    Notes
    -----
    While a patient is at risk in state h, his influence U, a vector of length s, becomes at each time
    U H + p(t-1)[h] / Y[h] (state after t as 0/1 - H[h]); else U H. It is computed only where he enters and
    leaves a row; sums over those at risk, and the sum of U'U, obey recursions over the times.

    References
    ----------
    Therneau, A package for survival analysis in R, vignette "compete"; R survival 3.5.3 `survfit`.
    """
    before = np.concatenate((at_start[np.newaxis], at_start @ running.products[:-1]))
    at_risk = found.at_risk()
    share = np.divide(before, at_risk, out=np.zeros_like(before), where=at_risk > 0.0)
    if not share.any():
        # From an absorbing state everything is certain.
        return np.zeros_like(before)
    stay = share[:, :, np.newaxis] * (np.eye(found.size) - steps)
    entering, leaving = _influence_of_rows(found, steps, stay, share, running)
    in_state = found.at_risk(found.weight**2)[:, :, np.newaxis]
    entered = _sums(found, found.first, entering)
    left = _sums(found, found.end - 1, leaving)
    through = entered @ steps + in_state * stay - left
    group = running.carry(through)
    group = np.concatenate((np.zeros_like(group[:1]), group[:-1])) + entered
    added = _with_transpose(np.swapaxes(group @ steps, 1, 2) @ stay)
    added += np.swapaxes(stay * in_state, 1, 2) @ stay
    added += _with_transpose(_moving(found, leaving, share))
    added += over_pairs(found.moved(found.weight**2) * share[:, :, np.newaxis] ** 2)
    return roots(running.covariance(added))


def over_pairs(amount: Floats) -> Floats:
    """
    Return the sum over pairs of states of amount[h, j] (e_j - e_h)(e_j - e_h)'.

    Parameters
    ----------
    amount : float array of shape (k, s, s)
        0 on the diagonal.
    """
    total = -_with_transpose(amount)
    places = np.arange(amount.shape[-1])
    total[:, places, places] += amount.sum(axis=1) + amount.sum(axis=2)
    return total


def roots(covariance: Floats) -> Floats:
    """
    Return standard errors, with 0 where only rounding is left of a variance.

    Parameters
    ----------
    covariance : float array of shape (k, s, s)
        Of the state probabilities at each time.

    Returns
    -------
    float array of shape (k, s)
    """
    variance = np.einsum("tii->ti", covariance)
    largest = np.maximum.accumulate(variance.sum(axis=1))[:, np.newaxis]
    return np.sqrt(np.where(variance > ROUNDING * largest, variance, 0.0))


def _influence_of_rows(
    found: Stays, steps: Floats, stay: Floats, share: Floats, running: RunningProducts
) -> tuple[Floats, Floats]:
    """Return each row's weighted influence when it begins, and at its end just before a transition counts."""
    n = len(found.person)
    entering, leaving = np.zeros((n, found.size)), np.zeros((n, found.size))
    collects = (share.max(axis=0) > 0.0)[found.state]
    new = np.concatenate(([True], found.person[1:] != found.person[:-1]))
    # Most rows are at risk from the first time on: they share one running sum per state.
    plain = new & (found.first == 0)
    shared = np.flatnonzero(plain & collects)
    since_first = running.carry(stay)[found.end[shared] - 1, found.state[shared]]
    leaving[shared] = found.weight[shared, np.newaxis] * since_first
    levels = _Levels(steps, stay)
    for rows in _by_rank(new, ~plain):
        later = rows[~new[rows]]
        entering[later] = leaving[later - 1] + _jump(found, later - 1, share)
        later = later[entering[later].any(axis=1)]
        levels.walk(entering, later, found.end[later - 1], found.first[later])
        rows = rows[collects[rows] | entering[rows].any(axis=1)]
        leaving[rows] = entering[rows]
        levels.walk(leaving, rows, found.first[rows], found.end[rows], found.state[rows], found.weight[rows])
    return entering, leaving


def _by_rank(new: Flags, wanted: Flags) -> Iterator[Integers]:
    """Give the wanted rows by their place within the patient: all first rows, all second ones ..."""
    place = np.arange(len(new))
    rows = place[wanted]
    rank = (place - np.maximum.accumulate(np.where(new, place, 0)))[wanted]
    order = np.argsort(rank, kind="stable")
    bounds = np.concatenate(([0], np.cumsum(np.bincount(rank))))
    for begin, end in pairwise(bounds):
        yield rows[order[begin:end]]


def _jump(found: Stays, rows: Integers, share: Floats) -> Floats:
    """Return what the transition at the end of a row adds to the patient's influence."""
    jump = np.zeros((len(rows), found.size))
    moves = np.flatnonzero(found.moves[rows])
    moved = rows[moves]
    amount = found.weight[moved] * share[found.end[moved] - 1, found.state[moved]]
    jump[moves, found.to[moved]] += amount
    jump[moves, found.state[moved]] -= amount
    return jump


class _Levels:
    """Influence carried over 1, 2, 4 ... times at once, from every time on."""

    def __init__(self, steps: Floats, stay: Floats) -> None:
        self._first = (steps, stay)
        doublings = max(len(steps), 1).bit_length()
        few = 2 * steps.size * doublings <= MOST_NUMBERS_KEPT
        self._kept = list(self._doubled()) if few else None

    def _doubled(self) -> Iterator[_Level]:
        through, added = self._first
        length = 1
        while True:
            yield through, added
            if 2 * length > len(self._first[0]):
                return
            later = through[length:]
            added = added[:-length] @ later + added[length:]
            through = through[:-length] @ later
            length *= 2

    def walk(
        self,
        influence: Floats,
        rows: Integers,
        start: Integers,
        end: Integers,
        state: Integers | None = None,
        weight: Floats | None = None,
    ) -> None:
        """Carry `influence[rows]` from time `start` to `end`, at risk in `state` when it is given."""
        length, at = end - start, start.copy()
        levels: Iterable[_Level] = self._doubled() if self._kept is None else self._kept
        for bit, (through, added) in enumerate(levels):
            walking = np.flatnonzero(length >> bit & 1)
            for begin in range(0, len(walking), BLOCK):
                part = walking[begin : begin + BLOCK]
                moved = _through(influence[rows[part]], through[at[part]])
                if state is not None and weight is not None:
                    moved += weight[part, np.newaxis] * added[at[part], state[part]]
                influence[rows[part]] = moved
            at[walking] += 1 << bit


def _through(vectors: Floats, matrices: Floats) -> Floats:
    return np.asarray((vectors[:, np.newaxis, :] @ matrices)[:, 0, :], dtype=np.float64)


def _sums(found: Stays, time: Integers, influence: Floats) -> Floats:
    """Return sums of weight x influence over the rows, per time and state."""
    return _added(found, time * found.size + found.state, influence * found.weight[:, np.newaxis])


def _moving(found: Stays, leaving: Floats, share: Floats) -> Floats:
    """Return sums over transitions of influence' times what the transition adds to it."""
    moves = found.moves
    time, state = found.end[moves] - 1, found.state[moves]
    values = leaving[moves] * (found.weight[moves] * share[time, state])[:, np.newaxis]
    total = _added(found, time * found.size + found.to[moves], values)
    total -= _added(found, time * found.size + state, values)
    return np.swapaxes(total, 1, 2)


def _added(found: Stays, cell: Integers, values: Floats) -> Floats:
    total = np.empty((len(found.times) * found.size, found.size))
    for place in range(found.size):
        total[:, place] = np.bincount(cell, values[:, place], len(total))
    return total.reshape(-1, found.size, found.size)


def _with_transpose(matrices: Floats) -> Floats:
    return matrices + np.swapaxes(matrices, 1, 2)
