"""Curves and baseline hazard of a Cox model: hand calculations, strata, categories, what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox import cox

TIME = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
EVENT = np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1])
AGE = np.array([60, 50, 55, 64, 48, 70, 41, 66, 52, 58, 43, 39])
ARM = np.array(list("abcabcabcabc"))


@pytest.fixture
def fit():
    return cox(TIME, EVENT, {"age": AGE})


def column(table, name):
    return np.array(table.column(name).to_pylist(), dtype=float)


def test_the_baseline_is_breslows_sum_over_events(fit):
    relative = np.exp(fit.coef[0] * AGE)
    expected = [sum(1 / relative[t <= TIME].sum() for t in TIME[EVENT == 1] if t <= asked) for asked in TIME]
    np.testing.assert_allclose(column(fit.baseline(TIME), "cumulative_hazard"), expected, rtol=1e-10)


def test_the_baseline_is_that_of_one_whose_covariates_are_all_zero(fit):
    table, curve = fit.baseline([5, 12]), fit.predict({"age": [0]}, [5, 12])
    np.testing.assert_allclose(column(curve, "survival"), np.exp(-column(table, "cumulative_hazard")))


def test_survival_is_one_before_the_first_event_and_carried_after_the_last(fit):
    table = fit.predict({"age": [60]}, [0, 0.5, 12, 99])
    assert column(table, "survival")[:2].tolist() == [1, 1]
    assert column(table, "std_err")[:2].tolist() == [0, 0]
    assert column(table, "upper")[:2].tolist() == [1, 1]
    assert column(table, "survival")[2] == column(table, "survival")[3]


def test_the_error_of_the_mean_patient_is_that_of_the_baseline_and_drift_alone(fit):
    x = AGE - AGE.mean()
    relative = np.exp(fit.coef[0] * x)
    hazard = variance = drift = 0.0
    for t in TIME[EVENT == 1]:
        total = relative[t <= TIME].sum()
        hazard, variance = hazard + 1 / total, variance + 1 / total**2
        drift += (relative * x)[t <= TIME].sum() / total**2
    expected = np.exp(-hazard) * np.sqrt(variance + drift**2 * fit.covariance[0, 0])
    table = fit.predict({"age": [AGE.mean()]}, [12])
    assert column(table, "std_err")[0] == pytest.approx(expected, rel=1e-9)


def test_rows_are_told_apart_and_one_value_serves_all_rows():
    fit = cox(TIME, EVENT, {"age": AGE, "man": np.arange(12) % 2}, penalty=1.0)
    table = fit.predict({"age": [40, 60], "man": 1}, [3, 6])
    assert table.column("row").to_pylist() == [0, 0, 1, 1]
    alone = fit.predict({"age": [60], "man": [1]}, [3, 6])
    np.testing.assert_allclose(column(table, "survival")[2:], column(alone, "survival"), rtol=1e-12)
    np.testing.assert_allclose(column(table, "std_err")[2:], column(alone, "std_err"), rtol=1e-9)


def test_without_times_every_event_time_is_given(fit):
    from harmony.statistics.cox_predict import baseline, predict

    assert column(predict(fit, {"age": [50]}), "time").tolist() == TIME[EVENT == 1].tolist()
    assert column(baseline(fit), "time").tolist() == TIME[EVENT == 1].tolist()


def test_each_stratum_has_its_own_curve_and_a_row_may_name_its_own():
    fit = cox(TIME, EVENT, {"age": AGE}, strata={"site": np.array(list("xy") * 6)}, penalty=1.0)
    both = fit.predict({"age": [50]}, [6])
    assert both.column("stratum").to_pylist() == ["x", "y"]
    own = fit.predict({"age": [50, 50], "site": ["y", "x"]}, [6])
    assert own.column("stratum").to_pylist() == ["y", "x"]
    assert column(own, "survival")[::-1].tolist() == column(both, "survival").tolist()
    assert fit.baseline([6]).column_names == ["stratum", "time", "cumulative_hazard"]


def test_an_offset_multiplies_the_hazard():
    from harmony.statistics.cox_predict import predict

    fit = cox(TIME, EVENT, {"age": AGE})
    plain, twice = (predict(fit, {"age": [50]}, [8], offset=o) for o in (None, [np.log(2)]))
    assert column(twice, "survival")[0] == pytest.approx(column(plain, "survival")[0] ** 2, rel=1e-12)


def test_a_level_the_model_does_not_know_is_refused():
    fit = cox(TIME, EVENT, {"arm": ARM}, penalty=1.0)
    with pytest.raises(UsageError):
        fit.predict({"arm": ["d"]}, [5])


@pytest.mark.parametrize(
    ("rows", "times"),
    [({"weight": [70]}, [5]), ({"age": [50]}, [-1]), ([50], [5])],
    ids=["no such covariate", "negative time", "no names"],
)
def test_wrong_rows_and_times_are_refused(fit, rows, times):
    with pytest.raises(UsageError):
        fit.predict(rows, times)


def test_a_stratum_the_model_does_not_know_is_refused():
    fit = cox(TIME, EVENT, {"age": AGE}, strata=np.array(list("xy") * 6), penalty=1.0)
    with pytest.raises(UsageError, match="stratum"):
        fit.predict({"age": [50], "strata": ["z"]}, [5])


def test_a_missing_covariate_is_refused(fit):
    with pytest.raises(UnsoundAnalysis):
        fit.predict({"age": [np.nan]}, [5])


def test_a_stratum_without_events_has_a_flat_curve():
    time, event = np.arange(1.0, 25.0), np.ones(24, dtype=int)
    stratum, dose = np.repeat(["all died", "all live"], [18, 6]), np.tile([0.0, 1.0, 3.0], 8)
    event[stratum == "all live"] = 0
    fit = cox(time, event, {"dose": dose}, strata=stratum)
    flat = fit.baseline([1.0, 30.0]).to_pydict()
    assert dict(zip(flat["stratum"], flat["cumulative_hazard"], strict=True))["all live"] == 0.0
    rows = fit.predict({"dose": [1.0], "strata": ["all live"]}, [20.0, 30.0]).to_pylist()
    assert [(row["survival"], row["std_err"]) for row in rows] == [(1.0, 0.0), (1.0, 0.0)]


def test_covariates_far_beyond_the_model_are_refused(fit):
    with pytest.raises(UnsoundAnalysis, match="so far from those of the model"):
        fit.predict({"age": [np.copysign(1e6, fit.coef[0])]}, [5.0])
