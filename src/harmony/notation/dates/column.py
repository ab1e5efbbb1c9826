"""
A column of dates in one declared form: date, precision, and the class and place of what is no date.

Nothing is guessed: a year of two digits, another order, a number of days of a spreadsheet and a time of day
are refused. A date known to the month or year keeps that precision and stands at its first day. Each distinct
text is read once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harmony.notation.dates.faults import IMPOSSIBLE_DAY, IMPOSSIBLE_MONTH, IMPOSSIBLE_YEAR, explain
from harmony.notation.dates.form import DateForm, month_names

PRECISIONS: Final = ("day", "month", "year")

#: Earliest year of a date about a patient; before it stand slips such as 0201 for 2001.
EARLIEST_YEAR: Final = 1800

_GROUPS: Final = {"%Y": r"(?P<Y>\d{4})", "%b": r"(?P<b>\pL{1,20}\.?)"}

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Dates:
    """
    A column of dates; every array has shape (n,).

    Attributes
    ----------
    date : date32 array
        The date; the first day of its month or year where the precision is month or year; NULL where there is
        none.
    precision : string array
        day, month or year; NULL where there is no date.
    problem : string array
        Class of what is wrong (`faults.CLASSES`); NULL where nothing is.
    position : int32 array
        1-based character of the text where the problem stands; NULL where there is none.
    """

    date: pa.Array
    precision: pa.Array
    problem: pa.Array
    position: pa.Array


def read_dates(text: pa.Array, form: DateForm) -> Dates:
    """
    Read a column of dates.

    Parameters
    ----------
    text : pyarrow.Array
        Strings, shape (n,). Blanks around are ignored; NULL and blank texts are not known, and no problem.
    form : DateForm
        The declared form (`form.read_form`).
    """
    whole = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    encoded = pc.dictionary_encode(whole.cast(pa.string()))
    distinct = _read_distinct(encoded.dictionary, form)
    return Dates(*(column.take(encoded.indices) for column in distinct))


def _read_distinct(text: pa.Array, form: DateForm) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
    trimmed = pc.utf8_trim_whitespace(text)
    shift = pc.subtract(pc.utf8_length(text), pc.utf8_length(pc.utf8_ltrim_whitespace(text)))
    size = len(text)
    dates = np.full(size, np.datetime64("NaT"), "M8[D]")
    classes, places, depth = np.full(size, "", object), np.zeros(size, np.int64), np.full(size, -1)
    left = np.asarray(pc.not_equal(trimmed, ""))
    for tokens in (form.tokens, *form.partial):
        found, read = _matched(trimmed, tokens, form)
        rows = np.flatnonzero(found & left)
        left[rows] = False
        depth[rows] = PRECISIONS.index("day" if "%d" in tokens else "month" if len(read) > 1 else "year")
        dates[rows], classes[rows], places[rows] = _checked({k: v[rows] for k, v in read.items()}, tokens)
    for row in np.flatnonzero(left):
        classes[row], places[row] = explain(trimmed[row].as_py(), form)
    good = ~np.isnat(dates)
    precision = pa.array(PRECISIONS).take(pa.array(depth, mask=~good))
    bad = classes != ""
    position = pc.add(pa.array(places, mask=~bad), shift.cast(pa.int64())).cast(pa.int32())
    return pa.array(dates).cast(pa.date32()), precision, pa.array(classes, pa.string(), mask=~bad), position


@dataclass(frozen=True)
class _Part:
    """Number and length in characters of one part in each text."""

    number: Integers
    length: Integers

    def __getitem__(self, rows: Integers) -> _Part:
        return _Part(self.number[rows], self.length[rows])


def _matched(
    text: pa.Array, tokens: tuple[str, ...], form: DateForm
) -> tuple[NDArray[np.bool_], dict[str, _Part]]:
    digits = r"\d{2}" if form.compact else r"\d{1,2}"
    groups = {"%d": f"(?P<d>{digits})", "%m": f"(?P<m>{digits})", **_GROUPS}
    pattern = "".join(groups.get(piece, re.escape(piece)) for piece in tokens)
    found = pc.extract_regex(text, f"^{pattern}$")
    read = {}
    for piece in tokens:
        if piece in groups:
            part = pc.struct_field(found, piece[1]).fill_null("")
            read[piece] = _Part(_number(part, piece, form), np.asarray(pc.utf8_length(part), np.int64))
    return np.asarray(found.is_valid()), read


def _number(part: pa.Array, piece: str, form: DateForm) -> Integers:
    if piece == "%b":
        names = month_names(form.language)
        places = pc.index_in(pc.utf8_rtrim(pc.utf8_lower(part), "."), value_set=pa.array(list(names)))
        numbers = pa.array(list(names.values()), pa.int64()).take(places)
    else:
        numbers = pc.if_else(pc.equal(part, ""), None, part).cast(pa.int64())
    return np.asarray(numbers.fill_null(0), np.int64)


def _checked(
    read: dict[str, _Part], tokens: tuple[str, ...]
) -> tuple[NDArray[np.datetime64], NDArray[np.object_], Integers]:
    """Return date, class of problem and its place for parts that have the form of a date."""
    year = read["%Y"].number
    ones = np.ones(len(year), np.int64)
    month_part = read.get("%m") or read.get("%b")
    month = month_part.number if month_part else ones
    day = read["%d"].number if "%d" in read else ones
    possible = (month >= 1) & (month <= 12)
    first: NDArray[np.datetime64] = (year - 1970).astype("M8[Y]").astype("M8[M]") + np.where(
        possible, month - 1, 0
    )
    last = ((first + 1).astype("M8[D]") - first.astype("M8[D]")).astype(np.int64)
    wrong = {
        "%Y": (year < EARLIEST_YEAR, IMPOSSIBLE_YEAR),
        "%m": (~possible, IMPOSSIBLE_MONTH),
        "%b": (~possible, IMPOSSIBLE_MONTH),
        "%d": ((day < 1) | (day > np.where(possible, last, 31)), IMPOSSIBLE_DAY),
    }
    classes, places, place = np.full(len(year), "", object), ones * 0, ones
    for piece in tokens:
        if piece not in wrong:
            place = place + len(piece)
            continue
        fault, name = wrong[piece]
        fresh = fault & (classes == "")
        classes[fresh], places[fresh] = name, place[fresh]
        place = place + read[piece].length
    dates = np.asarray(first.astype("M8[D]") + (day - 1), "M8[D]")
    dates[classes != ""] = np.datetime64("NaT")
    return dates, classes, places
