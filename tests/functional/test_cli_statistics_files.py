"""`harmony statistics` on files as other programs leave them, and on options that would be half ignored."""

import json
import os
import stat
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmony.cli.main import main

HEADER = "time,status,arm\n"
ROWS = "5,1,a\n3,0,b\n4,1,a\n9,1,b\n"
CURVE = ("--time", "time", "--event", "status")


@pytest.fixture
def ask(monkeypatch, capsys):
    """Give a function that runs the command as a user does and returns its exit code and its document."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["harmony", *map(str, words), "--json"])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (HEADER, 50, "has no row"),
        (HEADER + ",,\n,,\n", 50, "missing values among 2 rows: time 2, status 2"),
        ("\n" + HEADER + ROWS, 11, "has no header line"),
        ("time,\rstatus\n5,1\n", 11, "is no line of a table"),
        (HEADER + '5,1,"a\n3,0,b\n', 11, "is no table"),
        (HEADER + '5,1,"a\n3,0,b\n4,1,"b"\n9,1,a\n', 11, "is no table"),
        (HEADER + '5,1,"a\n3,0,b\n4,1,"b\n9,1,a\n', 11, "is no table"),
    ],
)
def test_a_file_without_patients_or_with_a_broken_form_is_refused_in_words(
    content, code, says, ask, tmp_path
):
    file = tmp_path / "own.csv"
    file.write_text(content, newline="")
    found, error = ask("statistics", "kaplan_meier", file, *CURVE)
    assert (found, says in error["what"]) == (code, True), error


@pytest.mark.parametrize("content", [HEADER + ROWS, HEADER + '5,1,"a\nline"\n3,0,b\n4,1,a\n9,1,"b"\n'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_and_lines_inside_a_cell_give_the_same_curve(content, end, ask, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text(content.replace("\n", end), newline="")
    code, found = ask("statistics", "kaplan_meier", file, *CURVE)
    assert code == 0 and [row["n_risk"] for row in found["table"]] == [4, 3, 2, 1]
    assert found["remarks"] == (["lines end with a carriage return alone"] if end == "\r" else [])


def test_a_quotation_mark_inside_a_cell_is_a_character(ask, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text(HEADER + "5,1,5'6\"\n3,0,b\n")
    code, found = ask("statistics", "kaplan_meier", file, *CURVE)
    assert (code, found["rows_used"]) == (0, 2)


def test_a_quotation_mark_that_is_never_closed_hides_no_karyotype(ask, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text('k,n\n"46,XX[20]",1\n"46,XY[20],2\n"47,XX,+8[20]",3\n')
    code, error = ask("karyotype", "read", file, "--column", "k", "--output", tmp_path / "out.csv")
    assert code == 11 and "is no table" in error["what"] and not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("command", "options"),
    [(("statistics", "kaplan_meier"), CURVE), (("karyotype", "read"), ("--column", "arm"))],
)
def test_names_that_no_file_can_have_and_folders_are_refused(command, options, ask, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text(HEADER + ROWS)
    out = ("--output", tmp_path / "out.csv")
    code, error = ask(*command, tmp_path / ("x" * 5000), *options, *out)
    assert (code, error["what"]) == (2, "The name of a file is too long.")
    code, error = ask(*command, tmp_path, *options, *out)
    assert code == 2 and error["what"].endswith("is no file.")
    code, error = ask(*command, file, *options, "--output", tmp_path / ("x" * 300))
    assert (code, error["what"]) == (2, "The name of a file is too long.")


def test_an_output_may_have_the_longest_name_that_a_file_can_have(ask, tmp_path):
    file, out = tmp_path / "own.csv", tmp_path / ("x" * 255)
    file.write_text(HEADER + ROWS)
    assert ask("statistics", "kaplan_meier", file, *CURVE, "--output", out)[0] == 0
    assert out.read_text().startswith('"group","time"') and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("through_link", [False, True])
def test_an_output_that_is_no_ordinary_file_is_refused_and_stays(through_link, ask, tmp_path):
    file, pipe, link = tmp_path / "own.csv", tmp_path / "pipe", tmp_path / "link"
    file.write_text(HEADER + ROWS)
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    out = link if through_link else pipe
    code, error = ask("statistics", "kaplan_meier", file, *CURVE, "--output", out)
    assert code == 2 and "cannot be written" in error["what"]
    assert stat.S_ISFIFO(pipe.stat().st_mode) and link.is_symlink()


def test_levels_written_1_0_are_the_same_levels_in_csv_and_parquet(ask, tmp_path):
    csv, parquet = tmp_path / "own.csv", tmp_path / "own.parquet"
    csv.write_text("time,status,arm\n5,1,1.0\n3,0,2.0\n4,1,\n9,1,2\n7,1,1.0\n")
    columns = {"time": [5, 3, 4, 9, 7], "status": [1, 0, 1, 1, 1], "arm": [1.0, 2.0, None, 2.0, 1.0]}
    pq.write_table(pa.table(columns), parquet)
    words = (*CURVE, "--group", "arm", "--missing", "drop")
    first, second = (ask("statistics", "kaplan_meier", file, *words)[1]["table"] for file in (csv, parquet))
    assert first == second and {row["group"] for row in first} == {"1", "2"}


def test_levels_that_are_no_whole_numbers_stay_as_they_were_written(ask, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("time,status,arm\n5,1,1.0\n3,0,1.10\n4,1,01\n")
    code, found = ask("statistics", "kaplan_meier", file, *CURVE, "--group", "arm")
    assert code == 0 and {row["group"] for row in found["table"]} == {"1.0", "1.10", "01"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("cox {f} --time time --event status --covariates arm --penalty 1,2", "more than one number"),
        ("cox {f} --time time --event status --covariates arm --categories arn", "names arn, which is no"),
        ("kaplan_meier {f} --time time --event status --categories arm", "takes no --categories"),
        ("kaplan_meier {f} --event status --time=", "names no column"),
        (
            "power_logrank --hazard-ratio 0.7 --power 0.8 --event-probability .1,.2,.3",
            "more than two numbers",
        ),
    ],
)
def test_no_part_of_an_option_is_left_out_in_silence(words, says, ask, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text(HEADER + ROWS)
    code, error = ask("statistics", *words.format(f=file).split())
    assert (code, says in error["what"]) == (2, True), error
