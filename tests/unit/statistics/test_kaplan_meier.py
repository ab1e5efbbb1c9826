"""Kaplan-Meier: worked examples, edge cases, and a slow obvious reference on random data."""

import math

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.kaplan_meier import greenwood, kaplan_meier


def steps(fit, column):
    return fit.table()[column].to_pylist()


def slow(time, event):
    """S and its Greenwood error at each distinct time, patient by patient."""
    result, survival, total = [], 1.0, 0.0
    for t in sorted(set(time)):
        n = sum(1 for other in time if other >= t)
        d = sum(1 for other, e in zip(time, event, strict=True) if other == t and e)
        survival *= 1 - d / n
        total += d / (n * (n - d)) if n > d else math.nan
        result.append((t, n, d, survival, survival * math.sqrt(total) if d or total == total else math.nan))
    return result


@pytest.mark.parametrize("seed", range(5))
def test_random_follow_up_equals_the_patient_by_patient_sum(seed):
    rng = np.random.default_rng(seed)
    time, event = rng.integers(0, 25, 80), rng.random(80) < 0.6
    event[np.argmax(time)] = False
    fit = kaplan_meier(time, event).curves[0]
    ours = np.column_stack([fit.time, fit.n_risk, fit.n_event, fit.survival, fit.std_err])
    np.testing.assert_allclose(ours, slow(time.tolist(), event.tolist()), rtol=1e-12, atol=1e-15)


def test_events_come_before_censoring_at_the_same_time():
    assert steps(kaplan_meier([2, 2, 3], [0, 1, 0]), "survival") == [
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    ]


def test_survival_of_exactly_zero_has_no_error_and_no_limits():
    for scale in ("log", "log-log", "plain"):
        row = kaplan_meier([1, 2], [1, 1], conf_type=scale).table().to_pylist()[-1]
        assert row["survival"] == 0.0
        assert (row["std_err"], row["lower"], row["upper"]) == (None, None, None)


def test_all_censored_keeps_survival_at_one():
    fit = kaplan_meier([1, 2, 3], [0, 0, 0])
    assert steps(fit, "survival") == [1.0, 1.0, 1.0]
    assert steps(fit, "std_err") == [0.0, 0.0, 0.0]
    assert fit.summary().to_pylist() == [{"group": None, "records": 3, "events": 0, "median": None}]


def test_log_log_limits_do_not_exist_at_one():
    assert steps(kaplan_meier([1, 2, 3], [0, 1, 0], conf_type="log-log"), "lower")[0] is None


def test_one_patient_with_and_without_event():
    assert steps(kaplan_meier([5], [1]), "survival") == [0.0]
    assert steps(kaplan_meier([5], [0]), "survival") == [1.0]


def test_an_event_on_day_zero_is_counted():
    assert steps(kaplan_meier([0, 4], [1, 0]), "survival") == [0.5, 0.5]


def test_reading_carries_the_last_value_and_counts_nobody_at_risk():
    read = kaplan_meier([2, 4, 6], [1, 1, 0]).at([0, 2, 3, 100]).to_pylist()
    assert [r["survival"] for r in read] == pytest.approx([1.0, 2 / 3, 2 / 3, 1 / 3])
    assert [r["n_risk"] for r in read] == [3, 3, 2, 0]
    assert (read[0]["lower"], read[0]["upper"], read[0]["std_err"]) == (1.0, 1.0, 0.0)


def test_reading_at_a_time_that_differs_in_the_last_bits_is_after_the_step():
    assert kaplan_meier([0.3, 1.0], [1, 0]).at([0.1 + 0.2]).to_pylist()[0]["survival"] == 0.5
    assert kaplan_meier([0.1 + 0.2, 1.0], [1, 0]).at([0.3]).to_pylist()[0]["survival"] == 0.5


def test_one_time_may_be_asked_without_a_list():
    assert kaplan_meier([1, 2], [1, 0]).at(1)["survival"].to_pylist() == [0.5]


def test_a_negative_time_cannot_be_read():
    with pytest.raises(UsageError, match="negative"):
        kaplan_meier([1, 2], [1, 0]).at([-1])


def test_median_is_the_first_time_at_or_below_a_half():
    assert kaplan_meier([1, 2, 3], [1, 1, 1]).summary()["median"].to_pylist() == [2.0]


def test_median_is_the_middle_of_a_stretch_at_exactly_a_half():
    assert kaplan_meier([1, 2, 4, 5], [1, 1, 1, 1]).summary()["median"].to_pylist() == [3.0]


def test_median_of_a_last_stretch_at_a_half_ends_with_the_follow_up():
    assert kaplan_meier([2, 8], [1, 0]).summary()["median"].to_pylist() == [5.0]


def test_quantiles_that_are_not_reached_are_null():
    row = kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0]).quantiles([0.25, 0.5]).to_pylist()
    assert (row[0]["time"], row[1]["time"]) == (2.5, None)
    assert row[1]["upper"] is None


def test_a_limit_that_turns_back_is_read_as_by_the_quantile_function_of_r():
    # The upper limit is 0.48 at 12 and 13 and 0.49 at 15; R's `quantile` says 15, its `print` 12.
    time = (
        [1] * 2
        + [2]
        + [3] * 2
        + [4]
        + [5] * 3
        + [6] * 4
        + [7]
        + [8] * 4
        + [10] * 4
        + [11] * 2
        + [12, 13, 15, 15]
    )
    event = [1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1]
    row = kaplan_meier(time, event).quantiles([0.5]).to_pylist()[0]
    assert (row["time"], row["lower"], row["upper"]) == (10.0, 8.0, 15.0)


@pytest.mark.parametrize("share", [0.0, 1.0, 50.0])
def test_impossible_quantiles_are_refused(share):
    with pytest.raises(UsageError):
        kaplan_meier([1, 2], [1, 0]).quantiles([share])


def test_missing_asked_times_are_refused():
    with pytest.raises(UnsoundAnalysis):
        kaplan_meier([1, 2], [1, 0]).at([np.nan])


@pytest.mark.parametrize("options", [{"conf_type": "logit"}, {"conf_level": 95}])
def test_unknown_limits_are_refused(options):
    with pytest.raises(UsageError):
        kaplan_meier([1, 2], [1, 0], **options)


def test_a_wider_level_gives_wider_limits():
    narrow, wide = (kaplan_meier(range(9), [1, 0] * 4 + [0], conf_level=c).curves[0] for c in (0.5, 0.99))
    assert (wide.lower < narrow.lower).all()


def test_each_group_is_as_if_alone():
    time, event, arm = [1, 2, 3, 4, 5], [1, 1, 0, 1, 0], ["x", "y", "x", "y", "x"]
    both = kaplan_meier(time, event, arm).table().filter(np.array([True, True, True, False, False]))
    alone = kaplan_meier([1, 3, 5], [1, 0, 0], ["x"] * 3).table()
    assert both.equals(alone)


def test_columns_of_the_table_are_those_of_the_reference_page():
    names = ["group", "time", "n_risk", "n_event", "n_censor", "survival", "std_err", "lower", "upper"]
    assert kaplan_meier([1, 2], [1, 0]).table().column_names == names


def test_greenwood_is_nan_once_everybody_had_the_event():
    np.testing.assert_allclose(greenwood(np.array([4, 2, 1]), np.array([2, 0, 1])), [0.25, 0.25, np.nan])
