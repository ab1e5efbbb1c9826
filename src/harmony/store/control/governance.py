"""
Members, studies, output requests and what was decided about them.

Every function works in the transaction of its caller. Those that change a state demand the audit event,
so that no state changes without one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from harmony.errors import Busy
from harmony.store.control.audit import AuditEvent, append_event
from harmony.store.control.schema import METADATA, UtcDateTime

MEMBER = sa.Table(
    "member",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("organisation", sa.String(200), nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("name", "organisation", name="uq_member_name_organisation"),
)

MEMBER_ROLE = sa.Table(
    "member_role",
    METADATA,
    sa.Column("member", sa.String(16), sa.ForeignKey("member.id"), primary_key=True),
    sa.Column("role", sa.String(40), primary_key=True),
    sa.Column("granted_by", sa.String(40), nullable=False),
    sa.Column("granted_at", UtcDateTime, nullable=False),
)

STUDY = sa.Table(
    "study",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("author", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
    sa.Column("approved_sha256", sa.String(64), nullable=True),
    sa.Column("approved_on", sa.Date, nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

#: One row per plan that was handed in; `plan` is its canonical JSON.
STUDY_VERSION = sa.Table(
    "study_version",
    METADATA,
    sa.Column("study", sa.String(16), sa.ForeignKey("study.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("person", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
    sa.Column("plan_sha256", sa.String(64), nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("person", "plan_sha256", name="uq_study_version_person_plan"),
)

OUTPUT_REQUEST = sa.Table(
    "output_request",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("study", sa.String(16), sa.ForeignKey("study.id"), nullable=False),
    sa.Column("release", sa.String(16), nullable=False),
    sa.Column("author", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

#: One row per set of files asked out; `files` is a list of {path, sha256}, `findings` a list of sentences.
OUTPUT_VERSION = sa.Table(
    "output_version",
    METADATA,
    sa.Column("result", sa.String(16), sa.ForeignKey("output_request.id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("person", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("report_sha256", sa.String(64), nullable=False),
    sa.Column("findings", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

#: Every step that a person took on a study or an output request, with the words and the signature.
GOVERNANCE_ACT = sa.Table(
    "governance_act",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("object", sa.String(16), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("decisive", sa.Boolean, nullable=False),
    sa.Column("person", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
    sa.Column("organisation", sa.String(200), nullable=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("signed", sa.Text, nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

#: Hash of the record of each cut-down copy of a release that a study may see.
STUDY_VIEW = sa.Table(
    "study_view",
    METADATA,
    sa.Column("study", sa.String(16), sa.ForeignKey("study.id"), primary_key=True),
    sa.Column("release", sa.String(16), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

Row = dict[str, Any]


def insert_member(connection: sa.Connection, member: Row, roles: Sequence[str], event: AuditEvent) -> None:
    """Store a member (id, name, organisation) with roles and the event."""
    connection.execute(MEMBER.insert().values(**member, added_at=_now()))
    insert_roles(connection, member["id"], roles, event)


def insert_roles(connection: sa.Connection, member: str, roles: Sequence[str], event: AuditEvent) -> None:
    """Give a stored member further roles; the event's actor is who granted them."""
    for role in roles:
        connection.execute(
            MEMBER_ROLE.insert().values(member=member, role=role, granted_by=event.actor, granted_at=_now())
        )
    append_event(connection, event)


def select_member(connection: sa.Connection, member: str) -> Row | None:
    """Return id, name, organisation and `roles` (sorted) of a member, or None."""
    found = connection.execute(sa.select(MEMBER).where(MEMBER.c.id == member)).mappings().one_or_none()
    if found is None:
        return None
    roles = sa.select(MEMBER_ROLE.c.role).where(MEMBER_ROLE.c.member == member).order_by(MEMBER_ROLE.c.role)
    return dict(found) | {"roles": tuple(connection.execute(roles).scalars())}


def select_member_id(connection: sa.Connection, name: str, organisation: str) -> str | None:
    """Return the id of the member of this name and organisation, or None."""
    query = sa.select(MEMBER.c.id).where(MEMBER.c.name == name, MEMBER.c.organisation == organisation)
    return connection.execute(query).scalar_one_or_none()


def select_members(connection: sa.Connection) -> list[Row]:
    """Return all members with roles, in the order of their ids."""
    ids = connection.execute(sa.select(MEMBER.c.id).order_by(MEMBER.c.id)).scalars().all()
    return [row for row in (select_member(connection, member) for member in ids) if row]


def insert_study(connection: sa.Connection, study: Row, plan: Row, event: AuditEvent) -> None:
    """Store a proposed study (id, state, title, author) as version 1 with its plan (plan_sha256, plan)."""
    connection.execute(STUDY.insert().values(**study, version=1, created_at=_now()))
    _insert_plan(connection, study["id"], 1, study["author"], plan)
    append_event(connection, event)


def update_study(
    connection: sa.Connection,
    before: Row,
    state: str,
    event: AuditEvent,
    approval: Row | None = None,
    plan: Row | None = None,
) -> None:
    """
    Move a study to a state, with the event.

    Parameters
    ----------
    before : dict
        The study as `select_study` gave it.
    approval : dict, optional
        approved_sha256 and approved_on, when the plan is locked.
    plan : dict, optional
        person, title, plan_sha256 and plan of a new version.

    Raises
    ------
    Busy
        When the study is not as `before` says.
    """
    changes: Row = {"state": state, **(approval or {})}
    if plan is not None:
        changes |= {"version": before["version"] + 1, "title": plan["title"]}
        content = {"plan_sha256": plan["plan_sha256"], "plan": plan["plan"]}
        _insert_plan(connection, before["id"], before["version"] + 1, plan["person"], content)
    _move(connection, STUDY, before, changes)
    append_event(connection, event)


def select_study(connection: sa.Connection, study: str) -> Row | None:
    """Return a study with present plan, plan_sha256 and its author's organisation, or None."""
    query = (
        sa.select(STUDY, STUDY_VERSION.c.plan, STUDY_VERSION.c.plan_sha256, MEMBER.c.organisation)
        .join(
            STUDY_VERSION,
            (STUDY_VERSION.c.study == STUDY.c.id) & (STUDY_VERSION.c.version == STUDY.c.version),
        )
        .join(MEMBER, MEMBER.c.id == STUDY.c.author)
        .where(STUDY.c.id == study)
    )
    found = connection.execute(query).mappings().one_or_none()
    return dict(found) if found is not None else None


def select_study_by_plan(connection: sa.Connection, person: str, plan_sha256: str) -> str | None:
    """Return the id of the study for which this person handed in this plan, or None."""
    query = sa.select(STUDY_VERSION.c.study).where(
        STUDY_VERSION.c.person == person, STUDY_VERSION.c.plan_sha256 == plan_sha256
    )
    return connection.execute(query).scalar_one_or_none()


def select_study_ids(connection: sa.Connection) -> list[str]:
    """Return the ids of all studies, oldest first."""
    return list(connection.execute(sa.select(STUDY.c.id).order_by(STUDY.c.created_at, STUDY.c.id)).scalars())


def insert_output(connection: sa.Connection, output: Row, content: Row, event: AuditEvent) -> None:
    """Store an output request (id, state, study, release, author) as version 1 with its content."""
    connection.execute(OUTPUT_REQUEST.insert().values(**output, version=1, created_at=_now()))
    _insert_content(connection, output["id"], 1, output["author"], content)
    append_event(connection, event)


def update_output(
    connection: sa.Connection, before: Row, state: str, event: AuditEvent, content: Row | None = None
) -> None:
    """Move an output request to a state, with the event; `content` makes a version; may raise `Busy`."""
    changes: Row = {"state": state}
    if content is not None:
        changes["version"] = before["version"] + 1
        _insert_content(connection, before["id"], before["version"] + 1, content["person"], content)
    _move(connection, OUTPUT_REQUEST, before, changes)
    append_event(connection, event)


def select_output(connection: sa.Connection, result: str) -> Row | None:
    """Return an output request with files, report_sha256 and findings of its present version, or None."""
    version = OUTPUT_VERSION
    query = (
        sa.select(OUTPUT_REQUEST, version.c.files, version.c.report_sha256, version.c.findings)
        .join(
            version,
            (version.c.result == OUTPUT_REQUEST.c.id) & (version.c.version == OUTPUT_REQUEST.c.version),
        )
        .where(OUTPUT_REQUEST.c.id == result)
    )
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        return None
    row = dict(found)
    return row | {"files": json.loads(row["files"]), "findings": tuple(json.loads(row["findings"]))}


def select_output_ids(connection: sa.Connection, study: str | None = None) -> list[str]:
    """Return the ids of all output requests, or those of one study, oldest first."""
    query = sa.select(OUTPUT_REQUEST.c.id).order_by(OUTPUT_REQUEST.c.created_at, OUTPUT_REQUEST.c.id)
    if study is not None:
        query = query.where(OUTPUT_REQUEST.c.study == study)
    return list(connection.execute(query).scalars())


def insert_act(connection: sa.Connection, act: Row) -> None:
    """Store one step with all columns of `GOVERNANCE_ACT` but number and instant."""
    connection.execute(GOVERNANCE_ACT.insert().values(**act, at=_now()))


def select_acts(connection: sa.Connection, object_id: str) -> list[Row]:
    """Return all steps on a study or an output request, oldest first."""
    query = sa.select(GOVERNANCE_ACT).where(GOVERNANCE_ACT.c.object == object_id)
    return [dict(row) for row in connection.execute(query.order_by(GOVERNANCE_ACT.c.number)).mappings()]


def put_view(connection: sa.Connection, study: str, release: str, sha256: str, event: AuditEvent) -> None:
    """Store the hash of a view's record in place of the one before, with the event."""
    key = (STUDY_VIEW.c.study == study) & (STUDY_VIEW.c.release == release)
    connection.execute(STUDY_VIEW.delete().where(key))
    connection.execute(STUDY_VIEW.insert().values(study=study, release=release, sha256=sha256, at=_now()))
    append_event(connection, event)


def select_view(connection: sa.Connection, study: str, release: str) -> str | None:
    """Return the hash of a view's record, or None."""
    query = sa.select(STUDY_VIEW.c.sha256).where(STUDY_VIEW.c.study == study, STUDY_VIEW.c.release == release)
    return connection.execute(query).scalar_one_or_none()


def _move(connection: sa.Connection, table: sa.Table, before: Row, changes: Row) -> None:
    as_read = (
        (table.c.id == before["id"])
        & (table.c.state == before["state"])
        & (table.c.version == before["version"])
    )
    if connection.execute(table.update().where(as_read).values(**changes)).rowcount != 1:
        raise Busy(f"{before['id']} changed since it was read.", "Look at its state and run this again.")


def _insert_plan(connection: sa.Connection, study: str, version: int, person: str, plan: Row) -> None:
    connection.execute(
        STUDY_VERSION.insert().values(study=study, version=version, person=person, at=_now(), **plan)
    )


def _insert_content(connection: sa.Connection, result: str, version: int, person: str, content: Row) -> None:
    connection.execute(
        OUTPUT_VERSION.insert().values(
            result=result,
            version=version,
            person=person,
            files=json.dumps(content["files"], sort_keys=True),
            report_sha256=content["report_sha256"],
            findings=json.dumps(list(content["findings"])),
            at=_now(),
        )
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
