"""
Control records of the exchange between zones: chains, deliveries, receipts, the TTP's table.

Every zone has the same tables in its own database and fills those of its role. Functions take a running
connection, so that a caller can make one transaction of everything that belongs together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from harmony.errors import Fork, Gap, Replay
from harmony.store.control.database import Control, SqlJournal, append_stage
from harmony.store.control.schema import METADATA, UtcDateTime

#: `head` of a chain that has no message yet.
NO_HEAD: Final = "0" * 64
#: Chain of answers from the TTP to the platform; streams of deliveries have the stream id as name.
ANSWERS: Final = "answers"
#: Bound variables of one statement; SQLite before 3.32 allows 999.
_BATCH: Final = 500

#: Last accepted place of each chain. `frozen`: two messages carried one counter.
CHAIN = sa.Table(
    "chain",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("head", sa.String(64), nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
)

#: Deliveries this zone sent (hospital) or accepted (TTP, restricted).
DELIVERY = sa.Table(
    "delivery",
    METADATA,
    sa.Column("manifest", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(16), nullable=False, unique=True),
    sa.Column("stream", sa.String(32), nullable=False),
    sa.Column("counter", sa.Integer, nullable=False),
    sa.Column("committed_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("stream", "counter", name="uq_delivery_stream_counter"),
)

#: Receipts given (own role) or imported (hospital), in their exact bytes. `party`: t.sign or h.sign.
RECEIPT = sa.Table(
    "receipt",
    METADATA,
    sa.Column("manifest", sa.String(64), sa.ForeignKey("delivery.manifest"), primary_key=True),
    sa.Column("party", sa.String(10), primary_key=True),
    sa.Column("envelope", sa.Text, nullable=False),
)

#: The TTP's table: keyed index of a first pseudonym to an encrypted row.
PERSON = sa.Table(
    "person",
    METADATA,
    sa.Column("index_mac", sa.String(64), primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
)

#: Keyed marks of people who may not come back. `kind`: tombstone (TTP) or withdrawn (restricted).
GONE = sa.Table(
    "gone",
    METADATA,
    sa.Column("kind", sa.String(10), primary_key=True),
    sa.Column("mark", sa.String(64), primary_key=True),
)


@dataclass(frozen=True)
class Head:
    """Last accepted message of a chain: position (0 before the first), hash, and whether it is frozen."""

    position: int
    sha256: str
    frozen: bool


class ExchangeJournal(SqlJournal):
    """
    Stages of a zone whose row is committed together with what the stage changes in the exchange.

    Parameters
    ----------
    control : Control
        The zone's records.
    record : callable
        Gets the running connection; its changes and the stage's row are one transaction.
    """

    def __init__(self, control: Control, record: Callable[[Connection], None]) -> None:
        super().__init__(control)
        self._record = record

    def append(self, stage: str, key: str, sha256: str, previous: str) -> None:
        """Commit the stage's row and the exchange's changes; raises `Busy` as `append_stage` does."""
        with self._control.transaction() as connection:
            append_stage(connection, stage, key, sha256, previous)
            self._record(connection)


def head(connection: Connection, chain: str) -> Head:
    """Return the last accepted message of a chain."""
    row = connection.execute(sa.select(CHAIN).where(CHAIN.c.name == chain)).one_or_none()
    return Head(row.position, row.head, row.frozen) if row else Head(0, NO_HEAD, False)


def advance(connection: Connection, chain: str, position: int, sha256: str) -> None:
    """Make a message the head of its chain."""
    values = {"position": position, "head": sha256}
    changed = connection.execute(CHAIN.update().where(CHAIN.c.name == chain).values(**values))
    if not changed.rowcount:
        connection.execute(CHAIN.insert().values(name=chain, frozen=False, **values))


def check_next(control: Control, chain: str, position: int, previous: str, sha256: str) -> None:
    """
    Check that a signed message is the next one of its chain (step 7 of protocol section 6).

    Raises
    ------
    Fork
        When another message carries the same counter or follows another head; a stream is frozen then.
    Replay
        When the counter was used before.
    Gap
        When a message in between is missing.
    """
    with control.transaction() as connection:
        last = head(connection, chain)
        forked = sha256 != last.sha256 and (
            (position == last.position and position > 0)
            or (position == last.position + 1 and previous != last.sha256)
        )
        # A TTP restored from a backup is refused but may catch up again, so that its chain is not frozen.
        if forked and not last.frozen and chain != ANSWERS:
            connection.execute(CHAIN.update().where(CHAIN.c.name == chain).values(frozen=True))
    if forked or last.frozen:
        raise Fork(
            "Two different messages carry one counter, or this one follows another head.",
            "The sender resolves it: a provider signs which head stays, the TTP restores its newest backup.",
        )
    if position <= last.position:
        raise Replay(
            f"Counter {position} was used before.", "Pack a new delivery.", f"counter {last.position + 1}"
        )
    if position > last.position + 1:
        raise Gap(
            f"Counter {position} came, {last.position + 1} is missing.",
            "Send the missing one first.",
            f"counter {last.position + 1}",
        )


def thaw(connection: Connection, chain: str) -> None:
    """Let a frozen chain go on from its head."""
    connection.execute(CHAIN.update().where(CHAIN.c.name == chain).values(frozen=False))


def add_delivery(connection: Connection, manifest: str, delivery: str, stream: str, counter: int) -> None:
    """Record a delivery as sent or accepted and make it the head of its stream."""
    now = dt.datetime.now(dt.UTC)
    row = {"manifest": manifest, "id": delivery, "stream": stream, "counter": counter, "committed_at": now}
    connection.execute(DELIVERY.insert().values(**row))
    advance(connection, stream, counter, manifest)


def delivery_of(connection: Connection, manifest: str) -> str | None:
    """Return the id of the delivery with this manifest hash, or None."""
    return connection.execute(
        sa.select(DELIVERY.c.id).where(DELIVERY.c.manifest == manifest)
    ).scalar_one_or_none()


def manifest_of(connection: Connection, delivery: str) -> str | None:
    """Return the manifest hash of a delivery id, or None."""
    return connection.execute(
        sa.select(DELIVERY.c.manifest).where(DELIVERY.c.id == delivery)
    ).scalar_one_or_none()


def add_receipt(connection: Connection, manifest: str, party: str, envelope: bytes) -> None:
    """Keep a receipt once; a second one of the same party and manifest changes nothing."""
    if receipt(connection, manifest, party) is None:
        row = {"manifest": manifest, "party": party, "envelope": envelope.decode("ascii")}
        connection.execute(RECEIPT.insert().values(**row))


def receipt(connection: Connection, manifest: str, party: str) -> bytes | None:
    """Return the stored receipt in its exact bytes, or None."""
    query = sa.select(RECEIPT.c.envelope).where(RECEIPT.c.manifest == manifest, RECEIPT.c.party == party)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else found.encode("ascii")


def open_deliveries(connection: Connection, party: str) -> list[str]:
    """Return the ids of sent deliveries without a receipt of `party`, oldest first."""
    answered = sa.select(RECEIPT.c.manifest).where(RECEIPT.c.party == party)
    query = sa.select(DELIVERY.c.id).where(DELIVERY.c.manifest.not_in(answered))
    return list(connection.execute(query.order_by(DELIVERY.c.committed_at, DELIVERY.c.counter)).scalars())


def persons(connection: Connection, indexes: Sequence[str]) -> dict[str, str]:
    """Return the encrypted rows of the TTP's table by index, those that exist."""
    found: dict[str, str] = {}
    for batch in _batches(indexes):
        rows = connection.execute(sa.select(PERSON).where(PERSON.c.index_mac.in_(batch)))
        found.update({row.index_mac: row.sealed for row in rows})
    return found


def add_persons(connection: Connection, rows: Mapping[str, str]) -> None:
    """Add encrypted rows to the TTP's table."""
    if rows:
        values = [{"index_mac": index, "sealed": sealed} for index, sealed in rows.items()]
        connection.execute(PERSON.insert(), values)


def gone(connection: Connection, kind: str, marks: Sequence[str]) -> set[str]:
    """Return those of `marks` that are tombstones (`kind` tombstone) or withdrawn people (withdrawn)."""
    found: set[str] = set()
    for batch in _batches(marks):
        query = sa.select(GONE.c.mark).where(GONE.c.kind == kind, GONE.c.mark.in_(batch))
        found.update(connection.execute(query).scalars())
    return found


def add_gone(connection: Connection, kind: str, marks: Iterable[str]) -> None:
    """Add marks of people who may not come back; known ones change nothing."""
    wanted = sorted(set(marks))
    new = set(wanted) - gone(connection, kind, wanted)
    if new:
        connection.execute(GONE.insert(), [{"kind": kind, "mark": mark} for mark in sorted(new)])


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
