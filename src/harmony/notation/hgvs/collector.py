"""Decides which gene, change, number and word of a cell belong to one variant."""

from __future__ import annotations

import copy

from harmony.notation.hgvs.alleles import Description
from harmony.notation.hgvs.draft import Draft
from harmony.notation.hgvs.elements import Accession, Named
from harmony.notation.hgvs.fusions import known_fusion
from harmony.notation.hgvs.model import Change, Kind, Result

#: Separators that list things of equal rank.
LISTING = (",", "/", "+", "&")
#: Words that speak of a whole gene and so cannot deny one named change.
OF_GENE = frozenset(
    {"wt", "wild", "wildtype", "wild-type", "wildtyp", "type", "tipo", "sauvage", "unmutated"}
)


class Collector:
    """
    Gathers what a cell names into drafts.

    Attributes
    ----------
    drafts : list of Draft
        Closed ones, in order.
    draft : Draft
        The one that is open.
    """

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.draft = Draft()
        self.separator = ""
        self.joint = ""
        self.negator = False
        self.tainted = False
        self.pending_vaf = ""

    def separate(self, separator: str) -> None:
        """Take notice of what stands between two words."""
        if separator not in ("", " "):
            self.separator = separator
            self.joint = ""
            if self.negator:
                self._drop_negator()
            self.tainted = self.tainted and separator != ";"
            self.draft.broken = self.draft.broken or separator in (";", "/")
            if separator == ";" and (self.draft.result is not None or not self.draft.described):
                self.close()

    def _drop_negator(self) -> None:
        """Give up a negative word that met nothing to deny; up to the next `;` it may deny what follows."""
        self.draft.note("negation_not_read")
        self.negator = False
        self.tainted = True

    def _taint(self) -> None:
        """`neither NPM1 nor FLT3 mutated`: what is found after a lost negative word is unknown."""
        if self.tainted:
            self.draft.note("negation_scope")
            self.draft.result = "unknown"

    def gene(self, named: Named, joint: str) -> None:
        """
        Take a gene; `joint` is what directly follows it in the word.

        A hyphen or `::` between two genes makes a fusion; a list before one result shares it.
        """
        draft = self.draft
        entry = (named.gene, named.written)
        bare = not draft.described and draft.result is None and not draft.vaf
        pair = (draft.genes[0][0], named.gene) if len(draft.genes) == 1 else (None, None)
        if draft.genes and bare and (self.joint or (self.separator == "/" and known_fusion(*pair))):
            draft.genes.append(entry)
            draft.fused, draft.special = True, "fusion"
        elif draft.genes and bare and (named.gene, named.written) in draft.genes:
            self.separator = ""
        elif draft.genes and self.separator in LISTING and (bare or draft.result_first):
            draft.genes.append(entry)
        elif not draft.genes and (not draft.described or self.separator == ""):
            draft.genes.append(entry)
            draft.result_first = draft.result is not None
        else:
            self._next()
            self.draft.genes.append(entry)
        self.joint = joint if joint in ("-", "::") else ""
        self.separator = ""

    def reference(self, accession: Accession) -> None:
        """Take a reference sequence; one for a level that has a change already begins the next variant."""
        draft = self.draft
        taken = draft.protein if accession.level == "p" else draft.coding
        other = draft.references.get(accession.level)
        if taken is not None and other is not None and other.text != accession.text:
            self._next(keep_genes=True)
        self.draft.references.setdefault(accession.level, accession)
        if not accession.version:
            self.draft.note("version_missing")

    def describe(self, description: Description) -> None:
        """Take the change or the allele of a description."""
        members = [c for c in description.changes if c.span is not None] or list(description.changes[:1])
        self.draft.note(*description.legacy)
        if len(members) > 1:
            self._allele(description, members)
            return
        self.change(members[0])
        if len(description.changes) > 1:
            self._mark_allele(self.draft, description)

    def _allele(self, description: Description, members: list[Change]) -> None:
        """Take several changes; those of the protein go to the variants of a DNA allele just before."""
        before = [*self.drafts, self.draft][-len(members) :]
        fits = len(before) == len(members) and all(d.allele and d.protein is None for d in before)
        if description.level == "p" and fits:
            for draft, change in zip(before, members, strict=True):
                draft.put(change)
            return
        for change in members:
            if self.draft.described:
                self._next(keep_genes=True)
            self.draft.put(change)
            self._mark_allele(self.draft, description)

    @staticmethod
    def _mark_allele(draft: Draft, description: Description) -> None:
        draft.allele = draft.allele or description.allele
        draft.note("allele_of_several")

    def change(self, change: Change) -> None:
        """Take one change: the other level of the open variant, or the next variant of the same gene."""
        draft = self.draft
        if len(draft.genes) > 1 and not draft.fused:
            self._last_gene_only()
            draft = self.draft
        if (
            draft.special in ("itd", "ptd", "fusion") and not draft.described_by_form and self.separator
        ) or not draft.accepts(change):
            self._next(keep_genes=True)
        self._contradicts()
        self.draft.put(change)
        self._taint()
        self.separator = self.joint = ""

    def _contradicts(self) -> None:
        """`NPM1 wt W288fs` says two things; `negative for NPM1 W288fs` names what was looked for."""
        draft = self.draft
        if draft.result == "wild_type" and draft.genes and not draft.result_first and not draft.described:
            draft.note("says_both")
            draft.result = "unknown"

    def special(self, kind: Kind, length: int | None) -> None:
        """Take an internal or partial tandem duplication that was named without its bases."""
        if self.draft.special == kind:
            self.draft.length = self.draft.length or length
            return
        if len(self.draft.genes) > 1 and not self.draft.fused:
            self._last_gene_only()
        if self.draft.described:
            self._next(keep_genes=True)
        self._contradicts()
        self.draft.special = kind
        self.draft.length = length
        self._taint()
        self.separator = self.joint = ""

    def _last_gene_only(self) -> None:
        """Leave every listed gene but the last without a result: the change belongs to the last one."""
        draft = self.draft
        for entry in draft.genes[:-1]:
            result = draft.result if draft.result_first else None
            self.drafts.append(Draft(genes=[entry], result=result))
        draft.genes = draft.genes[-1:]

    def vaf(self, written: str) -> None:
        """Take an allele fraction: of the open variant, or of the next one when none is open."""
        if self.draft.empty:
            self.pending_vaf = written
        elif self.draft.vaf and self.draft.vaf != written:
            self.draft.note("two_vafs")
        else:
            self.draft.vaf = written

    def mention(self) -> None:
        """Take a word such as `mutation`, which says found only when nothing else is said."""
        if self.negator:
            self.says("wild_type", "")
        else:
            self.draft.mentioned = True
            self._taint()

    def says(self, result: Result, word: str) -> None:
        """Take a word of result."""
        draft = self.draft
        if self.negator and result == "variant":
            result = "wild_type"
        if result in ("variant", "wild_type"):
            self.negator = False
        if draft.result not in (None, result) or (
            result == "wild_type" and draft.described and word in OF_GENE
        ):
            draft.note("says_both")
            draft.result = "unknown"
        else:
            draft.result = result
        if result == "variant":
            self._taint()
        if result == "wild_type":
            self._scope(word)

    def _scope(self, word: str) -> None:
        """Settle what a negative word covers: `JAK2 V617F, CALR negative` may deny both."""
        draft = self.draft
        if draft.described:
            draft.note("only_this_change_looked_for")
        if draft.described or word in OF_GENE or not self.drafts or draft.separator not in LISTING:
            return
        for before in self.drafts:
            if before.described and before.result is None and not before.vaf:
                before.note("negation_scope")
                before.result = "unknown"
                draft.note("negation_scope")

    def doubt(self) -> None:
        """Take a word that makes the finding doubtful."""
        self.draft.note("doubtful")

    def unread(self) -> None:
        """Count a word that nothing was made of."""
        self.draft.unread += 1

    def _next(self, keep_genes: bool = False) -> None:
        before, separator = self.draft, self.separator
        self.close()
        if keep_genes and not before.fused:
            self.draft.genes = list(before.genes[-1:])
            self.draft.references = {k: v for k, v in before.references.items()}
        self.draft.separator = separator

    def end(self) -> None:
        """Finish the last draft; a figure that is left over belongs to it."""
        self.close()
        if self.pending_vaf and self.drafts and not self.drafts[-1].vaf:
            self.drafts[-1].vaf = self.pending_vaf

    def close(self) -> None:
        """Finish the open draft; a list of genes becomes one draft each."""
        draft = self.draft
        if self.negator:
            self._drop_negator()
        if self.pending_vaf and not draft.vaf and not draft.empty:
            draft.vaf, self.pending_vaf = self.pending_vaf, ""
        if len(draft.genes) > 1 and not draft.fused:
            for entry in draft.genes:
                one = copy.copy(draft)
                one.genes, one.problems = [entry], list(draft.problems)
                self.drafts.append(one)
        elif not draft.empty:
            self.drafts.append(draft)
        elif self.drafts:
            # Words and figures after a closed variant may still speak of it.
            last = self.drafts[-1]
            last.note(*draft.problems)
            last.unread += draft.unread
        self.draft = Draft()
