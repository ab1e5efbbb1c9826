"""
Pairs of patients whose order is known, counted without a loop over patients.

A row that had the event at one time is compared with every row known to outlive it. Rows are sorted by
score; each then asks how many of those before it outlive it, which is answered for all at once, one binary
digit of the time at a time (a wavelet matrix: Claude, Navarro and Ordonez, Inform Syst 2015;47:15).
The cost is n log k for k distinct times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmony.statistics.samples import Flags, Floats, Integers

#: Scores closer than this share of the largest are tied: the same covariates may be summed in another order.
SCORE_TIE = 1e-13

#: A table of every time in every stratum may have this many entries per mark; beyond it marks are sorted.
TABLE_PER_MARK = 4

Numbers = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Pairs:
    """
    Weight of the comparable pairs by outcome, and its derivative by each row's weight.

    Attributes
    ----------
    concordant, discordant, tied : float
        The higher score failed first, the lower one did, or the scores are equal. Counts when no weights
        were given.
    above, all_pairs, even : int or float arrays of shape (n,)
        The derivatives of the concordant, of all and of the tied.
    """

    concordant: float
    discordant: float
    tied: float
    above: Numbers
    all_pairs: Numbers
    even: Numbers


@dataclass(frozen=True, eq=False)
class _Marks:
    """
    Ends (and entries) of rows in the order of stratum, score and key.

    `weight` counts a row among those compared, negative where it enters; `event` is the weight of the
    time for a row with the event, 0 otherwise. A row with the event is compared with all larger keys.
    `stratum` is None when there is one, `rank` when no scores are tied.
    """

    key: Numbers
    weight: Numbers
    event: Numbers
    stratum: Numbers | None
    rank: Numbers | None

    @property
    def counted(self) -> type[np.int32 | np.float64]:
        """Type that sums of weights have."""
        return np.int32 if self.weight.dtype == np.int8 else np.float64


def comparable_pairs(
    day: Integers,
    died: NDArray[np.bool_],
    score: Floats,
    stratum: Integers | None = None,
    first_day: Integers | None = None,
    weights: Floats | None = None,
    time_weight: Floats | None = None,
) -> Pairs:
    """
    Count the comparable pairs within strata.

    Parameters
    ----------
    day : int array of shape (n,)
        Index of each row's time among the distinct times.
    died : bool array of shape (n,)
        Whether the row ends with the event. At one time, the censored outlive those with the event, and
        two events are not compared.
    score : float array of shape (n,)
    stratum : int array of shape (n,), optional
        0, 1 ...; rows of different strata are not compared.
    first_day : int array of shape (n,), optional
        First distinct time at which the row is under observation (delayed entry); 0 from the start.
    weights : float array of shape (n,), optional
        Case weights; a pair counts with their product.
    time_weight : float array of shape (n,), optional
        Further weight of a pair, by the row with the event.
    """
    # Small whole numbers where nothing is weighted: most of the time goes into moving memory.
    plain = weights is None and time_weight is None
    dtype = np.int8 if plain else np.float64
    key = np.multiply(day, 2, dtype=np.uint16 if int(day.max()) < 32767 else np.uint32, casting="unsafe")
    key += ~died
    weight: Numbers = np.ones(len(day), dtype) if weights is None else weights
    event = died.astype(dtype) if time_weight is None else np.where(died, time_weight, 0.0)
    source = None
    if first_day is not None:
        late = np.flatnonzero(first_day > 0)
        source = np.concatenate((np.arange(len(day)), late))
        key = np.concatenate((key, (2 * first_day[late] - 1).astype(key.dtype)))
        weight = np.concatenate((weight, -weight[late]))
        event = np.concatenate((event, np.zeros(len(late), dtype)))
        score, stratum = score[source], None if stratum is None else stratum[source]
    order, marks = _in_order(key, weight, event, stratum, score)
    above, even, all_pairs = _concordant(marks), _tied(marks), _all_pairs(marks)
    concordant, tied, total = (_total(marks.weight, part) for part in (above, even, all_pairs))
    rows = [_by_row(part, order, source, len(day)) for part in (above, all_pairs, even)]
    return Pairs(concordant, total - concordant - tied, tied, *rows)


def _in_order(
    key: Numbers, weight: Numbers, event: Numbers, stratum: Integers | None, score: Floats
) -> tuple[Integers, _Marks]:
    order = np.argsort(score)
    ascending = score[order]
    new = np.diff(ascending) > SCORE_TIE * max(-float(ascending[0]), float(ascending[-1]))
    del ascending
    rank = None
    if not new.all():
        rank = np.zeros(len(order), np.int32)
        np.cumsum(new, out=rank[1:])
        # Among equal scores the smaller key stands first, so that such a pair never looks concordant.
        order = order[np.argsort(rank * (int(key.max()) + 1) + key[order].astype(np.int64))]
    if stratum is not None:
        by_stratum = np.argsort(stratum[order], kind="stable")
        order, rank = order[by_stratum], None if rank is None else rank[by_stratum]
        stratum = stratum[order]
    return order, _Marks(key[order], weight[order], event[order], stratum, rank)


def _total(weight: Numbers, part: Numbers) -> float:
    """Return the weight of the pairs, each of which was counted at both of its rows."""
    return float((weight * part.astype(np.float64)).sum()) / 2.0


def _by_row(part: Numbers, order: Integers, source: Integers | None, n: int) -> Numbers:
    if source is None:
        row = np.empty_like(part)
        row[order] = part
        return row
    # What an entry takes away from the row's comparisons counts against it.
    return np.bincount(source[order], np.where(order < n, part, -part), minlength=n)


def _all_pairs(marks: _Marks) -> Numbers:
    """Return for each mark the derivative of the weight of all comparable pairs of its stratum."""
    keys = int(marks.key.max()) + 1
    strata = 1 if marks.stratum is None else int(marks.stratum.max()) + 1
    if strata > 1 and strata * keys > TABLE_PER_MARK * len(marks.key):
        return _within_groups(marks, [marks.stratum])
    cell = marks.key if marks.stratum is None else marks.stratum * keys + marks.key
    # Sums by key, latest first for those who outlive, earliest first for those who failed before.
    ends = np.bincount(cell, marks.weight, strata * keys).reshape(strata, keys)
    fails = np.bincount(cell, marks.weight * marks.event, strata * keys).reshape(strata, keys)
    outlive = (ends[:, ::-1].cumsum(axis=1)[:, ::-1] - ends).ravel().astype(marks.counted)
    before = (fails.cumsum(axis=1) - fails).ravel().astype(marks.counted)
    found: Numbers = outlive[cell]
    np.multiply(found, marks.event, out=found)
    return np.add(found, before[cell], out=found)


def _tied(marks: _Marks) -> Numbers:
    """Return for each mark the derivative of the weight of the pairs with equal scores."""
    even = np.zeros(len(marks.key), marks.counted)
    if marks.rank is None:
        return even
    again = marks.rank[1:] == marks.rank[:-1]
    if marks.stratum is not None:
        again &= marks.stratum[1:] == marks.stratum[:-1]
    in_tie = np.append(False, again) | np.append(again, False)
    if in_tie.any():
        stratum = None if marks.stratum is None else marks.stratum[in_tie]
        columns = (marks.key[in_tie], marks.weight[in_tie], marks.event[in_tie])
        part = _Marks(*columns, stratum, marks.rank[in_tie])
        even[in_tie] = _within_groups(part, [part.rank, part.stratum])
    return even


def _within_groups(marks: _Marks, group: list[Numbers | None]) -> Numbers:
    """Return the derivative of the weight of all comparable pairs within groups."""
    columns = [column for column in group if column is not None]
    order = np.lexsort((marks.key, *columns))
    key, weight, event = marks.key[order], marks.weight[order], marks.event[order]
    change = np.zeros(len(key), bool)
    change[0] = True
    for column in columns:
        change[1:] |= np.diff(column[order]) != 0
    run = change.copy()
    run[1:] |= key[1:] != key[:-1]
    outlive = np.concatenate(([0], np.cumsum(weight, dtype=marks.counted)))
    failed = np.concatenate(([0], np.cumsum(weight * event, dtype=marks.counted)))
    group_start, group_end = _bounds(change)
    run_start, run_end = _bounds(run)
    found = np.empty(len(key), marks.counted)
    found[order] = event * (outlive[group_end] - outlive[run_end]) + failed[run_start] - failed[group_start]
    return found


def _bounds(change: Flags) -> tuple[Integers, Integers]:
    """Return for each place the start of its run and the start of the next run."""
    starts = np.flatnonzero(change)
    run = np.cumsum(change) - 1
    return starts[run], np.append(starts[1:], len(change))[run]


def _concordant(marks: _Marks) -> Numbers:
    """Return for each mark the derivative of the weight of the pairs whose higher score failed first."""
    starts = np.zeros(1, np.int64)
    if marks.stratum is not None:
        starts = np.flatnonzero(np.append(True, marks.stratum[1:] != marks.stratum[:-1]))
    place = np.arange(len(marks.key), dtype=np.int32)
    columns = [marks.key, marks.weight, marks.event, np.zeros(len(place), marks.counted), place]
    for digit in range(int(marks.key.max()).bit_length() - 1, -1, -1):
        columns, starts = _next_digit(columns, starts, digit)
    result = np.empty_like(columns[3])
    result[columns[4]] = columns[3]
    return result


def _next_digit(columns: list[Numbers], starts: Integers, digit: int) -> tuple[list[Numbers], Integers]:
    """
    Count the pairs that differ at one binary digit, and set those with a 0 before those with a 1.

    Marks of one block, from one of `starts` to the next, agree in all digits above; within it they stand in
    the order of their scores, and those with a 1 outlive those with a 0. The columns are key, weight,
    event, found and place.
    """
    one = (columns[0] >> digit).astype(np.uint8) & 1 == 1
    ones = np.add.reduceat(one, starts, dtype=np.int64)
    zeros = np.diff(starts, append=len(one)) - ones
    sooner, later = np.flatnonzero(~one), np.flatnonzero(one)
    columns = [_in_two(column, sooner, later) for column in columns]
    _, weight, event, found, _ = columns
    half = len(sooner)
    outlive, failed = np.zeros(len(later) + 1, found.dtype), np.zeros(half + 1, found.dtype)
    np.cumsum(weight[half:], out=outlive[1:])
    np.cumsum(weight[:half] * event[:half], out=failed[1:])
    # How many of the other kind stand before each mark, over all blocks.
    later -= np.arange(len(later))
    sooner -= np.arange(half)
    first_one, first_zero = np.cumsum(ones) - ones, np.cumsum(zeros)
    found[:half] += event[:half] * (outlive[sooner] - np.repeat(outlive[first_one], zeros))
    found[half:] += np.repeat(failed[first_zero], ones) - failed[later]
    blocks = np.concatenate((zeros, ones))
    blocks = blocks[blocks > 0]
    return columns, np.cumsum(blocks) - blocks


def _in_two(column: Numbers, first: Integers, second: Integers) -> Numbers:
    """Return the values at `first`, then those at `second`."""
    joined = np.empty_like(column)
    np.take(column, first, out=joined[: len(first)], mode="clip")
    np.take(column, second, out=joined[len(first) :], mode="clip")
    return joined
