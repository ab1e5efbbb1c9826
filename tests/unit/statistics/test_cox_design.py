"""Terms of a regression: spelling, reading by blocks, other patients' rows."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox_data import baseline_steps, read_rows, time_information
from harmony.statistics.design_matrix import design_matrix
from harmony.statistics.partial_likelihood import BLOCK, evaluate

SCORE = np.array(["low", "high", "low", "mid"])
COLUMNS = {"age": np.array([60, 71, 55, 48]), "score": SCORE, "female": np.array([True, False, True, True])}


def test_a_category_becomes_a_term_per_level_but_the_reference():
    design = design_matrix(COLUMNS, {"score": "low"}, 4)
    assert design.terms == ("age", "scorehigh", "scoremid", "female")
    assert design.variables == ("age", "score", "score", "female")
    assert design.x.tolist() == [[60, 71, 55, 48], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 1]]


def test_whole_numbers_with_a_point_are_spelt_without_it():
    for reference in (2, 2.0, "2"):
        design = design_matrix({"stage": np.array([1.0, 2.0, 3.0])}, {"stage": reference}, 3)
        assert design.terms == ("stage1", "stage3")
    assert design.encode({"stage": [3.0, 2]}).tolist() == [[0, 0], [1, 0]]


def test_numbers_are_kept_and_not_copied():
    column = np.arange(5, dtype=float)
    assert np.shares_memory(design_matrix({"x": column}, None, 5).columns[0].values, column)


def test_blocks_are_centred_whatever_the_type():
    rng = np.random.default_rng(0)
    n = BLOCK + 10
    columns = {
        "float": rng.normal(1e6, 1, n),
        "small": rng.normal(size=n).astype(np.float32),
        "whole": rng.integers(-5, 5, n),
        "byte": rng.integers(0, 200, n).astype(np.uint8),
        "flag": rng.random(n) < 0.3,
        "text": rng.choice(["a", "b", "c"], n),
    }
    design = design_matrix(columns, None, n)
    out = np.empty((len(design.columns), n))
    parts = [design.fill(slice(start, start + BLOCK), out[:, start : start + BLOCK]) for start in (0, BLOCK)]
    together = np.concatenate(parts, axis=1)
    np.testing.assert_allclose(together, design.x - design.x.mean(axis=1, keepdims=True), atol=1e-9)
    np.testing.assert_allclose(design.scale, design.x.std(axis=1), rtol=1e-12)


def test_other_patients_are_read_with_the_levels_of_the_model():
    design = design_matrix(COLUMNS, {"score": "low"}, 4)
    other = design.encode({"score": ["mid"], "female": [False], "age": [50], "hospital": ["x"]})
    assert other.ravel().tolist() == [50, 0, 1, 0]


@pytest.mark.parametrize(
    ("rows", "refusal", "word"),
    [
        ({"age": [50], "score": ["low"]}, UsageError, "no female"),
        ({"age": [50], "score": ["worst"], "female": [True]}, UsageError, "level of score"),
        ({"age": [50, 51], "score": ["low"], "female": [True]}, UsageError, "differ in length"),
        ({"age": [None], "score": ["low"], "female": [True]}, UnsoundAnalysis, "age has missing"),
    ],
)
def test_other_patients_that_cannot_be_read_are_refused(rows, refusal, word):
    with pytest.raises(refusal, match=word):
        design_matrix(COLUMNS, {"score": "low"}, 4).encode(rows)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_jumps_of_the_baseline_and_time_weighted_sums_equal_their_definition(ties):
    rng = np.random.default_rng(1)
    n = 120
    entry = rng.integers(0, 4, n)
    time, event = entry + rng.integers(1, 9, n), rng.random(n) < 0.7
    x, weight = rng.normal(3, 1, n), rng.random(n) + 0.5
    data = read_rows(time, event, {"x": x}, ties, entry=entry, weights=weight)
    coef = np.array([0.4])
    steps, drift = baseline_steps(data, coef), data.cell_times**2
    hazard, centred = weight * np.exp(0.4 * (x - x.mean())), x - x.mean()
    score = information = 0.0
    for cell, t in enumerate(data.cell_times):
        at_risk, died = (entry < t) & (time >= t), (time == t) & event
        jump = variance = mean = 0.0
        for k in range(died.sum()):
            share = np.where(died, 1 - (k / died.sum() if ties == "efron" else 0), 1) * at_risk
            total = (share * hazard).sum()
            middle = (share * hazard * centred).sum() / total
            spread = (share * hazard * centred**2).sum() / total - middle**2
            step = weight[died].mean()
            jump, variance, mean = (
                jump + step / total,
                variance + step / total**2,
                mean + step * middle / total,
            )
            information += drift[cell] * step * spread
            score -= drift[cell] * step * middle
        score += drift[cell] * (weight * centred)[died].sum()
        assert steps.hazard[cell] == pytest.approx(jump, rel=1e-10)
        assert steps.variance[cell] == pytest.approx(variance, rel=1e-10)
        assert steps.mean_hazard[0, cell] == pytest.approx(mean, rel=1e-9, abs=1e-12)
    found = time_information(data, coef, drift)
    assert found[0][0] == pytest.approx(score, rel=1e-9)
    assert found[1][0, 0] == pytest.approx(information, rel=1e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_many_rows_with_heavy_ties_equal_sums_day_by_day(ties):
    rng = np.random.default_rng(2)
    n = 3 * BLOCK + 17
    x = rng.normal(size=(2, n))
    time, event = rng.integers(0, 50, n), rng.random(n) < 0.9
    data = read_rows(time, event, {"a": x[0], "b": x[1]}, ties)
    coef = np.array([0.3, -0.2])
    here = evaluate(data.design, data.cells, coef)
    hazard = np.exp(coef @ x)
    loglik, score, information = (coef @ x)[event].sum(), x[:, event].sum(axis=1), np.zeros((2, 2))
    for t in range(50):
        at_risk, died = time >= t, (time == t) & event
        d = died.sum()
        share = np.arange(d) / d if ties == "efron" else np.zeros(d)
        sums = [
            (at_risk * hazard * part).sum(axis=-1)[..., None]
            - (died * hazard * part).sum(axis=-1)[..., None] * share
            for part in (np.ones(n), x, x[:, None] * x)
        ]
        mean = sums[1] / sums[0]
        loglik -= np.log(sums[0]).sum()
        score -= mean.sum(axis=1)
        information += (sums[2] / sums[0]).sum(axis=-1) - mean @ mean.T
    assert here.loglik == pytest.approx(loglik, rel=1e-12)
    np.testing.assert_allclose(here.score, score, rtol=1e-9)
    np.testing.assert_allclose(here.information, information, rtol=1e-10)


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_numbers_whose_squares_no_computer_holds_are_refused(unit):
    with pytest.raises(UnsoundAnalysis, match="dose is too large or varies too little"):
        design_matrix({"dose": unit * np.arange(4.0)}, None, 4)


def test_a_date_is_no_covariate():
    days = np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]")
    with pytest.raises(UsageError, match="seen holds dates"):
        design_matrix({"seen": days}, None, 2)


def test_a_level_of_a_numbered_category_is_named_by_its_number_or_its_spelling():
    numbered = np.array([1.0, 2.0, 10.0])
    for first in (2, 2.0, np.float32(2.0), "2"):
        assert design_matrix({"site": numbered}, {"site": first}, 3).terms == ("site1", "site10")
