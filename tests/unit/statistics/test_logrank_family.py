"""Weighted, stratified and trend forms of the log-rank test, delayed entry, weights, and what they refuse."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.logrank import logrank


def sample(seed=0, n=90, levels=3):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 30, n), rng.random(n) < 0.6, rng.integers(0, levels, n)


def slow(time, event, group, rho, gamma, entry=None):
    """Observed - expected and variance of the last of two groups, time by time."""
    entry = np.zeros(len(time)) if entry is None else entry
    difference = variance = 0.0
    survival = 1.0
    for t in sorted(set(time[event])):
        here = (entry < t) & (time >= t)
        n, m = here.sum(), (here & (group == 1)).sum()
        d, own = ((time == t) & event).sum(), ((time == t) & event & (group == 1)).sum()
        weight = survival**rho * (1 - survival) ** gamma
        difference += weight * (own - d * m / n)
        if n > 1:
            variance += weight**2 * d * (m / n) * (1 - m / n) * (n - d) / (n - 1)
        survival *= 1 - d / n
    return difference, variance


@pytest.mark.parametrize("rho", [0, 0.5, 1])
@pytest.mark.parametrize("gamma", [0, 1])
@pytest.mark.parametrize("delayed", [False, True])
def test_the_family_equals_the_sum_over_times(rho, gamma, delayed):
    time, event, group = sample(levels=2)
    entry = np.random.default_rng(9).integers(0, time) if delayed else None
    test = logrank(time, event, group, rho=rho, gamma=gamma, entry=entry)
    difference, variance = slow(time, event, group, rho, gamma, entry)
    assert test.observed[1] - test.expected[1] == pytest.approx(difference)
    assert test.variance.tolist() == pytest.approx([variance, variance])
    assert test.statistic == pytest.approx(difference**2 / variance)


def test_late_weights_ignore_the_first_event_time():
    # With gamma the first event has weight 1 - S(t-) = 0.
    time, event, group = [1, 2, 3, 4, 5], [1, 1, 1, 1, 0], ["a", "b", "a", "b", "a"]
    assert logrank(time, event, group, gamma=1).observed[0] == pytest.approx(0.4)


def test_differences_of_strata_add_up():
    time, event, group = sample(1, levels=2)
    stratum = np.arange(90) % 3
    whole = logrank(time, event, group, strata=stratum)
    parts = [logrank(time[stratum == s], event[stratum == s], group[stratum == s]) for s in range(3)]
    assert whole.expected.tolist() == pytest.approx(sum(part.expected for part in parts).tolist())
    assert whole.variance.tolist() == pytest.approx(sum(part.variance for part in parts).tolist())


def test_one_stratum_of_everybody_changes_nothing():
    time, event, group = sample(2)
    plain, stratified = logrank(time, event, group), logrank(time, event, group, strata=["all"] * 90)
    assert stratified.statistic == plain.statistic


def test_a_stratum_without_events_adds_nothing():
    first = logrank([1, 2, 3, 4], [1, 1, 1, 0], ["a", "b", "a", "b"])
    more = logrank(
        [1, 2, 3, 4, 5, 6],
        [1, 1, 1, 0, 0, 0],
        ["a", "b", "a", "b", "a", "b"],
        strata=["x", "x", "x", "x", "y", "y"],
    )
    assert more.statistic == pytest.approx(first.statistic)
    assert more.n.tolist() == [3, 3]


def test_strata_with_one_group_each_say_nothing_and_are_refused():
    with pytest.raises(UnsoundAnalysis, match="fewer than two groups"):
        logrank([1, 2, 3, 4], [1, 1, 1, 1], ["a", "a", "b", "b"], strata=["x", "x", "y", "y"])


def test_a_stratum_with_one_group_changes_only_its_observed_and_expected():
    args = [1, 2, 3, 4], [1, 1, 1, 0], ["a", "b", "a", "b"]
    plain = logrank(*args)
    more = logrank([*args[0], 1, 2], [*args[1], 1, 1], [*args[2], "a", "a"], strata=["x"] * 4 + ["y"] * 2)
    assert more.statistic == pytest.approx(plain.statistic)
    assert (more.observed - plain.observed).tolist() == pytest.approx([2.0, 0.0])


def test_strata_of_several_columns_are_their_combinations():
    time, event, group = sample(3, levels=2)
    sex, site = np.arange(90) % 2, np.arange(90) % 3
    several = logrank(time, event, group, strata={"sex": sex, "site": site})
    assert several.statistic == pytest.approx(logrank(time, event, group, strata=sex * 3 + site).statistic)


def test_a_trend_in_two_groups_is_the_log_rank_test():
    time, event, group = sample(4, levels=2)
    trend = logrank(time, event, group, trend=True)
    assert (trend.df, trend.statistic) == (1, pytest.approx(logrank(time, event, group).statistic))


def test_a_trend_depends_neither_on_the_origin_nor_on_the_unit_of_its_numbers():
    time, event, group = sample(5)
    first = logrank(time, event, group, trend=True)
    assert logrank(time, event, group, trend=[10, 30, 50]).statistic == pytest.approx(first.statistic)
    by_label = logrank(time, event, group, trend={"2": -3.0, "1": -2.0, "0": -1.0})
    assert by_label.statistic == pytest.approx(first.statistic)


def test_a_trend_is_the_score_test_of_cox_on_its_numbers():
    # Without ties the partial likelihood's score test at 0 is the trend test.
    from harmony.statistics.cox import cox

    rng = np.random.default_rng(6)
    time, event, dose = rng.random(80), rng.random(80) < 0.7, rng.integers(0, 4, 80)
    fit = cox(time, event, {"dose": dose})
    assert logrank(time, event, dose, trend=[0, 1, 2, 3]).statistic == pytest.approx(
        fit.score_test.statistic, rel=1e-9
    )


@pytest.mark.parametrize("trend", [[1, 2], [1, 2, np.nan], {"0": 1.0}, 5])
def test_numbers_that_do_not_fit_the_groups_are_refused(trend):
    with pytest.raises(UsageError, match="do not fit"):
        logrank(*sample(), trend=trend)


def test_the_same_number_for_every_group_is_no_trend():
    with pytest.raises(UsageError, match="same for every group"):
        logrank(*sample(), trend=[2, 2, 2])


@pytest.mark.parametrize("options", [{"rho": -1}, {"gamma": -0.5}, {"rho": float("nan")}])
def test_negative_powers_are_refused(options):
    with pytest.raises(UsageError, match="negative"):
        logrank(*sample(), **options)


def test_whole_weights_are_repeated_rows():
    time, event, group = sample(7, levels=2)
    weight = np.random.default_rng(8).integers(1, 4, 90)
    repeated = logrank(*(np.repeat(column, weight) for column in (time, event, group)), rho=1)
    weighted = logrank(time, event, group, rho=1, weights=weight)
    assert weighted.statistic == pytest.approx(repeated.statistic)
    assert weighted.n.sum() == 90


def test_a_group_of_weight_zero_is_no_group():
    test = logrank([1, 2, 3, 4], [1, 1, 1, 0], ["a", "b", "c", "a"], weights=[1, 1, 0, 1])
    assert test.groups == ("a", "b")
    with pytest.raises(UsageError, match="one group"):
        logrank([1, 2], [1, 1], ["a", "b"], weights=[1, 0])


def test_patients_who_enter_later_are_no_risk_before():
    late = logrank([5, 6, 7, 8], [1, 1, 1, 0], ["a", "b", "a", "b"], entry=[0, 0, 5.5, 0])
    assert late.expected[0] == pytest.approx(1 / 3 + 1 / 3 + 1 / 2)


def test_a_gap_with_one_group_only_has_no_variance_there():
    # At time 2 only a is at risk.
    test = logrank([2, 2, 6, 7], [1, 0, 1, 0], ["a", "a", "a", "b"], entry=[0, 0, 3, 3])
    assert test.variance.tolist() == pytest.approx([0.25, 0.25])
