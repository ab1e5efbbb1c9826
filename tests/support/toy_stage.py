"""A toy stage that writes two files, and runs it in a child process that ends in a chosen way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from harmony.identity.keys import generate
from harmony.settings import Zone, create_zone, open_zone
from harmony.stages.journey import Stage
from harmony.stages.record import Input, Outcome
from harmony.stages.run import run
from harmony.store.control.database import SqlJournal, open_control

STAGE: Final = "toy"
NETWORK_ID: Final = "0" * 32
INPUT: Final = Input("source", "a" * 64)


class Toy(Stage):
    """What the toy stage makes."""


def make_zone(root: Path) -> Zone:
    """Make a public zone, which has only the key that signs records."""
    return create_zone(root, "public", "platform", NETWORK_ID, generate("public"))


def journal_of(zone: Zone) -> SqlJournal:
    """Return the journal of a zone."""
    return open_control(zone.control_url).journal()


def write_outputs(folder: Path, size: int = 4) -> Outcome:
    """Write one file beside and one below, `size` bytes each; 3 rows in, 2 out, 1 set aside."""
    (folder / "tables").mkdir()
    (folder / "tables" / "patient.parquet").write_bytes(b"P" * size)
    (folder / "notes.json").write_bytes(b"N" * size)
    counts = {"in": 3, "out": 2, "set_aside": 1, "refused": 0}
    return Outcome("passed", counts, rows={"tables/patient.parquet": 2}, details={"mark": "synthetic"})


def run_toy(zone: Zone, key: str = "one", size: int = 4) -> Toy:
    """Run the toy stage in this process."""
    return run(Toy, zone, STAGE, key, [INPUT], lambda folder: write_outputs(folder, size), journal_of(zone))


def child(root: Path, *words: str, limit: int = 0) -> subprocess.Popen:
    """
    Run the toy stage in a child process.

    Parameters
    ----------
    words : str
        `key one`, `size 4`, `kill worked`, `wait worked` (stop there until standard input ends).
    limit : int
        Largest file that the child may write, bytes; 0 for none.
    """
    pairs = [f"{name}={value}" for name, value in zip(words[::2], words[1::2], strict=True)]
    command = [sys.executable, __file__, str(root), *pairs, f"limit={limit}"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, seconds: float = 20) -> None:
    """Wait until a file exists."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not come"
        time.sleep(0.01)


def _main(root: Path, pairs: list[str]) -> None:
    chosen = dict(pair.split("=") for pair in pairs)

    def hook(event: str, details: tuple[object, ...]) -> None:
        if event != "harmony.stages":
            return
        if details[1] == chosen.get("kill"):
            os.kill(os.getpid(), 9)
        if details[1] == chosen.get("wait"):
            (root / "waiting").touch()
            sys.stdin.read()

    zone = open_zone(root, "public")
    if chosen["limit"] != "0":
        import resource

        # The journal is made before: the test is about the files of a stage.
        journal_of(zone)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(chosen["limit"]), int(chosen["limit"])))
    sys.addaudithook(hook)
    run_toy(zone, chosen.get("key", "one"), int(chosen.get("size", "4")))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
