"""
A small network kept as a folder after every step, so that a test can go on from any of them.

Two xdist workers share one: the first builds it under a lock, the second finds it whole.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import small_network
from small_network import SmallNetwork
from typer.testing import CliRunner

from harmony.cli.main import app

#: The provider whose delivery is disturbed; the other one's stands finished before it.
VICTIM: Final = "P02"

#: Steps in order, each one command of the victim or of the whole network.
STEPS: Final = ("pack", "relay", "receive", "quality", "sign", "assess", "release")


def command(step: str, small: SmallNetwork) -> list[str]:
    """Return the words of a step's command, without `harmony`."""
    network = ["--network", str(small.network), "--json"]
    delivery = small.deliveries.get(VICTIM, "")
    own = ["--layout", small_network.LAYOUTS[VICTIM], "--agreement", small.agreements[VICTIM]]
    words = {
        "pack": ["provider", "pack", str(small.sources[VICTIM]), "--provider", VICTIM, *own],
        "relay": ["ttp", "relay", str(small.network / "post" / "ttp" / delivery)],
        "receive": ["delivery", "receive", delivery],
        "quality": ["quality", "run", delivery],
        "sign": ["quality", "sign", delivery, "--level", "B", "--as", small.members["committee"]],
        "assess": ["privacy", "assess"],
        "release": ["release", "make", small.release],
    }
    return [*words[step], *network]


def here(words: list[str]) -> dict[str, Any]:
    """Run a command in this process and return its answer; for steps that no test disturbs."""
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (words, done.output)
    return json.loads(done.stdout)


def take(step: str, small: SmallNetwork, answer: dict[str, Any]) -> None:
    """Keep the ids that a step's answer brings and later steps need."""
    if step == "pack":
        small.deliveries[VICTIM] = answer["delivery"]
    if step == "assess":
        small.release = answer["release"]


def finish(small: SmallNetwork, start: str) -> dict[str, Any]:
    """Run all steps from `start` to the release in this process; return the release's answer."""
    answer: dict[str, Any] = {}
    for step in STEPS[STEPS.index(start) :]:
        answer = here(command(step, small))
        take(step, small, answer)
    return answer


def build_ready(folder: Path) -> SmallNetwork:
    """Build a network in which only the victim's delivery is still to be packed."""
    small = small_network.build(folder, upto="network")
    other = replace(small, sources={k: v for k, v in small.sources.items() if k != VICTIM}, deliveries={})
    for step in (small_network.pack, small_network.relay, small_network.receive, small_network.quality):
        step(other)
    small.deliveries.update(other.deliveries)
    return small


class Prepared:
    """Copies of one network before each step, and what the undisturbed network released."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        content = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
        self.release: dict[str, Any] = content["release"]
        self.stages: dict[str, list[str]] = content["stages"]

    def copy(self, step: str, target: Path) -> SmallNetwork:
        """Copy the network as it was before `step`, keys and all, and return it."""
        subprocess.run(["cp", "-a", self.folder / step, target], check=True)
        ids = json.loads((target / "ids.json").read_text(encoding="utf-8"))
        sources = {name: target / "sources" / name for name in ids["sources"]}
        truth = target / "sources" / "truth.json"
        return SmallNetwork(target / "network", **{**ids, "sources": sources, "truth": truth})


def prepare(folder: Path) -> None:
    """Build the network once and keep it before each step and after the last (`done`)."""
    live = folder / "live"
    small = build_ready(live)
    stages: dict[str, list[str]] = {}
    answer: dict[str, Any] = {}
    for step in STEPS:
        _keep(small, live, folder / step)
        before = finished_stages(small.network)
        answer = here(command(step, small))
        take(step, small, answer)
        stages[step] = sorted(name for name, key in finished_stages(small.network) - before)
    _keep(small, live, folder / "done")
    shutil.rmtree(live)
    partial = folder / "prepared.partial"
    partial.write_text(json.dumps({"release": answer, "stages": stages}), encoding="utf-8")
    partial.rename(folder / "prepared.json")


def finished_stages(network: Path) -> set[tuple[str, str]]:
    """Return stage and key of every stage folder in every zone."""
    return {(path.parent.parent.name, path.parent.name) for path in network.rglob("stages/*/*/stage.json")}


def shared_network(factory: Any) -> Prepared:
    """Build the prepared network once for all workers of a test run and return it; `factory` is pytest's."""
    base = factory.getbasetemp()
    # With xdist each worker has a folder of its own below the common one.
    base = (base.parent if base.name.startswith("popen-") else base) / "prepared-network"
    base.mkdir(exist_ok=True)
    with _lock(base / "lock"):
        if not (base / "prepared.json").exists():
            prepare(base)
    return Prepared(base)


@contextmanager
def _lock(path: Path):
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _keep(small: SmallNetwork, live: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", live, target], check=True)
    names = ("members", "agreements", "deliveries", "release")
    ids = {name: getattr(small, name) for name in names} | {"sources": sorted(small.sources)}
    (target / "ids.json").write_text(json.dumps(ids), encoding="utf-8")
