"""Test of proportional hazards: from the definition, scale and order, and what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox import cox
from harmony.statistics.cox_zph import cox_zph
from harmony.statistics.kaplan_meier import kaplan_meier


@pytest.fixture
def rows():
    rng = np.random.default_rng(7)
    age, arm = rng.normal(60, 10, 120), rng.choice(["a", "b", "c"], 120)
    time = np.ceil(rng.exponential(30, 120) * np.exp(-(age - 60) / 20)).clip(max=60) + 1
    return time, rng.random(120) < 0.7, {"age": age, "arm": arm}


def one_event_after_the_other(fit, time, event, drift):
    """Score and information of the model with x * g(t) added, Breslow's ties."""
    x = fit.design.x.T
    relative, p = np.exp(x @ fit.coef), x.shape[1]
    score, information = np.zeros(2 * p), np.zeros((2 * p, 2 * p))
    for i in np.flatnonzero(event):
        risk = time >= time[i]
        share = relative[risk] / relative[risk].sum()
        mean = share @ x[risk]
        spread = (x[risk] - mean).T @ (share[:, np.newaxis] * (x[risk] - mean))
        score += np.kron([1, drift[i]], x[i] - mean)
        information += np.kron(np.outer([1, drift[i]], [1, drift[i]]), spread)
    return score, information


def test_the_global_test_is_the_score_test_of_covariates_times_time(rows):
    time, event, covariates = rows
    fit = cox(time, event, covariates, ties="breslow")
    drift = np.log(time)
    score, information = one_event_after_the_other(fit, time, event, drift - drift[event].mean())
    score[:3] = 0
    expected = score @ np.linalg.solve(information, score)
    found = cox_zph(fit, "log")
    assert found.chisq[-1] == pytest.approx(expected, rel=1e-8)
    assert (found.term, found.df) == (("age", "arm", "GLOBAL"), (1, 2, 3))


def test_the_table_has_one_row_per_covariate_and_global(rows):
    table = cox_zph(cox(*rows)).table()
    assert table.column_names == ["term", "chisq", "df", "p"]
    assert table.column("term").to_pylist() == ["age", "arm", "GLOBAL"]


def test_a_function_of_time_can_be_given_and_named_ones_are_functions_too(rows):
    fit = cox(*rows)
    np.testing.assert_allclose(cox_zph(fit, np.log).chisq, cox_zph(fit, "log").chisq)
    np.testing.assert_allclose(cox_zph(fit, lambda t: 3 * t - 1).chisq, cox_zph(fit, "identity").chisq)


def test_km_is_the_left_continuous_curve_of_all_patients(rows):
    time, event, covariates = rows
    curve = kaplan_meier(time, event).curves[0]
    before = np.concatenate(([1.0], curve.survival[:-1]))
    fit = cox(time, event, {"age": covariates["age"]}, strata=covariates["arm"])
    np.testing.assert_allclose(cox_zph(fit, "km").chisq, cox_zph(fit, lambda _: 1 - before).chisq)


def test_rank_counts_censored_times_too(rows):
    time, event, covariates = rows
    rank = {t: (time < t).sum() + ((time == t).sum() + 1) / 2 for t in np.unique(time)}
    fit = cox(time, event, covariates)
    by_hand = cox_zph(fit, lambda times: np.array([rank[t] for t in times]))
    np.testing.assert_allclose(cox_zph(fit, "rank").chisq, by_hand.chisq)


def test_the_unit_of_a_covariate_does_not_matter(rows):
    time, event, covariates = rows
    tiny = covariates | {"age": covariates["age"] * 1e-6 + 40}
    first, second = cox_zph(cox(time, event, covariates)), cox_zph(cox(time, event, tiny))
    np.testing.assert_allclose(first.chisq, second.chisq, rtol=1e-5)


def test_an_effect_that_turns_round_is_found():
    rng = np.random.default_rng(1)
    arm = rng.integers(0, 2, 600)
    # Twice the hazard before time 1, half of it after.
    first = rng.exponential(1 / np.where(arm == 1, 2.0, 0.5))
    time = np.where(first < 1, first, 1 + rng.exponential(1 / np.where(arm == 1, 0.5, 2.0)))
    fit = cox(time, np.ones(600), {"arm": arm})
    assert cox_zph(fit).p[-1] < 1e-6


def test_log_of_time_zero_is_refused(rows):
    time, event, covariates = rows
    fit = cox(np.where(np.arange(120) == 3, 0, time), event | (np.arange(120) == 3), covariates)
    with pytest.raises(UnsoundAnalysis, match="not finite"):
        cox_zph(fit, "log")


def test_a_censored_time_of_zero_does_no_harm(rows):
    time, event, covariates = rows
    none = np.arange(120) == 3
    fit = cox(np.where(none, 0, time), event & ~none, covariates)
    assert np.isfinite(cox_zph(fit, "log").chisq).all()


def test_events_at_one_time_are_refused():
    time, event = np.ones(40), np.ones(40)
    with pytest.raises(UnsoundAnalysis, match="too few distinct times"):
        cox_zph(cox(time, event, {"x": np.arange(40) % 7}, ties="breslow"))


@pytest.mark.parametrize("transform", ["sqrt", lambda t: t[:2]])
def test_an_unknown_transform_is_refused(rows, transform):
    with pytest.raises(UsageError):
        cox_zph(cox(*rows), transform)


@pytest.mark.parametrize("penalty", [{"penalty": 5.0}, {"firth": True}])
def test_a_penalised_fit_is_refused(rows, penalty):
    with pytest.raises(UsageError, match="penalty"):
        cox_zph(cox(*rows, **penalty))
