"""Concordance: worked examples, ties, and every pair compared one by one."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.concordance import concordance


def pair_by_pair(time, event, score, entry=None, strata=None, weights=None, time_weight=None):
    """Weights of concordant, discordant, tied pairs, C and its jackknife variance, from the definition."""
    n = len(time)
    entry = np.full(n, -1) if entry is None else entry
    strata = np.zeros(n) if strata is None else strata
    weights = np.ones(n) if weights is None else weights
    time_weight = np.ones(n) if time_weight is None else time_weight
    counts, member = np.zeros(3), np.zeros((n, 3))
    for i in range(n):
        for j in range(n):
            outlives = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if event[i] and outlives and i != j and entry[j] < time[i] and strata[i] == strata[j]:
                kind = 0 if score[i] > score[j] else 1 if score[i] < score[j] else 2
                counts[kind] += weights[i] * weights[j] * time_weight[i]
                member[i, kind] += weights[j] * time_weight[i]
                member[j, kind] += weights[i] * time_weight[i]
    value = (counts[0] + counts[2] / 2) / counts.sum()
    influence = weights * (member[:, 0] + member[:, 2] / 2 - value * member.sum(axis=1)) / counts.sum()
    return counts.tolist(), value, influence


@pytest.fixture(params=range(4))
def rows(request):
    """70 rows with many ties in time and score."""
    rng = np.random.default_rng(request.param)
    time = rng.integers(2, 14, 70)
    return {
        "time": time,
        "event": rng.random(70) < 0.6,
        "score": rng.integers(0, 9, 70).astype(float),
        "entry": (time * rng.random(70)).astype(int),
        "strata": rng.integers(0, 3, 70),
        "weights": rng.integers(0, 4, 70) / 2,
    }


def assert_same(result, expected):
    counts, value, influence = expected
    assert [result.concordant, result.discordant, result.tied] == pytest.approx(counts, rel=1e-12)
    assert result.concordance == pytest.approx(value, rel=1e-12)
    assert result.variance == pytest.approx((influence**2).sum(), rel=1e-10)
    assert result.std_err == pytest.approx((influence**2).sum() ** 0.5, rel=1e-10)


@pytest.mark.parametrize(
    "more", [(), ("entry",), ("strata",), ("weights",), ("entry", "strata", "weights")], ids="-".join
)
def test_random_data_with_many_ties_equals_pair_by_pair(rows, more):
    columns = {name: rows[name] for name in ("time", "event", "score", *more)}
    assert_same(concordance(**columns), pair_by_pair(**columns))


def test_counts_without_weights_are_whole_numbers(rows):
    result = concordance(rows["time"], rows["event"], rows["score"])
    assert isinstance(result.concordant, int)


def test_influences_are_summed_within_clusters_before_they_are_squared(rows):
    columns = {name: rows[name] for name in ("time", "event", "score")}
    _, _, influence = pair_by_pair(**columns)
    result = concordance(**columns, cluster=rows["strata"])
    by_cluster = [influence[rows["strata"] == s].sum() for s in range(3)]
    assert result.variance == pytest.approx(np.square(by_cluster).sum(), rel=1e-10)


def test_uno_weighs_pairs_by_the_chance_of_not_being_censored_before(rows):
    time, event = rows["time"], rows["event"]
    chance = np.ones(70)
    for i in range(70):
        for t in np.unique(time[time < time[i]]):
            # At a tied time the events come first.
            censored = ((time == t) & ~event).sum()
            chance[i] *= 1 - censored / ((time >= t).sum() - ((time == t) & event).sum())
    columns = {name: rows[name] for name in ("time", "event", "score")}
    assert_same(concordance(**columns, method="uno"), pair_by_pair(**columns, time_weight=chance**-2))


def test_events_after_tau_are_left_out_and_at_tau_are_not(rows):
    columns = {name: rows[name] for name in ("time", "event", "score")}
    result = concordance(**columns, tau=6)
    assert_same(result, pair_by_pair(**columns, time_weight=(rows["time"] <= 6).astype(float)))


def test_a_perfect_and_a_reversed_score():
    assert concordance([1, 2, 3], [1, 1, 1], [3, 2, 1]).concordance == 1.0
    assert concordance([1, 2, 3], [1, 1, 1], [1, 2, 3]).concordance == 0.0


def test_a_score_that_is_the_same_in_all_is_a_half():
    assert concordance([1, 2, 3], [1, 1, 0], [7, 7, 7]).concordance == 0.5


def test_scores_that_differ_by_rounding_are_tied():
    assert concordance([1, 2], [1, 0], [0.3, 0.1 + 0.2]).tied == 1


def test_two_events_at_one_time_are_no_pair_but_event_and_censoring_are():
    result = concordance([4, 4, 4], [1, 1, 0], [3, 2, 1])
    assert (result.concordant, result.discordant, result.tied) == (2, 0, 0)


def test_who_enters_at_the_time_of_an_event_is_not_compared_with_it():
    result = concordance([2, 5, 5], [1, 0, 0], [3, 2, 1], entry=[0, 2, 1])
    assert (result.concordant, result.discordant, result.tied) == (1, 0, 0)


def test_an_event_at_time_zero_is_compared():
    assert concordance([0, 1], [1, 0], [2, 1]).concordance == 1.0


def test_a_stratum_without_events_adds_nothing():
    result = concordance([1, 2, 3, 4], [1, 0, 0, 0], [2, 1, 9, 8], strata=["a", "a", "b", "b"])
    assert result.concordant == 1


@pytest.mark.parametrize(("time", "event"), [([1, 2], [0, 0]), ([3], [1]), ([2, 2], [1, 1])])
def test_no_comparable_pair_is_refused(time, event):
    with pytest.raises(UnsoundAnalysis, match="No two patients"):
        concordance(time, event, [1.0] * len(time))


def test_pairs_that_only_rounding_leaves_are_refused():
    # Everybody enters after the event before: no pair, but the weights' sums do not cancel exactly.
    weights = np.array([0.1, 0.7, 0.3])
    with pytest.raises(UnsoundAnalysis, match="No two patients"):
        concordance([1, 2, 3], [1, 1, 1], [1, 2, 3], entry=[0, 1, 2], weights=weights)


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": [1.0]},
        {"score": ["high", "low"]},
        {"method": "gonen"},
        {"tau": 0},
        {"method": "uno", "entry": [0, 0]},
        {"weights": [1]},
        {"cluster": [1]},
    ],
)
def test_wrong_use_is_refused(wrong):
    with pytest.raises(UsageError):
        concordance(**{"time": [1, 2], "event": [1, 0], "score": [2.0, 1.0]} | wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": [np.nan, 1.0]},
        {"time": [-1, 2]},
        {"event": [2, 0]},
        {"entry": [1, 0]},
        {"weights": [-1, 1]},
    ],
)
def test_bad_data_is_refused(wrong):
    with pytest.raises(UnsoundAnalysis):
        concordance(**{"time": [1, 2], "event": [1, 0], "score": [2.0, 1.0]} | wrong)
