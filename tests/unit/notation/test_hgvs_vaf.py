"""Allele fractions: per cent and fraction are kept apart, and what could be either is refused."""

import pyarrow as pa
import pytest

from harmony.errors import UsageError
from harmony.notation.hgvs.vaf import ENOUGH, column_unit, read_vaf, read_vaf_column


@pytest.mark.parametrize(
    ("text", "unit", "fraction", "bound"),
    [
        ("41%", None, 0.41, ""),
        ("41 %", None, 0.41, ""),
        ("41,5 %", None, 0.415, ""),
        ("0.41 %", None, 0.0041, ""),
        ("VAF 41 %", None, 0.41, ""),
        ("VAF=41%", None, 0.41, ""),
        ("41 Prozent", None, 0.41, ""),
        ("<1%", None, 0.01, "<"),
        ("≥ 2 %", None, 0.02, ">="),
        (">50", None, 0.5, ">"),
        ("ca. 40 %", None, 0.4, "~"),
        ("41", None, 0.41, ""),
        ("100", None, 1.0, ""),
        ("0", None, 0.0, ""),
        ("0.41", "fraction", 0.41, ""),
        ("0,41", "fraction", 0.41, ""),
        ("0.41", "percent", 0.0041, ""),
        ("0.41", "%", 0.0041, ""),
        ("1", "fraction", 1.0, ""),
        ("1", "percent", 0.01, ""),
        ("41%", "fraction", 0.41, ""),
    ],
)
def test_a_number_with_sign_or_declared_unit_is_read(text, unit, fraction, bound):
    vaf = read_vaf(text, unit)
    assert (vaf.status, vaf.bound) == ("read", bound)
    assert vaf.fraction == pytest.approx(fraction, abs=1e-12)


@pytest.mark.parametrize("text", ["0.41", "1", "0,05", "1.0", "<0.01"])
def test_a_number_up_to_one_without_unit_is_refused(text):
    vaf = read_vaf(text)
    assert (vaf.status, vaf.fraction, vaf.reason) == ("unclear", None, "no_unit")


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        ("101 %", None, "over_100"),
        ("141", None, "over_100"),
        ("41", "fraction", "over_1_as_fraction"),
        ("40-45 %", None, "range"),
        ("-0.4", "fraction", "not_a_number"),
        ("nan%", None, "not_a_number"),
        ("1e-3", "fraction", "not_a_number"),
        ("1.234,5", "percent", "not_a_number"),
        ("٤١%", None, "not_a_number"),
        ("x" * 100, None, "not_a_number"),
    ],
)
def test_an_impossible_number_is_not_read(text, unit, reason):
    vaf = read_vaf(text, unit)
    assert (vaf.status, vaf.fraction, vaf.reason) == ("unreadable", None, reason)


@pytest.mark.parametrize("text", ["", "  ", "n.d.", "NA", "not tested", "nicht untersucht", "not detected"])
def test_words_and_blanks_have_no_value(text):
    vaf = read_vaf(text)
    assert (vaf.status, vaf.fraction) == ("no_value", None)


def test_an_unknown_unit_is_refused():
    with pytest.raises(UsageError):
        read_vaf("0.41", "ppm")


@pytest.mark.parametrize(
    ("numbers", "unit"),
    [
        ([0.41, 0.05, 0.5], "fraction"),
        ([41.0, 5.0, 50.0], "percent"),
        ([41.0, 0.5, 30.0, 22.0, 12.0], "percent"),
        ([0.41] * (ENOUGH - 1), None),
        ([0.0, 1.0, 1.0, 0.0], None),
        ([0.41, 41.0, 0.3, 35.0], None),
        ([], None),
    ],
)
def test_a_column_speaks_for_a_unit_only_with_evidence(numbers, unit):
    assert column_unit(numbers)[0] == unit


def test_the_declared_unit_of_a_column_beats_its_numbers():
    column = read_vaf_column(pa.array(["0.41", "0.5", "0.3"]), "percent")
    assert column.unit == "percent"
    assert column.table["vaf"].to_pylist() == pytest.approx([0.0041, 0.005, 0.003])


def test_a_column_of_fractions_keeps_signs_words_and_nulls_in_place():
    column = read_vaf_column(pa.array(["0.41", "0,05", None, "12 %", "n.d.", "<0.01"]))
    assert column.unit == "fraction"
    assert column.table["vaf"].to_pylist() == [0.41, 0.05, None, 0.12, None, 0.01]
    assert column.table["status"].to_pylist() == ["read", "read", "no_value", "read", "no_value", "read"]
    assert column.table["bound"].to_pylist() == ["", "", "", "", "", "<"]


def test_a_column_of_two_units_is_refused_and_says_why():
    column = read_vaf_column(pa.array(["0.41", "41", "0.3", "35"]))
    assert column.unit is None
    assert "two units" in column.reason
    assert column.table["vaf"].null_count == 4
    assert set(column.table["status"].to_pylist()) == {"unclear"}


def test_numbers_in_an_arrow_column_are_read_like_text():
    column = read_vaf_column(pa.chunked_array([pa.array([0.41, 0.05]), pa.array([0.5, None])]))
    assert column.table["vaf"].to_pylist() == [0.41, 0.05, 0.5, None]
