"""docs/explanation/units_and_dates.md says what the code does: every row of its tables is tried."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from harmony.notation.dates.column import read_dates
from harmony.notation.dates.faults import CLASSES
from harmony.notation.dates.form import read_form
from harmony.notation.units.reading import read_unit
from harmony.notation.units.vocabulary import quantities, rows

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "explanation" / "units_and_dates.md").read_text(encoding="utf-8")
QUANTITY = {quantity.label: quantity.name for quantity in quantities().values()}


def table(*header):
    """The rows of the page's tables with this header, without the marks of code."""
    head = f"| {' | '.join(header)} |\n|" + "---|" * len(header) + "\n"
    assert head in PAGE, header
    blocks = [part.split("\n\n")[0] for part in PAGE.split(head)[1:]]
    return [
        tuple(cell.strip().strip("`") for cell in line.strip("| ").split(" | "))
        for block in blocks
        for line in block.splitlines()
    ]


@pytest.mark.parametrize(("text", "measured", "code"), table("spelling", "measured", "read as"))
def test_a_spelling_of_the_page_is_read_as_it_says(text, measured, code):
    assert read_unit(text, QUANTITY[measured]).code == code


@pytest.mark.parametrize(("text", "measured", "why"), table("spelling", "measured", "why"))
def test_a_refusal_of_the_page_has_its_reason(text, measured, why):
    assert (read_unit(text, QUANTITY[measured]).code, read_unit(text, QUANTITY[measured]).refused) == (
        "",
        why,
    )


def test_the_page_counts_the_writings_that_are_tried():
    with (ROOT / "tests" / "spec" / "unit_spellings.csv").open(newline="", encoding="utf-8") as file:
        tried = Counter(row["measured"] for row in csv.DictReader(file))
    for measured, count in table("measured", "writings"):
        assert int(count) == tried[measured], measured


@pytest.mark.parametrize(("field", "unit", "was", "now", "why"), table("field", "from", "was", "is", "why"))
def test_a_correction_of_the_page_is_in_the_table(field, unit, was, now, why):
    (row,) = [row for row in rows("conversions.csv") if (row["analyte"], row["from_unit"]) == (field, unit)]
    assert row["factor"] == now != was
    assert float(now) == pytest.approx(float(was), rel=3e-4)
    assert why


@pytest.mark.parametrize(("form", "text", "day", "precision"), table("form", "text", "read as", "precision"))
def test_a_date_of_the_page_is_read_as_it_says(form, text, day, precision):
    found = read_dates(pa.array([text]), read_form(form))
    assert (found.date[0].as_py().isoformat(), found.precision[0].as_py()) == (day, precision)


@pytest.mark.parametrize(("form", "text", "problem", "place"), table("form", "text", "class", "character"))
def test_a_refused_date_of_the_page_has_its_class_and_character(form, text, problem, place):
    found = read_dates(pa.array([text]), read_form(form))
    assert (found.problem[0].as_py(), found.position[0].as_py()) == (problem, int(place))


def test_every_class_of_problem_has_a_row_on_the_page():
    assert {row[2] for row in table("form", "text", "class", "character")} == set(CLASSES)


def test_every_quantity_of_the_page_is_one_of_the_list():
    named = {row[1] for row in table("spelling", "measured", "read as")}
    assert named <= set(QUANTITY)
    assert re.search(r"\| `%b\[de\]` \|", PAGE)
