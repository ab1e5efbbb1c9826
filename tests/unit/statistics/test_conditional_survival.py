"""Conditional survival: the ratio of two points of the curve, its edges, and refusals."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.conditional_survival import conditional_survival
from harmony.statistics.kaplan_meier import kaplan_meier


def test_it_is_the_ratio_of_two_points_of_the_curve():
    rng = np.random.default_rng(1)
    time, event = rng.integers(1, 30, 100), rng.random(100) < 0.5
    curve = kaplan_meier(time, event).at([5, 10, 15])["survival"].to_pylist()
    found = conditional_survival(time, event, given=5, further=[5, 10])
    assert found.survival.tolist() == pytest.approx([curve[1] / curve[0], curve[2] / curve[0]])
    assert found.n_risk.tolist() == [int((time > 5).sum())] * 2


def test_given_nothing_it_is_the_curve_itself():
    found = conditional_survival([1, 2, 3], [1, 0, 1], given=0, further=[1, 3]).table().to_pylist()
    curve = kaplan_meier([1, 2, 3], [1, 0, 1]).at([1, 3]).to_pylist()
    for name in ("survival", "std_err", "lower", "upper"):
        assert [row[name] for row in found] == [row[name] for row in curve]


def test_an_event_at_the_given_time_lies_before_it():
    assert conditional_survival([2, 3, 4], [1, 1, 0], given=2, further=0).survival.tolist() == [1.0]


def test_rows_are_groups_by_given_by_further_times():
    found = conditional_survival([5, 6, 7, 8], [1, 1, 0, 1], [0, 1], [2, 3], ["a", "b", "a", "b"])
    assert found.group == ("a",) * 4 + ("b",) * 4
    assert found.given.tolist() == [0, 0, 1, 1] * 2
    assert found.further.tolist() == [2, 3] * 4
    names = ["group", "given", "further", "n_risk", "survival", "std_err", "lower", "upper"]
    assert found.table().column_names == names


def test_delayed_entry_and_weights_count():
    found = conditional_survival([2, 5, 6], [1, 1, 0], 1, 9, entry=[0, 3, 3], weights=[1, 1, 2])
    assert found.survival.tolist() == pytest.approx([0.0])
    found = conditional_survival([2, 5, 6], [1, 1, 0], 2, 9, entry=[0, 3, 3], weights=[1, 1, 2])
    assert found.survival.tolist() == pytest.approx([2 / 3])


def test_one_patient_alone_is_a_result_while_he_is_followed():
    assert conditional_survival([5], [1], 4, [0.5, 1]).survival.tolist() == [1.0, 0.0]


def test_nobody_after_the_given_time_is_refused():
    with pytest.raises(UnsoundAnalysis, match="Nobody of a group"):
        conditional_survival([1, 2, 9], [1, 0, 0], given=2, further=1, group=["a", "a", "b"])


@pytest.mark.parametrize(("given", "further"), [(-1, 2), (1, -2)])
def test_negative_times_are_refused(given, further):
    with pytest.raises(UsageError, match="negative"):
        conditional_survival([1, 2], [1, 0], given, further)


def test_all_censored_is_certain_to_live_on():
    found = conditional_survival([4, 5], [0, 0], 1, 2)
    assert (found.survival.tolist(), found.std_err.tolist()) == ([1.0], [0.0])
