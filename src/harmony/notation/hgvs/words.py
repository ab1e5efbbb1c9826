"""
Words of reports in English, German, French, Spanish and Italian: not found, not tested, failed, unknown.

words.csv holds the phrases without accents, in small letters; `clean_word` brings a word to that form.
The meanings: `mention` speaks of a variant, found or not; `negator` turns a mention or a positive word round;
`doubt` makes a finding unknown; `other_negative` is about something else than what was named before;
`qualifier` adds and takes away nothing that is read here; `joiner` lists things of equal rank.
"""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from pathlib import Path
from typing import Literal, cast

Meaning = Literal[
    "wild_type",
    "not_tested",
    "failed",
    "unknown",
    "positive",
    "mention",
    "negator",
    "doubt",
    "other_negative",
    "qualifier",
    "joiner",
]

TABLE = Path(__file__).parent / "words.csv"
#: Words for which the same letters stand for two things; read as unknown, and said so.
TWO_MEANINGS = frozenset({"n.d", "n.d.", "nd", "n.n.", "n.n", "-", "--", "?", "na", "n.a.", "n.a", "nr"})


@cache
def _phrases() -> dict[str, tuple[tuple[tuple[str, ...], Meaning], ...]]:
    """Return the phrases by their first word, longest first."""
    by_first: dict[str, list[tuple[tuple[str, ...], Meaning]]] = {}
    for row in csv.DictReader(TABLE.read_text("utf-8").splitlines()):
        words = tuple(row["phrase"].split())
        by_first.setdefault(words[0], []).append((words, cast(Meaning, row["meaning"])))
    return {first: tuple(sorted(many, key=lambda m: -len(m[0]))) for first, many in by_first.items()}


@cache
def _cleaned() -> dict[str, str]:
    return {}


def clean_word(word: str) -> str:
    """Return a word in small letters, without accents and without `.,:;!()"'` around it."""
    memory = _cleaned()
    if word not in memory:
        if len(memory) > 20_000:
            memory.clear()
        memory[word] = _clean(word)
    return memory[word]


def _clean(word: str) -> str:
    bare = word.strip(",:;!()[]\"'").casefold()
    if not bare.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    return bare


def read_phrase(words: list[str], at: int) -> tuple[Meaning, int] | None:
    """
    Return the meaning of the longest known phrase that begins at a word, and how many words it has.

    Parameters
    ----------
    words : list of str
        Words of the cell after `clean_word`.
    at : int
        Where the phrase begins.
    """
    first, phrases = words[at], _phrases()
    choices = phrases.get(first) or phrases.get(first.rstrip(".")) or ()
    for phrase, meaning in choices:
        if len(phrase) == 1 or tuple(w.rstrip(".") for w in words[at + 1 : at + len(phrase)]) == phrase[1:]:
            return meaning, len(phrase)
    return None
