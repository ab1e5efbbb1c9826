"""Agreed names of recurrent variants: NPM1 type A, CALR type 1, and the tandem duplications ITD and PTD."""

from __future__ import annotations

from typing import NamedTuple

from harmony.notation.hgvs.alleles import read_description
from harmony.notation.hgvs.collector import Collector
from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.model import Kind


class AgreedName(NamedTuple):
    """The coding and the protein form that a name stands for."""

    coding: str
    protein: str


#: Types of NPM1 exon 12: Falini, N Engl J Med 2005;352:254. Types of CALR exon 9: Klampfl, N Engl J Med
#: 2013;369:2379. Positions on NM_002520 and NM_004343.
AGREED: dict[tuple[str, str], AgreedName] = {
    ("NPM1", "a"): AgreedName("c.860_863dup", "p.(Trp288CysfsTer12)"),
    ("NPM1", "b"): AgreedName("c.863_864insCATG", "p.(Trp288CysfsTer12)"),
    ("NPM1", "d"): AgreedName("c.863_864insCCTG", "p.(Trp288CysfsTer12)"),
    ("CALR", "1"): AgreedName("c.1099_1150del", "p.(Leu367ThrfsTer46)"),
    ("CALR", "2"): AgreedName("c.1154_1155insTTGTC", "p.(Lys385AsnfsTer47)"),
}
TYPE_WORDS = ("type", "typ", "tipo")
#: `type-A`, `typea`: the name in one word.
JOINED = {f"{word}{dash}{name}": name for word in TYPE_WORDS for dash in ("-", "") for _, name in AGREED}


def put_agreed_name(collector: Collector, words: list[str], at: int) -> int:
    """
    Take `type A` after NPM1 or `type 1` after CALR.

    Returns
    -------
    int
        Words used up; 0 when there is no such name here.
    """
    draft = collector.draft
    if len(draft.genes) != 1 or draft.genes[0][0] is None or not words[at].startswith(TYPE_WORDS):
        return 0
    used, name = 1, JOINED.get(words[at], "")
    if words[at] in TYPE_WORDS and at + 1 < len(words):
        used, name = 2, words[at + 1]
    form = AGREED.get((draft.genes[0][0].symbol, name))
    if form is None:
        return 0
    draft.note("agreed_name")
    for text in form:
        description = read_description(Cursor(text))
        if description is not None and draft.accepts(description.changes[0]):
            draft.put(description.changes[0])
    return used


def tandem_duplication(word: str) -> tuple[Kind, int | None, int] | None:
    """Read `ITD`, `ITD45bp`, `PTD` at the start of a word: kind, length in base pairs, length in the word."""
    if word[1:3].casefold() != "td":
        return None
    cursor = Cursor(word)
    kind = cursor.take_word("itd", "ptd")
    if not kind or cursor.next.isalpha():
        return None
    at = cursor.at
    cursor.take("-") or cursor.take("(")
    length = cursor.number()
    if length is None or not cursor.take_word("bp", "nt"):
        length, cursor.at = None, at
    elif word[at : at + 1] == "(":
        cursor.take(")")
    return ("itd" if kind == "itd" else "ptd"), length, cursor.at
