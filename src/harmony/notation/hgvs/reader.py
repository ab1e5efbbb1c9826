"""Reads the words of a cell one after the other."""

from __future__ import annotations

from harmony.notation.hgvs.alleles import described, has_prefix
from harmony.notation.hgvs.collector import Collector
from harmony.notation.hgvs.elements import (
    GLUE,
    bare_dna,
    bare_protein,
    database_identifier,
    read_accession,
    read_gene,
    read_ivs,
    symbol_shaped,
)
from harmony.notation.hgvs.model import Change, Level, Variant
from harmony.notation.hgvs.names import put_agreed_name, tandem_duplication
from harmony.notation.hgvs.numbers import DIGITS, is_marker, is_numbered, is_ratio, read_length, read_number
from harmony.notation.hgvs.tokens import Word, split_bracket, words_of
from harmony.notation.hgvs.words import TWO_MEANINGS, Meaning, clean_word, read_phrase

#: Brackets within brackets that are opened in one cell.
MAX_BRACKETS = 100
#: Steps for one cell; each takes at least one sign of it.
MAX_STEPS = 20_000
#: Words after which a number is the number of an exon, a class or a codon.
BEFORE_NUMBERS = frozenset(
    [
        "exon",
        "exons",
        "exón",
        "introne",
        "intron",
        "class",
        "classe",
        "clase",
        "klasse",
        "tier",
        "codon",
        "type",
        "typ",
        "chr",
        "region",
    ]
)
#: Words that narrow a search to a part of the gene.
PARTS = frozenset(["tkd", "exon", "domain", "region", "codon", "hotspot", "intron"])
#: Residue number from which a bare `G1849T` may be the old way to write a base.
FAR_RESIDUE = 1000
#: Bases next to an exon that the invariant GT and AG of a splice site occupy.
SPLICE_BASES = 2


class CellReader:
    """
    Takes a cell apart.

    Parameters
    ----------
    text : str
        Cleaned text.

    Attributes
    ----------
    collector : Collector
        What was found.
    unread : int
        Words that nothing was made of.
    """

    def __init__(self, text: str) -> None:
        self.words = words_of(text)
        self.cleaned = [clean_word(word.text) for word in self.words]
        self.collector = Collector()
        self.unread = 0
        self.brackets = 0
        self.expects = ""

    def read(self, cell_problems: tuple[str, ...]) -> list[Variant]:
        """Read all words and return the variants, each with the problems of the whole cell."""
        at = steps = 0
        while at < len(self.words) and steps < MAX_STEPS:
            at += self._step(at)
            steps += 1
        self.unread += len(self.words) - at if at < len(self.words) else 0
        self.collector.end()
        return [draft.finish(cell_problems) for draft in self.collector.drafts]

    def _step(self, at: int) -> int:
        """Take what begins at a word; return how many words were used up."""
        self.collector.separate(self.words[at].separator)
        if self.expects == "number":
            self.expects = ""
            if is_numbered(self.cleaned[at]):
                return 1
        text = self.words[at].text
        if text.startswith(("c.", "p.")) and "ivs" not in text[:5].casefold():
            # No name, number or phrase begins so; most words of most columns do.
            taken = self._description(text)
            if taken:
                return self._rest(at, taken) if taken < len(text) else 1
        taken = put_agreed_name(self.collector, self.cleaned, at) or self._figure(at)
        if taken:
            return taken
        phrase = read_phrase(self.cleaned, at)
        if phrase is not None and not (phrase[1] == 1 and self._is_gene(at)):
            self._phrase(phrase[0], at)
            return phrase[1]
        return self._word(at)

    def _names_the_gene_maf(self, word: str, at: int) -> bool:
        """Return whether MAF is the gene, before a change, and not the minor allele fraction."""
        behind = self.words[at + 1].text if at + 1 < len(self.words) else ""
        return word == "maf" and self.words[at].text == "MAF" and behind.startswith(("c.", "p."))

    def _figure(self, at: int) -> int:
        """Take an allele fraction, an allelic ratio or the length of a tandem duplication."""
        word = self.cleaned[at]
        if is_ratio(word):
            self.expects = "ratio"
            self.collector.draft.note("allelic_ratio_not_vaf")
            return 1
        if is_marker(word) and not self._names_the_gene_maf(word, at):
            self.expects = "vaf"
            return 1
        if self.collector.draft.special in ("itd", "ptd"):
            length = read_length(self.cleaned, at)
            if length is not None:
                self.collector.draft.length = length[0]
                return length[1]
        glued = self.words[at].separator == "" and self.collector.draft.described
        number = read_number(self.words, at, self.expects != "" or glued)
        if number is None:
            return 0
        if self.expects != "ratio":
            self.collector.vaf(number[0])
        self.expects = ""
        return number[1]

    def _is_gene(self, at: int) -> bool:
        """Tell whether a word of the lists is written as a symbol: `MET`, `SET`; `WT` is none."""
        text = self.words[at].text
        return len(text) > 2 and text.isupper() and read_gene(text) is not None

    def _phrase(self, meaning: Meaning, at: int) -> None:
        first, collector = self.cleaned[at], self.collector
        if meaning == "qualifier":
            self.expects = "number" if first in BEFORE_NUMBERS else self.expects
            collector.draft.limited = collector.draft.limited or first in PARTS
        elif meaning == "joiner":
            collector.separate(",")
        elif meaning == "positive":
            collector.says("variant", first)
        elif meaning == "mention":
            collector.mention()
        elif meaning == "negator":
            collector.negator = True
        elif meaning == "doubt":
            collector.doubt()
        elif meaning == "unknown" and collector.draft.described and self.words[at].separator == "":
            # `…:0.41:unknown` tells the origin of the variant.
            return
        elif meaning != "other_negative":
            if meaning == "unknown" and first in TWO_MEANINGS:
                collector.draft.note("word_of_two_meanings")
            collector.says(meaning, first)

    def _word(self, at: int) -> int:
        text = self.words[at].text
        glue = len(text) - len(text.lstrip(GLUE))
        if glue:
            return self._rest(at, glue)
        bracket = split_bracket(text) if text[0] in "([" else None
        if bracket is not None and self.brackets < MAX_BRACKETS:
            return self._open(at, *bracket)
        taken = self._piece(text, at)
        if taken:
            return self._rest(at, taken)
        if text.endswith("?") and len(text) > 1:
            self.collector.doubt()
            return self._replace(at, text[:-1])
        if not database_identifier(text) and text.strip("()[]{}"):
            self.unread += 1
            self.collector.unread()
        return 1

    def _replace(self, at: int, *texts: str) -> int:
        """Put other words in a word's place, to be read next."""
        words = [Word(text, "") for text in texts if text]
        self.words[at : at + 1] = words
        self.cleaned[at : at + 1] = [clean_word(word.text) for word in words]
        return 0

    def _rest(self, at: int, taken: int) -> int:
        """Put what follows a piece in the word's place; step on when nothing follows."""
        rest = self.words[at].text[taken:]
        if not rest:
            return 1
        if not rest.strip(GLUE + ",)"):
            return 1
        joint = len(rest) - len(rest.lstrip(GLUE))
        rest = rest[joint:]
        # `:0.41:somatic`: the number ends at the next colon.
        number, colon, after = rest.partition(":") if rest[0] in DIGITS else (rest, "", "")
        return self._replace(at, number, after) if colon else self._replace(at, rest)

    def _open(self, at: int, inside: str, rest: str) -> int:
        """Replace a word in brackets by its words and what follows them."""
        self.brackets += 1
        words = words_of(inside)
        if any(w.text[:2] in ("p.", "P.") for w in words):
            self.collector.draft.note("parentheses_outside")
        if rest.strip(GLUE + ",)"):
            words.append(Word(rest, ""))
        self.words[at : at + 1] = words
        self.cleaned[at : at + 1] = [clean_word(w.text) for w in words]
        return 0

    def _piece(self, text: str, at: int) -> int:
        """Take the piece that a word begins with; return its length, 0 when there is none."""
        ivs = read_ivs(text) if "ivs" in text[:5].casefold() else None
        if ivs is not None:
            self.collector.change(ivs[0])
            near = ivs[1] <= SPLICE_BASES
            self.collector.draft.given = ("splice_site" if near else "non_coding", "coding")
            return ivs[2]
        if has_prefix(text):
            return self._description(text)
        accession = read_accession(text)
        if accession is not None:
            self.collector.reference(accession)
            return accession.length
        tandem = tandem_duplication(text)
        if tandem is not None:
            self.collector.special(tandem[0], tandem[1])
            return tandem[2]
        gene = read_gene(text)
        if gene is not None:
            self.collector.gene(gene, _joint(text, gene.length))
            return gene.length
        return self._bare(text, at)

    def _description(self, text: str) -> int:
        description, length = described(text)
        if description is None:
            return 0
        self.collector.describe(description)
        return length

    def _bare(self, text: str, at: int) -> int:
        """Take a change that was written without its level, or a symbol that our table does not have."""
        bare = text.strip("().,:;")
        level: Level = "g" if set(self.collector.draft.references) == {"g"} else "c"
        change = bare_dna(bare, level) or bare_protein(bare, place_only=bool(self.collector.draft.genes))
        if change is not None:
            self.collector.change(change)
            if _could_be_dna(change):
                self.collector.draft.note("dna_or_protein")
            return len(text)
        shaped = symbol_shaped(text)
        if shaped is not None and (text[shaped.length :][:1] == ":" or self._change_follows(at)):
            self.collector.gene(shaped, "")
            return shaped.length
        return 0

    def _change_follows(self, at: int) -> bool:
        if at + 1 >= len(self.words) or self.words[at + 1].separator not in ("", " "):
            return False
        text = self.words[at + 1].text.lstrip("(")
        if has_prefix(text) or read_accession(text) is not None:
            return True
        return bare_protein(text.strip("().,:;"), place_only=False) is not None


def _joint(text: str, end: int) -> str:
    """Return `-` or `::` when it directly follows a gene and another gene comes after it."""
    for sign in ("::", "-"):
        if text.startswith(sign, end):
            return sign if read_gene(text[end + len(sign) :]) is not None else ""
    return ""


def _could_be_dna(change: Change) -> bool:
    """Tell whether `G1849T` may be bases: four residues share a base's letter, and few lie that far on."""
    far = change.span is not None and (change.span.start.number or 0) >= FAR_RESIDUE
    if (
        not far
        or change.level != "p"
        or change.kind not in ("substitution", "synonymous")
        or "one_letter" not in change.legacy
    ):
        return False
    return {change.reference, change.alternative} <= {"Ala", "Cys", "Gly", "Thr"}
