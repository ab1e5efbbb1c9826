"""
From dated tables to the research shape: days from the index event, a coarse year, no dates, no provenance.

Dates are never shifted: a constant shift keeps every interval and falls to one known date. Where a source
publishes its data cut, each patient's records end some days before it (the follow-up horizon), because the
known cut would otherwise give every living patient's dates away (Sweeney-type linkage by last contact).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.anonymity.policy import Policy
from harmony.errors import AnonymityRefused

#: Days since 1970-01-01 of the technical epoch of the days axis.
EPOCH_DAY: Final = 10_957

Tables = dict[str, pa.Table]


@dataclass(frozen=True)
class Shaped:
    """
    One delivery in research shape.

    Attributes
    ----------
    tables : dict of str to Table
        `person`, `<field>_day` and the released columns.
    exact : dict of str to array, shape (patients,)
        Exact quasi-identifiers by table.field, in the order of table patient.
    without_index : int
        Patients left out because their index date is not known.
    """

    tables: Tables
    exact: dict[str, Any]
    without_index: int


def shape(tables: Mapping[str, pa.Table], details: Mapping[str, Any], policy: Policy) -> Shaped:
    """
    Turn a delivery's tables into the research shape.

    Parameters
    ----------
    tables : mapping of str to Table
        Common tables under person ids with true or technical dates.
    details : mapping
        axis and index_event of the delivery.

    Raises
    ------
    AnonymityRefused
        When a column has no role.
    """
    index = _index_days(tables["patient"], details)
    shaped = {name: _shape_table(name, table, index, policy) for name, table in tables.items()}
    patient = shaped["patient"]
    if details["axis"] == "calendar":
        years = pc.year(tables["patient"].column("index_diagnosis_date"))
        known = pc.is_valid(years)
        patient = patient.append_column("index_year", years).filter(known)
        shaped["patient"] = patient
    missing = len(tables["patient"]) - len(patient)
    keep = pa.array(patient.column("person").to_pylist())
    shaped = {name: t.filter(pc.is_in(t.column("person"), value_set=keep)) for name, t in shaped.items()}
    return Shaped(shaped, _exact(shaped["patient"], policy), missing)


def _index_days(patient: pa.Table, details: Mapping[str, Any]) -> dict[str, int | None]:
    people = patient.column("patient_id").to_pylist()
    if details["axis"] == "days":
        return dict.fromkeys(people, EPOCH_DAY)
    dates = patient.column("index_diagnosis_date").cast(pa.int32()).to_pylist()
    return dict(zip(people, dates, strict=True))


def _shape_table(name: str, table: pa.Table, index: Mapping[str, int | None], policy: Policy) -> pa.Table:
    people = table.column("patient_id").to_pylist()
    zero = pa.array([index.get(person) for person in people], pa.int32())
    columns: dict[str, Any] = {"person": table.column("patient_id")}
    for column in table.column_names:
        if column.startswith("_"):
            continue  # provenance never enters research tables
        role = policy.role(f"{name}.{column}")
        if role == "time":
            days = pc.subtract(table.column(column).cast(pa.int32()), zero)
            columns[day_name(column)] = days
        elif role in ("quasi", "sensitive", "plain"):
            _refuse_date(name, table, column, role)
            columns[column] = table.column(column)
    columns.pop("index_diagnosis_day", None)
    return pa.table(columns)


def _refuse_date(name: str, table: pa.Table, column: str, role: str) -> None:
    # A network may add fields: a true date must not pass the gate under a role that changes nothing.
    if pa.types.is_temporal(table.schema.field(column).type):
        raise AnonymityRefused(
            f"{name}.{column} is a date and has role {role}.", "Change it in roles.csv.", "time or drop"
        )


def day_name(field: str) -> str:
    """Return the research name of a date field: death_date becomes death_day."""
    return field.removesuffix("_date") + "_day"


def _exact(patient: pa.Table, policy: Policy) -> dict[str, Any]:
    exact = {}
    for key in policy.quasi_identifiers:
        column = key.split(".")[1]
        if column in patient.column_names:
            exact[key] = np.array(patient.column(column).to_pylist(), dtype=object)
    return exact


def end_at_horizon(
    tables: Tables, cut_day: Mapping[str, int], margin: Callable[[str], int]
) -> tuple[Tables, int]:
    """
    End every patient's records `margin(person)` days before the data cut.

    Parameters
    ----------
    cut_day : mapping of str to int
        Day of the data cut from the patient's index event, by person.
    margin : callable
        0 to 90 days, one for a person in all releases.

    Returns
    -------
    (tables, int)
        Tables in which nothing lies behind the horizon, and how many deaths became *alive at the horizon*.
    """
    # Who was diagnosed behind the own horizon keeps day 0 only: a negative last day would tell when.
    last = {person: max(0, day - margin(person)) for person, day in cut_day.items()}
    ended = {name: _end_rows(table, last) for name, table in tables.items() if name != "patient"}
    patient, hidden = _end_patients(tables["patient"], last)
    return {"patient": patient, **ended}, hidden


def _limits(table: pa.Table, last: Mapping[str, int]) -> pa.Array:
    return pa.array([last.get(person) for person in table.column("person").to_pylist()], pa.int32())


def _end_rows(table: pa.Table, last: Mapping[str, int]) -> pa.Table:
    limit = _limits(table, last)
    days = [name for name in table.column_names if name.endswith("_day")]
    if not days:
        return table
    # The first date of a row says when it happened; a later one (end of a course) is only not known yet.
    first, *later = days
    keep = pc.fill_null(pc.less_equal(table.column(first), limit), True)
    for name in later:
        known = pc.fill_null(pc.less_equal(table.column(name), limit), True)
        column = pc.if_else(known, table.column(name), pa.scalar(None, pa.int32()))
        table = table.set_column(table.column_names.index(name), name, column)
    return table.filter(keep)


def _end_patients(patient: pa.Table, last: Mapping[str, int]) -> tuple[pa.Table, int]:
    limit = _limits(patient, last)
    beyond = pc.or_(_behind(patient, "last_contact_day", limit), _behind(patient, "death_day", limit))
    undated = pc.and_(pc.is_null(_column(patient, "death_day", pa.int32())), beyond)
    later = pc.or_(_behind(patient, "death_day", limit), undated)
    dead = pc.fill_null(pc.equal(_column(patient, "vital_status", pa.string()), "dead"), False)
    dead_beyond = pc.and_(later, dead)
    # Whatever says how the follow-up went on behind the horizon would undo it.
    changes = (
        ("last_contact_day", beyond, limit),
        ("vital_status", dead_beyond, "alive"),
        ("death_day", later, None),
        ("cause_of_death", later, None),
        ("censor_reason", beyond, "data_cutoff"),
        ("lost_to_follow_up", beyond, False),
    )
    for name, rows, value in changes:
        if name in patient.column_names:
            column = patient.column(name)
            new = value if isinstance(value, pa.Array) else pa.scalar(value, column.type)
            place = patient.column_names.index(name)
            patient = patient.set_column(place, name, pc.if_else(rows, new, column))
    return patient, int(pc.sum(dead_beyond).as_py() or 0)


def _column(table: pa.Table, name: str, kind: pa.DataType) -> Any:
    return table.column(name) if name in table.column_names else pa.nulls(len(table), kind)


def _behind(patient: pa.Table, name: str, limit: pa.Array) -> Any:
    return pc.fill_null(pc.greater(_column(patient, name, pa.int32()), limit), False)
