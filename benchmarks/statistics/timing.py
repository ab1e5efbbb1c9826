"""Run one fit in a process of its own, with one thread and a limit of the processor's time."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "HARMONY_THREADS",
    ),
    "1",
)
#: A fit that took longer than this is not repeated.
LONG = 45.0


@dataclass
class Timed:
    """All runs of one fit: seconds of the processor and of the wall, memory, answer, why it did not end."""

    engine: str
    task: str
    seconds: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    extra: list[float] = field(default_factory=list)
    answer: float | None = None
    unfinished: str = ""

    @property
    def typical(self) -> float:
        """Return the median of the seconds."""
        return median(self.seconds)

    def wants_more(self, runs: int) -> bool:
        """Tell whether another run is of use."""
        return (
            not self.unfinished and len(self.seconds) < runs and (not self.seconds or self.seconds[-1] < LONG)
        )


def run(timed: Timed, place: Path, small: Path, limit: float) -> None:
    """Add one run, or the reason why there is none."""
    if timed.engine == "R":
        words = [str(shutil.which("Rscript")), str(HERE / "fit.R"), timed.task, str(place), str(small)]
    else:
        words = [sys.executable, str(HERE / "fit.py"), timed.engine, timed.task, str(place), str(small)]
    environment = os.environ | ONE_THREAD
    done = subprocess.run(
        words, capture_output=True, text=True, env=environment, preexec_fn=lambda: _limit(int(limit))
    )
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        timed.unfinished = f"unfinished after {limit:.0f} s"
        return
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        timed.unfinished = f"failed: {lines[-1][:80] if lines else f'signal {-done.returncode}'}"
        return
    found = json.loads(done.stdout.strip().splitlines()[-1])
    timed.seconds.append(found["seconds"])
    timed.wall.append(found["wall"])
    timed.extra.append(found["extra"])
    timed.answer = found["answer"]


def _limit(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
