"""The content hash: equal for equal patients whatever their ids and order, else different."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmony.anonymity.content import content_sha256
from harmony.anonymity.policy import load_policy
from harmony.errors import AnonymityRefused, LayoutRefused

PATIENT = {"person": ["a", "b", "c"], "sex": ["male", None, "male"], "death_day": [None, 5, 7]}
RESPONSE = {"person": ["a", "a", "b"], "response": ["CR", "relapse", "CR"], "assessment_day": [30, 90, None]}


def tables(patient, response):
    return {"P01": {"patient": pa.table(patient), "response": pa.table(response)}}


def rebuilt(table, names, order):
    """A table with other person ids and another order of rows."""
    return {
        key: [names[table["person"][i]] if key == "person" else values[i] for i in order]
        for key, values in table.items()
    }


@settings(deadline=None)
@given(st.permutations(range(3)), st.permutations(range(3)), st.permutations(["x", "y", "z"]))
def test_ids_and_order_do_not_matter(patients, responses, names):
    renamed = dict(zip("abc", names, strict=True))
    first = content_sha256(tables(PATIENT, RESPONSE))
    other = tables(rebuilt(PATIENT, renamed, patients), rebuilt(RESPONSE, renamed, responses))
    assert content_sha256(other) == first


CHANGES = [
    ("patient", "sex", 0, "female"), ("patient", "sex", 1, "male"), ("patient", "death_day", 1, 6),
    ("patient", "death_day", 0, 0), ("response", "response", 0, "CRi"), ("response", "assessment_day", 2, 1),
    ("response", "person", 0, "b"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "row", "value"), CHANGES)
def test_every_changed_cell_changes_the_hash(table, column, row, value):
    changed = {
        "patient": {k: list(v) for k, v in PATIENT.items()},
        "response": {k: list(v) for k, v in RESPONSE.items()},
    }
    changed[table][column][row] = value
    before = content_sha256(tables(PATIENT, RESPONSE))
    assert content_sha256(tables(changed["patient"], changed["response"])) != before


def test_a_lost_a_doubled_and_a_moved_patient_change_the_hash():
    before = content_sha256(tables(PATIENT, RESPONSE))
    less = {key: values[:2] for key, values in PATIENT.items()}
    twice = {key: [*values, "d" if key == "person" else values[2]] for key, values in PATIENT.items()}
    assert content_sha256(tables(less, RESPONSE)) != before
    assert content_sha256(tables(twice, RESPONSE)) != before
    assert content_sha256({"P02": tables(PATIENT, RESPONSE)["P01"]}) != before


def policy_with(tmp_path, old, new):
    from importlib import resources

    text = resources.files("harmony.anonymity").joinpath("policies/workspace.yaml").read_text("utf-8")
    assert old in text
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "workspace.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_policy("workspace", tmp_path)


#: What is changed in the packaged policy, and a word of the refusal.
WRONG = (
    ("k: 5", "kay: 5", "not whole"),
    ("levels: [exact, blank]", "levels: [exact]", "patient.country"),
    ("blank_order: [patient.country", "blank_order: [patient.provider_id", "patient.provider_id"),
    ("fixed: [patient.provider_id, patient.disease]", "", "not whole"),
)


@pytest.mark.parametrize(("old", "new", "says"), WRONG)
def test_a_policy_that_cannot_work_is_refused(old, new, says, tmp_path):
    with pytest.raises(LayoutRefused, match=says):
        policy_with(tmp_path, old, new)


def test_a_network_may_ask_for_more_than_the_packaged_policy(tmp_path):
    packaged = load_policy("workspace")
    own = policy_with(tmp_path, "k: 5", "k: 11")
    assert (packaged.k, own.k) == (5, 11)
    assert packaged.sha256 != own.sha256


def test_every_field_of_the_dictionary_has_a_role_and_a_foreign_one_stops_the_gate():
    from harmony.dictionary.model import load

    packaged = load_policy("workspace")
    dates = [field for field in load().fields if field.type == "date"]
    assert {packaged.role(field.key) for field in dates} == {"time", "drop"}
    assert [field.key for field in load().fields if packaged.role(field.key) == ""] == []
    with pytest.raises(AnonymityRefused, match=r"patient\.shoe_size"):
        packaged.role("patient.shoe_size")
