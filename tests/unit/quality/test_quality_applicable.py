"""When a rule is not applicable, and that the counts of rules equal a slow plain reference."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_world import DETAILS, changed, make_world, run_rules

from harmony.dictionary.model import load
from harmony.quality.rules import applies, load_rules

DICTIONARY = load()
RULES = load_rules(DICTIONARY)
ALL_TABLES = set(DICTIONARY.tables)

#: Rule, what the delivery declares, tables it has, and the reason why the rule is not applicable.
REASONS = (
    ("HQ-PT-051", {"axis": "days"}, ALL_TABLES, "needs calendar dates"),
    ("HQ-PT-040", {"axis": "days"}, ALL_TABLES, ""),
    ("HQ-CM-004", {"mark": "synthetic"}, ALL_TABLES, "may be missing under an agreement of kind synthetic"),
    ("HQ-CM-009", {"mark": "public"}, ALL_TABLES, "may be missing under an agreement of kind public"),
    ("HQ-CM-004", {"mark": "patient"}, ALL_TABLES, ""),
    ("HQ-CM-003", {"not_supplied": ["patient.sex"]}, ALL_TABLES, "patient.sex not supplied"),
    ("HQ-CM-003", {"not_supplied": ["patient.country"]}, ALL_TABLES, ""),
    ("HQ-CS-046", {}, ALL_TABLES - {"mrd"}, "table mrd is not delivered"),
    ("GEN-REQUIRED-mrd.status", {}, ALL_TABLES - {"mrd"}, "table mrd is not delivered"),
    ("GEN-CODE-patient.country", {"not_supplied": ["patient.country"]}, ALL_TABLES,
     "patient.country not supplied"),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "declared", "tables", "reason"), REASONS)
def test_a_rule_says_why_it_is_not_applicable(rule, declared, tables, reason):
    found = RULES.get(rule)
    assert applies(found, {**DETAILS, **declared}, tables) == reason


def test_every_calendar_rule_is_silent_on_the_days_axis(tmp_path):
    results, _ = run_rules(DICTIONARY, make_world(DICTIONARY), tmp_path, RULES.rules, axis="days")
    silent = {r.rule.id for r in results if r.state == "not_applicable"}
    assert silent == {rule.id for rule in RULES.rules if rule.calendar}
    assert len(silent) == 8


def test_a_rule_that_is_not_applicable_counts_nobody(tmp_path):
    world = changed(DICTIONARY, make_world(DICTIONARY), "patient.A.sex=")
    rule = (RULES.get("HQ-CM-003"),)
    (found,), violations = run_rules(DICTIONARY, world, tmp_path, rule, not_supplied=["patient.sex"])
    assert (found.state, found.numerator, found.denominator, violations) == ("not_applicable", 0, 0, [])


def test_a_rule_of_one_disease_counts_only_its_patients(tmp_path):
    (found,), _ = run_rules(DICTIONARY, make_world(DICTIONARY), tmp_path, (RULES.get("HQ-CM-019"),))
    assert (found.state, found.denominator) == ("passed", 1)


#: Rule and, in plain Python over one patient, when it is violated.
REFERENCE = {
    "HQ-CM-012": lambda p: p["vital_status"] == "dead" and p["death_date"] is None,
    "HQ-CS-018": lambda p: p["vital_status"] == "alive" and p["death_date"] is not None,
    "HQ-PT-040": lambda p: _before(p["death_date"], p["index_diagnosis_date"]),
    "HQ-PT-042": lambda p: _before(p["death_date"], p["last_contact_date"]),
    "HQ-PT-043": lambda p: _before(p["last_contact_date"], p["death_date"]),
    "HQ-PX-050": lambda p: p["pediatric"] is True and p["age_at_diagnosis"] is not None
    and p["age_at_diagnosis"] >= 18,
    "GEN-HARD-patient.age_at_diagnosis": lambda p: p["age_at_diagnosis"] is not None
    and not 0 <= p["age_at_diagnosis"] <= 115,
}  # fmt: skip


def _before(one, other):
    return one is not None and other is not None and one < other


DAYS = st.one_of(st.none(), st.dates(dt.date(2014, 1, 1), dt.date(2016, 12, 31)))
PATIENTS = st.fixed_dictionaries(
    {
        "vital_status": st.sampled_from([None, "alive", "dead", "unknown"]),
        "death_date": DAYS,
        "last_contact_date": DAYS,
        "index_diagnosis_date": DAYS,
        "pediatric": st.sampled_from([None, True, False]),
        "age_at_diagnosis": st.one_of(st.none(), st.floats(-5, 130)),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patients=st.lists(PATIENTS, min_size=1, max_size=12))
def test_counts_equal_a_plain_reference(patients, tmp_path):
    world = make_world(DICTIONARY)
    base = world["patient"][0]
    world["patient"] = [base | row | {"patient_id": f"P{i}"} for i, row in enumerate(patients)]
    rules = tuple(RULES.get(name) for name in REFERENCE)
    results, violations = run_rules(DICTIONARY, world, tmp_path, rules)
    expected = {name: [i for i, row in enumerate(patients) if bad(row)] for name, bad in REFERENCE.items()}
    assert {r.rule.id: r.numerator for r in results} == {n: len(rows) for n, rows in expected.items()}
    found = {(v.rule.id, v.patient) for v in violations}
    assert found == {(name, f"P{i}") for name, rows in expected.items() for i in rows}
