"""One variant while its cell is being read, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field

from harmony.notation.hgvs.consequence import consequence, levels_agree
from harmony.notation.hgvs.elements import Accession
from harmony.notation.hgvs.genes import Gene
from harmony.notation.hgvs.model import Change, Confidence, Consequence, Kind, Result, Status, Variant

#: Mended without any choice, so that confidence stays medium; every other code makes it low.
PLAIN_REPAIRS = frozenset(
    [
        "one_letter",
        "case_of_level",
        "case_of_bases",
        "case_of_residues",
        "x_as_stop",
        "stop_as_word",
        "bases_repeated",
        "length_repeated",
        "arrow",
        "level_missing_protein",
        "point_missing",
        "old_word",
        "same_residue",
        "old_order",
        "several_bases_as_substitution",
        "substitution_as_delins",
        "conversion",
        "range_mended",
        "inserted_length",
        "extension_residue",
        "stop_word_missing",
        "stop_distance_missing",
        "symbol_previous",
        "symbol_alias",
        "symbol_case",
        "symbol_hyphen",
        "gene_not_in_table",
        "look_alike_letters",
        "typographic_minus",
        "typographic_arrow",
        "typographic_sign",
        "control_characters",
        "spaces_inside",
        "agreed_name",
        "ivs",
        "gene_missing",
    ]
)
#: Facts worth saying that change nothing in how sure the reading is.
REMARKS = frozenset(
    [
        "parentheses_outside",
        "allele_of_several",
        "allelic_ratio_not_vaf",
        "vaf_unit_unclear",
        "genomic_form_also",
        "only_this_change_looked_for",
        "only_part_looked_for",
        "protein_on_transcript",
        "gene_missing",
        "one_cell_several",
        "version_missing",
    ]
)
#: Levels whose accession serves a level, best first.
REFERENCE_LEVELS = {
    "p": ("p", "c"),
    "c": ("c", "g"),
    "r": ("c",),
    "n": ("n", "c", "g"),
    "g": ("g",),
    "m": ("g",),
}
#: Changes that can lie in several places of a stretch that repeats itself.
SHIFTABLE = frozenset(["deletion", "duplication", "insertion", "delins", "repeat"])
#: Codes of statements that contradict themselves or doubt what they name.
UNCLEAR = frozenset({"negation_not_read", "doubtful", "says_both", "negation_scope"})


@dataclass(slots=True)
class Draft:
    """A variant in the making; `genes` holds all that are named before a result, or a fusion's."""

    genes: list[tuple[Gene | None, str]] = field(default_factory=list)
    fused: bool = False
    references: dict[str, Accession] = field(default_factory=dict)
    coding: Change | None = None
    protein: Change | None = None
    allele: str = ""
    result: Result | None = None
    special: Kind | None = None
    name: str = ""
    given: tuple[Consequence, str] | None = None
    length: int | None = None
    vaf: str = ""
    problems: list[str] = field(default_factory=list)
    unread: int = 0
    mentioned: bool = False
    result_first: bool = False
    broken: bool = False
    limited: bool = False
    separator: str = ""

    @property
    def described(self) -> bool:
        """Tell whether a change was named."""
        return self.coding is not None or self.protein is not None or self.special is not None

    @property
    def described_by_form(self) -> bool:
        """Tell whether a change was written out, not only named."""
        return self.coding is not None or self.protein is not None

    @property
    def empty(self) -> bool:
        """Tell whether nothing at all was put in."""
        return not (
            self.genes or self.references or self.described or self.result or self.vaf or self.mentioned
        )

    def note(self, *codes: str) -> None:
        """Add codes that are not there yet."""
        for code in codes:
            if code not in self.problems:
                self.problems.append(code)

    def accepts(self, change: Change) -> bool:
        """Tell whether a change is the other level of this variant rather than the next variant."""
        if change.level == "p":
            if self.protein is not None:
                return _same_place(self.protein, change)
            if self.coding is None:
                return True
            agreed = levels_agree(self.coding, change)
        else:
            if self.coding is not None:
                return self.coding.body == change.body or {self.coding.level, change.level} == {"c", "g"}
            if self.protein is None:
                return True
            agreed = levels_agree(change, self.protein)
        return agreed is True or not self.broken

    def put(self, change: Change) -> None:
        """Take a change in; a second form of the same change keeps the more detailed one."""
        self.note(*change.legacy)
        if change.level == "p":
            if self.protein is not None and len(self.protein.body) >= len(change.body):
                return
            self.protein = change
        elif self.coding is not None and self.coding.level != change.level:
            self.note("genomic_form_also")
            if change.level == "c":
                self.coding = change
        else:
            self.coding = change
        if (
            self.coding is not None
            and self.protein is not None
            and levels_agree(self.coding, self.protein) is False
        ):
            self.note("levels_disagree")

    def reference_for(self, level: str) -> str:
        """Return the accession of a level; of the transcript where the level has none of its own."""
        if not self.references:
            return ""
        for kind in REFERENCE_LEVELS[level]:
            if kind in self.references:
                return self.references[kind].text
        return ""

    def finish(self, cell_problems: tuple[str, ...]) -> Variant:
        """Return the variant with everything that follows from what was read."""
        gene, written, note = self._gene()
        printed = self.coding if self.coding is not None and self.coding.body else self.protein
        result = self._result()
        if self.limited and result == "wild_type" and not self.described:
            self.note("only_part_looked_for")
        kind = self._kind()
        what, source = self._consequence(kind)
        hgvs = ""
        if self.protein is printed and "c" in self.references and "p" not in self.references:
            self.note("protein_on_transcript")
        if printed is not None and printed.hgvs:
            reference = self.reference_for(printed.level)
            hgvs = f"{reference}:{printed.hgvs}" if reference else printed.hgvs
        self.note(*cell_problems)
        found = result in ("variant", "no_change")
        unchecked = self._unchecked(result)
        status = self._status(result, kind, hgvs)
        problems = tuple(self.problems)
        confidence = confidence_of(problems)
        if confidence == "high" and status == "partly_read":
            confidence = "medium"
        return Variant(
            status=status,
            result=result,
            gene=gene,
            gene_written=written,
            gene_note=note,
            reference=self.reference_for((self.coding or self.protein or _NO_CHANGE).level),
            coding=self.coding,
            protein=self.protein,
            allele=self.allele,
            kind=kind,
            consequence=what if found else "unknown",
            consequence_from=source if found else "",
            hgvs=hgvs if found else "",
            protein_change=self.protein.hgvs if self.protein and found else "",
            coding_change=self.coding.hgvs if self.coding and found else "",
            looked_for="" if found else hgvs,
            length=self.length,
            vaf_written=self.vaf,
            unchecked=unchecked,
            problems=problems,
            confidence=confidence,
        )

    def _result(self) -> Result:
        if "negation_not_read" in self.problems or "doubtful" in self.problems:
            return "unknown"
        if self.result is not None:
            return self.result
        if self.protein is None and self.coding is not None and self.coding.kind == "no_change":
            return "no_change"
        return "variant" if self.described or self.mentioned else "unknown"

    def _kind(self) -> Kind:
        if self.special is not None and self.coding is None and self.protein is None:
            return self.special
        first = self.coding if self.coding is not None else self.protein
        if first is None:
            return "unknown"
        if first.kind == "unknown" and self.protein is not None:
            return self.protein.kind
        return first.kind

    def _consequence(self, kind: Kind) -> tuple[Consequence, str]:
        found, source = consequence(self.coding, self.protein)
        if found == "unknown" and self.given is not None:
            return self.given
        return ("unknown", "") if kind in ("itd", "ptd", "fusion") else (found, source)

    def _status(self, result: Result, kind: Kind, hgvs: str) -> Status:
        if self.unread or not UNCLEAR.isdisjoint(self.problems):
            return "partly_read"
        if result in ("wild_type", "not_tested", "failed"):
            return "no_result"
        if result == "unknown":
            return "no_result" if self.result == "unknown" else "partly_read"
        if hgvs or kind in ("itd", "ptd", "fusion"):
            return "read"
        return "partly_read"

    def _gene(self) -> tuple[str, str, str]:
        """Return current symbol, as written, and note; the parts of a fusion are joined by `::`."""
        if not self.genes:
            if self.described and not self.references:
                self.note("gene_missing")
            return "", "", ""
        gene, name = self.genes[0]
        if len(self.genes) == 1 and gene is not None and not gene.note:
            return gene.symbol, name, ""
        joint = "::" if self.fused else "/"
        written = joint.join(name for _, name in self.genes)
        known = [gene.symbol if gene else "" for gene, _ in self.genes]
        symbol = joint.join(known) if known and all(known) else ""
        notes: list[str] = []
        for gene, name in self.genes:
            if gene is None:
                self.note("gene_not_in_table")
                notes.append(f"{name}: not in our table")
            elif gene.note == "ambiguous":
                self.note("symbol_ambiguous")
                others = ", ".join(gene.others)
                choice = (
                    f"withdrawn symbol of {gene.symbol}, also a name of {others}"
                    if gene.symbol
                    else f"a name of {others}"
                )
                notes.append(f"{name}: {choice}")
            elif gene.note:
                self.note(f"symbol_{gene.note}")
                notes.append(f"{name}: now {gene.symbol}" if gene.note in ("previous", "alias") else "")
        return symbol, written, "; ".join(note for note in notes if note)

    def _unchecked(self, result: Result) -> tuple[str, ...]:
        if result not in ("variant", "no_change") or not self.described:
            return ()
        found: list[str] = []
        if self.coding is not None or self.protein is not None:
            level = (self.coding or self.protein or _NO_CHANGE).level
            accession = self.references.get(level) or next(iter(self.references.values()), None)
            if accession is None:
                found.append("transcript")
            elif not accession.version:
                found.append("version")
            found += ["position", "reference_allele"]
        if any(c is not None and c.kind in SHIFTABLE for c in (self.coding, self.protein)):
            found.append("most_3prime")
        if self.coding is not None and self.coding.kind != "no_change":
            found.append("protein_of_coding")
        if self.special in ("itd", "ptd"):
            found.append("inserted_sequence")
        if self.special == "fusion":
            found.append("breakpoints")
        return tuple(found)


_NO_CHANGE = Change("c", "unknown")


def _same_place(first: Change, second: Change) -> bool:
    if first.body == second.body:
        return True
    if first.span is None or second.span is None:
        return False
    # `W288fs` beside `p.Trp288CysfsTer12`, `R882` beside `R882H`: one is the shorter form of the other.
    shorter = first.kind == second.kind == "frameshift" or "" in (first.body, second.body)
    return shorter and first.span.start == second.span.start


def confidence_of(problems: tuple[str, ...]) -> Confidence:
    """Return high without repairs, medium with repairs that left no choice, low with any other."""
    serious = [p for p in problems if p not in REMARKS] if problems else ()
    if not serious:
        return "high"
    return "medium" if all(p in PLAIN_REPAIRS for p in serious) else "low"
