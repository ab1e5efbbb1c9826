"""Open a zone's control records and bring their schema up to date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from harmony.errors import Busy, Tampered, UsageError
from harmony.store.control.schema import STAGE

#: How long a writer waits for another one before it gives up, milliseconds.
BUSY_TIMEOUT_MS = 5000

#: In the words of SQLite and PostgreSQL: the database is open, and its tables are not those of this schema.
_DAMAGED = ("no such table", "no such column", "not a database", "malformed", "does not exist")
_RESTORE = "Restore them from their backup and report it to the auditor."


class Control:
    """
    The control records of one zone on SQLite or PostgreSQL.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `open_control`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """
        Give one transaction; it commits at the end of the block and rolls back on any error.

        Raises
        ------
        Busy
            When another writer holds the database for longer than the timeout, or the disk is full.
        """
        with _busy_when_held(), self.engine.begin() as connection:
            yield connection

    def journal(self) -> SqlJournal:
        """Return the committed stages of this zone."""
        return SqlJournal(self)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


@contextmanager
def _busy_when_held() -> Iterator[None]:
    try:
        yield
    except sa.exc.DatabaseError as error:
        if _is_damaged(error):
            raise Tampered("The control records are damaged or are none.", _RESTORE) from error
        if not isinstance(error, sa.exc.OperationalError):
            raise
        raise Busy(
            "The control records are held by another writer, or the disk is full.",
            "Check the space, then run this again.",
        ) from error


def _is_damaged(error: sa.exc.DatabaseError) -> bool:
    # SQLite has no class of its own for a file that is no database, but its own words for it.
    words = str(error.orig)
    return type(error) is sa.exc.DatabaseError or any(sign in words for sign in _DAMAGED)


class SqlJournal:
    """The committed rows of a zone's stages (the `Journal` of `harmony.stages.run`)."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def head(self) -> str:
        """Return the hash of the last committed record, or 64 zeros."""
        with self._control.transaction() as connection:
            return _head(connection)

    def find(self, stage: str, key: str) -> str | None:
        """Return the hash committed for a stage, or None."""
        query = sa.select(STAGE.c.sha256).where(STAGE.c.stage == stage, STAGE.c.key == key)
        with self._control.transaction() as connection:
            return connection.execute(query).scalar_one_or_none()

    def keys(self, stage: str) -> list[str]:
        """Return the keys of all committed records of a stage, oldest first."""
        query = sa.select(STAGE.c.key).where(STAGE.c.stage == stage).order_by(STAGE.c.number)
        with self._control.transaction() as connection:
            return list(connection.execute(query).scalars())

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return stage, key, sha256 and previous of all committed records, oldest first."""
        query = sa.select(STAGE.c.stage, STAGE.c.key, STAGE.c.sha256, STAGE.c.previous)
        with self._control.transaction() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(STAGE.c.number))]

    def append(self, stage: str, key: str, sha256: str, previous: str) -> None:
        """
        Commit one row.

        Raises
        ------
        Busy
            When another stage was committed since `previous` was read.
        """
        with self._control.transaction() as connection:
            append_stage(connection, stage, key, sha256, previous)


def append_stage(connection: sa.Connection, stage: str, key: str, sha256: str, previous: str) -> None:
    """Commit a stage's row inside a running transaction; raise `Busy` when `previous` is not the head."""
    if _head(connection) != previous:
        raise Busy("Another stage was committed in between.", "Run this again.")
    row: dict[str, Any] = {"stage": stage, "key": key, "sha256": sha256, "previous": previous}
    connection.execute(STAGE.insert().values(**row, committed_at=dt.datetime.now(dt.UTC)))


def _head(connection: sa.Connection) -> str:
    last = connection.execute(sa.select(STAGE.c.sha256).order_by(STAGE.c.number.desc()).limit(1)).scalar()
    return last or "0" * 64


def open_control(url: str) -> Control:
    """
    Open control records and migrate them.

    Parameters
    ----------
    url : str
        SQLAlchemy address: `sqlite:///path` or `postgresql+psycopg://...`.

    Raises
    ------
    Busy
        When the database cannot be opened: held by another writer, no server, or a full disk.
    Tampered
        When it is no database, or not one of this schema.
    UsageError
        When the address is none, or its driver is not installed.
    """
    try:
        engine = sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError, ValueError) as error:
        # The address may hold a password and is not repeated.
        raise UsageError(
            "The address of the control records (HARMONY_CONTROL_URL) cannot be used.",
            "Correct it, and look at harmony doctor for the driver.",
            "sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE",
        ) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with _busy_when_held():
        migrate(engine)
    return Control(engine)


def _configure_sqlite(connection: Any, _: object) -> None:
    # The driver's own BEGIN is deferred and fails half-way when two writers meet; ours is taken at once.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "foreign_keys=ON",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to the newest version; does nothing when it is there already."""
    if _version(engine) == _newest():
        # Alembic takes a second to import, and nearly every command finds the schema up to date.
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    from alembic.util.exc import CommandError

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Tampered("The control records have a schema that is not known here.", _RESTORE) from error


def _version(engine: sa.Engine) -> str | None:
    with engine.begin() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _newest() -> str:
    versions = (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py")
    return max(path.name.partition("_")[0] for path in versions)
