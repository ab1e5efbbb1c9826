"""Output requests as they stand on record, and their files on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmony.errors import HashMismatch, UsageError
from harmony.governance.acting import Case
from harmony.governance.ids import check_id
from harmony.governance.members import find
from harmony.governance.proposals import study_case
from harmony.stages.record import sha256_file
from harmony.store.control import governance as records

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harmony.store.control.database import Control


@dataclass(frozen=True)
class OutputRequest:
    """
    A request on record.

    Attributes
    ----------
    id, study, release, author, state : str
        RES, STU, REL and MEM id; state of the procedure.
    version : int
        Number of the present files, from 1.
    files : tuple of dict
        path and sha256 of each file.
    report_sha256 : str
        Hash of the disclosure report.
    findings : tuple of str
        What disclosure control left to a person.
    steps : tuple of dict
        Steps taken, oldest first, with signed body and signature where there is one.
    """

    id: str
    study: str
    release: str
    author: str
    state: str
    version: int
    files: tuple[dict[str, str], ...]
    report_sha256: str
    findings: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]


def get_request(control: Control, result: str) -> OutputRequest:
    """Return a request on record; raise `UsageError` when there is none of this id."""
    with control.transaction() as connection:
        row = request_row(connection, result)
        steps = records.select_acts(connection, result)
    names = ("id", "study", "release", "author", "state", "version")
    return OutputRequest(
        **{name: row[name] for name in names},
        files=tuple(row["files"]),
        report_sha256=row["report_sha256"],
        findings=row["findings"],
        steps=tuple(steps),
    )


def requests(control: Control, study: str | None = None) -> list[OutputRequest]:
    """Return all requests, or those of one study, oldest first."""
    with control.transaction() as connection:
        ids = records.select_output_ids(connection, study)
    return [get_request(control, result) for result in ids]


def output_case(connection: sa.Connection, row: Mapping[str, Any]) -> Case:
    """Return an output request as `acting` judges it; its author counts as of the team."""
    base = request_study_case(connection, row["study"])
    author = find(connection, row["author"])
    return replace(
        base,
        id=row["id"],
        machine="output_request",
        state=row["state"],
        version=row["version"],
        people=base.people | {author.id},
        organisations=base.organisations | {author.organisation},
        acts=tuple(records.select_acts(connection, row["id"])),
        release=row["release"],
        report_sha256=row["report_sha256"],
        files=tuple(row["files"]),
        findings=row["findings"],
    )


def check_files(folder: Path, case: Case) -> None:
    """Raise `HashMismatch` when a folder does not hold exactly the files of a request."""
    if file_hashes(folder) != list(case.files):
        raise HashMismatch(
            f"The files of {case.id} are not those that were asked out.", "Ask the author for a new version."
        )


def file_hashes(folder: Path) -> list[dict[str, str]]:
    """Return path and sha256 of every file of a folder, by path."""
    # A link could bring in files that no hash covers, or lead out of the folder.
    if any(path.is_symlink() for path in (folder, *folder.rglob("*"))):
        raise HashMismatch("A link stands among the files of a result.", "Remove it and run the study again.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [{"path": p.relative_to(folder).as_posix(), "sha256": sha256_file(p)} for p in files]


def request_study_case(connection: sa.Connection, study: str) -> Case:
    """Return the study that results come from, as `acting` judges it; refuse an unknown one."""
    row = records.select_study(connection, check_id(study, "STU"))
    if row is None:
        raise UsageError(f"There is no study {study}.", "Look at the studies on record.")
    return study_case(connection, row)


def request_row(connection: sa.Connection, result: str) -> dict[str, Any]:
    """Return the row of a request; raise `UsageError` when there is none of this id."""
    row = records.select_output(connection, check_id(result, "RES"))
    if row is None:
        raise UsageError(f"There is no output request {result}.", "Ask for it: harmony output request.")
    return row
