"""
The airlock: results leave by two signed decisions of two people of two organisations, or stay.

`request` freezes files by their hashes, `check` shows a checker exactly what would leave, `decide` takes a
signed decision, `resubmit` brings a corrected version, `publish` (in `publication`) lets the files out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmony.errors import UsageError
from harmony.governance.acting import Case, Step, check_may_act, quorum_met
from harmony.governance.audit import changing
from harmony.governance.ids import check_id, new_id
from harmony.governance.members import Member, find
from harmony.governance.output_requests import (
    OutputRequest,
    check_files,
    file_hashes,
    get_request,
    output_case,
    request_row,
    request_study_case,
)
from harmony.governance.procedure import Transition
from harmony.stages.record import sha256_file
from harmony.store.control import governance as records
from harmony.store.control.audit import AuditEvent

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harmony.store.control.database import Control

DECISIONS = ("release", "return", "refuse")


def request(
    control: Control,
    study: str,
    release: str,
    person: str,
    folder: Path,
    report: Path,
    findings: Sequence[str],
    today: dt.date,
    result: str | None = None,
) -> str:
    """
    Ask for files to leave.

    Parameters
    ----------
    study, release : str
        STU and REL id the files come from.
    person : str
        MEM id of the researcher.
    folder : Path
        Everything in it is what would leave.
    report : Path
        Disclosure report of these files; it stays inside.
    findings : sequence of str
        What disclosure control left to a person (its `to_person`).
    result : str, optional
        RES id when the files carry one already.

    Returns
    -------
    str
        RES id; the stored one when the same request was made before.

    Raises
    ------
    UsageError
        When the folder is empty, or the result is known with other files.
    NotPermitted
        When the study is not open or the person is not of its team.
    """
    content = _content(person, folder, report, findings)
    check_id(release, "REL")
    with changing(control, person, "request", study) as connection:
        if result is not None and records.select_output(connection, check_id(result, "RES")):
            return _same_request(connection, result, study, release, person, content)
        result = result or new_id("RES")
        base = request_study_case(connection, study)
        case = replace(
            base, id=result, machine="output_request", state=None, version=1, acts=(), release=release
        )
        member = find(connection, person)
        transition, role = check_may_act(case, Step("request", member, "", today))
        row = {"id": result, "state": transition.to, "study": study, "release": release, "author": person}
        detail = _detail(case, transition.to, content) | {"study": study, "release": release}
        event = AuditEvent(person, role, transition.event, result, detail)
        records.insert_output(connection, row, content, event)
        return result


def check(control: Control, result: str, person: str, folder: Path, today: dt.date) -> OutputRequest:
    """
    Open a request for a checker, after comparing the files with those that were asked out.

    Raises
    ------
    HashMismatch
        When a file in the folder is not the one on record, is missing or is new.
    NotPermitted
        When the person is no checker, is of the team or of an organisation of the team.
    """
    with changing(control, person, "check", result) as connection:
        row = request_row(connection, result)
        case = output_case(connection, row)
        member = find(connection, person)
        transition, role = check_may_act(case, Step("check", member, "", today))
        check_files(folder, case)
        _record(connection, case, transition, member, role)
        event = AuditEvent(person, role, transition.event, result, _detail(case, transition.to, row))
        records.update_output(connection, row, transition.to, event)
    return get_request(control, result)


def to_sign(control: Control, result: str, person: str, decision: str) -> bytes:
    """Return what a checker signs for a decision (release, return or refuse) about the present files."""
    _check_decision(decision)
    with control.transaction() as connection:
        return output_case(connection, request_row(connection, result)).body(person, decision)


def decide(
    control: Control,
    result: str,
    person: str,
    decision: str,
    note: str,
    signature: str,
    keys: Mapping[str, str],
    today: dt.date,
) -> str:
    """
    Take a checker's signed decision.

    Parameters
    ----------
    decision : str
        release (counts towards the two), return (back to the author with a reason) or refuse (final).
    note : str
        Reason; with release the answer to what disclosure control left to a person.
    signature : str
        Over `to_sign(...)` with the person's key, hex (`signatures.sign`).
    keys : mapping of str to str
        Pinned raw Ed25519 public keys by MEM id, hex.

    Returns
    -------
    str
        checking (one of two), released, returned or refused.

    Raises
    ------
    NotPermitted
        When the procedure does not allow it: not a checker, of the team or its organisations, decided
        already, has not looked at this version, no reason.
    SignatureInvalid
        When the signature is not that person's over exactly these files.
    """
    _check_decision(decision)
    with changing(control, person, decision, result) as connection:
        row = request_row(connection, result)
        case = output_case(connection, row)
        member = find(connection, person)
        step = Step(decision, member, note, today, signature=signature, keys=keys)
        transition, role = check_may_act(case, step)
        state, name = transition.to, transition.event
        if transition.quorum:
            met = quorum_met(case, step)
            state = transition.to if met else transition.until_quorum
            name = transition.quorum_event if met else transition.event
        _record(connection, case, transition, member, role, note, signature)
        detail = _detail(case, state, row) | {
            "decision": decision,
            "signature": signature,
            "note_sha256": _hash(note),
        }
        records.update_output(connection, row, state, AuditEvent(person, role, name, result, detail))
        return state


def resubmit(
    control: Control,
    result: str,
    person: str,
    folder: Path,
    report: Path,
    findings: Sequence[str],
    note: str,
    today: dt.date,
) -> str:
    """
    Bring a corrected version after a return; earlier decisions do not count for it.

    Parameters are those of `request`; `note` answers the reason of the return. Returns the state.

    Raises
    ------
    NotPermitted
        When the request was not returned, or the person is not of the team.
    UsageError
        When the folder is empty or nothing was changed.
    """
    content = _content(person, folder, report, findings)
    with changing(control, person, "resubmit", result) as connection:
        row = request_row(connection, result)
        case = output_case(connection, row)
        member = find(connection, person)
        transition, role = check_may_act(case, Step("resubmit", member, note, today))
        if content["files"] == list(case.files):
            raise UsageError("The files are those that were returned.", "Correct them first.")
        _record(connection, case, transition, member, role, note)
        detail = _detail(case, transition.to, content) | {"note_sha256": _hash(note)}
        event = AuditEvent(person, role, transition.event, result, detail)
        records.update_output(connection, row, transition.to, event, content)
        return transition.to


def cancel(control: Control, result: str, person: str, today: dt.date) -> str:
    """Take a request back before it is released; raise `NotPermitted` for anybody outside the team."""
    with changing(control, person, "cancel", result) as connection:
        row = request_row(connection, result)
        case = output_case(connection, row)
        member = find(connection, person)
        transition, role = check_may_act(case, Step("cancel", member, "", today))
        _record(connection, case, transition, member, role)
        event = AuditEvent(person, role, transition.event, result, _detail(case, transition.to, row))
        records.update_output(connection, row, transition.to, event)
        return transition.to


def _content(person: str, folder: Path, report: Path, findings: Sequence[str]) -> dict[str, Any]:
    files = file_hashes(folder)
    if not files or not report.is_file():
        raise UsageError(
            "There are no files to ask out, or no disclosure report.",
            "Run the study first: harmony study run.",
        )
    return {
        "person": person,
        "files": files,
        "report_sha256": sha256_file(report),
        "findings": list(findings),
    }


def _same_request(
    connection: sa.Connection, result: str, study: str, release: str, person: str, content: Mapping[str, Any]
) -> str:
    row = request_row(connection, result)
    asked = (study, release, person, content["files"], content["report_sha256"])
    if asked != (row["study"], row["release"], row["author"], row["files"], row["report_sha256"]):
        raise UsageError(f"{result} was asked out with other files.", "Use resubmit, or a new result.")
    return result


def _check_decision(decision: str) -> None:
    if decision not in DECISIONS:
        raise UsageError("There is no such decision.", "", ", ".join(DECISIONS))


def _record(
    connection: sa.Connection,
    case: Case,
    transition: Transition,
    member: Member,
    role: str,
    note: str = "",
    signature: str = "",
) -> None:
    records.insert_act(
        connection,
        {
            "object": case.id,
            "version": case.version,
            "action": transition.action,
            "decisive": transition.decisive,
            "person": member.id,
            "organisation": member.organisation,
            "role": role,
            "note": note.strip(),
            "signed": case.body(member.id, transition.action).decode() if signature else "",
            "signature": signature,
        },
    )


def _detail(case: Case, state: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "from": case.state or "",
        "to": state,
        "version": case.version,
        "files": [file["sha256"] for file in content["files"]],
        "report_sha256": content["report_sha256"],
    }


def _hash(note: str) -> str:
    return hashlib.sha256(note.strip().encode()).hexdigest()
