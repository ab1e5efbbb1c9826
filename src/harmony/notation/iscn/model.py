"""
What a karyotype is made of: clones of cells, their changes, and the parts and bands of a change.

Chromosomes are text: "1" to "22", "X", "Y", or "?" for one that the laboratory could not name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

Arm = Literal["p", "q", "?"]

#: gain and loss: a whole chromosome; structural: one rearranged chromosome or exchange; marker: markers,
#: rings without a number, double minutes, homogeneously staining regions; doubling: the whole set twice;
#: variant: a heteromorphism; incomplete: `inc`; unread: text that no rule reads.
ItemKind = Literal[
    "gain", "loss", "structural", "marker", "doubling", "variant", "incomplete", "related", "unread"
]

AUTOSOMES: Final = tuple(str(number) for number in range(1, 23))
SEX_CHROMOSOMES: Final = ("X", "Y")


@dataclass(frozen=True, slots=True)
class Band:
    """
    One breakpoint: arm, region and band as written, and the highest of a range (`p22~23`).

    `band` is "" where only the arm is known; digits behind the point (sub-bands) are kept apart because
    laboratories differ in resolution and no rule depends on them.
    """

    arm: Arm
    band: str = ""
    sub: str = ""
    upto: str = ""
    doubt: bool = False

    def covers(self, arm: str, bands: tuple[str, ...]) -> bool:
        """Return whether the breakpoint can lie in one of `bands` of `arm`, without regard to sub-bands."""
        if self.arm != arm or not self.band:
            return False
        if self.upto:
            return any(self.band <= band <= self.upto for band in bands)
        return self.band in bands if len(self.band) > 1 else any(b.startswith(self.band) for b in bands)

    def __str__(self) -> str:
        if self.arm == "?" and self.band == "10":
            return "cen"
        mark = "?" if self.doubt and self.arm != "?" else ""
        text = f"{self.arm}{mark}{self.band}" + (f".{self.sub}" if self.sub else "")
        return f"{text}~{self.upto}" if self.upto else text


@dataclass(frozen=True, slots=True)
class Part:
    """
    One rearrangement: kind (t, inv, del ...), its chromosomes, and the breakpoints of each chromosome.

    `breaks` has one tuple per chromosome; a tuple is empty where no band was written. A deletion has one
    chromosome and one or two breakpoints.
    """

    kind: str
    chromosomes: tuple[str, ...]
    breaks: tuple[tuple[Band, ...], ...]

    def breaks_of(self, chromosome: str) -> tuple[Band, ...]:
        """Return every breakpoint on a chromosome; a chromosome may take part twice, as in t(3;3)."""
        return tuple(
            band
            for name, bands in zip(self.chromosomes, self.breaks, strict=True)
            if name == chromosome
            for band in bands
        )


@dataclass(frozen=True, slots=True)
class Item:
    """
    One change of a clone, as read.

    Attributes
    ----------
    kind : ItemKind
    text : str
        The change in ISCN form, without cell count and without the `c` of a constitutional change.
    chromosome : str
        The chromosome gained or lost; for a structural change the one that carries it, "" for an exchange.
    sign : +, - or ""
        As written before a structural change: an additional or a missing copy of it.
    parts : tuple of Part
    copies : int
        How often: `+8x2`, `+2mar`; the lower bound of a range.
    cells : int or None
        Metaphases with this change inside a composite clone, where written.
    uncertain : bool
        A question mark stood before it or in its bands.
    alternative : str
        Another reading that was offered with `or`; this is the first.
    constitutional : bool
        Present in every cell of the body; never counted.
    """

    kind: ItemKind
    text: str
    chromosome: str = ""
    sign: str = ""
    parts: tuple[Part, ...] = ()
    copies: int = 1
    cells: int | None = None
    uncertain: bool = False
    alternative: str = ""
    constitutional: bool = False

    def __hash__(self) -> int:
        # Changes are looked up very often; text and copies tell nearly all of them apart.
        return hash((self.text, self.copies, self.cells))

    @property
    def counted(self) -> bool:
        """Return whether the change counts as an acquired abnormality, clonality aside."""
        return not self.constitutional and self.kind in ("gain", "loss", "structural", "marker", "doubling")

    def once(self) -> Item:
        """Return the same change with one copy and without its own cell count: its identity across clones."""
        if self.copies == 1 and self.cells is None:
            return self
        return replace(self, copies=1, cells=None)


@dataclass(frozen=True, slots=True)
class Clone:
    """
    One clone: modal number, ploidy, sex chromosomes, its own changes and its cells.

    Attributes
    ----------
    low, high : int
        Modal number of chromosomes; equal unless a range was written; 0 when none was written.
    ploidy : int
        Sets of chromosomes that the changes are written against: 2 unless `<3n>` and the like.
    sex : str
        Sex chromosomes as written: "XX", "XY", "X", "" when none.
    related : str
        sl, sdl, sdl1 ..., idem, or "" for a clone written in full.
    times : int
        Copies of the related clone (`idemx2`).
    items : tuple of Item
        As written; after `inherit.resolve` with what was taken over.
    cells : int or None
    composite : bool
        `[cp10]`: cells together, not every change in every cell.
    donor : bool
        Cells after `//`: those of a transplant donor.
    inborn_sex : bool
        The sex chromosomes were written as constitutional (`45,Xc`).
    inherited : int
        Place of the clone that was taken over; -1 for none.
    """

    low: int
    high: int
    ploidy: int = 2
    sex: str = ""
    related: str = ""
    times: int = 1
    items: tuple[Item, ...] = ()
    cells: int | None = None
    composite: bool = False
    donor: bool = False
    inborn_sex: bool = False
    inherited: int = -1

    @property
    def modal(self) -> str:
        """Return the modal number as text, `43~45` for a range, "" when none was written."""
        if not self.low:
            return ""
        return str(self.low) if self.low == self.high else f"{self.low}~{self.high}"


@dataclass(frozen=True, slots=True)
class OtherMethod:
    """A section that is no banding result: `kind` is FISH, array, optical mapping or gene."""

    kind: str
    text: str


@dataclass(frozen=True)
class Karyotype:
    """
    The clones of a report in their order, and what else stood in it.

    Attributes
    ----------
    clones : tuple of Clone
    unread : tuple of str
        Text that may hold a change and was not read.
    other_methods : tuple of OtherMethod
        Sections of FISH, arrays, optical mapping and gene results.
    notes : tuple of str
        What was mended.
    remarks : tuple of str
        Words before the first clone and behind the last cell count: they cannot add to a result that is
        abnormal anyway.
    shorthand : bool
        Changes without any clone: `del7`, `t(8;21)`.
    """

    clones: tuple[Clone, ...] = ()
    unread: tuple[str, ...] = ()
    other_methods: tuple[OtherMethod, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    shorthand: bool = False

    @property
    def patient_clones(self) -> tuple[Clone, ...]:
        """Return the clones that are not a donor's."""
        return tuple(clone for clone in self.clones if not clone.donor)
