"""How laboratories write their units, and what each writing is read as: tests/spec/unit_spellings.csv."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmony.dictionary.model import load
from harmony.errors import UsageError
from harmony.notation.units.conversion import own_quantity
from harmony.notation.units.reading import quantity_of, read_unit
from harmony.notation.units.spelling import LONGEST, fold
from harmony.notation.units.vocabulary import quantities, rows, words

SPEC = Path(__file__).parents[2] / "spec" / "unit_spellings.csv"
#: What every hospital measures; each needs forty writings at least.
COMMON = ("haemoglobin", "leukocytes", "platelets", "creatinine", "LDH", "per cent")

with SPEC.open(newline="", encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))

SPELLINGS = st.sampled_from([case["spelling"] for case in CASES])
QUANTITIES = st.sampled_from(sorted(quantities()))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['measured']}[{c['spelling'][:20]}]")
def test_a_spelling_is_read_as_its_code_or_refused_with_its_reason(case):
    reading = read_unit(case["spelling"], case["quantity"])
    assert reading.code == case["code"]
    assert case["refused"] in reading.refused
    assert bool(reading.code) is not bool(reading.refused)


@pytest.mark.parametrize("measured", COMMON)
def test_a_common_quantity_has_forty_spellings_at_least(measured):
    assert Counter(case["measured"] for case in CASES)[measured] >= 40


def test_no_spelling_is_listed_twice_for_one_measurement():
    pairs = Counter((case["measured"], case["spelling"]) for case in CASES)
    assert [pair for pair, count in pairs.items() if count > 1] == []


@pytest.mark.parametrize("sign", ["\u00b5", "\u03bc", "u", "mc"])
@pytest.mark.parametrize(("unit", "quantity"), [("g/L", "mass_per_volume"), ("mol/L", "amount_per_volume")])
def test_every_micro_is_micro(sign, unit, quantity):
    assert read_unit(sign + unit, quantity).code == f"u{unit}"


def test_one_writing_is_another_unit_in_another_quantity():
    assert read_unit("G/L", "count_per_volume").code == "10*9/L"
    assert read_unit("G/L", "mass_per_volume").code == "g/L"
    assert read_unit("K", "temperature").code == "K"
    assert read_unit("K/uL", "count_per_volume").code == "10*3/uL"


def test_case_that_matters_is_kept():
    assert read_unit("M/uL", "count_per_volume").code == "10*6/uL"
    assert read_unit("m/uL", "count_per_volume").code == ""
    assert read_unit("mU/mL", "activity_per_volume").code == "mU/mL"
    assert read_unit("MU/mL", "activity_per_volume").code == ""


def test_a_reading_says_what_a_reader_should_know():
    assert "not ten times that" in read_unit("10e9/L", "count_per_volume").note
    assert "giga" in read_unit("G/L", "count_per_volume").note
    assert read_unit("g/dL", "mass_per_volume").note == ""


def test_an_unknown_quantity_is_refused_with_the_known_ones():
    with pytest.raises(UsageError) as caught:
        read_unit("g/dL", "loudness")
    assert "mass_per_volume" in caught.value.allowed


@pytest.mark.parametrize("item", [f for f in load().fields if f.unit], ids=lambda f: f.key)
def test_every_unit_of_the_dictionary_is_read_in_its_own_quantity(item):
    own = own_quantity(item.unit, item.key)
    assert own
    assert read_unit(item.unit, own).code


#: Units that fields of the seven diseases have; the packaged dictionary holds some of them.
CLINICAL = (
    "% 10*9/L mo U/L g/L cm mL/min 1 {ratio} {bp} cm2 mL {cells}/uL mg/(24.h) mg/L ng/L mg/m2 wk kg {SDS} Gy "
    "a g/dL fL ug/L mg/dL mL/min/{1.73_m2} mmol/L m2 Cel {cells} {log} 10*6/kg pmol/L nmol/L"
)


@pytest.mark.parametrize("unit", CLINICAL.split())
def test_every_unit_of_the_clinical_dictionaries_is_read(unit):
    quantity = quantity_of(unit)
    assert quantity
    assert quantity_of(read_unit(unit, quantity).code) == quantity


def test_the_code_of_the_degree_is_no_writing_of_cells():
    assert quantity_of("Cel") == "temperature"


def test_no_word_of_a_kind_stands_for_two_units():
    seen = {}
    for row in rows("words.csv"):
        for spelling in row["spellings"].split("|"):
            key = (row["kind"], spelling if row["case"] == "exact" else fold(spelling))
            assert seen.setdefault(key, row["code"]) == row["code"], key


def test_every_kind_of_a_quantity_has_words():
    for quantity in quantities().values():
        for kind in quantity.kinds:
            assert words(kind).folded, (quantity.name, kind)


@given(st.text(max_size=80), QUANTITIES)
def test_any_text_is_read_or_refused_and_never_as_another_quantity(text, quantity):
    reading = read_unit(text, quantity)
    assert reading.quantity == quantity
    assert bool(reading.code) is not bool(reading.refused)
    if reading.code:
        again = read_unit(reading.code, quantity)
        assert (again.code, again.scale) == (reading.code, reading.scale)


@given(st.binary(max_size=80), QUANTITIES)
def test_any_bytes_are_read_or_refused(content, quantity):
    text = content.decode("utf-8", errors="surrogateescape")
    assert read_unit(text, quantity).refused or read_unit(text, quantity).code


@given(SPELLINGS, QUANTITIES, st.integers(0, 30), st.characters())
def test_a_changed_spelling_never_becomes_a_unit_of_another_quantity(spelling, quantity, place, sign):
    changed = spelling[:place] + sign + spelling[place + 1 :]
    reading = read_unit(changed, quantity)
    if reading.code:
        again = read_unit(reading.code, quantity)
        assert again.scale == reading.scale


def test_a_text_of_a_million_characters_is_refused_at_once():
    assert str(LONGEST) in read_unit("10^" * 333_333, "count_per_volume").refused


@pytest.mark.parametrize("text", ["µ/L", "μ/l", "µI/L", "µE/l", "µU/mL"])
def test_a_micro_sign_is_no_letter_u(text):
    assert read_unit(text, "activity_per_volume").code == ""
