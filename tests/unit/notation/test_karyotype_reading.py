"""Reading one karyotype: printing, words, the column reader, and the traps that cost a wrong answer."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pyarrow as pa
import pytest

from harmony.notation.iscn.clones import read_clones
from harmony.notation.iscn.explain import explain
from harmony.notation.iscn.findings import BY_NAME, COLUMNS
from harmony.notation.iscn.printing import print_karyotype
from harmony.notation.iscn.read import read_karyotype
from harmony.notation.iscn.table import OUTPUT, read_column
from harmony.notation.iscn.words import word_of

SPEC = Path(__file__).parents[2] / "spec"


def strings():
    for name in ("karyotypes.csv", "karyotype_tests.csv"):
        with (SPEC / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["iscn"], row.get("sex") or None


ALL = list(strings())


def present(text, sex=None):
    row = read_karyotype(text, sex).row()
    return sorted(name for name, value in row.items() if value == "present")


@pytest.mark.parametrize("text", [text for text, _ in ALL], ids=lambda text: repr(text[:40]))
def test_what_is_printed_reads_as_the_same_karyotype(text):
    first = read_clones(text)
    printed = print_karyotype(first)
    again = read_clones(printed)

    assert [clone.items for clone in again.clones] == [clone.items for clone in first.clones]
    assert print_karyotype(again) == printed


def test_a_column_reads_as_its_cells_do_one_by_one():
    texts, sexes = zip(*ALL, strict=True)
    table = read_column(pa.array(texts), pa.array(sexes, pa.string()))

    assert table.column_names == list(OUTPUT)
    for row, (text, sex) in zip(table.to_pylist(), ALL, strict=True):
        wanted = read_karyotype(text, sex).row()
        assert {name: "" if row[name] is None else str(row[name]) for name in wanted} == wanted, text


def test_rows_keep_their_order_and_their_number():
    table = read_column(pa.array(["47,XX,+8[5]", None, "", "46,XX[20]", "47,XX,+8[5]"]))

    assert table["row"].to_pylist() == [1, 2, 3, 4, 5]
    assert table["status"].to_pylist() == ["read", "no_result", "no_result", "read", "read"]
    assert table["trisomy_8"].to_pylist() == ["present", "not_assessed", "not_assessed", "absent", "present"]


def test_an_empty_column_gives_an_empty_table():
    assert read_column(pa.array([], pa.string())).num_rows == 0


@pytest.mark.parametrize(("text", "cells"), [("45,XX,-7[9]/46,XX[11]", "11"), ("45,XX,-7[3]/46,XX[2]", "2")])
def test_many_cells_are_one_string_to_the_column_and_few_are_not(text, cells):
    # The column reader cuts counts from ten on; below, the clonal rules depend on the number.
    table = read_column(pa.array([text, text.replace(cells, "1", 1)]))
    assert table["count"].to_pylist()[0] == 1


def test_45_x_needs_the_sex():
    assert read_karyotype("45,X[20]", "M").row()["minus_y"] == "present"
    assert read_karyotype("45,X[20]", "F").row()["abnormalities"] == "-X"
    assert read_karyotype("45,X[20]").row()["minus_y"] == "not_assessed"
    assert read_karyotype("45,X[12]/46,XY[8]").row()["minus_y"] == "present"


def test_the_older_way_of_writing_a_derivative_is_no_monosomy():
    row = read_karyotype("46,XX,-7,+der(7)t(1;7)(q21;q22)[12]").row()
    assert (row["abnormalities"], row["minus7"], row["del7q"]) == (
        "der(7)t(1;7)(q21;q22)",
        "absent",
        "present",
    )


def test_both_derivatives_of_an_exchange_are_one_balanced_change():
    row = read_karyotype("46,XX,der(5)t(5;17)(q11;p11),der(17)t(5;17)(q11;p11)[10]").row()
    assert (row["count"], row["minus5_del5q"], row["minus17_abn17p"]) == ("1", "absent", "absent")


def test_bands_that_are_left_out_the_second_time_are_those_of_the_first():
    row = read_karyotype("46,XX,t(9;22)(q34;q11.2)[10]/47,XX,t(9;22),+8[5]").row()
    assert row["abnormalities"] == "t(9;22)(q34;q11.2); +8"


@pytest.mark.parametrize("partner", ["t(11;17)(q23;q21)", "t(11;19)(q23;p13)", "t(4;11)(q21;q23)"])
def test_a_derivative_with_a_known_partner_shows_the_rearrangement_of_kmt2a(partner):
    assert "kmt2a_r" in present(f"46,XX,der(11){partner}[10]")


def test_loss_behind_11q23_with_another_partner_is_no_rearrangement_of_kmt2a():
    assert present("46,XX,der(11)t(11;12)(q23;q21)[10]") == ["del11q"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Keine Metaphasen", "failed"), ("pas de mitoses", "failed"), ("sin metafases", "failed"),
        ("assenza di metafasi", "failed"), ("no analyzable metaphases", "failed"),
        ("geen delingen", "failed"),
        ("not done", "not_done"), ("nicht durchgeführt", "not_done"), ("non eseguito", "not_done"),
        ("n/a", "unknown"), ("unbekannt", "unknown"), ("normal female karyotype", "normal"), ("NK", "normal"),
        ("komplex aberranter Karyotyp", "complex"), ("46,XX", ""), ("abnormality detected", ""),
    ],
)  # fmt: skip
def test_words_in_many_languages_mean_what_they_say(text, meaning):
    assert word_of(text) == meaning


def test_a_failed_culture_beside_a_result_of_fish_is_no_normal_karyotype():
    row = read_karyotype("keine Metaphasen; FISH: del(5q) in 40 %").row()
    assert (row["status"], row["karyotype_result"], row["minus5_del5q"]) == (
        "no_result",
        "failed",
        "not_assessed",
    )


@pytest.mark.parametrize(
    "text", ["46,XX, abnormal", "46,XY,na", "46,XX[20]/", "46,XX,?", "46,XX[10]46,XX,", "44,XX"]
)
def test_what_was_not_read_is_never_normal(text):
    assert read_karyotype(text).row()["karyotype_result"] == ""


@pytest.mark.parametrize("text", ["46,XX," + "t(1;2)(p1;q2)," * 70_000, "(" * 1_000_000, "46,XX[" * 160_000])
def test_a_text_of_a_million_characters_is_answered_at_once(text):
    begin = time.process_time()
    assert read_karyotype(text).status == "unreadable"
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize("finding", COLUMNS, ids=lambda finding: finding.name)
def test_every_finding_says_what_makes_it_present_and_where_that_comes_from(finding):
    assert finding.present and finding.title and any(year in finding.source for year in ("20", "19"))
    assert BY_NAME[finding.name] is finding


def test_the_explanation_says_what_does_not_count_and_why():
    text = "\n".join(explain("47,XX,+21c,del(5)(q13q33)[1]/47,XX,+21c[19]"))
    assert "Not counted: +21, because it is constitutional" in text
    assert "Not counted: del(5)(q13q33), because it was seen in fewer than 2 metaphases" in text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("46,XX[20].nuc ish(MYC)x2[200]", "FISH"),
        ("46,XX[20]; arr[hg19] 7q22q36x1", "array"),
        ("46,XX[20]. ogm[GRCh38] t(9;22)", "optical mapping"),
        ("46,XX[20], FLT3-ITD positive", "gene"),
    ],
)
def test_text_of_another_method_is_handed_on_as_what_it_is(text, kind):
    reading = read_karyotype(text)
    assert [other.kind for other in reading.karyotype.other_methods] == [kind]
    assert reading.result == "normal"
