"""What output checkers and the publication officer do: look, decide with one's own key, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harmony.actors.desk import governance, today
from harmony.actors.witnessed import recorded
from harmony.governance import airlock, publication
from harmony.governance.ids import check_id
from harmony.governance.output_requests import get_request
from harmony.governance.signatures import checker_keys, sign
from harmony.identity.peers import read_peers
from harmony.identity.post import post_box
from harmony.reporting.public_files import REPORTS_FOLDER
from harmony.settings import open_zone, zone_root


def output_check(network: Path, result: str, person: str) -> dict[str, Any]:
    """
    Open a result for a checker.

    Returns
    -------
    dict
        files (paths to look at), findings (what disclosure control left to a person), version.

    Raises
    ------
    NotPermitted
        When the person is no checker, or belongs to the authors or their organisation.
    HashMismatch
        When a file is not the one that was asked out.
    """
    check_id(result, "RES")
    with recorded(network) as (desk, control):
        folder = desk.zone.root / "results" / result / "files"
        found = airlock.check(control, result, person, folder, today())
    return {
        "message": f"{result}, version {found.version}: {len(found.findings)} findings for a person.",
        "result": result,
        "version": found.version,
        "files": [str(folder / entry["path"]) for entry in found.files],
        "findings": list(found.findings),
    }


def output_decide(network: Path, result: str, person: str, decision: str, note: str) -> dict[str, Any]:
    """
    Take a checker's decision, signed with the checker's own key.

    Parameters
    ----------
    decision : str
        release, return or refuse.
    note : str
        The reason; with release the answer to what was left to a person.
    """
    check_id(person, "MEM")
    own = open_zone(zone_root(network, "person", person), "person")
    with recorded(network) as (desk, control):
        keys = checker_keys(read_peers(desk.zone), today())
        signature = sign(own, airlock.to_sign(control, result, person, decision))
        state = airlock.decide(control, result, person, decision, note, signature, keys, today())
    words = {"checking": "one signed decision of two", "released": "released", "returned": "sent back"}
    return {"message": f"{result} is {words.get(state, state)}.", "result": result, "state": state}


def output_publish(network: Path, result: str, person: str) -> dict[str, Any]:
    """Publish a released result: verify both signatures and the files, and hand it to the public zone."""
    check_id(result, "RES")
    with recorded(network) as (desk, control):
        folder = desk.zone.root / "results" / result / "files"
        destination = post_box(network, "public") / REPORTS_FOLDER
        destination.mkdir(parents=True, exist_ok=True)
        keys = checker_keys(read_peers(desk.zone), today())
        path = publication.publish(control, result, person, folder, destination, keys, today())
    return {
        "message": f"{result} is published; the public zone shows it after harmony public update.",
        "sent": str(path),
    }


def output_show(network: Path, result: str) -> dict[str, Any]:
    """Return the state of an output request and who decided what."""
    with governance(network) as control:
        found = get_request(control, result)
    steps = [{"person": s["person"], "action": s["action"]} for s in found.steps]
    return {"message": f"{result} is {found.state}.", "result": result, "state": found.state, "steps": steps}
