"""Cumulative incidence: worked examples, edge cases, and what must hold on random data."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cumulative_incidence import cumulative_incidence
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


@pytest.mark.parametrize("options", [{"variance": "jackknife"}, {"conf_type": "odd"}, {"conf_level": 0}])
def test_unknown_options_are_refused(options):
    with pytest.raises(UsageError):
        cumulative_incidence([1, 2], [1, 0], **options)


def test_a_negative_cause_is_refused():
    with pytest.raises(UnsoundAnalysis):
        cumulative_incidence([1, 2], [1, -2])
