"""Random common tables over every dictionary field go to OMOP and come back equal."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harmony.dictionary.model import load
from harmony.errors import HarmonyError
from harmony.omop.canonical import PROVENANCE, canonical, require_equal
from harmony.omop.cdm import check_table
from harmony.omop.concepts import load_concepts
from harmony.omop.read import from_omop
from harmony.omop.write import to_omop
from harmony.store.tables import ARROW_TYPES

DICTIONARY = load()
PACK = load_concepts()
PATIENTS = [f"{n:032x}" for n in (7, 255, 2**100, 3)]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    "aé漢😀/", min_size=55, max_size=190
)
POOLS = {
    "date": st.dates(dt.date.min, dt.date.max),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "text": TEXT,
}


def pool(data: st.DataObject, field) -> list:
    """Return possible cells of a field: listed codes, unlisted ones, extremes, and nothing."""
    if field.type == "category":
        return [*list(field.codes)[:3], *data.draw(st.lists(TEXT, max_size=1)), None]
    return [*data.draw(st.lists(POOLS[field.type], min_size=1, max_size=3)), None]


def column(data: st.DataObject, field, rng: np.random.Generator, rows: int, table: str) -> pa.Array:
    if field.name == "patient_id":
        cells = [PATIENTS[i] for i in rng.integers(0, len(PATIENTS), rows)]
    else:
        choices = pool(data, field)
        cells = [choices[i] for i in rng.integers(0, len(choices), rows)]
    return pa.array(cells, ARROW_TYPES[field.type])


def provenance(table: str, rows: int) -> dict[str, pa.Array]:
    values = (["DLV-0123456789ab"] * rows, [table] * rows, range(1, rows + 1))
    return {n: pa.array(v, t) for (n, t), v in zip(PROVENANCE.items(), values, strict=True)}


@st.composite
def deliveries(draw: st.DrawFn) -> dict[str, pa.Table]:
    data = draw(st.data())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    tables = {}
    for name in draw(
        st.lists(st.sampled_from(sorted(DICTIONARY.tables)), unique=True, min_size=1, max_size=4)
    ):
        fields = DICTIONARY.tables[name]
        rows = draw(st.integers(0, 7))
        kept = [f for f in fields if f.name in (fields[0].name, "patient_id") or rng.random() < 0.6]
        columns = {f.name: column(data, f, rng, rows, name) for f in kept}
        if draw(st.booleans()):
            columns |= provenance(name, rows)
        tables[name] = pa.table(columns)
    return tables


FAST = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@FAST
@given(deliveries(), st.sampled_from(["calendar", "days"]))
def test_tables_come_back_from_omop_with_every_cell_column_and_type(tables, axis):
    cdm = to_omop(tables, DICTIONARY, {"axis": axis}, PACK)
    rebuilt = from_omop(cdm, DICTIONARY, PACK)

    assert rebuilt.keys() == tables.keys()
    for name, table in tables.items():
        assert rebuilt[name].equals(canonical(table, DICTIONARY.key_of(name)))
    require_equal(tables, rebuilt, DICTIONARY)


@FAST
@given(deliveries())
def test_every_omop_table_follows_the_cdm_and_never_a_note(tables):
    cdm = to_omop(tables, DICTIONARY, {}, PACK)

    for name, table in cdm.items():
        check_table(name, table)
    assert "note" not in cdm
    persons = set(cdm["person"]["person_id"].to_pylist())
    for table in cdm.values():
        if "person_id" in table.column_names:
            assert set(table["person_id"].to_pylist()) <= persons


@FAST
@given(deliveries(), st.integers(0, 2**32))
def test_the_order_of_rows_changes_nothing_in_the_copy_and_nothing_in_the_way_back(tables, seed):
    rng = np.random.default_rng(seed)
    shuffled = {n: t.take(pa.array(rng.permutation(t.num_rows))) for n, t in tables.items()}

    cdm = to_omop(tables, DICTIONARY, {}, PACK)
    assert to_omop(shuffled, DICTIONARY, {}, PACK) == cdm
    mixed = {n: t.take(pa.array(rng.permutation(t.num_rows))) for n, t in cdm.items()}
    assert from_omop(mixed, DICTIONARY, PACK) == from_omop(cdm, DICTIONARY, PACK)


@FAST
@given(deliveries(), st.integers(0, 2**32))
def test_one_record_taken_out_of_the_facts_is_always_noticed(tables, seed):
    cdm = to_omop(tables, DICTIONARY, {}, PACK)
    rng = np.random.default_rng(seed)
    event = {"measurement": "measurement_event_id", "observation": "observation_event_id"}
    for name in event:
        facts = np.flatnonzero(cdm[name][event[name]].is_valid().to_numpy())
        if not len(facts):
            continue
        gone = rng.choice(facts)
        kept = np.delete(np.arange(cdm[name].num_rows), gone)
        spoiled = cdm | {name: cdm[name].take(pa.array(kept))}
        with pytest.raises(HarmonyError):
            require_equal(tables, from_omop(spoiled, DICTIONARY, PACK), DICTIONARY)
