"""
What stands in the research zone must be in the platform's log, so that no empty log can take its place.

It needs no written-down head: agreements, releases, results and people are there, or they are not.
"""

from __future__ import annotations

from typing import Final

from harmony.actors.desk import Desk
from harmony.errors import Tampered
from harmony.governance.audit import history
from harmony.governance.results import EVENT as COMPUTED
from harmony.identity.peers import read_peers
from harmony.releases.assemble import STAGE as RELEASE
from harmony.reporting.public_files import REPORTS_FOLDER
from harmony.settings import zone_root
from harmony.store.control.database import Control

#: What it is, and the event that it left.
EVENTS: Final = {
    "an agreement": "agreement.added",
    "a release": "release.made",
    "a result": COMPUTED,
    "a person": "member.added",
    "a published report": "output.published",
}


def require_evidence(desk: Desk, control: Control) -> None:
    """
    Refuse a log that does not know what stands in the research zone, or who was given a key.

    Raises
    ------
    Tampered
        Naming the kind of thing, how many are missing, and the event that each must have; also when the log
        has a release that the zone does not.
    """
    known: dict[str, set[str]] = {action: set() for action in EVENTS.values()}
    for event in history(control):
        if event.action in known:
            known[event.action].add(event.object)
    public = zone_root(desk.network, "public")
    standing = {
        "an agreement": {item.id for item in read_peers(desk.zone).agreements},
        "a release": set(desk.journal.keys(RELEASE)),
        "a result": {path.name for path in desk.zone.root.glob("results/RES-*")},
        "a person": {path.name for path in desk.network.glob("people/MEM-*")},
        "a published report": {path.name for path in public.glob(f"{REPORTS_FOLDER}/RES-*")},
    }
    # The event is written behind the release, so that a release of the log is one of the journal.
    lost = known[EVENTS["a release"]] - standing["a release"]
    if lost:
        raise Tampered(
            f"The research zone's journal lacks {len(lost)} releases that are in the audit log.",
            "Restore the zone from its backup and report it to the auditor.",
        )
    for what, ids in standing.items():
        missing = ids - known[EVENTS[what]]
        if missing:
            raise Tampered(
                f"The audit log lacks {len(missing)} events {EVENTS[what]} for {what} that is there.",
                "Run the command again if it was interrupted; else restore the records and report it.",
            )
