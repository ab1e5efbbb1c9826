"""Multi-state models: worked examples, edge cases, and a slow obvious jackknife beside the fast one."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.multistate import multistate
from harmony.statistics.nelson_aalen import nelson_aalen

ILLNESS = ["healthy", "ill", "dead"]


def illness_death(seed=1, n=60, weights=False):
    """Rows of patients who fall ill, recover, leave and come back: id, start, stop, from, to."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(n):
        at, state = int(rng.integers(0, 5)), int(rng.integers(0, 2))
        for _ in range(6):
            until, to = at + int(rng.integers(1, 9)), int(rng.choice([-1, 0, 1, 2], p=[0.25, 0.3, 0.3, 0.15]))
            moved = None if to in (-1, state) else ILLNESS[to]
            rows.append((patient, at, until, ILLNESS[state], moved))
            if to == 2 or (to == -1 and rng.random() < 0.5):
                break
            at, state = (
                until + (int(rng.integers(0, 3)) if moved is None else 0),
                state if moved is None else to,
            )
    return [
        np.array(column, dtype=object if i > 2 else int) for i, column in enumerate(zip(*rows, strict=True))
    ]


def probability(fit, **where):
    return [r["probability"] for r in fit.table().to_pylist() if all(r[k] == v for k, v in where.items())]


def test_worked_example_of_an_illness_death_model():
    fit = multistate(
        [1, 1, 2, 3], [0, 1, 0, 0], [1, 3, 2, 4], ["healthy", "ill", "healthy", "healthy"],
        ["ill", "dead", "dead", None], ILLNESS,
    )  # fmt: skip
    assert fit.time.tolist() == [1.0, 2.0, 3.0]
    assert probability(fit, **{"from": "healthy", "to": "ill"}) == pytest.approx([1 / 3, 1 / 3, 0.0])
    assert probability(fit, **{"from": "healthy", "to": "dead"}) == pytest.approx([0.0, 1 / 3, 2 / 3])
    assert fit.transitions().to_pylist()[1] == {"from": "healthy", "to": "ill", "count": 1}


def slow_jackknife(rows, states, start, begin, weight):
    """Root of the summed squares of numerical derivatives of p(t) by each patient's weight."""
    id, t0, t1, source, to = rows
    times = np.unique(t1[[x is not None for x in to]])
    times = times[times > start]

    def path(w):
        p, result = np.array(begin, dtype=float), []
        for t in times:
            h = np.eye(len(states))
            for a, one in enumerate(states):
                at_risk = w[(source == one) & (t0 < t) & (t1 >= t)].sum()
                for b, other in enumerate(states):
                    moved = w[(source == one) & (to == other) & (t1 == t)].sum()
                    if moved:
                        h[a, b] += moved / at_risk
                        h[a, a] -= moved / at_risk
            p = p @ h
            result.append(p)
        return np.array(result)

    total, step = 0.0, 1e-5
    for patient in np.unique(id):
        own = (id == patient) * weight
        total = total + ((path(weight + step * own) - path(weight - step * own)) / (2 * step)) ** 2
    return np.sqrt(total)


@pytest.mark.parametrize(("seed", "start"), [(1, 0), (2, 0), (3, 6)])
def test_the_jackknife_equals_numerical_derivatives_by_each_patients_weight(seed, start):
    rows = illness_death(seed, n=25)
    weight = np.random.default_rng(seed).uniform(0.5, 2.0, 25)[rows[0]]
    fit = multistate(*rows, ILLNESS, start_time=start, variance="jackknife", weights=weight)
    for state in range(2):
        slow = slow_jackknife(rows, ILLNESS, start, np.eye(3)[state], weight)
        np.testing.assert_allclose(fit.std_err[state], slow, rtol=1e-5, atol=1e-9)
    slow = slow_jackknife(rows, ILLNESS, start, fit.at_start, weight)
    np.testing.assert_allclose(fit.occupied_std_err, slow, rtol=1e-5, atol=1e-9)


def test_many_times_walk_in_doublings_like_few():
    rng = np.random.default_rng(5)
    rows = illness_death(5, n=40)
    scattered = [rows[0], rows[1] + 0.0, rows[2] + 0.0, *rows[3:]]
    jitter = rng.uniform(0, 0.3, rows[2].max() + 1)
    scattered[1], scattered[2] = rows[1] + jitter[rows[1]], rows[2] + jitter[rows[2]]
    for variance in ("jackknife", "aalen", "greenwood"):
        fits = [multistate(*r, ILLNESS, variance=variance) for r in (rows, scattered)]
        np.testing.assert_allclose(fits[0].std_err, fits[1].std_err)


@pytest.mark.parametrize("variance", ["greenwood", "aalen", "jackknife"])
def test_rows_add_up_to_one_and_absorbing_states_keep_everybody(variance):
    fit = multistate(*illness_death(), ILLNESS, variance=variance)
    np.testing.assert_allclose(fit.probability.sum(axis=2), 1.0, atol=1e-12)
    np.testing.assert_array_equal(fit.probability[2], np.tile([0.0, 0.0, 1.0], (len(fit.time), 1)))
    np.testing.assert_array_equal(fit.std_err[2], 0.0)


def test_the_cumulative_hazard_of_a_transition_is_nelson_aalens():
    id, start, stop, source, to = illness_death()
    fit = multistate(id, start, stop, source, to, ILLNESS)
    table = fit.cumulative_hazard().to_pylist()
    ours = [r["cumulative_hazard"] for r in table if (r["from"], r["to"]) == ("healthy", "ill")]
    own = source == "healthy"
    curve = nelson_aalen(stop[own], to[own] == "ill", entry=start[own]).at(fit.all_times).to_pylist()
    np.testing.assert_allclose(ours, [r["cumulative_hazard"] for r in curve])


def test_a_later_start_forgets_what_came_before_and_composes():
    fit = multistate(*illness_death(), ILLNESS)
    later = multistate(*illness_death(), ILLNESS, start_time=8)
    early = fit.probability[:, fit.time <= 8][:, -1]
    np.testing.assert_allclose(early @ later.probability[:, -1], fit.probability[:, -1])
    assert later.time.min() > 8


def test_expected_length_of_stay_adds_up_to_the_time():
    fit = multistate(*illness_death(), ILLNESS, start_time=3)
    stay = fit.length_of_stay(20).to_pylist()
    assert sum(r["length_of_stay"] for r in stay if r["from"] == "ill") == pytest.approx(17.0)


def test_length_of_stay_goes_on_with_the_last_probabilities():
    fit = multistate([1, 2], [0, 0], [1, 2], ["healthy"] * 2, ["dead", None], ["healthy", "dead"])
    assert fit.length_of_stay(10).to_pylist()[0]["length_of_stay"] == pytest.approx(1.0 + 9 * 0.5)


def test_occupation_starts_from_the_states_patients_are_in():
    fit = multistate([1, 2], [0, 0], [2, 3], ["healthy", "ill"], ["dead", "dead"], ILLNESS)
    first = [r for r in fit.occupation().to_pylist() if r["time"] == 2.0]
    assert [r["probability"] for r in first] == [0.0, 0.5, 0.5]


def test_reading_before_the_first_transition_is_certain():
    fit = multistate([1, 2], [0, 0], [2, 3], ["healthy"] * 2, ["dead", None], ["healthy", "dead"])
    assert [r["probability"] for r in fit.at([0, 1]).to_pylist()] == [1, 1, 0, 0, 0, 0, 1, 1]
    assert [r["std_err"] for r in fit.at([1]).to_pylist()] == [0.0] * 4


def test_splitting_a_stay_changes_neither_estimates_nor_counts():
    id, start, stop, source, to = illness_death()
    long = stop - start > 1
    split = [
        np.concatenate((id, id[long])),
        np.concatenate((start, start[long] + 1)),
        np.concatenate((np.where(long, start + 1, stop), stop[long])),
        np.concatenate((source, source[long])),
        np.concatenate((np.where(long, None, to), to[long])),
    ]
    for variance in ("greenwood", "aalen", "jackknife"):
        one = multistate(id, start, stop, source, to, ILLNESS, variance=variance)
        other = multistate(*split, ILLNESS, variance=variance)
        np.testing.assert_allclose(one.probability, other.probability)
        np.testing.assert_allclose(one.std_err, other.std_err, atol=1e-15)
        assert one.transitions().equals(other.transitions())


def test_a_gap_in_the_risk_set_leaves_the_probability_where_it_was():
    fit = multistate([1, 2], [0, 5], [2, 6], ["healthy"] * 2, ["ill", "dead"], ILLNESS)
    # Nobody is ill or healthy between 2 and 5; all who were there are ill, and stay so.
    assert probability(fit, **{"from": "healthy", "to": "ill"}) == [1.0, 1.0]
    assert np.isfinite(fit.std_err).all()


def test_a_transition_nobody_made_has_probability_and_hazard_zero():
    fit = multistate([1, 2], [0, 0], [1, 2], ["healthy"] * 2, ["dead", None], ILLNESS)
    assert probability(fit, **{"from": "healthy", "to": "ill"}) == [0.0]
    never = [r for r in fit.cumulative_hazard().to_pylist() if r["to"] == "ill"]
    assert [r["cumulative_hazard"] for r in never] == [0.0]


def test_a_move_to_the_same_state_and_a_null_are_both_no_transition():
    stay = multistate([1, 2], [0, 0], [1, 2], ["a", "a"], ["a", "b"], ["a", "b"])
    null = multistate([1, 2], [0, 0], [1, 2], ["a", "a"], [None, "b"], ["a", "b"])
    np.testing.assert_array_equal(stay.probability, null.probability)


def test_states_may_be_numbers_and_null_not_a_number():
    fit = multistate([1, 2], [0, 0], [1, 2], [1, 1], [np.nan, 2.0], [1, 2])
    assert fit.states == ("1", "2")
    assert fit.counts.tolist() == [[0, 1, 1], [0, 0, 0]]


def test_the_null_of_every_library_is_no_transition():
    columns = [
        np.array(["b", None], dtype=object),
        pd.Series(["b", None], dtype="string"),
        pd.Series(["b", np.nan], dtype="category"),
        pa.chunked_array([["b"], [None]]),
    ]
    for column in columns:
        assert multistate([1, 2], [0, 0], [1, 2], ["a", "a"], column, ["a", "b"]).counts[0].tolist() == [
            0,
            1,
            1,
        ]


def test_a_state_named_as_text_is_found_among_numbers():
    fit = multistate([1, 2], [0, 0], [1, 2], [1, 1], [2, None], ["1", "2"])
    assert fit.counts[0].tolist() == [0, 1, 1]


def test_nobody_moving_is_refused_whatever_the_type_of_the_nulls():
    with pytest.raises(UnsoundAnalysis, match="Nobody changes state"):
        multistate([1, 2], [0, 0], [1, 2], ["a", "a"], [np.nan, np.nan], ["a", "b"])


def test_a_weight_of_zero_is_absence_and_half_weights_of_doubled_patients_change_nothing():
    id, start, stop, source, to = illness_death()
    one = multistate(id, start, stop, source, to, ILLNESS, variance="aalen")
    twice = [np.concatenate((id, id + 1000)), *(np.tile(c, 2) for c in (start, stop, source, to))]
    half = multistate(*twice, ILLNESS, variance="aalen", weights=np.full(2 * len(id), 0.5))
    none = multistate(*twice, ILLNESS, variance="aalen", weights=np.repeat([1.0, 0.0], len(id)))
    for other in (half, none):
        np.testing.assert_allclose(one.probability, other.probability)
        np.testing.assert_allclose(one.std_err, other.std_err)


def test_one_patient_alone_has_probabilities_of_zero_and_one():
    fit = multistate([1], [0], [3], ["healthy"], ["dead"], ILLNESS, variance="jackknife")
    assert probability(fit, **{"from": "healthy"}) == [0.0, 0.0, 1.0]
    assert fit.std_err[0].tolist() == [[0.0, 0.0, 0.0]]


GOOD = {"id": [1, 1], "start": [0, 2], "stop": [2, 4], "from_state": ["a", "b"], "to_state": ["b", None]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": [0, 1]},
        {"start": [0, 4]},
        {"start": [-1, 2]},
        {"start": [0, np.nan]},
        {"from_state": ["a", "a"]},
        {"from_state": ["a", None]},
        {"from_state": ["a", "z"]},
        {"to_state": ["z", None]},
        {"to_state": [None, None], "from_state": ["a", "a"]},
        {"id": [1, None]},
    ],
    ids=str,
)
def test_rows_that_no_patient_can_have_are_refused(wrong):
    multistate(**GOOD, states=["a", "b"])
    with pytest.raises(UnsoundAnalysis):
        multistate(**(GOOD | wrong), states=["a", "b"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"states": []},
        {"states": ["a", "b", "a"]},
        {"start_time": -1},
        {"start_time": np.nan},
        {"variance": "bootstrap"},
        {"from_state": ["a"]},
        {"stop": [2]},
    ],
    ids=str,
)
def test_wrong_use_is_refused(wrong):
    with pytest.raises(UsageError):
        multistate(**(GOOD | {"states": ["a", "b"]} | wrong))


def test_a_start_after_the_last_transition_is_refused():
    with pytest.raises(UnsoundAnalysis, match="Nobody changes state"):
        multistate(**GOOD, states=["a", "b"], start_time=2)


def test_times_before_the_start_are_not_read():
    fit = multistate(**GOOD, states=["a", "b"], start_time=1)
    with pytest.raises(UsageError):
        fit.at([0.5])
    with pytest.raises(UsageError):
        fit.length_of_stay(1)
