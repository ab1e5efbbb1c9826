"""
The allow-list: words of each kind of unit, and the quantities that are made of them.

`words.csv` lists how a litre, a gram or a thousand is written; `quantities.csv` says which kinds make a
quantity (mass/volume); `whole.csv` has units that are no quotient (g%), `refused.csv` what is refused with a
reason of its own. A spelling is allowed when its parts stand in these lists, and not otherwise.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Final

from harmony.notation.units.spelling import fold, plain

#: Powers of ten that counts are given in.
POWERS: Final = (3, 4, 5, 6, 9, 12)
#: Writings of a power of ten behind an optional multiplication sign; n is the exponent.
POWER_FORMS: Final = (
    "10^{n}", "10*{n}", "10**{n}", "10^({n})", "10({n})", "10^+{n}", "10e{n}", "10e+{n}", "10exp{n}",
    "10hoch{n}", "1e{n}", "1e+{n}", "e{n}", "e+{n}", "10^0{n}", "10e0{n}", "10e+0{n}", "10*0{n}",
)  # fmt: skip
TIMES: Final = ("", "x", "*", "1x", "1*")
#: 10e9 is ten to the ninth in laboratories and ten times that in arithmetic.
POWER_NOTE: Final = "10e{n} is ten to the power {n}, not ten times that"


@dataclass(frozen=True)
class Word:
    """
    One unit of one kind.

    Attributes
    ----------
    code : str
        UCUM code of the part; empty for a bare number of cells.
    scale, offset : Fraction
        Value in the kind's base unit = value x scale + offset; the offset is 0 except for temperatures.
    note : str
        What the reader should know about this writing; often empty.
    """

    code: str
    scale: Fraction
    offset: Fraction
    note: str


@dataclass(frozen=True)
class Quantity:
    """
    What can be measured, and of which kinds of unit its own unit is made.

    Attributes
    ----------
    name, label : str
        Name in code and in words.
    kinds : tuple of str
        Kind of the numerator, then of each denominator.
    suffix : str
        Annotation that must stand behind, as `{DDU}`; empty for most.
    """

    name: str
    label: str
    kinds: tuple[str, ...]
    suffix: str


@dataclass(frozen=True)
class WordList:
    """Spellings of one kind or quantity: `exact` with their case, `folded` without."""

    exact: Mapping[str, Word]
    folded: Mapping[str, Word]

    def find(self, key: str) -> Word | None:
        """Return the word of a plain text, or None when it is not listed."""
        return self.exact.get(key) or self.folded.get(fold(key))


@cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a packaged list of this folder."""
    text = resources.files("harmony.notation.units").joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))


@cache
def quantities() -> dict[str, Quantity]:
    """Return every quantity by its name."""
    return {
        row["quantity"]: Quantity(
            row["quantity"], row["label"], tuple(row["parts"].split("/")), row["suffix"]
        )
        for row in rows("quantities.csv")
    }


@cache
def words(kind: str) -> WordList:
    """Return the words of one kind of unit."""
    exact: dict[str, Word] = {}
    folded: dict[str, Word] = {}
    for row in rows("words.csv"):
        if row["kind"] != kind:
            continue
        word = Word(row["code"], Fraction(row["scale"]), Fraction(row["offset"]), row["note"])
        for spelling in row["spellings"].split("|"):
            target, key = (exact, spelling) if row["case"] == "exact" else (folded, fold(spelling))
            target[key] = word
    if kind == "count":
        folded.update(_powers())
        # A bare /uL counts cells too.
        folded[""] = Word("", Fraction(1), Fraction(0), "")
    return WordList(exact, folded)


def _powers() -> Iterator[tuple[str, Word]]:
    for n in POWERS:
        for times in TIMES:
            for form in POWER_FORMS:
                note = POWER_NOTE.format(n=n) if form.startswith("10e") else ""
                yield fold(times + form.format(n=n)), Word(f"10*{n}", Fraction(10**n), Fraction(0), note)


@cache
def names_of_cells() -> tuple[str, ...]:
    """Return the words for cells, longest first, that may stand before or behind a power."""
    (row,) = [row for row in rows("words.csv") if row["kind"] == "count" and not row["code"]]
    return tuple(sorted(map(fold, row["spellings"].split("|")), key=len, reverse=True))


@cache
def whole_units(quantity: str) -> Mapping[str, tuple[str, str]]:
    """Return code and note of the units of a quantity that are written as one word; folded unless exact."""
    found: dict[str, tuple[str, str]] = {}
    for row in rows("whole.csv"):
        if row["quantity"] == quantity:
            exact = row["case"] == "exact"
            for spelling in row["spellings"].split("|"):
                found[spelling if exact else fold(spelling)] = (row["code"], row["note"])
    return found


@cache
def refused_spellings(quantity: str) -> Mapping[str, str]:
    """Return the reason for each spelling of a quantity that is refused with a reason of its own."""
    return {
        key: row["reason"]
        for row in rows("refused.csv")
        if row["quantity"] == quantity
        for spelling in row["spellings"].split("|")
        for key in (plain(spelling), fold(plain(spelling)))
    }
