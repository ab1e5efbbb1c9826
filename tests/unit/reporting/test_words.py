"""How numbers, markers and dates are written."""

import pytest

from harmony.reporting import words
from harmony.reporting.document import Cell


@pytest.mark.parametrize(("value", "text"), [(1234, "1,234"), (0, "0"), (-5, "−5"), (1_000_000, "1,000,000")])
def test_whole_numbers_have_separators_and_a_true_minus(value, text):
    assert words.number(value) == text


def test_unknown_hidden_impossible_unreliable_and_zero_look_different():
    texts = [words.cell(Cell(None, marker)) for marker in ("c", "x", "z", "u")] + [words.cell(Cell(0))]
    assert texts == ["[c]", "[x]", "[z]", "[u]", "0"]
    assert len({words.MARKER_WORDS[marker] for marker in "cxzu"}) == 4


def test_a_hidden_count_hides_its_per_cent_even_when_one_was_handed_over():
    assert words.percent(12.5, Cell(None, "c")) == "[c]"


def test_a_count_without_per_cent_is_marked_unreliable_and_not_left_blank():
    assert words.percent(None, Cell(12)) == "[u]"
    assert words.percent(None, Cell(12), Cell(3)) == "[u]"


def test_a_per_cent_that_would_tell_a_hidden_number_of_missing_is_hidden_and_not_unreliable():
    assert words.percent(None, Cell(12), Cell(None, "c")) == "[c]"


def test_a_small_share_is_never_written_as_zero():
    assert words.percent(0.2, Cell(3)) == "<\u00a01"
    assert words.share(0.004) == "<\u00a01%"
    assert words.share(0.0) == "0%"


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0000004, "<\u00a00.001"), (0.001, "0.0010"), (0.0021, "0.0021"), (0.044, "0.044"), (0.15, "0.15"),
        (0.9999, ">\u00a00.99"), (None, ""),
    ],
)  # fmt: skip
def test_p_values_have_two_significant_digits_and_are_never_zero(p, text):
    assert words.p_value(p) == text


def test_a_ratio_carries_its_interval_and_a_reference_level_says_so():
    assert words.ratio(1.13, 0.96, 1.34) == "1.13 (0.96 to 1.34)"
    assert words.ratio(None, None, None) == "reference"


def test_an_absent_estimate_is_said_and_a_negative_zero_is_zero():
    assert words.quantity(None, "%") == "no estimate"
    assert words.decimal(-0.0001, 2) == "0.00"


def test_dates_are_written_in_words_and_instants_in_utc():
    assert words.day("2026-11-24") == "24\u00a0November 2026"
    assert words.moment("2026-11-24T10:12:00+01:00") == "24\u00a0November 2026, 09:12\u00a0UTC"
    assert words.short_day("not a date") == "not a date"


def test_the_banner_says_what_kind_of_data_a_page_shows():
    assert "synthetic" in words.banner({"synthetic"})
    assert "not for clinical use" in words.banner({"public"})
    assert words.banner({"patient"}) == ""
    assert words.banner({"patient", "synthetic"}) != ""
    assert words.banner({"public", "synthetic"}).startswith("Demonstration.")
