"""What the demo remembers of its runs, says about a failed step, and reads from findings."""

import json
import shutil
import sys

import pytest

from harmony.demo import journey
from harmony.demo.journey import REPAIRED, SYNTHETIC, run_demo, told_by_class
from harmony.demo.steps import ERROR_LINES, Runner
from harmony.errors import HarmonyError, UsageError

CLASS = (
    "Public table, Characteristics by type: Class disclosure: all or none of the group 'T lineage' have "
    "'BCR::ABL1: Present', a sensitive variable."
)
OTHER = "Relapse: Fewer than 10 patients of the cohort are in no curve; its size would tell how many."


def test_the_variable_to_leave_out_is_the_one_that_the_finding_names():
    assert told_by_class([OTHER, CLASS]) == "BCR::ABL1"
    assert told_by_class([CLASS.replace("BCR::ABL1", "ELN 2022 risk")]) == "ELN 2022 risk"
    assert told_by_class([OTHER]) == "" == told_by_class([])


def test_a_given_all_file_that_is_not_there_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        run_demo(tmp_path / "demo", 100, tmp_path / "ALL.rda")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_step_is_told_with_the_end_of_its_standard_error(tmp_path, monkeypatch):
    with pytest.raises(HarmonyError, match="ended with exit 2 instead of 0: E-USAGE: No such command"):
        Runner(tmp_path, 1).run("make", ["network", "make"])
    # A program that writes no answer at all, only to standard error, as a crash does.
    monkeypatch.setattr(sys, "executable", "ls")
    with pytest.raises(HarmonyError, match="instead of 0") as found:
        Runner(tmp_path, 1).run("crash", ["network", "init"])
    last = found.value.what.splitlines()[1:]
    assert 1 <= len(last) <= ERROR_LINES and last[0].startswith("ls: ")


def test_seconds_are_those_of_the_runs_together_and_a_run_without_new_steps_adds_none(tmp_path):
    first = Runner(tmp_path, 2)
    first.run("one", ["network", "init"])
    first.note("two", {})
    assert 0 < first.seconds <= 60
    kept = json.loads((tmp_path / "steps.json").read_text())["seconds"]
    second = Runner(tmp_path, 2)
    second.run("one", ["network", "init"])
    assert second.seconds == kept == round(first.seconds, 1)
    second.note("three", {})
    assert Runner(tmp_path, 2).seconds >= kept


def test_the_repaired_delivery_is_the_broken_folder_with_the_good_files_over_it(tmp_path):
    demo = journey._Demo(tmp_path, Runner(tmp_path, 1), journey._start(100, None))
    good, broken = demo.source(SYNTHETIC.id), demo.source("broken_data")
    good.mkdir(parents=True)
    (good / "a.csv").write_text("good")
    shutil.copytree(good, broken)
    (broken / "a.csv").write_text("bad")
    demo._mend()
    assert (demo.source(REPAIRED) / "a.csv").read_text() == "good"
    assert (broken / "a.csv").read_text() == "bad"


def test_agreements_are_in_force_from_the_day_of_the_start_for_three_years():
    first, since, last, until = journey._start(100, None)["years"]
    assert (first, last) == ("--from", "--until")
    assert int(until[:4]) - int(since[:4]) == 3


def test_a_demo_whose_network_was_removed_begins_anew(tmp_path):
    first = Runner(tmp_path, 1)
    first.run("network init", ["network", "init"])
    assert len(Runner(tmp_path, 1).steps) == 1

    shutil.rmtree(tmp_path / "network")

    assert Runner(tmp_path, 1).steps == []
