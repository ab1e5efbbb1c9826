"""Units are an allow-list: what is listed converts exactly, what is not is refused with what is."""

import csv
from importlib import resources

import pytest

from harmony.dictionary.model import load
from harmony.errors import LayoutRefused
from harmony.intake.units import factor

DICTIONARY = load()
TABLE = resources.files("harmony.notation.units").joinpath("conversions.csv").read_text("utf-8")
ROWS = [row for row in csv.DictReader(TABLE.splitlines()) if DICTIONARY.has(row["analyte"])]

#: One known value in both units, from the definition of the units.
KNOWN = (
    ("biochemistry.haemoglobin", "g/L", 140.0, 14.0),
    ("biochemistry.haemoglobin", "mmol/L", 8.7, 14.02),
    ("biochemistry.creatinine", "umol/L", 88.42, 1.0),
    ("biochemistry.wbc", "/uL", 5230.0, 5.23),
    ("biochemistry.wbc", "G/L", 5.23, 5.23),
    ("biochemistry.platelets", "10*4/uL", 15.0, 150.0),
    ("biochemistry.ldh", "ukat/L", 5.0, 300.0),
    ("biochemistry.albumin", "umol/L", 600.0, 39.9),
    ("patient.age_at_diagnosis", "mo", 18.0, 1.5),
    ("mrd.level", "%", 0.01, 0.0001),
)


@pytest.mark.parametrize(("key", "unit", "source", "stored"), KNOWN)
def test_a_known_value_is_converted(key, unit, source, stored):
    scale, offset = factor(DICTIONARY.field(key), unit)
    assert source * scale + offset == pytest.approx(stored, rel=5e-4)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['analyte']} {row['from_unit']}")
def test_every_listed_unit_ends_in_the_unit_of_its_field(row):
    assert DICTIONARY.field(row["analyte"]).unit == row["to_unit"]
    assert factor(DICTIONARY.field(row["analyte"]), row["from_unit"])[0] == float(row["factor"])


def test_no_unit_is_listed_twice():
    pairs = [(row["analyte"], row["from_unit"]) for row in ROWS]
    assert len(pairs) == len(set(pairs)) == len(ROWS)


def test_an_unlisted_unit_is_refused_with_the_listed_ones():
    with pytest.raises(LayoutRefused) as caught:
        factor(DICTIONARY.field("biochemistry.ldh"), "furlong")
    assert caught.value.allowed == "U/L, ukat/L, nkat/L"


@pytest.mark.parametrize(
    ("key", "unit", "reason"),
    [
        ("biochemistry.wbc", "g/l", "giga is a capital G"),
        ("biochemistry.wbc", "mil/mm3", "Spanish"),
        ("biochemistry.albumin", "U/L", "catalytic activity"),
        ("biochemistry.ldh", "xULN", "upper limit"),
    ],
)
def test_a_refused_unit_says_why(key, unit, reason):
    with pytest.raises(LayoutRefused) as caught:
        factor(DICTIONARY.field(key), unit)
    assert key in caught.value.what and reason in caught.value.what
    assert caught.value.allowed.startswith(DICTIONARY.field(key).unit)


@pytest.mark.parametrize(
    ("key", "unit", "code"),
    [
        ("biochemistry.wbc", "x10³/mm³", "10*3/uL"),
        ("biochemistry.platelets", "tys./µl", "10*3/uL"),
        ("biochemistry.creatinine", "µmol/l", "umol/L"),
        ("biochemistry.haemoglobin", "g%", "g/dL"),
        ("biochemistry.ldh", "UI/L", "U/L"),
    ],
)
def test_another_writing_of_a_listed_unit_has_its_factor(key, unit, code):
    assert factor(DICTIONARY.field(key), unit) == factor(DICTIONARY.field(key), code)
