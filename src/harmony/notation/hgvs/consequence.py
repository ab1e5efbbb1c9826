"""The class of a change for the protein, by fixed rules; no sequence is looked up."""

from __future__ import annotations

from harmony.notation.hgvs.model import Change, Consequence, Kind, Point
from harmony.notation.hgvs.residues import STOP

#: Bases of the intron next to an exon that the splice sites' invariant GT and AG occupy.
SPLICE_BASES = 2
#: What an in-frame change of each kind is called.
IN_FRAME: dict[Kind, Consequence] = {
    "deletion": "inframe_deletion",
    "duplication": "inframe_duplication",
    "insertion": "inframe_insertion",
    "delins": "inframe_delins",
}


def consequence(coding: Change | None, protein: Change | None) -> tuple[Consequence, str]:
    """
    Return the class and where it comes from.

    Parameters
    ----------
    coding, protein : Change or None
        The two levels of one variant, as far as written.

    Returns
    -------
    class : str
        The protein form decides. Without one, or when it is `p.?`: the intron's first two and last two
        bases are `splice_site`, other introns and untranslated regions `non_coding`, an insertion,
        deletion or duplication of coding bases `frameshift` or in frame by its length. A substitution of
        coding bases stays `unknown`: its codon would have to be looked up.
    source : str
        `protein`, `coding` or empty.
    """
    if protein is not None:
        found = of_protein(protein)
        if found != "unknown":
            return found, "protein"
    if coding is not None:
        found = of_coding(coding)
        if found != "unknown":
            return found, "coding"
    return "unknown", ""


def of_protein(change: Change) -> Consequence:
    """Return the class that the protein form alone gives."""
    kind = change.kind
    if kind == "no_protein":
        return "no_protein"
    if kind == "synonymous":
        return "synonymous"
    if change.span is None:
        return "unknown"
    start = change.span.start
    if start.residue == "Met" and start.number == 1 and kind != "insertion":
        return "extension" if kind == "extension" else "start_lost"
    if start.residue == STOP or change.span.end.residue == STOP:
        return "stop_lost"
    if kind == "frameshift":
        return "frameshift"
    if STOP in change.alternative or kind == "nonsense":
        return "nonsense"
    if kind == "substitution":
        return "missense"
    return IN_FRAME.get(kind, "unknown")


def of_coding(change: Change) -> Consequence:
    """Return the class that a DNA or RNA form alone gives."""
    if change.level == "n":
        return "non_coding"
    if change.level != "c" or change.span is None or change.kind in ("no_change", "unknown"):
        return "unknown"
    span = change.span
    if span.uncertain or span.start_inner or span.end_inner:
        return "unknown"
    if span.start.intronic or span.end.intronic:
        return _of_intron(span.start, span.end)
    if span.start.region and span.start.region == span.end.region:
        return "non_coding"
    if span.start.region or span.end.region or span.start.number is None or span.end.number is None:
        return "unknown"
    return _by_length(change)


def _of_intron(start: Point, end: Point) -> Consequence:
    near = [abs(p.offset) <= SPLICE_BASES and not p.vague for p in (start, end) if p.intronic]
    if any(near):
        return "splice_site"
    if start.intronic and end.intronic and start.number == end.number and not start.vague and not end.vague:
        return "non_coding"
    # From an exon or another exon's side the change runs across a splice site.
    crosses = start.intronic != end.intronic or start.number != end.number
    return "splice_site" if crosses and not (start.vague or end.vague) else "unknown"


def _by_length(change: Change) -> Consequence:
    span = change.span
    if span is None or span.start.number is None or span.end.number is None or change.kind not in IN_FRAME:
        return "unknown"
    gone = span.end.number - span.start.number + 1
    if change.kind == "deletion":
        shift = -gone
    elif change.kind == "duplication":
        shift = gone
    elif change.length is None:
        return "unknown"
    else:
        shift = change.length - (gone if change.kind == "delins" else 0)
    return "frameshift" if shift % 3 else IN_FRAME[change.kind]


def codons(change: Change) -> tuple[int, int] | None:
    """Return the first and last codon of a change of coding bases; None where codons cannot be counted."""
    span = change.span
    if change.level != "c" or span is None or span.uncertain or span.start_inner or span.end_inner:
        return None
    if span.start.intronic or span.end.intronic or span.start.region or span.end.region:
        return None
    if span.start.number is None or span.end.number is None:
        return None
    return (span.start.number + 2) // 3, (span.end.number + 2) // 3


def levels_agree(coding: Change, protein: Change) -> bool | None:
    """
    Tell whether the DNA and the protein form can be the same variant, by their codon numbers.

    Returns
    -------
    bool or None
        None where this cannot be counted (introns, other levels, `p.?`). A substitution must lie in the
        codon of its residue; for other changes the protein may begin to differ later than the DNA, up to
        `LATER` residues, because both are written at their most 3' place.
    """
    counted = codons(coding)
    if counted is None or protein.span is None or protein.span.start.number is None:
        return None
    first, last = counted
    at = protein.span.start.number
    if coding.kind == "substitution":
        return first == at
    return first - 1 <= at <= last + LATER


#: Residues by which a protein change may begin after the codon that the DNA change touches.
LATER = 30
