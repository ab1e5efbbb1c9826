"""Time-dependent AUC: hand calculations, ties, integration, what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.auc import auc

TIME, EVENT = [1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 0]


def test_a_perfect_score_a_reversed_one_and_one_without_information():
    time, event = [1, 2, 3, 4], [1, 1, 1, 1]
    assert auc(time, event, [4, 3, 2, 1], [2]).auc[0] == 1.0
    assert auc(time, event, [1, 2, 3, 4], [2]).auc[0] == 0.0
    assert auc(time, event, [7, 7, 7, 7], [2]).auc[0] == 0.5


def test_cases_are_weighed_by_the_chance_of_not_being_censored_before():
    # Cases at 1 (weight 1) and 3 (censored at 2 among 5: weight 5/4); controls at 4, 5, 6.
    result = auc(TIME, EVENT, [3, 9, 1, 2, 1, 0], [3.5])
    assert result.auc[0] == pytest.approx((1 * 3 + 1.25 * (1 + 0.5)) / (2.25 * 3), rel=1e-12)
    assert (result.cases[0], result.controls[0]) == (2, 3)


def test_the_score_may_change_with_the_horizon():
    scores = np.array([[3, 0], [2, 1], [1, 2], [0, 3]])
    result = auc([1, 2, 3, 4], [1, 1, 1, 1], scores, [1, 2])
    assert result.auc.tolist() == [1.0, 0.0]


def test_the_integrated_area_is_weighed_by_the_fall_of_the_survival_curve():
    scores = np.array([[3, 0], [2, 1], [1, 2], [0, 3]])
    # The curve falls by 1/4 up to time 1 and by 2/4 from there to time 3.
    result = auc([1, 2, 3, 4], [1, 1, 1, 1], scores, [1, 3])
    assert result.integrated == pytest.approx(1 / 3)


def test_at_the_horizon_an_event_is_a_case_and_a_censoring_is_neither():
    result = auc([2, 2, 3], [1, 0, 0], [3, 2, 1], [2])
    assert (result.cases[0], result.controls[0]) == (1, 1)


def test_the_table_has_one_row_per_horizon():
    table = auc(TIME, EVENT, [6, 5, 4, 3, 2, 1], [1, 3]).table()
    assert table.column_names == ["time", "cases", "controls", "auc"]
    assert table.num_rows == 2


@pytest.mark.parametrize(
    ("event", "horizon", "message"),
    [
        (EVENT, 6, "under observation after"),
        (EVENT, 0.5, "Nobody had the event"),
        ([0] * 6, 3, "Nobody had the event"),
    ],
    ids=["nobody left", "no case yet", "all censored"],
)
def test_no_case_or_no_control_is_refused(event, horizon, message):
    with pytest.raises(UnsoundAnalysis, match=message):
        auc(TIME, event, [6, 5, 4, 3, 2, 1], [horizon])


def test_one_patient_alone_is_refused():
    with pytest.raises(UnsoundAnalysis):
        auc([5], [1], [1.0], [2])


def test_censoring_known_from_shorter_follow_up_only_is_refused():
    with pytest.raises(UnsoundAnalysis, match="is still followed"):
        auc(TIME, EVENT, [6, 5, 4, 3, 2, 1], [5], train=([1, 2, 3], [1, 1, 0]))


@pytest.mark.parametrize(
    ("score", "times"), [([1.0], [3]), ([np.inf] * 6, [3]), (["a"] * 6, [3]), ([1] * 6, [3, 3])], ids=str
)
def test_wrong_use_is_refused(score, times):
    with pytest.raises(UsageError):
        auc(TIME, EVENT, score, times)
