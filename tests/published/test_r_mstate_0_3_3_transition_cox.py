"""
Cox model with covariates of each transition against R (mstate 0.3.3 `msprep`, `expand.covs`; multistate.csv).

The reference holds the fit. Its predicted probabilities are compared with a loop over the event times, the
formulas of de Wreede, Fiocco and Putter (2010) written out.
"""

import numpy as np
import pytest
import r_reference
from r_coxph import ours
from r_reference import Case, check

from harmony.statistics.cox import cox
from harmony.statistics.predict_transitions import predict_transitions

TRANSITIONS = [("Tx", "PR"), ("Tx", "RelDeath"), ("PR", "RelDeath")]
STATES = ["Tx", "PR", "RelDeath"]


def transition_rows(frame):
    """One row per patient and transition at risk: (row of the frame, transition, start, stop, status)."""
    made = []
    for row, (recovery, recovered, end, died) in enumerate(
        zip(frame["prtime"], frame["prstat"], frame["rfstime"], frame["rfsstat"], strict=True)
    ):
        first = recovery if recovered else end
        made.append((row, 1, 0, first, recovered))
        made.append((row, 2, 0, first, died * (1 - recovered)))
        if recovered and end > recovery:
            made.append((row, 3, recovery, end, died))
    return [np.array(column) for column in zip(*made, strict=True)]


def indicators(frame):
    """The covariates as numbers, named as expand.covs does."""
    return {
        "dissub1": frame["dissub"] == "ALL",
        "dissub2": frame["dissub"] == "CML",
        "age1": frame["age"] == "20-40",
        "age2": frame["age"] == ">40",
        "drmatch": frame["drmatch"] == "Gender mismatch",
        "tcd": frame["tcd"] == "TCD",
    }


def expanded(columns, transition):
    return {
        f"{name}.{k}": np.asarray(values, dtype=float) * (np.asarray(transition) == k)
        for name, values in columns.items()
        for k in (1, 2, 3)
    }


def fitted():
    frame = r_reference.table("mstate", "ebmt3")
    row, transition, start, stop, status = transition_rows(frame)
    columns = {name: values.to_numpy()[row] for name, values in indicators(frame).items()}
    fit = cox(stop, status, expanded(columns, transition), entry=start, strata=transition, ties="breslow")
    return fit, (row, transition, start, stop, status, columns)


def of_fit(rows):
    fit, _ = fitted()
    return [(row, ours(fit, row)) for row in rows]


CASES = [Case("cox", "multistate.csv", "ms_ebmt3_cox", 37, of_fit)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_the_transition_specific_model_is_met(case):
    check(case)


def patient(**values):
    return {name: np.full(3, float(values.get(name, 0))) for name in indicators_names()}


def indicators_names():
    return ("dissub1", "dissub2", "age1", "age2", "drmatch", "tcd")


def loop_over_times(fit, data, person, start_time, until):
    """Hazards, their covariance, probabilities and errors, one event time after the other."""
    _, transition, start, stop, status, columns = data
    x = np.array(list(expanded(columns, transition).values())).T
    new = np.array(list(expanded(person, [1, 2, 3]).values())).T
    relative, mine = np.exp(x @ fit.coef), np.exp(new @ fit.coef)
    hazard, spread, drift = np.zeros(3), np.zeros(3), np.zeros((3, x.shape[1]))
    probability, variance, before = np.eye(3), np.zeros((9, 9)), np.zeros((3, 3))
    ends = [(0, 1), (0, 2), (1, 2)]
    for time in np.unique(stop[status == 1]):
        if time > until:
            break
        step = np.zeros(3)
        for k in range(3):
            at_risk = (transition == k + 1) & (start < time) & (stop >= time)
            deaths = ((transition == k + 1) & (stop == time) & (status == 1)).sum()
            if deaths:
                total = relative[at_risk].sum() / mine[k]
                mean = (relative[at_risk][:, np.newaxis] * (x[at_risk] - new[k])).sum(axis=0) / mine[k]
                step[k] = deaths / total
                spread[k] += deaths / total**2
                drift[k] += deaths * mean / total**2
        hazard += step
        covariance = np.diag(spread) + drift @ fit.covariance @ drift.T
        change, before = covariance - before, covariance
        if time <= start_time:
            continue
        move = np.eye(3)
        spread_over = np.zeros((9, 3))
        for k, (a, b) in enumerate(ends):
            move[a, b] += step[k]
            move[a, a] -= step[k]
            # Columns one after the other, as the Kronecker products of the paper expect.
            spread_over[3 * b + a, k], spread_over[3 * a + a, k] = 1.0, -1.0
        probability = probability @ move
        passed = np.kron(move.T, np.eye(3)) @ variance @ np.kron(move, np.eye(3))
        after = np.kron(np.eye(3), probability) @ spread_over
        variance = passed + after @ change @ after.T
    return probability, np.sqrt(np.diag(variance)).reshape(3, 3).T


@pytest.mark.parametrize(("start_time", "until"), [(0, 100), (0, 1000), (100, 2000)])
@pytest.mark.parametrize("values", [{}, {"dissub2": 1, "age2": 1, "tcd": 1}])
def test_predicted_transitions_equal_a_loop_over_the_event_times(values, start_time, until):
    fit, data = fitted()
    person = patient(**values)
    found = predict_transitions(fit, expanded(person, [1, 2, 3]), STATES, TRANSITIONS, start_time, [until])
    probability, std_err = loop_over_times(fit, data, person, start_time, until)
    np.testing.assert_allclose(found.probability[0], probability, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found.std_err[0], std_err, rtol=1e-9, atol=1e-9)
