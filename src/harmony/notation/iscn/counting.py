"""
Which changes count: clonality, constitutional changes and heteromorphisms, related clones, and the number.

Rules: ISCN 2020; Chun et al., Leuk Res 2010;34:160; Schanz et al., J Clin Oncol 2012;30:820.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from harmony.notation.iscn.model import Clone, Item, Part

#: Metaphases that make a change clonal: a gain or structural change, and a loss.
CLONAL_GAIN, CLONAL_LOSS = 2, 3

#: Inversions that are heteromorphisms: chromosome and the bands of their two breakpoints.
_HETEROMORPHIC: Final = {"9": (("11", "12", "13"), ("12", "13", "21"))}


@dataclass(frozen=True)
class Component:
    """Related clones: their distinct acquired, clonal changes, each with its highest number of copies."""

    clones: tuple[Clone, ...]
    changes: Mapping[Item, int]

    @property
    def count(self) -> int:
        """Return the number of abnormalities."""
        return sum(self.changes.values())


@dataclass(frozen=True)
class Counted:
    """
    What counts and what does not.

    Attributes
    ----------
    components : tuple of Component
        Related clones together; unrelated clones apart.
    constitutional, heteromorphic, single_cells : tuple of Item
        Changes that do not count, by reason.
    minus_only : tuple of Item
        A derivative written as lost that no earlier clone has.
    """

    components: tuple[Component, ...]
    constitutional: tuple[Item, ...]
    heteromorphic: tuple[Item, ...]
    single_cells: tuple[Item, ...]
    minus_only: tuple[Item, ...]

    @cached_property
    def count(self) -> int:
        """Return the number of abnormalities: that of the group of related clones that has most."""
        return max((component.count for component in self.components), default=0)

    @cached_property
    def changes(self) -> tuple[tuple[Item, int], ...]:
        """Return every change once, with its copies, in the order of the report."""
        found: dict[Item, int] = {}
        for component in self.components:
            for item, copies in component.changes.items():
                found[item] = max(found.get(item, 0), copies)
        return tuple(found.items())


def count(clones: Sequence[Clone]) -> Counted:
    """
    Count the changes of resolved clones.

    Parameters
    ----------
    clones : sequence of Clone
        The patient's clones, `sl` and `idem` written out.
    """
    clones = _with_inborn(clones)
    every = list(dict.fromkeys(item.once() for clone in clones for item in clone.items))
    constitutional = tuple(item for item in every if item.constitutional)
    variants = tuple(
        item
        for item in every
        if not item.constitutional and (item.kind == "variant" or is_heteromorphism(item))
    )
    seen = _metaphases(clones)
    left = [item for item in every if item.counted and item not in variants and not _taken_away(item)]
    clonal = [item for item in left if _is_clonal(item, seen[item])]
    return Counted(
        _components(clones, set(clonal)),
        constitutional,
        variants,
        tuple(item for item in left if item not in clonal),
        tuple(item for item in every if _taken_away(item) and not item.constitutional),
    )


def _with_inborn(clones: Sequence[Clone]) -> tuple[Clone, ...]:
    """Mark a change as constitutional where its `c` was forgotten in one clone and written in another."""
    inborn = {item.text for clone in clones for item in clone.items if item.constitutional}
    if not inborn:
        return tuple(clones)
    return tuple(
        clone
        if any(item.constitutional and item.text in inborn for item in clone.items)
        else replace(
            clone,
            items=tuple(replace(i, constitutional=True) if i.text in inborn else i for i in clone.items),
        )
        for clone in clones
    )


def is_heteromorphism(item: Item) -> bool:
    """Return whether an inversion is one that healthy people carry: inv(9)(p12q13) and its like, inv(Y)."""
    if item.kind != "structural" or len(item.parts) != 1 or item.parts[0].kind != "inv":
        return False
    part = item.parts[0]
    chromosome = part.chromosomes[0]
    if chromosome == "Y":
        return True
    return chromosome in _HETEROMORPHIC and _between(part, *_HETEROMORPHIC[chromosome])


def _between(part: Part, short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    bands = part.breaks_of(part.chromosomes[0])
    # inv(9) without bands is the heteromorphism far more often than anything else.
    return not bands or (
        len(bands) == 2
        and any(band.arm == "p" and band.band in short for band in bands)
        and any(band.arm == "q" and band.band in long for band in bands)
    )


def _taken_away(item: Item) -> bool:
    return item.sign == "-" and item.kind in ("structural", "marker")


def _metaphases(clones: Iterable[Clone]) -> dict[Item, int | None]:
    """Return in how many metaphases each change was seen; None where a clone does not say."""
    seen: dict[Item, int | None] = {}
    for clone in clones:
        for item in {item.once(): item for item in clone.items}.values():
            cells = item.cells if item.cells is not None else None if clone.composite else clone.cells
            if clone.composite and item.cells is None and clone.cells == 1:
                cells = 1
            before = seen.get(item.once(), 0)
            seen[item.once()] = None if cells is None or before is None else before + cells
    return seen


def _is_clonal(item: Item, cells: int | None) -> bool:
    if cells is None:
        return True
    return cells >= (CLONAL_LOSS if item.kind == "loss" else CLONAL_GAIN)


def _components(clones: Sequence[Clone], clonal: set[Item]) -> tuple[Component, ...]:
    kept = [clone for clone in clones if any(item.once() in clonal for item in clone.items)]
    groups: list[list[Clone]] = []
    for clone in kept:
        related = [group for group in groups if any(_are_related(clone, other, clonal) for other in group)]
        merged = [other for group in related for other in group] + [clone]
        groups = [group for group in groups if group not in related] + [merged]
    return tuple(_component(sorted(group, key=clones.index), clonal) for group in groups)


def _are_related(one: Clone, other: Clone, clonal: set[Item]) -> bool:
    first = {item.once() for item in one.items if item.once() in clonal}
    return bool(one.related or other.related) or any(item.once() in first for item in other.items)


def _component(group: Sequence[Clone], clonal: set[Item]) -> Component:
    changes: dict[Item, int] = {}
    for clone in group:
        copies: Counter[Item] = Counter()
        for item in clone.items:
            if item.once() in clonal:
                copies[item.once()] += item.copies
        for item, number in copies.items():
            changes[item] = max(changes.get(item, 0), number)
    return Component(tuple(group), changes)
