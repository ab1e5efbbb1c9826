"""
The audit log of a zone: one chained row per event, which the database itself refuses to change or delete.

An event is written in the transaction that changes the state, or neither is. Details are taken from a
list of allowed fields, so that no patient's value, no note and no file content can get into the log.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import rfc8785
import sqlalchemy as sa

from harmony.errors import HarmonyError
from harmony.stages.record import NOTHING_BEFORE
from harmony.store.control.schema import METADATA, UtcDateTime

#: Fields that an event's detail may have; each holds an id, a hash, a code, a number or a list of these.
DETAIL_FIELDS: Final = frozenset(
    {
        "action",
        "agreements",
        "clause",
        "code",
        "decision",
        "document_sha256",
        "files",
        "from",
        "left_out",
        "note_sha256",
        "plan_sha256",
        "release",
        "report_sha256",
        "roles",
        "signature",
        "sources",
        "study",
        "tables",
        "to",
        "version",
        "view_sha256",
    }
)
#: A detail is a short code: no sentence fits, and so no text that a person typed.
_CODE: Final = re.compile(r"[A-Za-z0-9_.:+/-]{0,128}")

AUDIT_EVENT = sa.Table(
    "audit_event",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(40), nullable=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("object", sa.String(80), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False, unique=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
)


@dataclass(frozen=True)
class AuditEvent:
    """
    What somebody did.

    Parameters
    ----------
    actor : str
        MEM id, `steward`, `unknown`, or another acting party's id.
    role : str
        The role the person acted in; empty when there was none.
    action : str
        Name of the event, such as study.approved.
    object : str
        Id of what was acted on.
    detail : mapping
        Fields of `DETAIL_FIELDS` with codes, numbers or lists of codes.

    Raises
    ------
    HarmonyError
        When a field is not on the list or a value is a text rather than a code.
    """

    actor: str
    role: str
    action: str
    object: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.detail.items():
            if name not in DETAIL_FIELDS or not _is_code(value):
                raise HarmonyError(
                    f"Audit detail {name} of event {self.action} may not be logged.",
                    "Report this as a defect.",
                    "codes in the fields " + ", ".join(sorted(DETAIL_FIELDS)),
                )


@dataclass(frozen=True)
class StoredEvent:
    """An event as it stands in the log: number, UTC instant, chain hashes."""

    number: int
    at: dt.datetime
    actor: str
    role: str
    action: str
    object: str
    detail: Mapping[str, Any]
    previous: str
    sha256: str

    def computed_sha256(self) -> str:
        """Return the hash that the event's content gives."""
        return _hash(
            AuditEvent(self.actor, self.role, self.action, self.object, self.detail), self.at, self.previous
        )


def lock_log(connection: sa.Connection) -> None:
    """Keep other writers out until the transaction ends: what was read stays true, the chain stays one."""
    # SQLite transactions of this project begin as writers (BEGIN IMMEDIATE) and need no further lock.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE audit_event IN SHARE ROW EXCLUSIVE MODE"))


def append_event(connection: sa.Connection, event: AuditEvent) -> str:
    """Write one event at the end of the chain, inside a running transaction; return its hash."""
    lock_log(connection)
    newest = sa.select(AUDIT_EVENT.c.sha256).order_by(AUDIT_EVENT.c.number.desc()).limit(1)
    previous = connection.execute(newest).scalar() or NOTHING_BEFORE
    at = dt.datetime.now(dt.UTC)
    sha256 = _hash(event, at, previous)
    row = asdict(event) | {"detail": json.dumps(dict(event.detail), sort_keys=True)}
    connection.execute(AUDIT_EVENT.insert().values(**row, at=at, previous=previous, sha256=sha256))
    return sha256


def head(connection: sa.Connection) -> tuple[int, str]:
    """Return how many events the log has and the hash of the last one, 64 zeros when there is none."""
    newest = sa.select(AUDIT_EVENT.c.sha256).order_by(AUDIT_EVENT.c.number.desc()).limit(1)
    count = connection.execute(sa.select(sa.func.count()).select_from(AUDIT_EVENT)).scalar_one()
    return count, connection.execute(newest).scalar() or NOTHING_BEFORE


def count_until(connection: sa.Connection, sha256: str) -> int:
    """Return how many events the log has up to the one of this hash; 0 when it has none such."""
    number = connection.execute(
        sa.select(AUDIT_EVENT.c.number).where(AUDIT_EVENT.c.sha256 == sha256)
    ).scalar_one_or_none()
    if number is None:
        return 0
    query = sa.select(sa.func.count()).select_from(AUDIT_EVENT).where(AUDIT_EVENT.c.number <= number)
    return int(connection.execute(query).scalar_one())


def events(connection: sa.Connection, object_id: str | None = None) -> Iterator[StoredEvent]:
    """Give all events, or those of one object, oldest first."""
    query = sa.select(AUDIT_EVENT).order_by(AUDIT_EVENT.c.number)
    if object_id is not None:
        query = query.where(AUDIT_EVENT.c.object == object_id)
    for row in connection.execute(query).mappings():
        content = dict(row)
        yield StoredEvent(**{**content, "detail": json.loads(content["detail"])})


def _hash(event: AuditEvent, at: dt.datetime, previous: str) -> str:
    instant = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    content = asdict(event) | {"detail": dict(event.detail), "at": instant, "previous": previous}
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def _is_code(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_code(item) for item in value)
    if isinstance(value, str):
        return _CODE.fullmatch(value) is not None
    return isinstance(value, int)
