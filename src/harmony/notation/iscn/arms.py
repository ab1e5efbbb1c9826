"""Which chromosome arms a change removes, and which it doubles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from harmony.notation.iscn.model import Band, Item, Part

_OPPOSITE = {"p": "q", "q": "p"}


@dataclass(frozen=True, slots=True)
class LostArm:
    """A chromosome arm of which something is lost, and the kind of change: del, add, der, dic, iso."""

    chromosome: str
    arm: str
    by: str


@lru_cache(maxsize=65536)
def lost_arms(item: Item) -> frozenset[LostArm]:
    """
    Return the arms of which a structural change removes something.

    An additional copy (`+der(5)...`) removes nothing. The arm is "?" where no band was written. A whole-arm
    breakpoint names the arm that stays: der(1;7)(q10;p10) keeps 1q and 7p.
    """
    if item.kind != "structural" or item.sign == "+" or not item.parts:
        return frozenset()
    head, *further = item.parts
    if head.kind == "der":
        return frozenset(_of_derivative(head, further))
    return frozenset(lost for part in item.parts for lost in _of_part(part, part.chromosomes))


def _of_derivative(head: Part, further: list[Part]) -> set[LostArm]:
    if len(head.chromosomes) > 1:
        found = {lost for name in head.chromosomes for lost in _distal(head, name, "der")}
        return found | {lost for part in further for lost in _of_part(part, head.chromosomes)}
    carrier = head.chromosomes
    if not further:
        arms = {band.arm for band in head.breaks_of(carrier[0])} or {"?"}
        return {LostArm(carrier[0], arm, "der") for arm in arms}
    found = set()
    for part in further:
        if part.kind in ("t", "dic", "psu dic", "tas", "trc"):
            found |= _distal(part, carrier[0], "der")
        else:
            found |= {LostArm(x.chromosome, x.arm, "der") for x in _of_part(part, carrier)}
    return found


def _of_part(part: Part, carriers: tuple[str, ...]) -> set[LostArm]:
    name = part.chromosomes[0]
    if name not in carriers:
        return set()
    if part.kind in ("del", "add"):
        arms = {band.arm for band in part.breaks_of(name)} or {"?"}
        return {LostArm(name, arm, part.kind) for arm in arms}
    if part.kind in ("i", "ider"):
        opposite = {_OPPOSITE.get(band.arm, "?") for band in part.breaks_of(name)} or {"?"}
        return {LostArm(name, arm, "iso") for arm in opposite}
    if part.kind in ("dic", "psu dic", "idic", "trc", "rob"):
        return {lost for chromosome in part.chromosomes for lost in _distal(part, chromosome, "dic")}
    return set()


def _distal(part: Part, chromosome: str, by: str) -> set[LostArm]:
    if chromosome not in part.chromosomes:
        return set()
    bands = part.breaks_of(chromosome)
    if not bands:
        return {LostArm(chromosome, "?", by)}
    return {LostArm(chromosome, _lost_at(band), by) for band in bands}


def _lost_at(band: Band) -> str:
    return _OPPOSITE.get(band.arm, "?") if band.band == "10" else band.arm


#: Bands at the centromere with which der(1;7)(q10;p10) is also written, and the arms that stay.
_DER_1_7 = {"1": ("q", ("10", "11", "12")), "7": ("p", ("10", "11"))}


def is_der_1_7(item: Item) -> bool:
    """Return whether a change is the whole-arm exchange that gains 1q and loses 7q, however it is written."""
    if not item.parts or item.parts[0].kind not in ("der", "dic", "psu dic"):
        return False
    return any(set(part.chromosomes) == {"1", "7"} and _at_centromeres(part) for part in item.parts)


def _at_centromeres(part: Part) -> bool:
    return all(
        not part.breaks_of(name)
        or any(band.arm == arm and band.band in bands for band in part.breaks_of(name))
        for name, (arm, bands) in _DER_1_7.items()
    )
