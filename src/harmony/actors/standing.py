"""Where received deliveries stand, and counts in the form in which everybody may read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harmony.actors.desk import Desk, governance
from harmony.anonymity.gate import STAGE as ANONYMISE
from harmony.disclosure.policy import OutputPolicy, load_policy
from harmony.governance.audit import history
from harmony.identity.post import post_box
from harmony.intake.receive import STAGE as RECEIVE
from harmony.omop.harmonise import STAGE as HARMONISE
from harmony.quality.gate import CHECKED, REPORT
from harmony.reporting.public import HIDDEN, TRACK, Deliveries, DeliveryStatus, StageStatus, State
from harmony.reporting.public_files import read_catalogue, write_deliveries
from harmony.stages.journey import QualityReport, ReceivedDelivery, ResearchTables
from harmony.stages.problems import read_problems
from harmony.stages.run import open_stage

#: Stages behind every received delivery; the next one is the platform's quality gate.
RECEIVED: Final = TRACK.index("Receive") + 1

#: What happens next, by the number of stages done.
NEXT: Final = {
    6: "The committee runs the quality gate.",
    7: "The committee runs the quality gate again.",
    8: "The committee signs a quality level; then the anonymity gate.",
    9: "The steward makes the release.",
}
AFTER_REFUSAL: Final = "The provider mends what the problem report lists and sends a new delivery."


def public_policy(desk: Desk) -> OutputPolicy:
    """Return the policy of everything that the public zone shows; a network's own file replaces it."""
    return load_policy("public", desk.definitions / "policies")


def publishable(row: Mapping[str, Any], policy: OutputPolicy) -> dict[str, Any]:
    """
    Return a row of counts as the catalogue may show it, with `rounded` told.

    Counts of openly published or invented patients hide nobody and stay; those of real patients are rounded
    to the policy's base and hidden below its least cell.
    """
    if row["mark"] != "patient":
        return {**row, "rounded": False}
    return {key: _shown(value, row["mark"], policy) for key, value in row.items()} | {"rounded": True}


def standings(network: Path, desk: Desk) -> tuple[DeliveryStatus, ...]:
    """Return where every received delivery stands, oldest first; `desk` is the restricted zone."""
    policy = public_policy(desk)
    return tuple(_status(network, desk, delivery, policy) for delivery in desk.journal.keys(RECEIVE))


def publish_deliveries(network: Path, desk: Desk) -> None:
    """Put the standing of all received deliveries into the public post; `desk` is the restricted zone."""
    box = post_box(network, "public")
    box.mkdir(parents=True, exist_ok=True)
    write_deliveries(box, Deliveries(now(), standings(network, desk)))


def now() -> str:
    """Return this moment in UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()


def _shown(value: Any, mark: str, policy: OutputPolicy) -> Any:
    if mark != "patient" or not isinstance(value, int):
        return value
    if value < policy.least_cell and (value or policy.zeros_are_small):
        return HIDDEN
    base = policy.rounding_base or 1
    return round(value / base) * base


def _status(network: Path, desk: Desk, delivery: str, policy: OutputPolicy) -> DeliveryStatus:
    received = open_stage(ReceivedDelivery, desk.zone, RECEIVE, delivery, desk.journal)
    with governance(network) as control:
        signed = [event for event in history(control, delivery) if event.action == "quality.signed"]
    details, report = received.details, _report(desk, delivery)
    refused = report is not None and report.record.verdict == "refused"
    done = RECEIVED if refused else _stages_done(network, desk, delivery)
    patients = _shown(received.record.counts["out"], details["mark"], policy)
    words = {
        RECEIVED - 1: f"{patients} patients",
        RECEIVED: "refused" if refused else f"level {signed[-1].detail['decision']}" if signed else "",
    }
    here: State = "stopped" if refused else "waiting"
    stages = tuple(
        StageStatus(name, "done" if n < done else here if n == done else "waiting", word=words.get(n, ""))
        for n, name in enumerate(TRACK)
    )
    problems = _shown(_problems(report), details["mark"], policy)
    following = AFTER_REFUSAL if refused else NEXT.get(done, "")
    return DeliveryStatus(delivery, details["provider"], details["mark"], stages, problems, following)


def _report(desk: Desk, delivery: str) -> QualityReport | None:
    if desk.journal.find(REPORT, delivery) is None:
        return None
    return open_stage(QualityReport, desk.zone, REPORT, delivery, desk.journal)


def _problems(report: QualityReport | None) -> int:
    return sum(read_problems(report.path("problems.csv")).counts.values()) if report else 0


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
    return RECEIVED + (further.index(False) if False in further else len(further))
