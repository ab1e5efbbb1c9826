"""Calibration: groups, observed risk, slope, what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.calibration import calibration
from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.kaplan_meier import kaplan_meier


@pytest.fixture
def cohort():
    """Exponential times whose true risk by time 10 is known, with censoring."""
    rng = np.random.default_rng(2)
    rate = np.exp(rng.normal(0, 0.5, 2000)) / 20
    event_time, end = rng.exponential(1 / rate), rng.uniform(5, 40, 2000)
    return np.minimum(event_time, end), (event_time <= end).astype(int), 1 - np.exp(-10 * rate)


def test_true_risks_are_calibrated(cohort):
    result = calibration(*cohort, horizon=10)
    assert abs(result.difference) < 0.03
    assert result.ratio_lower < 1 < result.ratio_upper
    assert abs(result.slope - 1) < 3 * result.slope_se
    assert ((result.lower <= result.predicted) & (result.predicted <= result.upper)).mean() >= 0.8


def test_risks_that_are_too_extreme_have_a_slope_below_one(cohort):
    time, event, risk = cohort
    extreme = 1 - np.exp(-np.exp(2 * np.log(-np.log(1 - risk))))
    assert calibration(time, event, extreme, 10).slope == pytest.approx(0.5, abs=0.1)


def test_observed_risk_is_that_of_kaplan_meier_in_groups_of_rising_risk(cohort):
    time, event, risk = cohort
    result = calibration(time, event, risk, 10, groups=4)
    lowest = risk <= np.quantile(risk, 0.25)
    survival = kaplan_meier(time[lowest], event[lowest]).at([10]).column("survival")[0].as_py()
    assert result.n.tolist() == [500] * 4
    assert result.observed[0] == pytest.approx(1 - survival, rel=1e-12)
    assert result.predicted[0] == pytest.approx(risk[lowest].mean(), rel=1e-12)


def test_with_competing_causes_observed_risk_is_that_of_aalen_johansen(cohort):
    time, event, risk = cohort
    cause = np.where((event == 1) & (np.arange(2000) % 3 == 0), 2, event)
    result = calibration(time, cause, risk, 10, groups=1)
    read = cumulative_incidence(time, cause).at([10]).to_pylist()
    expected = next(row["estimate"] for row in read if row["cause"] == 1)
    assert result.mean_observed == pytest.approx(expected, rel=1e-12)
    assert np.isfinite(result.slope)


def test_equal_predictions_stay_together():
    time, event = np.arange(1, 41), np.ones(40)
    risk = np.repeat([0.2, 0.6], [10, 30])
    assert calibration(time, event, risk, 20).n.tolist() == [10, 30]


def test_a_group_not_followed_to_the_horizon_is_unknown_and_said_so():
    time = np.concatenate((np.full(20, 5.0), np.linspace(1, 30, 20)))
    event = np.concatenate((np.zeros(20), np.ones(20)))
    result = calibration(time, event, np.repeat([0.1, 0.5], 20), 10)
    assert np.isnan(result.observed[0])
    assert np.isfinite(result.observed[1])
    assert result.table().column("observed")[0].as_py() is None
    assert "nobody was followed" in result.warnings[0]


def test_a_group_in_which_all_had_the_event_before_is_known():
    time = np.concatenate((np.linspace(1, 5, 20), np.linspace(1, 30, 20)))
    result = calibration(time, np.ones(40), np.repeat([0.9, 0.5], 20), 10)
    assert result.observed[1] == 1.0


@pytest.mark.parametrize(
    "risk", [[0.0, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5], [0.2, 0.3, 0.4, 0.5]], ids=["zero", "same", "few"]
)
def test_no_slope_is_a_warning_with_its_reason(risk):
    result = calibration([1, 2, 3, 4], [1, 0, 1, 1], risk, 3, groups=1)
    assert np.isnan(result.slope)
    assert result.warnings[-1].startswith("No slope: ")


def test_all_censored_has_an_observed_risk_of_nought():
    result = calibration([5, 6, 7], [0, 0, 0], [0.1, 0.2, 0.3], 5, groups=1)
    assert result.mean_observed == 0.0
    assert np.isnan(result.ratio_lower)


def test_one_patient_alone_is_one_group_without_slope():
    result = calibration([5], [1], [0.4], 5)
    assert (result.n.tolist(), result.observed.tolist()) == ([1], [1.0])
    assert np.isnan(result.slope)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"horizon": 0}, UsageError),
        ({"horizon": np.inf}, UsageError),
        ({"groups": 0}, UsageError),
        ({"cause": 0}, UsageError),
        ({"conf_level": 1.0}, UsageError),
        ({"risk": [0.5, 1.5, 0.1]}, UsageError),
        ({"risk": [0.5]}, UsageError),
        ({"risk": [0.5, np.nan, 0.1]}, UnsoundAnalysis),
        ({"risk": [0.0, 0.0, 0.0]}, UnsoundAnalysis),
        ({"horizon": 4}, UnsoundAnalysis),
        ({"time": [-1, 2, 3]}, UnsoundAnalysis),
    ],
    ids=str,
)
def test_wrong_input_is_refused(wrong, error):
    good = {"time": [1, 2, 3], "event": [1, 0, 1], "risk": [0.5, 0.2, 0.1], "horizon": 2}
    with pytest.raises(error):
        calibration(**good | wrong)
