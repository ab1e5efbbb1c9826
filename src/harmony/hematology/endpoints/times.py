"""
Time-to-event endpoints on research tables: days from a stated zero to an event or to last contact.

Definitions follow the ELN 2022 outcome table (overall survival, relapse-free survival, cumulative incidence
of relapse) and the EBMT's causes of death. An endpoint that a source cannot give is refused with the reason;
patients whose times are impossible or unknown are counted, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harmony.errors import UnsoundAnalysis

#: Responses that count as complete remission (ELN 2022): CR with any degree of blood recovery.
COMPLETE_REMISSION: Final = ("CR", "CRh", "CRi")

#: Nobody could say what the response was: not a failure, and not in the denominator of a share.
NOT_ASSESSED: Final = ("NE", "not_assessed", "unknown")

#: Days that a patient without remission is followed behind the last remission of the source.
HALF_A_YEAR: Final = 182.0

Rows = Mapping[str, NDArray[Any]]
Tables = Mapping[str, Rows]


@dataclass(frozen=True, eq=False)
class EndpointTimes:
    """
    One endpoint for every patient who has it.

    Attributes
    ----------
    id, version, label, time_zero, event : str
        The definition: id, version, name, what day 0 is, what counts as event.
    person : text array, shape (patients,)
        Pseudonyms.
    days : float array, shape (patients,)
        Days from time zero, 0 or more.
    cause : int array, shape (patients,)
        0 censored, else a code of `causes`.
    causes : mapping of int to str
        Label of each cause.
    without_time : int
        Patients who belong here but whose time is not known.
    """

    id: str
    version: str
    label: str
    time_zero: str
    event: str
    person: NDArray[Any]
    days: NDArray[np.float64]
    cause: NDArray[np.int64]
    causes: Mapping[int, str]
    without_time: int


#: Order and labels of the causes of death, as codes of `patient.cause_of_death`.
DEATH_CAUSES: Final = {
    "disease": "Relapse or progression",
    "gvhd": "Graft-versus-host disease",
    "infection": "Infection, not specified",
    "infection_bacterial": "Bacterial infection",
    "infection_viral": "Viral infection",
    "infection_fungal": "Fungal infection",
    "bleeding": "Bleeding",
    "organ_toxicity": "Organ toxicity",
    "second_malignancy": "Second malignancy",
    "cardiovascular": "Cardiovascular",
    "other": "Other cause",
    "unknown": "Cause not known",
}


def overall_survival(tables: Tables) -> EndpointTimes:
    """Return overall survival: index event to death of any cause; censored at last contact."""
    patient = _patients_with_deaths(tables)
    dead = patient["vital_status"] == "dead"
    days = np.where(dead, patient["death_day"], patient["last_contact_day"]).astype(float)
    return _finish(
        "OS",
        "Overall survival",
        "index event",
        "death of any cause",
        patient,
        days,
        dead.astype(int),
        {1: "Death"},
    )


def death_by_cause(tables: Tables) -> EndpointTimes:
    """Return time from index event to death, by cause; the causes compete."""
    patient = _patients_with_deaths(tables, "cause_of_death")
    dead = patient["vital_status"] == "dead"
    codes = {name: number for number, name in enumerate(DEATH_CAUSES, start=1)}
    named = [codes.get(cause or "unknown", codes["unknown"]) for cause in patient["cause_of_death"]]
    cause = np.where(dead, named, 0)
    days = np.where(dead, patient["death_day"], patient["last_contact_day"]).astype(float)
    present = {codes[name]: label for name, label in DEATH_CAUSES.items() if (cause == codes[name]).any()}
    return _finish(
        "DEATH_CAUSE",
        "Death by cause",
        "index event",
        "death, by its main cause",
        patient,
        days,
        cause,
        present,
    )


def relapse_free_survival(tables: Tables) -> EndpointTimes:
    """Return relapse-free survival: first complete remission to relapse or death of any cause."""
    times = relapse_incidence(tables)
    cause = (times.cause > 0).astype(np.int64)
    return EndpointTimes(
        "RFS", "2022", "Relapse-free survival", times.time_zero, "relapse or death of any cause",
        times.person, times.days, cause, {1: "Relapse or death"}, times.without_time,
    )  # fmt: skip


def relapse_incidence(tables: Tables) -> EndpointTimes:
    """Return time from first complete remission to relapse (1) or death without relapse (2)."""
    patient = _patients_with_deaths(tables)
    remission = first_response_day(tables, COMPLETE_REMISSION)
    # A relapse counts from the remission on: one that stands before it belongs to an earlier course.
    relapse = first_response_day(tables, ("relapse",), remission)
    people = [p for p in patient["person"] if p in remission]
    place = {person: row for row, person in enumerate(patient["person"])}
    rows = np.array([place[p] for p in people], dtype=int)
    start = np.array([remission[p] for p in people], dtype=float)
    relapsed = np.array([relapse.get(p, np.inf) for p in people], dtype=float)
    dead = patient["vital_status"][rows] == "dead"
    end = np.where(dead, patient["death_day"][rows], patient["last_contact_day"][rows]).astype(float)
    # A dated relapse is known also where the day of death is not.
    first = np.isfinite(relapsed) & ~(relapsed > end)
    cause = np.where(first, 1, np.where(dead, 2, 0))
    days = np.where(first, relapsed, end) - start
    chosen = {name: values[rows] for name, values in patient.items()}
    return _finish(
        "CIR", "Cumulative incidence of relapse", "first complete remission",
        "relapse; death without relapse competes", chosen, days, cause,
        {1: "Relapse", 2: "Death without relapse"},
    )  # fmt: skip


def time_to_remission(tables: Tables) -> EndpointTimes:
    """
    Return days from the index event to first complete remission, of patients whose response was assessed.

    Who was assessed and had no remission stays at risk to half a year behind the last remission seen in the
    source: refractory disease has no date of its own, leaving it out would show a remission for everybody,
    and ending it on the day of a remission would let merged counts take part of it for followed too shortly.
    """
    response = _table(tables, "response")
    remission = first_response_day(tables, COMPLETE_REMISSION)
    assessed = [(p, c) for p, c in zip(response["person"], response["response"], strict=True)]
    assessed = [(person, code) for person, code in assessed if code and code not in NOT_ASSESSED]
    ever = {person for person, code in assessed if code in COMPLETE_REMISSION}
    end = max(remission.values(), default=np.nan) + HALF_A_YEAR
    people = list(dict.fromkeys(person for person, _ in assessed))
    days = np.array([remission.get(p, np.nan if p in ever else end) for p in people], dtype=float)
    cause = np.array([int(p in remission) for p in people])
    rows = {"person": np.array(people, dtype=object)}
    return _finish(
        "TTR", "Time to remission", "index event", "complete remission", rows, days, cause, {1: "Remission"}
    )


def first_response_day(
    tables: Tables, responses: tuple[str, ...], not_before: Mapping[str, float] | None = None
) -> dict[str, float]:
    """
    Return the first dated day on which each person had one of these responses.

    Parameters
    ----------
    not_before : mapping of str to float, optional
        Day by person before which a response does not count; persons without one have none.
    """
    response = _table(tables, "response", ("person", "response", "assessment_day"))
    first: dict[str, float] = {}
    for person, code, day in zip(
        response["person"], response["response"], response["assessment_day"], strict=True
    ):
        dated = code in responses and day is not None and not np.isnan(float(day))
        if dated and (not_before is None or float(day) >= not_before.get(person, np.inf)):
            first[person] = min(first.get(person, np.inf), float(day))
    return first


#: All endpoints by id; a study file names them so.
ENDPOINTS: Final[Mapping[str, Callable[[Tables], EndpointTimes]]] = {
    "OS": overall_survival,
    "DEATH_CAUSE": death_by_cause,
    "RFS": relapse_free_survival,
    "CIR": relapse_incidence,
    "TTR": time_to_remission,
}


#: Endpoints whose causes compete: one curve or one ratio of "any cause" would be another endpoint.
COMPETING: Final = ("DEATH_CAUSE", "CIR")


def _table(tables: Tables, name: str, columns: tuple[str, ...] = ()) -> Rows:
    absent = [column for column in columns if column not in tables.get(name, {})]
    if name not in tables or absent:
        missing = f"{name} with {', '.join(absent)}" if absent else name
        raise UnsoundAnalysis(
            f"This source has no table {missing}.", "Choose an endpoint that the source supplies."
        )
    return tables[name]


def _patients_with_deaths(tables: Tables, *further: str) -> Rows:
    patient = _table(tables, "patient")
    needed = ("death_day", "last_contact_day", "vital_status", *further)
    absent = [name for name in needed if name not in patient]
    if absent and "vital_status" in patient and not (patient["vital_status"] == "dead").any():
        # Nobody has died: the columns of deaths are empty, which is not the same as not supplied.
        none = {"death_day": np.nan, "cause_of_death": None}
        empty = {name: np.full(len(patient["person"]), none[name]) for name in absent if name in none}
        patient, absent = {**patient, **empty}, [name for name in absent if name not in none]
    if absent:
        raise UnsoundAnalysis(
            f"Survival is not computable: the source does not supply {', '.join(absent)}.",
            "Use the source for what it has: characteristics and remission.",
        )
    return patient


def _finish(
    name: str,
    label: str,
    zero: str,
    event: str,
    rows: Rows,
    days: NDArray[Any],
    cause: NDArray[Any],
    causes: Mapping[int, str],
) -> EndpointTimes:
    known = np.isfinite(days) & (days >= 0)
    return EndpointTimes(
        id=name,
        version="2022",
        label=label,
        time_zero=zero,
        event=event,
        person=rows["person"][known],
        days=days[known],
        cause=np.asarray(cause)[known].astype(np.int64),
        causes=causes,
        without_time=int((~known).sum()),
    )
