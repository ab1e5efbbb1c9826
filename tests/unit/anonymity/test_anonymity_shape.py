"""From dates to days, and the end of follow-up before the data cut, by hand-computed patients."""

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest
from research_tables import POLICY, dated_patients

from harmony.anonymity.shape import day_name, end_at_horizon, shape
from harmony.errors import AnonymityRefused

CALENDAR = {"axis": "calendar", "index_event": "diagnosis"}


def responses(rows):
    """A response table; rows are (patient number, date or None, response)."""
    columns = {
        "response_id": [str(i) for i in range(len(rows))],
        "patient_id": [f"{n:032x}" for n, _, _ in rows],
        "assessment_date": pa.array([date for _, date, _ in rows], pa.date32()),
        "response": [code for _, _, code in rows],
        "_delivery": ["DLV-0123456789ab"] * len(rows),
        "_row": list(range(1, len(rows) + 1)),
    }
    return pa.table(columns)


def test_dates_become_days_from_diagnosis_and_the_year_stays():
    patient = dated_patients([{}, {"death_date": dt.date(2016, 2, 29), "vital_status": "dead"}])
    response = responses([(0, dt.date(2015, 4, 10), "CR"), (1, None, "NR"), (1, dt.date(2015, 2, 27), "NE")])
    shaped = shape({"patient": patient, "response": response}, CALENDAR, POLICY)
    found = shaped.tables["patient"]
    assert found.column("death_day").to_pylist() == [None, 365]
    assert found.column("last_contact_day").to_pylist() == [1919, 1919]
    assert found.column("index_year").to_pylist() == [2015, 2015]
    assert shaped.tables["response"].column("assessment_day").to_pylist() == [40, None, -2]


def test_no_date_no_provenance_and_no_key_is_left():
    shaped = shape(
        {"patient": dated_patients([{}]), "response": responses([(0, None, "CR")])}, CALENDAR, POLICY
    )
    for table in shaped.tables.values():
        assert [name for name in table.column_names if name[0] == "_" or name.endswith(("_id", "_date"))] in (
            [],
            ["provider_id"],
        )
        assert not any(pa.types.is_temporal(field.type) for field in table.schema)
    gone = {"year_of_birth", "pediatric", "consent_status", "data_cutoff_date", "index_diagnosis_day"}
    assert gone & set(shaped.tables["patient"].column_names) == set()


def test_patients_without_an_index_date_are_left_out_with_their_rows_and_counted():
    patient = dated_patients([{}, {"index_diagnosis_date": None}])
    response = responses([(0, dt.date(2015, 4, 10), "CR"), (1, dt.date(2015, 4, 10), "CR")])
    shaped = shape({"patient": patient, "response": response}, CALENDAR, POLICY)
    assert (shaped.without_index, len(shaped.tables["patient"]), len(shaped.tables["response"])) == (1, 1, 1)


def test_the_days_axis_counts_from_the_technical_epoch():
    patient = dated_patients([{"last_contact_date": dt.date(2000, 1, 31)}]).drop_columns(
        ["index_diagnosis_date"]
    )
    shaped = shape({"patient": patient}, {"axis": "days", "index_event": "transplant"}, POLICY)
    assert shaped.tables["patient"].column("last_contact_day").to_pylist() == [30]
    assert "index_year" not in shaped.tables["patient"].column_names


def test_a_column_without_a_role_stops_the_gate():
    patient = dated_patients([{}]).append_column("shoe_size", pa.array([42]))
    with pytest.raises(AnonymityRefused, match=r"patient\.shoe_size"):
        shape({"patient": patient}, CALENDAR, POLICY)


def test_a_date_field_becomes_a_day_field():
    assert [day_name(name) for name in ("death_date", "sample_date")] == ["death_day", "sample_day"]


#: One patient before the horizon at day 100, what changes in it and what the patient is afterwards.
ALIVE = {
    "vital_status": "alive", "death_day": None, "cause_of_death": None, "last_contact_day": 90,
    "censor_reason": "data_cutoff", "lost_to_follow_up": False,
}  # fmt: skip
DEAD = ALIVE | {"vital_status": "dead", "death_day": 90, "cause_of_death": "gvhd", "censor_reason": "death"}
ENDED = ALIVE | {"last_contact_day": 100}
HORIZON = (
    ("before it nothing changes", ALIVE, {}, ALIVE, 0),
    ("on it nothing changes", DEAD, {"death_day": 100, "last_contact_day": 100},
     DEAD | {"death_day": 100, "last_contact_day": 100}, 0),
    ("last contact behind it ends at it", ALIVE, {"last_contact_day": 130}, ENDED, 0),
    ("a death behind it is not known yet", DEAD, {"death_day": 101, "last_contact_day": 101}, ENDED, 1),
    ("a death behind it hides with an early last contact", DEAD, {"death_day": 101, "last_contact_day": 95},
     ALIVE | {"last_contact_day": 100}, 1),
    ("a death before it stays", DEAD, {}, DEAD, 0),
    ("a loss behind it is not known yet", ALIVE,
     {"last_contact_day": 130, "lost_to_follow_up": True, "censor_reason": "lost"}, ENDED, 0),
    ("an undated death behind it is not known yet", DEAD,
     {"death_day": None, "last_contact_day": 130}, ENDED, 1),
    ("an undated death before it stays", DEAD, {"death_day": None}, DEAD | {"death_day": None}, 0),
)  # fmt: skip


@pytest.mark.parametrize(("what", "base", "change", "after", "hidden"), HORIZON, ids=[h[0] for h in HORIZON])
def test_follow_up_ends_at_the_horizon(what, base, change, after, hidden):
    row = {"person": "p"} | base | change
    kinds = {"death_day": pa.int32(), "last_contact_day": pa.int32(), "cause_of_death": pa.string()}
    table = pa.table({name: pa.array([value], kinds.get(name)) for name, value in row.items()})
    ended, count = end_at_horizon({"patient": table}, {"p": 150}, lambda _: 50)
    assert ended["patient"].to_pylist()[0] == {"person": "p"} | after
    assert count == hidden


def test_rows_behind_the_horizon_go_and_later_dates_of_kept_rows_are_not_known_yet():
    patient = pa.table({"person": ["p"], "last_contact_day": pa.array([90], pa.int32())})
    days = {
        "start_day": pa.array([90, 101, None], pa.int32()),
        "end_day": pa.array([120, 130, 99], pa.int32()),
    }
    treatment = pa.table({"person": ["p"] * 3, **days})
    ended, _ = end_at_horizon({"patient": patient, "treatment": treatment}, {"p": 150}, lambda _: 50)
    rows = [(row["start_day"], row["end_day"]) for row in ended["treatment"].to_pylist()]
    assert rows == [(90, None), (None, 99)]


def test_who_was_diagnosed_behind_the_own_horizon_keeps_day_0_only():
    patient = pa.table({"person": ["p"], "last_contact_day": pa.array([20], pa.int32())})
    response = pa.table({"person": ["p", "p"], "assessment_day": pa.array([0, 10], pa.int32())})
    ended, _ = end_at_horizon({"patient": patient, "response": response}, {"p": 30}, lambda _: 50)
    assert ended["patient"].column("last_contact_day").to_pylist() == [0]
    assert ended["response"].column("assessment_day").to_pylist() == [0]


@pytest.mark.parametrize("role", ["plain", "sensitive", "quasi"])
def test_a_date_that_a_network_calls_plain_stops_the_gate(role):
    loose = replace(POLICY, roles={**POLICY.roles, "patient.index_diagnosis_date": role})
    with pytest.raises(AnonymityRefused, match="is a date"):
        shape({"patient": dated_patients([{}])}, CALENDAR, loose)
