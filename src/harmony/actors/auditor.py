"""What an auditor does: verify the record, look at separation, follow one row back to its delivery."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from harmony.actors.desk import Desk, at, governance
from harmony.errors import NotPermitted, UsageError
from harmony.governance import audit
from harmony.governance.members import find
from harmony.identity.separation import level, zone_roots
from harmony.intake.receive import STAGE as RECEIVE
from harmony.omop.harmonise import STAGE as HARMONISE
from harmony.settings import ZONE_FOLDERS, open_zone
from harmony.stages.journey import HarmonisedTables, ReceivedDelivery
from harmony.stages.run import open_stage
from harmony.store.control.audit import AuditEvent, append_event
from harmony.store.tables import read_table

#: Who may follow a row back: never somebody who works with research rows.
TRACE_ROLES: Final = ("auditor", "quality_committee", "data_protection_officer")
RESEARCH_ROLES: Final = ("lead_researcher", "study_analyst")


def audit_verify(network: Path) -> dict[str, Any]:
    """Walk the audit log and compare every hash; raises `Tampered` when the log is not whole."""
    with governance(network) as control:
        proof = audit.verify(control)
    return {
        "message": f"The audit log is whole: {proof.events} events.",
        "events": proof.events,
        "head": proof.head,
    }


def audit_separation(network: Path) -> dict[str, Any]:
    """Return the separation level of this installation, and that every zone holds its own keys only."""
    zones = []
    for root in zone_roots(network):
        name = next(n for n, f in ZONE_FOLDERS.items() if root.match(f.format(owner="*")))
        zone = open_zone(root, name)
        zones.append(
            {"zone": name, "owner": zone.owner, "keys": sorted(p.name for p in (root / "keys").iterdir())}
        )
    found = level(network)
    words = (
        "formats, checks and refusals only; one account reads all keys"
        if found == "S0"
        else "accounts are separate"
    )
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
        When there is no such table or row.
    """
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
    harmonised = open_stage(HarmonisedTables, desk.zone, HARMONISE, delivery, desk.journal)
    path = harmonised.path(f"tables/{table}.parquet")
    if not path.is_file():
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
