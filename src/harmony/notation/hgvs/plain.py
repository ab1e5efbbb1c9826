"""
The plain forms that most descriptions of a column have, each read by one pattern of bounded length.

What these patterns do not take whole is left to the grammar (`dna`, `protein`), which reads the plain forms
alike: tests/generative/test_variant_columns.py compares the two.
"""

from __future__ import annotations

import re
from typing import Final, cast

from harmony.notation.hgvs.model import Change, Kind, Level, Point, Span
from harmony.notation.hgvs.positions import adjacent, span_length
from harmony.notation.hgvs.residues import ONE_TO_THREE, STOP

NUMBER: Final = "[1-9][0-9]{0,8}+"
POINT: Final = rf"([-*]?)({NUMBER})(?:([+-]{NUMBER}))?"
#: `1849G>T`, `93+1G>A`, `860_863dup`, `863_864insTCTG`: printed as they are written.
DNA: Final = re.compile(
    rf"([cgnm])\.{POINT}(?:_{POINT})?(?:([ACGT])>([ACGT])|(delins|del|dup|ins)([ACGT]*+))"
)
#: `Arg882His`, `R882H`, `Trp288CysfsTer12`, `W288fs`, `R213*`.
PROTEIN: Final = re.compile(
    rf"([A-Z](?:[a-z]{{2}})?)({NUMBER})([A-Z][a-z]{{2}}|[A-Z*]|)(?:(fs)(?:(?:Ter|\*)({NUMBER}))?)?"
)
KINDS: Final[dict[str, Kind]] = {
    "del": "deletion",
    "dup": "duplication",
    "ins": "insertion",
    "delins": "delins",
}
#: Residues in both ways of writing; a stop stands only at the end.
RESIDUES: Final = ONE_TO_THREE | {three: three for three in ONE_TO_THREE.values()}
ENDS: Final = RESIDUES | {"*": STOP, STOP: STOP, "": ""}


def plain_dna(text: str) -> Change | None:
    """Read a whole word such as `c.1849G>T`; None when it is not of a plain form."""
    found = DNA.fullmatch(text)
    if found is None:
        return None
    level, region, first, offset, region_2, last, offset_2, old, new, word, bases = found.groups()
    start = Point(int(first), region, int(offset) if offset else 0)
    body = text[2:]
    if last is None:
        span = Span(start, start)
    else:
        end = Point(int(last), region_2, int(offset_2) if offset_2 else 0)
        if start == end:
            return None
        span = Span(start, end)
    level = cast(Level, level)
    if old:
        return None if last else Change(level, "substitution", span, old, new, 1, body=body)
    if word in ("del", "dup"):
        length = span_length(span) or None
        return None if bases else Change(level, KINDS[word], span, "", "", length, body=body)
    if not bases or (word == "ins" and last is None):
        return None
    apart = word == "ins" and not adjacent(span)
    legacy = ("insertion_not_between_neighbours",) if apart else ()
    return Change(level, KINDS[word], span, "", bases, len(bases), body=body, legacy=legacy)


def plain_protein(text: str, predicted: bool = False) -> Change | None:
    """Read a whole change such as `Arg882His`, without `p.`; None when it is not of a plain form."""
    found = PROTEIN.fullmatch(text)
    if found is None:
        return None
    written, number, changed, shift, distance = found.groups()
    old, new = RESIDUES.get(written), ENDS.get(changed)
    short = len(written) == 1
    # The two residues must be written alike; what stays the same or names a place only is for the grammar.
    if old is None or new is None or (changed not in ("", "*") and short != (len(changed) == 1)):
        return None
    if old == new or (new in ("", STOP) and (new == STOP) == (shift is not None)):
        return None
    point = Point(int(number), residue=old)
    body = f"{old}{number}{new}"
    kind: Kind = "nonsense" if new == STOP else "substitution"
    if shift:
        kind, body = "frameshift", f"{body}fsTer{distance}" if distance else f"{body}fs"
    length = 1 if kind == "substitution" else None
    legacy = ("one_letter",) if short else ()
    return Change("p", kind, Span(point, point), old, new, length, predicted, body, legacy)
