"""Robust variance, clusters, weights, ridge, Firth, offset, exact ties of a Cox model; what is refused."""

from math import comb

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox import cox
from harmony.statistics.cox_firth import evaluate_firth
from harmony.statistics.cox_robust import score_products
from harmony.statistics.cox_tests import quadratic_form
from harmony.statistics.partial_likelihood import evaluate


def cohort(seed=0, n=160, days=30):
    rng = np.random.default_rng(seed)
    x = {"age": rng.normal(60, 10, n), "fit": rng.random(n) < 0.4}
    time = np.ceil(rng.exponential(days * np.exp(-0.03 * (x["age"] - 60)))).clip(1, days)
    return time, (rng.random(n) < 0.8) & (time < days), x


def stacked(columns, copies=2):
    return {name: np.tile(values, copies) for name, values in columns.items()}


def test_whole_weights_count_rows_that_often_with_breslow_ties():
    time, event, x = cohort()
    weights = np.random.default_rng(1).integers(1, 4, len(time))
    many = {name: np.repeat(values, weights) for name, values in x.items()}
    first = cox(time, event, x, weights=weights, ties="breslow")
    second = cox(np.repeat(time, weights), np.repeat(event, weights), many, ties="breslow")
    np.testing.assert_allclose(first.coef, second.coef, rtol=1e-10)
    np.testing.assert_allclose(first.se, second.se, rtol=1e-10)
    assert first.n == len(time) and first.events == event.sum()


def test_a_row_of_weight_0_is_as_if_absent():
    time, event, x = cohort()
    keep = np.arange(len(time)) % 5 != 0
    there = cox(time, event, x, weights=keep.astype(int), strata=np.arange(len(time)) % 2)
    gone = cox(
        time[keep], event[keep], {k: v[keep] for k, v in x.items()}, strata=np.arange(len(time))[keep] % 2
    )
    np.testing.assert_allclose(there.coef, gone.coef, rtol=1e-12)
    assert there.n == keep.sum()


def test_clusters_of_one_row_give_the_robust_variance_of_rows():
    time, event, x = cohort()
    rows, clusters = cox(time, event, x, robust=True), cox(time, event, x, cluster=np.arange(len(time)))
    np.testing.assert_allclose(rows.robust_covariance, clusters.robust_covariance, rtol=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_robust_variance_is_the_jackknife_of_the_coefficients_up_to_second_order(ties):
    time, event, x = cohort(n=400)
    fit = cox(time, event, x, robust=True, ties=ties)
    everybody = np.arange(len(time))
    change = np.array(
        [
            fit.coef - cox(time[keep], event[keep], {k: v[keep] for k, v in x.items()}, ties=ties).coef
            for keep in (everybody != i for i in everybody)
        ]
    )
    np.testing.assert_allclose(np.sqrt((change**2).sum(axis=0)), fit.robust_se, rtol=0.05)


def test_score_residuals_sum_to_0_at_the_estimate():
    time, event, x = cohort()
    fit = cox(time, event, x, weights=np.linspace(0.5, 2, len(time)), entry=time - 1)
    total, products = score_products(fit.data, fit.coef)
    np.testing.assert_allclose(total * fit.se, 0.0, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance @ products @ fit.covariance)), fit.robust_se)


def test_every_patient_twice_in_one_cluster_leaves_the_robust_variance_as_it_was():
    time, event, x = cohort()
    once = cox(time, event, x, robust=True, ties="breslow")
    twice = cox(
        np.tile(time, 2),
        np.tile(event, 2),
        stacked(x),
        cluster=np.tile(np.arange(len(time)), 2),
        ties="breslow",
    )
    np.testing.assert_allclose(twice.robust_se, once.robust_se, rtol=1e-9)
    np.testing.assert_allclose(twice.se, once.se / np.sqrt(2), rtol=1e-9)


def test_z_p_and_limits_use_the_robust_standard_error():
    fit = cox(*cohort(), robust=True)
    np.testing.assert_allclose(fit.z, fit.coef / fit.robust_se)
    np.testing.assert_allclose(np.log(fit.upper / fit.lower), 2 * 1.959963984540054 * fit.robust_se)
    assert fit.robust_score_test.df == 2
    row = fit.table().to_pylist()[0]
    assert row["se"] != row["robust_se"]


def test_without_robust_variance_its_column_is_null_and_its_test_absent():
    fit = cox(*cohort())
    assert fit.table()["robust_se"].null_count == 2 and fit.robust_score_test is None


def test_robust_is_chosen_as_r_does():
    time, event, x = cohort()
    n = len(time)
    assert cox(time, event, x, weights=np.full(n, 1.5)).robust_se is not None
    assert cox(time, event, x, weights=np.full(n, 1.5), robust=False).robust_se is None
    assert cox(time, event, x, weights=np.full(n, 2)).robust_se is None
    assert cox(time, event, x, id=np.arange(n)).robust_se is None
    assert cox(time, event, x, id=np.arange(n) // 2).robust_se is not None
    assert cox(time, event, x, cluster=np.arange(n) // 8, robust=False).robust_se is not None


def test_too_few_clusters_for_the_terms_are_told():
    time, event, x = cohort()
    fit = cox(time, event, x, cluster=np.arange(len(time)) % 2)
    assert any("too few clusters" in text for text in fit.warnings)
    assert any("Fewer than 20 clusters" in text for text in fit.warnings)
    assert cox(time, event, x, cluster=np.arange(len(time)) % 40).warnings == ()


def test_a_singular_variance_drops_its_vanishing_pivots():
    variance = np.outer([1.0, 2.0], [1.0, 2.0]) + np.diag([0.0, 1e-12])
    assert quadratic_form(np.array([3.0, 9.0]), variance) == (pytest.approx(9.0), 1)
    assert quadratic_form(np.array([3.0, 9.0]), np.diag([1.0, 2.0])) == (pytest.approx(9 + 40.5), 2)


def test_an_offset_is_a_covariate_whose_coefficient_is_1():
    time, event, x = cohort()
    fit = cox(time, event, x)
    known = cox(time, event, {"fit": x["fit"]}, offset=fit.coef[0] * x["age"])
    assert known.coef[0] == pytest.approx(fit.coef[1], rel=1e-6)
    assert known.loglik == pytest.approx(fit.loglik, rel=1e-12)
    other = cox(time, event, {"fit": x["fit"]}, offset=fit.coef[0] * x["age"] + 1000)
    assert other.coef[0] == pytest.approx(known.coef[0], rel=1e-8)


def test_a_ridge_shrinks_and_a_very_large_one_leaves_nothing():
    time, event, x = cohort()
    plain, some, much = (cox(time, event, x, penalty=p) for p in (0, 20.0, 1e9))
    assert (np.abs(some.coef) < np.abs(plain.coef)).all()
    np.testing.assert_allclose(much.coef * [10, 0.5], 0.0, atol=1e-6)
    assert plain.df == 2 and 0 < much.df < 1e-5 < some.df < 2
    np.testing.assert_allclose(plain.coef, cox(time, event, x).coef, rtol=1e-12)


def test_a_ridge_is_the_maximum_of_its_penalised_likelihood():
    time, event, x = cohort()
    fit = cox(time, event, x, penalty={"age": 15.0})

    def penalised(coef):
        here = evaluate(fit.data.design, fit.data.cells, coef)
        return here.loglik - 15.0 / 2 * x["age"].var(ddof=1) * coef[0] ** 2

    best = penalised(fit.coef)
    for step in (np.array([1e-4, 0]), np.array([0, 1e-3])):
        assert penalised(fit.coef + step) < best and penalised(fit.coef - step) < best


def test_a_ridge_holds_what_would_run_off_or_cannot_be_told_apart():
    time, event, x = cohort()
    months = x | {"months": x["age"] * 12}
    fit = cox(time, event, months, penalty=1.0)
    # Each takes half of the effect, per standard deviation.
    assert fit.coef[0] == pytest.approx(12 * fit.coef[2], rel=1e-6)
    parted = cox(np.arange(1, 31), np.arange(30) % 3 != 0, {"arm": np.arange(30) % 3 != 0}, penalty=1.0)
    assert np.isfinite(parted.coef).all()


def test_firth_keeps_a_level_without_events_finite():
    time, event = np.arange(1, 31), np.arange(30) % 3 != 0
    arm = {"arm": np.where(event, "a", "b")}
    with pytest.raises(UnsoundAnalysis, match="firth=True"):
        cox(time, event, arm)
    fit = cox(time, event, arm, firth=True)
    assert -10 < fit.coef[0] < -1 and np.isfinite(fit.se).all()


def test_firth_has_a_score_of_0_at_its_estimate_and_hardly_matters_with_many_events():
    time, event, x = cohort(n=3000)
    plain, firth = cox(time, event, x), cox(time, event, x, firth=True)
    score = evaluate_firth(firth.data.design, firth.data.cells, firth.coef).score
    np.testing.assert_allclose(score * firth.se, 0.0, atol=1e-7)
    np.testing.assert_allclose(firth.coef, plain.coef, atol=0.02 * np.abs(plain.se).max())
    assert firth.lr_test.statistic == pytest.approx(plain.lr_test.statistic, rel=0.01)


def test_firth_of_two_groups_without_ties_equals_a_search_for_the_maximum():
    rng = np.random.default_rng(3)
    time, event, arm = rng.random(24), rng.random(24) < 0.7, np.arange(24) % 2

    def penalised(coef):
        order = np.argsort(-time)
        hazard = np.exp(coef * arm[order])
        at_risk, treated = hazard.cumsum(), (hazard * arm[order]).cumsum()
        share, died = treated / at_risk, event[order]
        information = (share * (1 - share))[died].sum()
        return (coef * arm[order] - np.log(at_risk))[died].sum() + np.log(information) / 2

    grid = np.linspace(-4, 4, 80_001)
    best = grid[int(np.argmax([penalised(c) for c in grid]))]
    assert cox(time, event, {"arm": arm}, firth=True).coef[0] == pytest.approx(best, abs=1e-4)


def test_exact_ties_equal_breslow_where_no_times_are_tied():
    rng = np.random.default_rng(2)
    time, event, x = rng.random(80), rng.random(80) < 0.6, {"x": rng.normal(size=80)}
    exact, breslow = (cox(time, event, x, ties=ties) for ties in ("exact", "breslow"))
    np.testing.assert_allclose(exact.coef, breslow.coef, rtol=1e-10)
    assert exact.loglik == pytest.approx(breslow.loglik, rel=1e-12)


def test_exact_ties_of_one_time_are_fishers_conditional_odds_ratio():
    # 2 x 2 table: 6 of 10 against 3 of 10 dead at the only event time; R's fisher.test stops at 3.27423.
    time, arm = np.r_[[1.0] * 6, [2.0] * 4, [1.0] * 3, [2.0] * 7], np.repeat([1, 0], 10)
    ratio = cox(time, time == 1.0, {"arm": arm}, ties="exact").hazard_ratio[0]
    assert ratio == pytest.approx(3.27423, rel=1e-5)
    # At that ratio 6 is the mean of the noncentral hypergeometric distribution.
    chance = np.array([comb(10, k) * comb(10, 9 - k) * ratio**k for k in range(10)])
    assert (chance @ np.arange(10)) / chance.sum() == pytest.approx(6.0, rel=1e-9)


def test_pairs_in_strata_are_conditional_logistic_regression():
    # McNemar: 12 pairs in which only the exposed died, 5 in which only the other: odds ratio 12 / 5.
    pair = np.repeat(np.arange(17), 2)
    exposed = np.tile([1, 0], 17)
    died = np.where(pair < 12, exposed, 1 - exposed)
    fit = cox(np.where(died == 1, 1, 2), died, {"exposed": exposed}, strata=pair)
    assert fit.hazard_ratio[0] == pytest.approx(12 / 5, rel=1e-9)


def test_very_many_strata_are_not_looped_over():
    pair = np.repeat(np.arange(30_000), 2)
    exposed = np.tile([1, 0], 30_000)
    died = np.where(pair < 20_000, exposed, 1 - exposed)
    fit = cox(np.where(died == 1, 1, 2), died, {"exposed": exposed}, strata=pair, ties="breslow")
    assert fit.hazard_ratio[0] == pytest.approx(2.0, rel=1e-9)


def test_fewer_than_5_events_per_term_are_refused_unless_penalised_and_fewer_than_10_are_told():
    rng = np.random.default_rng(4)
    x = {f"x{i}": rng.normal(size=60) for i in range(4)}

    def events(count):
        return np.arange(60) % 60 < count

    time = rng.permutation(60) + 1
    with pytest.raises(UnsoundAnalysis, match="fewer than 5 events per term"):
        cox(time, events(19), x)
    assert cox(time, events(19), x, firth=True).warnings
    assert cox(time, events(19), x, penalty=1.0).warnings
    assert any("10 events per term" in text for text in cox(time, events(20), x).warnings)
    assert cox(time, events(40), x).warnings == ()


def test_a_level_of_one_patient_is_told():
    time, event, x = cohort()
    rare = np.where(np.arange(len(time)) == np.flatnonzero(event)[0], "t(6;9)", "normal")
    fit = cox(time, event, x | {"karyotype": rare})
    assert any("karyotype t(6;9)" in text for text in fit.warnings)


def test_no_comparable_pair_leaves_no_concordance_and_says_so():
    fit = cox(np.ones(40), np.ones(40), {"x": np.arange(40) % 7})
    assert np.isfinite(fit.coef).all() and np.isnan(fit.concordance)
    assert any("no concordance" in text for text in fit.warnings)


def test_a_gap_in_the_risk_set_under_delayed_entry_is_no_obstacle():
    # Nobody is at risk between day 3 and day 5.
    entry, time = [0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 5], [1, 2, 3, 1, 2, 3, 6, 7, 8, 6, 7, 8]
    x = {"x": [1, 0, 1, 0, 2, 1, 0, 1, 1, 2, 0, 1]}
    fit = cox(time, np.ones(12), x, entry=entry)
    apart = cox(time, np.ones(12), x, strata=[0] * 6 + [1] * 6)
    assert fit.coef[0] == pytest.approx(apart.coef[0], rel=1e-12)


def test_an_event_at_the_time_of_an_entry_does_not_have_that_row_at_risk():
    x = {"x": [1.0, 0.0, 2.0, 1.0, 5.0, 3.0]}
    late = cox([3, 4, 5, 6, 6, 7], [1, 1, 1, 1, 1, 0], x, entry=[0, 0, 0, 0, 3, 0])
    later = cox([3, 4, 5, 6, 6, 7], [1, 1, 1, 1, 1, 0], x, entry=[0, 0, 0, 0, 3.5, 0])
    assert late.loglik == pytest.approx(later.loglik, rel=1e-14)


def test_a_stratum_without_events_changes_nothing():
    time, event, x = cohort()
    extra = {name: np.append(values, values[:7]) for name, values in x.items()}
    fit = cox(
        np.append(time, np.arange(7)),
        np.append(event, np.zeros(7)),
        extra,
        strata=np.r_[np.zeros(len(time)), np.ones(7)],
    )
    np.testing.assert_allclose(fit.coef, cox(time, event, x).coef, rtol=1e-9)


def test_an_event_at_time_0_counts():
    time, event, x = cohort()
    assert cox(time - 1, event, x).loglik == pytest.approx(cox(time, event, x).loglik, rel=1e-13)


@pytest.mark.parametrize(
    ("options", "refusal", "word"),
    [
        ({"ties": "exact", "robust": True}, UsageError, "Exact ties"),
        ({"ties": "exact", "firth": True}, UsageError, "Exact ties"),
        ({"ties": "exact", "weights": np.full(160, 2)}, UsageError, "Exact ties"),
        ({"firth": True, "penalty": 1.0}, UsageError, "together"),
        ({"penalty": -1.0}, UsageError, "impossible"),
        ({"penalty": {"weight": 1.0}}, UsageError, "penalty names weight"),
        ({"penalty": "much"}, UsageError, "impossible"),
        ({"entry": np.zeros(160), "robust": True}, UsageError, "Give id"),
        ({"entry": np.full(160, 99)}, UnsoundAnalysis, "enters"),
        ({"entry": np.full(160, -1)}, UnsoundAnalysis, "negative"),
        ({"weights": np.full(160, -1)}, UnsoundAnalysis, "negative"),
        ({"weights": np.zeros(160)}, UnsoundAnalysis, "weight is 0"),
        ({"weights": np.full(160, np.nan)}, UnsoundAnalysis, "missing"),
        ({"cluster": np.zeros(3)}, UsageError, "cluster has another length"),
        ({"id": np.zeros(3)}, UsageError, "id has another length"),
        ({"offset": np.zeros(3)}, UsageError, "offset has another length"),
        ({"offset": np.full(160, np.inf)}, UnsoundAnalysis, "offset has missing"),
        ({"strata": {"site": [None] * 160}}, UnsoundAnalysis, "site has missing"),
        ({"conf_level": 95}, UsageError, "confidence"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, refusal, word):
    with pytest.raises(refusal, match=word):
        cox(*cohort(), **options)
