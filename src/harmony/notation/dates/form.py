"""
The form in which a source writes its dates, as the layout declares it: %d/%m/%Y, %Y-%m, %d%b[en]%Y.

Grammar: parts with literal text between, before and behind them.

    %d        day, 1 or 2 digits; 2 where digits of two parts touch
    %m        month, 1 or 2 digits; 2 where digits of two parts touch
    %b[xx]    name of the month, long or short, in the language xx (de, en, es, fr, it, pl)
    %Y        year, 4 digits

Every part stands at most once, %Y always, %d only beside a month, and %m or %b, not both. Literal text holds
no %, no digit beside a part of digits and no letter beside a name of a month.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from typing import Final

from harmony.errors import UsageError

GRAMMAR: Final = "%d, %m and %Y, each once, with other signs between them; %b[de] for names of months"
_PART: Final = re.compile(r"(%b\[[a-z]{2}\]|%.)")
_SHOWN: Final = {"%d": "DD", "%m": "MM", "%Y": "YYYY"}


@cache
def month_names(language: str) -> dict[str, int]:
    """Return the number of each name of a month, in lower case; empty for a language without a list."""
    text = resources.files("harmony.notation.dates").joinpath("months.csv").read_text(encoding="utf-8")
    return {
        name: int(row["month"])
        for row in csv.DictReader(io.StringIO(text))
        if row["language"] == language
        for name in row["names"].split("|")
    }


@dataclass(frozen=True)
class DateForm:
    """
    A declared form.

    Attributes
    ----------
    text : str
        As declared.
    tokens : tuple of str
        %d, %m, %b, %Y and the literal text between them, in order.
    language : str
        Of the names of months; empty without %b.
    """

    text: str
    tokens: tuple[str, ...]
    language: str

    @property
    def precision(self) -> str:
        """What a full date of this form is known to: day, month or year."""
        return "day" if "%d" in self.tokens else "month" if self.month else "year"

    @property
    def month(self) -> str:
        """The part of the month, %m or %b; empty when there is none."""
        return next((token for token in self.tokens if token in ("%m", "%b")), "")

    @property
    def shown(self) -> str:
        """The form for people: DD/MM/YYYY."""
        return "".join({**_SHOWN, "%b": "MONTH"}.get(token, token) for token in self.tokens)

    @cached_property
    def compact(self) -> bool:
        """Whether digits of two parts touch, so that day and month have two digits."""
        pairs = pairwise(self.tokens)
        return any(left in _SHOWN and right in _SHOWN for left, right in pairs)

    @cached_property
    def partial(self) -> tuple[tuple[str, ...], ...]:
        """
        The shorter forms of a date that is not known to the day, longest first.

        The month form leaves out the day and the text beside it. Where digits of two parts touch there is
        none: six digits are as well a date with a year of two digits, and four a day with its month.
        """
        found = []
        if self.precision == "day" and not self.compact:
            found.append(_without_day(self.tokens))
        if self.precision != "year" and not self.compact:
            found.append(("%Y",))
        return tuple(found)


def _without_day(tokens: tuple[str, ...]) -> tuple[str, ...]:
    place = tokens.index("%d")
    first = place == min(n for n, token in enumerate(tokens) if token.startswith("%"))
    # A first day takes the text behind it along, another one the text before it.
    beside = place + 1 if first else place - 1
    left_out = {place} if tokens[beside].startswith("%") else {place, beside}
    return tuple(token for n, token in enumerate(tokens) if n not in left_out)


def read_form(text: str) -> DateForm:
    """
    Read a declared form.

    Raises
    ------
    UsageError
        When it is not of the grammar; says what is allowed.
    """
    tokens = tuple(token for token in _PART.split(text) if token)
    named = [token for token in tokens if token.startswith("%b[")]
    language = named[0][3:5] if named else ""
    plain = tuple("%b" if token.startswith("%b[") else token for token in tokens)
    parts = [token for token in plain if token.startswith("%")]
    known = set(parts) <= {"%d", "%m", "%b", "%Y"} and len(set(parts)) == len(parts) and "%Y" in parts
    months = len({"%m", "%b"} & set(parts))
    whole = months == 1 or (months == 0 and "%d" not in parts)
    if not known or not whole or "%b" in tokens or bool(named) != bool(month_names(language)):
        raise _refused(text)
    if not all(_apart(left, right) for left, right in pairwise(plain)):
        raise _refused(text)
    return DateForm(text, plain, language)


def _apart(left: str, right: str) -> bool:
    # Text that goes on like the part beside it would make the part's end a guess.
    for part, beside, sign in ((left, right, right[0]), (right, left, left[-1])):
        if beside.startswith("%"):
            continue
        if (part in _SHOWN and sign.isdigit()) or (part == "%b" and sign.isalpha()):
            return False
    return True


def _refused(text: str) -> UsageError:
    return UsageError(f"'{text}' is no form of a date.", "", GRAMMAR)
