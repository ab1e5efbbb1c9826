"""Odds ratios and shares: worked examples, empty cells, and what they refuse."""

import math

import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.tables import odds_ratio, share


def test_odds_ratio_of_a_worked_table_with_half_added():
    a = [1] * 13 + [0] * 17
    b = [1] * 10 + [0] * 3 + [1] * 5 + [0] * 12
    result = odds_ratio(a, b)
    assert (result.both, result.a_only, result.b_only, result.neither) == (10, 3, 5, 12)
    assert result.estimate == pytest.approx(10.5 * 12.5 / (3.5 * 5.5))
    assert result.log_std_err == pytest.approx(math.sqrt(1 / 10.5 + 1 / 3.5 + 1 / 5.5 + 1 / 12.5))
    assert result.lower == pytest.approx(
        math.exp(math.log(result.estimate) - 1.959963984540054 * result.log_std_err)
    )


def test_an_empty_cell_gives_a_finite_odds_ratio():
    result = odds_ratio([True, True, False, False], [True, True, False, False])
    assert result.estimate == pytest.approx(25.0)
    assert math.isfinite(result.upper)


def test_independent_flags_have_odds_ratio_one():
    assert odds_ratio([1, 1, 0, 0], [1, 0, 1, 0]).log_estimate == 0.0


@pytest.mark.parametrize(("a", "b"), [([1, 0], [1]), ([1, 2], [1, 0]), (["yes", "no"], [1, 0])])
def test_what_is_no_pair_of_flags_is_refused(a, b):
    with pytest.raises(UsageError):
        odds_ratio(a, b)


def test_not_tested_is_refused_not_taken_as_no():
    with pytest.raises(UnsoundAnalysis, match="missing"):
        odds_ratio([1, None, 0], [1, 0, 0])
    with pytest.raises(UnsoundAnalysis, match="missing"):
        share([1.0, math.nan])


def test_nobody_has_no_share():
    with pytest.raises(UnsoundAnalysis, match="Nobody"):
        share([])


def test_normal_interval_of_a_share():
    result = share([1] * 30 + [0] * 70, interval="normal")
    assert (result.n, result.count, result.estimate) == (100, 30, 0.3)
    assert result.std_err == pytest.approx(math.sqrt(0.21 / 100))
    assert (result.lower, result.upper) == pytest.approx((0.210183166815, 0.389816833185), abs=1e-12)


def test_wilson_interval_of_81_in_263():
    # Newcombe, Stat Med 1998;17:857, table I, method 3: 0.2553 to 0.3662.
    result = share([1] * 81 + [0] * 182)
    assert (round(result.lower, 4), round(result.upper, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(("count", "lower", "upper"), [(0, 0.0, 0.1611), (20, 0.8389, 1.0)])
def test_wilson_interval_at_none_and_all_of_twenty(count, lower, upper):
    result = share([1] * count + [0] * (20 - count))
    assert (round(result.lower, 4), round(result.upper, 4)) == (lower, upper)
    assert result.std_err == 0.0


def test_normal_limits_stay_between_zero_and_one():
    assert share([1, 0, 0, 0, 0], interval="normal").lower == 0.0


def test_an_unknown_interval_is_refused():
    with pytest.raises(UsageError):
        share([1, 0], interval="exact")
