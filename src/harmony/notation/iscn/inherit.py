"""What `sl`, `sdl` and `idem` take over is written out, and what a clone lost of it is taken off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from harmony.notation.iscn.model import Clone, Item

DOUBLING = Item("doubling", "idemx2")


def resolve(clones: Sequence[Clone]) -> tuple[tuple[Clone, ...], tuple[str, ...]]:
    """
    Write out related clones.

    `sl` and `idem` take over the first abnormal clone, `sdl` the one before, `sdl2` the second one behind the
    stem line. `idemx2` doubles what is taken over, which is one change more.

    Returns
    -------
    clones with everything they hold, `inherited` being the place of the clone taken over; and remarks
    """
    done: list[Clone] = []
    notes: list[str] = []
    for clone in clones:
        place = _stem(clone.related, done) if clone.related else -1
        if clone.related and place < 0:
            notes.append(f"{clone.related} has no clone before it that it could take over")
        base = done[place] if place >= 0 else None
        done.append(_take_over(clone, base, place))
    return tuple(done), tuple(notes)


def _stem(related: str, done: Sequence[Clone]) -> int:
    abnormal = [place for place, clone in enumerate(done) if clone.items]
    if not abnormal:
        # 46,XX[10]/46,idem[5]: the normal clone again.
        return 0 if done else -1
    if related.startswith("sdl"):
        number = int(re.sub(r"\D", "", related) or 0)
        return abnormal[number] if 0 < number < len(abnormal) else abnormal[-1]
    return abnormal[0]


def _take_over(clone: Clone, base: Clone | None, place: int) -> Clone:
    items = list(base.items) if base else []
    if clone.times > 1:
        items.append(DOUBLING)
    # A change with a cell count of its own in the stem is not in all cells of the daughter with that count.
    items = [item.once() if item.kind != "gain" else replace(item, cells=None) for item in items]
    own: list[Item] = []
    for item in clone.items:
        cancelled = _cancels(item, items)
        if cancelled is None:
            own.append(item)
        else:
            del items[cancelled]
    items += own
    sex = clone.sex or (base.sex if base else "")
    ploidy = clone.ploidy if clone.ploidy != 2 or base is None else base.ploidy
    return replace(clone, items=tuple(items), inherited=place, sex=sex, ploidy=ploidy)


def _cancels(item: Item, items: Sequence[Item]) -> int | None:
    """Return the place of the inherited change that an item takes back, as -8 takes back +8."""
    if item.kind == "loss":
        wanted = f"+{item.chromosome}"
    elif item.sign == "-" and item.kind in ("structural", "marker"):
        wanted = item.text.lstrip("?").removeprefix("-")
    else:
        return None
    for place, other in enumerate(items):
        if other.text.lstrip("?") in (wanted, f"+{wanted}"):
            return place
    return None
