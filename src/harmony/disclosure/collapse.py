"""Merging before hiding: levels by the declared hierarchy, groups that are too small with the next one."""

from __future__ import annotations

from dataclasses import replace

from harmony.disclosure.decision import Action, is_small
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import Merge, RawCharacteristics, RawVariable


def merged_levels(variable: RawVariable, policy: OutputPolicy) -> tuple[RawVariable, list[Action]]:
    """
    Apply the variable's merges, in their order, that bring a level with a small count into a larger one.

    Returns
    -------
    (RawVariable, list of Action)
        The variable, with the declared order of the remaining levels, and what was merged.
    """
    actions: list[Action] = []
    for merge in variable.merges:
        inside = [level for level in variable.levels if level in merge.levels]
        if len(inside) > 1 and any(_has_small(variable, level, policy) for level in inside):
            variable = _merge(variable, Merge(tuple(inside), merge.into))
            text = f"{variable.name}: {', '.join(inside)} are shown together as {merge.into}."
            actions.append(Action("merged", text))
    return variable, actions


def _has_small(variable: RawVariable, level: str, policy: OutputPolicy) -> bool:
    return any(is_small(count, policy) for count in variable.counts[variable.levels.index(level)])


def _merge(variable: RawVariable, merge: Merge) -> RawVariable:
    counts = dict(zip(variable.levels, variable.counts, strict=True))
    together = tuple(sum(column) for column in zip(*(counts[one] for one in merge.levels), strict=True))
    found: dict[str, tuple[int, ...]] = {}
    for level in variable.levels:
        if level in merge.levels:
            found.setdefault(merge.into, together)
        else:
            found[level] = counts[level]
    impossible = {(level, group) for level, group in variable.structural_zeros if level not in merge.levels}
    for group in {group for _, group in variable.structural_zeros}:
        if all((level, group) in variable.structural_zeros for level in merge.levels):
            impossible.add((merge.into, group))
    return replace(
        variable,
        levels=tuple(found),
        counts=tuple(found.values()),
        structural_zeros=frozenset(impossible),
    )


def merged_groups(raw: RawCharacteristics, policy: OutputPolicy) -> tuple[RawCharacteristics, list[Action]]:
    """
    Merge each group with 1 ... t-1 patients with the smallest other group, until none is left.

    A column less would not do: the size of the whole cohort stands elsewhere in a report and gives the
    dropped column back. With one group left there is nothing to merge with.

    Returns
    -------
    (RawCharacteristics, list of Action)
        The table, and what was merged.
    """
    actions: list[Action] = []
    while True:
        own = [k for k, group in enumerate(raw.groups) if group != raw.total and raw.sizes[k] > 0]
        own.sort(key=lambda k: (raw.sizes[k], k))
        if len(own) < 2 or raw.sizes[own[0]] >= policy.least_cell:
            return raw, actions
        first, second = sorted(own[:2])
        name = f"{raw.groups[first]} or {raw.groups[second]}"
        raw = _join(raw, first, second, name)
        text = f"Groups with fewer than {policy.least_cell} patients are shown together: {name}."
        actions.append(Action("merged", text))


def _join(raw: RawCharacteristics, first: int, second: int, name: str) -> RawCharacteristics:
    def joined(row: tuple[int, ...]) -> tuple[int, ...]:
        summed = (*row[:first], row[first] + row[second], *row[first + 1 :])
        return summed[:second] + summed[second + 1 :]

    def possible(variable: RawVariable) -> frozenset[tuple[str, str]]:
        both = (raw.groups[first], raw.groups[second])
        kept = {pair for pair in variable.structural_zeros if pair[1] not in both}
        one, other = ({level for level, group in variable.structural_zeros if group == g} for g in both)
        return frozenset(kept | {(level, name) for level in one & other})

    variables = tuple(
        replace(
            one,
            counts=tuple(joined(row) for row in one.counts),
            missing=joined(one.missing),
            structural_zeros=possible(one),
        )
        for one in raw.variables
    )
    groups = (*raw.groups[:first], name, *raw.groups[first + 1 :])
    groups = groups[:second] + groups[second + 1 :]
    return replace(raw, groups=groups, sizes=joined(raw.sizes), variables=variables)
