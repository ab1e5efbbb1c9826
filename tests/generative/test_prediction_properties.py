"""Random cohorts: what concordance, AUC, Brier score, predictions and their tests must never depend on."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harmony.errors import UnsoundAnalysis
from harmony.statistics.auc import auc
from harmony.statistics.brier import brier
from harmony.statistics.concordance import concordance
from harmony.statistics.cox import cox
from harmony.statistics.cox_zph import cox_zph

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@st.composite
def cohorts(draw, least=2, most=30):
    n = draw(st.integers(least, most))
    column = st.lists(st.integers(0, 9), min_size=n, max_size=n)
    time = np.array(draw(column)) + 1
    event = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    return time, event, np.array(draw(column), dtype=float)


@st.composite
def orders(draw, n):
    return np.array(draw(st.permutations(range(n))))


def found(*columns, **more):
    """The concordance, or None where no pair is comparable."""
    try:
        return concordance(*columns, **more)
    except UnsoundAnalysis:
        return None


def same(first, second):
    if first is None or second is None:
        return first is second
    return (
        abs(first.concordance - second.concordance) < 1e-12 and abs(first.variance - second.variance) < 1e-12
    )


def pair_by_pair(time, event, score, weights, strata, entry):
    kinds = np.zeros(3)
    for i in np.flatnonzero(event):
        outlives = (time > time[i]) | ((time == time[i]) & ~event)
        compared = outlives & (strata == strata[i]) & (entry < time[i])
        compared[i] = False
        for kind, side in enumerate((score < score[i], score > score[i], score == score[i])):
            kinds[kind] += weights[i] * weights[compared & side].sum()
    return kinds


@given(cohorts(), st.data())
def test_concordance_equals_pair_by_pair(cohort, data):
    time, event, score = cohort
    n = len(time)
    weights = np.array(data.draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)), dtype=float)
    strata = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    entry = np.array([data.draw(st.integers(0, int(t) - 1)) for t in time])
    kinds = pair_by_pair(time, event, score, weights, strata, entry)
    result = found(time, event, score, weights=weights, strata=strata, entry=entry)
    if kinds.sum() == 0:
        assert result is None
    else:
        np.testing.assert_allclose([result.concordant, result.discordant, result.tied], kinds, atol=1e-9)


@given(cohorts(), st.data())
def test_the_order_of_rows_does_not_matter(cohort, data):
    order = data.draw(orders(len(cohort[0])))
    turned = [column[order] for column in cohort]
    for method in ("harrell", "uno"):
        assert same(found(*cohort, method=method), found(*turned, method=method))


@given(cohorts())
def test_a_monotone_transformation_of_the_score_keeps_the_concordance(cohort):
    time, event, score = cohort
    assert same(found(time, event, score), found(time, event, np.exp(score / 3)))


@given(cohorts())
def test_a_reversed_score_has_the_complement(cohort):
    time, event, score = cohort
    result, reverse = found(time, event, score), found(time, event, -score)
    if result is not None:
        assert abs(result.concordance + reverse.concordance - 1) < 1e-12


@given(cohorts())
def test_every_row_twice_with_half_the_weight_has_the_same_concordance(cohort):
    # A row is never compared with its copy: both have the event at one time, or neither has it.
    twice = [np.concatenate((column, column)) for column in cohort]
    result, doubled = found(*cohort), found(*twice, weights=np.full(2 * len(cohort[0]), 0.5))
    if result is None:
        assert doubled is None
    else:
        assert abs(result.concordance - doubled.concordance) < 1e-12


@given(cohorts())
def test_a_weight_of_two_counts_as_two_rows(cohort):
    time, event, score = cohort
    weights = 1.0 + (np.arange(len(time)) % 2)
    copies = np.repeat(np.arange(len(time)), weights.astype(int))
    first = found(time, event, score, weights=weights)
    second = found(time[copies], event[copies], score[copies])
    assert (first is None) == (second is None)
    if first is not None:
        counts = [(c.concordant, c.discordant, c.tied) for c in (first, second)]
        assert counts[0] == counts[1]


@given(cohorts(least=6), st.integers(1, 9), st.data())
def test_auc_and_brier_do_not_depend_on_order_or_unit_of_time(cohort, horizon, data):
    time, event, score = cohort
    assume(time.max() > horizon and (event & (time <= horizon)).any())
    order = data.draw(orders(len(time)))
    predicted = 1 / (1 + score)
    area = auc(time, event, score, [horizon]).auc[0]
    loss = brier(time, event, predicted, [horizon]).brier[0]
    assert abs(auc(7.5 * time[order], event[order], score[order], [7.5 * horizon]).auc[0] - area) < 1e-12
    assert (
        abs(brier(7.5 * time[order], event[order], predicted[order], [7.5 * horizon]).brier[0] - loss) < 1e-12
    )
    assert abs(auc(time, event, np.exp(score), [horizon]).auc[0] - area) < 1e-12


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_splitting_rows_changes_neither_the_test_of_hazards_nor_the_curves(seed):
    rng = np.random.default_rng(seed)
    n = 60
    x, time = rng.normal(0, 1, n), rng.integers(2, 20, n)
    event = rng.random(n) < 0.7
    cut = np.array([rng.integers(1, t) for t in time])
    whole = cox(time, event, {"x": x})
    split = cox(
        np.concatenate((cut, time)),
        np.concatenate((np.zeros(n, dtype=bool), event)),
        {"x": np.concatenate((x, x))},
        entry=np.concatenate((np.zeros(n), cut)),
    )
    for transform in ("km", "identity", "log"):
        np.testing.assert_allclose(
            cox_zph(whole, transform).chisq, cox_zph(split, transform).chisq, rtol=1e-6, atol=1e-9
        )
    first, second = (fit.predict({"x": [0.5, -1]}, [3, 8, 15]).to_pandas() for fit in (whole, split))
    np.testing.assert_allclose(first, second, rtol=1e-8)
