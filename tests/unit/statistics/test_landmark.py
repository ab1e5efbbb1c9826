"""Landmark: who is kept, the clock that starts anew, and refusals."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.conditional_survival import conditional_survival
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.landmark import landmark


def test_who_ends_at_the_landmark_is_out():
    found = landmark([1, 3, 3, 5, 9], [1, 0, 1, 2, 0], at=3)
    assert found.keep.tolist() == [False, False, False, True, True]
    assert (found.time.tolist(), found.event.tolist(), found.at) == ([2.0, 6.0], [2, 0], 3.0)


def test_a_landmark_at_zero_drops_only_those_without_follow_up():
    assert landmark([0, 1], [1, 1], at=0).keep.tolist() == [False, True]


def test_who_enters_after_the_landmark_is_out():
    assert landmark([5, 6, 7], [1, 1, 0], at=3, entry=[0, 3, 4]).keep.tolist() == [True, True, False]


def test_survival_from_the_landmark_is_conditional_survival():
    rng = np.random.default_rng(1)
    time, event = rng.integers(1, 40, 150), rng.random(150) < 0.5
    found = landmark(time, event, at=10)
    curve = kaplan_meier(found.time, found.event).at([1, 5, 20])
    given = conditional_survival(time, event, given=10, further=[1, 5, 20]).table()
    for name in ("survival", "std_err", "lower", "upper"):
        assert given[name].to_pylist() == pytest.approx(curve[name].to_pylist(), rel=1e-12)


@pytest.mark.parametrize("at", [-1, np.nan, np.inf])
def test_impossible_landmarks_are_refused(at):
    with pytest.raises(UsageError, match="landmark"):
        landmark([1, 2], [1, 0], at=at)


@pytest.mark.parametrize("at", [2, 7])
def test_nobody_after_the_landmark_is_refused(at):
    with pytest.raises(UnsoundAnalysis, match="Nobody is in follow-up"):
        landmark([1, 2], [1, 0], at=at)


@pytest.mark.parametrize(
    ("time", "event", "entry", "word"),
    [
        ([-1, 2], [1, 0], None, "negative"),
        ([1, np.nan], [1, 0], None, "missing"),
        ([1, 2], [1, 0.5], None, "no code"),
        ([1, 2], [1, 0], [0, 2], "enters at or after"),
    ],
)
def test_unsound_samples_are_refused(time, event, entry, word):
    with pytest.raises(UnsoundAnalysis, match=word):
        landmark(time, event, at=0.5, entry=entry)


def test_one_patient_alone_is_a_result():
    assert landmark([5], [0], at=2).time.tolist() == [3.0]
