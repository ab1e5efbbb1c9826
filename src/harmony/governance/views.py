"""Cut a release down to a study's rows and columns, and keep the cut verifiable."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harmony.errors import Busy, UsageError
from harmony.settings import Zone
from harmony.stages.record import sha256_file

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns that every table of a view keeps: who (under the study's pseudonym), from where, of which mark.
KEPT_COLUMNS: Final = ("person", "provider_id", "mark")
VIEW_RECORD: Final = "view.json"


@dataclass(frozen=True)
class Cut:
    """
    What a view is to hold.

    Attributes
    ----------
    study, release : str
        STU and REL id.
    release_sha256, plan_sha256 : str
        Hash of the release's record and of the approved plan.
    tables : mapping of str to tuple of str
        Approved columns by table, without `KEPT_COLUMNS`.
    sources : tuple of (str, str)
        Provider and mark of each allowed source.
    left_out : mapping of str to str
        Approved sources that are not in, with the reason.
    """

    study: str
    release: str
    release_sha256: str
    plan_sha256: str
    tables: Mapping[str, tuple[str, ...]]
    sources: tuple[tuple[str, str], ...]
    left_out: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return the cut as it stands in `view.json`."""
        return {
            "study": self.study,
            "release": self.release,
            "release_sha256": self.release_sha256,
            "plan_sha256": self.plan_sha256,
            "tables": {name: list(columns) for name, columns in self.tables.items()},
            "sources": [list(source) for source in self.sources],
            "left_out": dict(self.left_out),
        }


def view_folder(zone: Zone, study: str, release: str) -> Path:
    """Return where a study's view of a release stands or will stand."""
    return zone.root / "views" / study / release


def check_tables(tables: Mapping[str, tuple[str, ...]], release_tables: Path) -> None:
    """Raise `UsageError` when a plan asks for a table or column that the release does not have."""
    from harmony.store.tables import read_table, table_files

    files = table_files(release_tables)
    for name, columns in tables.items():
        if name not in files:
            raise UsageError(f"The release has no table {name}.", "Change the plan.", ", ".join(files))
        known = read_table(files[name]).column_names
        missing = [column for column in columns if column not in known]
        if missing:
            what = f"Table {name} of the release has no column {', '.join(missing)}."
            raise UsageError(what, "Change the plan.", ", ".join(known))


def verified_view(folder: Path, cut: Cut, committed: str | None) -> bool:
    """
    Tell whether a folder holds exactly this cut, file by file, as it was committed.

    A folder that was changed, or that a crash left half-way, is not used but cut again.
    """
    path = folder / VIEW_RECORD
    if committed is None or not path.is_file() or sha256_file(path) != committed:
        return False
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["cut"] != json.loads(json.dumps(cut.as_dict())):
        return False
    found = {file.name for file in folder.iterdir()} - {VIEW_RECORD}
    return found == set(record["files"]) and all(
        sha256_file(folder / name) == sha256 for name, sha256 in record["files"].items()
    )


def make_view(
    zone: Zone,
    cut: Cut,
    release_tables: Path,
    pseudonym: Callable[[str], str],
    order: Callable[[str], str],
) -> tuple[Path, str]:
    """
    Write a view in a temporary folder.

    Parameters
    ----------
    release_tables : Path
        Folder of the release's Parquet files.
    pseudonym, order : callable
        Person of the release to the study's pseudonym, and to the key by which rows are ordered.

    Returns
    -------
    (Path, str)
        The finished temporary folder and the SHA-256 of its record; `place_view` makes it visible.
    """
    from harmony.store.tables import read_table, write_table

    temporary = zone.folder("work") / f"view-{cut.study}-{secrets.token_hex(4)}"
    temporary.mkdir(mode=0o700)
    files: dict[str, str] = {}
    for name, columns in cut.tables.items():
        table = _cut_table(read_table(release_tables / f"{name}.parquet"), columns, cut.sources)
        path = temporary / f"{name}.parquet"
        write_table(path, _renamed(table, pseudonym, order))
        files[path.name] = sha256_file(path)
    text = json.dumps({"schema": 1, "cut": cut.as_dict(), "files": files}, indent=1, sort_keys=True) + "\n"
    (temporary / VIEW_RECORD).write_text(text, encoding="utf-8")
    _flush(temporary)
    return temporary, hashlib.sha256(text.encode()).hexdigest()


def place_view(zone: Zone, temporary: Path, folder: Path) -> None:
    """Put a finished view in the place of the one before; raise `Busy` when another command does so too."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if folder.exists():
            old = zone.folder("work") / f"{temporary.name}-old"
            os.rename(folder, old)
            shutil.rmtree(old)
        os.rename(temporary, folder)
    except OSError as error:
        raise Busy("Another command cuts this view.", "Run this again.") from error


def _cut_table(table: pa.Table, columns: tuple[str, ...], sources: tuple[tuple[str, str], ...]) -> pa.Table:
    import pyarrow as pa

    allowed = set(sources)
    pairs = zip(table.column("provider_id").to_pylist(), table.column("mark").to_pylist(), strict=True)
    kept = [*KEPT_COLUMNS, *(column for column in columns if column not in KEPT_COLUMNS)]
    return table.select(kept).filter(pa.array([pair in allowed for pair in pairs], pa.bool_()))


def _renamed(table: pa.Table, pseudonym: Callable[[str], str], order: Callable[[str], str]) -> pa.Table:
    import pyarrow as pa

    people = table.column("person").to_pylist()
    keys = {person: order(person) for person in set(people)}
    names = {person: pseudonym(person) for person in keys}
    marks = table.column("mark").to_pylist()
    # Marks form blocks; inside a block the keyed order hides the order in which patients were delivered.
    rows = sorted(range(len(people)), key=lambda row: (marks[row], keys[people[row]], row))
    renamed = table.set_column(
        table.column_names.index("person"), "person", pa.array([names[p] for p in people], pa.string())
    )
    return renamed.take(pa.array(rows, pa.int64()))


def _flush(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
