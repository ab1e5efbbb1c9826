"""Pieces that a word of a report can begin with: an accession, a gene, a bare change, a number."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.dna import read_dna_change
from harmony.notation.hgvs.genes import MAX_SYMBOL, Gene, find_gene
from harmony.notation.hgvs.model import Change, Level
from harmony.notation.hgvs.plain import plain_protein
from harmony.notation.hgvs.protein import read_protein_change

ACCESSIONS = (
    ("NM_", "c"),
    ("XM_", "c"),
    ("NR_", "n"),
    ("XR_", "n"),
    ("NP_", "p"),
    ("XP_", "p"),
    ("NC_", "g"),
    ("NG_", "g"),
    ("NT_", "g"),
    ("NW_", "g"),
    ("ENST", "c"),
    ("ENSP", "p"),
    ("ENSG", "g"),
    ("LRG_", "g"),
)
#: What an accession or `chr` begins with.
FIRST_LETTERS = frozenset("NXELCnxelc")
NAME_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.@")
DIGITS = frozenset("0123456789")
#: Signs that may stand between one piece of a word and the next.
GLUE = ":-=_."
#: Identifiers of databases: known, and without content for this reading.
IDENTIFIERS = ("rs", "cosm", "cosv", "cosf", "ca", "omim", "ccds", "uniprot")


class Accession(NamedTuple):
    """A reference sequence: as written, the level it is for (c, n, p, g), and the length in the word."""

    text: str
    level: str
    length: int
    version: bool


class Named(NamedTuple):
    """A gene at the start of a word; `gene` is None when it only has the shape of a symbol."""

    written: str
    gene: Gene | None
    length: int


def read_accession(word: str) -> Accession | None:
    """Read `NM_004972.4`, `ENST00000381652.8`, `LRG_612t1`, `chr9` at the start of a word."""
    if word[:1] not in FIRST_LETTERS:
        return None
    upper = word[:24].upper()
    for prefix, level in ACCESSIONS:
        if upper.startswith(prefix):
            cursor = Cursor(word, len(prefix))
            return _after_prefix(cursor, prefix, level)
    if upper.startswith("CHR"):
        cursor = Cursor(word, 3)
        name = cursor.run("0123456789XYMTxymt")
        if name and len(name) <= 2 and cursor.take(":"):
            return Accession(word[: cursor.at - 1], "g", cursor.at - 1, True)
    return None


def _after_prefix(cursor: Cursor, prefix: str, level: str) -> Accession | None:
    digits = cursor.run("0123456789")
    if not digits or len(digits) > 15:
        return None
    if prefix == "LRG_":
        part = cursor.next
        if part and part in "tp" and cursor.text[cursor.at + 1 : cursor.at + 2].isdigit():
            cursor.at += 1
            cursor.run("0123456789")
            level = "c" if part == "t" else "p"
        return Accession(cursor.text[: cursor.at], level, cursor.at, True)
    version = False
    if cursor.next == "." and cursor.text[cursor.at + 1 : cursor.at + 2] in DIGITS:
        cursor.at += 1
        version = bool(cursor.run("0123456789"))
    return Accession(cursor.text[: cursor.at].upper(), level, cursor.at, version)


def name_run(word: str) -> str:
    """Return the start of a word that could be a name: letters, digits, hyphens, points."""
    end = 0
    while end < len(word) and end < 40 and word[end] in NAME_LETTERS:
        end += 1
    return word[:end]


@lru_cache(maxsize=20_000)
def read_gene(word: str) -> Named | None:
    """
    Read a gene that the table knows at the start of a word.

    `FLT3-ITD` gives FLT3, `BCR-ABL1` gives BCR, `JAK2V617F` gives JAK2 because the rest is a whole change.
    """
    run = name_run(word)
    if len(run) < 2:
        return None
    for end in _ends(run):
        gene = find_gene(run[:end])
        if gene is not None:
            return Named(run[:end], gene, end)
    if len(run) == len(word) and len(run) <= MAX_SYMBOL + 12:
        for end in range(min(len(run) - 3, MAX_SYMBOL), 2, -1):
            rest = run[end:]
            if rest[0].isalpha() and rest[1] in DIGITS:
                gene = find_gene(run[:end])
                if gene is not None and bare_protein(rest, place_only=False) is not None:
                    return Named(run[:end], gene, end)
    return None


def _ends(run: str) -> list[int]:
    """Return where a name may end: at the whole run, then before each hyphen or point from the right."""
    ends = [at for at in range(len(run) - 1, 1, -1) if run[at] in "-.@"]
    return [end for end in [len(run), *ends] if end <= MAX_SYMBOL]


def symbol_shaped(word: str) -> Named | None:
    """Read a name in capitals, with a colon or nothing after it, that our table does not have."""
    run = name_run(word).rstrip("-.")
    rest = word[len(run) :]
    if not (2 <= len(run) <= MAX_SYMBOL and run[0].isalpha() and run.isascii()):
        return None
    shaped = run.upper() == run or ("orf" in run and run[0] == "C")
    return Named(run, None, len(run)) if shaped and (not rest or rest[0] in ":(") else None


def bare_protein(word: str, place_only: bool) -> Change | None:
    """
    Read a whole word as a protein change without `p.`: `R882H`, `Val617Phe`, `W288fs`, `pV617F`.

    Parameters
    ----------
    place_only : bool
        Whether `R882`, which names a place and no change, is taken; it needs two digits at least.
    """
    plain = plain_protein(word)
    if plain is not None:
        return _noted(plain, "level_missing_protein")
    start = 1 if word[:1] in ("p", "P") and len(word) > 3 and word[1].isalpha() and word[2:3] in DIGITS else 0
    for at in dict.fromkeys((0, start)):
        cursor = Cursor(word, at)
        if not _starts_like_residue(word, at):
            continue
        change = read_protein_change(cursor)
        if change is None or not cursor.done or change.span is None:
            continue
        if change.kind == "unknown" and not change.body:
            far = (change.span.start.number or 0) >= 10 and change.span.single
            return change if place_only and far and word[0].isupper() else None
        return _noted(change, "level_missing_protein")
    return None


def _noted(change: Change, code: str) -> Change:
    """Return the change with one more code; written out because `replace` takes three times as long."""
    return Change(
        change.level,
        change.kind,
        change.span,
        change.reference,
        change.alternative,
        change.length,
        change.predicted,
        change.body,
        (*change.legacy, code),
    )


def _starts_like_residue(word: str, at: int) -> bool:
    first = word[at : at + 1]
    if not first or not (first.isalpha() or first == "*"):
        return False
    return word[at + 1 : at + 2] in DIGITS or word[at + 3 : at + 4] in DIGITS


def bare_dna(word: str, level: Level) -> Change | None:
    """Read a whole word as a DNA change without its level: `1849G>T`, `863_864insTCTG`, `c1849G>T`."""
    start = 1 if word[:1] in ("c", "C") and word[1:2] in DIGITS else 0
    if word[start : start + 1] not in DIGITS:
        return None
    cursor = Cursor(word, start)
    change = read_dna_change(cursor, level)
    if change is None or not cursor.done or change.kind in ("unknown", "repeat", "no_change"):
        return None
    return _noted(change, "point_missing" if start else "level_missing_coding")


def read_ivs(word: str) -> tuple[Change, int, int] | None:
    """
    Read `IVS10+1G>A`: the change, its distance from the exon, and the length in the word.

    The exon's last base is not known without the transcript, so nothing modern can be printed.
    """
    cursor = Cursor(word)
    cursor.take("c.")
    if not cursor.take_word("ivs") or cursor.number() is None:
        return None
    sign = cursor.next
    if sign not in ("+", "-"):
        return None
    cursor.at += 1
    distance = cursor.number()
    if not distance:
        return None
    rest = Cursor("1" + word[cursor.at :])
    change = read_dna_change(rest, "c")
    if change is None or change.kind in ("unknown", "no_change"):
        return None
    shown = replace(change, span=None, body="", legacy=(*change.legacy, "ivs"))
    return shown, distance, cursor.at + rest.at - 1


def database_identifier(word: str) -> bool:
    """Tell whether a word is the number of a variant in a public database: `rs77375493`, `COSM12600`."""
    lower = word.casefold().strip("()[],.;:")
    for prefix in IDENTIFIERS:
        rest = lower[len(prefix) :]
        if lower.startswith(prefix) and len(rest) >= 4 and all(c in DIGITS for c in rest):
            return True
    return False
