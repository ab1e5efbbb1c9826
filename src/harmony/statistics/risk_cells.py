"""
Risk sets of a regression, without sorting anybody: one cell per event time and stratum.

A row is at risk in the cells after its entry up to its own time, within its stratum. So two numbers per row
say all of it: the last cell at or before its time, and the last at or before its entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from harmony.statistics.samples import Floats, FollowUp, Integers

Ties = Literal["efron", "breslow", "exact"]

#: Cells of each stratum are summed one stratum after the other up to so many strata.
MOST_LOOPED = 256

#: A table of every time in every stratum may have this many entries per row; beyond it cells are searched.
TABLE_PER_ROW = 8


@dataclass(frozen=True, eq=False)
class RiskCells:
    """
    Risk sets of n rows over c cells; cells ascend by stratum, then time.

    Attributes
    ----------
    n, c : int
        Rows and cells.
    slot : int array of shape (n,)
        Bin of each row: its last cell, doubled and plus 1 for those who die where ties are shared. The
        cell c stands for "before the first event of the stratum".
    paired : bool
        Whether bins are doubled so.
    first : int array of shape (n,) or None
        Last cell at or before the row's entry (c: none); None without delayed entry.
    died : int array of shape (e,)
        Rows with an event.
    weight, offset : float arrays of shape (n,) or None
        Case weights, and what is added to the linear predictor.
    death_weights : float array of shape (e,)
        Case weights of those who die.
    death_cell : int array of shape (e,)
        Their cells.
    cell_time, cell_stratum, deaths : int arrays of shape (c,)
        Position of the cell's time among the distinct times, its stratum, and rows that die in it.
    strata : tuple of slices
        Cells of each stratum.
    step_cell, step_share, step_weight : arrays of shape (s,)
        Steps in which the tied dead leave the risk set: the cell, the share of the dead already taken out
        (Efron: 0, 1/d, 2/d ...; Breslow: one step with share 0) and the weight of the step.
    """

    n: int
    c: int
    slot: Integers
    paired: bool
    first: Integers | None
    died: Integers
    weight: Floats | None
    offset: Floats | None
    death_weights: Floats
    death_cell: Integers
    cell_time: Integers
    cell_stratum: Integers
    deaths: Integers
    strata: tuple[slice, ...]
    step_cell: Integers
    step_share: Floats
    step_weight: Floats

    @property
    def slots(self) -> int:
        """Number of bins that rows are counted into."""
        return (self.c + 1) * (2 if self.paired else 1)

    @property
    def last(self) -> Integers:
        """Last cell at or before each row's time, shape (n,); c where the row is in no risk set."""
        return self.last_of(slice(None))

    def last_of(self, rows: slice) -> Integers:
        """Return `last` of some rows."""
        return self.slot[rows] >> 1 if self.paired else self.slot[rows]

    def sums(self, values: Floats) -> tuple[Floats, Floats | None]:
        """
        Return sums of a value per row over those at risk, and over those who die, at every cell.

        Returns
        -------
        two float arrays of shape (c,)
            The second is None where no ties are shared (it is then not needed).
        """
        entered = None if self.first is None else _counted(self.first, values, self.c + 1)
        return self.from_slots(_counted(self.slot, values, self.slots), entered)

    def from_slots(self, slots: Floats, entered: Floats | None) -> tuple[Floats, Floats | None]:
        """Turn sums per bin, along the last axis, into `sums`; `entered` are sums by the cell of entry."""
        dying = None
        if self.paired:
            pairs = slots.reshape(*slots.shape[:-1], self.c + 1, 2)
            slots, dying = pairs[..., 0] + pairs[..., 1], pairs[..., : self.c, 1]
        ending = slots[..., : self.c] if entered is None else slots[..., : self.c] - entered[..., : self.c]
        return self._summed(ending[..., ::-1], backwards=True)[..., ::-1], dying

    def so_far(self, per_cell: Floats) -> Floats:
        """Return sums over each cell and the earlier ones of its stratum, along the last axis."""
        return self._summed(per_cell, backwards=False)

    def per_cell(self, per_step: Floats) -> Floats:
        """Return sums per cell of a value per step, shape (c,)."""
        if len(per_step) == self.c:
            return per_step
        return _counted(self.step_cell, per_step, self.c)

    def rates(self, per_step: Floats) -> tuple[Floats, Floats | None]:
        """Return sums per cell of a value per step, and of its product with the share taken out."""
        whole = self.per_cell(per_step)
        return whole, self.per_cell(self.step_share * per_step) if self.paired else None

    def tables(self, rate: Floats, taken: Floats | None) -> tuple[Floats, Floats]:
        """
        Return running sums of `rate` by bin and by cell of entry, for `read`.

        Parameters
        ----------
        rate : float array of shape (..., c)
        taken : float array of shape (..., c) or None
            Taken off at the own cell of those who die there.
        """
        before = np.zeros((*rate.shape[:-1], self.c + 1))
        before[..., : self.c] = self.so_far(rate)
        by_slot = before
        if self.paired:
            by_slot = np.repeat(before, 2, axis=-1)
            if taken is not None:
                by_slot[..., 1 : 2 * self.c : 2] -= taken
        return by_slot, before

    def read(self, tables: tuple[Floats, Floats], rows: slice = slice(None)) -> Floats:
        """Return the sum over the cells that each of some rows is at risk in, shape (..., rows)."""
        by_slot, before = tables
        through = np.take(by_slot, self.slot[rows], axis=-1)
        if self.first is not None:
            through -= np.take(before, self.first[rows], axis=-1)
        return through

    def _summed(self, per_cell: Floats, backwards: bool) -> Floats:
        """Return running sums within strata; with `backwards` the cells come in descending order."""
        out = np.cumsum(per_cell, axis=-1)
        if len(self.strata) == 1:
            return out
        parts = [slice(self.c - s.stop, self.c - s.start) for s in self.strata] if backwards else self.strata
        if len(parts) <= MOST_LOOPED:
            for part in parts:
                np.cumsum(per_cell[..., part], axis=-1, out=out[..., part])
            return out
        # Very many strata (matched sets): what ran up before each is taken off all at once.
        starts = np.array(sorted(part.start for part in parts if part.stop > part.start))
        ran_up = np.where(starts > 0, out[..., starts - 1], 0.0)
        return out - np.repeat(ran_up, np.diff(np.append(starts, self.c)), axis=-1)


def risk_cells(
    sample: FollowUp, stratum: Integers, ties: Ties = "efron", offset: Floats | None = None
) -> RiskCells:
    """
    Find the risk sets once, for all evaluations.

    Parameters
    ----------
    sample : FollowUp
        Checked follow-up of n rows, with at least one event; its entries and weights count.
    stratum : int array of shape (n,)
        0, 1 ...
    ties : efron, breslow or exact
        How tied events share their risk set; exact is given the steps of breslow.
    offset : float array of shape (n,), optional
        Added to the linear predictor.
    """
    n, times, weight = len(sample.day), len(sample.times), sample.weight
    died = np.flatnonzero(sample.event > 0)
    before = stratum * times if stratum.any() else None
    code = sample.day if before is None else before + sample.day
    cells = _distinct(code[died], n)
    c = len(cells)
    last, first = _last_cell(code, cells, times, n), None
    if sample.entry_day is not None:
        # Entry lies before the time at `entry_day`, at or after the one before that.
        entered = sample.entry_day - 1
        first = _last_cell(entered if before is None else before + entered, cells, times, n)
        first[entered < 0] = c
    death_cell = last[died]
    death_weights = np.ones(len(died)) if weight is None else weight[died]
    deaths = np.bincount(death_cell, minlength=c)
    paired = ties == "efron" and bool((deaths > 1).any())
    if paired:
        last *= 2
        last[died] += 1
    bounds = np.searchsorted(cells // times, np.arange(int(stratum.max()) + 2))
    steps = _steps(deaths, _counted(death_cell, death_weights, c), paired)
    return RiskCells(
        n=n,
        c=c,
        slot=last,
        paired=paired,
        first=first,
        died=died,
        weight=weight,
        offset=offset,
        death_weights=death_weights,
        death_cell=death_cell,
        cell_time=cells % times,
        cell_stratum=cells // times,
        deaths=deaths,
        strata=tuple(slice(a, b) for a, b in pairwise(bounds.tolist())),
        step_cell=steps[0],
        step_share=steps[1],
        step_weight=steps[2],
    )


def _counted(bins: Integers, values: Floats, size: int) -> Floats:
    return np.bincount(bins, values, minlength=size).astype(np.float64, copy=False)


def _steps(deaths: Integers, total: Floats, shared: bool) -> tuple[Integers, Floats, Floats]:
    c = len(deaths)
    if not shared:
        return np.arange(c), np.zeros(c), total
    cell = np.repeat(np.arange(c), deaths)
    place = np.arange(len(cell)) - np.repeat(deaths.cumsum() - deaths, deaths)
    return cell, place / deaths[cell], (total / deaths)[cell]


def _distinct(code: Integers, n: int) -> Integers:
    if code.max() <= TABLE_PER_ROW * n + 10_000:
        return np.flatnonzero(np.bincount(code))
    return np.unique(code)


def _last_cell(code: Integers, cells: Integers, times: int, n: int) -> Integers:
    """Return the last cell at or before each row's time in its stratum, or how many cells there are."""
    c, top = len(cells), int(max(code.max(), cells[-1])) + 1
    if top <= TABLE_PER_ROW * n + 10_000:
        table = np.zeros(top, dtype=np.int64)
        table[cells] = 1
        table = np.cumsum(table) - 1
        none = (table < 0) | (cells[table] // times != np.arange(top) // times)
        return np.where(none, c, table)[code]
    found = np.searchsorted(cells, code, side="right") - 1
    found[(found < 0) | (cells[found] // times != code // times)] = c
    return found
