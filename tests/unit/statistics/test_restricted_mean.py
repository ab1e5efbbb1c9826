"""Restricted mean: areas by hand, contrasts, windows beyond the follow-up, and refusals."""

import math

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.restricted_mean import restricted_mean


def test_area_by_hand():
    # S = 1 up to 2, 3/4 up to 3, 3/8 up to 5.
    fit = restricted_mean([2, 2.5, 3, 6], [1, 0, 1, 0], tau=5)
    assert fit.mean.tolist() == pytest.approx([2 + 0.75 + 0.375 * 2])
    variance = (0.75 + 0.75) ** 2 / (4 * 3) + 0.75**2 / (2 * 1)
    assert fit.std_err.tolist() == pytest.approx([math.sqrt(variance)])
    assert fit.upper.tolist() == pytest.approx([3.5 + 1.959963984540054 * math.sqrt(variance)])


def test_without_censoring_it_is_the_mean_of_the_times_cut_at_tau():
    time = np.random.default_rng(1).exponential(3, 200)
    fit = restricted_mean(time, np.ones(200), tau=4.0)
    cut = np.minimum(time, 4.0)
    assert fit.mean[0] == pytest.approx(cut.mean())
    assert fit.std_err[0] == pytest.approx(cut.std() / math.sqrt(200))


def test_a_window_before_the_first_event_is_lived_in_full():
    fit = restricted_mean([5, 6, 7, 8], [1, 1, 1, 0], ["a", "b", "a", "b"], tau=3)
    assert (fit.mean.tolist(), fit.std_err.tolist()) == ([3.0, 3.0], [0.0, 0.0])
    difference, ratio, lost = fit.contrasts().to_pylist()
    assert (difference["estimate"], difference["p"], ratio["estimate"]) == (0.0, None, 1.0)
    assert lost == {"contrast": "ratio_lost", "estimate": None, "lower": None, "upper": None, "p": None}


@pytest.mark.parametrize(("events", "ratio"), [((1, 0), 0.0), ((0, 1), None)])
def test_a_group_that_lost_no_time_has_lost_none_of_what_the_other_did(events, ratio):
    fit = restricted_mean([1, 9, 1, 9], [events[0], 0, events[1], 0], ["a", "a", "b", "b"], tau=5)
    lost = fit.contrasts().to_pylist()[2]
    assert lost == {"contrast": "ratio_lost", "estimate": ratio, "lower": None, "upper": None, "p": None}


def test_an_event_at_tau_changes_nothing():
    assert restricted_mean([3, 4], [1, 0], tau=3).mean.tolist() == [3.0]


def test_the_default_window_is_the_shortest_of_the_longest_follow_ups():
    fit = restricted_mean([1, 9, 2, 5], [1, 0, 1, 0], ["a", "a", "b", "b"])
    assert (fit.tau, fit.warnings) == (5.0, ())


def test_a_window_beyond_the_follow_up_carries_the_last_value_and_warns():
    fit = restricted_mean([1, 2, 4, 4], [1, 0, 1, 1], ["a", "a", "b", "b"], tau=4.5)
    assert fit.mean.tolist() == pytest.approx([1 + 0.5 * 3.5, 4.0])
    (warning,) = fit.warnings
    assert "group a" in warning and "carried" in warning
    (warning,) = restricted_mean([1, 2], [1, 0], tau=3).warnings
    assert warning.startswith("The curve ends")


def test_a_curve_at_zero_needs_no_carrying():
    assert restricted_mean([1, 2], [1, 1], tau=10).warnings == ()


def test_contrasts_compare_the_second_group_with_the_first_or_those_named():
    time, event, arm = [1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 1], ["a", "a", "b", "b", "c", "c"]
    fit = restricted_mean(time, event, arm, tau=4)
    assert fit.contrasts().to_pylist()[0]["estimate"] == pytest.approx(fit.mean[1] - fit.mean[0])
    named = fit.contrasts(group="a", reference="c").to_pylist()
    assert named[0]["estimate"] == pytest.approx(fit.mean[0] - fit.mean[2])
    assert named[1]["estimate"] == pytest.approx(fit.mean[0] / fit.mean[2])


def test_contrasts_the_other_way_round_have_the_same_p():
    rng = np.random.default_rng(2)
    fit = restricted_mean(rng.exponential(2, 60), rng.random(60) < 0.8, rng.integers(0, 2, 60), tau=3)
    for first, second in zip(
        fit.contrasts().to_pylist(), fit.contrasts(group="0", reference="1").to_pylist(), strict=True
    ):
        assert first["p"] == pytest.approx(second["p"])


def test_columns_are_those_of_the_reference_page():
    fit = restricted_mean([1, 2, 3, 4], [1, 0, 1, 0], ["a", "a", "b", "b"])
    assert fit.table().column_names == ["group", "tau", "mean", "std_err", "lower", "upper"]
    assert fit.contrasts().column_names == ["contrast", "estimate", "lower", "upper", "p"]


def test_one_patient_alone_is_a_result():
    assert restricted_mean([4], [1], tau=6).mean.tolist() == [4.0]


def test_all_censored_live_the_whole_window():
    assert restricted_mean([4, 5], [0, 0]).mean.tolist() == [5.0]


@pytest.mark.parametrize("tau", [0, -1, math.nan, math.inf])
def test_impossible_windows_are_refused(tau):
    with pytest.raises(UsageError, match="window"):
        restricted_mean([1, 2], [1, 0], tau=tau)


def test_a_group_without_follow_up_has_no_default_window():
    with pytest.raises(UnsoundAnalysis, match="no follow-up after time 0"):
        restricted_mean([0, 2], [1, 0], ["a", "b"])


@pytest.mark.parametrize(
    ("time", "event", "word"), [([-1, 2], [1, 0], "negative"), ([1, 2], [1, 3], "one cause")]
)
def test_unsound_samples_are_refused(time, event, word):
    with pytest.raises(UnsoundAnalysis, match=word):
        restricted_mean(time, event)


def test_contrasts_need_two_known_groups():
    with pytest.raises(UsageError, match="one group only"):
        restricted_mean([1, 2], [1, 0]).contrasts()
    two = restricted_mean([1, 2], [1, 0], ["a", "b"])
    with pytest.raises(UsageError, match="unknown group"):
        two.contrasts(group="z")
    with pytest.raises(UsageError, match="itself"):
        two.contrasts(group="a")


def test_whole_weights_are_repeated_rows_and_delayed_entry_counts():
    options = {"tau": 5, "entry": [0, 1, 2]}
    weighted = restricted_mean([2, 3, 6], [1, 1, 0], weights=[2, 1, 3], **options)
    repeated = restricted_mean([2, 2, 3, 6, 6, 6], [1, 1, 1, 0, 0, 0], tau=5, entry=[0, 0, 1, 2, 2, 2])
    assert weighted.table().equals(repeated.table())
