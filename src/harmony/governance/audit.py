"""
One change of a governance record: state and audit event in one transaction, and a refusal on record too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harmony.errors import AgreementRefused, NotPermitted, Tampered
from harmony.governance.ids import KINDS, is_id
from harmony.governance.refusal import clause_of
from harmony.stages.record import NOTHING_BEFORE
from harmony.store.control.audit import AuditEvent, append_event, events, lock_log

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harmony.store.control.audit import StoredEvent
    from harmony.store.control.database import Control

#: The network's operator, who adds members before there is any.
STEWARD: Final = "steward"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class ChainProof:
    """A log that was found whole: how many events, and the hash of the last one."""

    events: int
    head: str


@contextmanager
def changing(control: Control, actor: str, action: str, object_id: str) -> Iterator[sa.Connection]:
    """
    Give one transaction with the log locked; write `access.refused` when the block is refused.

    Parameters
    ----------
    actor, action, object_id : str
        Who wants to do what to which object; anything that is not an id is logged as `unknown`.

    Raises
    ------
    NotPermitted, AgreementRefused, Tampered
        As the block raises them, after the refusal is on record; nothing else is changed.
    """
    try:
        with control.transaction() as connection:
            lock_log(connection)
            yield connection
    except (NotPermitted, AgreementRefused, Tampered) as error:
        # The transaction is rolled back by now, so that the refusal needs one of its own.
        refusal = AuditEvent(
            _safe(actor),
            "",
            "access.refused",
            _safe(object_id),
            {"action": _word(action), "code": error.code, "clause": clause_of(error)},
        )
        with control.transaction() as connection:
            append_event(connection, refusal)
        raise


def verify(control: Control, known_head: str | None = None) -> ChainProof:
    """
    Walk the whole log and compare every hash.

    Parameters
    ----------
    known_head : str, optional
        Hash of an event that somebody wrote down before; it must still be in the log, so that a log
        that was cut or written anew is found.

    Raises
    ------
    Tampered
        When an event was changed, left out or put in, or the known one is missing.
    """
    previous, count, seen = NOTHING_BEFORE, 0, known_head is None
    with control.transaction() as connection:
        for event in events(connection):
            if event.previous != previous or event.computed_sha256() != event.sha256:
                raise _broken(f"Audit event {event.number} is not the one that was written.")
            previous, count = event.sha256, count + 1
            seen = seen or event.sha256 == known_head
    if not seen:
        raise _broken("The audit event that was written down before is missing.")
    return ChainProof(count, previous)


def log(control: Control, event: AuditEvent) -> None:
    """
    Write an event of its own, outside a change of a governance record.

    The same event (who, what, object and details) is written once, so that a command that is run again
    after an interruption adds what is missing and repeats nothing.
    """
    with control.transaction() as connection:
        lock_log(connection)
        for known in events(connection, event.object):
            same = (known.actor, known.role, known.action, dict(known.detail))
            if same == (event.actor, event.role, event.action, json.loads(json.dumps(dict(event.detail)))):
                return
        append_event(connection, event)


def history(control: Control, object_id: str | None = None) -> list[StoredEvent]:
    """Return all events, or those of one object, oldest first."""
    with control.transaction() as connection:
        return list(events(connection, object_id))


def _broken(what: str) -> Tampered:
    return Tampered(what, "Restore the control records from their backup and report it to the auditor.")


def _safe(text: str) -> str:
    known = text in (STEWARD, UNKNOWN) or any(is_id(text, kind) for kind in KINDS)
    return text if known else UNKNOWN


def _word(action: str) -> str:
    return action if action.isidentifier() and len(action) <= 40 else UNKNOWN
