"""Log-rank test: a worked example, edge cases, and what it refuses."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.logrank import logrank


def test_worked_example_by_hand():
    # Times 1 (a dies, 2 and 2 at risk), 2 (b dies, 1 and 2), 3 (a dies, 1 and 1), 4 (b dies alone).
    test = logrank([1, 3, 2, 4], [1, 1, 1, 1], ["a", "a", "b", "b"])
    expected = 2 / 4 + 1 / 3 + 1 / 2
    variance = 1 / 4 + 2 / 9 + 1 / 4
    assert test.expected.tolist() == pytest.approx([expected, 4 - expected])
    assert test.variance.tolist() == pytest.approx([variance, variance])
    assert test.statistic == pytest.approx((2 - expected) ** 2 / variance)
    assert (test.df, test.n.tolist(), test.observed.tolist()) == (1, [2, 2], [2.0, 2.0])


def test_equal_groups_have_statistic_zero_and_p_one():
    test = logrank([1, 2, 1, 2], [1, 0, 1, 0], ["a", "a", "b", "b"])
    assert (test.statistic, test.p) == (pytest.approx(0.0, abs=1e-20), 1.0)


def test_order_of_rows_and_names_of_groups_do_not_matter():
    rng = np.random.default_rng(5)
    time, event, arm = rng.integers(1, 30, 90), rng.random(90) < 0.5, rng.integers(0, 3, 90)
    other = rng.permutation(90)
    first, second = logrank(time, event, arm), logrank(time[other], event[other], -arm[other])
    assert first.statistic == pytest.approx(second.statistic, rel=1e-10)


def test_a_group_without_anybody_at_risk_costs_no_degree_of_freedom():
    time, event, arm = [1, 1, 5, 6, 7, 8], [0, 0, 1, 1, 1, 0], ["gone", "gone", "a", "b", "a", "b"]
    assert logrank(time, event, arm).df == 1


def test_one_group_is_refused():
    with pytest.raises(UsageError, match="one group"):
        logrank([1, 2], [1, 1], ["a", "a"])


def test_no_event_is_refused():
    with pytest.raises(UnsoundAnalysis, match="Nobody had the event"):
        logrank([1, 2], [0, 0], ["a", "b"])


def test_events_with_only_one_group_left_are_refused():
    with pytest.raises(UnsoundAnalysis, match="fewer than two groups"):
        logrank([1, 5, 6], [0, 1, 1], ["a", "b", "b"])


def test_an_event_of_the_last_patient_alone_is_refused():
    with pytest.raises(UnsoundAnalysis, match="fewer than two groups"):
        logrank([1, 1], [1, 1], ["a", "b"])


def test_columns_of_the_table_are_those_of_the_reference_page():
    table = logrank([1, 2, 3], [1, 1, 0], ["a", "b", "a"]).table()
    assert table.column_names == ["group", "n", "observed", "expected", "variance"]
