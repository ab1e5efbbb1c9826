"""The cohort: reproducible, coherent, and written in the dictionary's codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from harmony.dictionary.model import load
from harmony.errors import UsageError
from harmony.simulation.cohort import simulate
from harmony.simulation.definitions import definition
from harmony.simulation.disease import GENES, LESIONS
from harmony.store.tables import ARROW_TYPES

SIZE = 5000


@pytest.fixture(scope="module")
def cohort():
    return simulate(SIZE, 11)


@pytest.fixture(scope="module")
def tables(cohort):
    return cohort.tables()


def _dates(table: pa.Table, field: str) -> dict[str, list]:
    found: dict[str, list] = {}
    for row in table.select(["patient_id", field]).to_pylist():
        found.setdefault(row["patient_id"], []).append(row[field])
    return found


def test_the_same_seed_gives_the_same_tables():
    assert all(
        simulate(300, 5).tables()[name].equals(table) for name, table in simulate(300, 5).tables().items()
    )


def test_another_seed_gives_other_patients():
    assert not simulate(300, 5).tables()["patient"].equals(simulate(300, 6).tables()["patient"])


def test_the_first_patients_do_not_change_when_the_cohort_grows(cohort):
    short = simulate(700, 11)
    for name, values in short.columns.items():
        np.testing.assert_array_equal(values, cohort.columns[name][:700], err_msg=name)


def test_the_first_rows_of_every_table_do_not_change_when_the_cohort_grows(tables):
    for name, table in simulate(700, 11).tables().items():
        assert table.equals(tables[name].slice(0, table.num_rows)), name


def test_patients_are_numbered_and_marked_synthetic(tables):
    ids = tables["patient"].column("patient_id").to_pylist()
    assert ids[0] == "SYN-AML-000000001" and ids[-1] == "SYN-AML-000005000"
    assert set(tables["patient"].column("provider_id").to_pylist()) == {"SYN-P02"}


@pytest.mark.parametrize(("n", "seed", "provider"), [(0, 1, "P02"), (5, -1, "P02"), (5, 1, "P99")])
def test_a_cohort_outside_the_parameters_is_refused(n, seed, provider):
    with pytest.raises(UsageError):
        simulate(n, seed, provider)


def test_providers_are_drawn_by_their_weights_when_none_is_named():
    drawn = simulate(50_000, 3, None).columns["provider"]
    weights = definition("aml")["population"]["providers"]["weights"]
    assert sum(weights.values()) == pytest.approx(1.0)
    for name, weight in weights.items():
        assert abs((drawn == name).mean() - weight) < 0.01


def test_every_value_is_a_code_of_the_dictionary_in_its_type(tables):
    dictionary = load()
    for name, table in tables.items():
        order = [field.name for field in dictionary.tables[name] if field.name in table.column_names]
        assert table.column_names == order, name
        for column in table.column_names:
            field = dictionary.field(f"{name}.{column}")
            assert table.schema.field(column).type == ARROW_TYPES[field.type], field.key
            if field.codes:
                assert set(table.column(column).drop_null().unique().to_pylist()) <= set(field.codes), (
                    field.key
                )


def test_required_fields_are_never_empty_in_the_truth(tables):
    dictionary = load()
    for name, table in tables.items():
        for field in dictionary.tables[name]:
            aml = not field.diseases or "AML" in field.diseases
            # P02's country is a constant of its layout; a row of supportive care has no regimen.
            if field.required == "always" and aml and field.name not in ("country", "regimen"):
                assert table.column(field.name).null_count == 0, field.key


def test_every_row_belongs_to_a_patient_and_has_its_own_key(tables):
    known = set(tables["patient"].column("patient_id").to_pylist())
    for name, table in tables.items():
        assert set(table.column("patient_id").to_pylist()) <= known, name
        key = table.column(load().key_of(name))
        assert pc.count_distinct(key).as_py() == table.num_rows, name


def test_nothing_happens_before_diagnosis_or_after_the_last_contact(tables):
    people = tables["patient"].to_pylist()
    first = {row["patient_id"]: row["index_diagnosis_date"] for row in people}
    last = {row["patient_id"]: row["last_contact_date"] for row in people}
    for name in set(tables) - {"patient"}:
        for field in tables[name].schema:
            if field.type == pa.date32():
                for person, dates in _dates(tables[name], field.name).items():
                    assert first[person] <= min(dates) and max(dates) <= last[person], (name, field.name)


def test_death_vital_status_and_cause_agree(tables):
    for row in tables["patient"].to_pylist():
        dead = row["vital_status"] == "dead"
        assert (row["death_date"] is not None) == dead == (row["cause_of_death"] is not None)
        assert (row["censor_reason"] == "death") == dead
        assert row["last_contact_date"] <= row["data_cutoff_date"]
        if dead:
            assert row["death_date"] == row["last_contact_date"]


def test_year_of_birth_age_and_diagnosis_agree(tables):
    for row in tables["patient"].to_pylist():
        passed = row["index_diagnosis_date"].year - row["year_of_birth"] - row["age_at_diagnosis"]
        assert passed in (0, 1)
        assert 18 <= row["age_at_diagnosis"] <= 96


def test_relapse_comes_after_remission_and_never_in_refractory_disease(cohort, tables):
    columns = cohort.columns
    relapsed = np.isfinite(columns["day_relapse"])
    assert relapsed.sum() > 500
    assert (columns["day_relapse"][relapsed] > columns["day_response"][relapsed]).all()
    assert not np.isfinite(columns["t_relapse"][~columns["remission"]]).any()
    remission = {"CR", "CRh", "CRi"}
    by_person: dict[str, list[str]] = {}
    for row in tables["response"].to_pylist():
        by_person.setdefault(row["patient_id"], []).append(row["response"])
    assert all(codes[0] in remission for codes in by_person.values() if "relapse" in codes)
    assert all(codes.count("relapse") <= 1 and len(codes) <= 2 for codes in by_person.values())


def test_transplant_comes_after_remission_and_before_relapse_or_death(cohort):
    columns = cohort.columns
    done = np.isfinite(columns["day_transplant"])
    assert done.sum() > 500
    day = columns["day_transplant"][done]
    assert (day > columns["day_response"][done]).all()
    assert (day < columns["day_relapse"][done]).all() and (day <= columns["day_last"][done]).all()
    assert not (columns["e:pml"] | columns["age70p"] | ~columns["fit"])[done].any()


def test_residual_disease_is_measured_in_remission_only(cohort, tables):
    assert (
        pc.count_distinct(tables["mrd"].column("patient_id")).as_py()
        == cohort.columns["day_response"][np.isfinite(cohort.columns["day_response"])].size
    )
    for row in tables["mrd"].to_pylist():
        assert (row["level"] >= 0.001) == (row["status"] == "present")


def test_those_who_die_early_have_no_response(cohort):
    early = cohort.columns["early_death"]
    assert early.any()
    assert not np.isfinite(cohort.columns["day_assessed"][early]).any()
    assert not cohort.columns["remission"][early].any()


def test_classes_carry_their_own_lesion_or_gene(cohort):
    columns = cohort.columns
    for entity, mark in {
        "e:npm1": "NPM1", "e:cebpa": "CEBPA", "e:pml": "pml_rara", "e:t821": "runx1_runx1t1",
        "e:inv16": "cbfb_myh11", "e:kmt2a": "kmt2a_r", "e:mecom": "mecom_r", "e:mr_tp53": "TP53",
    }.items():  # fmt: skip
        assert columns[mark][columns[entity]].all(), entity
    assert not columns["mr_genes"][columns["e:nos"]].any()
    assert not columns["minus_y"][~columns["male"]].any()


def test_class_frequencies_of_genes_are_those_of_the_parameters():
    columns = simulate(100_000, 9, None).columns
    # Frequencies in class e:npm1 that the stored intercepts were solved for.
    for gene, expected in {"FLT3_ITD": 0.408, "DNMT3A": 0.535, "TET2": 0.2886, "TP53": 0.0045}.items():
        assert abs(columns[gene][columns["e:npm1"]].mean() - expected) < 0.01, gene


def test_laboratory_medians_are_those_of_the_parameters():
    columns = simulate(100_000, 9, None).columns
    for name, median, tolerance in (("haemoglobin", 9.1, 0.2), ("wbc", 12.7, 1.5), ("platelets", 56, 4)):
        assert abs(np.median(columns[name]) - median) < tolerance, name


def test_regimens_fit_their_year_and_intensity(cohort, tables):
    columns = cohort.columns
    new = np.isin(columns["regimen"], ["azacitidine_and_venetoclax", "lodac_and_venetoclax"])
    assert new.any() and (columns["year"][new] >= 2020).all() and not columns["fit"][new].any()
    supportive = tables["treatment"].filter(pc.equal(tables["treatment"]["treatment_type"], "supportive"))
    assert supportive.num_rows > 0
    assert supportive.column("regimen").null_count == supportive.num_rows
    assert not columns["remission"][columns["regimen"] == "supportive"].any()


def test_lesions_and_genes_of_the_engine_are_fields_of_the_dictionary():
    dictionary = load()
    assert all(dictionary.has(f"cytogenetics.{lesion}") for lesion in LESIONS)
    assert all(dictionary.has(f"gene_test.{gene.lower()}_status") for gene in GENES)
    assert not dictionary.has("gene_test.jak2_status")


def test_a_cohort_of_the_mix_keeps_its_patients_when_one_provider_exports_it():
    mix = simulate(500, 7, None)
    exported = mix.exported_by("P02")
    assert set(exported.columns["provider"]) == {"P02"} and len(set(mix.columns["provider"])) > 5
    for name in ("frailty", "os_time", "t_censored", "age"):
        assert exported.columns[name] is mix.columns[name]
    # Drawn at P02, the same seed gives other frailties: the centre's own effect.
    assert not (simulate(500, 7).columns["frailty"] == mix.columns["frailty"]).all()


def test_a_cohort_cannot_be_exported_by_an_unknown_provider():
    with pytest.raises(UsageError, match="P99"):
        simulate(5, 7, None).exported_by("P99")
