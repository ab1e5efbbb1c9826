"""Reverse Kaplan-Meier: deaths before censoring at a tied time, medians, and refusals."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis
from harmony.statistics.followup import followup
from harmony.statistics.kaplan_meier import kaplan_meier


def test_who_dies_at_a_time_is_not_at_risk_of_being_censored_at_it():
    # At 2 one of three dies and one is censored: of two, one; exchanged codes would say one of three.
    fit = followup([2, 2, 5], [1, 0, 0]).curves
    assert fit.table()["survival"].to_pylist() == [0.5, 0.0]
    assert kaplan_meier([2, 2, 5], [0, 1, 1]).table()["survival"].to_pylist()[0] == pytest.approx(2 / 3)


def test_without_ties_of_the_two_it_is_the_curve_of_exchanged_codes():
    rng = np.random.default_rng(1)
    time, event = rng.random(60), rng.random(60) < 0.5
    event[np.argmax(time)] = False
    ours, exchanged = followup(time, event).curves, kaplan_meier(time, ~event)
    at = np.linspace(0.05, 0.95, 9)
    for name in ("survival", "std_err", "upper"):
        assert ours.at(at)[name].to_pylist() == pytest.approx(exchanged.at(at)[name].to_pylist())


def test_the_median_is_read_per_group():
    rows = followup([1, 4, 6, 8, 2, 3], [1, 0, 0, 0, 0, 0], ["a"] * 4 + ["b"] * 2).table().to_pylist()
    assert [row["group"] for row in rows] == ["a", "b"]
    assert [row["median"] for row in rows] == [6.0, 2.5]
    assert [row["censored"] for row in rows] == [3, 2]
    assert [row["records"] for row in rows] == [4, 2]


def test_all_censored_is_the_plain_distribution_of_times():
    assert followup([1, 2, 3], [0, 0, 0]).table()["median"].to_pylist() == [2.0]


def test_one_patient_alone_is_a_result_when_censored():
    assert followup([7], [0]).table()["median"].to_pylist() == [7.0]
    with pytest.raises(UnsoundAnalysis, match="Everybody of a group had the event"):
        followup([7], [1])


def test_a_median_that_is_not_reached_is_null():
    row = followup([1, 2, 9, 9, 9], [0, 0, 1, 1, 1]).table().to_pylist()[0]
    assert (row["median"], row["upper"]) == (None, None)


def test_delayed_entry_and_weights_are_carried_through():
    options = {"entry": [0, 1, 0], "weights": [2, 1, 1]}
    weighted = followup([2, 3, 6], [0, 1, 0], **options).curves
    repeated = followup([2, 2, 3, 6], [0, 0, 1, 0], entry=[0, 0, 1, 0]).curves
    at = [1, 2, 3, 6]
    assert weighted.at(at)["survival"].to_pylist() == repeated.at(at)["survival"].to_pylist()


def test_rounded_sums_of_weights_still_reach_zero():
    fit = followup([1, 2, 3], [1, 0, 0], weights=[0.1, 0.2, 0.3]).curves
    assert fit.table()["survival"].to_pylist()[-1] == 0.0


@pytest.mark.parametrize(
    ("time", "event", "word"),
    [([-1, 2], [1, 0], "negative"), ([1, np.nan], [1, 0], "missing"), ([1, 2], [1, 2], "one cause")],
)
def test_unsound_samples_are_refused(time, event, word):
    with pytest.raises(UnsoundAnalysis, match=word):
        followup(time, event)
