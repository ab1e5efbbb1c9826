"""
Table 1: small counts hidden, and as many further ones that no total gives them back.

Levels and *missing* of a variable add up to the group's size, and groups to the total where there is one.
Each variable is one table of these sums: sizes are shown, so nothing else connects two variables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harmony.disclosure.audit import CountTable, Need, Relation
from harmony.disclosure.collapse import merged_groups, merged_levels
from harmony.disclosure.decision import Action, Decision, explained, is_small, shown, withheld
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import RawCharacteristics, RawVariable
from harmony.disclosure.suppression import suppress
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Cell, CharacteristicRow, Characteristics

#: Name of the row of patients without a known value, as no level can be called.
_MISSING: Final = "\0missing"
_SIZE: Final = "\0size"


def make_characteristics_safe(raw: RawCharacteristics, policy: OutputPolicy) -> Decision:
    """
    Merge by the declared hierarchies, hide small cells, hide what would give them back.

    Groups with fewer patients than the minimum cell are merged with the next smallest. A variable without
    a safe pattern is hidden whole. Per cents are of the known, and hidden where the count or the number
    missing is hidden, or where too few are known. A level that all or none of a group have, in a
    sensitive variable, goes to a person. Rounded counts, sizes and per cents are functions of exact numbers
    that pass the audit, so that the bounds of rounding cannot meet in a hidden cell.

    Raises
    ------
    DisclosureRefused
        When counts and totals do not add up.
    """
    check_counts(raw)
    table, group_actions = merged_groups(raw, policy)
    if any(0 < size < policy.least_cell for size in table.sizes):
        return withheld(f"'{raw.title}' is about fewer than {policy.least_cell} patients.")
    actions = list(group_actions)
    variables: list[_Shown] = []
    for variable in table.variables:
        collapsed, merges = merged_levels(variable, policy)
        actions += merges
        variables.append(_shown(table, collapsed, policy))
    actions += _actions(variables, policy)
    safe = Characteristics(
        raw.title,
        table.groups,
        tuple(shown(size, policy) for size in table.sizes),
        tuple(row for one in variables for row in one.rows),
        {one.name: one.missing for one in variables},
        explained(raw.explanation, actions),
    )
    return Decision(safe, tuple(actions), _class_disclosure(table))


def check_counts(raw: RawCharacteristics) -> None:
    """
    Refuse a table whose levels and missing do not add up to its groups, or its groups to the total.

    Raises
    ------
    DisclosureRefused
        Naming the variable, without a count.
    """
    for variable in raw.variables:
        columns = [sum(row[k] for row in variable.counts) for k in range(len(raw.groups))]
        known = [size - gone for size, gone in zip(raw.sizes, variable.missing, strict=True)]
        rows = [*variable.counts, variable.missing]
        if columns != known or any(count < 0 for row in rows for count in row):
            raise _do_not_add_up(raw, variable.name)
        if len(set(variable.levels)) < len(variable.levels) or not _zeros_are_zero(raw, variable):
            raise _do_not_add_up(raw, variable.name)
        if raw.total and any(not _total_holds(raw, row) for row in rows):
            raise _do_not_add_up(raw, variable.name)
    if raw.total and (raw.total not in raw.groups or not _total_holds(raw, raw.sizes)):
        raise _do_not_add_up(raw, "group sizes")


def _total_holds(raw: RawCharacteristics, row: Sequence[int]) -> bool:
    at = raw.groups.index(raw.total)
    return row[at] == sum(count for k, count in enumerate(row) if k != at)


def _zeros_are_zero(raw: RawCharacteristics, variable: RawVariable) -> bool:
    counts = dict(zip(variable.levels, variable.counts, strict=True))
    return all(counts[level][raw.groups.index(group)] == 0 for level, group in variable.structural_zeros)


def _do_not_add_up(raw: RawCharacteristics, where: str) -> DisclosureRefused:
    return DisclosureRefused(
        f"'{raw.title}', {where}: levels, missing and group sizes do not add up.",
        "Count each patient of a group once per variable, under a level or as missing.",
    )


@dataclass(frozen=True)
class _Shown:
    name: str
    rows: tuple[CharacteristicRow, ...]
    missing: tuple[Cell, ...]
    hidden: bool
    whole: bool


def _shown(table: RawCharacteristics, variable: RawVariable, policy: OutputPolicy) -> _Shown:
    pattern = suppress(count_table(table, variable, policy))
    groups = range(len(table.groups))
    missing = tuple(
        _cell(pattern.hidden, pattern.safe, _MISSING, k, variable.missing[k], policy) for k in groups
    )
    rows: list[CharacteristicRow] = []
    for level, counts in zip(variable.levels, variable.counts, strict=True):
        cells = tuple(
            Cell(None, "z")
            if (level, table.groups[k]) in variable.structural_zeros
            else _cell(pattern.hidden, pattern.safe, level, k, counts[k], policy)
            for k in groups
        )
        sizes = [shown(size, policy) for size in table.sizes]
        percents = tuple(_percent(cells[k], missing[k], sizes[k], policy) for k in groups)
        rows.append(CharacteristicRow(variable.name, level, cells, percents))
    hidden = bool(pattern.hidden) or not pattern.safe
    return _Shown(variable.name, tuple(rows), missing, hidden, not pattern.safe)


def count_table(table: RawCharacteristics, variable: RawVariable, policy: OutputPolicy) -> CountTable:
    """Return one variable of Table 1 as the cells and sums that an attacker sees; ids are level and group."""
    rows = {**dict(zip(variable.levels, variable.counts, strict=True)), _MISSING: variable.missing}
    groups = range(len(table.groups))
    cells = {_id(level, k): counts[k] for level, counts in rows.items() for k in groups}
    sizes = {_id(_SIZE, k): table.sizes[k] for k in groups}
    relations = [Relation(_id(_SIZE, k), tuple(_id(level, k) for level in rows)) for k in groups]
    if table.total:
        at = table.groups.index(table.total)
        for level in (_SIZE, *rows):
            parts = tuple(_id(level, k) for k in groups if k != at)
            relations.append(Relation(_id(level, at), parts))
    structural = {_id(level, table.groups.index(group)) for level, group in variable.structural_zeros}
    # In a group without anybody every cell is known to be 0.
    structural |= {_id(level, k) for k in groups for level in rows if table.sizes[k] == 0}
    need = Need(policy.least_cell, policy.least_cell - 1)
    needs = {c: need for c, n in cells.items() if c not in structural and is_small(n, policy)}
    # Readers lose a row of per cents with a hidden *missing*, so it costs more than a level.
    costs = {c: 1.0 + math.log2(max(1, n)) for c, n in cells.items()}
    costs |= {_id(_MISSING, k): costs[_id(_MISSING, k)] + len(variable.levels) for k in groups}
    return CountTable(
        {**cells, **sizes},
        tuple(relations),
        needs,
        hidden_min=0 if policy.zeros_are_small else 1,
        structural_zeros=frozenset(structural),
        never_hidden=frozenset(sizes),
        costs=costs,
    )


def _id(level: str, group: int) -> str:
    return f"{level}|{group}"


def _cell(
    hidden: frozenset[str], safe: bool, level: str, group: int, count: int, policy: OutputPolicy
) -> Cell:
    return shown(count, policy) if safe and _id(level, group) not in hidden else Cell(None, "c")


def _percent(cell: Cell, missing: Cell, size: Cell, policy: OutputPolicy) -> float | None:
    # A per cent of the known tells how many are known, and so how many are missing.
    if cell.value is None or missing.value is None or size.value is None:
        return None
    known = size.value - missing.value
    if known < policy.least_percent_denominator:
        return None
    return min(100.0, round(100 * cell.value / known, 1))


def _actions(variables: Sequence[_Shown], policy: OutputPolicy) -> list[Action]:
    found: list[Action] = []
    if any(one.hidden for one in variables):
        text = f"Counts below {policy.least_cell}, and what would give them back, are hidden [c]."
        found.append(Action("hidden", text))
    whole = ", ".join(one.name for one in variables if one.whole)
    if whole:
        found.append(Action("withheld", f"No pattern of hidden cells is safe, so all are hidden: {whole}."))
    if policy.rounding_base:
        found.append(Action("rounded", f"Counts are rounded to {policy.rounding_base}."))
    return found


def _class_disclosure(table: RawCharacteristics) -> tuple[str, ...]:
    found: list[str] = []
    for variable in (one for one in table.variables if one.sensitive):
        for k, group in enumerate(table.groups):
            known = table.sizes[k] - variable.missing[k]
            for level, counts in zip(variable.levels, variable.counts, strict=True):
                possible = (level, group) not in variable.structural_zeros
                if known and possible and counts[k] in (0, known):
                    found.append(
                        f"Class disclosure: all or none of the group '{group}' have "
                        f"'{variable.name}: {level}', a sensitive variable."
                    )
    return tuple(found)
