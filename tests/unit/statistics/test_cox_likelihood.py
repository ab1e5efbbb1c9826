"""The partial likelihoods and their derivatives against their definitions, written out slowly."""

from itertools import combinations
from math import lgamma

import numpy as np
import pytest

from harmony.statistics.cox_data import read_rows
from harmony.statistics.cox_exact import evaluate_exact
from harmony.statistics.cox_firth import evaluate_firth
from harmony.statistics.partial_likelihood import BLOCK, evaluate

STEP = 1e-5


def rows(seed=0, n=90, strata=1, entry=True, weights=True, times=12):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 8, n) if entry else np.zeros(n)
    return {
        "entry": start,
        "time": start + rng.integers(1, times, n),
        "event": rng.random(n) < 0.6,
        "x": rng.normal(size=(n, 3)),
        "strata": rng.integers(0, strata, n),
        "weights": rng.random(n) + 0.5 if weights else np.ones(n),
        "offset": rng.normal(size=n) * 0.3,
    }


def data_of(r, ties):
    covariates = {f"x{i}": r["x"][:, i].copy() for i in range(r["x"].shape[1])}
    return read_rows(
        r["time"],
        r["event"],
        covariates,
        ties,
        entry=r["entry"],
        strata=r["strata"],
        weights=r["weights"],
        offset=r["offset"],
    )


def risk_sets(r):
    """Those at risk and those who die at each event time of each stratum."""
    for t, s in {(t, s) for t, s, e in zip(r["time"], r["strata"], r["event"], strict=True) if e}:
        at_risk = (r["entry"] < t) & (r["time"] >= t) & (r["strata"] == s)
        yield at_risk, at_risk & (r["time"] == t) & r["event"]


def slow_loglik(r, coef, ties):
    predictor, total = r["x"] @ coef + r["offset"], 0.0
    for at_risk, died in risk_sets(r):
        if ties == "exact":
            sets = combinations(np.flatnonzero(at_risk), int(died.sum()))
            total += predictor[died].sum() - np.log(sum(np.exp(predictor[list(s)].sum()) for s in sets))
            continue
        hazard = r["weights"] * np.exp(predictor)
        total += (r["weights"] * predictor)[died].sum()
        for k in range(died.sum()):
            taken = k / died.sum() * hazard[died].sum() if ties == "efron" else 0.0
            total -= r["weights"][died].mean() * np.log(hazard[at_risk].sum() - taken)
    return total


def numeric(function, at):
    return np.array([(function(at + h) - function(at - h)) / (2 * STEP) for h in np.eye(len(at)) * STEP])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(("strata", "entry"), [(1, False), (1, True), (3, True), (300, False)])
def test_likelihood_and_derivatives_equal_the_slow_definition(ties, strata, entry):
    r = rows(strata, strata=strata, entry=entry, n=400 if strata == 300 else 90)
    data, coef = data_of(r, ties), np.array([0.3, -0.2, 0.1])
    here = evaluate(data.design, data.cells, coef)

    assert here.loglik == pytest.approx(slow_loglik(r, coef, ties), rel=1e-12)
    np.testing.assert_allclose(here.score, numeric(lambda c: slow_loglik(r, c, ties), coef), atol=1e-5)
    change = numeric(lambda c: evaluate(data.design, data.cells, c).score, coef)
    np.testing.assert_allclose(here.information, -change, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_more_rows_than_a_block_and_more_event_times_than_its_bins_change_nothing(ties):
    n = 5 * BLOCK + 3
    rng = np.random.default_rng(0)
    x, event = rng.normal(size=n), rng.random(n) < 0.95
    time = np.arange(n, dtype=float)
    time[1] = time[0]
    event[:2] = True
    data = read_rows(time, event, {"x": x}, ties)
    assert data.cells.slots > 4 * BLOCK
    here = evaluate(data.design, data.cells, np.array([0.5]))

    hazard = np.exp(0.5 * x)
    at_risk = hazard[::-1].cumsum()[::-1]
    at_risk[1] = at_risk[0]
    if ties == "efron":
        at_risk[1] -= hazard[:2].mean()
    assert here.loglik == pytest.approx((0.5 * x - np.log(at_risk))[event].sum(), rel=1e-12)
    first = (x * hazard)[::-1].cumsum()[::-1]
    first[1] = first[0] - ((x * hazard)[:2].mean() if ties == "efron" else 0.0)
    assert here.score[0] == pytest.approx((x - first / at_risk)[event].sum(), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("entry", [False, True])
def test_exact_likelihood_sums_over_all_sets_of_those_at_risk(seed, entry):
    r = rows(seed, n=16, strata=2, entry=entry, weights=False, times=5)
    data, coef = data_of(r, "exact"), np.array([0.5, -0.4, 0.2])
    here = evaluate_exact(data.design, data.cells, coef)

    assert (data.cells.deaths > 1).any()
    assert here.loglik == pytest.approx(slow_loglik(r, coef, "exact"), rel=1e-12)
    np.testing.assert_allclose(here.score, numeric(lambda c: slow_loglik(r, c, "exact"), coef), atol=1e-6)
    change = numeric(lambda c: evaluate_exact(data.design, data.cells, c).score, coef)
    np.testing.assert_allclose(here.information, -change, rtol=1e-6, atol=1e-7)


def test_exact_likelihood_does_not_overflow_where_there_are_too_many_sets_to_count():
    n, d = 4000, 1500
    time = np.where(np.arange(n) < d, 1.0, 2.0)
    data = read_rows(time, time == 1.0, {"x": np.arange(n) % 2}, "exact")
    here = evaluate_exact(data.design, data.cells, np.zeros(1))
    # Without effect every set is as likely: the number of sets of 1,500 among 4,000 has 1,147 digits.
    log_sets = lgamma(n + 1) - lgamma(d + 1) - lgamma(n - d + 1)
    assert here.loglik == pytest.approx(-log_sets, rel=1e-12)
    # Variance of a sum drawn without replacement.
    assert here.information[0, 0] == pytest.approx(d * 0.25 * (n - d) / (n - 1), rel=1e-10)


def test_exact_likelihood_of_very_different_ties_equals_each_looked_at_by_itself():
    # 2 of 3,000 die on day 1 and 60 of the last 100 on day 3: no one chance of being drawn serves both.
    n = 3000
    time = np.where(
        np.arange(n) < 2, 1, np.where(np.arange(n) < n - 100, 2, np.where(np.arange(n) < n - 40, 3, 4))
    )
    event, x = np.isin(time, [1, 3]), np.random.default_rng(0).normal(size=(2, n))
    coef, covariates = np.array([0.4, -0.3]), {"a": x[0], "b": x[1]}
    nested = read_rows(time, event, covariates, "exact")
    apart = read_rows(time, event, covariates, "exact", entry=np.zeros(n))
    assert nested.cells.first is None and apart.cells.first is not None
    first, second = (evaluate_exact(d.design, d.cells, coef) for d in (nested, apart))
    assert first.loglik == pytest.approx(second.loglik, rel=1e-12)
    np.testing.assert_allclose(first.score, second.score, rtol=1e-9)
    np.testing.assert_allclose(first.information, second.information, rtol=1e-9)


def test_exact_likelihood_learns_nothing_when_all_at_risk_die():
    data = read_rows([1, 1, 2, 2, 2], [1, 0, 1, 1, 1], {"x": [1, 2, 3, 4, 6]}, "exact")
    here = evaluate_exact(data.design, data.cells, np.array([0.1]))
    alone = read_rows([1, 1, 2, 2, 2], [1, 0, 0, 0, 0], {"x": [1, 2, 3, 4, 6]}, "exact")
    assert here.loglik == pytest.approx(
        evaluate_exact(alone.design, alone.cells, np.array([0.1])).loglik, rel=1e-12
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(("strata", "entry"), [(1, False), (3, True)])
def test_firths_penalty_and_its_gradient_equal_the_definition(ties, strata, entry):
    r = rows(5, strata=strata, entry=entry)
    data, coef = data_of(r, ties), np.array([0.3, -0.2, 0.1])

    def penalised(c):
        plain = evaluate(data.design, data.cells, c)
        return plain.loglik + np.linalg.slogdet(plain.information)[1] / 2

    here = evaluate_firth(data.design, data.cells, coef)
    assert here.loglik == pytest.approx(penalised(coef), rel=1e-13)
    np.testing.assert_allclose(here.score, numeric(penalised, coef), rtol=1e-6, atol=1e-6)
