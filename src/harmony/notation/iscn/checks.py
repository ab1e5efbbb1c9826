"""Clones are checked against themselves: modal number, sex chromosomes, cells; 45,X gets its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from harmony.notation.iscn.model import Clone, Item
from harmony.notation.iscn.text import plain

_FEMALE: Final = frozenset((
    "f", "female", "w", "weiblich", "frau", "femme", "femminile", "femenino", "mujer", "donna", "vrouw", "k",
    "kobieta",
))  # fmt: skip
_MALE: Final = frozenset((
    "m", "male", "mannlich", "mann", "homme", "maschile", "masculino", "hombre", "uomo", "man", "mezczyzna",
))  # fmt: skip

#: So far from whole sets a clone is still near-triploid or near-tetraploid (ISCN 2020: 58 to 80, 81 to 103).
_NEAR: Final = 11

LOSS_OF_Y: Final = Item("loss", "-Y", "Y", "-")
LOSS_OF_X: Final = Item("loss", "-X", "X", "-")
#: One sex chromosome is missing and nothing says which.
LOSS_OF_ONE: Final = Item("loss", "-X or -Y", "", "-", uncertain=True)


@dataclass(frozen=True)
class Checked:
    """
    Clones with what their sex chromosomes say, and what does not fit.

    Attributes
    ----------
    clones : tuple of Clone
    contradictions : tuple of str
        A clone cannot be what it says: nothing of it becomes normal or absent.
    doubts : tuple of str
        Modal numbers that do not fit the changes, and the like: a warning.
    fits : bool
        Every modal number fits; where one does not, nothing is called normal.
    open_loss : bool
        45,X of a person whose sex is not known.
    cells : int or None
        Metaphases of all clones; None where not every clone says.
    no_cells : bool
        The report counts no metaphase at all.
    """

    clones: tuple[Clone, ...]
    contradictions: tuple[str, ...]
    doubts: tuple[str, ...]
    fits: bool
    open_loss: bool
    cells: int | None
    no_cells: bool


def check_clones(clones: Sequence[Clone], sex: str | None) -> Checked:
    """
    Check resolved clones.

    Parameters
    ----------
    clones : sequence of Clone
        The patient's clones with everything they hold.
    sex : str or None
        F, M or a word for them; anything else counts as not known.
    """
    person = _sex(clones, sex)
    done, contradictions, doubts, fits = [], [], [], True
    for clone in map(_with_sets, clones):
        mended = _with_polyploidy(_with_lost_sex_chromosome(clone, person))
        done.append(mended)
        if _is_contradictory(mended):
            contradictions.append(
                f"{clone.modal or 'no number'},{clone.sex or 'no sex'} is no whole karyotype"
            )
        elif not _fits(mended):
            fits = False
            doubts.append(f"modal number {clone.modal} does not fit the changes")
        if mended is not clone and mended.items[-1].kind == "loss":
            doubts.append(f"45,X was read as {mended.items[-1].text}")
        elif len(clone.sex) == 3 and clone.ploidy == 2 and not clone.items:
            doubts.append(f"{clone.sex} was taken as constitutional")
    if any(clone.cells is None and clone.items for clone in clones):
        doubts.append("cells were not counted: every change is taken as clonal")
    counted = [clone.cells for clone in clones]
    known = [cells for cells in counted if cells is not None]
    return Checked(
        tuple(done),
        tuple(dict.fromkeys(contradictions)),
        tuple(dict.fromkeys(doubts)),
        fits,
        any(LOSS_OF_ONE in clone.items for clone in done),
        sum(known) if len(known) == len(counted) else None,
        bool(known) and len(known) == len(counted) and sum(known) == 0,
    )


def _sex(clones: Sequence[Clone], sex: str | None) -> str:
    """Return F, M or "": what a clone with two sex chromosomes shows, else what the caller says."""
    for clone in clones:
        if "Y" in clone.sex or any(item.kind == "loss" and item.chromosome == "Y" for item in clone.items):
            return "M"
    if any(clone.sex == "XX" for clone in clones):
        return "F"
    word = plain(sex or "").strip(" .")
    return "F" if word in _FEMALE else "M" if word in _MALE else ""


def _with_lost_sex_chromosome(clone: Clone, person: str) -> Clone:
    if clone.sex != "X" or clone.ploidy != 2 or clone.inborn_sex or not _fits(clone):
        return clone
    if any(_touches_sex(item) for item in clone.items):
        return clone
    lost = {"M": LOSS_OF_Y, "F": LOSS_OF_X}.get(person, LOSS_OF_ONE)
    return replace(clone, items=(*clone.items, lost))


def _with_sets(clone: Clone) -> Clone:
    """Count against as many sets as there are sex chromosomes where the number says so: 91,XXXX,-7."""
    near = clone.ploidy == 2 and 3 <= len(clone.sex) <= 4 and clone.items and not clone.related
    if near and abs(clone.low - 23 * len(clone.sex)) <= _NEAR:
        return replace(clone, ploidy=len(clone.sex))
    return clone


def _with_polyploidy(clone: Clone) -> Clone:
    """Add the one change that whole additional sets are."""
    if clone.items or clone.related or not is_polyploid(clone):
        return clone
    return replace(clone, items=(Item("doubling", f"<{len(clone.sex)}n>"),), ploidy=len(clone.sex))


def _touches_sex(item: Item) -> bool:
    named = item.chromosome in ("X", "Y") or (item.kind == "variant" and item.text[0] in "XY")
    return named or any({"X", "Y"} & set(part.chromosomes) for part in item.parts)


def _stands_for_sex(item: Item) -> bool:
    return item.kind in ("structural", "variant") and not item.sign and _touches_sex(item)


def _is_contradictory(clone: Clone) -> bool:
    """Return whether a clone without changes is not a normal one: 44,XX, 46~59,XX, a number alone."""
    if any(item.kind not in ("variant", "incomplete") and not item.constitutional for item in clone.items):
        return False
    if clone.related:
        return clone.inherited < 0
    if not clone.low:
        return not clone.items
    constitutional = clone.inborn_sex or any(_is_inborn(item) for item in clone.items)
    if clone.sex in ("U", "UU"):
        return not clone.low == clone.high == 46
    if set(clone.sex) - {"X", "Y"} or "X" not in clone.sex or clone.low != clone.high:
        return True
    return not constitutional and clone.low != 44 + len(clone.sex) and not is_polyploid(clone)


def _is_inborn(item: Item) -> bool:
    return item.constitutional or item.kind == "variant"


def is_polyploid(clone: Clone) -> bool:
    """Return whether a clone without changes is whole sets: 69,XXY, 92,XXYY."""
    sets = len(clone.sex)
    return sets in (1, *range(3, 9)) and clone.low == clone.high == 23 * sets


def _fits(clone: Clone) -> bool:
    """Return whether the modal number is what sex chromosomes and changes add up to."""
    if not clone.low or not clone.sex or set(clone.sex) - {"X", "Y"} or clone.times > 1:
        return True
    if any(item.kind in ("incomplete", "doubling") or item.uncertain for item in clone.items):
        return True
    expected = 22 * clone.ploidy + len(clone.sex) + sum(_change(item, clone) for item in clone.items)
    if len(clone.sex) == 1 and any(_stands_for_sex(item) for item in clone.items):
        # 46,X,t(X;11): the other sex chromosome stands in the change.
        expected += 1
    return clone.low <= expected <= clone.high or (clone.composite and abs(expected - clone.low) <= 3)


def _change(item: Item, clone: Clone) -> int:
    if item.kind == "gain":
        return item.copies
    if item.kind == "loss":
        written = item.chromosome in ("X", "Y") and item.chromosome not in clone.sex[1:]
        return 0 if written else -item.copies
    if item.kind == "marker":
        return item.copies if item.chromosome in ("mar", "r") and item.sign != "-" else 0
    if item.kind != "structural":
        return 0
    joined = len(item.parts[0].chromosomes) - 1 if item.parts[0].kind in ("dic", "der", "rob", "trc") else 0
    return {"+": item.copies, "-": -item.copies}.get(item.sign, 0) - joined
