"""The gate's verdict, counts and tables: what is set aside is counted, and nothing leaves uncounted."""

import json

import pytest
from rule_world import DETAILS, changed, make_world, write_world
from zones import finished, opened

from harmony.dictionary.model import load
from harmony.errors import DataRefused
from harmony.quality.evaluate import Violation
from harmony.quality.gate import GateTerms, propose_level, report, require_passed, set_aside
from harmony.quality.rules import load_rules
from harmony.stages.journey import CommonTables, PassedTables
from harmony.stages.problems import LISTED_PER_RULE, Lines, ProblemList, read_problems
from harmony.store.tables import read_table

DICTIONARY = load()
RULES = load_rules(DICTIONARY)
PLACE = ("_file", "_row")


def check(folder, change, max_set_aside=1.0, columns=None):
    """The report, the passed tables' folder (None when refused) for a changed world."""
    world = changed(DICTIONARY, make_world(DICTIONARY), change) if change else make_world(DICTIONARY)
    with opened(folder) as (zone, journal):
        tables = finished(
            CommonTables, zone, journal, "one", lambda to: write_world(DICTIONARY, world, to), DETAILS
        )
        terms = GateTerms(PLACE, columns or {}, max_set_aside)
        found = report(zone, tables, "check", DICTIONARY, terms, journal)
        if found.record.verdict != "passed":
            return found, None
        return found, set_aside(PassedTables, zone, tables, "pass", found, journal)


def patients(passed):
    return read_table(passed.path("tables/patient.parquet")).column("patient_id").to_pylist()


def test_sound_patients_pass_whole_with_level_a(tmp_path):
    found, passed = check(tmp_path, "")
    assert found.record.counts == {"in": 2, "out": 2, "set_aside": 0, "refused": 0}
    assert (found.details["level"], patients(passed)) == ("A", ["A", "L"])
    assert found.details["rules"]["failed"] == 0


#: Change of the sound patients, patients that pass, patients set aside.
SET_ASIDE = (
    ("patient.A.death_date=2015-02-01; patient.A.last_contact_date=2015-02-01", ["L"], 1),
    ("patient.A.patient_id=", ["L"], 1),
    ("+patient.A patient_id=A", ["L"], 2),
    ("treatment.A.start_date=2017-03-02", ["A", "L"], 0),
    ("patient.A.sex=", ["A", "L"], 0),
)


@pytest.mark.parametrize(("change", "pass_", "lost"), SET_ASIDE)
def test_fatal_patients_are_set_aside_and_counted_row_by_row(change, pass_, lost, tmp_path):
    found, passed = check(tmp_path, change)
    counts = found.record.counts
    assert patients(passed) == pass_
    assert counts["out"] == len(pass_)
    assert counts["set_aside"] == lost
    assert counts["in"] == counts["out"] + counts["set_aside"] + counts["refused"]


def test_rows_of_a_lost_patient_go_with_the_patient(tmp_path):
    _, passed = check(tmp_path, "patient.A.vital_status=")
    for name in DICTIONARY.tables:
        table = read_table(passed.path(f"tables/{name}.parquet"))
        assert set(table.column("patient_id").to_pylist()) <= {"L"}


def test_a_fatal_row_goes_alone(tmp_path):
    _, passed = check(tmp_path, "follow_up.A.contact_date=2017-04-01")
    assert read_table(passed.path("tables/follow_up.parquet")).column("patient_id").to_pylist() == ["L"]
    assert read_table(passed.path("tables/response.parquet")).num_rows == 3


def test_more_lost_patients_than_agreed_refuse_the_delivery(tmp_path):
    found, passed = check(tmp_path, "patient.A.vital_status=", max_set_aside=0.49)
    assert passed is None
    assert found.record.counts == {"in": 2, "out": 0, "set_aside": 0, "refused": 2}
    with pytest.raises(DataRefused, match="fatal") as caught:
        require_passed(found)
    assert caught.value.exit_code == 10


def test_exactly_the_agreed_share_passes(tmp_path):
    found, _ = check(tmp_path, "patient.A.vital_status=", max_set_aside=0.5)
    assert found.record.verdict == "passed"


def test_a_problem_names_the_column_that_the_hospital_knows(tmp_path):
    found, _ = check(tmp_path, "patient.A.sex=", columns={"patient.sex": "sesso"})
    listed = read_problems(found.path("problems.csv")).listed
    assert [(p.rule, p.file, p.line, p.column) for p in listed] == [("HQ-CM-003", "patient.csv", 2, "sesso")]


def test_every_rule_has_its_numerator_and_denominator_in_the_report(tmp_path):
    found, _ = check(tmp_path, "biochemistry.A.ldh=5")
    rows = {row["rule"]: row for row in json.loads(found.path("rules.json").read_text(encoding="utf-8"))}
    assert set(rows) == {rule.id for rule in RULES.rules}
    assert rows["HQ-PV-020"]["numerator"] == 1
    assert rows["HQ-PV-020"]["denominator"] == 2


def error(patient):
    return Violation(RULES.get("HQ-CM-003"), ("patient.csv", 2), patient)


#: Patients with an error among 100, and the level they suggest.
LEVELS = ((0, "A"), (1, "B"), (5, "B"), (6, "C"), (20, "C"), (21, "D"))


@pytest.mark.parametrize(("wrong", "level"), LEVELS)
def test_the_level_follows_the_share_of_patients_with_an_error(wrong, level):
    assert propose_level([error(f"P{i}") for i in range(wrong)], ProblemList(), 100) == level


def test_several_errors_of_one_patient_count_once():
    assert propose_level([error("P1")] * 50, ProblemList(), 100) == "B"


def test_warnings_do_not_lower_the_level():
    warning = Violation(RULES.get("HQ-CM-013"), ("patient.csv", 2), "P1")
    assert propose_level([warning], ProblemList(), 1) == "A"


def test_cells_beyond_the_listed_ones_still_lower_the_level(tmp_path):
    problems = ProblemList()
    count = LISTED_PER_RULE * 3
    problems.add_lines(
        "error", "FRM-VALUE", "a.csv", "x", "wrong", Lines(range(count), ["no number"] * count)
    )
    problems.write(tmp_path / "problems.csv")
    again = read_problems(tmp_path / "problems.csv")
    assert (len(again.listed), again.total("error")) == (LISTED_PER_RULE, count)
    assert propose_level([], again, count * 4) == "D"
    assert propose_level([], again, count * 6) == "C"
