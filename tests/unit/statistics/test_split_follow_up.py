"""Splitting of follow-up at changes: where rows begin and end, and what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.split_follow_up import split_follow_up


def rows(stop, event, changes, **options):
    return [tuple(r.values()) for r in split_follow_up(stop, event, changes, **options).table().to_pylist()]


def test_a_change_during_follow_up_makes_two_rows_with_the_event_in_the_last():
    assert rows([10], [1], {"tx": [4]}) == [(0.0, 4.0, 0, 0), (4.0, 10.0, 1, 1)]


def test_a_change_at_the_time_of_the_event_did_not_come_before_it():
    assert rows([10], [1], {"tx": [10]}) == [(0.0, 10.0, 1, 0)]


def test_a_change_after_the_end_or_never_makes_no_row():
    assert rows([10, 10], [0, 1], {"tx": [12, None]}) == [(0.0, 10.0, 0, 0), (0.0, 10.0, 1, 0)]


@pytest.mark.parametrize("when", [0, -3])
def test_a_change_at_or_before_time_zero_holds_from_the_start(when):
    assert rows([10], [1], {"tx": [when]}) == [(0.0, 10.0, 1, 1)]


def test_two_changes_at_one_time_are_one_cut():
    assert rows([10], [2], {"a": [4], "b": [4]}) == [(0.0, 4.0, 0, 0, 0), (4.0, 10.0, 2, 1, 1)]


def test_rows_of_a_patient_stay_together_and_name_him():
    made = split_follow_up([5, 9, 7], [1, 0, 1], {"a": [2, np.nan, 3], "b": [1, 8, np.nan]})
    assert made.patient.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert made.tstart.tolist() == [0, 1, 2, 0, 8, 0, 3]
    assert made.flags["b"].tolist() == [0, 1, 1, 0, 1, 0, 0]


def test_delayed_entry_is_the_first_start():
    assert rows([10], [1], {"tx": [4]}, entry=[2]) == [(2.0, 4.0, 0, 0), (4.0, 10.0, 1, 1)]
    assert rows([10], [1], {"tx": [1]}, entry=[2]) == [(2.0, 10.0, 1, 1)]


def test_a_change_within_rounding_of_the_end_makes_no_sliver():
    assert len(rows([0.1 + 0.2], [1], {"tx": [0.3]})) == 1


def test_person_time_and_events_are_kept():
    rng = np.random.default_rng(3)
    stop, event = rng.integers(1, 100, 500), rng.integers(0, 2, 500)
    made = split_follow_up(stop, event, {name: rng.uniform(-20, 140, 500) for name in "abc"})
    np.testing.assert_allclose(np.bincount(made.patient, made.tstop - made.tstart), stop)
    np.testing.assert_array_equal(np.bincount(made.patient, made.event), event)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (([0], [1], {"tx": [1]}), UnsoundAnalysis),
        (([-1], [1], {"tx": [1]}), UnsoundAnalysis),
        (([np.nan], [1], {"tx": [1]}), UnsoundAnalysis),
        (([5], [1], {}), UsageError),
        (([5], [1], {"event": [1]}), UsageError),
        (([5], [1], {"tx": [1, 2]}), UsageError),
        (([5], [1], {"tx": ["soon"]}), UsageError),
        (([5], [1], {"tx": np.array(["2020-01-01"], dtype="datetime64[D]")}), UsageError),
    ],
)
def test_what_cannot_be_split_is_refused(arguments, error):
    with pytest.raises(error):
        split_follow_up(*arguments)


@pytest.mark.parametrize("entry", [[5], [7], [-1]])
def test_an_entry_that_is_negative_or_not_before_the_end_is_refused(entry):
    with pytest.raises(UnsoundAnalysis):
        split_follow_up([5], [1], {"tx": [1]}, entry=entry)
