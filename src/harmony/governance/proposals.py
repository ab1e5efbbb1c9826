"""A research question from proposal to end: propose it, and take the steps of the procedure on it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmony.errors import UsageError
from harmony.governance.acting import Case, Step, check_may_act
from harmony.governance.audit import changing
from harmony.governance.ids import check_id, new_id
from harmony.governance.members import Member, find
from harmony.governance.plans import Plan, last_day, read_plan
from harmony.governance.procedure import Transition, load
from harmony.governance.refusal import refusal
from harmony.store.control import governance as records
from harmony.store.control.audit import AuditEvent

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harmony.store.control.database import Control

AUDITOR = "auditor"


@dataclass(frozen=True)
class Study:
    """
    A study on record.

    Attributes
    ----------
    id, state, author : str
        STU id, state of the procedure, MEM id.
    version : int
        Number of the present plan, from 1.
    plan : Plan
        The present plan.
    approved_sha256 : str
        Hash of the approved plan; empty before approval.
    approved_on : date or None
        Day of approval.
    steps : tuple of dict
        Steps taken, oldest first: action, version, person, role, note, at.
    """

    id: str
    state: str
    author: str
    version: int
    plan: Plan
    approved_sha256: str
    approved_on: dt.date | None
    steps: tuple[dict[str, Any], ...]


def propose(control: Control, study_file: Path | Mapping[str, Any], person: str, today: dt.date) -> str:
    """
    Propose a research question.

    Parameters
    ----------
    control : Control
        Records of the research zone.
    study_file : Path or mapping
        Study file: title, question, lay_summary, tables and blocks; team and until if needed.
    person : str
        MEM id of the lead researcher.
    today : date
        Day of the proposal.

    Returns
    -------
    str
        STU id; the stored one when this person handed in this very plan before.

    Raises
    ------
    UsageError
        When the study file cannot be used.
    NotPermitted
        When the person may not propose, somebody of the team is no member, or the last day has passed.
    """
    plan = read_plan(study_file)
    with changing(control, person, "submit", "") as connection:
        known = records.select_study_by_plan(connection, person, plan.sha256)
        if known is not None:
            return known
        member = find(connection, person)
        study = new_id("STU")
        people, houses = _team(connection, member, plan)
        _refuse_auditors(connection, people)
        case = Case(study, "study", None, 1, people, houses, plan.until, study, "", plan.text, plan.sha256)
        transition, role = check_may_act(case, Step("submit", member, "", today))
        row = {"id": study, "state": transition.to, "title": plan.title, "author": person}
        event = AuditEvent(
            person, role, transition.event, study, {"plan_sha256": plan.sha256, "to": transition.to}
        )
        records.insert_study(connection, row, {"plan_sha256": plan.sha256, "plan": plan.text}, event)
        return study


def act(
    control: Control,
    study: str,
    action: str,
    person: str,
    note: str,
    today: dt.date,
    study_file: Path | Mapping[str, Any] | None = None,
    role: str = "",
) -> str:
    """
    Take one step of the procedure on a study.

    Parameters
    ----------
    study : str
        STU id.
    action : str
        review, return, resubmit, approve, reject, open, suspend, resume, close or withdraw.
    person : str
        MEM id.
    note : str
        The review, reason or answer in words; kept beside the study, only its hash goes into the audit log.
    study_file : Path or mapping, optional
        The corrected plan, with resubmit only.
    role : str
        The role to act in when the person has several; empty for the first fitting one.

    Returns
    -------
    str
        The state the study is in now.

    Raises
    ------
    NotPermitted
        When the procedure does not allow the step; names the clause.
    UsageError
        When the action is unknown, or a plan is missing, superfluous or unchanged.
    Busy
        When somebody else moved the study in between.
    """
    check_id(study, "STU")
    new_plan = _new_plan(action, study_file)
    with changing(control, person, action, study) as connection:
        row = _row(connection, study)
        member = find(connection, person)
        case = study_case(connection, row)
        if new_plan is not None:
            # The team on record decides who may hand in a plan, or a stranger could write himself in.
            case = replace(case, until=new_plan.until)
            _refuse_auditors(connection, _team(connection, member, new_plan)[0])
        transition, held = check_may_act(case, Step(action, member, note, today, role))
        if new_plan is not None:
            _refuse_known_plan(connection, person, new_plan)
        _record(connection, case, transition, member, held, note)
        records.update_study(
            connection,
            row,
            transition.to,
            _event(case, transition, member, held, note, new_plan),
            _approval(action, case, today),
            _plan_row(member, new_plan),
        )
        return transition.to


def get_study(control: Control, study: str) -> Study:
    """Return a study on record; raise `UsageError` when there is none of this id."""
    check_id(study, "STU")
    with control.transaction() as connection:
        row = _row(connection, study)
        acts = records.select_acts(connection, study)
    shown = ("action", "version", "person", "role", "note", "at")
    return Study(
        row["id"],
        row["state"],
        row["author"],
        row["version"],
        stored_plan(row),
        row["approved_sha256"] or "",
        row["approved_on"],
        tuple({name: step[name] for name in shown} for step in acts),
    )


def studies(control: Control) -> list[Study]:
    """Return all studies, oldest first."""
    with control.transaction() as connection:
        ids = records.select_study_ids(connection)
    return [get_study(control, study) for study in ids]


def stored_plan(row: Mapping[str, Any]) -> Plan:
    """Return the plan of a study's row; its hash is computed anew from the stored text."""
    return read_plan(json.loads(row["plan"]))


def study_case(connection: sa.Connection, row: Mapping[str, Any]) -> Case:
    """Return a study as `acting` judges it."""
    plan = stored_plan(row)
    people, houses = _team(connection, find(connection, row["author"]), plan)
    return Case(
        row["id"],
        "study",
        row["state"],
        row["version"],
        people,
        houses,
        last_day(plan, row["approved_on"]),
        row["id"],
        row["state"],
        row["plan"],
        row["plan_sha256"],
        row["approved_sha256"] or "",
        tuple(records.select_acts(connection, row["id"])),
    )


def _row(connection: sa.Connection, study: str) -> dict[str, Any]:
    row = records.select_study(connection, study)
    if row is None:
        raise UsageError(f"There is no study {study}.", "Look at the studies on record.")
    return row


def _team(connection: sa.Connection, author: Member, plan: Plan) -> tuple[frozenset[str], frozenset[str]]:
    people = [author, *(find(connection, person) for person in plan.team)]
    return frozenset(p.id for p in people), frozenset(p.organisation for p in people)


def _refuse_auditors(connection: sa.Connection, people: frozenset[str]) -> None:
    # An auditor audits every study, so also this one.
    if any(AUDITOR in find(connection, person).roles for person in people):
        raise refusal(
            "Somebody of the study's team is an auditor.", "P-NOT-AUTHOR", "Leave the person out of the team."
        )


def _new_plan(action: str, study_file: Path | Mapping[str, Any] | None) -> Plan | None:
    actions = [name for name in load().machines["study"].actions if name != "submit"]
    if action not in actions:
        raise UsageError("There is no such action on a study.", "", ", ".join(actions))
    if (action == "resubmit") != (study_file is not None):
        raise UsageError("A study file comes with resubmit, and with nothing else.", "Give it with --file.")
    return read_plan(study_file) if study_file is not None else None


def _refuse_known_plan(connection: sa.Connection, person: str, plan: Plan) -> None:
    if records.select_study_by_plan(connection, person, plan.sha256) is not None:
        raise UsageError("This plan was handed in before.", "Change what the return asks for.")


def _record(
    connection: sa.Connection, case: Case, transition: Transition, member: Member, role: str, note: str
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
            "signed": "",
            "signature": "",
        },
    )


def _event(
    case: Case, transition: Transition, member: Member, role: str, note: str, new_plan: Plan | None
) -> AuditEvent:
    detail = {
        "from": case.state,
        "to": transition.to,
        "version": case.version,
        "plan_sha256": new_plan.sha256 if new_plan else case.plan_sha256,
        "note_sha256": hashlib.sha256(note.strip().encode()).hexdigest(),
    }
    return AuditEvent(member.id, role, transition.event, case.id, detail)


def _approval(action: str, case: Case, today: dt.date) -> dict[str, Any] | None:
    if action != "approve":
        return None
    return {"approved_sha256": case.plan_sha256, "approved_on": today}


def _plan_row(member: Member, plan: Plan | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    return {"person": member.id, "title": plan.title, "plan_sha256": plan.sha256, "plan": plan.text}
