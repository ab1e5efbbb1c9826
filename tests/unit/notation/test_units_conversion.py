"""Every factor of the table is what the units and the molar masses say; columns convert without a slip."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmony.errors import UsageError
from harmony.notation.units.conversion import (
    Factor,
    allowed_units,
    apply,
    convert,
    factor,
    own_quantity,
    significant,
)
from harmony.notation.units.reading import read_unit
from harmony.notation.units.ucum import ucum_ratio
from harmony.notation.units.vocabulary import quantities, rows, words

TABLE = rows("conversions.csv")
ANALYTES = {row["analyte"]: row for row in rows("analytes.csv")}
#: D-dimer units are about half a fibrinogen equivalent, by assay; no rule of units gives it.
BY_ASSAY = {"dimer_units": Fraction(2)}
OF_MASS, OF_AMOUNT, OF_CHARGE = "mass_per_volume", "amount_per_volume", "charge_per_volume"


def name(row):
    return f"{row['analyte']}[{row['from_unit']}]"


def in_grams(quantity, analyte):
    """Gram in one base unit of a quantity of mass, amount or charge."""
    mass = Fraction(ANALYTES[analyte]["molar_mass"] or 1)
    valence = Fraction(ANALYTES[analyte]["valence"] or 1)
    return {OF_MASS: Fraction(1), OF_AMOUNT: mass, OF_CHARGE: mass / valence}[quantity]


def expected(row):
    """The exact factor of a row, from the scales of its units and the molar mass of its analyte."""
    own = own_quantity(row["to_unit"], row["analyte"])
    target = read_unit(row["to_unit"], own)
    for quantity in (own, *quantities()):
        source = read_unit(row["from_unit"], quantity)
        if source.code:
            break
    ratio = source.scale / target.scale
    if source.quantity == own:
        return ratio
    if {source.quantity, own} <= {OF_MASS, OF_AMOUNT, OF_CHARGE}:
        return ratio * in_grams(source.quantity, row["analyte"]) / in_grams(own, row["analyte"])
    assert source.quantity in ("dimer_units", "fibrinogen_equivalents")
    return ratio * BY_ASSAY.get(source.quantity, 1)


@pytest.mark.parametrize("row", TABLE, ids=name)
def test_a_factor_of_the_table_follows_from_the_units_and_the_molar_mass(row):
    assert float(row["factor"]) == pytest.approx(float(expected(row)), rel=1e-15)


@pytest.mark.parametrize("row", TABLE, ids=name)
def test_a_value_comes_back_from_its_conversion(row):
    source = pa.array([0.037, 1.0, 5.23, 98.6, 5230.0])
    there = factor(row["from_unit"], row["to_unit"], row["analyte"])
    assert there == Factor(float(row["factor"]), float(row["offset"]))
    stored = convert(source, row["from_unit"], row["to_unit"], row["analyte"])
    back = apply(stored, Factor(1 / there.scale, -there.offset / there.scale))
    assert back.to_pylist() == pytest.approx(source.to_pylist(), rel=1e-9, abs=1e-9)


def test_no_unit_of_an_analyte_is_listed_twice():
    pairs = [(row["analyte"], row["from_unit"]) for row in TABLE]
    assert len(pairs) == len(set(pairs))


#: Codes that UCUM's own parser reads otherwise, with the reason.
TRAPS = {
    "{ratio}": "an annotation alone is no quantity",
    "{SDS}": "an annotation alone is no quantity",
    "{log}": "an annotation alone is no quantity",
    "{bp}": "an annotation alone is no quantity",
    "{cells}": "an annotation alone is no quantity",
}


def codes_of(quantity):
    """Every UCUM code of a quantity: the products of the codes of its kinds."""
    found = [""]
    for place, kind in enumerate(quantity.kinds):
        own = {word.code for word in [*words(kind).exact.values(), *words(kind).folded.values()]}
        found = [f"{left}/{right}" if place else right for left in found for right in sorted(own)]
    return [code + quantity.suffix or "{cells}" for code in found]


@pytest.mark.parametrize("quantity", quantities().values(), ids=lambda q: q.name)
def test_every_scale_is_that_of_ucum(quantity):
    codes = [code for code in codes_of(quantity) if code not in TRAPS]
    if quantity.name == "temperature":
        codes = []  # an offset has no ratio; KNOWN has its facts
    for code in codes:
        ours = read_unit(code, quantity.name).scale / read_unit(codes[0], quantity.name).scale
        assert ucum_ratio(code, codes[0]) == pytest.approx(float(ours), rel=1e-12), code


def test_ucum_alone_would_read_giga_as_gauss():
    assert ucum_ratio("G/L", "10*9/L") is None
    assert factor("G/L", "10*9/L") == Factor(1.0, 0.0)


#: Facts that no module here computes, from the definitions of the units or from textbooks.
KNOWN = (
    ("°F", "Cel", "physical_exam.temperature", 98.6, 37.0),
    ("mo", "a", "patient.age_at_diagnosis", 18, 1.5),
    ("d", "a", "patient.age_at_diagnosis", 1461, 4.0),
    ("µmol/l", "mg/dL", "biochemistry.creatinine", 88.4, 0.9999808),
    ("nmol/l", "mg/dL", "biochemistry.creatinine", 88400, 0.9999808),
    ("lb", "kg", "physical_exam.weight", 100, 45.359237),
    ("µkat/l", "U/L", "biochemistry.ldh", 1, 60),
    ("tys./µl", "10*9/L", "biochemistry.wbc", 5.23, 5.23),
    ("/mm³", "10*9/L", "biochemistry.wbc", 5230, 5.23),
    ("Mio./µl", "10*12/L", "", 4.5, 4.5),
    ("mmol/l", "g/dL", "biochemistry.haemoglobin", 10, 16.114),
    ("mval/l", "mmol/L", "biochemistry.potassium", 4.1, 4.1),
    ("mIU/mL", "U/L", "biochemistry.erythropoietin", 12, 12),
    ("ng/mL DDU", "mg/L", "biochemistry.d_dimer", 250, 0.5),
    ("µg/L", "mg/dL", "", 100, 0.01),
    ("%", "1", "mrd.level", 0.01, 0.0001),
)


@pytest.mark.parametrize(("unit", "to_unit", "analyte", "value", "stored"), KNOWN)
def test_a_known_value_becomes_its_known_equivalent(unit, to_unit, analyte, value, stored):
    assert convert(pa.array([value]), unit, to_unit, analyte).to_pylist() == [stored]


REFUSED = (
    ("mmol/L", "g/L", "biochemistry.igg", "amount of substance"),  # no molar mass in the table
    ("mmol/L", "g/dL", "", "amount of substance"),
    ("g/dL", "10*9/L", "biochemistry.wbc", "mass per volume"),
    ("g/l", "10*9/L", "biochemistry.wbc", "giga is a capital G"),
    ("µkat/L", "U/L", "biochemistry.erythropoietin", "catalytic"),
    ("%", "1", "diagnosis.mipi", "fraction"),
    ("mL/min", "mL/min/{1.73_m2}", "biochemistry.egfr", "volume per time"),
    ("mL/min/{1.73_m2}", "mL/min", "physical_exam.creatinine_clearance", "standard body"),
    ("mil/mm3", "10*9/L", "biochemistry.wbc", "Spanish"),
    ("furlong", "cm", "physical_exam.height", "not on the list"),
    ("g/dL", "", "", "UCUM"),
)


@pytest.mark.parametrize(("unit", "to_unit", "analyte", "reason"), REFUSED)
def test_a_unit_of_another_kind_is_refused_with_the_reason_and_the_allowed(unit, to_unit, analyte, reason):
    with pytest.raises(UsageError) as caught:
        factor(unit, to_unit, analyte)
    assert reason in caught.value.what
    assert caught.value.allowed == ", ".join(allowed_units(to_unit, analyte))


def test_a_unit_beyond_the_list_is_left_to_ucum():
    assert factor("ng/(kg.min)", "ug/(kg.min)").scale == pytest.approx(1e-3)
    assert factor("anything {of_ours}", "anything {of_ours}") == Factor(1.0, 0.0)
    with pytest.raises(UsageError):
        factor("mg/(kg.min){a}", "mg/(kg.min){b}")
    with pytest.raises(UsageError):
        factor("%%/[", "ug/(kg.min)")
    with pytest.raises(UsageError):
        factor("mm", "ug/(kg.min)")


@given(st.text(max_size=70), st.sampled_from(TABLE))
def test_any_text_is_a_finite_factor_or_a_refusal(text, row):
    try:
        found = factor(text, row["to_unit"], row["analyte"])
    except UsageError as error:
        assert row["to_unit"] in error.allowed
    else:
        assert math.isfinite(found.scale) and found.scale > 0


def test_null_nan_and_infinity_stay_what_they_are():
    values = pa.array([None, float("nan"), float("inf"), -float("inf"), 0.0, -0.0])
    found = convert(values, "g/L", "g/dL", "biochemistry.haemoglobin").to_pylist()
    assert found[0] is None and math.isnan(found[1])
    assert found[2:] == [float("inf"), -float("inf"), 0.0, 0.0]


def test_whole_numbers_empty_columns_and_pieces_of_columns_convert():
    assert convert(pa.array([140], pa.int64()), "g/L", "g/dL").to_pylist() == [14.0]
    assert convert(pa.array([], pa.float64()), "g/L", "g/dL").to_pylist() == []
    assert convert(pa.array([1.0, 140.0, 150.0])[1:], "g/L", "g/dL").to_pylist() == [14.0, 15.0]


@given(st.integers(1, 10**11), st.integers(-9, 9))
def test_a_decimal_number_of_eleven_digits_is_met_exactly(digits, shift):
    written = float(f"{digits}e{shift}")
    noisy = np.nextafter(np.nextafter(written, np.inf), np.inf)
    assert significant(pa.array([noisy, -noisy])).to_pylist() == [written, -written]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_is_that_of_twelve_written_digits(value):
    (found,) = significant(pa.array([value])).to_pylist()
    # At a tie of the twelfth digit the product before rounding may fall on either side.
    assert found == pytest.approx(float(f"{value:.12g}"), rel=1.01e-11, abs=0)
    assert len(f"{found:.17e}".rstrip("0")) > 0 and float(f"{found:.12g}") == found


def test_every_correction_of_the_source_table_is_kept():
    kept = {(row["analyte"], row["from_unit"]): float(row["factor"]) for row in TABLE}
    assert kept["biochemistry.creatinine", "umol/L"] == 0.011312
    assert kept["patient.age_at_diagnosis", "mo"] * 12 == pytest.approx(1, rel=1e-15)
    assert kept["biochemistry.folate", "ng/mL"] == pytest.approx(1000 / 441.4, rel=1e-15)
