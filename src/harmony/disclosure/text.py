"""Numbers and words of a text that a person must read before it leaves."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_NUMBER: Final = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_NAMES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_WORDS: Final = {name: number for number, name in enumerate(_NAMES, start=1)}
_PEOPLE: Final = (
    r"(?:[\w-]+\s){0,2}(?:patients?|persons?|people|cases?|wom[ae]n|m[ae]n|child(?:ren)?|individuals?)"
)
_COUNT: Final = re.compile(
    rf"(?<![\d.,])\b(\d+(?:,\d{{3}})*|{'|'.join(_WORDS)})\s+{_PEOPLE}\b", re.IGNORECASE
)
_RISKY: Final = re.compile(
    r"\b(single|the only|only one|a case of|case report|this patient|\d{1,3}[- ]year[- ]old)\b", re.IGNORECASE
)


def small_counts(text: str, least_cell: int) -> tuple[str, ...]:
    """Return a finding for each number of people below `least_cell` in the text; never the number itself."""
    found = []
    for match in _COUNT.finditer(text):
        word = match.group(1).lower()
        if 0 < (_WORDS.get(word) or int(word.replace(",", ""))) < least_cell:
            place = match.start() + 1
            found.append(f"A number of people below {least_cell} stands at character {place} of a text.")
    return tuple(found)


def check_text(text: str, released: Collection[float], least_cell: int) -> tuple[str, ...]:
    """
    Return what a person must look at in a text for readers, for example a lay summary.

    Parameters
    ----------
    text : str
        The text.
    released : collection of float
        Numbers of the released tables and figures; a number of the text must be one of them.
    least_cell : int
        The policy's minimum cell.

    Returns
    -------
    tuple of str
        Findings by place (character, counted from 1); never what stands there. Empty when nothing was
        found, which does not replace a reader.
    """
    found = list(small_counts(text, least_cell))
    for match in _RISKY.finditer(text):
        found.append(f"Words that may point at one person stand at character {match.start() + 1} of a text.")
    known = {float(number) for number in released}
    for match in _NUMBER.finditer(text):
        if float(_plain(match.group())) not in known:
            place = match.start() + 1
            found.append(f"The number at character {place} of a text stands in no released table.")
    return tuple(found)


def _plain(number: str) -> str:
    """Return a written number as Python reads it; a comma before three digits groups thousands."""
    grouped = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", number)
    plain = number.replace(",", "" if grouped else ".")
    return plain if plain.count(".") <= 1 else plain.replace(".", "")
