"""What is inserted: bases, a number of unknown bases, a stretch of the same sequence, or a list of these."""

from __future__ import annotations

from typing import NamedTuple

from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.model import Level
from harmony.notation.hgvs.positions import read_point

#: Codes of one nucleotide or of a choice among several (IUPAC-IUB, 1984).
BASES = "ACGTRYSWKMBDHVN"
RNA_BASES = "acgurykmswbdhvn"
#: Letters of an accession: `NC_000009.12`, `AC010542.7`.
ACCESSION = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
#: Inserted pieces of one bracket.
MAX_PIECES = 50


class Bases(NamedTuple):
    """Bases in the case of their level, and what was mended."""

    text: str
    legacy: tuple[str, ...]


class Payload(NamedTuple):
    """Printed form, number of bases (None when unknown) and what was mended."""

    text: str
    length: int | None
    legacy: tuple[str, ...]


def read_bases(cursor: Cursor, level: Level) -> Bases:
    """
    Take the longest run of nucleotide codes; stop before `del`, `dup` and `ins`.

    Upper case for DNA, lower case with u for RNA; the other case is mended and reported.
    """
    start = cursor.at
    text, end = cursor.text, cursor.at
    allowed = BASES + "U" + RNA_BASES + "t"
    while end < len(text) and text[end] in allowed and not text.startswith(("del", "dup"), end):
        end += 1
    cursor.at = end
    written = text[start:end]
    wanted = written.lower().replace("t", "u") if level == "r" else written.upper().replace("U", "T")
    return Bases(wanted, () if wanted == written else ("case_of_bases",))


def read_payload(cursor: Cursor, level: Level) -> Payload | None:
    """
    Read what follows `ins` or `delins`; an empty text when nothing follows; None when it is malformed.

    `N[12]` is printed for the loose `12`, `(12)` and `12bp`.
    """
    if cursor.take("["):
        return _list(cursor, level)
    return _piece(cursor, level)


def _piece(cursor: Cursor, level: Level) -> Payload | None:
    if cursor.next == "(":
        return _unknown_length(cursor, level)
    if cursor.take("?"):
        return Payload("?", None, ())
    first = cursor.next
    if first.isdigit() or (first and first in "-*"):
        return _stretch_or_length(cursor, level)
    bases = read_bases(cursor, level)
    if not bases.text:
        return Payload("", None, ())
    if cursor.next == "[" and cursor.text[cursor.at + 1 : cursor.at + 2] in tuple("0123456789(?"):
        count = _bracketed(cursor)
        if count is None:
            return None
        inside, number = count
        length = None if number is None else number * len(bases.text)
        return Payload(f"{bases.text}[{inside}]", length, bases.legacy)
    return Payload(bases.text, len(bases.text), bases.legacy)


def _bracketed(cursor: Cursor) -> tuple[str, int | None] | None:
    cursor.take("[")
    if cursor.take("?"):
        return ("?", None) if cursor.take("]") else None
    if cursor.next == "(":
        inner = _range(cursor)
        return None if inner is None or not cursor.take("]") else inner
    number = cursor.number()
    return None if number is None or not cursor.take("]") else (str(number), number)


def _range(cursor: Cursor) -> tuple[str, int | None] | None:
    cursor.take("(")
    first = cursor.number()
    if first is None:
        return None
    if cursor.take(")"):
        return str(first), first
    last = cursor.number() if cursor.take("_") else None
    return None if last is None or not cursor.take(")") else (f"({first}_{last})", None)


def _unknown_length(cursor: Cursor, level: Level) -> Payload | None:
    inner = _range(cursor)
    unit = "n" if level == "r" else "N"
    return None if inner is None else Payload(f"{unit}[{inner[0]}]", inner[1], ("inserted_length",))


def _stretch_or_length(cursor: Cursor, level: Level) -> Payload | None:
    start = read_point(cursor)
    if start is None:
        return None
    if cursor.take("_"):
        end = read_point(cursor)
        if end is None:
            return None
        inverted = "inv" if cursor.take_word("inv") else ""
        simple = not (start.intronic or end.intronic or start.region or end.region)
        length = end.number - start.number + 1 if simple and start.number and end.number else None
        return Payload(f"{start}_{end}{inverted}", length, ())
    if start.region or start.intronic:
        return None
    cursor.take_word("bp", "nt")
    unit = "n" if level == "r" else "N"
    return Payload(f"{unit}[{start.number}]", start.number, ("inserted_length",))


def _list(cursor: Cursor, level: Level) -> Payload | None:
    pieces: list[str] = []
    legacy: tuple[str, ...] = ()
    total: int | None = 0
    for _ in range(MAX_PIECES):
        piece = _elsewhere(cursor) or _piece(cursor, level)
        if piece is None or not piece.text:
            return None
        pieces.append(piece.text)
        legacy += piece.legacy
        total = None if total is None or piece.length is None else total + piece.length
        if cursor.take("]"):
            return Payload(f"[{';'.join(pieces)}]", total, legacy)
        if not cursor.take(";"):
            return None
    return None


def _elsewhere(cursor: Cursor) -> Payload | None:
    """Read a stretch of another sequence: `NC_000022.10:g.35788169_35788352`."""
    start = cursor.at
    accession = cursor.run(ACCESSION)
    if len(accession) < 4 or not cursor.take(":"):
        cursor.at = start
        return None
    level = cursor.text[cursor.at : cursor.at + 2]
    if level not in ("g.", "c.", "n.", "m.", "r."):
        return None
    cursor.at += 2
    stretch = _stretch_or_length(cursor, "g")
    if stretch is None or "_" not in stretch.text:
        return None
    return Payload(f"{accession}:{level}{stretch.text}", stretch.length, ())
