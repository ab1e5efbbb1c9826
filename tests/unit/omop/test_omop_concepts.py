"""The concept pack covers the dictionary, and its ids never change."""

from __future__ import annotations

import csv
import importlib.util
from importlib import resources
from pathlib import Path

import pytest

from harmony.dictionary.model import load
from harmony.errors import LayoutRefused
from harmony.omop.concepts import FIRST_ID, FLAGS, load_concepts, needed_concepts

ROOT = Path(__file__).parents[3]


def tool():
    specification = importlib.util.spec_from_file_location("concepts_tool", ROOT / "tools" / "concepts.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def lines() -> list[dict[str, str]]:
    text = resources.files("harmony.omop").joinpath("concepts.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_every_table_field_and_code_of_the_dictionary_has_a_concept():
    missing = [code for code, _ in needed_concepts(load()) if code not in load_concepts().ids]
    assert missing == [], "run tools/concepts.py"


def test_ids_and_codes_are_unique_and_local():
    ids = [int(row["concept_id"]) for row in lines()]
    assert len(ids) == len(set(ids)) == len({row["concept_code"] for row in lines()})
    assert min(ids) == FIRST_ID > 2_000_000_000
    # A 32-bit integer column must hold them.
    assert max(ids) < 2**31


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("HMY:time_axis.days", 2050000001),
        ("HMY:patient", 2050000005),
        ("HMY:patient.patient_id", 2050000006),
        ("HMY:patient.country=AT", 2050000010),
    ],
)
def test_ids_stay_what_they_were_when_the_pack_was_first_published(code, number):
    assert load_concepts().id_of(code) == number


def test_needed_concepts_are_flags_tables_fields_and_codes():
    dictionary = load()
    codes = sum(len(f.codes) for f in dictionary.fields)
    expected = len(FLAGS) + len(dictionary.tables) + len(dictionary.fields) + codes
    assert len(list(needed_concepts(dictionary))) == expected


def test_tool_appends_what_is_missing_and_changes_no_line(tmp_path):
    pack = tmp_path / "concepts.csv"
    append = tool().append_missing
    assert append(pack, [("HMY:a", "A"), ("HMY:b", "B, with comma")]) == 2
    before = pack.read_text(encoding="utf-8")

    assert append(pack, [("HMY:c", "C"), ("HMY:b", "B renamed")]) == 1

    assert pack.read_text(encoding="utf-8") == before + f"{FIRST_ID + 2},HMY:c,C\n"
    assert append(pack, [("HMY:c", "C")]) == 0


def test_network_adds_concepts_for_its_own_fields(tmp_path):
    text = "concept_id,concept_code,concept_name\n2000000007,HMY:patient.own,Own field\n"
    (tmp_path / "concepts.csv").write_text(text, encoding="utf-8")
    assert load_concepts(tmp_path).id_of("HMY:patient.own") == 2000000007
    assert load_concepts(tmp_path).sha256 != load_concepts().sha256


@pytest.mark.parametrize("line", ["2050000005,HMY:new,x", "2000000007,HMY:patient,x", "2000000000,HMY:new,x"])
def test_id_or_code_used_twice_and_ids_of_others_are_refused(tmp_path, line):
    (tmp_path / "concepts.csv").write_text(
        f"concept_id,concept_code,concept_name\n{line}\n", encoding="utf-8"
    )
    with pytest.raises(LayoutRefused) as caught:
        load_concepts(tmp_path)
    assert caught.value.exit_code == 12


def test_unknown_concept_is_refused():
    with pytest.raises(LayoutRefused, match=r"HMY:patient\.unknown"):
        load_concepts().id_of("HMY:patient.unknown")
