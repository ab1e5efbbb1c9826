"""What the steward does with data: receive deliveries, make, show and verify releases, show the public."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harmony.actors.desk import Desk, at, governance, today
from harmony.anonymity.gate import STAGE as ANONYMISE
from harmony.dictionary.model import load
from harmony.errors import UsageError
from harmony.governance.audit import history
from harmony.governance.publication import verify_published
from harmony.governance.signatures import checker_keys
from harmony.identity import separation
from harmony.identity.peers import read_peers
from harmony.identity.post import PLATFORM, RECEIPT_ENDS, post_box
from harmony.identity.post import send as send_files
from harmony.intake.receive import STAGE as RECEIVE
from harmony.intake.receive import receive
from harmony.omop.harmonise import STAGE as HARMONISE
from harmony.quality.gate import CHECKED, REPORT
from harmony.releases.assemble import STAGE as RELEASE
from harmony.releases.assemble import assemble, open_release
from harmony.releases.parcel import open_parcel
from harmony.reporting.public import (
    TRACK,
    Catalogue,
    CatalogueRow,
    Deliveries,
    DeliveryStatus,
    StageStatus,
)
from harmony.reporting.public_files import (
    REPORTS_FOLDER,
    read_catalogue,
    show_released,
    write_catalogue,
    write_deliveries,
)
from harmony.stages.journey import QualityReport, ReceivedDelivery, ResearchTables
from harmony.stages.problems import read_problems
from harmony.stages.run import open_stage

#: Counts of real patients are published rounded to this base, and hidden below `HIDDEN_BELOW`.
ROUNDED_TO: Final = 5
HIDDEN_BELOW: Final = 11
HIDDEN: Final = "[c]"


def delivery_receive(network: Path, delivery: str) -> dict[str, Any]:
    """
    Receive one relayed delivery in the restricted zone and send the receipt to the provider.

    Returns
    -------
    dict
        delivery, patients, clause (the agreement that allowed it), repeated.
    """
    with at(network, "restricted") as desk:
        folder = post_box(network, PLATFORM) / delivery
        known = len(desk.journal.keys(RECEIVE))
        found = receive(desk.zone, folder, load(desk.definitions), separation.level(network), desk.control)
        repeated = len(desk.journal.keys(RECEIVE)) == known
        name = found.details["delivery"] + RECEIPT_ENDS["h.sign"]
        send_files({name: found.path("receipt.json")}, post_box(network, found.details["provider"]))
        publish_deliveries(network, desk)
    counts = found.record.counts
    return {
        "message": f"{found.details['delivery']} received: {counts['out']} of {counts['in']} patients.",
        "delivery": found.details["delivery"],
        "patients": counts,
        "clause": found.details["clause"],
        "repeated": repeated,
    }


def delivery_status(network: Path) -> dict[str, Any]:
    """Return where every received delivery stands."""
    with at(network, "restricted") as desk:
        rows = [_status(network, desk, delivery) for delivery in desk.journal.keys(RECEIVE)]
        publish_deliveries(network, desk)
    return {
        "message": f"{len(rows)} deliveries received.",
        "deliveries": [
            {
                "delivery": r.id,
                "provider": r.provider,
                "mark": r.mark,
                "stands": r.current.name,
                "state": r.current.state,
            }
            for r in rows
        ],
    }


def release_make(network: Path, release: str = "") -> dict[str, Any]:
    """
    Make a release from the parcel that the anonymity gate sent, and hand its counts to the public zone.

    Parameters
    ----------
    release : str
        REL id; empty for the newest parcel.
    """
    with at(network, "research") as desk:
        folder = _parcel(network, release)
        parcel = open_parcel(folder, read_peers(desk.zone), today())
        found = assemble(desk.zone, folder, parcel, separation.level(network), desk.journal)
        _publish_counts(network, found.record.key, json.loads(found.path("counts.json").read_text("utf-8")))
    return {"message": f"{found.record.key} is made.", **_release_facts(found.record.key, found.details)}


def release_show(network: Path, release: str) -> dict[str, Any]:
    """Return what a release holds: sources, rows, hashes, witness."""
    with at(network, "research") as desk:
        found = open_release(desk.zone, release, desk.journal)
    rows = {output.path: output.rows for output in found.record.outputs if output.rows}
    return {"message": f"{release}.", **_release_facts(release, found.details), "rows": rows}


def release_verify(network: Path, release: str) -> dict[str, Any]:
    """Verify a release's record, its files and its hash; raises `Tampered` when anything differs."""
    with at(network, "research") as desk:
        found = open_release(desk.zone, release, desk.journal)
    return {"message": f"{release} is whole; it is unwitnessed.", **_release_facts(release, found.details)}


def releases(network: Path) -> list[str]:
    """Return the REL ids of all releases, oldest first."""
    with at(network, "research") as desk:
        return desk.journal.keys(RELEASE)


def public_update(network: Path) -> dict[str, Any]:
    """
    Take what waits for the public zone, verify it, and show it.

    A report is verified from its files alone: signed decisions of two checkers over exactly these files.
    """
    with at(network, "public") as desk:
        box = post_box(network, "public")
        for name in ("catalogue.json", "deliveries.json"):
            if (box / name).is_file():
                shutil.copyfile(box / name, desk.zone.root / f".{name}")
                (desk.zone.root / f".{name}").rename(desk.zone.root / name)
        keys = checker_keys(read_peers(desk.zone), today())
        shown = [_show_report(desk, folder, keys) for folder in sorted((box / REPORTS_FOLDER).glob("RES-*"))]
    return {"message": f"The public zone shows {len(shown)} reports.", "reports": shown}


def _show_report(desk: Desk, folder: Path, keys: Mapping[str, str]) -> str:
    statement = verify_published(folder, keys)
    show_released(desk.zone.root, folder, statement)
    return str(statement["result"])


def _parcel(network: Path, release: str) -> Path:
    box = post_box(network, "research")
    parcels = sorted(box.glob("REL-*"), key=lambda path: path.stat().st_mtime)
    chosen = [path for path in parcels if not release or path.name == release]
    if not chosen:
        raise UsageError("No parcel waits for the research zone.", "Run harmony privacy assess first.")
    return chosen[-1]


def _release_facts(release: str, details: Mapping[str, Any]) -> dict[str, Any]:
    names = ("content_sha256", "release_sha256", "level", "witness", "sources")
    return {"release": release, **{name: details[name] for name in names}}


def _publish_counts(network: Path, release: str, counts: list[dict[str, Any]]) -> None:
    rows = tuple(CatalogueRow(**_publishable(row), release=release) for row in counts)
    box = post_box(network, "public")
    box.mkdir(parents=True, exist_ok=True)
    write_catalogue(box, Catalogue(_now(), rows))


def _publishable(row: Mapping[str, Any]) -> dict[str, Any]:
    # Counts of openly published or invented patients hide nobody; those of real patients are rounded.
    if row["mark"] != "patient":
        return {**row, "rounded": False}
    return {key: _rounded(value) for key, value in row.items()} | {"rounded": True}


def _rounded(value: Any) -> Any:
    if not isinstance(value, int):
        return value
    return HIDDEN if value < HIDDEN_BELOW else round(value / ROUNDED_TO) * ROUNDED_TO


def publish_deliveries(network: Path, desk: Desk) -> None:
    """Put the standing of all received deliveries into the public post; `desk` is the restricted zone."""
    rows = tuple(_status(network, desk, delivery) for delivery in desk.journal.keys(RECEIVE))
    box = post_box(network, "public")
    box.mkdir(parents=True, exist_ok=True)
    write_deliveries(box, Deliveries(_now(), rows))


def _status(network: Path, desk: Desk, delivery: str) -> DeliveryStatus:
    received = open_stage(ReceivedDelivery, desk.zone, RECEIVE, delivery, desk.journal)
    with governance(network) as control:
        signed = [event for event in history(control, delivery) if event.action == "quality.signed"]
    done = _stages_done(network, desk, delivery)
    words = {
        5: f"{received.record.counts['out']} patients",
        6: f"level {signed[-1].detail['decision']}" if signed else "",
    }
    stages = tuple(
        StageStatus(name, "done" if number < done else "waiting", word=words.get(number, ""))
        for number, name in enumerate(TRACK)
    )
    details = received.details
    problems = _problems(desk, delivery)
    return DeliveryStatus(delivery, details["provider"], details["mark"], stages, problems, _next(done))


def _stages_done(network: Path, desk: Desk, delivery: str) -> int:
    # Stages are done in the order of the track; the first six stand behind every received delivery.
    releases = {
        name
        for name in desk.journal.keys(ANONYMISE)
        for source in open_stage(ResearchTables, desk.zone, ANONYMISE, name, desk.journal).details["sources"]
        if source["delivery"] == delivery
    }
    released = {row.release for row in read_catalogue(post_box(network, "public")).rows}
    further = (
        desk.journal.find(CHECKED, delivery) is not None,
        desk.journal.find(HARMONISE, delivery) is not None,
        bool(releases),
        bool(releases & released),
    )
    return 6 + (further.index(False) if False in further else len(further))


def _problems(desk: Desk, delivery: str) -> int:
    if desk.journal.find(REPORT, delivery) is None:
        return 0
    found = open_stage(QualityReport, desk.zone, REPORT, delivery, desk.journal)
    return sum(read_problems(found.path("problems.csv")).counts.values())


def _next(done: int) -> str:
    steps = {
        6: "The committee runs the quality gate.",
        7: "The committee runs the quality gate again.",
        8: "The committee signs a quality level; then the anonymity gate.",
        9: "The steward makes the release.",
    }
    return steps.get(done, "")


def _now() -> str:
    return dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()
