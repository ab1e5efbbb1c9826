"""What every estimator refuses, which times are tied, and how groups are named."""

import numpy as np
import pyarrow as pa
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.logrank import logrank
from harmony.statistics.samples import FollowUp, follow_up, groups, levels, strata, tied


@pytest.mark.parametrize(
    ("time", "event", "refusal", "word"),
    [
        ([], [], UnsoundAnalysis, "Nobody"),
        ([1.0, np.nan], [1, 0], UnsoundAnalysis, "missing"),
        ([1.0, np.inf], [1, 0], UnsoundAnalysis, "infinite"),
        ([1.0, None], [1, 0], UnsoundAnalysis, "missing"),
        ([1.0, -0.5], [1, 0], UnsoundAnalysis, "negative"),
        ([1.0, 2.0], [1, -1], UnsoundAnalysis, "no code"),
        ([1.0, 2.0], [1, 0.5], UnsoundAnalysis, "no code"),
        ([1.0, 2.0], [1, 20261124], UnsoundAnalysis, "no code"),
        ([1.0, 2.0], [1, 2], UnsoundAnalysis, "more than one cause"),
        ([1.0, 2.0], [1], UsageError, "length"),
        ([[1.0], [2.0]], [1, 0], UsageError, "one column"),
        (["soon", "late"], [1, 0], UsageError, "not a number"),
        (["1", "2"], [1, 0], UsageError, "not a number"),
        (np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"), [1, 0], UsageError, "not a number"),
    ],
)
def test_unsound_samples_are_refused_with_a_next_step(time, event, refusal, word):
    with pytest.raises(refusal, match=word) as caught:
        kaplan_meier(time, event)
    assert caught.value.next_step
    assert "0.5" not in caught.value.what


def test_several_causes_are_allowed_where_they_compete():
    assert follow_up([1, 2], [1, 2], causes=True).event.tolist() == [1, 2]


def test_times_that_differ_in_the_last_bits_are_tied():
    fit = kaplan_meier([0.1 + 0.2, 0.3, 1.0], [1, 1, 0])
    assert fit.curves[0].time.tolist() == [0.3, 1.0]
    assert fit.curves[0].n_event.tolist() == [2, 0]


def test_times_a_millionth_apart_are_not_tied():
    assert len(kaplan_meier([1.0, 1.0 + 1e-6, 2.0], [1, 1, 0]).curves[0].time) == 3


def test_counting_in_bins_and_sorting_find_the_same_ties():
    days = np.random.default_rng(3).integers(0, 900, 500).astype(float)
    in_bins, sorted_days = tied(days), tied(days + 0.25)
    assert np.array_equal(in_bins[0], np.unique(days))
    assert np.array_equal(in_bins[0] + 0.25, sorted_days[0])
    assert np.array_equal(in_bins[1], sorted_days[1])
    assert np.array_equal(in_bins[0][in_bins[1]], days)


def test_a_day_number_in_the_millions_is_sorted_not_counted():
    times, day = tied(np.array([9e15, 1.0, 9e15]))
    assert (times.tolist(), day.tolist()) == ([1.0, 9e15], [1, 0, 1])


def test_numbered_groups_sort_by_size_and_text_by_character():
    assert levels([10, 9, 10], "site")[1] == ("9", "10")
    assert levels(np.array(["10", "9"], dtype=object), "site")[1] == ("10", "9")
    assert groups([True, False], 2).labels == ("False", "True")


def test_arrow_columns_are_read_like_lists():
    table = pa.table({"time": [1, 2, 3], "event": [True, False, True], "arm": ["b", "a", "b"]})
    fit = kaplan_meier(table["time"], table["event"], table["arm"])
    assert fit.summary().to_pylist() == [
        {"group": "a", "records": 1, "events": 0, "median": None},
        {"group": "b", "records": 2, "events": 2, "median": 2.0},
    ]


@pytest.mark.parametrize("estimate", [kaplan_meier, cumulative_incidence, logrank])
@pytest.mark.parametrize("group", [["a", None, "b"], [1.0, np.nan, 2.0]])
def test_a_missing_group_is_refused_not_made_a_group(estimate, group):
    with pytest.raises(UnsoundAnalysis, match="group has missing"):
        estimate([1, 2, 3], [1, 0, 1], group)


@pytest.mark.parametrize("estimate", [kaplan_meier, cumulative_incidence, logrank])
def test_groups_of_another_length_are_refused(estimate):
    with pytest.raises(UsageError, match="length"):
        estimate([1, 2, 3], [1, 0, 1], ["a", "b"])


def test_the_missing_value_of_pandas_is_a_missing_group():
    import pandas

    with pytest.raises(UnsoundAnalysis, match="group has missing"):
        groups(pandas.array(["a", None], dtype="string"), 2)


def test_groups_in_two_dimensions_are_refused():
    with pytest.raises(UsageError, match="one column"):
        levels([["a"], ["b"]], "group")


def test_texts_are_coded_alike_whether_an_array_or_objects():
    texts = ["b", "a", "c", "a"]
    for column in (np.array(texts), np.array(texts, dtype=object), pa.array(texts), texts):
        code, labels = levels(column, "arm")
        assert (code.tolist(), labels) == ([1, 0, 2, 0], ("a", "b", "c"))


@pytest.mark.parametrize(
    ("column", "labels"),
    [
        (np.array([7, -2, 7], dtype=np.int8), ("-2", "7")),
        (np.array([2**40, 1]), ("1", "1099511627776")),
        ([1.5, 0.5], ("0.5", "1.5")),
        ([10.0, 9.0], ("9", "10")),
        (np.array([10, 9.0, 2.5], dtype=object), ("2.5", "9", "10")),
        (np.array([True, True]), ("True",)),
    ],
)
def test_numbers_of_any_kind_are_levels_in_their_order(column, labels):
    assert levels(column, "dose")[1] == labels


def test_strata_of_several_columns_are_the_combinations_that_occur():
    found = strata(pa.table({"sex": ["f", "m", "f"], "site": [2, 1, 1]}), 3)
    assert found.labels == ("sex=f, site=1", "sex=f, site=2", "sex=m, site=1")
    assert found.code.tolist() == [1, 2, 0]


def test_strata_of_one_named_column_are_its_levels_and_none_is_one_stratum():
    assert strata({"sex": ["f", "m"]}, 2).labels == ("f", "m")
    assert strata(None, 2).labels == (None,)


@pytest.mark.parametrize("columns", [{}, {"a": [1]}, {"a": [1, 2], "b": [1]}])
def test_strata_of_another_length_are_refused(columns):
    with pytest.raises(UsageError, match="strata has another length"):
        strata(columns, 2)


def test_a_part_of_the_follow_up_keeps_entries_and_weights():
    part = follow_up([1, 2, 3], [1, 0, 1], entry=[0, 1, 2], weights=[1, 2, 3]).part(np.array([1, 2]))
    assert (part.entry_day.tolist(), part.weight.tolist()) == ([1, 2], [2.0, 3.0])
    assert part.total().tolist() == [0.0, 2.0, 3.0]
    assert part.total(part.event == 1).tolist() == [0.0, 0.0, 3.0]


def test_follow_up_without_entry_or_weights_holds_none():
    sample = follow_up([1, 2], [1, 0])
    assert isinstance(sample, FollowUp)
    assert (sample.entry_day, sample.weight) == (None, None)
    assert sample.total().tolist() == sample.count().tolist()


@pytest.mark.parametrize("kind", [np.int8, np.uint64, np.float32, np.int32])
def test_whole_days_of_any_kind_of_number_are_the_same_days(kind):
    times, day = tied(np.array([3, 1, 3], dtype=kind))
    assert (times.tolist(), day.tolist()) == ([1.0, 3.0], [1, 0, 1])
