"""
A slow, literal reading of the counting rules of karyotypes, from structure instead of text.

Every rule is one plain sentence of the project's karyotype definition (counting after Chun 2010 and
Schanz 2012, monosomal after Breems 2008, lesions and complexity after ELN 2022), written without looking
at the parser that it judges. Where laboratories differ and the definition names no winner, the answer is
`None`: not judged.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from karyotype_text import Item, Karyotype, effective, printed

FINDINGS: Final = tuple(
    [
        "runx1_runx1t1",
        "cbfb_myh11",
        "pml_rara",
        "kmt2a_mllt3",
        "kmt2a_r",
        "dek_nup214",
        "bcr_abl1",
        "kat6a_crebbp",
        "mecom_r",
        "nup98_r",
        "minus5_del5q",
        "minus7",
        "del7q",
        "minus17_abn17p",
        "del12p",
        "i17q",
        "del11q",
        "del20q",
        "del13q_minus13",
        "trisomy_8",
        "trisomy_19",
        "minus_y",
    ]
)

#: Two-way exchanges that define a class: chromosomes with bands, lesion of ELN 2022, findings.
RECURRENT: Final = (
    ({"8": "q22", "21": "q22"}, "t(8;21)", ("runx1_runx1t1",)),
    ({"15": "q22 q23 q24", "17": "q11 q12 q21"}, "t(15;17)", ("pml_rara",)),
    ({"9": "p21 p22", "11": "q23"}, "t(9;11)", ("kmt2a_mllt3", "kmt2a_r")),
    ({"6": "p22 p23", "9": "q34"}, "t(6;9)", ("dek_nup214",)),
    ({"9": "q34", "22": "q11"}, "t(9;22)", ("bcr_abl1",)),
    ({"8": "p11", "16": "p13"}, "t(8;16)", ("kat6a_crebbp",)),
)
#: What is gone when a piece of an arm is gone.
LOST_ARM: Final = {
    ("5", "q"): "minus5_del5q", ("7", "q"): "del7q", ("17", "p"): "minus17_abn17p", ("12", "p"): "del12p",
    ("11", "q"): "del11q", ("20", "q"): "del20q", ("13", "q"): "del13q_minus13",
}  # fmt: skip
LOST_CHROMOSOME: Final = {
    "5": "minus5_del5q", "7": "minus7", "17": "minus17_abn17p", "13": "del13q_minus13", "Y": "minus_y",
}  # fmt: skip
GAINED_CHROMOSOME: Final = {"8": "trisomy_8", "19": "trisomy_19"}
#: Lesions beside which three changes are not called complex.
DEFINES_A_CLASS: Final = {"t(8;21)", "inv(16)", "t(15;17)", "t(6;9)", "t(9;22)", "t(8;16)", "inv(3)"}
#: Beside these laboratories differ.
OPEN_BESIDE_COMPLEX: Final = {"t(9;11)", "t(v;11q23)", "t(3q26;v)"}
CORE_BINDING_FACTOR: Final = {"t(8;21)", "inv(16)"}
WORST_LAST: Final = ("very_good", "good", "intermediate", "poor", "very_poor")


@dataclass
class Family:
    """Related clones: their acquired clonal changes with the most copies that one clone has."""

    members: list[int]
    changes: Counter = field(default_factory=Counter)
    item: dict[tuple, Item] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of changes of the union."""
        return sum(self.changes.values())

    @property
    def items(self) -> list[Item]:
        """Each distinct change once."""
        return [self.item[key] for key in self.changes]


def whole_band(band: str) -> str:
    """Leave out the sub-band."""
    return band.split(".")[0]


def is_heteromorphism(item: Item) -> bool:
    """Say whether the change is one of the harmless ones that many people carry."""
    if item.kind == "inv" and item.chromosomes == ("9",):
        return [whole_band(b) for b in item.bands] in (["p12", "q13"], ["p11", "q13"], ["p11", "q12"])
    return item.kind == "qh+"


def is_acquired(item: Item) -> bool:
    """Say whether the change may count at all."""
    return not item.constitutional and not is_heteromorphism(item)


def is_clonal(karyotype: Karyotype, key: tuple, loss: bool) -> bool:
    """Two metaphases for a gain or structural change, three for a loss; unknown cells count as enough."""
    cells = 0
    for place, clone in enumerate(karyotype.clones):
        if any(item.key == key for item in effective(karyotype, place)):
            if clone.cells is None or clone.composite:
                return True
            cells += clone.cells
    return cells >= (3 if loss else 2)


def families(karyotype: Karyotype) -> list[Family]:
    """Group clones that take over from one another or share an acquired change."""
    groups: list[set[int]] = []
    held = [
        {i.key for i in effective(karyotype, place) if is_acquired(i)}
        for place in range(len(karyotype.clones))
    ]
    for place, clone in enumerate(karyotype.clones):
        friends = {place} | ({clone.takes_over} if clone.takes_over is not None else set())
        friends |= {other for other in range(place) if held[other] & held[place]}
        joined = [group for group in groups if group & friends]
        groups = [group for group in groups if not group & friends] + [friends.union(*joined)]
    found = []
    for group in groups:
        family = Family(sorted(group))
        for place in family.members:
            copies: Counter = Counter()
            for item in effective(karyotype, place):
                if is_acquired(item) and is_clonal(karyotype, item.key, item.sign == "-"):
                    copies[item.key] += item.times
                    family.item.setdefault(item.key, item)
            family.changes |= copies
        if family.count:
            found.append(family)
    return found


def lesion_of_exchange(item: Item) -> tuple[str, tuple[str, ...]] | None:
    """Name the lesion and the findings of a balanced exchange, two-way or more."""
    breaks = list(zip(item.chromosomes, map(whole_band, item.bands), strict=True))
    for wanted, lesion, findings in RECURRENT:
        if all(
            any(c == chromosome and b in bands.split() for c, b in breaks)
            for chromosome, bands in wanted.items()
        ):
            return lesion, findings
    if breaks == [("16", "p13"), ("16", "q22")]:
        return "inv(16)", ("cbfb_myh11",)
    if breaks == [("3", "q21"), ("3", "q26")]:
        return "inv(3)", ("mecom_r",)
    if ("11", "q23") in breaks:
        return "t(v;11q23)", ("kmt2a_r",)
    if ("3", "q26") in breaks:
        return "t(3q26;v)", ("mecom_r",)
    return ("", ("nup98_r",)) if ("11", "p15") in breaks else None


def lost_arms(item: Item) -> list[tuple[str, str]]:
    """Give the chromosome arms of which a change removes a part."""
    # A further copy of a changed chromosome takes nothing from the two that are there.
    if item.sign == "+":
        return []
    if item.kind in ("del", "dic"):
        return [(c, b[0]) for c, b in zip(item.chromosomes, item.bands, strict=False)]
    if item.kind == "i":
        other = {"p10": "q", "q10": "p"}[item.bands[0]]
        return [(item.chromosomes[0], other)]
    if item.kind == "idic":
        return [(item.chromosomes[0], item.bands[0][0])]
    if item.kind == "der":
        place = item.chromosomes.index(item.origin[0])
        return [(item.origin[0], item.bands[place][0])]
    if item.kind == "add" and (item.chromosomes[0], item.bands[0][0]) in (("5", "q"), ("17", "p")):
        return [(item.chromosomes[0], item.bands[0][0])]
    return []


def findings_of(item: Item) -> tuple[str, ...]:
    """Name what one change makes present."""
    if item.kind == "number":
        table = LOST_CHROMOSOME if item.sign == "-" else GAINED_CHROMOSOME
        return (table[item.chromosomes[0]],) if item.chromosomes[0] in table else ()
    if item.kind in ("t", "inv"):
        chromosomes = item.chromosomes * 2 if item.kind == "inv" else item.chromosomes
        named = lesion_of_exchange(Item("t", chromosomes, item.bands))
        if named and (item.kind == "t" or named[0] in ("inv(16)", "inv(3)")):
            return named[1]
        return ()
    found = [LOST_ARM[arm] for arm in lost_arms(item) if arm in LOST_ARM]
    if (item.kind, item.chromosomes, item.bands[:1]) in (
        ("i", ("17",), ("q10",)),
        ("idic", ("17",), ("p11",)),
    ):
        found.append("i17q")
    return tuple(found)


def lesions_of(item: Item) -> set[str]:
    """Name the lesions of ELN 2022 of one change."""
    lesions = set()
    if item.kind in ("t", "inv"):
        chromosomes = item.chromosomes * 2 if item.kind == "inv" else item.chromosomes
        named = lesion_of_exchange(Item("t", chromosomes, item.bands))
        if named and named[0] and (item.kind == "t" or named[0] in ("inv(16)", "inv(3)")):
            lesions.add(named[0])
    words = {"minus5_del5q": "-5 or del(5q)", "minus7": "-7", "minus17_abn17p": "-17 or abn(17p)"}
    return lesions | {words[f] for f in findings_of(item) if f in words}


def is_structural(item: Item) -> bool:
    """Everything that is not a gained or lost whole chromosome; markers and rings are structural."""
    return item.kind != "number"


def is_monosomal(family: Family) -> str | None:
    """Two autosomal monosomies, or one beside a structural change; never in core-binding-factor leukaemia."""
    lesions = set().union(*map(lesions_of, family.items))
    if lesions & CORE_BINDING_FACTOR:
        return "no"
    lost = {i.chromosomes[0] for i in family.items if i.sign == "-" and i.chromosomes[0] not in "XY"}
    structural = [i for i in family.items if is_structural(i)]
    if len(lost) == 1 and structural and all(i.kind in ("dmin", "hsr") for i in structural):
        return None
    return "yes" if len(lost) >= 2 or (lost and structural) else "no"


def is_exempt(family: Family) -> bool | None:
    """A hyperdiploid karyotype with three or more trisomies and no structural change."""
    if any(is_structural(i) for i in family.items):
        return False
    gains = {i.chromosomes[0] for i in family.items if i.sign == "+"} - {"X", "Y"}
    copies = sum(family.changes[i.key] for i in family.items if i.sign == "+")
    if copies < 3:
        return False
    pure = len(gains) >= 3 and all(i.sign == "+" for i in family.items)
    return True if pure else None


def is_complex_eln(family: Family) -> str | None:
    """Three or more changes, no change that defines a class, not exempt as hyperdiploid."""
    if family.count < 3:
        return "no"
    lesions = set().union(*map(lesions_of, family.items))
    if lesions & DEFINES_A_CLASS:
        return "no"
    exempt = is_exempt(family)
    if (
        exempt is None
        or lesions & OPEN_BESIDE_COMPLEX
        or any("nup98_r" in findings_of(i) for i in family.items)
    ):
        return None
    return "no" if exempt else "yes"


def ipss_r_group(family: Family) -> str | None:
    """The row of Schanz 2012 that fits; where two fit, the worse."""
    items, n = family.items, family.count
    if n >= 3:
        return "poor" if n == 3 else "very_poor"
    named = {(i.kind + i.sign, i.chromosomes[0], i.bands[0][0]) for i in items if i.kind == "del"}
    lost = {i.chromosomes[0] for i in items if i.kind == "number" and i.sign == "-"}
    lesions = set().union(*map(lesions_of, items))
    if "7" in lost or lesions & {"inv(3)", "t(3q26;v)"} or ("del", "3", "q") in named:
        return "poor"
    # A derivative, isochromosome or addition that loses 5q or 7q is not del(5q) or del(7q) for everyone.
    like = {f for i in items if i.kind in ("der", "i", "dic", "add") for f in findings_of(i)}
    if like & {"minus5_del5q", "del7q", "del12p"}:
        return None
    if n == 2:
        if ("del", "7", "q") in named:
            return "poor"
        return "good" if ("del", "5", "q") in named else "intermediate"
    if lost == {"Y"} or ("del", "11", "q") in named:
        return "very_good"
    good = {("del", "5", "q"), ("del", "12", "p"), ("del", "20", "q")}
    return "good" if good & named else "intermediate"


def worst(groups: list[str | None]) -> str | None:
    """Return the worst of the clones' groups, `None` when one is not judged."""
    known = [g for g in groups if g is not None]
    if len(known) < len(groups):
        return "very_poor" if "very_poor" in known else None
    return max(known, key=WORST_LAST.index, default="good")


def some(answers: list[str | None]) -> str | None:
    """Yes if one family says yes, no if all say no."""
    if "yes" in answers:
        return "yes"
    return None if None in answers else "no"


def has_normal_cells(karyotype: Karyotype) -> bool:
    """Say whether a clone without acquired change was seen; one abnormal cell alone proves nothing."""
    places = range(len(karyotype.clones))
    return any(not any(map(is_acquired, effective(karyotype, place))) for place in places)


def one_family(found: list[Family]) -> list[Family]:
    """Join unrelated clones: some laboratories count the union."""
    joined = Family([place for family in found for place in family.members])
    for family in found:
        joined.changes |= family.changes
        joined.item |= family.item
    return [joined] if found else []


def slow_reading(karyotype: Karyotype, union: bool = False) -> dict[str, str | None]:
    """
    Read a well-formed karyotype by the letter of the rules.

    Parameters
    ----------
    karyotype : Karyotype
        What was seen.
    union : bool
        Count unrelated clones together, as some laboratories do, instead of taking the largest.

    Returns
    -------
    dict
        The judged columns of the command; `None` where laboratories differ. `eln2022_lesions` are sorted
        and parted by `; `; `abnormalities` likewise, copies repeated.
    """
    found = one_family(families(karyotype)) if union else families(karyotype)
    # A doubled set beside other changes is one of the points where laboratories differ.
    doubled = any(clone.tetraploid for clone in karyotype.clones)
    open_count = doubled and bool(found)
    items = [item for family in found for item in family.items]
    present = {finding for item in items for finding in findings_of(item)}
    count = max([family.count for family in found], default=0)
    monosomal, complex_eln = some([is_monosomal(f) for f in found]), some([is_complex_eln(f) for f in found])
    lesions = set().union(*map(lesions_of, items)) if items else set()
    lesions |= {
        word for word, answer in (("complex", complex_eln), ("monosomal", monosomal)) if answer == "yes"
    }
    if count >= 3 and complex_eln == "no" and any(is_exempt(f) and f.count >= 3 for f in found):
        lesions.add("hyperdiploid, not complex")
    judged = complex_eln is not None and monosomal is not None and not open_count
    ranged = any(item.most > item.times for item in items)
    group = worst([ipss_r_group(f) for f in found])
    return {
        "karyotype_result": "abnormal" if items or doubled else "normal",
        "abnormalities": None if ranged or doubled else abnormalities(found),
        "count": None if open_count else str(max(count, int(doubled))),
        "complex_count_ge3": None if open_count else "yes" if count >= 3 else "no",
        "complex_eln2022": None if open_count else complex_eln,
        "monosomal": monosomal,
        "ipss_r_group": None if doubled else group,
        "eln2022_lesions": "; ".join(sorted(lesions)) if judged else None,
        **{finding: "present" if finding in present else "absent" for finding in FINDINGS},
    }


def abnormalities(found: list[Family]) -> str:
    """List the changes of all families sorted, copies repeated."""
    copies: Counter = Counter()
    for family in found:
        copies |= Counter({printed(family.item[key], plain=True): n for key, n in family.changes.items()})
    return "; ".join(sorted(copies.elements()))
