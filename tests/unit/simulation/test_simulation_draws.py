"""Streams, laws and terms: the small tools every draw is made of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harmony.errors import UsageError
from harmony.simulation.definitions import definition
from harmony.simulation.laws import (
    cumulative_hazard,
    event_time,
    normal_quantile,
    time_of_hazard,
    truncated_normal,
)
from harmony.simulation.streams import Streams, pick
from harmony.simulation.terms import holds, value, weighted_sum

CURE = {"form": "cure", "theta": 0.8, "shape": 1.1, "scale": 2.0}
WEIBULL = {"form": "weibull", "shape": 0.8, "scale": 130.0}


def test_normal_quantiles_equal_published_values():
    probability = np.array([1e-12, 0.001, 0.025, 0.25, 0.5, 0.75, 0.975, 0.999])
    expected = [
        -7.034483825301131, -3.090232306167813, -1.959963984540054, -0.6744897501960817,
        0.0, 0.6744897501960817, 1.959963984540054, 3.090232306167813,
    ]  # fmt: skip
    np.testing.assert_allclose(normal_quantile(probability), expected, rtol=1e-12, atol=1e-15)


def test_a_stream_is_equal_for_its_seed_and_begins_equal_when_longer():
    short, long = Streams(5, 100).uniform("age"), Streams(5, 1000).uniform("age")
    assert (short == long[:100]).all()
    assert (Streams(5, 100).uniform("sex") != short).all()
    assert (Streams(6, 100).uniform("age") != short).all()


def test_picks_follow_their_weights():
    drawn = Streams(1, 100_000).index("any", [1, 0, 3])
    np.testing.assert_allclose(np.bincount(drawn) / 100_000, [0.25, 0.0, 0.75], atol=0.005)
    assert pick(np.array([1.0 - 1e-16]), [0.1, 0.2]) == [1]


def test_truncated_normals_stay_inside_their_bounds():
    size = 10_000
    low, high = np.full(size, 18.0), np.full(size, 90.0)
    ages = truncated_normal(
        Streams(1, size).uniform("age"), np.full(size, 46.0), np.full(size, 14.0), low, high
    )
    assert ages.min() >= 18.0 and ages.max() <= 90.0
    assert abs(ages.mean() - 46.7) < 0.5


@pytest.mark.parametrize("baseline", [CURE, WEIBULL])
def test_times_invert_the_cumulative_hazard(baseline):
    years = np.array([0.01, 0.5, 3.0, 10.0])
    np.testing.assert_allclose(time_of_hazard(baseline, cumulative_hazard(baseline, years)), years, rtol=1e-9)


def test_the_plateau_of_a_cure_baseline_is_the_share_that_never_fails():
    drawn = event_time(CURE, Streams(3, 200_000).exponential("relapse"), np.full(200_000, math.log(1.5)))
    assert abs(np.isinf(drawn).mean() - math.exp(-0.8 * 1.5)) < 0.004


def test_a_switch_changes_times_after_it_only():
    exponential = Streams(4, 50_000).exponential("relapse")
    zero, switch = np.zeros(50_000), np.full(50_000, 1.0)
    plain = event_time(CURE, exponential, zero)
    switched = event_time(CURE, exponential, zero, switch, 0.4)
    early = plain <= 1.0
    np.testing.assert_allclose(switched[early], plain[early], rtol=1e-12)
    assert (switched[~early] >= plain[~early]).all()
    assert np.isinf(switched).mean() > np.isinf(plain).mean() + 0.1


def test_an_unknown_form_of_a_baseline_is_refused():
    with pytest.raises(UsageError, match="gompertz"):
        cumulative_hazard({"form": "gompertz", "scale": 1.0, "shape": 1.0}, np.ones(1))


COLUMNS = {
    "a": np.array([True, True, False, False]),
    "b": np.array([1.0, 0.0, 1.0, np.nan]),
    "n": np.array([1, 2, 3, 4]),
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", [1, 1, 0, 0]),
        ("!a", [0, 0, 1, 1]),
        ("a*b", [1, 0, 0, np.nan]),
        ("a|b", [1, 1, 1, np.nan]),
        ("a & n>=2", [0, 1, 0, 0]),
        ("!a*b | a & n<3", [1, 1, 0, np.nan]),
        ("n", [1, 2, 3, 4]),
    ],
)
def test_expressions_have_these_values(expression, expected):
    np.testing.assert_array_equal(value(expression, COLUMNS)[:3], np.array(expected, dtype=float)[:3])


def test_what_is_not_known_does_not_hold():
    assert holds("b", COLUMNS).tolist() == [True, False, True, False]


def test_sums_are_log_ratios_times_terms():
    np.testing.assert_allclose(weighted_sum({"a": 2.0, "n": 0.5}, COLUMNS)[0], math.log(2.0) + math.log(0.5))


def test_a_name_without_a_column_is_refused():
    with pytest.raises(UsageError, match="'TP54'"):
        value("TP54*a", COLUMNS)


def test_a_file_that_is_not_packaged_is_refused():
    with pytest.raises(UsageError, match="myeloma"):
        definition("myeloma")
