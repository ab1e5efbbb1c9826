"""Kaplan-Meier and Nelson-Aalen under delayed entry, with case weights and with clusters."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.nelson_aalen import nelson_aalen
from harmony.statistics.samples import follow_up

ESTIMATORS = [kaplan_meier, nelson_aalen]


def column(fit, name):
    return fit.table()[name].to_pylist()


def slow(time, event, entry):
    """At risk, events, S and H at each distinct time, patient by patient."""
    result, survival, hazard = [], 1.0, 0.0
    for t in sorted(set(time)):
        n = sum(1 for start, stop in zip(entry, time, strict=True) if start < t <= stop)
        d = sum(1 for stop, e in zip(time, event, strict=True) if stop == t and e)
        survival, hazard = survival * (1 - d / n), hazard + d / n
        result.append((t, n, d, survival, hazard))
    return np.array(result)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shift", [0.0, 0.25], ids=["whole days", "fractions"])
def test_delayed_entry_equals_the_patient_by_patient_sum(seed, shift):
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 25, 70)
    entry, event = rng.integers(0, time), rng.random(70) < 0.6
    expected = slow((time + shift).tolist(), event.tolist(), (entry + shift).tolist())
    fit = kaplan_meier(time + shift, event, entry=entry + shift).curves[0]
    ours = np.column_stack([fit.time, fit.n_risk, fit.n_event, fit.survival])
    np.testing.assert_allclose(ours, expected[:, :4], rtol=1e-12, atol=1e-15)
    hazard = nelson_aalen(time + shift, event, entry=entry + shift).curves[0].cumulative_hazard
    np.testing.assert_allclose(hazard, expected[:, 4], rtol=1e-12)


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_everybody_entering_at_zero_is_the_plain_curve(estimate):
    time, event = [1, 2, 2, 5], [1, 0, 1, 1]
    assert estimate(time, event, entry=[0, 0, 0, 0]).table().equals(estimate(time, event).table())


def test_who_enters_at_a_time_is_at_risk_only_after_it():
    assert column(kaplan_meier([2, 3], [1, 1], entry=[0, 2]), "n_risk") == [1, 1]


def test_a_gap_in_the_risk_set_leaves_survival_as_it_was():
    fit = kaplan_meier([1, 2, 8, 9], [1, 0, 1, 0], entry=[0, 0, 6, 6])
    assert column(fit, "n_risk") == [2, 1, 2, 1]
    assert column(fit, "survival") == [0.5, 0.5, 0.25, 0.25]


def test_survival_of_zero_before_others_enter_stays_zero_as_in_r():
    fit = kaplan_meier([1, 8, 9], [1, 1, 0], entry=[0, 5, 5])
    assert column(fit, "survival") == [0.0, 0.0, 0.0]
    assert column(fit, "std_err") == column(fit, "upper") == [None, None, None]
    assert "others enter later" in fit.warnings[0]
    assert kaplan_meier([1, 2], [1, 1]).warnings == ()
    hazard = nelson_aalen([1, 8, 9], [1, 1, 0], entry=[0, 5, 5])
    assert column(hazard, "cumulative_hazard") == [1.0, 1.5, 1.5]


@pytest.mark.parametrize("estimate", ESTIMATORS)
@pytest.mark.parametrize("entry", [[0, 2], [0, 3], [0, 2 - 1e-13]])
def test_entry_at_or_after_the_exit_is_refused(estimate, entry):
    with pytest.raises(UnsoundAnalysis, match="enters at or after"):
        estimate([1, 2], [1, 0], entry=entry)


@pytest.mark.parametrize(
    ("entry", "refusal", "word"),
    [
        ([-1, 0], UnsoundAnalysis, "negative"),
        ([0, np.nan], UnsoundAnalysis, "missing"),
        ([0], UsageError, "length"),
        (["a", "b"], UsageError, "not a number"),
    ],
)
def test_unsound_entries_are_refused(entry, refusal, word):
    with pytest.raises(refusal, match=word):
        kaplan_meier([1, 2], [1, 0], entry=entry)


def test_a_time_of_zero_cannot_be_observed_after_an_entry_at_zero():
    with pytest.raises(UnsoundAnalysis, match="never observed"):
        kaplan_meier([0, 2], [1, 0], entry=[0, 0])


def test_entry_days_are_the_first_exits_after_the_entry():
    sample = follow_up([5, 9, 7], [1, 1, 0], entry=[0, 5, 6])
    assert (sample.times.tolist(), sample.day.tolist()) == ([5.0, 7.0, 9.0], [0, 2, 1])
    assert sample.entry_day.tolist() == [0, 1, 1]


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_whole_weights_are_repeated_rows(estimate):
    time, event, weight = np.array([1, 2, 2, 4, 6]), np.array([1, 1, 0, 1, 0]), np.array([3, 1, 2, 2, 1])
    entry = np.array([0, 0, 1, 1, 3])
    repeated = estimate(np.repeat(time, weight), np.repeat(event, weight), entry=np.repeat(entry, weight))
    weighted = estimate(time, event, entry=entry, weights=weight)
    for name in weighted.table().column_names[1:]:
        np.testing.assert_allclose(
            getattr(weighted.curves[0], name), getattr(repeated.curves[0], name), rtol=1e-12
        )


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_rows_of_weight_zero_are_absent(estimate):
    with_them = estimate([1, 2, 3, 9], [1, 0, 1, 1], ["a", "b", "a", "c"], weights=[1, 1, 1, 0])
    without = estimate([1, 2, 3], [1, 0, 1], ["a", "b", "a"], weights=[1, 1, 1])
    assert with_them.table().equals(without.table())


def test_records_count_rows_and_events_count_weights():
    fit = kaplan_meier([1, 2, 3], [1, 1, 0], weights=[0.5, 2, 4])
    assert fit.summary().to_pylist() == [{"group": None, "records": 3, "events": 2.5, "median": None}]


def test_records_under_delayed_entry_count_every_row():
    assert kaplan_meier([1, 2, 9], [1, 1, 0], entry=[0, 1, 5]).summary()["records"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("weights", "refusal", "word"),
    [
        ([1, -1], UnsoundAnalysis, "negative"),
        ([0, 0], UnsoundAnalysis, "Every case weight is 0"),
        ([1, np.nan], UnsoundAnalysis, "missing"),
        ([1], UsageError, "length"),
    ],
)
@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_unsound_weights_are_refused(estimate, weights, refusal, word):
    with pytest.raises(refusal, match=word):
        estimate([1, 2], [1, 0], weights=weights)


def test_survival_becomes_exactly_zero_although_sums_of_weights_round():
    fit = kaplan_meier([1, 2, 3], [1, 1, 1], entry=[0, 0, 1], weights=[0.1, 0.2, 0.7])
    assert column(fit, "survival")[-1] == 0.0
    assert column(fit, "std_err")[-1] == 0.0


def test_the_robust_error_without_weights_is_greenwoods():
    # A known identity of the infinitesimal jackknife of the Kaplan-Meier estimator.
    rng = np.random.default_rng(2)
    time, event = rng.integers(1, 20, 60), rng.random(60) < 0.5
    time = np.append(time, 30)
    event = np.append(event, False)
    plain, robust = (kaplan_meier(time, event, robust=r).curves[0].std_err for r in (False, True))
    np.testing.assert_allclose(robust, plain, rtol=1e-12)


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_clusters_of_one_row_each_are_rows_alone(estimate):
    rng = np.random.default_rng(3)
    time, event = rng.integers(2, 20, 50), rng.random(50) < 0.5
    options = {"entry": rng.integers(0, 2, 50), "weights": rng.random(50) + 0.5}
    alone = estimate(time, event, **options).curves[0]
    clustered = estimate(time, event, cluster=np.arange(50), **options).curves[0]
    np.testing.assert_allclose(clustered.std_err, alone.std_err, rtol=1e-9)


def test_many_times_and_clusters_are_summed_in_parts_with_the_same_result(monkeypatch):
    rng = np.random.default_rng(4)
    time, event, cluster = rng.integers(1, 90, 200), rng.random(200) < 0.5, rng.integers(0, 9, 200)
    whole = kaplan_meier(time, event, cluster=cluster).curves[0].std_err
    monkeypatch.setattr("harmony.statistics.influence.CELLS", 50)
    parts = kaplan_meier(time, event, cluster=cluster).curves[0].std_err
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


def test_clusters_need_the_robust_error():
    with pytest.raises(UsageError, match="robust"):
        kaplan_meier([1, 2], [1, 0], cluster=[1, 2], robust=False)


def test_groups_of_several_columns_are_their_combinations():
    fit = kaplan_meier([1, 2, 3], [1, 1, 0], {"arm": ["x", "y", "x"], "sex": ["f", "f", "f"]})
    assert [curve.group for curve in fit.curves] == ["arm=x, sex=f", "arm=y, sex=f"]
