"""
One way to run a stage: work in a temporary folder, flush, rename, commit one row.

After kill -9 at any point the last whole stage stands and a second run goes on. A type proves nothing to
another process, so that opening a stage verifies its record, its files and its committed row.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, TypeVar

from harmony.errors import Busy, Tampered
from harmony.settings import Zone
from harmony.stages.journey import Stage
from harmony.stages.record import RECORD_FILE, Input, Outcome, read_record, sign_record

S = TypeVar("S", bound=Stage)


class Journal(Protocol):
    """The committed rows of a zone, one per stage; `harmony.store.control` keeps them."""

    def head(self) -> str:
        """Return the hash of the last committed record, or 64 zeros."""

    def find(self, stage: str, key: str) -> str | None:
        """Return the hash committed for a stage, or None."""

    def append(self, stage: str, key: str, sha256: str, previous: str) -> None:
        """Commit one row; refuse when `previous` is not the head."""


def stage_folder(zone: Zone, stage: str, key: str) -> Path:
    """Return where a stage stands or will stand."""
    return zone.root / "stages" / stage / key


def run(
    kind: type[S],
    zone: Zone,
    stage: str,
    key: str,
    inputs: Sequence[Input],
    work: Callable[[Path], Outcome],
    journal: Journal,
) -> S:
    """
    Run one stage so that it is whole or absent, and run it only once.

    Parameters
    ----------
    kind : type
        The journey's type that this stage makes.
    key : str
        Names the stage's folder: same inputs, same key.
    work : callable
        Gets an empty temporary folder, writes the outputs into it, returns an `Outcome`.
    journal : Journal
        Where the zone commits its rows.

    Returns
    -------
    kind
        The finished stage; when it was finished before, the stored one, verified.

    Raises
    ------
    Busy
        When another process works in this zone.
    Tampered
        When a finished stage does not verify.
    """
    with only_one(zone):
        final = stage_folder(zone, stage, key)
        committed = journal.find(stage, key)
        if committed is not None:
            return _reopen(kind, zone, final, committed)
        if final.exists() and not _adopt(zone, final, journal):
            shutil.rmtree(final)
        if not final.exists():
            _make(zone, stage, key, final, tuple(inputs), work, journal)
        record = read_record(zone, final)
        return kind(final, record)


def open_stage(kind: type[S], zone: Zone, stage: str, key: str, journal: Journal) -> S:
    """
    Open a finished stage and verify signature, chain entry and every output's hash.

    Raises
    ------
    Busy
        When the stage was never finished.
    Tampered
        When anything differs from what was committed.
    """
    committed = journal.find(stage, key)
    if committed is None:
        raise Busy(f"Stage {stage} of {key} is not finished.", "Run the command that makes it again.")
    return _reopen(kind, zone, stage_folder(zone, stage, key), committed)


def _reopen(kind: type[S], zone: Zone, folder: Path, committed: str) -> S:
    record = read_record(zone, folder)
    if record.sha256 != committed:
        raise Tampered(
            f"Stage {record.stage} is not the one that was committed.", "Restore the zone from its backup."
        )
    return kind(folder, record)


def _adopt(zone: Zone, final: Path, journal: Journal) -> bool:
    # Killed between rename and commit: the folder is whole, only its row is missing.
    try:
        record = read_record(zone, final)
    except Tampered:
        return False
    if record.previous != journal.head():
        return False
    journal.append(record.stage, record.key, record.sha256, record.previous)
    return True


def _make(
    zone: Zone,
    stage: str,
    key: str,
    final: Path,
    inputs: tuple[Input, ...],
    work: Callable[[Path], Outcome],
    journal: Journal,
) -> None:
    temporary = _empty_work_folder(zone, stage, key)
    try:
        _moment(stage, "started")
        outcome = work(temporary)
        _moment(stage, "worked")
        record = sign_record(zone, stage, key, inputs, temporary, outcome, journal.head())
        (temporary / RECORD_FILE).write_text(
            json.dumps(asdict(record), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        _flush(temporary)
        _moment(stage, "flushed")
        _place(zone, temporary, final)
    except BaseException:
        # A refused or interrupted stage leaves no rows behind, and gives a full disk its space back.
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _moment(stage, "renamed")
    journal.append(stage, key, record.sha256, record.previous)
    _moment(stage, "committed")


def _empty_work_folder(zone: Zone, stage: str, key: str) -> Path:
    folder = zone.folder("work")
    # The lock is ours, so that whatever stands here of this stage was left by a killed run, of any key.
    for stale in folder.glob(f"{stage}-*"):
        shutil.rmtree(stale)
    temporary = folder / f"{stage}-{key}"
    temporary.mkdir(mode=0o700)
    return temporary


def _place(zone: Zone, temporary: Path, final: Path) -> None:
    zone.folder("stages")
    final.parent.mkdir(exist_ok=True, mode=0o700)
    os.rename(temporary, final)
    for folder in (final.parent, final.parent.parent, zone.root):
        _flush_folder(folder)


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            _flush_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _moment(stage: str, moment: str) -> None:
    # An audit event, so that a test can pull the plug at exactly this point without a hook in the product.
    sys.audit("harmony.stages", stage, moment)


@contextmanager
def only_one(zone: Zone) -> Iterator[None]:
    """Hold the zone's lock: one command changes a zone at a time; raises `Busy` when another one does."""
    with (zone.root / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy(
                "Another command works in this zone.", "Wait until it has ended and run this again."
            ) from error
        yield
