"""Harrell's concordance: worked examples, ties, and every pair compared one by one."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.concordance import concordance


def pair_by_pair(time, event, score):
    """Concordant, discordant, tied pairs, and the jackknife variance, from the definition."""
    counts, member = np.zeros(3), np.zeros((len(time), 3))
    for i in range(len(time)):
        for j in range(len(time)):
            outlives = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if event[i] and outlives and i != j:
                kind = 0 if score[i] > score[j] else 1 if score[i] < score[j] else 2
                counts[kind] += 1
                member[[i, j], kind] += 1
    value = (counts[0] + counts[2] / 2) / counts.sum()
    influence = (member[:, 0] + member[:, 2] / 2 - value * member.sum(axis=1)) / counts.sum()
    return counts.astype(int).tolist(), value, (influence**2).sum()


@pytest.mark.parametrize("seed", range(6))
def test_random_data_with_many_ties_equals_pair_by_pair(seed):
    rng = np.random.default_rng(seed)
    time, event, score = rng.integers(0, 12, 70), rng.random(70) < 0.6, rng.integers(0, 9, 70).astype(float)
    result = concordance(time, event, score)
    counts, value, variance = pair_by_pair(time, event, score)
    assert [result.concordant, result.discordant, result.tied] == counts
    assert result.concordance == pytest.approx(value, rel=1e-13)
    assert result.variance == pytest.approx(variance, rel=1e-10)
    assert result.std_err == pytest.approx(variance**0.5, rel=1e-10)


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


@pytest.mark.parametrize(("time", "event"), [([1, 2], [0, 0]), ([3], [1]), ([2, 2], [1, 1])])
def test_no_comparable_pair_is_refused(time, event):
    with pytest.raises(UnsoundAnalysis, match="No two patients"):
        concordance(time, event, [1.0] * len(time))


def test_a_score_of_another_length_is_refused():
    with pytest.raises(UsageError):
        concordance([1, 2], [1, 0], [1.0])
