"""The tutorial works as printed: its commands are run in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Seconds after which a hanging command fails the test; a run takes about a minute.
LIMIT = 300


def shell_blocks() -> list[str]:
    """Return the tutorial's commands, block by block."""
    return BLOCK.findall(TUTORIAL.read_text(encoding="utf-8"))


def _environment(folder: Path) -> dict[str, str]:
    programs = folder / "bin"
    programs.mkdir()
    harmony = programs / "harmony"
    harmony.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harmony "$@"\n', encoding="utf-8")
    harmony.chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("tutorial")
    environment = _environment(folder)
    work = folder / "work"
    work.mkdir()
    script = "set -euo pipefail\n" + "\n".join(shell_blocks())
    done = subprocess.run(
        ["bash", "-c", script], cwd=work, env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    return done, work


def test_every_command_of_the_tutorial_ends_as_it_says(finished):
    done, _ = finished
    assert done.returncode == 0, done.stderr[-3000:]


def test_tutorial_ends_with_a_published_report(finished):
    _, work = finished
    (report,) = (work / "network" / "platform" / "public" / "reports").glob("RES-*/report.html")
    text = report.read_text(encoding="utf-8")
    assert "Survival of invented patients by first treatment" in text
    assert "Synthetic" in text


def test_refusals_of_the_tutorial_are_the_promised_ones(finished):
    done, _ = finished
    for code, words in (
        ("12", "E-LAYOUT"),
        ("20", "E-SEAL"),
        ("30", "E-NOT-PERMITTED"),
    ):
        assert words in done.stderr
        assert f"(exit {code})" in done.stderr


@pytest.mark.parametrize("command", ["harmony provider check nowhere", "harmony doctor"])
def test_a_refusal_that_is_another_or_does_not_come_is_noticed(command, tmp_path):
    script = f"set -euo pipefail\nif {command}; then false; else test $? = 12; fi\ntrue"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=_environment(tmp_path), capture_output=True
    )
    assert done.returncode != 0
