"""What is read out of a variant description: positions, one change, one variant, one cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["read", "partly_read", "no_result", "not_variant", "unreadable"]
Result = Literal["variant", "no_change", "wild_type", "not_tested", "failed", "unknown", "empty"]
Level = Literal["c", "g", "n", "m", "r", "p"]
Confidence = Literal["high", "medium", "low"]
Kind = Literal[
    "substitution",
    "deletion",
    "duplication",
    "insertion",
    "delins",
    "inversion",
    "repeat",
    "frameshift",
    "extension",
    "nonsense",
    "synonymous",
    "no_change",
    "no_protein",
    "itd",
    "ptd",
    "fusion",
    "unknown",
]
Consequence = Literal[
    "missense",
    "nonsense",
    "frameshift",
    "inframe_deletion",
    "inframe_insertion",
    "inframe_duplication",
    "inframe_delins",
    "synonymous",
    "start_lost",
    "stop_lost",
    "extension",
    "no_protein",
    "splice_site",
    "non_coding",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Point:
    """
    One position.

    Attributes
    ----------
    number : int or None
        Base or residue number, 1 or more; None is an unknown place (`?`).
    region : str
        Empty; `-` before the start codon; `*` after the stop codon; `pter`, `qter` or `cen`.
    offset : int
        Bases into the intron: positive after an exon, negative before one, 0 within the exon.
    vague : str
        `+?` or `-?` when the place in the intron is unknown.
    residue : str
        Three-letter residue of a protein position, else empty.
    """

    number: int | None
    region: str = ""
    offset: int = 0
    vague: str = ""
    residue: str = ""

    @property
    def intronic(self) -> bool:
        """Tell whether the position lies in an intron."""
        return self.offset != 0 or self.vague != ""

    def __str__(self) -> str:
        if self.region in ("pter", "qter", "cen"):
            return self.region
        number = "?" if self.number is None else str(self.number)
        offset = self.vague or (f"{self.offset:+d}" if self.offset else "")
        return f"{self.residue}{self.region}{number}{offset}"


@dataclass(frozen=True, slots=True)
class Span:
    """
    Where a change lies.

    Attributes
    ----------
    start, end : Point
        The same point for a change of one position. Of an uncertain border the outer point.
    start_inner, end_inner : Point or None
        The inner points of uncertain borders: `(start_start_inner)_(end_inner_end)`.
    uncertain : bool
        The change lies somewhere between start and end: `(100_200)del`.
    """

    start: Point
    end: Point
    start_inner: Point | None = None
    end_inner: Point | None = None
    uncertain: bool = False

    @property
    def single(self) -> bool:
        """Tell whether the span is one position."""
        return (self.start is self.end or self.start == self.end) and not self.uncertain

    def __str__(self) -> str:
        if self.uncertain:
            return f"({self.start}_{self.end})"
        start = f"({self.start}_{self.start_inner})" if self.start_inner else str(self.start)
        end = f"({self.end_inner}_{self.end})" if self.end_inner else str(self.end)
        return start if self.start == self.end and start == end else f"{start}_{end}"


@dataclass(frozen=True, slots=True)
class Change:
    """
    One change at one level (DNA, RNA or protein).

    Attributes
    ----------
    level : str
        c, g, n, m, r or p.
    kind : str
        What happened, by the terms of the recommendations.
    span : Span or None
        None where the form has no place (`p.?`, `p.0`, `c.=`).
    reference, alternative : str
        Bases or three-letter residues as far as written.
    length : int or None
        Bases or residues put in (insertion, duplication, delins); None when not known.
    predicted : bool
        In parentheses: not seen on the protein or RNA, deduced from DNA.
    body : str
        The printed change without level and parentheses, as `882Arg` or `1849G>T`; empty when the
        written form cannot be printed without a guess.
    legacy : tuple of str
        Codes of old or loose ways of writing that were mended.
    """

    level: Level
    kind: Kind
    span: Span | None = None
    reference: str = ""
    alternative: str = ""
    length: int | None = None
    predicted: bool = False
    body: str = ""
    legacy: tuple[str, ...] = ()

    @property
    def hgvs(self) -> str:
        """Return the printed form with its level; empty when it cannot be printed without a guess."""
        if not self.body:
            return ""
        return f"{self.level}.({self.body})" if self.predicted else f"{self.level}.{self.body}"


@dataclass(frozen=True, slots=True)
class Variant:
    """
    One variant of a cell, or one statement that a gene was normal or not tested.

    Attributes
    ----------
    status, result : str
        How far it was read, and what the report says.
    gene, gene_written, gene_note : str
        Current symbol (empty when not in our table), as written, and why they differ. A fusion has
        both genes, parted by `::`.
    reference : str
        Accession with version as written: `NM_004972.4`.
    coding, protein : Change or None
        The change of DNA or RNA (c, g, n, m, r), and of the protein.
    allele : str
        The whole bracket when the change was one of several: `c.[35G>A;38G>A]`.
    kind, consequence : str
        What happened, and its class for the protein.
    consequence_from : str
        `protein`, `coding` (intron, untranslated, or length of the change), `name` (an agreed name such as
        NPM1 type A) or empty.
    hgvs, protein_change, coding_change : str
        Printed forms; empty when they cannot be printed without a guess, and when the change was not found.
    looked_for : str
        The printed form of a change that was named and not found, not tested, or doubtful.
    length : int or None
        Base pairs of an internal tandem duplication.
    vaf : float or None
        Fraction from 0 to 1; None when absent or when per cent and fraction cannot be told apart.
    vaf_written : str
        The number as written, with its sign.
    unchecked : tuple of str
        What only a reference sequence could tell (codes of `harmony.notation.hgvs.explain.UNCHECKED`).
    problems : tuple of str
        Codes of `harmony.notation.hgvs.explain.PROBLEMS`; among them every mended old form.
    confidence : str
        high: modern form. medium: mended without choice. low: read with a choice that may be wrong.
    """

    status: Status
    result: Result
    gene: str = ""
    gene_written: str = ""
    gene_note: str = ""
    reference: str = ""
    coding: Change | None = None
    protein: Change | None = None
    allele: str = ""
    kind: Kind = "unknown"
    consequence: Consequence = "unknown"
    consequence_from: str = ""
    hgvs: str = ""
    protein_change: str = ""
    coding_change: str = ""
    looked_for: str = ""
    length: int | None = None
    vaf: float | None = None
    vaf_written: str = ""
    unchecked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    confidence: Confidence = "high"

    @property
    def predicted(self) -> bool | None:
        """Tell whether the protein change was deduced (True) or written as seen (False); None without one."""
        return None if self.protein is None else self.protein.predicted


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What one cell says.

    Attributes
    ----------
    text, cleaned : str
        As written, and after look-alike letters and signs were replaced.
    status, result, confidence : str
        The weakest of the variants' ones; `result` is `variant` when any variant was found.
    variants : tuple of Variant
        In the order of the text; statements without a variant (wild type, not tested) are among them.
    problems : tuple of str
        Codes that concern the cell; those of a variant are with the variant.
    """

    text: str
    cleaned: str
    status: Status
    result: Result
    variants: tuple[Variant, ...]
    problems: tuple[str, ...]
    confidence: Confidence

    @property
    def gene(self) -> str:
        """Return the first variant's current gene symbol, empty without one."""
        return self.variants[0].gene if self.variants else ""

    @property
    def hgvs(self) -> str:
        """Return the printed variants, parted by `; `, without those that cannot be printed."""
        return "; ".join(v.hgvs for v in self.variants if v.hgvs)
