"""
Calls that follow from the counted changes: complex, monosomal, the IPSS-R group, the lesions of ELN 2022.

Sources: ELN 2022 (Döhner et al., Blood 2022;140:1345); monosomal karyotype: Breems et al., J Clin Oncol
2008;26:4791; IPSS-R groups: Schanz et al., J Clin Oncol 2012;30:820, Greenberg et al., Blood 2012;120:2454.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from harmony.notation.iscn import exchanges
from harmony.notation.iscn.arms import is_der_1_7, lost_arms
from harmony.notation.iscn.counting import Component, Counted
from harmony.notation.iscn.exchanges import Fit
from harmony.notation.iscn.findings import BY_NAME
from harmony.notation.iscn.model import AUTOSOMES, Item

#: From this number of changes on a karyotype is complex; IPSS-R calls more than this number very poor.
COMPLEX: Final = 3

#: Groups of IPSS-R, best first.
IPSS_R_GROUPS: Final = ("very_good", "good", "intermediate", "poor", "very_poor")

_CORE_BINDING: Final = ("runx1_runx1t1", "cbfb_myh11")

#: Recurring changes that define a class of ELN 2022 of their own: beside them nothing is called complex.
_CLASS_DEFINING: Final = (
    *_CORE_BINDING, "pml_rara", "kmt2a_mllt3", "kmt2a_r", "dek_nup214", "bcr_abl1", "kat6a_crebbp",
)  # fmt: skip

#: Findings in the order in which the lesions are listed, with the name ELN 2022 gives them.
_LESIONS: Final = (
    ("runx1_runx1t1", "t(8;21)"),
    ("cbfb_myh11", "inv(16)"),
    ("pml_rara", "t(15;17)"),
    ("kmt2a_mllt3", "t(9;11)"),
    ("kmt2a_r", "t(v;11q23)"),
    ("dek_nup214", "t(6;9)"),
    ("bcr_abl1", "t(9;22)"),
    ("kat6a_crebbp", "t(8;16)"),
    ("mecom_r", "inv(3)"),
    ("minus5_del5q", "-5 or del(5q)"),
    ("minus7", "-7"),
    ("minus17_abn17p", "-17 or abn(17p)"),
)


@dataclass(frozen=True)
class Calls:
    """What follows from the changes that were read; lower bounds where the karyotype is incomplete."""

    complex_count: bool
    complex_eln2022: bool
    monosomal: bool
    hyperdiploid_exempt: bool
    ipss_r_group: str
    eln2022_lesions: tuple[str, ...]


def call(counted: Counted, found: Mapping[str, tuple[Item, Fit]]) -> Calls:
    """
    Draw the conclusions.

    Parameters
    ----------
    counted : Counted
        Changes of the patient's clones.
    found : mapping
        Findings that are present, as `findings.found` returns them.
    """
    many = [component for component in counted.components if component.count >= COMPLEX]
    defining = any(name in found for name in _CLASS_DEFINING) or _has_inv3(counted)
    exempt = bool(many) and not defining and all(_only_gains(component) for component in many)
    complex_eln = bool(many) and not defining and not exempt
    monosomal = any(is_monosomal(component) for component in counted.components)
    return Calls(
        bool(many),
        complex_eln,
        monosomal,
        exempt,
        ipss_r_group(counted),
        _lesions(counted, found, complex_eln, monosomal, exempt),
    )


def _has_inv3(counted: Counted) -> bool:
    return any(exchanges.INV_3.fit(item) for item, _ in counted.changes)


def _only_gains(component: Component) -> bool:
    """Return whether three or more gains and nothing else were found: exempt from complex in ELN 2022."""
    gains = sum(copies for item, copies in component.changes.items() if item.kind == "gain")
    return gains >= COMPLEX and gains == component.count


def is_monosomal(component: Component) -> bool:
    """
    Return whether related clones are monosomal: two autosomal monosomies, or one and a structural change.

    Markers and rings are structural; sex chromosomes never count; core-binding-factor leukaemia is exempt; a
    loss written against three or more sets is none.
    """
    items = component.changes
    if any(BY_NAME[name].test(item) for name in _CORE_BINDING for item in items):
        return False
    diploid = {item.once() for clone in component.clones if clone.ploidy <= 2 for item in clone.items}
    lost = {i.chromosome for i in items if i.kind == "loss" and i.chromosome in AUTOSOMES and i in diploid}
    structural = any(item.kind in ("structural", "marker") for item in items)
    return len(lost) >= 2 or (len(lost) == 1 and structural)


def ipss_r_group(counted: Counted) -> str:
    """
    Return the cytogenetic group of IPSS-R; of unrelated clones the worst, and intermediate at least.

    Returns
    -------
    One of `IPSS_R_GROUPS`
    """
    groups = [_group(component) for component in counted.components]
    if not groups:
        return "good"
    if len(groups) > 1:
        groups.append("intermediate")
    return max(groups, key=IPSS_R_GROUPS.index)


def _group(component: Component) -> str:
    number, items = component.count, component.changes
    if number > COMPLEX:
        return "very_poor"
    if number == COMPLEX or any(_is_poor(item) for item in items):
        return "poor"
    if number == 2:
        if any(_removes(item, "7", "q") for item in items):
            return "poor"
        return "good" if any(_deletes(item, "5", "q") for item in items) else "intermediate"
    item = next(iter(items))
    if (item.kind == "loss" and item.chromosome == "Y") or _deletes(item, "11", "q"):
        return "very_good"
    good = (("5", "q"), ("12", "p"), ("20", "q"))
    return "good" if any(_deletes(item, *arm) for arm in good) else "intermediate"


def _is_poor(item: Item) -> bool:
    """Return whether a change alone or with one other makes the group poor: -7, 3q, der(1;7)."""
    if item.kind == "loss":
        return item.chromosome == "7"
    return is_der_1_7(item) or _breaks_3q(item)


def _breaks_3q(item: Item) -> bool:
    if item.kind != "structural":
        return False
    if _deletes(item, "3", "q") or (not item.sign and exchanges.mecom_fit(item)):
        return True
    part = item.parts[0]
    if part.kind == "inv" and part.chromosomes[0] == "3":
        bands = part.breaks_of("3")
        return not any(band.arm == "p" for band in bands)
    if part.kind not in ("t", "ins"):
        return False
    bare = part.chromosomes in (("3", "3"), ("3", "21")) and not part.breaks_of("3")
    return bare or any(band.arm == "q" for band in part.breaks_of("3"))


def _deletes(item: Item, chromosome: str, arm: str) -> bool:
    """Return whether a change is a plain deletion in an arm; without a band it is taken to be that arm."""
    return any(
        lost.chromosome == chromosome and lost.by == "del" and lost.arm in (arm, "?")
        for lost in lost_arms(item)
    )


def _removes(item: Item, chromosome: str, arm: str) -> bool:
    return any(
        lost.chromosome == chromosome and lost.by != "add" and lost.arm in (arm, "?")
        for lost in lost_arms(item)
    )


def _lesions(
    counted: Counted,
    found: Mapping[str, tuple[Item, Fit]],
    complex_eln: bool,
    monosomal: bool,
    exempt: bool,
) -> tuple[str, ...]:
    items = [item for item, _ in counted.changes]
    listed = [label for name, label in _LESIONS if name in found and _is_listed(name, items, found)]
    if "mecom_r" in found and any(_is_t3q26(item) for item in items):
        place = next((i for i, label in enumerate(listed) if label.startswith("-")), len(listed))
        listed.insert(place, "t(3q26;v)")
    called = ((complex_eln, "complex"), (monosomal, "monosomal"), (exempt, "hyperdiploid, not complex"))
    return (*listed, *(label for holds, label in called if holds))


def _is_t3q26(item: Item) -> bool:
    return bool(exchanges.mecom_fit(item)) and not exchanges.INV_3.fit(item)


def _is_listed(name: str, items: Collection[Item], found: Mapping[str, tuple[Item, Fit]]) -> bool:
    if name == "kmt2a_r":
        # t(9;11) has a line of its own.
        return any(BY_NAME["kmt2a_r"].test(i) and not BY_NAME["kmt2a_mllt3"].test(i) for i in items)
    if name == "mecom_r":
        return any(exchanges.INV_3.fit(item) for item in items)
    if name == "minus5_del5q":
        # A dicentric stands for what it lost and is not listed a second time (counting rule 4).
        item = found[name][0]
        return item.kind == "loss" or any(_loses_5q(other) for other in items)
    return True


def _loses_5q(item: Item) -> bool:
    if item.kind == "loss":
        return item.chromosome == "5"
    return any(x.chromosome == "5" and x.arm in ("q", "?") and x.by != "dic" for x in lost_arms(item))
