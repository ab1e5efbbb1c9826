"""What the quality committee does in the restricted zone: gate, explanation, quality level, privacy."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from harmony.actors.desk import Desk, at, governance
from harmony.actors.standing import publish_deliveries
from harmony.analysis.utility import estimates
from harmony.anonymity.floor import network_policy
from harmony.anonymity.gate import STAGE as ANONYMISE
from harmony.anonymity.gate import assess
from harmony.dictionary.model import Dictionary, load
from harmony.errors import NotPermitted, UsageError
from harmony.governance.audit import changing, history, log
from harmony.governance.ids import check_id
from harmony.governance.members import find
from harmony.identity.post import post_box
from harmony.intake.receive import STAGE as RECEIVE
from harmony.omop.harmonise import STAGE as HARMONISE
from harmony.omop.harmonise import harmonise
from harmony.quality.evaluate import count_rules
from harmony.quality.gate import CHECKED, REPORT, GateTerms, report, require_passed, set_aside
from harmony.quality.rules import load_rules
from harmony.releases.parcel import send
from harmony.stages.journey import (
    CheckedTables,
    HarmonisedTables,
    QualityReport,
    ReceivedDelivery,
    ResearchTables,
    Stage,
)
from harmony.stages.run import open_stage
from harmony.store.control.audit import AuditEvent, append_event
from harmony.store.tables import read_table, write_table

ROLE: Final = "quality_committee"
LEVELS: Final = ("A", "B", "C", "D")
#: Below this level nothing is released.
LOWEST_RELEASED: Final = "C"


def quality_run(network: Path, delivery: str) -> dict[str, Any]:
    """
    Run the platform's quality gate on a received delivery and standardise what passed.

    Returns
    -------
    dict
        verdict, level proposed, rules by state, mapped share, report (path).

    Raises
    ------
    DataRefused
        When more patients would be set aside than the agreement allows.
    """
    check_id(delivery, "DLV")
    with at(network, "restricted") as desk:
        dictionary = load(desk.definitions)
        received = desk.finished(ReceivedDelivery, RECEIVE, delivery, "harmony delivery receive first.")
        terms = GateTerms(("_part", "_row"), {}, received.details["max_set_aside"] / 100)
        found = report(desk.zone, received, REPORT, dictionary, terms, desk.journal)
        if found.record.verdict == "refused":
            publish_deliveries(network, desk)
        require_passed(found)
        checked = set_aside(CheckedTables, desk.zone, received, CHECKED, found, desk.journal)
        harmonised = _harmonise(desk, checked, dictionary)
        publish_deliveries(network, desk)
    return {
        "message": f"{delivery} passes the gate; the rules propose level {found.details['level']}.",
        "delivery": delivery,
        "verdict": found.record.verdict,
        "level": found.details["level"],
        "patients": found.record.counts,
        "rules": found.details["rules"],
        "mapped_share": round(harmonised.details["mean_patient_share"], 4),
        "report": str(found.path("rules.json")),
    }


def quality_explain(network: Path, delivery: str) -> dict[str, Any]:
    """Return every failed rule of a delivery with numerator, denominator and words."""
    check_id(delivery, "DLV")
    with at(network, "restricted") as desk:
        found = desk.finished(QualityReport, REPORT, delivery, "harmony quality run first.")
        rules = load_rules(load(desk.definitions))
        results = json.loads(found.path("rules.json").read_text(encoding="utf-8"))
    rows = []
    for row in results:
        rule = rules.get(row["rule"])
        if row["state"] == "failed" and rule is not None:
            rows.append({**row, "what": rule.what})
    return {"message": f"{len(rows)} rules failed in {delivery}.", "delivery": delivery, "failed": rows}


def quality_sign(network: Path, delivery: str, level: str, person: str) -> dict[str, Any]:
    """
    Sign the quality level of a harmonised delivery.

    Raises
    ------
    NotPermitted
        When the person is not of the quality committee.
    UsageError
        When the level does not exist.
    """
    check_id(delivery, "DLV")
    if level not in LEVELS:
        raise UsageError(f"There is no level {level}.", "", ", ".join(LEVELS))
    with at(network, "restricted") as desk:
        desk.finished(HarmonisedTables, HARMONISE, delivery, "harmony quality run first.")
    with governance(network) as control, changing(control, person, "sign", delivery) as connection:
        member = find(connection, person)
        if ROLE not in member.roles:
            raise NotPermitted(
                f"{person} is not of the quality committee.", "Ask a member of the committee.", ROLE
            )
        append_event(connection, AuditEvent(person, ROLE, "quality.signed", delivery, {"decision": level}))
    return {"message": f"{delivery} has quality level {level}.", "delivery": delivery, "level": level}


def privacy_assess(network: Path) -> dict[str, Any]:
    """
    Run the anonymity gate over the newest signed delivery of every provider and send the result to research.

    Returns
    -------
    dict
        release (REL id), risk, and by source: levels, blanked patients, estimates before and after.

    Raises
    ------
    AnonymityRefused
        When risk stays over a threshold.
    UsageError
        When no delivery is signed.
    """
    with at(network, "restricted") as desk:
        sources = _signed(network, desk)
        policy = network_policy("workspace", desk.definitions)
        release = _release_id(sources, policy.sha256)
        tables = assess(
            desk.zone, release, sources, policy, estimates, _levels_so_far(desk, release), desk.journal
        )
        counts = _counts(desk, tables)
        folder = send(desk.zone, tables, counts, post_box(network, "research"))
        gate = json.loads(tables.path("gate.json").read_text(encoding="utf-8"))
        with governance(network) as control:
            detail = {
                "document_sha256": tables.record.sha256,
                "sources": [source["delivery"] for source in tables.details["sources"]],
            }
            log(control, AuditEvent(ROLE, "", "privacy.assessed", release, detail))
        publish_deliveries(network, desk)
    words = "; ".join(
        f"{mark}: k {risk['k']}, largest risk {risk['prosecutor']:.3f}, mean {risk['mean']:.4f}"
        for mark, risk in gate["risk"].items()
    )
    return {
        "message": f"{release} passes the anonymity gate: {words}.",
        "release": release,
        "risk": gate["risk"],
        "sources": gate["sources"],
        "sent": str(folder),
    }


def privacy_explain(network: Path, release: str) -> dict[str, Any]:
    """Return what the gate did for a release: policy, risk, levels, and estimates before and after."""
    check_id(release, "REL")
    with at(network, "restricted") as desk:
        tables = desk.finished(ResearchTables, ANONYMISE, release, "harmony privacy assess first.")
        gate: dict[str, Any] = json.loads(tables.path("gate.json").read_text(encoding="utf-8"))
    return {"message": f"Gate report of {release}.", **gate}


def _harmonise(desk: Desk, checked: CheckedTables, dictionary: Dictionary) -> HarmonisedTables:
    rules = load_rules(dictionary)

    def recheck(tables: dict[str, pa.Table]) -> Mapping[str, int]:
        folder = desk.zone.folder("scratch", "recheck")
        for old in folder.glob("*.parquet"):
            old.unlink()
        for name, table in tables.items():
            write_table(folder / f"{name}.parquet", table)
        return count_rules(folder, desk.zone.folder("scratch"), dictionary, rules, checked.details)

    return harmonise(desk.zone, checked, dictionary, desk.journal, recheck, desk.definitions)


def _signed(network: Path, desk: Desk) -> list[HarmonisedTables]:
    newest: dict[str, HarmonisedTables] = {}
    with governance(network) as control:
        for delivery in desk.journal.keys(HARMONISE):
            events = [e for e in history(control, delivery) if e.action == "quality.signed"]
            level = events[-1].detail["decision"] if events else None
            if level is not None and level <= LOWEST_RELEASED:
                found = open_stage(HarmonisedTables, desk.zone, HARMONISE, delivery, desk.journal)
                found.details["level"] = level
                newest[found.details["provider"]] = found
    if not newest:
        raise UsageError(
            "No delivery has a signed level that may be released.", "harmony quality sign.", "A, B, C"
        )
    return [newest[provider] for provider in sorted(newest)]


def _release_id(sources: list[HarmonisedTables], policy: str) -> str:
    # The same inputs under the same policy are the same release, however often the command is run.
    text = "\n".join([policy, *(f"{s.record.sha256} {s.details['level']}" for s in sources)])
    return f"REL-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _levels_so_far(desk: Desk, release: str) -> dict[str, dict[str, str | int]]:
    levels: dict[str, dict[str, str | int]] = {}
    for earlier in desk.journal.keys(ANONYMISE):
        if earlier != release:
            levels.update(
                open_stage(ResearchTables, desk.zone, ANONYMISE, earlier, desk.journal).details["levels"]
            )
    return levels


def _counts(desk: Desk, tables: ResearchTables) -> list[dict[str, Any]]:
    rows = []
    analysable = _by_source(read_table(tables.path("tables/patient.parquet")))
    for source in tables.details["sources"]:
        delivery, provider = source["delivery"], source["provider"]
        received = open_stage(ReceivedDelivery, desk.zone, RECEIVE, delivery, desk.journal)
        checked = open_stage(CheckedTables, desk.zone, CHECKED, delivery, desk.journal)
        harmonised = open_stage(HarmonisedTables, desk.zone, HARMONISE, delivery, desk.journal)
        steps = {"delivered": received, "quality_passed": checked, "harmonised": harmonised}
        counted = {name: _by_disease(stage) for name, stage in steps.items()}
        for disease in sorted(counted["delivered"]):
            declared = {n: _declared(received.details[n], disease) for n in ("identified", "agreed")}
            row = {name: counts[disease] for name, counts in counted.items()}
            row["analysable"] = analysable[(provider, disease)]
            rows.append({"provider": provider, "disease": disease, "mark": source["mark"], **declared, **row})
    return rows


def _by_disease(stage: Stage) -> Counter[str]:
    return Counter(read_table(stage.path("tables/patient.parquet")).column("disease").to_pylist())


def _by_source(patient: pa.Table) -> Counter[tuple[str, str]]:
    return Counter(
        zip(patient.column("provider_id").to_pylist(), patient.column("disease").to_pylist(), strict=True)
    )


def _declared(value: Any, disease: str) -> Any:
    return value.get(disease, "not declared") if isinstance(value, dict) else "not declared"
