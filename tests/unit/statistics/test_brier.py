"""Brier score: hand calculations with censoring, the null model, what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.brier import brier
from harmony.statistics.kaplan_meier import kaplan_meier

TIME, EVENT = [1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 0]


def test_without_censoring_it_is_the_mean_squared_error():
    predicted = [0.1, 0.6, 0.8, 0.9]
    result = brier([1, 2, 3, 4], [1, 1, 1, 1], predicted, [2.5])
    assert result.brier[0] == pytest.approx((0.01 + 0.36 + 0.04 + 0.01) / 4)


def test_those_censored_before_are_stood_for_by_the_others():
    # Censored at 2 among 5 still there: G is 4/5 from then on.
    result = brier(TIME, EVENT, [0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [3.5])
    expected = (0.04 + 0.16 / 0.8 + (0.25 + 0.16 + 0.09) / 0.8) / 6
    assert result.brier[0] == pytest.approx(expected, rel=1e-12)


def test_at_a_tied_time_the_event_is_not_weighed_by_the_censoring():
    result = brier([2, 2, 3, 4], [1, 0, 1, 0], [0.5] * 4, [2])
    # The event at 2 has G(2-) = 1; those after it G(2) = 1 - 1/3.
    assert result.brier[0] == pytest.approx((0.25 + 2 * 0.25 * 1.5) / 4)


def test_the_null_model_is_kaplan_meier_and_its_accuracy_is_nought():
    survival = kaplan_meier(TIME, EVENT).at([1.5, 3.5]).column("survival").to_numpy()
    result = brier(TIME, EVENT, np.tile(survival, (6, 1)), [1.5, 3.5])
    np.testing.assert_allclose(result.brier, result.null, rtol=1e-12)
    np.testing.assert_allclose(result.ipa, 0.0, atol=1e-12)


def test_perfect_predictions_score_nought():
    result = brier([1, 2, 3, 4], [1, 1, 1, 1], [[0, 0], [1, 0], [1, 1], [1, 1]], [1, 2])
    assert result.brier.tolist() == [0, 0]
    assert result.ipa.tolist() == [1, 1]


def test_the_integrated_score_is_the_mean_over_time():
    predicted = np.full((6, 3), 0.5)
    result = brier(TIME, EVENT, predicted, [1, 2, 5])
    b = result.brier
    assert result.integrated == pytest.approx(((b[0] + b[1]) / 2 + 3 * (b[1] + b[2]) / 2) / 4)
    assert brier(TIME, EVENT, predicted[:, :1], [1]).integrated == pytest.approx(b[0])


def test_all_censored_is_scored_while_somebody_is_followed():
    result = brier([2, 3, 4], [0, 0, 0], [1.0, 1.0, 1.0], [3])
    assert (result.brier[0], result.null[0]) == (0.0, 0.0)
    assert np.isnan(result.ipa[0])
    assert result.table().column("ipa").to_pylist() == [None]


def test_censoring_may_come_from_other_patients():
    train = ([1, 2, 3, 4, 9], [0, 1, 0, 1, 0])
    result = brier([2, 5, 6], [1, 0, 0], [0.5] * 3, [3], train=train)
    assert result.brier[0] == pytest.approx(0.25 * (1 / 0.8 + 2 / (0.8 * 2 / 3)) / 3)


def test_nobody_followed_after_the_horizon_is_refused():
    with pytest.raises(UnsoundAnalysis, match="under observation after time 6"):
        brier(TIME, EVENT, [0.5] * 6, [6])


def test_censoring_known_from_shorter_follow_up_only_is_refused():
    with pytest.raises(UnsoundAnalysis, match="is still followed"):
        brier(TIME, EVENT, [0.5] * 6, [5], train=([1, 2, 3], [1, 1, 0]))


def test_one_patient_alone_is_refused():
    with pytest.raises(UnsoundAnalysis, match="One patient"):
        brier([5], [1], [0.5], [2])


@pytest.mark.parametrize(
    ("predicted", "times"),
    [
        ([0.5] * 5, [3]),
        ([1.5] * 6, [3]),
        ([np.nan] * 6, [3]),
        (["no"] * 6, [3]),
        (np.full((6, 2), 0.5), [3, 2]),
        ([0.5] * 6, [0]),
        ([0.5] * 6, [-1]),
    ],
    ids=["length", "above 1", "missing", "text", "not ascending", "zero", "negative"],
)
def test_wrong_predictions_and_horizons_are_refused(predicted, times):
    with pytest.raises(UsageError):
        brier(TIME, EVENT, predicted, times)


@pytest.mark.parametrize("wrong", [{"time": [-1, 2]}, {"time": [np.nan, 2]}, {"event": [2, 1]}])
def test_bad_follow_up_is_refused(wrong):
    with pytest.raises(UnsoundAnalysis):
        brier(**{"time": [1, 2], "event": [1, 0], "survival_predictions": [0.5, 0.5], "times": [1]} | wrong)
