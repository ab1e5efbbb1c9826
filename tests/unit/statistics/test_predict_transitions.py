"""Predicted transitions: two states are survival, no covariates are Aalen-Johansen, what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox import cox
from harmony.statistics.multistate import multistate
from harmony.statistics.predict_transitions import predict_transitions

STATES = ["well", "relapsed", "dead"]
TRANSITIONS = [("well", "relapsed"), ("well", "dead"), ("relapsed", "dead")]


@pytest.fixture(scope="module")
def patients():
    """Illness-death data: id, time and state of relapse or death, later death; one covariate."""
    rng = np.random.default_rng(3)
    n = 200
    x = rng.normal(0, 1, n)
    relapse, death, end = (np.ceil(rng.exponential(scale, n)) for scale in (30, 60, 50))
    later = relapse + np.ceil(rng.exponential(20, n))
    return x, relapse, death, later, end


@pytest.fixture(scope="module")
def long(patients):
    """One row per patient and transition at risk: x, transition, start, stop, status."""
    rows = []
    for x, relapse, death, later, end in zip(*patients, strict=True):
        first = min(relapse, death, end)
        relapsed = relapse == first and relapse < min(death, end)
        rows.append((x, 1, 0, first, relapsed))
        rows.append((x, 2, 0, first, not relapsed and death == first))
        if relapsed and end > first:
            rows.append((x, 3, first, min(later, end), later <= end))
    return [np.array(column) for column in zip(*rows, strict=True)]


@pytest.fixture(scope="module")
def fit(long):
    x, transition, start, stop, status = long
    covariates = {f"x.{k}": np.where(transition == k, x, 0.0) for k in (1, 2, 3)}
    return cox(stop, status, covariates, entry=start, strata=transition, ties="breslow")


def person(value):
    return {f"x.{k}": [value if row == k else 0.0 for row in (1, 2, 3)] for k in (1, 2, 3)}


def test_probabilities_of_each_row_add_up_to_one_and_the_dead_stay_dead(fit):
    found = predict_transitions(fit, person(0.3), STATES, TRANSITIONS, 0, [0, 5, 50, 500])
    np.testing.assert_allclose(found.probability.sum(axis=2), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(found.probability[:, 2], [[0, 0, 1]] * 4)
    np.testing.assert_array_equal(found.std_err[:, 2], 0.0)
    np.testing.assert_array_equal(found.probability[0], np.eye(3))


def test_a_covariate_that_changes_nothing_gives_nearly_aalen_johansen(long):
    x, transition, start, stop, status = long
    # A covariate without effect, evaluated where the coefficients cancel.
    fit = cox(stop, status, {"x": x}, entry=start, strata=transition, ties="breslow", penalty=1e9)
    found = predict_transitions(fit, {"x": [0.0] * 3}, STATES, TRANSITIONS, 0, [10, 40, 90])
    order = np.lexsort((transition, start))
    keep = order[transition[order] != 2]
    ids = np.empty(len(x), dtype=int)
    patient = np.cumsum(transition == 1) - 1
    ids[:] = patient
    target = []
    for row in keep:
        died_first = status[(ids == ids[row]) & (transition == 2)][0]
        if transition[row] == 3:
            target.append("dead" if status[row] else None)
        else:
            target.append("relapsed" if status[row] else "dead" if died_first else None)
    origin = np.where(transition[keep] == 3, "relapsed", "well")
    curves = multistate(ids[keep], start[keep], stop[keep], origin, target, STATES).table()
    for place, time in enumerate([10, 40, 90]):
        for a, b in [("well", "well"), ("well", "relapsed"), ("relapsed", "dead")]:
            rows = [r for r in curves.to_pylist() if r["from"] == a and r["to"] == b and r["time"] <= time]
            value = found.probability[place, STATES.index(a), STATES.index(b)]
            assert value == pytest.approx(rows[-1]["probability"], rel=1e-6)


def test_one_transition_is_the_product_of_one_less_the_hazard():
    rng = np.random.default_rng(1)
    time, event, x = np.ceil(rng.exponential(20, 150)), rng.random(150) < 0.8, rng.normal(0, 1, 150)
    fit = cox(time, event, {"x": x}, ties="breslow")
    found = predict_transitions(fit, {"x": [0.4]}, ["alive", "dead"], [("alive", "dead")], 0, [15])
    baseline = fit.baseline(np.unique(time[event])).column("cumulative_hazard").to_numpy()
    steps = np.diff(baseline, prepend=0.0) * np.exp(0.4 * fit.coef[0])
    kept = np.unique(time[event]) <= 15
    assert found.probability[0, 0, 0] == pytest.approx(np.prod(1 - steps[kept]), rel=1e-10)


def test_rows_may_name_their_stratum_and_transitions_may_be_named_by_stratum(fit):
    plain = predict_transitions(fit, person(1.0), STATES, TRANSITIONS, 0, [30])
    named = dict(zip("123", TRANSITIONS, strict=True))
    np.testing.assert_array_equal(
        predict_transitions(fit, person(1.0), STATES, named, 0, [30]).probability, plain.probability
    )
    turned = {name: values[::-1] for name, values in person(1.0).items()} | {"strata": [3, 2, 1]}
    found = predict_transitions(fit, turned, STATES, TRANSITIONS[::-1], 0, [30])
    np.testing.assert_allclose(found.probability, plain.probability, rtol=1e-12)
    np.testing.assert_allclose(found.std_err, plain.std_err, rtol=1e-9, atol=1e-12)


def test_transitions_up_to_the_start_do_not_count(fit):
    found = predict_transitions(fit, person(0.0), STATES, TRANSITIONS, 30, [30])
    np.testing.assert_array_equal(found.probability[0], np.eye(3))
    np.testing.assert_array_equal(found.std_err[0], 0.0)
    later = predict_transitions(fit, person(0.0), STATES, TRANSITIONS, 30).time
    assert later.min() > 30


def test_the_table_names_states(fit):
    table = predict_transitions(fit, person(0.0), STATES, TRANSITIONS, 0, [30, 60]).table()
    assert table.column_names == ["from", "to", "time", "probability", "std_err"]
    assert table.slice(2, 2).column("to").to_pylist() == ["relapsed", "relapsed"]
    assert table.num_rows == 18


def test_an_extreme_patient_is_warned_about(fit):
    assert predict_transitions(fit, person(40.0), STATES, TRANSITIONS).warnings
    assert not predict_transitions(fit, person(0.0), STATES, TRANSITIONS, times=[30]).warnings


def test_a_patient_beyond_all_bounds_is_refused(fit):
    with pytest.raises(UnsoundAnalysis):
        predict_transitions(fit, person(4000.0), STATES, TRANSITIONS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"states": ["well", "dead"]},
        {"transitions": TRANSITIONS[:2]},
        {"transitions": [("well", "well"), *TRANSITIONS[1:]]},
        {"start_time": 50, "times": [20]},
        {"start_time": -1},
        {"rows": {"x.1": [0.0], "x.2": [0.0], "x.3": [0.0]}},
        {"rows": {"x.1": [0.0] * 3}},
        {"rows": person(0.0) | {"strata": [1, 2, 9]}},
        {"rows": [1, 2, 3]},
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_refused(fit, wrong):
    arguments = {"rows": person(0.0), "states": STATES, "transitions": TRANSITIONS, "times": [60]} | wrong
    with pytest.raises(UsageError):
        predict_transitions(fit, **arguments)
