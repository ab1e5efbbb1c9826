"""Dates in the declared form are read; everything else is refused with its class and its character."""

from __future__ import annotations

import calendar
import datetime as dt
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmony.notation.dates.column import EARLIEST_YEAR, read_dates
from harmony.notation.dates.faults import CLASSES
from harmony.notation.dates.form import read_form

D = "%d/%m/%Y"


def read(text, form=D):
    found = read_dates(pa.array([text], pa.string()), read_form(form))
    return (
        found.date[0].as_py(),
        found.precision[0].as_py(),
        found.problem[0].as_py(),
        found.position[0].as_py(),
    )


GOOD = (
    (D, "03/09/2001", "2001-09-03", "day"),
    (D, "3/9/2001", "2001-09-03", "day"),
    (D, "29/02/2000", "2000-02-29", "day"),
    (D, "31/12/1899", "1899-12-31", "day"),
    (D, "09/2001", "2001-09-01", "month"),
    (D, "2001", "2001-01-01", "year"),
    (D, " 03/09/2001", "2001-09-03", "day"),
    (D, "03/09/2001\u00a0", "2001-09-03", "day"),
    (D, "\t03/09/2001 ", "2001-09-03", "day"),
    ("%m/%d/%Y", "03/09/2001", "2001-03-09", "day"),
    ("%Y-%m-%d", "2001-09-03", "2001-09-03", "day"),
    ("%Y-%m-%d", "2001-09", "2001-09-01", "month"),
    ("%Y-%m-%d", "2001", "2001-01-01", "year"),
    ("%m/%Y", "9/2001", "2001-09-01", "month"),
    ("%Y", "2001", "2001-01-01", "year"),
    ("%Y%m%d", "20010903", "2001-09-03", "day"),
    ("%d%b[en]%Y", "03SEP2001", "2001-09-03", "day"),
    ("%d%b[en]%Y", "3Sept2001", "2001-09-03", "day"),
    ("%d%b[en]%Y", "SEP2001", "2001-09-01", "month"),
    ("%d. %b[de] %Y", "3. MÄRZ 2001", "2001-03-03", "day"),
    ("%d. %b[de] %Y", "3. Mär. 2001", "2001-03-03", "day"),
    ("%d %b[fr] %Y", "14 août 2001", "2001-08-14", "day"),
    ("%d %b[fr] %Y", "14 aout 2001", "2001-08-14", "day"),
    ("%d de %b[es] de %Y", "3 de septiembre de 2001", "2001-09-03", "day"),
    ("%d %b[it] %Y", "3 gen 2001", "2001-01-03", "day"),
    ("%d %b[pl] %Y", "3 września 2001", "2001-09-03", "day"),
    ("%Y-%m-%d 00:00:00", "2001-09-03 00:00:00", "2001-09-03", "day"),
)


@pytest.mark.parametrize(("form", "text", "day", "precision"), GOOD)
def test_a_date_of_the_form_is_read_with_its_precision(form, text, day, precision):
    assert read(text, form) == (dt.date.fromisoformat(day), precision, None, None)


BAD = (
    (D, "00/09/01", "two-digit year", 7),
    (D, "03/09/01", "two-digit year", 7),
    (D, "  3/9/01", "two-digit year", 7),
    ("%Y-%m-%d", "01-09-03", "two-digit year", 1),
    ("%d%m%Y", "030901", "two-digit year", 5),
    ("%d%b[en]%Y", "03SEP01", "two-digit year", 6),
    (D, "00/09/20+T12501", "other form", 9),
    (D, "31/02/2001", "impossible day", 1),
    (D, "29/02/1900", "impossible day", 1),
    (D, "00/09/2001", "impossible day", 1),
    (D, "  31/04/2001", "impossible day", 3),
    (D, "\u00a031/04/2001", "impossible day", 2),
    ("%Y-%m-%d", "2001-02-30", "impossible day", 9),
    ("%d. %b[de] %Y", "31. Feb. 2001", "impossible day", 1),
    (D, "03/13/2001", "impossible month", 4),
    (D, "03/31/2015", "impossible month", 4),
    (D, "00/2001", "impossible month", 1),
    ("%d %b[de] %Y", "3 Sep. 0201", "impossible year", 8),
    ("%d%b[en]%Y", "03XXX2001", "impossible month", 3),
    ("%d %b[de] %Y", "3 mayo 2001", "impossible month", 3),
    (D, "32/13/2001", "impossible day", 1),
    (D, "03/09/0201", "impossible year", 7),
    (D, "0000", "impossible year", 1),
    (D, "03/09/2001 24:00", "time of day behind the date", 11),
    (D, "03/09/2001T00:00:00", "time of day behind the date", 11),
    ("%Y-%m-%d", "2001-09-03 00:00:00.000", "time of day behind the date", 11),
    (D, "37137", "bare number", 1),
    (D, "37137.5", "bare number", 1),
    (D, "0", "bare number", 1),
    ("%Y%m%d", "37137", "other form", 6),
    (D, "03-09-2001", "other form", 3),
    (D, "2001-09-03", "other form", 3),
    ("%Y-%m-%d", "03-09-2001", "other form", 3),
    (D, "03/09/", "other form", 7),
    (D, "03/09/2001 ?", "other form", 11),
    (D, "003/09/2001", "other form", 3),
    (D, "03/09/20011", "other form", 11),
    (D, "٠٣/09/2001", "other form", 1),
    (D, "03/09/2001\x00", "other form", 11),
    (D, "soon", "other form", 1),
    ("%Y%m%d", "200109", "other form", 7),
    ("%Y%m%d", "2001", "other form", 5),
    ("%d%m%Y", "0309", "other form", 5),
)


@pytest.mark.parametrize(("form", "text", "problem", "position"), BAD)
def test_what_is_no_date_is_refused_with_its_class_and_its_character(form, text, problem, position):
    assert read(text, form) == (None, None, problem, position)


@pytest.mark.parametrize("text", [None, "", "   ", "\u00a0"])
def test_an_empty_cell_is_not_known_and_no_problem(text):
    assert read(text) == (None, None, None, None)


def test_a_column_keeps_its_order_its_length_and_its_repeats():
    cells = ["03/09/2001", None, "x", "03/09/2001", "09/2001", "x"]
    found = read_dates(pa.array(cells), read_form(D))
    assert found.precision.to_pylist() == ["day", None, None, "day", "month", None]
    assert found.position.to_pylist() == [None, None, 1, None, None, 1]
    assert read_dates(pa.array([], pa.string()), read_form(D)).date.to_pylist() == []
    assert read_dates(pa.chunked_array([cells[:2], cells[2:]]), read_form(D)).date == found.date
    assert read_dates(pa.array(cells)[3:], read_form(D)).precision.to_pylist() == ["day", "month", None]


SEPARATORS = ("/", "-", ".", " ", ". ")


@given(st.dates(dt.date(EARLIEST_YEAR, 1, 1)), st.sampled_from(SEPARATORS), st.permutations("dmY"))
def test_every_day_of_the_calendar_comes_back_from_its_writing(day, separator, order):
    form = separator.join(f"%{part}" for part in order)
    parts = {"d": f"{day.day:02d}", "m": f"{day.month:02d}", "Y": f"{day.year:04d}"}
    text = separator.join(parts[part] for part in order)
    assert read(text, form) == (day, "day", None, None)


def slow_reading(text):
    """The date of a text in the form DD/MM/YYYY by the letter of the rules, or None."""
    found = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text)
    if not found:
        return None
    day, month, year = map(int, found.groups())
    if year < EARLIEST_YEAR or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return dt.date(year, month, day)


@given(st.from_regex(r"[0-4]?[0-9]/[0-1]?[0-9]/[0-9]{1,5}", fullmatch=True))
def test_near_dates_are_read_exactly_where_the_slow_reading_reads_them(text):
    found = read(text)
    assert found[0] == slow_reading(text)
    assert (found[2] in CLASSES) is (found[0] is None)


@given(st.text(max_size=80), st.sampled_from([form for form, *_ in GOOD]))
def test_any_text_is_read_or_refused_at_a_character_of_it(text, form):
    date, precision, problem, position = read(text, form)
    if not text.strip():
        assert (date, problem) == (None, None)
    elif date is None:
        assert problem in CLASSES and 1 <= position <= len(text) + 1
    else:
        assert precision and problem is None and str(date.year) in text


@given(st.sampled_from([text for _, text, *_ in GOOD]), st.integers(0, 12), st.characters())
def test_a_changed_date_never_becomes_another_century_or_raises(text, place, sign):
    date, *_ = read(text[:place] + sign + text[place + 1 :])
    assert date is None or date.year >= EARLIEST_YEAR


def test_a_text_of_a_million_characters_is_refused_at_once():
    assert read("1" * 1_000_000)[2] == "other form" or read("1" * 1_000_000)[2] == "bare number"
    assert read("03/09/2001" + "x" * 1_000_000) == (None, None, "other form", 11)
