"""What stands where in the OMOP copy."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from harmony.dictionary.model import load
from harmony.errors import DataRefused, LayoutRefused
from harmony.omop.concepts import load_concepts
from harmony.omop.write import to_omop
from harmony.store.tables import ARROW_TYPES

DICTIONARY = load()
PACK = load_concepts()
A, B = "a" * 32, "b" * 32
DAY = dt.date(2020, 1, 2)


def table(name: str, **columns: list) -> pa.Table:
    fields = {f.name: ARROW_TYPES[f.type] for f in DICTIONARY.tables[name]}
    return pa.table({k: pa.array(v, fields[k]) for k, v in columns.items()})


def copy(details: dict | None = None, **tables: pa.Table) -> dict[str, pa.Table]:
    return to_omop(tables, DICTIONARY, details or {}, PACK)


def facts(cdm: dict[str, pa.Table], table: str, code: str) -> list[dict]:
    rows = cdm[table]
    return rows.filter(pc.equal(rows[f"{table}_source_value"], code)).to_pylist()


def test_persons_are_numbered_by_sorted_id_and_not_by_order_of_delivery():
    cdm = copy(patient=table("patient", patient_id=[B, A], sex=["male", "unknown"]))
    people = cdm["person"].select(["person_id", "person_source_value", "gender_concept_id"]).to_pylist()
    assert people == [
        {"person_id": 1, "person_source_value": A, "gender_concept_id": 0},
        {"person_id": 2, "person_source_value": B, "gender_concept_id": 8507},
    ]


def test_measured_number_has_standard_concept_unit_own_source_concept_and_its_anchor():
    cdm = copy(
        biochemistry=table(
            "biochemistry", sample_id=["7"], patient_id=[A], sample_date=[DAY], haemoglobin=[10.5]
        )
    )
    [anchor] = facts(cdm, "observation", "HMY:biochemistry")
    [fact] = facts(cdm, "measurement", "HMY:biochemistry.haemoglobin")
    assert (anchor["value_as_string"], anchor["observation_date"]) == ("7", DAY)
    assert fact["measurement_concept_id"] == 3000963
    assert fact["measurement_source_concept_id"] == PACK.id_of("HMY:biochemistry.haemoglobin")
    assert (fact["value_as_number"], fact["unit_concept_id"], fact["unit_source_value"]) == (
        10.5,
        8713,
        "g/dL",
    )
    assert fact["measurement_event_id"] == anchor["observation_id"]
    assert fact["meas_event_field_concept_id"] == 1147165
    assert fact["measurement_date"] == DAY


def test_not_tested_wild_type_and_absent_are_facts_and_an_unknown_cell_is_none():
    cdm = copy(
        gene_test=table(
            "gene_test",
            test_id=["1", "2", "3"],
            patient_id=[A, A, B],
            npm1_status=["not_tested", "wild_type", None],
        ),
        mrd=table("mrd", mrd_id=["1"], patient_id=[A], status=["absent"]),
    )
    values = {
        f["value_source_value"]: f["value_as_concept_id"]
        for f in facts(cdm, "measurement", "HMY:gene_test.npm1_status")
    }
    assert values == {
        code: PACK.id_of(f"HMY:gene_test.npm1_status={code}") for code in ("not_tested", "wild_type")
    }
    [mrd] = facts(cdm, "measurement", "HMY:mrd.status")
    assert mrd["value_as_concept_id"] == PACK.id_of("HMY:mrd.status=absent")


def test_long_text_travels_in_marked_pieces_one_after_the_other():
    text = "é" * 60 + "b" * 60 + "c"
    cdm = copy(patient=table("patient", patient_id=[A], centre_code=[text]))
    parts = facts(cdm, "observation", "HMY:patient.centre_code")
    assert [p["qualifier_source_value"] for p in parts] == ["1/3", "2/3", "3/3"]
    assert "".join(p["value_as_string"] for p in parts) == text
    ids = [p["observation_id"] for p in parts]
    assert ids == list(range(ids[0], ids[0] + 3))


def test_date_without_a_column_is_iso_text():
    cdm = copy(patient=table("patient", patient_id=[A], data_cutoff_date=[DAY]))
    [fact] = facts(cdm, "observation", "HMY:patient.data_cutoff_date")
    assert (fact["value_as_string"], fact["qualifier_source_value"]) == ("2020-01-02", None)


def test_birth_year_and_period_that_nobody_knows_are_invented_and_flagged():
    cdm = copy(
        patient=table(
            "patient",
            patient_id=[A, B],
            index_diagnosis_date=[DAY, None],
            age_at_diagnosis=[30.9, None],
            year_of_birth=[None, 1950],
            last_contact_date=[dt.date(2021, 5, 1), None],
        )
    )
    assert cdm["person"]["year_of_birth"].to_pylist() == [1990, 1950]
    [year] = facts(cdm, "observation", "HMY:invented.year_of_birth")
    [start] = facts(cdm, "observation", "HMY:invented.observation_period_start_date")
    [end] = facts(cdm, "observation", "HMY:invented.observation_period_end_date")
    assert (year["person_id"], start["person_id"], end["person_id"]) == (1, 2, 2)
    periods = cdm["observation_period"].to_pylist()
    assert periods[0]["observation_period_start_date"] == DAY
    assert periods[0]["observation_period_end_date"] == dt.date(2021, 5, 1)
    assert periods[1]["observation_period_start_date"] == dt.date(1970, 1, 1)


def test_known_birth_year_and_period_carry_no_flag():
    cdm = copy(
        patient=table(
            "patient",
            patient_id=[A],
            index_diagnosis_date=[DAY],
            year_of_birth=[1950],
            last_contact_date=[DAY],
        )
    )
    assert not [v for v in cdm["observation"]["observation_source_value"].to_pylist() if "invented" in v]


def test_death_without_a_date_is_an_observation_and_no_death_row():
    cdm = copy(
        patient=table(
            "patient",
            patient_id=[A, B],
            vital_status=["dead", "dead"],
            death_date=[None, DAY],
            cause_of_death=["gvhd", "gvhd"],
        )
    )
    [death] = cdm["death"].to_pylist()
    assert (death["person_id"], death["death_date"], death["cause_source_value"]) == (2, DAY, "gvhd")
    assert death["cause_concept_id"] == PACK.id_of("HMY:patient.cause_of_death=gvhd")
    assert len(facts(cdm, "observation", "HMY:patient.vital_status")) == 2


def test_row_without_its_date_takes_the_patients_first_date_and_is_flagged():
    cdm = copy(
        patient=table("patient", patient_id=[A], index_diagnosis_date=[DAY]),
        mrd=table("mrd", mrd_id=["1"], patient_id=[A], sample_date=[None], level=[0.001]),
    )
    [anchor] = facts(cdm, "observation", "HMY:mrd")
    [fact] = facts(cdm, "measurement", "HMY:mrd.level")
    assert (anchor["observation_date"], anchor["qualifier_source_value"]) == (DAY, "undated")
    assert fact["measurement_date"] == DAY
    assert facts(cdm, "observation", "HMY:patient")[0]["qualifier_source_value"] is None


def test_axis_of_days_is_flagged_and_calendar_is_not():
    patient = table("patient", patient_id=[A])
    days = copy({"axis": "days", "index_event": "transplant"}, patient=patient)["metadata"].to_pylist()
    [flag] = [m for m in days if m["name"] == "time_axis"]
    assert flag["metadata_concept_id"] == PACK.id_of("HMY:time_axis.days")
    assert flag["value_as_string"] == "transplant"
    calendar = copy({"axis": "calendar"}, patient=patient)["metadata"]["name"].to_pylist()
    assert "time_axis" not in calendar


def test_synthetic_delivery_is_named_so():
    patient = table("patient", patient_id=[A], data_cutoff_date=[DAY])
    [source] = copy({"mark": "synthetic", "provider": "ward"}, patient=patient)["cdm_source"].to_pylist()
    assert (source["cdm_source_name"], source["cdm_holder"]) == ("SYNTHETIC", "ward")
    assert source["source_release_date"] == DAY
    [public] = copy({"mark": "public"}, patient=patient)["cdm_source"].to_pylist()
    assert public["cdm_source_name"] == "HARMONY public"


def test_diagnosis_becomes_a_condition_with_its_entity_and_the_patient_only_without_one():
    cdm = copy(
        patient=table("patient", patient_id=[A, B], disease=["AML", "MM"]),
        diagnosis=table(
            "diagnosis", diagnosis_id=["1"], patient_id=[A], disease_group=["AML"], aml_entity=["aml_npm1"]
        ),
    )
    conditions = cdm["condition_occurrence"].to_pylist()
    assert [(c["person_id"], c["condition_concept_id"], c["condition_source_value"]) for c in conditions] == [
        (1, 35622003, "aml_npm1"),
        (2, 437233, "MM"),
    ]


def test_treatment_is_an_episode_and_a_drug_or_a_procedure():
    end = dt.date(2020, 2, 1)
    cdm = copy(
        treatment=table(
            "treatment",
            treatment_id=["1", "2", "3"],
            patient_id=[A, A, A],
            treatment_type=["chemotherapy", "radiotherapy", "watch_wait"],
            start_date=[DAY, DAY, DAY],
            end_date=[end, None, None],
            line_number=[1, 2, None],
            regimen=["7_3d", None, None],
        )
    )
    assert cdm["episode"]["episode_object_concept_id"].to_pylist() == [35803434, 0, 0]
    assert cdm["episode"]["episode_number"].to_pylist() == [1, 2, None]
    [drug] = cdm["drug_exposure"].to_pylist()
    assert (drug["drug_source_value"], drug["drug_exposure_end_date"], drug["verbatim_end_date"]) == (
        "7_3d",
        end,
        end,
    )
    assert cdm["procedure_occurrence"]["procedure_source_value"].to_pylist() == ["radiotherapy"]


def test_drug_end_that_nobody_knows_is_the_start_and_not_verbatim():
    cdm = copy(
        treatment=table(
            "treatment", treatment_id=["1"], patient_id=[A], treatment_type=["targeted"], start_date=[DAY]
        )
    )
    [drug] = cdm["drug_exposure"].to_pylist()
    assert (drug["drug_exposure_end_date"], drug["verbatim_end_date"]) == (DAY, None)


def test_transplant_is_a_procedure_with_its_standard_concept():
    cdm = copy(transplant=table("transplant", transplant_id=["1"], patient_id=[A], type=["autologous"]))
    assert cdm["procedure_occurrence"]["procedure_concept_id"].to_pylist() == [46271079]


def test_provenance_stands_in_the_anchor_so_that_a_value_can_be_traced():
    patient = table("patient", patient_id=[A])
    patient = patient.append_column("_delivery", pa.array(["DLV-0123456789ab"]))
    patient = patient.append_column("_part", pa.array(["patient"])).append_column("_row", pa.array([12]))
    [anchor] = facts(copy(patient=patient), "observation", "HMY:patient")
    assert anchor["value_source_value"] == "DLV-0123456789ab/patient/12"


@pytest.mark.parametrize("delivery", [None, "DLV-xyz", "DLV-0123456789ab/"])
def test_row_of_unknown_origin_is_refused_without_showing_it(delivery):
    patient = table("patient", patient_id=[A]).append_column("_delivery", pa.array([delivery], pa.string()))
    patient = patient.append_column("_part", pa.array(["patient"])).append_column("_row", pa.array([12]))
    with pytest.raises(DataRefused, match="unknown origin") as caught:
        copy(patient=patient)
    assert str(delivery) not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"patient_id": [None]}, DataRefused, "without patient_id"),
        ({"patient_id": ["x" * 51]}, DataRefused, "too long"),
        ({"age_at_diagnosis": [float("nan")]}, DataRefused, "patient.age_at_diagnosis holds a number"),
    ],
)
def test_rows_that_no_gate_would_let_pass_are_refused(changes, error, message):
    columns = {"patient_id": [A], "age_at_diagnosis": [1.0]} | changes
    with pytest.raises(error, match=message) as caught:
        copy(patient=table("patient", **columns))
    assert "xxx" not in str(caught.value)


def test_columns_types_and_tables_that_the_dictionary_does_not_know_are_refused():
    patient = table("patient", patient_id=[A])
    with pytest.raises(LayoutRefused, match="no table unknown"):
        copy(unknown=patient)
    with pytest.raises(LayoutRefused, match=r"patient\.hospital_number"):
        copy(patient=patient.append_column("hospital_number", pa.array(["1"])))
    with pytest.raises(LayoutRefused, match=r"patient\.sex has type int64"):
        copy(patient=patient.append_column("sex", pa.array([1])))
