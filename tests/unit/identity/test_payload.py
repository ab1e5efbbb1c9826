"""Tables of a payload: order, row numbers for local keys, and what stays at home."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from harmony.errors import DataRefused, IdentifierFound, LayoutRefused
from harmony.identity.payload import Shape, write_parts
from harmony.store.tables import read_table, write_table

SHAPE = Shape(
    {"patient": "patient_id", "treatment": "treatment_id", "response": "response_id"},
    frozenset({"patient.disease", "treatment.start_date", "response.response"}),
)
HANDLES = {"7001": "c" * 32, "7002": "a" * 32, "7003": "b" * 32}


def tables():
    return {
        "patient": pa.table(
            {"patient_id": list(HANDLES), "disease": ["AML", None, "MDS"], "_row": [2, 3, 4]}
        ),
        "treatment": pa.table(
            {
                "treatment_id": ["T1", "T2", "T3"],
                "patient_id": ["7001", "7002", "7001"],
                "start_date": pa.array([dt.date(2020, 1, day) for day in (1, 2, 3)], pa.date32()),
                "regimen_text": ["Canary said so"] * 3,
            }
        ),
        "response": pa.table(
            {
                "response_id": ["R1", "R2", "R3"],
                "patient_id": ["7001", "7002", "7001"],
                "treatment_id": ["T3", "T2", None],
                "response": ["CR", "PR", "CR"],
            }
        ),
    }


def packed(tmp_path, changed=None, handles=HANDLES):
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    target.mkdir()
    files = {}
    for name, table in {**tables(), **(changed or {})}.items():
        files[name] = source / f"{name}.parquet"
        write_table(files[name], table)
    made = write_parts(files, handles, SHAPE, target)
    return made, {part.name: read_table(part.content).to_pydict() for part in made.parts}


def test_rows_are_ordered_by_handle_and_local_keys_become_row_numbers(tmp_path):
    made, parts = packed(tmp_path)
    assert parts["patient"] == {
        "handle": ["a" * 32, "b" * 32, "c" * 32],
        "disease": [None, "MDS", "AML"],
        "_row": [1, 2, 3],
    }
    assert parts["treatment"] == {
        "handle": ["a" * 32, "c" * 32, "c" * 32],
        "treatment_id": ["1", "2", "3"],
        "start_date": [dt.date(2020, 1, day) for day in (2, 1, 3)],
        "_row": [1, 2, 3],
    }
    # R2 belongs to T2, now row 1; R1 to T3, now row 3; R3 has no treatment.
    assert parts["response"]["treatment_id"] == ["1", "3", None]
    assert parts["response"]["response_id"] == ["1", "2", "3"]
    assert made.dropped == ["treatment.regimen_text"]
    assert [part.rows for part in made.parts] == [3, 3, 3]


@pytest.mark.parametrize(
    ("table", "column", "values", "error"),
    [
        ("treatment", "patient_id", ["7001", "9999", "7001"], DataRefused),
        ("treatment", "patient_id", ["7001", None, "7001"], DataRefused),
        ("treatment", "treatment_id", ["T1", "T1", "T3"], DataRefused),
        ("treatment", "treatment_id", ["T1", None, "T3"], DataRefused),
        ("response", "treatment_id", ["T3", "T9", None], DataRefused),
        ("patient", "disease", ["AML", "Canary, Maria", "MDS"], IdentifierFound),
        ("patient", "disease", ["AML", "x" * 41, "MDS"], IdentifierFound),
        ("patient", "disease", ["AML", "AML\nCanary", "MDS"], IdentifierFound),
        ("patient", "disease", [["AML"], ["AML"], ["AML"]], LayoutRefused),
    ],
)
def test_rows_that_would_leave_wrong_are_refused_without_showing_them(tmp_path, table, column, values, error):
    changed = tables()[table]
    place = changed.column_names.index(column)
    with pytest.raises(error) as found:
        packed(tmp_path, {table: changed.set_column(place, column, pa.array(values))})
    assert not any(value in str(found.value) for value in ("Canary", "9999", "T9"))


def test_table_that_the_dictionary_does_not_have_is_refused(tmp_path):
    with pytest.raises(LayoutRefused):
        packed(tmp_path, {"notes": tables()["patient"]})
