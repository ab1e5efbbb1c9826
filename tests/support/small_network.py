"""
A small network built through the actors: 200 synthetic patients and one public table of 600 transplants.

`build` goes as far as it is told and returns every id that a test needs to look at what was made.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harmony.actors import anyone, committee, platform, provider, steward, ttp
from harmony.demo.sources import write_ebmt2

#: How far `build` can go, in order.
STEPS: Final = ("network", "pack", "relay", "receive", "quality", "assess", "release")

#: Key, name, organisation and role of the people.
PEOPLE: Final = (
    ("researcher", "Researcher One", "University A", "lead_researcher"),
    ("clinician", "Reviewer Two", "Hospital C", "reviewer_clinician"),
    ("statistician", "Reviewer Three", "Institute D", "reviewer_statistician"),
    ("ethics", "Reviewer Four", "Ethics Board E", "reviewer_ethics"),
    ("chair", "Chair Five", "Alliance Office", "steering_chair"),
    ("steward", "Steward Six", "Platform Operator", "platform_steward"),
    ("committee", "Committee Seven", "Quality Office", "quality_committee"),
    ("checker_a", "Checker Eight", "Institute F", "output_checker"),
    ("checker_b", "Checker Nine", "Institute G", "output_checker"),
    ("publisher", "Publisher Ten", "Publication Office", "publication_officer"),
    ("auditor", "Auditor Eleven", "Audit Office", "auditor"),
)

#: Layout and kind of agreement by provider.
LAYOUTS: Final = {"P01": "ebmt2", "P02": "p02_aml"}
KINDS: Final = {"P01": "public", "P02": "synthetic"}

SET_ASIDE: Final = 5
MAX_BYTES: Final = 10**9

#: Rows of the public table in a small network; the whole table has 8,966.
PUBLIC_ROWS: Final = 600


@dataclass
class SmallNetwork:
    """
    What `build` made.

    Attributes
    ----------
    network : Path
        The network's folder.
    members : dict of str to str
        MEM id by key of `PEOPLE`.
    agreements, deliveries, sources : dict
        AGR id, DLV id and source folder by provider (P01 public, P02 synthetic).
    release : str
        REL id, empty before step assess.
    truth : Path
        Estimates on the true values of the synthetic cohort.
    """

    network: Path
    members: dict[str, str] = field(default_factory=dict)
    agreements: dict[str, str] = field(default_factory=dict)
    deliveries: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Path] = field(default_factory=dict)
    release: str = ""
    truth: Path = Path()


def build(
    folder: Path, patients: int = 200, seed: int = 7, upto: str = "release", rows: int = PUBLIC_ROWS
) -> SmallNetwork:
    """
    Build a network below `folder` through the actors, in this process.

    Parameters
    ----------
    folder : Path
        Gets `sources/` and `network/`.
    patients : int
        Synthetic patients; 100 or more, or 0 for a network without the synthetic provider.
    upto : str
        Last step, one of `STEPS`.
    rows : int
        Rows of the public table; 0 for a network without it.
    """
    small = SmallNetwork(folder / "network")
    write_sources(small, folder / "sources", patients, seed, rows)
    for name in STEPS[: STEPS.index(upto) + 1]:
        _STEPS[name](small)
    return small


def write_sources(small: SmallNetwork, folder: Path, patients: int, seed: int, rows: int) -> None:
    """Write the providers' files: `rows` rows of the public table, `patients` synthetic patients."""
    if rows:
        small.sources["P01"] = folder / "P01"
        cut(write_ebmt2(folder / "P01"), rows)
    if patients:
        small.sources["P02"], small.truth = folder / "P02", folder / "truth.json"
        anyone.simulate(folder / "P02", small.truth, patients, seed)


def cut(path: Path, rows: int) -> None:
    """Keep the header and the first `rows` rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        kept = [line for _, line in zip(range(rows + 1), csv.reader(file), strict=False)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(kept)


def set_up(small: SmallNetwork) -> None:
    """Make the network, enrol people and parties, put one agreement a provider into force, pin the peers."""
    network = small.network
    identity = steward.network_init(network)["network"]
    ttp.init(network, identity)
    for name in small.sources:
        provider.init(network, identity, name)
    for key, name, house, role in PEOPLE:
        small.members[key] = steward.member_add(network, name, house, [role])["member"]
    fingerprint = ""
    for name in small.sources:
        answer = steward.agreement_add(
            network, [name], KINDS[name], dt.date(2026, 1, 1), dt.date(2030, 12, 31), MAX_BYTES, SET_ASIDE
        )
        small.agreements[name], fingerprint = answer["agreement"], answer["fingerprint"]
    for zone in ("ttp", "restricted", "research", "public"):
        steward.pin(network, zone, "", fingerprint)
    for name in small.sources:
        steward.pin(network, "hospital", name, fingerprint)


def pack(small: SmallNetwork) -> None:
    """Check and seal every provider's files."""
    for name, folder in small.sources.items():
        answer = provider.pack(small.network, name, folder, LAYOUTS[name], small.agreements[name])
        small.deliveries[name] = answer["delivery"]


def relay(small: SmallNetwork) -> None:
    """Let the TTP relay every delivery."""
    for delivery in small.deliveries.values():
        ttp.relay(small.network, small.network / "post" / "ttp" / delivery)


def receive(small: SmallNetwork) -> None:
    """Let the restricted zone receive every delivery."""
    for delivery in small.deliveries.values():
        platform.delivery_receive(small.network, delivery)


def quality(small: SmallNetwork) -> None:
    """Run the quality gate on every delivery and sign the level that the rules propose."""
    for delivery in small.deliveries.values():
        level = committee.quality_run(small.network, delivery)["level"]
        committee.quality_sign(small.network, delivery, level, small.members["committee"])


def assess(small: SmallNetwork) -> None:
    """Run the anonymity gate."""
    small.release = committee.privacy_assess(small.network)["release"]


def release(small: SmallNetwork) -> None:
    """Make the release."""
    platform.release_make(small.network, small.release)


_STEPS: Final[Mapping[str, Callable[[SmallNetwork], None]]] = {
    "network": set_up,
    "pack": pack,
    "relay": relay,
    "receive": receive,
    "quality": quality,
    "assess": assess,
    "release": release,
}
