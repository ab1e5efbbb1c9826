"""Tails and quantiles against closed forms, printed tables and SciPy."""

import math

import pytest

from harmony.errors import UsageError
from harmony.statistics.distributions import (
    chi_square,
    chi_square_tail,
    fractional_chi_square,
    limit_width,
    normal_quantile,
    normal_two_sided,
)

EXACT = 1e-12


@pytest.mark.parametrize(
    ("x", "df"),
    [
        (3.841458820694124, 1),
        (5.991464547107979, 2),
        (7.814727903251179, 3),
        (11.070497693516351, 5),
        (18.307038053275146, 10),
    ],
)
def test_five_per_cent_points_of_the_table_have_tail_five_per_cent(x, df):
    assert chi_square_tail(x, df) == pytest.approx(0.05, rel=EXACT)


@pytest.mark.parametrize("x", [1e-8, 0.3, 1.0, 7.5, 60.0, 400.0])
def test_tail_equals_the_closed_forms_of_one_to_four_degrees(x):
    half = x / 2
    forms = {
        1: math.erfc(math.sqrt(half)),
        2: math.exp(-half),
        3: math.erfc(math.sqrt(half)) + 2 * math.sqrt(half / math.pi) * math.exp(-half),
        4: math.exp(-half) * (1 + half),
    }
    for df, value in forms.items():
        assert chi_square_tail(x, df) == pytest.approx(value, rel=EXACT)


@pytest.mark.parametrize("df", [1, 2, 7, 8, 40, 101])
@pytest.mark.parametrize("x", [0.01, 2.0, 35.0, 188.63, 700.0])
def test_tail_equals_scipy_from_tiny_to_large_statistics(x, df):
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed (extra: analysis)")
    assert chi_square_tail(x, df) == pytest.approx(float(special.gammaincc(df / 2, x / 2)), rel=EXACT)


def test_tail_at_zero_is_one_and_at_infinity_zero():
    assert [chi_square_tail(0.0, df) for df in (1, 2, 3, 4)] == [1.0, 1.0, 1.0, 1.0]
    assert chi_square_tail(math.inf, 3) == 0.0


def test_chi_square_carries_its_p_value():
    assert chi_square(11.9228820485918, 2).p == pytest.approx(0.00257619693356748, rel=1e-10)


@pytest.mark.parametrize(("x", "df"), [(-0.1, 1), (math.nan, 1), (1.0, 0), (1.0, 1.5)])
def test_impossible_chi_square_is_refused(x, df):
    with pytest.raises(UsageError):
        chi_square_tail(x, df)


def test_normal_tail_and_quantile_have_their_tabled_values():
    assert normal_two_sided(1.959963984540054) == pytest.approx(0.05, rel=EXACT)
    assert normal_two_sided(-10.0) == pytest.approx(1.523970604832105e-23, rel=EXACT)
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054, rel=EXACT)
    assert limit_width(0.99) == pytest.approx(2.5758293035489004, rel=EXACT)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.5, math.nan])
def test_impossible_levels_are_refused(level):
    with pytest.raises(UsageError):
        limit_width(level)
    with pytest.raises(UsageError):
        normal_quantile(level)


@pytest.mark.parametrize(
    ("x", "df", "tail"),
    [
        (0.0, 2.5, 1.0),
        (0.1, 0.4, 4.06683520512e-01),
        (5.3, 2.7, 1.23843097079e-01),
        (40.0, 9.5, 1.14294114062e-05),
        (300.0, 60.2, 1.51114123160e-33),
        (40.0, 60.2, 9.79181780027e-01),
    ],
)
def test_chi_square_with_a_fraction_of_a_degree_equals_pchisq_of_r(x, df, tail):
    assert fractional_chi_square(x, df).p == pytest.approx(tail, rel=1e-10)
    assert fractional_chi_square(x, 3.0).p == pytest.approx(chi_square(x, 3).p, rel=1e-12)


@pytest.mark.parametrize(("x", "df"), [(-0.1, 1.5), (math.nan, 1.5), (1.0, 0.0), (1.0, -2.0)])
def test_impossible_chi_square_with_a_fraction_of_a_degree_is_refused(x, df):
    with pytest.raises(UsageError):
        fractional_chi_square(x, df)
