"""What an auditor does: verify the record, look at separation, follow one row back to its delivery."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from harmony.actors.attestation import sign_attestation, verified_attestation
from harmony.actors.desk import Desk, at, governance
from harmony.actors.evidence import require_evidence
from harmony.actors.holdings import describe
from harmony.errors import NotPermitted, Tampered, UsageError
from harmony.governance import audit
from harmony.governance.ids import check_id
from harmony.governance.members import find
from harmony.governance.witness import require_witnessed
from harmony.identity.peers import read_peers
from harmony.identity.post import post_box
from harmony.identity.separation import level
from harmony.intake.receive import STAGE as RECEIVE
from harmony.omop.harmonise import STAGE as HARMONISE
from harmony.stages.chain import verify_stages
from harmony.stages.journey import HarmonisedTables, ReceivedDelivery
from harmony.stages.run import open_stage
from harmony.store.control.audit import AuditEvent, append_event
from harmony.store.tables import read_table

#: Who may follow a row back: never somebody who works with research rows.
TRACE_ROLES: Final = ("auditor", "quality_committee", "data_protection_officer", "platform_steward")
#: The zone that signs the head of the platform's log.
WITNESS: Final = "research"
_TABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
RESEARCH_ROLES: Final = ("lead_researcher", "study_analyst")


def audit_verify(network: Path, zone: str = "", owner: str = "") -> dict[str, Any]:
    """
    Verify a log, the stages of its zone, and that what stands in the zone is in the log.

    Parameters
    ----------
    zone, owner : str
        A zone's own log; empty for the platform's, which the research zone witnesses.

    Returns
    -------
    dict
        events, head (hash of the last one), witnessed (events that the zone signed for), stages.

    Raises
    ------
    Tampered
        When an event was changed, left out or put in, the log was cut, emptied or put back from an old copy,
        or stages and journal of the zone differ.
    """
    with at(network, zone or WITNESS, owner) as desk:
        if zone:
            proof, witnessed = audit.verify(desk.control), 0
        else:
            with governance(network) as control:
                proof = audit.verify(control)
                witnessed = require_witnessed(desk.zone, control).events
                require_evidence(desk, control)
        stages = verify_stages(desk.zone, desk.journal.rows())
    return {
        "message": f"The audit log is whole: {proof.events} events, {witnessed} of them witnessed.",
        "events": proof.events,
        "head": proof.head,
        "witnessed": witnessed,
        "stages": stages,
    }


def audit_attest(network: Path, zone: str, owner: str = "") -> dict[str, Any]:
    """
    Let one zone say about itself what it holds, signed with its own key.

    Returns
    -------
    dict
        keys (names and fingerprints), stages (how many of each), columns (of its tables, names only).
    """
    with at(network, zone, owner) as desk:
        statement = describe(desk)
        signed = sign_attestation(desk.zone, statement)
    folder = post_box(network, "public") / "attest"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{zone}{'-' + owner if owner else ''}.json"
    path.write_text(json.dumps(signed, indent=1), encoding="utf-8")
    return {"message": f"Zone {zone} attests {len(statement['stages'])} kinds of stages.", **statement}


def audit_separation(network: Path) -> dict[str, Any]:
    """
    Merge the zones' attestations: the level, and whether any key name lies in two kinds of zones.

    Raises
    ------
    SignatureInvalid
        When an attestation is not what its zone signed, or was signed by another key than the pinned one.
    Tampered
        When one key lies in two zones.
    UsageError
        When no zone has attested.
    """
    folder = post_box(network, "public") / "attest"
    with at(network, WITNESS) as desk:
        peers = read_peers(desk.zone)
    zones = [verified_attestation(path, peers) for path in sorted(folder.glob("*.json"))]
    if not zones:
        raise UsageError("No zone has attested yet.", "Run harmony audit attest for each zone.")
    prints = [key["fingerprint"] for zone in zones for key in zone["keys"]]
    doubled = len(prints) - len(set(prints))
    if doubled:
        raise Tampered(
            f"{doubled} keys lie in two zones.", "Separation is broken: rotate them and report it."
        )
    found = level(network)
    words = "formats, checks and refusals only: one account reads all keys" if found == "S0" else "apart"
    return {"message": f"Separation level {found}: {words}.", "level": found, "zones": zones}


def trace(network: Path, delivery: str, table: str, row: int, person: str) -> dict[str, Any]:
    """
    Follow one row of the restricted zone back to delivery, part and row.

    Parameters
    ----------
    row : int
        Number of the row in the harmonised table, 1 or more.

    Returns
    -------
    dict
        delivery, part, row in the part, and every stage record on the way back to the manifest.

    Raises
    ------
    NotPermitted
        When the person works with research rows, or has no role that may trace; the refusal is on record.
    UsageError
        When there is no such table or row, or the delivery is no DLV id.
    """
    check_id(delivery, "DLV")
    if not _TABLE.fullmatch(table):
        raise UsageError("There is no table of this name.", "Name a common table, for example patient.")
    with governance(network) as control, audit.changing(control, person, "trace", delivery) as connection:
        member = find(connection, person)
        held = [role for role in TRACE_ROLES if role in member.roles]
        if not held or set(member.roles) & set(RESEARCH_ROLES):
            raise NotPermitted(
                f"{person} may not follow a row back.", "Ask the auditor.", ", ".join(TRACE_ROLES)
            )
        append_event(connection, AuditEvent(person, held[0], "row.traced", delivery, {"tables": [table]}))
    with at(network, "restricted") as desk:
        return _trace(desk, delivery, table, row)


def _trace(desk: Desk, delivery: str, table: str, row: int) -> dict[str, Any]:
    harmonised = desk.finished(HarmonisedTables, HARMONISE, delivery, "harmony quality run first.")
    path = harmonised.path(f"tables/{table}.parquet")
    if not table.isidentifier() or not path.is_file():
        raise UsageError(f"{delivery} has no table {table}.", "harmony delivery status shows the deliveries.")
    rows = read_table(path)
    if not 1 <= row <= len(rows):
        raise UsageError(f"Table {table} has no row {row}.", "", f"1 to {len(rows)}")
    found = rows.slice(row - 1, 1).select(["_delivery", "_part", "_row"]).to_pylist()[0]
    received = open_stage(ReceivedDelivery, desk.zone, RECEIVE, delivery, desk.journal)
    return {
        "message": f"Row {row} of {table} came as row {found['_row']} of part {found['_part']}.",
        "delivery": found["_delivery"],
        "part": found["_part"],
        "row": found["_row"],
        "manifest": received.details["manifest"],
        "records": [
            {
                "stage": s.record.stage,
                "sha256": s.record.sha256,
                "inputs": [i.sha256 for i in s.record.inputs],
            }
            for s in (harmonised, received)
        ],
    }
