"""
Older and shorter ways of writing become today's: what they mean is the same, and they are counted alike.

* Bands are written once and left out later: t(9;22)(q34;q11.2) ... t(9;22) (ISCN 2020).
* Long ago a derivative stood beside the loss of the chromosome it replaces: -7,+der(7)t(1;7)(q21;q22).
* Both derivatives of an exchange are the exchange: der(5)t(5;17)(q11;q11),der(17)t(5;17)(q11;q11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from harmony.notation.iscn.items import spell
from harmony.notation.iscn.model import Clone, Item, Part

#: Changes with bands by kinds and chromosomes of their parts: the parts, and the text without sign.
_Known = dict[tuple[tuple[str, tuple[str, ...]], ...], tuple[tuple[Part, ...], str]]


#: Derivatives of one chromosome that are looked at: no clone has more.
_MOST: Final = 8


def modern(clones: Sequence[Clone]) -> tuple[tuple[Clone, ...], tuple[str, ...]]:
    """
    Bring every clone, as written and before `sl` is written out, to today's forms.

    Returns
    -------
    the clones, and one remark per form that was replaced
    """
    known: _Known = {}
    done: list[Clone] = []
    notes: list[str] = []
    for clone in clones:
        items = [_with_bands(item, known) for item in clone.items]
        items = _replaced_chromosomes(items, notes)
        items = _whole_exchanges(items, notes)
        done.append(replace(clone, items=tuple(items)) if tuple(items) != clone.items else clone)
    return tuple(done), tuple(dict.fromkeys(notes))


def _with_bands(item: Item, known: _Known) -> Item:
    """Give a change without bands those it had before; der(22)t(9;22) behind t(9;22)(q34;q11.2) too."""
    if item.kind != "structural":
        return item
    key = tuple((part.kind, part.chromosomes) for part in item.parts)
    if any(bands for part in item.parts for bands in part.breaks):
        bare = item.text.lstrip("?").removeprefix(item.sign)
        known.setdefault(key, (item.parts, bare))
        for part in item.parts[-1:]:
            known.setdefault(((part.kind, part.chromosomes),), ((part,), spell(part)))
        return item
    if key in known:
        parts, bare = known[key]
        return replace(item, parts=parts, text=f"{'?' if item.uncertain else ''}{item.sign}{bare}")
    last = known.get(key[-1:])
    return item if last is None else replace(item, parts=(*item.parts[:-1], *last[0]))


def _replaced_chromosomes(items: list[Item], notes: list[str]) -> list[Item]:
    """Take off the loss of a chromosome beside the derivative that replaces it; der(5;17) replaces two."""
    times = Counter(items)
    added: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        if _is_added_derivative(item) and times[item] == 1:
            for chromosome in dict.fromkeys(item.parts[0].chromosomes):
                added.setdefault(chromosome, []).append(place)
    used: set[int] = set()
    dropped: set[int] = set()
    for place, loss in enumerate(items):
        free = [p for p in added.get(loss.chromosome, ())[:_MOST] if p not in used or _joins_two(items[p])]
        if loss.kind != "loss" or loss.constitutional or not free:
            continue
        added[loss.chromosome].remove(free[0])
        used.add(free[0])
        dropped.add(place)
        notes.append(f"{loss.text} beside {items[free[0]].text} was read as the chromosome it replaces")
    kept = [_in_place(item) if place in used else item for place, item in enumerate(items)]
    return [item for place, item in enumerate(kept) if place not in dropped]


def _joins_two(item: Item) -> bool:
    return item.parts[0].kind == "der" and len(item.parts[0].chromosomes) == 2


def _is_added_derivative(item: Item) -> bool:
    return (
        item.kind == "structural"
        and item.sign == "+"
        and item.copies == 1
        and item.parts[0].kind in ("der", "i", "idic", "ider", "del", "add")
    )


def _in_place(item: Item) -> Item:
    return replace(item, sign="", text=item.text.replace("+", "", 1))


def _whole_exchanges(items: list[Item], notes: list[str]) -> list[Item]:
    """Join two derivatives that together are one balanced exchange."""
    for first in items:
        exchange = _exchange_of(first)
        if exchange is None:
            continue
        partner = next(
            (other for other in items if other is not first and _completes(other, first, exchange)), None
        )
        if partner is not None:
            notes.append(f"{first.text} and {partner.text} are one exchange")
            whole = replace(first, parts=(exchange,), text=spell(exchange), chromosome="")
            kept = [whole if item is first else item for item in items if item is not partner]
            return _whole_exchanges(kept, notes)
    return items


def _exchange_of(item: Item) -> Part | None:
    """Return the exchange of a plain derivative: der(5)t(5;17)(q11;q11)."""
    plain = item.kind == "structural" and not item.sign and not item.constitutional and len(item.parts) == 2
    if not plain or item.parts[0].kind != "der" or item.parts[1].kind != "t":
        return None
    exchange = item.parts[1]
    return exchange if len(exchange.chromosomes) == 2 and any(exchange.breaks) else None


def _completes(other: Item, first: Item, exchange: Part) -> bool:
    return (
        _exchange_of(other) == exchange
        and {first.chromosome, other.chromosome} == set(exchange.chromosomes)
        and other.cells == first.cells
    )
