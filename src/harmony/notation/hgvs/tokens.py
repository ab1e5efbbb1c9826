"""A cell cut into words and separators; brackets keep together what stands in them."""

from __future__ import annotations

import re
from typing import NamedTuple

OPEN, CLOSE = "([{", ")]}"
#: One sign at a time, so that nothing can backtrack.
BRACKETS = re.compile(r"[()\[\]{}]")
MARKS = re.compile(r"[ ;|,/+&()\[\]{}]")
#: Words of one cell; a report line has about twenty.
MAX_WORDS = 3_000


class Word(NamedTuple):
    """
    One word of a cell.

    Attributes
    ----------
    text : str
        Without white space around it; white space inside only within brackets.
    separator : str
        What stood before it: empty, blank, `,`, `;`, `/` or `+`.
    """

    text: str
    separator: str


def balanced(text: str) -> bool:
    """Tell whether every bracket is closed in order of kind-blind nesting."""
    depth = 0
    for sign in BRACKETS.findall(text):
        depth += 1 if sign in OPEN else -1
        if depth < 0:
            return False
    return depth == 0


def words_of(text: str) -> list[Word]:
    """
    Cut a text at blanks, `;` and `|`, and at `,`, `/`, `+` and `&` where they separate; not in brackets.

    A comma between digits is a decimal comma. `/` after `=` is the sign of a mosaic. `+` and `-` within a
    word belong to a position in an intron.
    """
    whole = balanced(text)
    found: list[Word] = []
    depth, start, separator = 0, 0, ""
    for match in MARKS.finditer(text):
        at, sign = match.start(), match[0]
        if sign in OPEN:
            depth += whole
        elif sign in CLOSE:
            depth -= whole
        elif depth == 0:
            kind = " " if sign == " " else _kind(text, at)
            if kind:
                if at > start:
                    found.append(Word(text[start:at], separator))
                    separator = ""
                start = at + 1
                separator = kind if separator in ("", " ") else separator
    if start < len(text):
        found.append(Word(text[start:], separator))
    return found[:MAX_WORDS]


def _kind(text: str, at: int) -> str:
    """Return the separator at a sign that is no blank, empty where the sign belongs to the word."""
    sign = text[at]
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if sign == "|":
        return ","
    if sign == ";":
        # `c.[35G>A];[38G>A]` is one allele description.
        return "" if before == "]" and after == "[" else ";"
    if sign == ",":
        return "" if before.isdigit() and after.isdigit() else ","
    if sign == "/":
        # `n/a` and `and/or` are words; `85=/T>C` is a mosaic.
        short = text[max(at - 1, 0) : at + 2].casefold() in ("n/a", "d/o")
        return "" if short or before in ("=", "/") or after == "/" else "/"
    return sign if (before in ("", " ") and after in ("", " ")) else ""


def split_bracket(text: str) -> tuple[str, str] | None:
    """Return what stands in the bracket that a word begins with, and what follows it; None when unclosed."""
    depth = 0
    for found in BRACKETS.finditer(text):
        depth += 1 if found[0] in OPEN else -1
        if depth == 0:
            return text[1 : found.start()], text[found.end() :]
    return None
