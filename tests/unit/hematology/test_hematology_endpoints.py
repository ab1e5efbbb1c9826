"""Endpoints of single patients, computed by hand: tests/spec/endpoints.csv (days:cause, ? = no time)."""

import csv
from pathlib import Path

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis
from harmony.hematology.endpoints.times import ENDPOINTS, death_by_cause, time_to_remission

CASES = list(
    csv.DictReader((Path(__file__).parents[2] / "spec" / "endpoints.csv").read_text("utf-8").splitlines())
)


def number(text):
    return float(text) if text else np.nan


def tables(cases):
    """Patient and response columns of several cases, as a study view has them."""
    answers = []
    for person, case in cases:
        for answer in filter(None, case["responses"].split("|")):
            code, _, day = answer.partition(" ")
            answers.append((person, code, number(day)))
    patient = {
        "person": np.array([person for person, _ in cases], dtype=object),
        "vital_status": np.array([case["vital_status"] for _, case in cases], dtype=object),
        "death_day": np.array([number(case["death_day"]) for _, case in cases]),
        "last_contact_day": np.array([number(case["last_contact_day"]) for _, case in cases]),
        "cause_of_death": np.array([case.get("cause") for _, case in cases], dtype=object),
    }
    response = {
        "person": np.array([row[0] for row in answers], dtype=object),
        "response": np.array([row[1] for row in answers], dtype=object),
        "assessment_day": np.array([row[2] for row in answers], dtype=float),
    }
    return {"patient": patient, "response": response}


@pytest.mark.parametrize("endpoint", ["OS", "RFS", "CIR"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_one_patient_has_the_hand_computed_time(case, endpoint):
    found = ENDPOINTS[endpoint](tables([("p", case)]))
    wanted = case[endpoint]
    times = [f"{days:g}:{cause}" for days, cause in zip(found.days, found.cause, strict=True)]
    assert times == ([wanted] if wanted not in ("", "?") else [])
    assert found.without_time == (1 if wanted == "?" else 0)


@pytest.mark.parametrize("endpoint", ["OS", "RFS", "CIR"])
def test_all_patients_together_have_the_same_times(endpoint):
    """Nobody is dropped in silence: times, no time and not in the population add up."""
    found = ENDPOINTS[endpoint](tables([(case["case"], case) for case in CASES]))
    times = {p: f"{d:g}:{c}" for p, d, c in zip(found.person, found.days, found.cause, strict=True)}
    assert times == {case["case"]: case[endpoint] for case in CASES if case[endpoint] not in ("", "?")}
    assert found.without_time == sum(case[endpoint] == "?" for case in CASES)


def causes(*pairs):
    return [
        (
            str(i),
            {
                "vital_status": vital,
                "death_day": "9",
                "last_contact_day": "9",
                "responses": "",
                "cause": cause,
            },
        )
        for i, (vital, cause) in enumerate(pairs)
    ]


def test_death_is_split_by_its_cause_and_an_unnamed_one_is_not_known():
    found = death_by_cause(
        tables(
            causes(
                ("dead", "disease"), ("dead", None), ("alive", None), ("dead", "gvhd"), ("dead", "unknown")
            )
        )
    )
    labels = [found.causes.get(code, "censored") for code in found.cause.tolist()]
    assert labels == [
        "Relapse or progression",
        "Cause not known",
        "censored",
        "Graft-versus-host disease",
        "Cause not known",
    ]
    assert sorted(found.causes.values()) == [
        "Cause not known",
        "Graft-versus-host disease",
        "Relapse or progression",
    ]


def test_refractory_patients_stay_at_risk_of_remission_to_half_a_year_behind_the_last():
    rows = [("a", "CR 30"), ("b", "NR 25"), ("c", "CRi 60"), ("d", ""), ("e", "CR"), ("f", "NR 20|CR 45")]
    cases = [
        (p, {"vital_status": "alive", "death_day": "", "last_contact_day": "99", "responses": r})
        for p, r in rows
    ]
    found = time_to_remission(tables(cases))
    times = {
        p: (d, c) for p, d, c in zip(found.person, found.days.tolist(), found.cause.tolist(), strict=True)
    }
    assert times == {"a": (30, 1), "b": (60 + 182, 0), "c": (60, 1), "f": (45, 1)}
    assert found.without_time == 1


#: What the source does not supply, the endpoint, and a word of the reason.
ABSENT = (
    ("patient", "death_day", "OS", "death_day"),
    ("patient", "last_contact_day", "RFS", "last_contact_day"),
    ("patient", "cause_of_death", "DEATH_CAUSE", "cause_of_death"),
    ("response", "assessment_day", "CIR", "assessment_day"),
    ("response", "assessment_day", "TTR", "assessment_day"),
    ("response", None, "RFS", "table response"),
    ("patient", None, "OS", "table patient"),
)


@pytest.mark.parametrize(("table", "column", "endpoint", "says"), ABSENT)
def test_an_endpoint_that_a_source_cannot_give_says_why(table, column, endpoint, says):
    given = tables([("p", {**CASES[1], "cause": "gvhd"})])
    if column is None:
        del given[table]
    else:
        del given[table][column]
    with pytest.raises(UnsoundAnalysis, match=says) as caught:
        ENDPOINTS[endpoint](given)
    assert caught.value.exit_code == 50


def test_where_nobody_died_the_empty_columns_of_deaths_are_no_reason_to_refuse():
    given = tables([("p", CASES[0])])
    del given["patient"]["death_day"], given["patient"]["cause_of_death"]
    for endpoint in ("OS", "DEATH_CAUSE", "RFS"):
        assert ENDPOINTS[endpoint](given).cause.tolist() == [0]
