"""Karyotypes and variants through the command line: one row out per row in, whatever the file holds."""

from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from harmony.cli.main import app
from harmony.notation.hgvs.table import OUTPUT as VARIANT_OUTPUT
from harmony.notation.iscn.table import OUTPUT as KARYOTYPE_OUTPUT

KINDS = {"karyotype": KARYOTYPE_OUTPUT, "variant": VARIANT_OUTPUT}


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def read_back(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", KINDS)
def test_the_output_has_the_promised_columns_and_one_row_per_row(kind, tmp_path):
    file, output = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text('id,text\n1,"46,XX[20]"\n2,\n3,FLT3-ITD\n4,"a\nb"\n', encoding="utf-8")

    done = run(kind, "read", file, "--column", "text", "--output", output)

    assert done.exit_code == 0, done.output
    rows = read_back(output)
    assert list(rows[0]) == list(KINDS[kind])
    assert [row["row"] for row in rows] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("content", ["text\n46,XX\n\n", "text;n\n46,XX;1\n", "\ufefftext\tn\n46,XX\t1\n"])
def test_delimiter_and_byte_order_mark_are_found_out(content, tmp_path):
    file, output = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text(content, encoding="utf-8")
    assert run("variant", "read", file, "--column", "text", "--output", output).exit_code == 0
    assert len(read_back(output)) >= 1


def test_a_column_of_a_parquet_file_reads_like_one_of_csv(tmp_path):
    texts = ["45,XY,-7[20]", None, "keine Metaphasen"]
    pq.write_table(pa.table({"k": texts}), tmp_path / "in.parquet")
    output = tmp_path / "out.csv"
    assert (
        run("karyotype", "read", tmp_path / "in.parquet", "--column", "k", "--output", output).exit_code == 0
    )
    assert [row["karyotype_result"] for row in read_back(output)] == ["abnormal", "", "failed"]


def test_the_sex_column_decides_on_45_x(tmp_path):
    file, output = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text('k;s\n"45,X[20]";M\n"45,X[20]";F\n"45,X[20]";\n', encoding="utf-8")
    done = run("karyotype", "read", file, "--column", "k", "--sex", "s", "--output", output, "--json")
    assert json.loads(done.stdout)["status"] == {"read": 3}
    assert [row["minus_y"] for row in read_back(output)] == ["present", "absent", "not_assessed"]


def test_text_that_is_not_utf_8_is_read_and_said(tmp_path):
    file, output = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_bytes("text\nnicht durchgeführt\n".encode("cp1252"))
    done = run("karyotype", "read", file, "--column", "text", "--output", output, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["remarks"] == ["not UTF-8: read as Windows-1252"]
    assert read_back(output)[0]["karyotype_result"] == "not_done"


def test_any_bytes_give_rows_and_no_defect(tmp_path):
    file, output = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_bytes(b"text\n" + bytes(range(256)) * 40)
    for kind in KINDS:
        done = run(kind, "read", file, "--column", "text", "--output", output)
        assert done.exit_code in (0, 11), done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.csv", "--column", "text", "--output", "out.csv"), "no file"),
        (("in.csv", "--column", "other", "--output", "out.csv"), "no column other"),
        (("in.csv", "--column", "text", "--output", "none/out.csv"), "cannot be written"),
        (("in.csv", "--column", "text", "--output", "in.csv"), "would replace"),
    ],
)
def test_wrong_use_is_exit_2_and_says_what_is_wrong(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("text\n46,XX\n", encoding="utf-8")
    for kind in KINDS:
        done = run(kind, "read", *words, "--json")
        assert done.exit_code == 2 and said in json.loads(done.stdout)["what"]
    assert (tmp_path / "in.csv").read_text(encoding="utf-8") == "text\n46,XX\n"


def test_an_empty_file_is_exit_11(tmp_path):
    (tmp_path / "in.csv").write_text("", encoding="utf-8")
    words = (tmp_path / "in.csv", "--column", "text", "--output", tmp_path / "out.csv")
    assert run("karyotype", "read", *words).exit_code == 11


def test_explain_says_what_was_read_and_the_row_under_json():
    done = run("karyotype", "explain", "45,X,-Y,t(8;21)(q22;q22)[18]/46,XY[2]")
    assert "IPSS-R group: intermediate" in done.stdout
    row = json.loads(run("karyotype", "explain", "--json", "--", "-7").stdout)["columns"]
    assert row["minus7"] == "present"
