"""
What is wrong with a text that is no date of the declared form, and at which character.

The text is read along the form, sign by sign; the place is that of the part that is wrong, or of the first
character that cannot stand where it stands. Only the start of a long text is looked at.
"""

from __future__ import annotations

import re
from typing import Final

from harmony.notation.dates.form import DateForm

TWO_DIGIT_YEAR: Final = "two-digit year"
IMPOSSIBLE_DAY: Final = "impossible day"
IMPOSSIBLE_MONTH: Final = "impossible month"
IMPOSSIBLE_YEAR: Final = "impossible year"
TIME_OF_DAY: Final = "time of day behind the date"
BARE_NUMBER: Final = "bare number"
OTHER_FORM: Final = "other form"

CLASSES: Final = (
    TWO_DIGIT_YEAR, IMPOSSIBLE_DAY, IMPOSSIBLE_MONTH, IMPOSSIBLE_YEAR, TIME_OF_DAY, BARE_NUMBER, OTHER_FORM,
)  # fmt: skip

#: Characters of a text that are looked at; dates are shorter.
LOOKED_AT: Final = 64

_TIME: Final = re.compile(r"(?:[Tt]|,? ?)[0-9]{1,2}[:.hH][0-9]{2}")
_NUMBER: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_WIDTH: Final = {"%d": 2, "%m": 2, "%Y": 4}


def explain(text: str, form: DateForm) -> tuple[str, int]:
    """
    Return class and 1-based place of what is wrong with a text that was not read.

    Parameters
    ----------
    text : str
        Without blanks around; not empty.
    form : DateForm
        The declared form that it does not have.
    """
    text = text[:LOOKED_AT]
    if not form.compact and _NUMBER.fullmatch(text):
        # 37137 may be the day number of a spreadsheet; which of two epochs it counts from is not in the cell.
        return BARE_NUMBER, 1
    place, short_year = 0, 0
    for piece in form.tokens:
        length, fits = _fit(text, place, piece, form)
        if piece == "%Y" and length == 2:
            short_year = place + 1
        elif not fits:
            return OTHER_FORM, short_year + 2 if short_year else place + length + 1
        place += length
    if short_year:
        whole = place == len(text)
        return (TWO_DIGIT_YEAR, short_year) if whole else (OTHER_FORM, short_year + 2)
    if _TIME.match(text, place):
        return TIME_OF_DAY, place + 1
    return OTHER_FORM, place + 1


def _fit(text: str, place: int, piece: str, form: DateForm) -> tuple[int, bool]:
    """Return how many characters fit a piece, and whether that is the whole of it."""
    rest = text[place:]
    if piece == "%b":
        length = next((n for n, sign in enumerate(rest) if not sign.isalpha()), len(rest))
        return length + rest[length:].startswith("."), length > 0
    if piece in _WIDTH:
        run = re.match(rf"[0-9]{{0,{_WIDTH[piece]}}}", rest)
        length = run.end() if run else 0
        least = _WIDTH[piece] if piece == "%Y" or form.compact else 1
        return length, length >= least
    same = next((n for n, sign in enumerate(piece) if rest[n : n + 1] != sign), len(piece))
    return same, same == len(piece)
