"""Columns of karyotypes and variants: what a field becomes, what is counted, what is told of unread cells."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layouts import DICTIONARY, HEAD, PATIENT, write_layout
from zones import opened

from harmony.errors import LayoutRefused
from harmony.intake.convert import check_files, convert
from harmony.intake.layouts.parse import GIVEN
from harmony.intake.parsed import KARYOTYPE_FIELDS, is_printed, printed_karyotype, printed_variants
from harmony.notation.hgvs.read import read_variant
from harmony.notation.iscn.read import read_karyotype
from harmony.stages.problems import read_problems
from harmony.store.tables import read_table

FIELDS = (
    "karyotype_result", "karyotype_iscn", "complex_karyotype", "monosomal_karyotype", "minus7", "trisomy_8",
    "runx1_runx1t1", "minus_y",
)  # fmt: skip
KEYS = 'report_id = { row = true }\npatient_id = { column = "id" }\n'


def text(rules, table="cytogenetics", key="report_id"):
    head = HEAD.format(encoding="utf-8", decimal=".", axis="calendar") + PATIENT
    keys = KEYS.replace("report_id", key)
    lines = "".join(f"{name} = {{ {rule} }}\n" for name, rule in rules.items())
    return f'{head}[[table]]\nname = "{table}"\nfile = "one.csv"\n[table.columns]\n{keys}{lines}'


def karyotypes(more=""):
    return text({name: f'column = "cell", parse = "karyotype"{more}' for name in FIELDS})


def variants(more=""):
    return text({"variants": f'column = "cell", parse = "variants"{more}'}, "gene_test", "test_id")


def converted(folder, layout_text, cells, sexes=()):
    """Convert a file of cells and return rows, the record's details, and the listed problems."""
    layout = write_layout(folder, layout_text)
    sexes = sexes or [""] * len(cells)
    lines = [f'{number};"{cell}";{sex}' for number, (cell, sex) in enumerate(zip(cells, sexes, strict=True))]
    head = "id;cell;sex" if "sex" in layout_text else "id;cell"
    if "sex" not in layout_text:
        lines = [line.rpartition(";")[0] for line in lines]
    (folder / "one.csv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    assert check_files(folder, layout, 10**6) == []
    with opened(folder) as (zone, journal):
        found = convert(zone, folder, layout, DICTIONARY, journal, {})
        table = layout.tables[1].name
        rows = read_table(found.path(f"tables/{table}.parquet")).to_pylist()
        totals = json.loads(found.path("conversion.json").read_text(encoding="utf-8"))
        assert totals["strings"] == found.details["strings"]
        return rows, found.details["strings"], read_problems(found.path("problems.csv")).listed


def only(rows, *fields):
    return [tuple(row[field] for field in fields) for row in rows]


def test_one_column_gives_each_field_by_its_name(tmp_path):
    rows, strings, problems = converted(tmp_path, karyotypes(), ["45,XY,-7[10]/46,XY[5]", "46,XX[20]"])
    assert only(rows, *FIELDS) == [
        ("abnormal", "45,XY,-7[10]/46,XY[5]", "absent", "absent", "present", "absent", "absent", "absent"),
        ("normal", "46,XX[20]", *["absent"] * 6),
    ]
    assert [(entry["read"], entry["kind"], entry["column"]) for entry in strings] == [
        (2, "karyotype", "cell")
    ]
    assert problems == []


def test_what_was_not_read_is_not_assessed_and_no_string_travels(tmp_path):
    cells = ["46,XY,-7,qualcosa[20]", "46,XY, Rossi Maria[20]", "niente di chiaro"]
    rows, strings, problems = converted(tmp_path, karyotypes(), cells)
    assert only(rows, "karyotype_result", "karyotype_iscn", "minus7", "trisomy_8") == [
        ("abnormal", None, "present", "not_assessed"),
        (None, None, "not_assessed", "not_assessed"),
        (None, None, "not_assessed", "not_assessed"),
    ]
    assert (strings[0]["partly_read"], strings[0]["unreadable"], strings[0]["read"]) == (2, 1, 0)
    found = [(p.severity, p.rule, p.line, p.column, p.value_class) for p in problems]
    assert found == [
        ("warning", "FRM-ISCN", 2, "cell", "not read whole"),
        ("warning", "FRM-ISCN", 3, "cell", "not read whole"),
        ("warning", "FRM-ISCN", 4, "cell", "unreadable"),
    ]
    assert not any(word in str(problems) for word in ("Rossi", "qualcosa", "niente"))


def test_a_report_without_result_is_failed_or_not_done_and_no_problem(tmp_path):
    cells = ["assenza di metafasi", "non eseguito", "", "NA"]
    rows, strings, problems = converted(tmp_path, karyotypes(), cells)
    assert only(rows, "karyotype_result", "karyotype_iscn", "minus7") == [
        ("failed", None, "not_assessed"),
        ("not_done", None, "not_assessed"),
        (None, None, None),
        (None, None, None),
    ]
    assert strings[0]["no_result"] == 2 and sum(strings[0][s] for s in ("read", "unreadable")) == 0
    assert problems == []


def test_a_result_of_another_method_alone_assesses_nothing_and_is_told(tmp_path):
    rows, strings, problems = converted(tmp_path, karyotypes(), ["nuc ish(RUNX1T1,RUNX1)x2[200]"])
    assert only(rows, "karyotype_result", "karyotype_iscn", "trisomy_8")[0][:2] == (None, None)
    assert rows[0]["trisomy_8"] != "absent"
    assert strings[0]["other_test"] == 1
    assert [problem.value_class for problem in problems] == ["another test"]


def test_mended_slips_travel_in_the_modern_form(tmp_path):
    cells = ["46,xy,t(8;21)(q22;q22)[20", "47 , XX , +8 [12] / 46 , XX [8]"]
    rows, strings, _ = converted(tmp_path, karyotypes(), cells)
    assert only(rows, "karyotype_iscn", "runx1_runx1t1", "trisomy_8") == [
        ("46,XY,t(8;21)(q22;q22)[20]", "present", "absent"),
        ("47,XX,+8[12]/46,XX[8]", "absent", "present"),
    ]
    assert strings[0]["read"] == 2


def test_the_sex_column_decides_what_a_single_x_means(tmp_path):
    rows, *_ = converted(tmp_path, karyotypes(', sex = "sex"'), ["45,X[20]"] * 2, ["M", "F"])
    assert rows[0]["minus_y"] == read_karyotype("45,X[20]", "M").row()["minus_y"]
    assert rows[1]["minus_y"] == read_karyotype("45,X[20]", "F").row()["minus_y"]
    assert rows[0]["minus_y"] != rows[1]["minus_y"]


def test_a_condition_leaves_the_field_not_known(tmp_path):
    more = ', when = { column = "id", in = ["1"] }'
    rows, *_ = converted(tmp_path, karyotypes(more), ["46,XX[20]"] * 2)
    assert only(rows, "karyotype_result", "minus7") == [(None, None), ("normal", "absent")]


def test_variants_travel_as_one_list_in_the_modern_form(tmp_path):
    cells = ["NPM1 tipo A (VAF 41,5%); DNMT3A R882H 38%", "FLT3-ITD 54 bp 30 %", "nessuna mutazione", "boh"]
    rows, strings, problems = converted(tmp_path, variants(), cells)
    assert only(rows, "variants") == [
        ("NPM1:c.860_863dup p.(Trp288CysfsTer12) 41.5%; DNMT3A:p.Arg882His 38%",),
        ("FLT3-ITD 54bp 30%",),
        (None,),
        (None,),
    ]
    assert [strings[0][s] for s in ("read", "no_result", "unreadable")] == [2, 1, 1]
    assert [(p.rule, p.line, p.value_class) for p in problems] == [("FRM-HGVS", 5, "unreadable")]


@pytest.mark.parametrize(
    ("unit", "says"),
    [("", "JAK2:p.Val617Phe"), ("%", "JAK2:p.Val617Phe 0.41%"), ("1", "JAK2:p.Val617Phe 41%")],
)
def test_a_fraction_without_sign_travels_only_in_a_declared_unit(unit, says, tmp_path):
    more = f', unit = "{unit}"' if unit else ""
    rows, *_ = converted(tmp_path, variants(more), ["JAK2 V617F VAF 0.41"])
    assert rows[0]["variants"] == says


@pytest.mark.parametrize(
    "cell",
    [
        "MARIA p.R882H",
        "FLT3-TKD",
        "NPM1 p.Trp288fs e altro",
        "TET2:c.[35G>A;38G>A]",
        "TET2:c.35_36ins[NC_000022.10:g.1_2]",
        "TET2:c.35_36insSARAH",
    ],
)
def test_variants_that_cannot_be_printed_whole_do_not_travel_and_are_told(cell, tmp_path):
    rows, strings, problems = converted(tmp_path, variants(), [cell])
    assert rows[0]["variants"] is None
    assert strings[0]["partly_read"] == 1 and len(problems) == 1


def test_a_column_is_read_and_told_once_however_many_fields_it_fills(tmp_path):
    rows, strings, problems = converted(tmp_path, karyotypes(), ["niente di chiaro"] * 3)
    assert len(rows) == 3 and len(strings) == 1 and len(problems) == 3
    assert strings[0]["unreadable"] == 3


WRONG = (
    ({"minus7": 'column = "cell", parse = "caryotype"'}, "karyotype, variants"),
    ({"method": 'column = "cell", parse = "karyotype"'}, "does not give cytogenetics.method"),
    ({"karyotype_iscn": 'column = "cell"'}, "parse = 'karyotype'"),
    ({"karyotype_iscn": 'constant = "46,XY"'}, "no other way"),
    ({"karyotype_iscn": 'column = "cell", codes = { a = "46,XY" }'}, "no other way"),
    ({"karyotype_iscn": 'column = "cell", parse = "variants"'}, "does not give"),
    ({"minus7": 'constant = "present", parse = "karyotype"'}, "mean nothing"),
    ({"minus7": 'column = "cell", parse = "karyotype", codes = { a = "present" }'}, "mean nothing"),
    ({"minus7": 'column = "cell", parse = "karyotype", unit = "%"'}, "allele fraction"),
    ({"minus7": 'column = "cell", sex = "id"'}, "sex without parse"),
    ({"minus7": 'column = "cell", parse = 5'}, "parse has another form"),
)


@pytest.mark.parametrize(("rules", "says"), WRONG)
def test_a_layout_with_a_wrong_parse_is_refused(rules, says, tmp_path):
    with pytest.raises(LayoutRefused) as caught:
        write_layout(tmp_path, text(rules))
    assert says in f"{caught.value} {caught.value.allowed} {caught.value.next_step}"
    assert caught.value.exit_code == 12


@pytest.mark.parametrize("more", [', sex = "id"', ', unit = "g/L"'])
def test_variants_take_no_sex_and_no_other_unit(more, tmp_path):
    with pytest.raises(LayoutRefused, match=r"gene_test\.variants"):
        write_layout(tmp_path, variants(more))


def test_a_missing_sex_column_stops_the_delivery(tmp_path):
    layout = write_layout(tmp_path, karyotypes(', sex = "sex"'))
    (tmp_path / "one.csv").write_text("id;cell\n1;46,XX[20]\n", encoding="utf-8")
    assert [fault.column for fault in check_files(tmp_path, layout, 10**6)] == ["sex"]


def test_every_field_that_a_reader_is_said_to_give_is_given():
    given = {name.partition(".")[2] for name in GIVEN["karyotype"]}
    assert given == set(KARYOTYPE_FIELDS) - {"status"}


@settings(max_examples=300, deadline=None)
@given(st.text("46,XYxy+-78()[]/;qptdel Rosi? cp~nv", max_size=40))
def test_what_is_printed_is_printed_again_and_nothing_else_is(cell):
    printed = printed_karyotype(read_karyotype(cell))
    assert printed == "" or is_printed("karyotype", pa.array([printed, None]))
    assert cell == printed or not is_printed("karyotype", pa.array([cell]))
    shown = printed_variants(read_variant(cell))
    assert shown == "" or is_printed("variants", pa.array([shown]))
