"""Cox regression: invariances, categories, and data without a sound answer."""

import numpy as np
import pyarrow as pa
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox import cox
from harmony.statistics.logrank import logrank


def cohort(seed=0, n=150, days=40):
    rng = np.random.default_rng(seed)
    x = {"age": rng.normal(60, 10, n), "fit": rng.random(n) < 0.4}
    time = np.ceil(rng.exponential(days * np.exp(-0.03 * (x["age"] - 60)))).clip(1, days)
    return time, (rng.random(n) < 0.8) & (time < days), x


def test_two_groups_give_a_score_test_equal_to_the_logrank_statistic_without_ties():
    rng = np.random.default_rng(1)
    time, event, arm = rng.random(80), rng.random(80) < 0.7, rng.random(80) < 0.5
    fit = cox(time, event, {"arm": arm})
    assert fit.score_test.statistic == pytest.approx(logrank(time, event, arm).statistic, rel=1e-10)


def test_unit_and_origin_of_a_covariate_change_nothing_but_its_own_scale():
    time, event, x = cohort()
    fit = cox(time, event, x)
    other = cox(time, event, {"age": x["age"] * 1e6 + 1e9, "fit": x["fit"]})
    assert other.coef[0] * 1e6 == pytest.approx(fit.coef[0], rel=1e-6)
    assert other.coef[1] == pytest.approx(fit.coef[1], rel=1e-6)
    assert other.loglik == pytest.approx(fit.loglik, rel=1e-11)


def test_order_of_patients_does_not_matter():
    time, event, x = cohort()
    other = np.random.default_rng(9).permutation(len(time))
    first, second = cox(time, event, x), cox(time[other], event[other], {k: v[other] for k, v in x.items()})
    np.testing.assert_allclose(first.coef, second.coef, rtol=1e-10)
    assert first.concordance == second.concordance


def test_covariance_is_the_square_of_the_standard_errors():
    fit = cox(*cohort())
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), fit.se, rtol=1e-12)
    assert fit.aic == pytest.approx(-2 * fit.loglik + 2 * fit.df)
    assert fit.lr_test.statistic == pytest.approx(2 * (fit.loglik - fit.loglik_null))


def test_strata_have_their_own_baseline():
    time, event, x = cohort()
    site = np.where(np.arange(len(time)) % 2 == 0, "north", "south")
    longer = np.where(site == "south", time * 50, time)
    fit = cox(longer, event, x, strata=site)
    np.testing.assert_allclose(fit.coef, cox(time, event, x, strata={"site": site}).coef, rtol=1e-9)
    assert fit.coef[0] != pytest.approx(cox(longer, event, x).coef[0], rel=1e-3)


def test_several_strata_columns_are_crossed():
    time, event, x = cohort()
    a, b = np.arange(len(time)) % 2, np.arange(len(time)) % 3
    both = cox(time, event, x, strata={"a": a, "b": b})
    np.testing.assert_allclose(
        both.coef, cox(time, event, x, strata=np.arange(len(time)) % 6).coef, rtol=1e-12
    )


def test_a_category_has_a_term_per_level_but_the_reference():
    time, event, x = cohort()
    score = np.array(["Low risk", "Medium risk", "High risk"], dtype=object)[np.arange(len(time)) % 3]
    assert cox(time, event, {"score": score}).terms == ("scoreLow risk", "scoreMedium risk")
    fit = cox(time, event, x | {"score": score}, reference={"score": "Low risk"})
    assert fit.terms == ("age", "fit", "scoreHigh risk", "scoreMedium risk")


def test_numbers_named_in_reference_are_a_category():
    time, event, _ = cohort()
    stage = np.arange(len(time)) % 3 + 1
    assert cox(time, event, {"stage": stage}, reference={"stage": 2}).terms == ("stage1", "stage3")


def test_another_reference_level_turns_the_hazard_ratio_round():
    time, event, x = cohort()
    sex = np.where(x["fit"], "m", "f")
    there, back = (cox(time, event, {"sex": sex}, reference={"sex": level}) for level in "fm")
    assert there.coef[0] == pytest.approx(-back.coef[0], rel=1e-9)
    assert there.hazard_ratio[0] * back.hazard_ratio[0] == pytest.approx(1.0)


def test_arrow_and_pandas_tables_are_read_like_mappings():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra: demo)")
    time, event, x = cohort()
    fits = [cox(time, event, table) for table in (x, pa.table(x), pandas.DataFrame(x))]
    assert {fit.loglik for fit in fits} == {fits[0].loglik}


def test_columns_of_the_table():
    table = cox(*cohort()).table()
    assert table.column_names == [
        "term",
        "coef",
        "se",
        "robust_se",
        "z",
        "p",
        "hazard_ratio",
        "lower",
        "upper",
    ]
    assert table["term"].to_pylist() == ["age", "fit"]


def test_a_level_without_events_runs_off_and_is_refused():
    time, event = np.arange(1, 31), np.arange(30) % 3 != 0
    with pytest.raises(UnsoundAnalysis, match="coefficient of arm runs off"):
        cox(time, event, {"arm": np.where(event, "a", "b")})


def test_a_covariate_that_sorts_all_events_runs_off_and_is_refused():
    time = np.arange(1.0, 21.0)
    with pytest.raises(UnsoundAnalysis, match="coefficient of early runs off"):
        cox(time, np.ones(20), {"early": -time, "noise": np.arange(20) % 4})


def test_a_large_but_finite_effect_is_not_refused():
    rng = np.random.default_rng(2)
    x = rng.normal(size=400)
    fit = cox(rng.exponential(np.exp(-4.0 * x)), np.ones(400), {"x": x})
    assert fit.coef[0] == pytest.approx(4.0, abs=4 * fit.se[0])


def test_one_extreme_value_does_not_break_the_fit():
    time, event, x = cohort()
    x["age"][0] = 1e5
    assert np.isfinite(cox(time, event, x).se).all()


def test_a_combination_of_other_covariates_is_refused():
    time, event, x = cohort()
    with pytest.raises(UnsoundAnalysis, match="months is a combination"):
        cox(time, event, x | {"months": x["age"] * 12 + 3})


def test_a_covariate_that_varies_only_after_the_last_event_is_refused():
    with pytest.raises(UnsoundAnalysis, match="patients at risk"):
        cox([1, 2, 3, 4], [0, 0, 1, 1], {"x": [1, 2, 3, 3]})


@pytest.mark.parametrize(
    ("covariates", "reference", "refusal", "word"),
    [
        ({}, None, UsageError, "no covariate"),
        ([1.0] * 4, None, UsageError, "without names"),
        ({"x": [1, 2, 3]}, None, UsageError, "length"),
        ({"x": [1, 2, 3, 4]}, {"y": 1}, UsageError, "reference names y"),
        ({"x": ["a", "b", "a", "b"]}, {"x": "c"}, UsageError, "does not occur"),
        ({"x": [5, 5, 5, 5]}, None, UnsoundAnalysis, "same value"),
        ({"x": ["a"] * 4}, None, UnsoundAnalysis, "same value"),
        ({"x": [1.0, None, 2.0, 3.0]}, None, UnsoundAnalysis, "x has missing"),
        ({"x": np.array([True, None, False, True], dtype=object)}, None, UnsoundAnalysis, "x has missing"),
        ({"x": ["a", None, "b", "a"]}, None, UnsoundAnalysis, "x has missing"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(covariates, reference, refusal, word):
    with pytest.raises(refusal, match=word):
        cox([1, 2, 3, 4], [1, 0, 1, 1], covariates, reference=reference)


def test_no_event_is_refused():
    with pytest.raises(UnsoundAnalysis, match="Nobody had the event"):
        cox([1, 2, 3], [0, 0, 0], {"x": [1, 2, 4]})


def test_one_patient_is_refused():
    with pytest.raises(UnsoundAnalysis):
        cox([1], [1], {"x": [1.0]})


def test_unknown_ties_and_strata_of_another_length_are_refused():
    with pytest.raises(UsageError, match="ties"):
        cox(*cohort(), ties="later")
    with pytest.raises(UsageError, match="length"):
        cox(*cohort(), strata=["a", "b"])


def test_missing_strata_are_refused():
    time, event, x = cohort()
    with pytest.raises(UnsoundAnalysis, match="strata has missing"):
        cox(time, event, x, strata=[None] + ["a"] * (len(time) - 1))


@pytest.mark.filterwarnings("error")
def test_a_level_for_every_patient_is_refused_without_a_warning_of_numpy():
    rng = np.random.default_rng(0)
    names = np.array([f"patient {number}" for number in range(80)])
    with pytest.raises(UnsoundAnalysis):
        cox(rng.integers(1, 50, 80), rng.integers(0, 2, 80), {"name": names})
