"""Gray's test: worked examples, edge cases and what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.gray_test import gray_test, gray_test_from_counts
from harmony.statistics.logrank import logrank


def sample(seed=1, n=200, groups=3):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 30, n), rng.integers(0, 3, n), rng.integers(0, groups, n)


def test_the_slow_obvious_score_is_met():
    time, event, group = sample(groups=2)
    score = 0.0
    for t in np.unique(time[event == 1]):
        inflated, still, died = [], [], []
        for g in (0, 1):
            own = group == g
            at_risk = (time[own] >= t).sum()
            survival, incidence = 1.0, 0.0
            for s in np.unique(time[own & (time < t)]):
                n = (time[own] >= s).sum()
                incidence += survival * ((time == s) & own & (event == 1)).sum() / n
                survival *= 1 - ((time == s) & own & (event > 0)).sum() / n
            inflated.append(at_risk / survival)
            still.append(at_risk * (1 - incidence) / survival)
            died.append(((time == t) & own & (event == 1)).sum())
        score += died[0] - sum(died) * still[0] / sum(still)
    found = gray_test(time, event, group)
    fewer = gray_test(time, np.where(event == 2, 0, event), group)
    assert np.sign(score) != 0.0
    # Two groups have one score: statistic = score^2 / variance, and the variance is positive.
    assert 0.5 < score**2 / found.statistic[0] / (event == 1).sum() * 4 < 2.0
    assert found.statistic[0] != pytest.approx(fewer.statistic[0], rel=1e-6)


def test_without_competing_events_it_is_close_to_the_log_rank_test_with_the_same_weights():
    time, event, group = sample(n=4000, groups=2)
    event = event > 0
    # Gray's test compares subdistribution hazards, which without competing causes are the hazards.
    assert gray_test(time, event, group).statistic[0] == pytest.approx(
        logrank(time, event, group).statistic, rel=0.05
    )


def test_one_stratum_is_no_stratum_and_equal_strata_add_up():
    time, event, group = sample()
    alone = gray_test(time, event, group)
    twice = gray_test(
        np.tile(time, 2), np.tile(event, 2), np.tile(group, 2), strata=np.repeat([0, 1], len(time))
    )
    np.testing.assert_allclose(
        gray_test(time, event, group, strata=["a"] * len(time)).statistic, alone.statistic
    )
    # Scores and variances double, so that the statistic doubles.
    np.testing.assert_allclose(twice.statistic, 2.0 * alone.statistic)


def test_a_stratum_without_events_changes_nothing():
    time, event, group = sample()
    more = gray_test(
        np.append(time, [5, 6]), np.append(event, [0, 0]), np.append(group, [0, 1]),
        strata=np.append(np.zeros(len(time)), [1, 1]),
    )  # fmt: skip
    np.testing.assert_allclose(more.statistic, gray_test(time, event, group).statistic)


def test_the_power_weights_early_differences():
    time, event, group = sample()
    assert gray_test(time, event, group, rho=1.0).statistic[0] != gray_test(time, event, group).statistic[0]


def test_counts_give_the_same_tests_as_rows():
    time, event, group = sample()
    strata = np.arange(len(time)) % 2
    cells, count = np.unique(np.array([group, time, event, strata]), axis=1, return_counts=True)
    table = dict(zip(("group", "time", "cause", "stratum"), cells, strict=True)) | {"count": count}
    from_counts = gray_test_from_counts(table, rho=0.5)
    np.testing.assert_allclose(
        from_counts.statistic, gray_test(time, event, group, rho=0.5, strata=strata).statistic
    )


def test_a_group_without_events_is_compared():
    found = gray_test([1, 2, 3, 4, 5, 6], [1, 2, 1, 0, 0, 0], ["a", "a", "a", "b", "b", "b"])
    assert found.statistic.min() > 0.0
    assert found.warnings == ()


def test_a_cause_met_by_the_last_group_under_observation_only_has_no_test_and_a_warning():
    found = gray_test([1, 2, 5, 6, 7], [2, 2, 1, 1, 0], ["a", "a", "b", "b", "b"]).table().to_pylist()
    tested = gray_test([1, 2, 5, 6, 7], [0, 0, 1, 1, 0], ["a", "a", "b", "b", "b"])
    assert [row["cause"] for row in found] == [1, 2]
    assert np.isnan(tested.statistic[0])
    assert tested.table().to_pylist()[0]["p"] is None
    assert "Cause 1 cannot be tested" in tested.warnings[0]


def test_events_at_time_zero_count():
    assert np.isfinite(gray_test([0, 0, 1, 2], [1, 2, 1, 0], [0, 1, 0, 1]).statistic).all()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (([1, 2], [1, 2], ["a", "a"]), UsageError),
        (([1, 2], [0, 0], ["a", "b"]), UnsoundAnalysis),
        (([-1, 2], [1, 0], ["a", "b"]), UnsoundAnalysis),
        (([1, np.nan], [1, 0], ["a", "b"]), UnsoundAnalysis),
        (([1, 2], [1, 0], ["a", None]), UnsoundAnalysis),
        (([3], [1], ["a"]), UsageError),
    ],
)
def test_what_cannot_be_tested_is_refused(arguments, error):
    with pytest.raises(error):
        gray_test(*arguments)


def test_an_infinite_power_is_refused():
    with pytest.raises(UsageError):
        gray_test(*sample(), rho=np.inf)


def test_counts_with_delayed_entry_are_refused():
    table = {"group": ["a", "b"], "time": [2, 3], "cause": [1, 1], "count": [1, 1], "entered": [0, 0]}
    table = {
        k: v + e
        for (k, v), e in zip(table.items(), (["a", "b"], [0, 0], [0, 0], [0, 0], [1, 1]), strict=True)
    }
    with pytest.raises(UsageError, match="delayed entry"):
        gray_test_from_counts(table)


def test_groups_may_be_combinations_of_columns():
    time, event, group = sample()
    other = np.arange(len(time)) % 2
    together = gray_test(time, event, [f"{a}/{b}" for a, b in zip(group, other, strict=True)])
    found = gray_test(time, event, {"arm": group, "half": other})
    np.testing.assert_allclose(found.statistic, together.statistic)
