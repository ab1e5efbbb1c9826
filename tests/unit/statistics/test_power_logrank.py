"""Power of the log-rank test: published examples, consistency of its three questions, and refusals."""

import math

import numpy as np
import pytest

from harmony.errors import UsageError
from harmony.statistics.logrank import logrank
from harmony.statistics.power_logrank import power_logrank


def test_freedmans_table_needs_twice_the_square_of_a_ratio_of_hazards():
    # Freedman 1982: events = ((1 + HR) / (1 - HR))^2 (z_alpha + z_beta)^2 in equal groups.
    found = power_logrank(0.5, power=0.8, method="freedman")
    assert found.events == math.ceil(9 * (1.959963984540054 + 0.8416212335729143) ** 2)


@pytest.mark.parametrize(("ratio", "patients"), [(1.25, 1264), (1.5, 384), (1.75, 204), (2.0, 132)])
def test_published_sizes_by_schoenfelds_formula_are_met_up_to_their_rounding_to_four(ratio, patients):
    # Trials 2015;16:213, table 1: 80 % power, 5 % two-sided, half of the patients censored.
    found = power_logrank(ratio, power=0.8, event_probability=0.5)
    assert found.n <= patients < found.n + 4


def test_events_that_were_computed_for_a_power_reach_it_and_one_less_does_not():
    for method in ("schoenfeld", "freedman"):
        found = power_logrank(0.7, power=0.85, method=method, ratio=2)
        assert found.power >= 0.85
        again = power_logrank(0.7, events=found.events, method=method, ratio=2)
        assert again.power == pytest.approx(found.power)
        assert power_logrank(0.7, events=found.events - 1, method=method, ratio=2).power < 0.85


def test_patients_that_were_computed_for_a_power_reach_it():
    plan = {"hazard_control": 0.05, "accrual": 24, "follow_up": 12, "dropout_hazard": 0.01}
    found = power_logrank(0.65, power=0.9, **plan)
    assert found.n == found.n_control + found.n_experimental
    assert power_logrank(0.65, n=found.n, **plan).power >= 0.9


def test_equal_groups_need_the_fewest_events():
    assert power_logrank(0.6, power=0.8).events < power_logrank(0.6, power=0.8, ratio=3).events


def test_schoenfeld_does_not_ask_which_group_is_the_better_one():
    assert power_logrank(0.5, power=0.8).events == power_logrank(2.0, power=0.8).events


def test_one_side_needs_fewer_events_than_two():
    assert power_logrank(0.6, power=0.8, sides=1).events < power_logrank(0.6, power=0.8).events


def test_patients_follow_from_the_probability_of_the_event():
    found = power_logrank(0.5, power=0.8, event_probability=(0.5, 0.3))
    assert found.n == 2 * math.ceil(found.events / 0.4 / 2)
    assert power_logrank(0.5, power=0.8).n is None


def test_the_probability_of_the_event_by_hand():
    at_once = power_logrank(0.5, power=0.8, hazard_control=0.1, follow_up=10)
    assert at_once.probability_control == pytest.approx(1 - math.exp(-1))
    assert at_once.probability_experimental == pytest.approx(1 - math.exp(-0.5))
    steady = power_logrank(0.5, power=0.8, hazard_control=0.1, accrual=5, follow_up=10)
    times = np.linspace(10, 15, 100_001)
    assert steady.probability_control == pytest.approx((1 - np.exp(-0.1 * times)).mean(), rel=1e-6)
    lost = power_logrank(0.5, power=0.8, hazard_control=0.1, follow_up=10, dropout_hazard=0.1)
    assert lost.probability_control == pytest.approx((1 - math.exp(-2)) / 2)


def test_simulated_trials_reject_as_often_as_planned():
    plan = power_logrank(0.6, power=0.8, event_probability=1.0)
    rng = np.random.default_rng(20)
    arm = np.repeat([0, 1], plan.n // 2)
    rejected = 0
    for _ in range(400):
        time = rng.exponential(1.0, len(arm)) / np.where(arm == 1, 0.6, 1.0)
        rejected += logrank(time, np.ones(len(arm)), arm).p < 0.05
    assert rejected / 400 == pytest.approx(plan.power, abs=0.06)


def test_the_table_has_one_row_with_the_plan():
    (row,) = power_logrank(0.5, power=0.8).table().to_pylist()
    assert (row["events"], row["method"], row["n"]) == (66, "schoenfeld", None)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"power": 0.8, "events": 10},
        {"hazard_ratio": 1.0, "power": 0.8},
        {"hazard_ratio": 0.0, "power": 0.8},
        {"hazard_ratio": math.nan, "power": 0.8},
        {"power": 1.0},
        {"power": 0.01},
        {"power": 0.8, "alpha": 0.7},
        {"power": 0.8, "sides": 3},
        {"power": 0.8, "ratio": 0},
        {"power": 0.8, "method": "lachin"},
        {"events": 0},
        {"events": 1.5},
        {"n": 100},
        {"n": 0, "event_probability": 0.5},
        {"n": 100, "event_probability": 1.5},
        {"n": 100, "event_probability": 0.5, "hazard_control": 0.1},
        {"n": 100, "hazard_control": 0.1},
        {"n": 100, "hazard_control": -0.1, "follow_up": 5},
        {"n": 100, "hazard_control": 0.1, "follow_up": 0},
        {"n": 100, "hazard_control": 0.1, "follow_up": 5, "accrual": -1},
    ],
)
def test_impossible_plans_are_refused_with_a_next_step(options):
    with pytest.raises(UsageError) as caught:
        power_logrank(**({"hazard_ratio": 0.5} | options))
    assert caught.value.next_step
