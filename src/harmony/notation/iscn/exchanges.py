"""Recurring exchanges by their breakpoints: which string is which rearrangement, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from harmony.notation.iscn.model import Band, Item, Part

#: exact: the bands of the definition; near: the right arms and regions with another band; bare: no bands.
Fit = Literal["exact", "near", "bare", ""]
_ORDER: Final[tuple[Fit, ...]] = ("exact", "near", "bare", "")


@dataclass(frozen=True, slots=True)
class End:
    """One breakpoint of a definition: chromosome, arm, its bands, and the bands that are still accepted."""

    chromosome: str
    arm: str
    bands: tuple[str, ...]
    near: tuple[str, ...] = ()

    def fit(self, breaks: Sequence[Band]) -> Fit:
        """Return how well one of the written breakpoints of the chromosome fits."""
        if not breaks or all(not band.band for band in breaks):
            arms = {band.arm for band in breaks}
            return "bare" if not arms or self.arm in arms or "?" in arms else ""
        if any(band.covers(self.arm, self.bands) for band in breaks):
            return "exact"
        return "near" if any(band.covers(self.arm, (*self.bands, *self.near)) for band in breaks) else ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A recurring rearrangement: its name in ISCN, its kinds of change, and its breakpoints."""

    name: str
    kinds: tuple[str, ...]
    ends: tuple[End, ...]

    def fit(self, item: Item) -> Fit:
        """Return how well a change, also three-way or as a derivative, fits the definition."""
        return min((self._fit_part(part) for part in item.parts), key=_ORDER.index, default="")

    def _fit_part(self, part: Part) -> Fit:
        if part.kind not in self.kinds:
            return ""
        wanted = [end.chromosome for end in self.ends]
        if any(wanted.count(name) > self._places(part, name) for name in wanted):
            return ""
        if len(self.ends) == 2 and wanted[0] == wanted[1]:
            return _two_on_one(self.ends, part.breaks_of(wanted[0]))
        fits = [end.fit(part.breaks_of(end.chromosome)) for end in self.ends]
        return max(fits, key=_ORDER.index)

    def _places(self, part: Part, name: str) -> int:
        places = part.chromosomes.count(name)
        # An inversion, or an insertion into the same chromosome, breaks one chromosome twice.
        return 2 * places if part.kind in ("inv", "ins") else places


def _two_on_one(ends: Sequence[End], breaks: tuple[Band, ...]) -> Fit:
    """Fit two breakpoints on one chromosome, in either order: inv(16)(p13q22), t(3;3)(q21;q26)."""
    if not any(band.band for band in breaks):
        return "bare"
    best: Fit = ""
    for one in range(len(breaks)):
        for other in range(len(breaks)):
            if one == other:
                continue
            both = (ends[0].fit((breaks[one],)), ends[1].fit((breaks[other],)))
            best = min(best, max(both, key=_ORDER.index), key=_ORDER.index)
    return best


def _bands(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, last + 1))


_Q2: Final = _bands(21, 26)
_T: Final = ("t", "ins")

#: Breakpoints as in ELN 2022 (Döhner et al., Blood 2022;140:1345), WHO 2022 and ICC 2022.
T_8_21: Final = Exchange(
    "t(8;21)", _T, (End("8", "q", ("22",), _Q2), End("21", "q", ("22",), _bands(21, 23)))
)
INV_16: Final = Exchange(
    "inv(16)",
    ("inv", "t", "ins"),
    (End("16", "p", ("13",), _bands(11, 13)), End("16", "q", ("22",), _bands(21, 24))),
)
T_15_17: Final = Exchange(
    "t(15;17)",
    _T,
    (End("15", "q", ("22", "23", "24"), _bands(21, 26)), End("17", "q", ("11", "12", "21"), _bands(11, 25))),
)
T_9_11: Final = Exchange(
    "t(9;11)", _T, (End("9", "p", ("21", "22"), _bands(21, 24)), End("11", "q", ("23",), ("22", "24")))
)
T_6_9: Final = Exchange(
    "t(6;9)", _T, (End("6", "p", ("22", "23"), _bands(21, 25)), End("9", "q", ("34",), _bands(31, 34)))
)
T_9_22: Final = Exchange(
    "t(9;22)", _T, (End("9", "q", ("34",), _bands(31, 34)), End("22", "q", ("11",), _bands(11, 13)))
)
T_8_16: Final = Exchange(
    "t(8;16)", _T, (End("8", "p", ("11",), ("12", "10")), End("16", "p", ("13",), _bands(11, 13)))
)
INV_3: Final = Exchange(
    "inv(3)",
    ("inv", "t", "ins"),
    (End("3", "q", ("21",), ("13", "22", "23", "24")), End("3", "q", ("26",), ("25", "27"))),
)
T_3Q26: Final = Exchange("t(3q26;v)", _T, (End("3", "q", ("26",)),))
T_11Q23: Final = Exchange("t(v;11q23)", _T, (End("11", "q", ("23",)),))
T_11P15: Final = Exchange("t(v;11p15)", ("t", "ins", "inv"), (End("11", "p", ("15",)),))
#: Partners of NUP98 that are meant where no band is written: HOXA9 and NSD1.
_BARE_NUP98: Final = ("7", "5")

#: Lymphoid diseases: WHO 2022 and ICC 2022 entities, IMWG and CLL criteria.
T_12_21: Final = Exchange(
    "t(12;21)", _T, (End("12", "p", ("13",), ("12",)), End("21", "q", ("22",), ("21",)))
)
T_1_19: Final = Exchange("t(1;19)", _T, (End("1", "q", ("23",), _bands(21, 25)), End("19", "p", ("13",))))
T_17_19: Final = Exchange(
    "t(17;19)", _T, (End("17", "q", ("21", "22", "23"), ("25",)), End("19", "p", ("13",)))
)
T_4_11: Final = Exchange(
    "t(4;11)", _T, (End("4", "q", ("21",), _bands(21, 25)), End("11", "q", ("23",), ("22", "24")))
)
T_5_14: Final = Exchange("t(5;14)", _T, (End("5", "q", ("31", "32")), End("14", "q", ("32",))))
T_4_14: Final = Exchange("t(4;14)", _T, (End("4", "p", ("16",)), End("14", "q", ("32",))))
T_11_14: Final = Exchange("t(11;14)", _T, (End("11", "q", ("13",)), End("14", "q", ("32",))))
T_14_16: Final = Exchange("t(14;16)", _T, (End("14", "q", ("32",)), End("16", "q", ("23",), ("22", "24"))))
T_14_20: Final = Exchange("t(14;20)", _T, (End("14", "q", ("32",)), End("20", "q", ("11", "12"), ("13",))))
T_6_14: Final = Exchange("t(6;14)", _T, (End("6", "p", ("21",)), End("14", "q", ("32",))))
T_14_18: Final = Exchange("t(14;18)", _T, (End("14", "q", ("32",)), End("18", "q", ("21",))))
T_8_14: Final = Exchange("t(8;14)", _T, (End("8", "q", ("24",)), End("14", "q", ("32",))))

#: Partners of KMT2A whose derivative alone is enough to see the fusion, and that are meant where no band is
#: written (Meyer et al., Leukemia 2018;32:273).
KMT2A_PARTNERS: Final = {
    "1": ("p32", "q21"), "4": ("q21",), "6": ("q27", "q21"), "9": ("p21", "p22"), "10": ("p11", "p12", "p13"),
    "17": ("q12", "q21", "q25"), "19": ("p13",), "X": ("q13", "q24"), "22": ("q13",), "2": ("p21",),
    "3": ("q28",),
    "16": ("p13",), "15": ("q14", "q15"),
}  # fmt: skip
_BARE_KMT2A: Final = ("4", "6", "9", "19")


@lru_cache(maxsize=65536)
def kmt2a_fit(item: Item) -> Fit:
    """
    Return whether a change rearranges 11q23 with another chromosome.

    A balanced exchange with any partner does; an unbalanced derivative only with a known partner of KMT2A,
    because loss behind 11q23 in a complex karyotype is something else.
    """
    fit = T_11Q23.fit(item)
    if fit == "exact" and item.parts[0].kind in T_11Q23.kinds:
        others = [name for name in item.parts[0].chromosomes if name != "11"]
        return "exact" if others else ""
    if fit == "exact" and any(_with_partner(part) for part in item.parts):
        return "exact"
    if fit == "bare" and item.parts and item.parts[0].kind == "t":
        part = item.parts[0]
        known = any(name in _BARE_KMT2A for name in part.chromosomes) and not any(part.breaks)
        return "bare" if known else ""
    return ""


def nup98_fit(item: Item) -> Fit:
    """Return whether a change rearranges 11p15; without bands only with the two commonest partners."""
    fit = T_11P15.fit(item)
    if fit != "bare":
        return fit
    part = item.parts[0]
    known = part.kind == "t" and not any(part.breaks) and any(n in _BARE_NUP98 for n in part.chromosomes)
    return "bare" if known else ""


def mecom_fit(item: Item) -> Fit:
    """Return whether a change rearranges 3q26; without bands only t(3;21)."""
    fit = T_3Q26.fit(item)
    if fit != "bare":
        return "exact" if fit == "exact" else ""
    return "bare" if any(p.kind == "t" and p.chromosomes == ("3", "21") for p in item.parts) else ""


def is_open_exchange(item: Item, chromosome: str) -> bool:
    """Return whether an exchange of a chromosome has no band that says which gene it breaks."""
    return any(
        part.kind in _T and chromosome in part.chromosomes and not part.breaks_of(chromosome)
        for part in item.parts
    )


def _with_partner(part: Part) -> bool:
    return any(
        band.covers(place[0], (place[1:],))
        for name in part.chromosomes
        for place in KMT2A_PARTNERS.get(name, ())
        for band in part.breaks_of(name)
    )
