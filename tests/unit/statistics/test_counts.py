"""Counts per group, time and cause: what is accepted and refused, and that sites add up."""

import numpy as np
import pandas
import pyarrow as pa
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.counts import counts
from harmony.statistics.kaplan_meier import kaplan_meier, kaplan_meier_from_counts
from harmony.statistics.logrank import logrank, logrank_from_counts
from harmony.statistics.nelson_aalen import nelson_aalen, nelson_aalen_from_counts
from harmony.statistics.restricted_mean import restricted_mean, restricted_mean_from_counts


def cohort(seed, n=120):
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 30, n)
    return pandas.DataFrame(
        {
            "time": time,
            "entry": np.where(rng.random(n) < 0.5, 0, rng.integers(0, time)),
            "cause": rng.integers(0, 2, n),
            "group": rng.choice(["a", "b", "c"], n),
            "stratum": rng.choice(["x", "y"], n),
        }
    )


def counted(frame, *keys, entries=False):
    table = frame.groupby([*keys, "time", "cause"]).size().reset_index(name="count")
    if not entries:
        return table
    begun = frame.groupby([*keys, "entry"]).size().reset_index(name="entered")
    begun = begun.rename(columns={"entry": "time"}).assign(cause=0, count=0)
    return pandas.concat([table.assign(entered=0), begun], ignore_index=True)


PAIRS = [
    (kaplan_meier, kaplan_meier_from_counts),
    (nelson_aalen, nelson_aalen_from_counts),
    (logrank, logrank_from_counts),
    (restricted_mean, restricted_mean_from_counts),
]


@pytest.mark.parametrize(("rows", "of_counts"), PAIRS)
@pytest.mark.parametrize("entries", [False, True], ids=["from the start", "delayed entry"])
def test_counts_give_exactly_the_numbers_of_the_rows(rows, of_counts, entries):
    frame = cohort(1)
    options = {"entry": frame["entry"]} if entries else {}
    expected = rows(frame["time"], frame["cause"], frame["group"], **options)
    found = of_counts(counted(frame, "group", entries=entries))
    assert found.table().equals(expected.table())


@pytest.mark.parametrize(("rows", "of_counts"), PAIRS)
def test_counts_of_several_sites_add_up(rows, of_counts):
    sites = [cohort(seed) for seed in range(3)]
    together = pandas.concat(sites)
    expected = rows(together["time"], together["cause"], together["group"], entry=together["entry"])
    found = of_counts([counted(site, "group", entries=True) for site in sites])
    assert found.table().equals(expected.table())


def test_strata_of_counts_make_a_stratified_test():
    frame = cohort(4)
    expected = logrank(frame["time"], frame["cause"], frame["group"], strata=frame["stratum"], rho=1)
    found = logrank_from_counts(counted(frame, "group", "stratum"), rho=1)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.n.tolist() == expected.n.tolist()


def test_curves_add_up_the_strata_of_counts():
    frame = cohort(5)
    expected = kaplan_meier(frame["time"], frame["cause"], frame["group"]).table()
    assert kaplan_meier_from_counts(counted(frame, "group", "stratum")).table().equals(expected)


def test_a_table_with_events_and_censored_side_by_side_is_the_same():
    wide = {"time": [1, 2, 3], "n_event": [2, 0, 1], "n_censor": [0, 4, 1]}
    long = {"time": [1, 2, 3, 3], "cause": [1, 0, 1, 0], "count": [2, 4, 1, 1]}
    assert kaplan_meier_from_counts(wide).table().equals(kaplan_meier_from_counts(long).table())
    with_entries = wide | {"time": [1, 2, 3], "n_entered": [0, 0, 0]}
    start = {"time": [0], "n_event": [0], "n_censor": [0], "n_entered": [8]}
    found = kaplan_meier_from_counts([start, with_entries])
    assert found.table().equals(kaplan_meier_from_counts(wide).table())


@pytest.mark.parametrize("kind", [dict, pa.table, pandas.DataFrame])
def test_dicts_and_tables_are_read_alike(kind):
    found = counts(kind({"time": [2, 1], "cause": [0, 1], "count": [3, 1], "group": ["b", "a"]}))
    assert (found.labels, found.times.tolist(), found.causes) == (("a", "b"), [1.0, 2.0], (1,))
    assert found.n_risk().tolist() == [[[1, 0], [3, 3]]]


def test_a_group_of_nobody_is_no_group():
    found = counts({"time": [1, 1], "cause": [1, 1], "count": [2, 0], "group": ["a", "b"]})
    assert found.labels == ("a",)


def test_causes_keep_their_codes_in_order():
    found = counts({"time": [1, 2, 3], "cause": [7, 2, 0], "count": [1, 1, 1]})
    assert found.causes == (2, 7)
    assert found.risk_sets(0).by_cause.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_several_causes_are_refused_where_one_event_is_meant():
    with pytest.raises(UnsoundAnalysis, match="more than one cause"):
        kaplan_meier_from_counts({"time": [1, 2], "cause": [1, 2], "count": [1, 1]})


@pytest.mark.parametrize(
    ("change", "refusal", "word"),
    [
        ({"time": [-1, 2]}, UnsoundAnalysis, "negative"),
        ({"time": [np.nan, 2]}, UnsoundAnalysis, "missing"),
        ({"count": [-1, 2]}, UnsoundAnalysis, "whole numbers"),
        ({"count": [1.5, 2]}, UnsoundAnalysis, "whole numbers"),
        ({"count": [None, 2]}, UnsoundAnalysis, "missing"),
        ({"count": [0, 0]}, UnsoundAnalysis, "Nobody"),
        ({"cause": [1, 300]}, UnsoundAnalysis, "cause holds"),
        ({"cause": [1]}, UsageError, "length"),
        ({"group": ["a", None]}, UnsoundAnalysis, "group has missing"),
        ({"entered": [1, 1]}, UnsoundAnalysis, "do not fit"),
    ],
)
def test_unsound_counts_are_refused_with_a_next_step(change, refusal, word):
    with pytest.raises(refusal, match=word) as caught:
        counts({"time": [1, 2], "cause": [1, 0], "count": [3, 2]} | change)
    assert caught.value.next_step


@pytest.mark.parametrize("entry", [{"time": 2, "entered": 5}, {"time": 1, "entered": 5}])
def test_an_entry_at_or_after_the_exit_does_not_fit(entry):
    table = {"time": [1, 2, entry["time"]], "cause": [1, 0, 0], "count": [3, 2, 0]}
    with pytest.raises(UnsoundAnalysis, match="do not fit"):
        counts(table | {"entered": [0, 0, entry["entered"]]})


def test_a_table_without_counts_says_what_is_missing():
    with pytest.raises(UsageError, match="no column cause, count"):
        counts({"time": [1]})
    with pytest.raises(UsageError, match="no table"):
        counts(7)
    with pytest.raises(UsageError, match="same columns"):
        counts(
            [{"time": [1], "cause": [1], "count": [1]}, {"time": [1], "n_event": [1], "n_censor": [1]}][:0]
        )


def test_tables_of_unlike_columns_are_refused():
    first = {"time": [1], "cause": [1], "count": [1]}
    with pytest.raises(UsageError, match="same columns"):
        counts([first, first | {"group": ["a"]}])
