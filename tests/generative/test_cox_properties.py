"""What must hold for the Cox fit of any data: invariances, and agreement with what it generalises."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harmony.errors import UnsoundAnalysis
from harmony.statistics.cox import cox
from harmony.statistics.cox_maximum import COLLINEAR

TIES = st.sampled_from(["efron", "breslow"])
RUNS = settings(max_examples=60, deadline=None)


@st.composite
def cohorts(draw, most=60, days=12, entry=None):
    """Start-stop or plain rows with heavy ties, a number, a flag and two strata."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(25, most))
    late = draw(st.booleans()) if entry is None else entry
    start = rng.integers(0, 5, n) if late else np.zeros(n, dtype=int)
    x = {"number": np.round(rng.normal(size=n), 1), "flag": rng.random(n) < 0.5}
    hazard = np.exp(draw(st.floats(-1, 1)) * x["number"])
    stop = start + np.ceil(rng.exponential(5 / hazard)).clip(1, days).astype(int)
    event = rng.random(n) < 0.8
    return {"time": stop, "event": event, "covariates": x, "entry": start, "strata": rng.integers(0, 2, n)}


def fitted(rows, **options):
    """The fit; data that have no sound answer are not looked at."""
    try:
        return cox(**(rows | options))
    except UnsoundAnalysis:
        assume(False)


def taken(rows, index):
    x = {name: values[index] for name, values in rows["covariates"].items()}
    return {name: values[index] for name, values in rows.items() if name != "covariates"} | {"covariates": x}


def same(first, second, rtol=1e-7):
    np.testing.assert_allclose(first.coef, second.coef, rtol=rtol, atol=1e-9)
    np.testing.assert_allclose(first.se, second.se, rtol=rtol)
    assert first.loglik == pytest.approx(second.loglik, rel=1e-10)


@RUNS
@given(cohorts(), st.sampled_from(["efron", "breslow", "exact"]), st.randoms())
def test_order_of_rows_does_not_matter(rows, ties, random):
    order = list(range(len(rows["time"])))
    random.shuffle(order)
    first, second = fitted(rows, ties=ties), fitted(taken(rows, np.array(order)), ties=ties)
    same(first, second)
    assert first.concordance == pytest.approx(second.concordance, rel=1e-12, nan_ok=True)


@RUNS
@given(cohorts())
def test_every_row_twice_with_half_the_weight_changes_nothing_with_breslow_ties(rows):
    twice = taken(rows, np.tile(np.arange(len(rows["time"])), 2))
    half = np.full(len(twice["time"]), 0.5)
    same(fitted(rows, ties="breslow"), fitted(twice, ties="breslow", weights=half, robust=False))


@RUNS
@given(cohorts(), st.sampled_from(["efron", "breslow"]))
def test_every_row_twice_in_a_stratum_of_its_own_halves_the_variance(rows, ties):
    n = len(rows["time"])
    twice = taken(rows, np.tile(np.arange(n), 2))
    twice["strata"] = twice["strata"] + 2 * np.repeat([0, 1], n)
    first, second = fitted(rows, ties=ties), fitted(twice, ties=ties)
    np.testing.assert_allclose(first.coef, second.coef, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(first.se, second.se * np.sqrt(2), rtol=1e-6)


@RUNS
@given(cohorts(), TIES, st.sampled_from([0.25, 7, 365.25, 1 / 30.4375, 1e6]))
def test_the_unit_of_time_does_not_matter(rows, ties, unit):
    scaled = rows | {"time": rows["time"] * unit, "entry": rows["entry"] * unit}
    same(fitted(rows, ties=ties), fitted(scaled, ties=ties), rtol=1e-10)


@RUNS
@given(cohorts(), TIES, st.sampled_from([1e-3, 40.0, 1e5]), st.floats(-1e3, 1e3))
def test_the_unit_of_a_covariate_scales_its_own_coefficient_only(rows, ties, unit, origin):
    x = rows["covariates"]
    other = rows | {"covariates": x | {"number": x["number"] * unit + origin * unit}}
    first, second = fitted(rows, ties=ties), fitted(other, ties=ties)
    np.testing.assert_allclose(first.coef, second.coef * [unit, 1], rtol=1e-6, atol=1e-8)
    assert first.loglik == pytest.approx(second.loglik, rel=1e-9)


@RUNS
@given(cohorts(), TIES, st.integers(0, 1000))
def test_splitting_rows_at_random_times_changes_nothing(rows, ties, seed):
    rng, n = np.random.default_rng(seed), len(rows["time"])
    cut = rows["entry"] + rng.uniform(0.05, 0.95, n) * (rows["time"] - rows["entry"])
    # Some are cut at whole days, when others die.
    cut = np.where(rng.random(n) < 0.5, np.round(cut), cut)
    inside = (cut > rows["entry"]) & (cut < rows["time"])
    split = taken(rows, np.r_[np.arange(n), np.flatnonzero(inside)])
    split["time"] = np.r_[np.where(inside, cut, rows["time"]), rows["time"][inside]]
    split["entry"] = np.r_[rows["entry"], cut[inside]]
    split["event"] = np.r_[rows["event"] & ~inside, rows["event"][inside]]
    first, second = fitted(rows, ties=ties), fitted(split, ties=ties)
    same(first, second)
    patient = np.r_[np.arange(n), np.flatnonzero(inside)]
    once = fitted(rows, ties=ties, cluster=np.arange(n))
    parts = fitted(split, ties=ties, cluster=patient)
    np.testing.assert_allclose(once.robust_se, parts.robust_se, rtol=1e-7)


@RUNS
@given(cohorts(entry=False), TIES)
def test_the_score_test_of_two_groups_is_a_logrank_test(rows, ties):
    time, event, group = rows["time"], rows["event"], rows["covariates"]["flag"]
    observed_less_expected = exact_variance = breslow_variance = 0.0
    for t in sorted(set(time[event])):
        n, d = (time >= t).sum(), (event & (time == t)).sum()
        share = group[time >= t].mean()
        observed_less_expected += (event & (time == t) & group).sum() - d * share
        breslow_variance += d * share * (1 - share)
        exact_variance += d * share * (1 - share) * ((n - d) / (n - 1) if n > 1 else 0)
    fit = fitted({"time": time, "event": event, "covariates": {"group": group}}, ties="breslow", firth=False)
    assert fit.score_test.statistic == pytest.approx(observed_less_expected**2 / breslow_variance, rel=1e-8)
    # The log-rank variance is that of the exact likelihood.
    if exact_variance > COLLINEAR * len(time):
        fit = fitted({"time": time, "event": event, "covariates": {"group": group}}, ties="exact")
        assert fit.score_test.statistic == pytest.approx(observed_less_expected**2 / exact_variance, rel=1e-8)


@RUNS
@given(cohorts(), st.sampled_from(["efron", "breslow", "exact"]))
def test_no_coefficients_nearby_are_likelier(rows, ties):
    fit = fitted(rows, ties=ties)
    for step in np.eye(2):
        for side in (-0.05, 0.05):
            moved = side * step * fit.se
            shifted = sum(
                m * values for m, values in zip(fit.coef + moved, rows["covariates"].values(), strict=True)
            )
            at_it = cox(**(rows | {"offset": shifted}), ties=ties).loglik_null
            assert at_it < fit.loglik


@RUNS
@given(cohorts(), TIES)
def test_firth_is_the_maximum_of_its_penalised_likelihood_and_always_finite(rows, ties):
    parted = rows | {"covariates": {"parted": rows["event"].astype(int)}}
    try:
        fit = cox(**parted, ties=ties, firth=True)
    except UnsoundAnalysis as error:
        assume("does not vary" not in str(error))
        raise
    assert np.isfinite(fit.coef).all() and np.isfinite(fit.se).all()
    assert fit.loglik >= fit.loglik_null - 1e-9


@RUNS
@given(cohorts(), TIES)
def test_an_own_cluster_for_every_row_is_the_robust_variance(rows, ties):
    n = len(rows["time"])
    first = fitted(rows, ties=ties, id=np.arange(n), robust=True)
    second = fitted(rows, ties=ties, cluster=np.random.default_rng(0).permutation(n))
    np.testing.assert_allclose(first.robust_se, second.robust_se, rtol=1e-9)
