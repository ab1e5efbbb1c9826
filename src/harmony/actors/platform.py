"""What the steward does with data: receive deliveries, make, show and verify releases, show the public."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmony.actors.desk import Desk, at, today
from harmony.actors.standing import now, public_policy, publish_deliveries, publishable, standings
from harmony.actors.witnessed import recorded
from harmony.dictionary.model import load
from harmony.errors import FormatRefused, UsageError
from harmony.governance.audit import STEWARD, log
from harmony.governance.ids import check_id
from harmony.governance.publication import verify_published
from harmony.governance.signatures import checker_keys
from harmony.identity import separation
from harmony.identity.checks import read_envelope
from harmony.identity.messages import MANIFEST, read_manifest
from harmony.identity.peers import read_peers
from harmony.identity.post import PLATFORM, RECEIPT_ENDS, post_box
from harmony.identity.post import send as send_files
from harmony.intake.receive import STAGE as RECEIVE
from harmony.intake.receive import receive
from harmony.intake.void import declare_void
from harmony.releases.assemble import STAGE as RELEASE
from harmony.releases.assemble import assemble, open_release
from harmony.releases.parcel import open_parcel
from harmony.reporting.public import Catalogue, CatalogueRow
from harmony.reporting.public_files import (
    CATALOGUE_FILE,
    DELIVERIES_FILE,
    REPORTS_FOLDER,
    read_catalogue,
    read_deliveries,
    show_released,
    write_catalogue,
    write_deliveries,
)
from harmony.stages.journey import Release
from harmony.store.control.audit import AuditEvent


def delivery_receive(network: Path, delivery: str) -> dict[str, Any]:
    """
    Receive one relayed delivery in the restricted zone and send the receipt to the provider.

    Returns
    -------
    dict
        delivery, patients, clause (the agreement that allowed it), repeated.
    """
    check_id(delivery, "DLV")
    with at(network, "restricted") as desk:
        folder = _relayed(network, delivery)
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


def delivery_void(network: Path, delivery: str) -> dict[str, Any]:
    """
    Declare a relayed delivery void, so that those behind it can be received, and tell its provider.

    Returns
    -------
    dict
        delivery, provider.

    Raises
    ------
    NotPermitted
        When the delivery was received: that cannot be taken back here.
    HarmonyError
        Otherwise as `intake.void.declare_void`.
    """
    check_id(delivery, "DLV")
    with at(network, "restricted") as desk:
        folder = _relayed(network, delivery)
        receipt = declare_void(desk.zone, folder, desk.control)
        manifest = read_manifest(read_envelope(folder / MANIFEST), read_peers(desk.zone), today())
        name = manifest.id + RECEIPT_ENDS["h.sign"]
        kept = desk.zone.folder("void") / name
        kept.write_bytes(receipt)
        send_files({name: kept}, post_box(network, manifest.provider))
    return {
        "message": f"{manifest.id} is void; its provider is told.",
        "delivery": manifest.id,
        "provider": manifest.provider,
    }


def delivery_status(network: Path) -> dict[str, Any]:
    """Return where every received delivery stands."""
    with at(network, "restricted") as desk:
        rows = standings(network, desk)
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
    if release:
        check_id(release, "REL")
    with recorded(network) as (desk, control):
        folder = _parcel(network, release)
        parcel = open_parcel(folder, read_peers(desk.zone), today())
        found = assemble(desk.zone, folder, parcel, separation.level(network), desk.journal)
        detail = {"document_sha256": found.record.sha256, "code": found.details["level"]}
        log(control, AuditEvent(STEWARD, "", "release.made", found.record.key, detail))
        _publish_counts(desk, found.record.key, json.loads(found.path("counts.json").read_text("utf-8")))
    return {"message": f"{found.record.key} is made.", **_release_facts(found.record.key, found.details)}


def release_show(network: Path, release: str) -> dict[str, Any]:
    """Return what a release holds: sources, rows, hashes, witness."""
    check_id(release, "REL")
    with at(network, "research") as desk:
        desk.finished(Release, RELEASE, release, "harmony release make first.")
        found = open_release(desk.zone, release, desk.journal)
    rows = {output.path: output.rows for output in found.record.outputs if output.rows}
    return {"message": f"{release}.", **_release_facts(release, found.details), "rows": rows}


def release_verify(network: Path, release: str) -> dict[str, Any]:
    """Verify a release's record, its files and its hash; raises `Tampered` when anything differs."""
    check_id(release, "REL")
    with at(network, "research") as desk:
        desk.finished(Release, RELEASE, release, "harmony release make first.")
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

    Raises
    ------
    FormatRefused
        When waiting counts, standings or a report are not in their form; what was shown before stays.
    SignatureInvalid
        When a report is not what two checkers signed.
    """
    with at(network, "public") as desk:
        box = post_box(network, "public")
        # Both are read whole before either is shown, and what was read is what is written.
        counts, standing = read_catalogue(box), read_deliveries(box)
        if (box / CATALOGUE_FILE).is_file():
            write_catalogue(desk.zone.root, counts)
        if (box / DELIVERIES_FILE).is_file():
            write_deliveries(desk.zone.root, standing)
        keys = checker_keys(read_peers(desk.zone), today())
        shown = [_show_report(desk, folder, keys) for folder in sorted((box / REPORTS_FOLDER).glob("RES-*"))]
    return {"message": f"The public zone shows {len(shown)} reports.", "reports": shown}


def _show_report(desk: Desk, folder: Path, keys: Mapping[str, str]) -> str:
    statement = verify_published(folder, keys)
    if statement["result"] != folder.name:
        raise FormatRefused(f"{folder.name} in the post holds another result.", "Publish it again.")
    show_released(desk.zone.root, folder, statement)
    return str(statement["result"])


def _relayed(network: Path, delivery: str) -> Path:
    folder = post_box(network, PLATFORM) / delivery
    if not folder.is_dir():
        raise UsageError(f"No delivery {delivery} waits for the platform.", "harmony ttp relay first.")
    return folder


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


def _publish_counts(desk: Desk, release: str, counts: list[dict[str, Any]]) -> None:
    policy = public_policy(desk)
    rows = tuple(CatalogueRow(**publishable(row, policy), release=release) for row in counts)
    box = post_box(desk.network, "public")
    box.mkdir(parents=True, exist_ok=True)
    write_catalogue(box, Catalogue(now(), rows))
