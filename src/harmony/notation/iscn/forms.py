"""
Older and shorter ways of writing become today's: what they mean is the same, and they are counted alike.

* Bands are written once and left out later: t(9;22)(q34;q11.2) ... t(9;22) (ISCN 2020).
* Long ago a derivative stood beside the loss of the chromosome it replaces: -7,+der(7)t(1;7)(q21;q22).
* Both derivatives of an exchange are the exchange: der(5)t(5;17)(q11;q11),der(17)t(5;17)(q11;q11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harmony.notation.iscn.items import spell
from harmony.notation.iscn.model import Clone, Item, Part

_Key = tuple[tuple[str, tuple[str, ...]], ...]


def modern(clones: Sequence[Clone]) -> tuple[tuple[Clone, ...], tuple[str, ...]]:
    """
    Bring every clone, as written and before `sl` is written out, to today's forms.

    Returns
    -------
    the clones, and one remark per form that was replaced
    """
    known: dict[_Key, Item] = {}
    done: list[Clone] = []
    notes: list[str] = []
    for clone in clones:
        items = [_with_bands(item, known) for item in clone.items]
        items = _replaced_chromosomes(items, notes)
        items = _whole_exchanges(items, notes)
        done.append(replace(clone, items=tuple(items)) if tuple(items) != clone.items else clone)
    return tuple(done), tuple(dict.fromkeys(notes))


def _with_bands(item: Item, known: dict[_Key, Item]) -> Item:
    if item.kind != "structural":
        return item
    key = tuple((part.kind, part.chromosomes) for part in item.parts)
    if any(bands for part in item.parts for bands in part.breaks):
        known.setdefault(key, item)
        return item
    earlier = known.get(key)
    if earlier is None:
        return item
    bare = earlier.text.lstrip("?").removeprefix(earlier.sign)
    return replace(item, parts=earlier.parts, text=f"{'?' if item.uncertain else ''}{item.sign}{bare}")


def _replaced_chromosomes(items: list[Item], notes: list[str]) -> list[Item]:
    losses = [item for item in items if item.kind == "loss" and not item.constitutional]
    for loss in losses:
        for place, item in enumerate(items):
            if _is_added_derivative(item, loss.chromosome) and items.count(item) == 1:
                items = [*items[:place], _in_place(item), *items[place + 1 :]]
                items.remove(loss)
                notes.append(f"{loss.text} beside {item.text} was read as the chromosome it replaces")
                break
    return items


def _is_added_derivative(item: Item, chromosome: str) -> bool:
    return (
        item.kind == "structural"
        and item.sign == "+"
        and item.copies == 1
        and item.parts[0].kind in ("der", "i", "idic", "ider", "del", "add")
        and chromosome in item.parts[0].chromosomes
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
