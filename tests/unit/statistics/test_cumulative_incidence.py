"""Cumulative incidence: worked examples, edge cases, and what must hold on random data."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cumulative_incidence import (
    cumulative_incidence,
    cumulative_incidence_from_counts,
)
from harmony.statistics.kaplan_meier import kaplan_meier


def column(fit, cause, name="estimate"):
    return [row[name] for row in fit.table().to_pylist() if row["cause"] == cause]


def test_worked_example_of_two_causes():
    fit = cumulative_incidence([1, 2, 3, 4], [1, 2, 0, 1])
    assert column(fit, 0) == [0.75, 0.5, 0.5, 0.0]
    assert column(fit, 1) == [0.25, 0.25, 0.25, 0.75]
    assert column(fit, 2) == [0.0, 0.25, 0.25, 0.25]


@pytest.mark.parametrize("seed", range(4))
def test_all_states_add_up_to_one_and_cause_zero_is_kaplan_meier(seed):
    rng = np.random.default_rng(seed)
    time, event, arm = rng.integers(0, 40, 300), rng.integers(0, 4, 300), rng.integers(0, 2, 300)
    fit = cumulative_incidence(time, event, arm)
    for label in ("0", "1"):
        curves = [c for c in fit.curves if c.group == label]
        np.testing.assert_allclose(sum(c.estimate for c in curves), 1.0, atol=1e-13)
    survival = kaplan_meier(time, event > 0, arm)
    for cause_zero, curve in zip((c for c in fit.curves if c.cause == 0), survival.curves, strict=True):
        np.testing.assert_allclose(cause_zero.estimate, curve.survival)
        np.testing.assert_allclose(cause_zero.std_err, curve.std_err)
        np.testing.assert_allclose(cause_zero.lower, curve.lower)


@pytest.mark.parametrize("seed", range(3))
def test_variance_equals_the_double_loop_over_times(seed):
    rng = np.random.default_rng(seed)
    time, event = rng.integers(1, 15, 60), rng.integers(0, 3, 60)
    event[time == time.max()] = 0
    curve = next(c for c in cumulative_incidence(time, event).curves if c.cause == 1)
    np.testing.assert_allclose(curve.std_err**2, slow_variance(time, event, 1), rtol=1e-10)


def slow_variance(time, event, cause):
    """Aalen's variance from its definition: every earlier event time's share in every later estimate."""
    times = sorted(set(time.tolist()))
    survival, before, estimate, own, other, n = [], [], [], [], [], []
    s = f = 1.0
    f = 0.0
    for t in times:
        at_risk = (time >= t).sum()
        d1, d2 = ((time == t) & (event == cause)).sum(), ((time == t) & (event > 0) & (event != cause)).sum()
        before.append(s)
        f += s * d1 / at_risk
        s *= 1 - (d1 + d2) / at_risk
        survival.append(s)
        estimate.append(f)
        own.append(d1)
        other.append(d2)
        n.append(at_risk)
    result = []
    for i in range(len(times)):
        total = 0.0
        for j in range(i + 1):
            ahead = (estimate[i] - estimate[j]) / survival[j]
            for d, a in ((own[j], 1.0 - ahead), (other[j], -ahead)):
                if d:
                    correction = 1 - (d - 1) / (n[j] - 1)
                    total += a * a * before[j] ** 2 * d * correction / n[j] ** 2
        result.append(total)
    return result


def test_all_censored_has_the_state_without_event_only():
    fit = cumulative_incidence([1, 2], [0, 0])
    assert [c.cause for c in fit.curves] == [0]
    assert column(fit, 0) == [1.0, 1.0]


def test_a_cause_that_a_group_never_met_stays_at_zero_without_limits():
    fit = cumulative_incidence([1, 2, 3, 4], [1, 0, 2, 0], ["a", "a", "b", "b"])
    rows = [r for r in fit.table().to_pylist() if r["group"] == "a" and r["cause"] == 2]
    assert [(r["estimate"], r["std_err"], r["lower"]) for r in rows] == [(0.0, 0.0, None)] * 2


def test_when_everybody_has_an_event_the_curve_ends_without_a_division_by_zero():
    fit = cumulative_incidence([1, 1, 2, 2], [1, 2, 2, 2])
    assert column(fit, 1)[-1] == 0.25
    assert column(fit, 0)[-1] == 0.0
    assert column(fit, 0, "std_err")[-1] is None
    assert np.isfinite(column(fit, 1, "std_err")).all()


def test_one_patient_with_one_cause():
    fit = cumulative_incidence([3], [2])
    assert (column(fit, 2), column(fit, 0)) == ([1.0], [0.0])


def test_reading_before_the_first_and_after_the_last_time():
    read = cumulative_incidence([2, 4], [1, 0]).at([1, 9]).to_pylist()
    assert [(r["cause"], r["estimate"], r["n_risk"]) for r in read] == [
        (0, 1.0, 2),
        (0, 0.5, 0),
        (1, 0.0, 2),
        (1, 0.5, 0),
    ]


def test_columns_of_the_table_are_those_of_the_reference_page():
    names = ["group", "cause", "time", "n_risk", "estimate", "std_err", "lower", "upper"]
    fit = cumulative_incidence([1, 2], [1, 0])
    assert fit.table().column_names == names
    assert fit.at([1]).column_names == names


@pytest.mark.parametrize("options", [{"variance": "bootstrap"}, {"conf_type": "odd"}, {"conf_level": 0}])
def test_unknown_options_are_refused(options):
    with pytest.raises(UsageError):
        cumulative_incidence([1, 2], [1, 0], **options)


def test_a_negative_cause_is_refused():
    with pytest.raises(UnsoundAnalysis):
        cumulative_incidence([1, 2], [1, -2])


def slow_jackknife(time, event, cause, entry, weight, patient):
    """Root of the summed squares of numerical derivatives of the estimate by each patient's weight."""
    times = np.unique(time)

    def path(w):
        survival, incidence, result = 1.0, 0.0, []
        for t in times:
            at_risk = w[(entry < t) & (time >= t)].sum()
            now = [w[(time == t) & wanted].sum() for wanted in (event == cause, event > 0)]
            if at_risk > 0:
                incidence += survival * now[0] / at_risk
                survival *= 1.0 - now[1] / at_risk
            result.append(survival if cause == 0 else incidence)
        return np.array(result)

    total, step = 0.0, 1e-5
    for one in np.unique(patient):
        own = (patient == one) * weight
        total = total + ((path(weight + step * own) - path(weight - step * own)) / (2 * step)) ** 2
    return np.sqrt(total)


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("cause", [0, 1, 2])
def test_the_jackknife_equals_numerical_derivatives_by_each_patients_weight(truncated, cause):
    rng = np.random.default_rng(4)
    time, event, weight = rng.integers(1, 15, 50), rng.integers(0, 3, 50), rng.uniform(0.5, 2.0, 50)
    entry = np.maximum(time - rng.integers(1, 8, 50), 0) if truncated else np.full(50, -1)
    options = {"entry": entry} if truncated else {}
    fit = cumulative_incidence(time, event, variance="jackknife", weights=weight, **options)
    slow = slow_jackknife(time, event, cause, entry, weight, np.arange(50))
    np.testing.assert_allclose(column(fit, cause, "std_err"), slow, rtol=1e-5, atol=1e-7)


def test_rows_of_one_patient_are_left_out_together():
    time, entry = np.array([3, 7, 4, 9, 6, 8, 5]), np.array([0, 3, 0, 4, 0, 6, 0])
    event, patient = np.array([0, 1, 0, 2, 0, 0, 2]), np.array([1, 1, 2, 2, 3, 3, 4])
    whole = cumulative_incidence([7, 9, 8, 5], [1, 2, 0, 2], variance="jackknife").at([5, 7, 9])
    split = cumulative_incidence(time, event, variance="jackknife", entry=entry, id=patient)
    for name in ("estimate", "std_err", "lower", "upper"):
        np.testing.assert_allclose(
            np.array(split.at([5, 7, 9])[name].to_pylist(), dtype=float),
            np.array(whole[name].to_pylist(), dtype=float),
        )
    assert split.warnings == ()


def test_a_patient_who_goes_on_after_an_event_is_followed_into_the_next_state_with_a_warning():
    fit = cumulative_incidence(
        [2, 5, 6], [1, 2, 0], entry=[0, 2, 0], id=["a", "a", "b"], variance="jackknife"
    )
    assert column(fit, 1) == [0.5, 0.0, 0.0]
    assert column(fit, 2) == [0.0, 0.5, 0.5]
    assert "rows after an event" in fit.warnings[0]


def test_overlapping_rows_of_one_patient_are_refused():
    with pytest.raises(UnsoundAnalysis, match="two rows at the same time"):
        cumulative_incidence([3, 5], [0, 1], entry=[0, 2], id=["a", "a"], variance="jackknife")


def test_with_one_patient_per_row_the_id_changes_nothing():
    time, event = [1, 2, 3, 4, 4], [1, 2, 0, 1, 2]
    fits = [cumulative_incidence(time, event, id=i, variance="jackknife") for i in (None, list("abcde"))]
    assert fits[0].table().equals(fits[1].table())


@pytest.mark.parametrize("variance", ["aalen", "jackknife"])
def test_those_who_have_not_entered_yet_are_not_at_risk(variance):
    fit = cumulative_incidence([2, 4, 6], [1, 2, 1], entry=[0, 3, 1], variance=variance)
    assert [r["n_risk"] for r in fit.table().to_pylist() if r["cause"] == 1] == [2, 2, 1]
    assert column(fit, 1) == [0.5, 0.5, 0.75]


@pytest.mark.parametrize("variance", ["aalen", "jackknife"])
def test_a_risk_set_that_empties_early_leaves_the_curve_at_its_end(variance):
    fit = cumulative_incidence([2, 6, 7], [1, 2, 1], entry=[0, 4, 4], variance=variance)
    assert column(fit, 1) == [1.0, 1.0, 1.0]
    assert np.isfinite(column(fit, 1, "std_err")).all()


def test_an_entry_at_the_end_is_refused():
    with pytest.raises(UnsoundAnalysis):
        cumulative_incidence([2, 4], [1, 0], entry=[2, 0])


def test_a_weight_of_zero_is_absence():
    weighted = cumulative_incidence([1, 2, 3, 9], [1, 2, 0, 1], weights=[1, 1, 1, 0])
    plain = cumulative_incidence([1, 2, 3], [1, 2, 0])
    assert weighted.at([1, 2, 3])["estimate"].to_pylist() == plain.at([1, 2, 3])["estimate"].to_pylist()


def test_a_group_whose_weights_are_all_zero_has_no_curve():
    fit = cumulative_incidence([1, 2, 3], [1, 2, 0], ["a", "a", "b"], weights=[1, 1, 0])
    assert {c.group for c in fit.curves} == {"a"}


@pytest.mark.parametrize("wrong", [[1, -1], [np.nan, 1], [0, 0]])
def test_weights_that_are_no_weights_are_refused(wrong):
    with pytest.raises(UnsoundAnalysis):
        cumulative_incidence([1, 2], [1, 0], weights=wrong)


def test_an_event_at_time_zero_counts():
    fit = cumulative_incidence([0, 1, 2], [1, 0, 2])
    assert fit.at([0])["estimate"].to_pylist() == pytest.approx([2 / 3, 1 / 3, 0.0])


def test_the_jackknife_of_one_patient_has_no_error():
    fit = cumulative_incidence([3], [2], variance="jackknife")
    assert (column(fit, 2), column(fit, 2, "std_err")) == ([1.0], [0.0])


def test_counts_give_the_same_curves_as_the_rows_they_count():
    rng = np.random.default_rng(8)
    rows = np.array([rng.integers(0, 2, 300), rng.integers(0, 40, 300), rng.integers(0, 3, 300)])
    cells, count = np.unique(rows, axis=1, return_counts=True)
    table = dict(zip(("group", "time", "cause"), cells, strict=True)) | {"count": count}
    assert (
        cumulative_incidence_from_counts(table)
        .table()
        .equals(cumulative_incidence(rows[1], rows[2], rows[0]).table())
    )


def test_counts_of_censored_patients_only_have_the_state_without_event_only():
    table = {"time": [1, 2], "cause": [0, 0], "count": [3, 4]}
    assert [c.cause for c in cumulative_incidence_from_counts(table).curves] == [0]


def test_groups_may_be_combinations_of_columns():
    time, event = [1, 2, 3, 4], [1, 2, 0, 1]
    fit = cumulative_incidence(time, event, {"sex": ["f", "m", "f", "m"], "site": [1.0, 1.0, 2.0, 2.0]})
    groups = dict.fromkeys(curve.group for curve in fit.curves)
    assert list(groups) == ["sex=f, site=1", "sex=f, site=2", "sex=m, site=1", "sex=m, site=2"]
