"""The stage harmonise: whole, proved, and refused when the proof fails."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from harmony.dictionary.model import load
from harmony.errors import HarmonyError
from harmony.omop.concepts import load_concepts
from harmony.omop.harmonise import harmonise, prove, rules_agree
from harmony.omop.mapping import mapped_share
from harmony.omop.read import from_omop
from harmony.settings import ZONE_KEYS, create_zone
from harmony.stages.journey import CheckedTables, HarmonisedTables
from harmony.stages.record import Outcome
from harmony.stages.run import open_stage, run
from harmony.store.control.database import open_control
from harmony.store.tables import ARROW_TYPES, read_tables, write_table

DICTIONARY = load()
PACK = load_concepts()
A, B = "a" * 32, "b" * 32
DAY = dt.date(2020, 1, 2)
DETAILS = {"mark": "public", "axis": "days", "index_event": "diagnosis", "provider": "registry"}


def table(name: str, **columns: list) -> pa.Table:
    fields = {f.name: ARROW_TYPES[f.type] for f in DICTIONARY.tables[name]}
    return pa.table({k: pa.array(v, fields[k]) for k, v in columns.items()})


def tables() -> dict[str, pa.Table]:
    return {
        "patient": table("patient", patient_id=[A, B], disease=["AML", "OTHER"], sex=["male", None]),
        "gene_test": table(
            "gene_test",
            test_id=["1", "2"],
            patient_id=[A, B],
            sample_date=[DAY, None],
            npm1_status=["wild_type"] * 2,
        ),
    }


def untested(common: dict[str, pa.Table]) -> dict[str, int]:
    """Count rows without a date, as a rule would."""
    return {"HQ-X-001": common["gene_test"]["sample_date"].null_count}


@pytest.fixture
def zone(tmp_path):
    keys = {name: bytes([n + 1]) * 32 for n, name in enumerate(ZONE_KEYS["restricted"])}
    return create_zone(tmp_path / "restricted", "restricted", "platform", "0" * 32, keys)


@pytest.fixture
def journal(zone):
    control = open_control(zone.control_url)
    yield control.journal()
    control.close()


@pytest.fixture
def checked(zone, journal):
    def work(folder):
        (folder / "tables").mkdir()
        for name, content in tables().items():
            write_table(folder / "tables" / f"{name}.parquet", content)
        return Outcome("passed", {"in": 4, "out": 4, "set_aside": 0, "refused": 0}, details=DETAILS)

    return run(CheckedTables, zone, "gate", "DLV-0123456789ab", [], work, journal)


def test_stage_holds_the_checked_files_the_copy_and_the_mapped_share(zone, journal, checked):
    stage = harmonise(zone, checked, DICTIONARY, journal, untested)

    for name in ("patient", "gene_test"):
        path = f"tables/{name}.parquet"
        assert stage.path(path).read_bytes() == checked.path(path).read_bytes()
    assert from_omop(read_tables(stage.path("omop")), DICTIONARY) == tables()
    assert stage.record.counts == {"in": 2, "out": 2, "set_aside": 0, "refused": 0}
    assert {d.id for d in stage.record.definitions} == {"harmony-core", "harmony-concepts"}
    rows = {o.path: o.rows for o in stage.record.outputs}
    assert rows["omop/person.parquet"] == 2
    assert rows["omop/measurement.parquet"] == 2
    assert stage.details["axis"] == "days"
    assert stage.details["harmonised_patients"] == 2


def test_mapped_share_counts_values_and_patients_and_lists_the_rest(zone, journal, checked):
    stage = harmonise(zone, checked, DICTIONARY, journal, untested)
    mapping = json.loads(stage.path("mapping.json").read_text(encoding="utf-8"))

    # A: disease, sex, sample date mapped, gene not (3 of 4); B: disease OTHER and gene not (0 of 2).
    assert mapping["by_row"] == {"all": 6, "mapped": 3}
    assert mapping["by_patient"] == {"all": 2, "wholly_mapped": 0, "mean_share": 0.375}
    gene, disease = "HMY:gene_test.npm1_status=wild_type", "HMY:patient.disease=OTHER"
    assert mapping["unmapped"] == [
        {"concept_code": gene, "concept_id": PACK.id_of(gene), "rows": 2, "patients": 2},
        {"concept_code": disease, "concept_id": PACK.id_of(disease), "rows": 1, "patients": 1},
    ]


def test_unlisted_code_is_counted_and_not_named():
    share = mapped_share({"patient": table("patient", patient_id=[A], sex=["secret"])}, DICTIONARY, PACK)
    assert [(u.concept_code, u.concept_id, u.rows) for u in share.unmapped] == [("HMY:patient.sex=?", 0, 1)]
    assert mapped_share({}, DICTIONARY, PACK).mean_patient_share is None


def test_second_run_returns_the_stored_stage(zone, journal, checked):
    first = harmonise(zone, checked, DICTIONARY, journal, untested)
    second = harmonise(zone, checked, DICTIONARY, journal, untested)
    assert second.record == first.record
    assert open_stage(HarmonisedTables, zone, "harmonise", "DLV-0123456789ab", journal).record == first.record


def test_rules_that_count_differently_stop_the_stage_and_nothing_stands(zone, journal, checked):
    calls = []

    def moody(common):
        calls.append(common)
        return {"HQ-X-001": len(calls), "HQ-X-002": 0}

    with pytest.raises(HarmonyError, match="HQ-X-001") as caught:
        harmonise(zone, checked, DICTIONARY, journal, moody)
    assert "HQ-X-002" not in str(caught.value)
    assert caught.value.exit_code == 70
    assert journal.find("harmonise", "DLV-0123456789ab") is None


def test_rule_that_exists_on_one_side_only_disagrees():
    rules_agree({"R": 1}, {"R": 1})
    with pytest.raises(HarmonyError, match="S"):
        rules_agree({"R": 1}, {"R": 1, "S": 0})


def test_copy_on_disk_that_lost_a_fact_fails_the_proof(zone, journal, checked, tmp_path):
    stage = harmonise(zone, checked, DICTIONARY, journal, untested)
    copy = read_tables(stage.path("omop"))
    code = copy["measurement"]["measurement_source_value"]
    copy["measurement"] = copy["measurement"].filter(pc.not_equal(code, "HMY:gene_test.npm1_status"))
    for name, content in copy.items():
        write_table(tmp_path / f"{name}.parquet", content)
    with pytest.raises(HarmonyError, match=r"table gene_test differs from the original in: npm1_status"):
        prove(tmp_path, tables(), DICTIONARY, PACK, untested)
