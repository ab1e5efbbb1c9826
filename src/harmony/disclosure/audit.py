"""
What an attacker can conclude about hidden cells of linked tables: exact integer intervals.

The attacker knows every published cell, every sum, the structural zeros, and that a hidden cell is a whole
number of at least `hidden_min`. *Two hidden cells in every line* is no protection: intervals decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np

from harmony.errors import DisclosureRefused, UsageError

#: Upper end of a hidden cell that no sum bounds; far above any threshold.
UNBOUNDED: Final = 1_000_000


@dataclass(frozen=True)
class Relation:
    """The cell `total` is the sum of the cells `parts`."""

    total: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Need:
    """What protects a primary cell: upper end of the attacker's interval, and its width, at least."""

    upper: int
    width: int


@dataclass(frozen=True)
class CountTable:
    """
    Counts of one table, or of several that share cells, with everything that the attacker knows of them.

    Attributes
    ----------
    cells : mapping of str to int
        Every published number, totals too, 0 or more.
    relations : tuple of Relation
        All sums that hold between them.
    needs : mapping of str to Need
        The primary cells: too small to be shown.
    hidden_min : int
        What a hidden cell is known to be at least: 1 where zeros are shown, else 0.
    structural_zeros : frozenset of str
        Cells that cannot exist, known to everybody; never hidden.
    never_hidden : frozenset of str
        Cells that stay visible.
    costs : mapping of str to float
        Loss by hiding a cell that is not primary; 1 where not given.
    """

    cells: Mapping[str, int]
    relations: tuple[Relation, ...]
    needs: Mapping[str, Need]
    hidden_min: int = 0
    structural_zeros: frozenset[str] = frozenset()
    never_hidden: frozenset[str] = frozenset()
    costs: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def relations_of(self) -> dict[str, tuple[Relation, ...]]:
        """Return the relations that each cell stands in."""
        found: dict[str, list[Relation]] = {cell: [] for cell in self.cells}
        for relation in self.relations:
            for cell in (relation.total, *relation.parts):
                found[cell].append(relation)
        return {cell: tuple(relations) for cell, relations in found.items()}

    def cost(self, cells: Iterable[str]) -> float:
        """Return the loss by hiding these cells; primary cells cost nothing."""
        return sum(self.costs.get(cell, 1.0) for cell in cells if cell not in self.needs)


@dataclass(frozen=True)
class Audit:
    """Attacker intervals [low, high] of the audited hidden cells, and the primary cells left exposed."""

    intervals: dict[str, tuple[int, int]]
    exposed: tuple[str, ...]

    @property
    def safe(self) -> bool:
        """Return whether no primary cell is exposed."""
        return not self.exposed


def check_sums(table: CountTable) -> None:
    """
    Refuse a table whose sums do not hold.

    Raises
    ------
    DisclosureRefused
        Naming the total, without its value.
    """
    for relation in table.relations:
        if table.cells[relation.total] != sum(table.cells[part] for part in relation.parts):
            raise DisclosureRefused(
                f"The cell '{relation.total}' is not the sum of its parts.",
                "Correct the counts in the analysis; a table that does not add up cannot be audited.",
            )


def audit(table: CountTable, hidden: Collection[str], every_cell: bool = False) -> Audit:
    """
    Return the exact integer intervals of an attacker, and which primary cells they expose.

    Parameters
    ----------
    table : CountTable
        The counts.
    hidden : collection of str
        Cells that are not published.
    every_cell : bool
        True for the intervals of all hidden cells, False for those of the primary ones.

    Returns
    -------
    Audit
        A primary cell that is not hidden is exposed with the interval [value, value].
    """
    hidden_set = frozenset(hidden)
    wanted = hidden_set if every_cell else hidden_set & set(table.needs)
    intervals: dict[str, tuple[int, int]] = {}
    for component in components(table, hidden_set):
        intervals.update(_component_intervals(table, component, wanted & component))
    for cell in table.needs:
        if cell not in hidden_set:
            intervals[cell] = (table.cells[cell], table.cells[cell])
    exposed = tuple(sorted(c for c, need in table.needs.items() if not _enough(intervals[c], need)))
    return Audit(intervals, exposed)


def _enough(interval: tuple[int, int], need: Need) -> bool:
    low, high = interval
    return high >= need.upper and high - low >= need.width


def components(table: CountTable, hidden: frozenset[str]) -> list[frozenset[str]]:
    """Return the hidden cells in sets that no sum connects with each other."""
    found: list[frozenset[str]] = []
    todo = set(hidden)
    while todo:
        queue = [todo.pop()]
        reached = set(queue)
        while queue:
            for relation in table.relations_of[queue.pop()]:
                new = ({relation.total, *relation.parts} & hidden) - reached
                reached |= new
                queue.extend(new)
        todo -= reached
        found.append(frozenset(reached))
    return found


def _component_intervals(
    table: CountTable, component: frozenset[str], wanted: Collection[str]
) -> dict[str, tuple[int, int]]:
    if not wanted:
        return {}
    order = sorted(component)
    matrix, right = sums_of_hidden(table, order)
    found: dict[str, tuple[int, int]] = {}
    for cell in sorted(wanted):
        goal = np.zeros(len(order))
        goal[order.index(cell)] = 1.0
        low = _least(goal, matrix, right, table.hidden_min)
        high = -_least(-goal, matrix, right, table.hidden_min)
        found[cell] = (low, high)
    return found


def sums_of_hidden(table: CountTable, order: list[str]) -> tuple[Any, Any]:
    """Return the sums over hidden cells as matrix (sums, cells) and right side, known cells moved right."""
    place = {cell: k for k, cell in enumerate(order)}
    rows: list[Any] = []
    right: list[int] = []
    for relation in table.relations:
        if relation.total not in place and not any(part in place for part in relation.parts):
            continue
        row, known = np.zeros(len(order)), 0
        for cell, sign in ((relation.total, -1), *((part, 1) for part in relation.parts)):
            if cell in place:
                row[place[cell]] += sign
            else:
                known -= sign * table.cells[cell]
        rows.append(row)
        right.append(known)
    return np.array(rows).reshape(len(rows), len(order)), np.array(right, dtype=float)


def _least(goal: Any, matrix: Any, right: Any, hidden_min: int) -> int:
    bounds = (np.full(len(goal), float(hidden_min)), np.full(len(goal), float(UNBOUNDED)))
    found = solve(goal, [(matrix, right, right)] if len(right) else [], bounds, np.ones(len(goal)))
    if found is None:
        raise DisclosureRefused(
            "The hidden cells of a table contradict its published ones.",
            "Check the table's totals and its structural zeros.",
        )
    return round(float(goal @ found))


def solve(
    goal: Any,
    constraints: list[tuple[Any, Any, Any]],
    bounds: tuple[Any, Any],
    integral: Any,
    seconds: float | None = None,
) -> Any | None:
    """
    Minimise goal @ x under low <= A @ x <= high by a mixed integer program (HiGHS).

    Parameters
    ----------
    goal : float array, shape (n,)
        What is minimised.
    constraints : list of (A, low, high)
    bounds : (float array, float array)
        Least and greatest value of each variable.
    integral : int array, shape (n,)
        1 for a whole number, 0 for a continuous one.
    seconds : float, optional
        Time limit; the best solution found until then counts.

    Returns
    -------
    float array or None
        The solution; None when there is none (or none was found in time).

    Raises
    ------
    UsageError
        When the solver is not installed.
    """
    bounds_of, constraint, milp = _solver()
    options: dict[str, Any] = {"mip_rel_gap": 0.0}
    if seconds is not None:
        options["time_limit"] = seconds
    result = milp(
        goal,
        constraints=[constraint(a, low, high) for a, low, high in constraints],
        bounds=bounds_of(*bounds),
        integrality=integral,
        options=options,
    )
    return result.x


def _solver() -> tuple[Any, Any, Any]:
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
    except ImportError as missing:
        raise UsageError(
            "Disclosure control of tables needs the solver of SciPy, which is not installed.",
            "Install the extra 'analysis' of this package.",
        ) from missing
    return Bounds, LinearConstraint, milp
