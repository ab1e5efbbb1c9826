"""Run the real command line in a child process that is killed, or fails, at one moment of one stage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

#: Moments of `harmony.stages.run`, in order.
MOMENTS: Final = ("started", "worked", "flushed", "renamed", "committed")

#: The audit event `harmony.stages` comes at each moment; the hook pulls the plug or raises there.
DRIVER: Final = """
import os, signal, sys

wanted = tuple(os.environ["AT_MOMENT"].split(":"))

def hook(event, details):
    if event == "harmony.stages" and details == wanted:
        if "RAISE_TEXT" in os.environ:
            raise ValueError(os.environ["RAISE_TEXT"])
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
sys.argv[0] = "harmony"
from harmony.cli.main import main
main()
"""


def run_until(stage: str, moment: str, words: list[str], raise_text: str = "") -> subprocess.CompletedProcess:
    """Run `harmony WORDS` until a moment of a stage: killed there, or, with `raise_text`, failing there."""
    environment = os.environ | {"AT_MOMENT": f"{stage}:{moment}"}
    if raise_text:
        environment["RAISE_TEXT"] = raise_text
    command = [sys.executable, "-c", DRIVER, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def kill_at(stage: str, moment: str, words: list[str]) -> None:
    """Run `harmony WORDS` and check that it was killed at this moment and not before or after."""
    done = run_until(stage, moment, words)
    assert done.returncode == -signal.SIGKILL, (stage, moment, done.returncode, done.stdout, done.stderr)


def run_command(*words: str | Path, timeout: float = 120) -> subprocess.CompletedProcess:
    """Run `harmony WORDS` as a user does, in a process of its own."""
    command = [sys.executable, "-m", "harmony", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)
