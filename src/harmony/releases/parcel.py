"""
What crosses from the restricted zone to the research zone: research tables under a signed list of hashes.

The list is a signed message like every other between zones; the research zone verifies it against its
pinned keys before it opens a file.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harmony.errors import HashMismatch, UsageError
from harmony.identity.envelope import Message, open_message, sign
from harmony.identity.keys import signing_key
from harmony.identity.peers import Peers
from harmony.settings import Zone
from harmony.stages.journey import ResearchTables
from harmony.stages.record import sha256_file

MESSAGE: Final = "parcel"
LIST_FILE: Final = "parcel.json"


def send(zone: Zone, tables: ResearchTables, counts: Sequence[Mapping[str, Any]], post: Path) -> Path:
    """
    Put research tables into the post, signed with the platform's key.

    Parameters
    ----------
    counts : sequence of mapping
        Rows of the catalogue, in the form that a signed message can hold (no floats).
    post : Path
        `NETWORK/post/research`; the parcel becomes a folder named by the release.

    Returns
    -------
    Path
        The parcel's folder; complete or absent.
    """
    folder = post / tables.record.key
    temporary = post / f".{tables.record.key}"
    for old in (temporary, folder):
        if old.exists():
            shutil.rmtree(old)
    temporary.mkdir(parents=True)
    names = [output.path for output in tables.record.outputs]
    for name in names:
        (temporary / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tables.path(name), temporary / name)
    body = {
        "network": zone.network,
        "release": tables.record.key,
        "content_sha256": tables.details["content_sha256"],
        "files": {name: sha256_file(temporary / name) for name in names},
        "rows": {output.path: output.rows for output in tables.record.outputs},
        "sources": tables.details["sources"],
        "counts": [dict(row) for row in counts],
        "patients": dict(tables.record.counts),
        "code_version": tables.record.code_version,
    }
    (temporary / LIST_FILE).write_bytes(sign(MESSAGE, body, signing_key(zone, "h.sign")))
    temporary.rename(folder)
    return folder


def open_parcel(folder: Path, peers: Peers, today: dt.date) -> Message:
    """
    Verify a parcel: signature first, then every file.

    Raises
    ------
    UsageError
        When there is no parcel.
    HashMismatch
        When a file differs from the signed list, is missing or was added.
    """
    path = folder / LIST_FILE
    if not path.is_file():
        raise UsageError(f"There is no parcel {folder.name}.", "Run harmony privacy assess first.")
    message = open_message(path.read_bytes(), MESSAGE, "h.sign", peers, today)
    listed = message.body["files"]
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {LIST_FILE}
    if present != set(listed):
        raise HashMismatch("The parcel has other files than its list.", "Make the parcel again.")
    for name, digest in listed.items():
        if sha256_file(folder / name) != digest:
            raise HashMismatch(f"{name} of the parcel was changed.", "Make the parcel again.")
    return message
