"""
Which further cells to hide so that totals cannot give a small cell back.

A mixed integer program looks for the cheapest pattern: for every primary cell two *witness tables* that
agree with everything published, one with the cell high enough and one with it low enough (Fischetti and
Salazar 2001, Solving the cell suppression problem on tabular data with linear constraints, Management
Science 47:1008-1027). Large tables are solved one primary cell after the other. Each pattern is audited.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from harmony.disclosure.audit import UNBOUNDED, Audit, CountTable, audit, check_sums, solve

#: Witness variables up to which all primary cells are solved together.
TOGETHER: Final = 900
#: Seconds for one program; the best pattern until then is taken, and audited like any other.
TIME_LIMIT: Final = 20.0


@dataclass(frozen=True)
class Suppression:
    """
    A pattern of hidden cells.

    Attributes
    ----------
    hidden : frozenset of str
        Primary and secondary cells; one marker serves both. Empty when `safe` is False.
    cost : float
        Loss by the secondary cells.
    audit : Audit, optional
        The proof; None where no pattern is safe.
    """

    hidden: frozenset[str]
    cost: float
    audit: Audit | None

    @property
    def safe(self) -> bool:
        """Return whether the table may leave with this pattern."""
        return self.audit is not None and self.audit.safe


WITHHELD: Final = Suppression(frozenset(), 0.0, None)


def suppress(table: CountTable, candidates: Iterable[str] | None = None) -> Suppression:
    """
    Hide the primary cells and the cheapest further cells that protect them.

    Parameters
    ----------
    table : CountTable
        Counts, sums, primary cells.
    candidates : iterable of str, optional
        Cells that may be hidden as secondary ones; all that are not structural zeros, not below
        `hidden_min` and not in `never_hidden` when not given.

    Returns
    -------
    Suppression
        Not safe (nothing of the table may leave) when no pattern protects every primary cell.

    Raises
    ------
    DisclosureRefused
        When the table's sums do not hold.
    """
    check_sums(table)
    if not table.needs:
        return Suppression(frozenset(), 0.0, Audit({}, ()))
    if not _can_be_hidden(table):
        return WITHHELD
    free = _candidates(table, candidates)
    cells = sorted(set(free) | set(table.needs))
    if 2 * len(cells) * len(table.needs) <= TOGETHER:
        pattern = _pattern(table, cells, sorted(table.needs))
    else:
        pattern = _one_after_the_other(table, cells)
    if pattern is None:
        return WITHHELD
    hidden = _pruned(table, pattern)
    proof = audit(table, hidden)
    return Suppression(hidden, table.cost(hidden), proof) if proof.safe else WITHHELD


def _can_be_hidden(table: CountTable) -> bool:
    forbidden = table.never_hidden | table.structural_zeros
    return not any(cell in forbidden or table.cells[cell] < table.hidden_min for cell in table.needs)


def _candidates(table: CountTable, candidates: Iterable[str] | None) -> list[str]:
    wanted = table.cells if candidates is None else candidates
    forbidden = table.never_hidden | table.structural_zeros
    return [c for c in wanted if c not in forbidden and table.cells[c] >= table.hidden_min]


def _one_after_the_other(table: CountTable, cells: Sequence[str]) -> frozenset[str] | None:
    # Hiding more never narrows an interval, so one pass over the primary cells is enough.
    hidden = frozenset(table.needs)
    for primary in sorted(table.needs, key=lambda c: (-table.needs[c].width, c)):
        if primary in audit(table, hidden).exposed:
            more = _pattern(table, cells, [primary], hidden)
            if more is None:
                return None
            hidden |= more
    return hidden


def _pattern(
    table: CountTable, cells: Sequence[str], primaries: Sequence[str], hidden: frozenset[str] = frozenset()
) -> frozenset[str] | None:
    """Return the cheapest pattern for these primary cells, with `hidden` hidden already."""
    already = hidden | set(table.needs)
    # Where the sums form a network, no cell need move further than the primary one: then near witnesses
    # lose nothing, and they are quicker by far. In other tables they may cost a little more; where there
    # are none, far ones are tried.
    for near in (True, False):
        found = _Program(table, cells, primaries, already, near).solve()
        if found is None:
            continue
        pattern = frozenset(c for c, x in zip(cells, found, strict=False) if x > 0.5) | already
        if not set(audit(table, pattern).exposed) & set(primaries):
            return pattern
    return None


def _pruned(table: CountTable, pattern: frozenset[str]) -> frozenset[str]:
    """Show again, the costliest first, what is not needed."""
    hidden = pattern
    for cell in sorted(pattern - set(table.needs), key=lambda c: (-table.costs.get(c, 1.0), c)):
        if audit(table, hidden - {cell}).safe:
            hidden -= {cell}
    return hidden


class _Program:
    """The mixed integer program: one 0/1 variable per cell, then a low and a high table per primary cell."""

    def __init__(
        self,
        table: CountTable,
        cells: Sequence[str],
        primaries: Sequence[str],
        already: frozenset[str] | set[str],
        near: bool,
    ) -> None:
        self.table, self.cells, self.primaries = table, list(cells), list(primaries)
        self.place = {cell: k for k, cell in enumerate(self.cells)}
        self.already, self.near = already, near
        self.size = len(self.cells) * (1 + 2 * len(self.primaries))
        self.low, self.high = _widest(table, self.cells)
        self.constraints: list[tuple[Any, Any, Any]] = []

    def solve(self) -> Any | None:
        n = len(self.cells)
        goal = np.zeros(self.size)
        goal[:n] = [0.0 if c in self.already else self.table.costs.get(c, 1.0) for c in self.cells]
        least, most = np.zeros(self.size), np.ones(self.size)
        least[:n] = [c in self.already for c in self.cells]
        self._no_lone_cell()
        for k in range(2 * len(self.primaries)):
            span = slice(n * (1 + k), n * (2 + k))
            low, high = self._reach(self.primaries[k // 2])
            least[span], most[span] = low, high
            self._witness(span.start, low, high)
        for k, primary in enumerate(self.primaries):
            self._need(primary, n * (1 + 2 * k), n * (2 + 2 * k))
        return solve(goal, self._stacked(), (least, most), np.ones(self.size), TIME_LIMIT)

    def _stacked(self) -> list[tuple[Any, Any, Any]]:
        matrix = np.vstack([a for a, _, _ in self.constraints])
        low = np.concatenate([low for _, low, _ in self.constraints])
        return [(matrix, low, np.concatenate([high for _, _, high in self.constraints]))]

    def _no_lone_cell(self) -> None:
        # A hidden cell alone in its sum is known at once: useless as a secondary, unsafe as a primary.
        rows = []
        for relation in self.table.relations:
            inside = [self.place[c] for c in (relation.total, *relation.parts) if c in self.place]
            for k in inside:
                row = np.zeros(self.size)
                row[inside] = 1.0
                row[k] = -1.0
                rows.append(row)
        self._add(rows, 0.0, np.inf)

    def _reach(self, primary: str) -> tuple[Any, Any]:
        if not self.near:
            return self.low, self.high
        need = self.table.needs[primary]
        far = max(need.width, need.upper - self.table.cells[primary])
        return np.maximum(self.low, -far), np.minimum(self.high, far)

    def _witness(self, start: int, low: Any, high: Any) -> None:
        n = len(self.cells)
        sums: list[Any] = []
        for relation in self.table.relations:
            row = np.zeros(self.size)
            for cell, sign in ((relation.total, -1.0), *((part, 1.0) for part in relation.parts)):
                if cell in self.place:
                    row[start + self.place[cell]] += sign
            if row.any():
                sums.append(row)
        self._add(sums, 0.0, 0.0)
        free = np.zeros((n, self.size))
        free[:, start : start + n] = np.eye(n)
        above, below = free.copy(), free.copy()
        above[:, :n] -= np.diag(high)
        below[:, :n] -= np.diag(low)
        self._add(list(above), -np.inf, 0.0)
        self._add(list(below), 0.0, np.inf)

    def _need(self, primary: str, low: int, high: int) -> None:
        need, at = self.table.needs[primary], self.place[primary]
        upper, width = np.zeros(self.size), np.zeros(self.size)
        upper[high + at] = 1.0
        width[high + at], width[low + at] = 1.0, -1.0
        self._add([upper], need.upper - self.table.cells[primary], np.inf)
        self._add([width], need.width, np.inf)

    def _add(self, rows: Sequence[Any], low: float, high: float) -> None:
        if rows:
            self.constraints.append((np.array(rows), np.full(len(rows), low), np.full(len(rows), high)))


def _widest(table: CountTable, cells: Sequence[str]) -> tuple[Any, Any]:
    """Return the greatest fall and rise of each cell when all of `cells` are hidden, from the sums alone."""
    free = set(cells)
    low = {c: table.hidden_min if c in free else v for c, v in table.cells.items()}
    high = {c: UNBOUNDED if c in free else v for c, v in table.cells.items()}
    for _ in range(4):
        for relation in table.relations:
            lows, highs = sum(low[p] for p in relation.parts), sum(high[p] for p in relation.parts)
            if relation.total in free:
                low[relation.total] = max(low[relation.total], lows)
                high[relation.total] = min(high[relation.total], highs)
            for part in relation.parts:
                if part in free:
                    high[part] = min(high[part], high[relation.total] - (lows - low[part]))
                    low[part] = max(low[part], low[relation.total] - (highs - high[part]))
    fall = np.array([low[c] - table.cells[c] for c in cells], dtype=float)
    return fall, np.array([high[c] - table.cells[c] for c in cells], dtype=float)
