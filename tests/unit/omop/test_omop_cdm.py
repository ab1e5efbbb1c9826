"""The CDM tables that we write are the CDM's, and a table that is not is refused."""

from __future__ import annotations

import csv
import hashlib
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pytest

from harmony.errors import HarmonyError
from harmony.omop.cdm import arrow_type, cdm_tables, check_table, column_width, schema, width

#: OHDSI's field list, where it lies beside the checkout; it is compared with and never committed.
FIELD_LIST = Path(__file__).parents[4] / "shared" / "omop" / "OMOP_CDMv5.4_Field_Level.csv"

#: SHA-256 of `cdm.csv` as the comparison passed.
COMPARED = "3518fc22fea177f83e65461d84e9789fdae2693d43c0ba4b929c18a2a2d5a28c"


def packaged_sha256() -> str:
    text = resources.files("harmony.omop").joinpath("cdm.csv").read_bytes()
    return hashlib.sha256(text).hexdigest()


def test_column_list_has_names_order_types_and_requirements_of_the_cdm_field_list():
    if not FIELD_LIST.is_file():
        # It was compared before; the hash below stands for that comparison.
        assert packaged_sha256() == COMPARED
        return
    with FIELD_LIST.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for table, columns in cdm_tables().items():
        listed = [r for r in rows if r["cdmTableName"].lower() == table]
        expected = [
            (
                r["cdmFieldName"],
                arrow_type(r["cdmDatatype"]),
                width(r["cdmDatatype"]),
                r["isRequired"] == "Yes",
            )
            for r in listed
        ]
        assert [(c.name, c.type, c.width, c.required) for c in columns] == expected


def test_column_list_is_the_one_that_was_compared_with_the_cdm_field_list():
    assert packaged_sha256() == COMPARED


def test_column_list_has_eleven_tables_and_162_columns():
    assert len(cdm_tables()) == 11
    assert sum(len(columns) for columns in cdm_tables().values()) == 162
    assert column_width("observation", "value_as_string") == 60
    assert column_width("measurement", "value_source_value") == 50


def period(**changes: pa.Array) -> pa.Table:
    columns = {
        "observation_period_id": pa.array([1], pa.int64()),
        "person_id": pa.array([1], pa.int64()),
        "observation_period_start_date": pa.array([0], pa.date32()),
        "observation_period_end_date": pa.array([1], pa.date32()),
        "period_type_concept_id": pa.array([32879], pa.int64()),
    }
    return pa.table(columns | changes)


def test_table_that_follows_the_cdm_passes():
    check_table("observation_period", period())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"person_id": pa.array([None], pa.int64())}, "person_id has empty cells"),
        ({"person_id": pa.array([1], pa.int32())}, "other columns"),
        ({"unknown": pa.array([1])}, "other columns"),
    ],
)
def test_table_with_a_gap_another_type_or_another_column_is_refused(changes, message):
    with pytest.raises(HarmonyError, match=message) as caught:
        check_table("observation_period", period(**changes))
    assert caught.value.exit_code == 70


def test_text_longer_than_its_column_is_refused_with_lengths_and_without_the_text():
    columns = {f.name: pa.nulls(1, f.type) for f in schema("person")}
    for name in (
        "person_id",
        "gender_concept_id",
        "year_of_birth",
        "race_concept_id",
        "ethnicity_concept_id",
    ):
        columns[name] = pa.array([0], pa.int64())
    columns["person_source_value"] = pa.array(["x" * 51])
    with pytest.raises(HarmonyError, match="person_source_value holds 51 characters") as caught:
        check_table("person", pa.table(columns))
    assert caught.value.allowed == "at most 50"
    assert "xxx" not in str(caught.value)
