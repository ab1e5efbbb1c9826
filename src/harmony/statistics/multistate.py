"""Multi-state models: transition probabilities, state occupation and expected length of stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.multistate_jackknife import jackknife, over_pairs, roots
from harmony.statistics.multistate_products import RunningProducts
from harmony.statistics.multistate_stays import Stays, stays
from harmony.statistics.samples import Floats
from harmony.statistics.steps import asked_times, step_index

if TYPE_CHECKING:
    import pyarrow as pa

Variance = Literal["greenwood", "aalen", "jackknife"]


@dataclass(frozen=True, eq=False)
class MultiState:
    """
    A multi-state model with s states.

    Attributes
    ----------
    states : tuple of str, length s
        Labels in the order declared.
    start_time : float
        Probabilities are given that the patient is in a state at this time.
    time : float array of shape (k,)
        Times of transitions after `start_time`, ascending.
    probability, std_err : float arrays of shape (s, k, s)
        Probability of each state (last axis) at each time, given each state (first axis) at
        `start_time`, and its standard error.
    occupied, occupied_std_err : float arrays of shape (k, s)
        Probability of each state for the patients as they were distributed at `start_time`.
    at_start : float array of shape (s,)
        That distribution: of those at risk at the first of `time`.
    all_times : float array of shape (m,)
        Times of all transitions, those up to `start_time` too.
    hazard : float array of shape (m, s, s)
        Cumulative hazards at `all_times`; 0 on the diagonal.
    n_risk : float array of shape (m, s)
        Patients (sum of weights) in each state just before each of `all_times`.
    counts : int array of shape (s, s + 1)
        Rows from each state into each state; last column: those that ended in none. Rows of a patient
        that follow each other in one state are one stay.
    variance : greenwood, aalen or jackknife
    """

    states: tuple[str, ...]
    start_time: float
    time: Floats
    probability: Floats
    std_err: Floats
    occupied: Floats
    occupied_std_err: Floats
    at_start: Floats
    all_times: Floats
    hazard: Floats
    n_risk: Floats
    counts: np.ndarray
    variance: Variance

    def table(self) -> pa.Table:
        """Return every step: from, to, time, probability, std_err."""
        return self._long(self.time, self.probability, self.std_err)

    def at(self, times: ArrayLike) -> pa.Table:
        """
        Read the probabilities at given times, columns as in `table`.

        Parameters
        ----------
        times : array of shape (m,)
            `start_time` or later. Transitions at the time count; after the last the last value is carried.

        Raises
        ------
        UsageError
            When a time lies before `start_time`.
        """
        asked = self._asked(times)
        index = step_index(self.time, asked) + 1
        size = len(self.states)
        begin = np.eye(size)[:, np.newaxis]
        probability = np.concatenate((begin, self.probability), axis=1)
        std_err = np.concatenate((np.zeros((size, 1, size)), self.std_err), axis=1)
        return self._long(asked, probability[:, index], std_err[:, index])

    def transitions(self) -> pa.Table:
        """Return how often each transition was seen: from, to (null where a stay was censored), count."""
        import pyarrow as pa

        size = len(self.states)
        return pa.table(
            {
                "from": pa.array(np.repeat(self.states, size + 1)),
                "to": pa.array([*self.states, None] * size, pa.string()),
                "count": pa.array(self.counts.ravel()),
            }
        )

    def cumulative_hazard(self) -> pa.Table:
        """
        Return the Nelson-Aalen estimate of each transition: from, to, time, cumulative_hazard.

        Times of all transitions, whatever `start_time`; every pair of two states whose first is ever left
        or occupied at a transition, so that a transition that nobody made shows its 0.
        """
        import pyarrow as pa

        size, k = len(self.states), len(self.all_times)
        occupied = self.n_risk.max(axis=0, initial=0.0) > 0.0
        pairs = [(h, j) for h in range(size) for j in range(size) if h != j and occupied[h]]
        hazard = [self.hazard[:, h, j] for h, j in pairs]
        return pa.table(
            {
                "from": pa.array(np.repeat([self.states[h] for h, _ in pairs], k).astype(str)),
                "to": pa.array(np.repeat([self.states[j] for _, j in pairs], k).astype(str)),
                "time": pa.array(np.tile(self.all_times, len(pairs))),
                "cumulative_hazard": pa.array(np.concatenate(hazard) if hazard else np.empty(0)),
            }
        )

    def length_of_stay(self, tau: float) -> pa.Table:
        """
        Return the expected time spent in each state from `start_time` to `tau`: from, state, length_of_stay.

        Parameters
        ----------
        tau : float
            After `start_time`. Later than the last transition, the last probabilities are carried on.

        Raises
        ------
        UsageError
            When `tau` is not after `start_time`.
        """
        import pyarrow as pa

        end = float(self._asked(tau)[0])
        if end <= self.start_time:
            raise UsageError("The end is not after the start.", "Give a later tau.", "tau > start_time")
        inside = self.time < end
        width = np.diff(np.concatenate(([self.start_time], self.time[inside], [end])))
        size = len(self.states)
        heights = np.concatenate((np.eye(size)[:, np.newaxis], self.probability[:, inside]), axis=1)
        return pa.table(
            {
                "from": pa.array(np.repeat(self.states, size)),
                "state": pa.array(np.tile(self.states, size)),
                "length_of_stay": pa.array(np.einsum("t,fts->fs", width, heights).ravel()),
            }
        )

    def occupation(self) -> pa.Table:
        """
        Return the probability of each state at each step: state, time, probability, std_err.

        The patients start as they are distributed among the states just before the first transition
        after `start_time`; that distribution is taken as known.
        """
        import pyarrow as pa

        k = len(self.time)
        return pa.table(
            {
                "state": pa.array(np.repeat(self.states, k)),
                "time": pa.array(np.tile(self.time, len(self.states))),
                "probability": pa.array(self.occupied.T.ravel()),
                "std_err": pa.array(self.occupied_std_err.T.ravel()),
            }
        )

    def _asked(self, times: ArrayLike) -> Floats:
        asked = asked_times(times)
        if asked.min() < self.start_time:
            raise UsageError(
                "A probability was asked at a time before the start.", "Ask later.", "times >= start_time"
            )
        return asked

    def _long(self, time: Floats, probability: Floats, std_err: Floats) -> pa.Table:
        import pyarrow as pa

        size, k = len(self.states), len(time)
        return pa.table(
            {
                "from": pa.array(np.repeat(self.states, size * k)),
                "to": pa.array(np.tile(np.repeat(self.states, k), size)),
                "time": pa.array(np.tile(time, size * size)),
                "probability": pa.array(np.swapaxes(probability, 1, 2).ravel()),
                "std_err": pa.array(np.swapaxes(std_err, 1, 2).ravel()),
            }
        )


def multistate(
    id: ArrayLike,
    start: ArrayLike,
    stop: ArrayLike,
    from_state: ArrayLike,
    to_state: ArrayLike,
    states: Sequence[object],
    start_time: float = 0.0,
    variance: Variance = "aalen",
    weights: ArrayLike | None = None,
) -> MultiState:
    """
    Estimate transition probabilities by the Aalen-Johansen product over all transitions.

    Parameters
    ----------
    id : array of shape (n,)
        Patient of each row: text or numbers.
    start, stop : arrays of shape (n,)
        The patient is at risk in the state after `start`, up to and including `stop`; 0 or more, any unit.
        A start after 0 is left truncation; gaps between rows of a patient are allowed.
    from_state, to_state : arrays of shape (n,)
        State during the row, and the state entered at `stop`; null (or the same state) when none was.
    states : sequence
        All states; any pair may be a transition, also back and forth.
    start_time : float
        Time at which the patient is known to be in a state, 0 or more; transitions at it are over.
    variance : greenwood, aalen or jackknife
        greenwood and aalen as R mstate 0.3.3 `probtrans`; jackknife (over patients) as R survival 3.5.3
        `survfit` with the state at the start given.
    weights : array of shape (n,), optional
        Case weights, 0 or more.

    Raises
    ------
    UnsoundAnalysis
        When nobody is in it or changes state after `start_time`, a value is missing, a state not declared,
        a start not before its stop, or a patient is in two rows at once or changes state between rows.
    UsageError
        When shapes, `states`, `start_time` or `variance` are wrong.

    References
    ----------
    Aalen and Johansen, Scand J Stat 1978;5:141. Andersen, Borgan, Gill and Keiding, Statistical Models Based
    on Counting Processes (1993), IV.4. De Wreede, Fiocco and Putter, J Stat Softw 2011;38(7).
    """
    if variance not in get_args(Variance):
        raise UsageError(
            "The form of the variance is unknown.", "Choose another.", "greenwood, aalen, jackknife"
        )
    if not np.isfinite(start_time) or start_time < 0.0:
        raise UsageError("The start time is impossible.", "Give a time.", "start_time >= 0")
    found = stays(id, start, stop, from_state, to_state, states, weights)
    steps = found.hazards()
    hazard = np.cumsum(steps, axis=0)
    places = np.arange(found.size)
    hazard[:, places, places] = 0.0
    later = found.after(start_time)
    if len(later.times) == 0:
        raise UnsoundAnalysis(
            "Nobody changes state after the start time.", "Choose an earlier start time or longer follow-up."
        )
    probabilities = _probabilities(later, steps[len(steps) - len(later.times) :], variance)
    return MultiState(
        states=tuple(str(state) for state in states),
        start_time=float(start_time),
        time=later.times,
        **probabilities,
        all_times=found.times,
        hazard=hazard,
        n_risk=found.at_risk(),
        counts=_counts(found),
        variance=variance,
    )


def _probabilities(later: Stays, steps: Floats, variance: Variance) -> dict[str, Floats]:
    running = RunningProducts(steps)
    at_risk = later.at_risk()
    begin = np.vstack((np.eye(later.size), at_risk[0] / at_risk[0].sum()))
    probability = np.einsum("fs,tsj->ftj", begin, running.products)
    std_err = np.empty_like(probability)
    done: dict[bytes, Floats] = {}
    for row, start in enumerate(begin):
        # Often everybody starts in one state: then the last row repeats another.
        if start.tobytes() not in done:
            done[start.tobytes()] = _std_err(later, steps, at_risk, start, running, variance)
        std_err[row] = done[start.tobytes()]
    return {
        "probability": probability[:-1],
        "std_err": std_err[:-1],
        "occupied": probability[-1],
        "occupied_std_err": std_err[-1],
        "at_start": begin[-1],
    }


def _std_err(
    later: Stays, steps: Floats, at_risk: Floats, start: Floats, running: RunningProducts, variance: Variance
) -> Floats:
    if variance == "jackknife":
        return jackknife(later, steps, start, running)
    after = start @ running.products
    if variance == "aalen":
        added = _aalen(later.moved(), at_risk, after)
    else:
        added = _greenwood(steps, at_risk, np.concatenate((start[np.newaxis], after[:-1])))
    # From an absorbing state everything is certain.
    return roots(running.covariance(added)) if added.any() else np.zeros_like(after)


def _aalen(moved: Floats, at_risk: Floats, after: Floats) -> Floats:
    """Return the variance that each time adds: Poisson events, seen from the state after the time."""
    share = np.divide(after, at_risk, out=np.zeros_like(after), where=at_risk > 0.0)
    return over_pairs(moved * share[:, :, np.newaxis] ** 2)


def _greenwood(steps: Floats, at_risk: Floats, before: Floats) -> Floats:
    """Return the variance that each time adds: multinomial moves of those in each state before the time."""
    amount = np.divide(before**2, at_risk, out=np.zeros_like(before), where=at_risk > 0.0)
    weighted = amount[:, :, np.newaxis] * steps
    added = -np.swapaxes(weighted, 1, 2) @ steps
    places = np.arange(steps.shape[-1])
    added[:, places, places] += weighted.sum(axis=1)
    return added


def _counts(found: Stays) -> np.ndarray:
    counts = np.zeros((found.size, found.size + 1), dtype=np.int64)
    np.add.at(counts, (found.state, found.to), 1)
    return counts
