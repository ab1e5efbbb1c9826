"""
Make a release from research tables: immutable, hashed twice, visible by one committed row.

`content_sha256` is equal for equal patients; `release_sha256` is over the files as released.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Final

from harmony.errors import Tampered
from harmony.identity.envelope import Message, sign
from harmony.identity.keys import signing_key
from harmony.settings import Zone
from harmony.stages.journey import Release
from harmony.stages.record import Input, Outcome, sha256_file
from harmony.stages.run import Journal, open_stage, run
from harmony.store.tables import read_table

STAGE: Final = "release"
STATEMENT: Final = "release.json"


def assemble(zone: Zone, folder: Path, parcel: Message, level: str, journal: Journal) -> Release:
    """
    Make the release of a verified parcel.

    Parameters
    ----------
    folder, parcel : Path, Message
        From `parcel.open_parcel`.
    level : str
        Separation level, S0 to S3.

    Returns
    -------
    Release
        `tables/*.parquet`, `gate.json`, `counts.json`, `release.json` (signed statement).
    """
    body = parcel.body
    release = str(body["release"])

    def work(target: Path) -> Outcome:
        for name in body["files"]:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target / name)
        (target / "counts.json").write_text(json.dumps(body["counts"], indent=1), encoding="utf-8")
        digest = release_sha256(target, list(body["files"]))
        statement = _statement(body, digest, level)
        (target / STATEMENT).write_bytes(sign("release", statement, signing_key(zone, "h.release")))
        details = {
            "content_sha256": body["content_sha256"],
            "release_sha256": digest,
            "sources": body["sources"],
            "level": level,
            "witness": "unwitnessed",
        }
        released = read_table(target / "tables" / "patient.parquet").num_rows
        counts = {"in": body["patients"]["out"], "out": released, "set_aside": 0, "refused": 0}
        return Outcome("passed", counts, (), dict(body["rows"]), details)

    return run(Release, zone, STAGE, release, [Input("parcel", parcel.sha256)], work, journal)


def release_sha256(folder: Path, names: list[str]) -> str:
    """Return one hash over the files as released: their names and hashes in order."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name} {sha256_file(folder / name)}\n".encode())
    return digest.hexdigest()


def _statement(body: dict[str, Any], digest: str, level: str) -> dict[str, Any]:
    return {
        "network": body["network"],
        "release": body["release"],
        "content_sha256": body["content_sha256"],
        "release_sha256": digest,
        "files": body["files"],
        "level": level,
        "witness": "unwitnessed",
    }


def open_release(zone: Zone, release: str, journal: Journal) -> Release:
    """
    Open a release and verify it, its release hash too.

    Raises
    ------
    Tampered
        When a file was changed.
    Busy
        When there is no such release.
    """
    found = open_stage(Release, zone, STAGE, release, journal)
    names = [o.path for o in found.record.outputs if o.path not in (STATEMENT, "counts.json")]
    if release_sha256(found.folder, names) != found.details["release_sha256"]:
        raise Tampered(f"{release} is not what was released.", "Restore the research zone from its backup.")
    return found
