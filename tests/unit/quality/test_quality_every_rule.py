"""Every rule, shipped or made from the dictionary, passes on a sound patient and fails on a broken one."""

import csv
from pathlib import Path

import pytest
from rule_world import changed, make_world, run_rules

from harmony.dictionary.model import load
from harmony.quality.rules import load_rules

DICTIONARY = load()
RULES = load_rules(DICTIONARY)
SHIPPED = [rule for rule in RULES.rules if rule.id.startswith("HQ-")]
GENERATED = [rule for rule in RULES.rules if rule.id.startswith("GEN-")]


def violations_on_file():
    path = Path(__file__).parents[2] / "spec" / "rule_violations.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return {row["rule"]: row["change"] for row in csv.DictReader(file)}


CASES = violations_on_file()


def test_every_shipped_rule_has_a_case_and_every_case_a_rule():
    assert set(CASES) == {rule.id for rule in SHIPPED}
    assert len(CASES) == 139


def test_sound_patients_break_no_rule(tmp_path):
    results, violations = run_rules(DICTIONARY, make_world(DICTIONARY), tmp_path, RULES.rules)
    assert [(result.rule.id, result.state) for result in results if result.state != "passed"] == []
    assert violations == []
    assert [result.rule.id for result in results if result.denominator == 0] == []


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda rule: rule.id)
def test_a_broken_patient_breaks_the_rule(rule, tmp_path):
    world = changed(DICTIONARY, make_world(DICTIONARY), CASES[rule.id])
    (result,), violations = run_rules(DICTIONARY, world, tmp_path, (rule,))
    assert (result.state, result.rule.id) == ("failed", rule.id)
    assert result.numerator == len(violations) >= 1
    assert {violation.place[0] for violation in violations} == {f"{rule.table}.csv"}


def breaking_change(rule):
    """A change that must break a generated rule: missing, unknown code, beyond a limit."""
    field = DICTIONARY.field(f"{rule.table}.{rule.column}")
    owner = "L" if "ALL" in rule.diseases else "A"
    kind = rule.id.split("-")[1]
    (low, high), (hard_low, hard_high) = field.plausible, field.hard
    if kind == "REQUIRED":
        value = ""
    elif kind == "CODE":
        value = "no_such_code"
    elif kind == "HARD":
        value = f"{hard_high + 1:g}"
    else:
        value = f"{(high + hard_high) / 2:g}" if hard_high > high else f"{(low + hard_low) / 2:g}"
    if field.type == "integer" and value:
        value = str(int(float(value) + 0.5))
    return f"{rule.table}.{owner}.{rule.column}={value}"


@pytest.mark.parametrize("rule", GENERATED, ids=lambda rule: rule.id)
def test_a_rule_of_the_dictionary_sees_its_violation(rule, tmp_path):
    world = changed(DICTIONARY, make_world(DICTIONARY), breaking_change(rule))
    (result,), (violation,) = run_rules(DICTIONARY, world, tmp_path, (rule,))
    assert (result.state, result.numerator) == ("failed", 1)
    assert violation.place == (
        f"{rule.table}.csv",
        3 if "ALL" in rule.diseases and rule.table != "transplant" else 2,
    )


def test_all_four_kinds_of_rules_are_made_from_the_dictionary():
    kinds = {rule.id.split("-")[1] for rule in GENERATED}
    assert kinds == {"REQUIRED", "CODE", "HARD", "PLAUSIBLE"}


def test_one_cell_gives_one_problem(tmp_path):
    world = changed(DICTIONARY, make_world(DICTIONARY), "biochemistry.A.haemoglobin=95")
    _, violations = run_rules(DICTIONARY, world, tmp_path, RULES.rules)
    assert [violation.rule.id for violation in violations] == ["HQ-PV-001"]
