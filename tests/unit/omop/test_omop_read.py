"""Common tables come back from OMOP, and a copy that lost something is noticed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from harmony.dictionary.model import load
from harmony.errors import DataRefused, HarmonyError
from harmony.omop.canonical import canonical, first_difference, require_equal
from harmony.omop.concepts import load_concepts
from harmony.omop.read import from_omop
from harmony.omop.write import to_omop
from harmony.store.tables import ARROW_TYPES

DICTIONARY = load()
PACK = load_concepts()
A, B = "a" * 32, "b" * 32
DAY = dt.date(2020, 1, 2)


def table(name: str, **columns: list) -> pa.Table:
    fields = {f.name: ARROW_TYPES[f.type] for f in DICTIONARY.tables[name]}
    return pa.table({k: pa.array(v, fields[k]) for k, v in columns.items()})


def there_and_back(**tables: pa.Table) -> dict[str, pa.Table]:
    return from_omop(to_omop(tables, DICTIONARY, {}, PACK), DICTIONARY, PACK)


def sample() -> dict[str, pa.Table]:
    return {
        "patient": table(
            "patient",
            patient_id=[A, B],
            year_of_birth=[None, 1950],
            centre_code=["x" * 130, None],
            death_date=[None, DAY],
        ),
        "mrd": table("mrd", mrd_id=["1", "2"], patient_id=[A, A], sample_date=[DAY, None], level=[0.1, None]),
    }


def test_invented_values_come_back_as_not_known():
    rebuilt = there_and_back(**sample())
    assert rebuilt["patient"]["year_of_birth"].to_pylist() == [None, 1950]
    assert rebuilt["mrd"]["sample_date"].to_pylist() == [DAY, None]


@pytest.mark.parametrize(
    ("name", "key", "field", "values"),
    [
        ("gene_test", "test_id", "npm1_status", ["not_tested", "wild_type", "mutated", None]),
        ("cytogenetics", "report_id", "kmt2a_r", ["absent", "present", "not_assessed", None]),
        ("mrd", "mrd_id", "level", [-0.5, 5e-324, 1.7976931348623157e308, None]),
        ("treatment", "treatment_id", "line_number", [-(2**63), 2**53 + 1, 2**53, None]),
        ("treatment", "treatment_id", "end_date", [dt.date.min, dt.date.max, dt.date(1969, 12, 31), None]),
        ("follow_up", "follow_up_id", "alive", [True, False, None, None]),
        ("patient", "patient_id", "centre_code", ["", "é😀漢" * 50, "x" * 60, None]),
        ("mrd", "mrd_id", "method", ["", "unlisted", "x" * 51, None]),
    ],
)
def test_each_type_keeps_its_extremes_and_what_is_not_known(name, key, field, values):
    rows = {"patient_id": [f"{n:032x}" for n in range(4)], field: values}
    if key != "patient_id":
        rows = {key: ["1", "2", "3", "4"]} | rows
    original = table(name, **rows)
    assert there_and_back(**{name: original})[name].equals(original)


def test_row_keys_longer_than_their_column_and_missing_ones_come_back():
    original = table("mrd", mrd_id=["k" * 130, "k" * 60, None], patient_id=[A, A, A])
    rebuilt = there_and_back(mrd=original)["mrd"]
    assert sorted(rebuilt["mrd_id"].to_pylist(), key=str) == [None, "k" * 60, "k" * 130]


def test_empty_tables_and_columns_without_a_value_come_back():
    tables = {
        "patient": table("patient", sex=[None], patient_id=[A]),
        "transplant": table("transplant", transplant_id=[], patient_id=[], transplant_number=[]),
    }
    rebuilt = there_and_back(**tables)
    assert rebuilt["patient"].column_names == ["sex", "patient_id"]
    assert rebuilt["transplant"].num_rows == 0
    assert rebuilt["transplant"].schema.equals(tables["transplant"].schema)


def test_delivery_without_any_row_comes_back():
    original = table("mrd", mrd_id=[], patient_id=[], level=[])
    assert there_and_back(mrd=original)["mrd"].equals(original)


def drop(cdm: dict[str, pa.Table], name: str, mask: pa.Array) -> dict[str, pa.Table]:
    assert pc.sum(mask).as_py() == 1
    return cdm | {name: cdm[name].filter(pc.invert(mask))}


def test_lost_anchor_piece_and_person_are_refused():
    cdm = to_omop(sample(), DICTIONARY, {}, PACK)
    observation = cdm["observation"]
    lost = [
        (
            "observation",
            pc.and_(
                pc.equal(observation["observation_source_value"], "HMY:mrd"),
                pc.equal(observation["value_as_string"], "2"),
            ),
            "lost or gained rows",
        ),
        ("observation", pc.equal(observation["qualifier_source_value"], "2/3").fill_null(False), "piece"),
        ("person", pc.equal(cdm["person"]["person_source_value"], B), "no person"),
    ]
    for name, mask, message in lost:
        with pytest.raises(DataRefused, match=message):
            from_omop(drop(cdm, name, mask), DICTIONARY, PACK)


def test_lost_fact_is_named_with_table_and_column_and_without_its_value():
    tables = sample()
    cdm = to_omop(tables, DICTIONARY, {}, PACK)
    level = pc.equal(cdm["measurement"]["measurement_source_value"], "HMY:mrd.level")
    rebuilt = from_omop(drop(cdm, "measurement", level), DICTIONARY, PACK)
    with pytest.raises(HarmonyError, match=r"table mrd differs from the original in: level") as caught:
        require_equal(tables, rebuilt, DICTIONARY)
    assert caught.value.exit_code == 70
    assert "0.1" not in str(caught.value)


def test_fact_that_stands_twice_or_belongs_to_no_row_is_refused():
    cdm = to_omop(sample(), DICTIONARY, {}, PACK)
    twice = pa.concat_tables([cdm["measurement"], cdm["measurement"]])
    with pytest.raises(DataRefused, match=r"mrd\.level stands twice"):
        from_omop(cdm | {"measurement": twice}, DICTIONARY, PACK)
    place = cdm["measurement"].schema.get_field_index("measurement_event_id")
    ids = pa.array(np.full(cdm["measurement"].num_rows, 10**6))
    stray = cdm["measurement"].set_column(place, "measurement_event_id", ids)
    with pytest.raises(DataRefused, match=r"mrd\.level belongs to no row"):
        from_omop(cdm | {"measurement": stray}, DICTIONARY, PACK)


@pytest.mark.parametrize(
    ("code", "column", "text", "message"),
    [
        ("HMY:patient.death_date", "value_as_string", "secret", "patient.death_date that cannot be read"),
        (
            "HMY:patient.year_of_birth",
            "value_as_string",
            "secret",
            "patient.year_of_birth that cannot be read",
        ),
        ("HMY:patient.centre_code", "qualifier_source_value", "a/b", "piece's mark that cannot be read"),
    ],
)
def test_value_that_cannot_be_read_is_refused_without_showing_it(code, column, text, message):
    cdm = to_omop(sample(), DICTIONARY, {}, PACK)
    observation = cdm["observation"]
    chosen = pc.equal(observation["observation_source_value"], code)
    place = observation.schema.get_field_index(column)
    spoiled = pc.if_else(chosen, text, observation[column])
    with pytest.raises(DataRefused, match=message) as caught:
        from_omop(cdm | {"observation": observation.set_column(place, column, spoiled)}, DICTIONARY, PACK)
    assert text not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_difference_is_found_in_columns_rows_and_cells_and_order_is_none():
    one = table("mrd", mrd_id=["1", "2"], patient_id=[A, B], level=[0.1, None])
    assert first_difference(one, one) is None
    assert first_difference(one, one.drop_columns(["level"])) == "columns"
    assert first_difference(one, one.slice(0, 1)) == "rows"
    assert (
        first_difference(one, table("mrd", mrd_id=["1", "2"], patient_id=[A, B], level=[0.1, 0.0])) == "level"
    )
    assert canonical(one.take(pa.array([1, 0])), "mrd_id").equals(canonical(one, "mrd_id"))


def test_lost_and_unexpected_tables_differ():
    tables = sample()
    with pytest.raises(HarmonyError, match="table mrd differs"):
        require_equal(tables, {"patient": tables["patient"]}, DICTIONARY)
    with pytest.raises(HarmonyError, match="table mrd differs"):
        require_equal({"patient": tables["patient"]}, tables, DICTIONARY)
