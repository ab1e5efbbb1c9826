"""
A computed result: its folder is written once, signed, and asked out only as it was written.

Whoever can write into the folder could else empty the findings that a person must judge, or put another
page in place of the judged one. The record is signed by the research zone; its hash stands in the audit log,
so that an earlier version cannot be put back either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harmony.errors import HashMismatch, SignatureInvalid, UsageError
from harmony.files import parse_json
from harmony.governance.audit import changing, history
from harmony.governance.members import find
from harmony.governance.output_requests import file_hashes
from harmony.governance.procedure import load
from harmony.settings import Zone
from harmony.store.control.audit import AuditEvent, append_event

if TYPE_CHECKING:
    from harmony.store.control.database import Control

RECORD_FILE: Final = "record.json"
#: First field of the signed body: the zone's key signs other things too.
KIND: Final = "harmony/result/v1"
EVENT: Final = "result.computed"

_AGAIN: Final = "Run the study again: harmony study run."


@dataclass(frozen=True)
class ResultRecord:
    """
    What a run wrote.

    Attributes
    ----------
    result, study, release : str
        RES, STU and REL id.
    to_person : tuple of str
        What disclosure control left to a person.
    files : tuple of dict
        path (inside the result's folder) and sha256 of every file but the record itself.
    sha256 : str
        Hash of the signed body.
    """

    result: str
    study: str
    release: str
    to_person: tuple[str, ...]
    files: tuple[dict[str, str], ...]
    sha256: str


def sign_result(zone: Zone, folder: Path, facts: Mapping[str, str], to_person: Sequence[str]) -> ResultRecord:
    """
    Write the signed record into a finished folder of a result.

    Parameters
    ----------
    zone : Zone
        The research zone; its own key signs.
    folder : Path
        Everything in it is hashed.
    facts : mapping of str to str
        result, study and release.
    to_person : sequence of str
        What disclosure control left to a person.
    """
    body: dict[str, Any] = {"kind": KIND, **facts, "to_person": list(to_person), "files": file_hashes(folder)}
    signature = _key(zone).sign(rfc8785.dumps(body)).hex()
    text = json.dumps({**body, "signature": signature}, indent=1)
    (folder / RECORD_FILE).write_text(text, encoding="utf-8")
    return read_result(zone, folder)


def read_result(zone: Zone, folder: Path) -> ResultRecord:
    """
    Read the record of a result and verify its signature, not yet its files.

    Raises
    ------
    UsageError
        When there is no such result.
    HashMismatch
        When the folder has no record.
    SignatureInvalid
        When the record is not what the research zone signed.
    """
    path = folder / RECORD_FILE
    if not folder.is_dir():
        raise UsageError(f"There is no result {folder.name}.", "Run harmony study run first.")
    if path.is_symlink() or not path.is_file():
        raise HashMismatch(f"Result {folder.name} has no record of its run.", _AGAIN)
    content = parse_json(path.read_bytes(), RECORD_FILE, SignatureInvalid, _AGAIN)
    try:
        signature = bytes.fromhex(content.pop("signature"))
        body = rfc8785.dumps(content)
        _key(zone).public_key().verify(signature, body)
        if content["kind"] != KIND:
            raise ValueError(content["kind"])
    except (InvalidSignature, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise SignatureInvalid(f"The record of result {folder.name} was changed.", _AGAIN) from error
    return ResultRecord(
        content["result"],
        content["study"],
        content["release"],
        tuple(content["to_person"]),
        tuple(content["files"]),
        hashlib.sha256(body).hexdigest(),
    )


def put_on_record(control: Control, person: str, record: ResultRecord) -> None:
    """Write into the audit log that a person's run made this version of a result."""
    with changing(control, person, "run", record.study) as connection:
        held = [role for role in load().study_roles if role in find(connection, person).roles]
        detail = {"study": record.study, "release": record.release, "document_sha256": record.sha256}
        append_event(connection, AuditEvent(person, held[0] if held else "", EVENT, record.result, detail))


def require_as_written(control: Control, folder: Path, record: ResultRecord) -> None:
    """
    Refuse a folder that is not exactly what the newest run of this result wrote.

    Raises
    ------
    HashMismatch
        When a file was changed, is missing or was added, a link stands there, the record is of another
        result, or a newer run is on record.
    """
    events = [event for event in history(control, folder.name) if event.action == EVENT]
    newest = events[-1].detail["document_sha256"] if events else None
    if record.result != folder.name or newest != record.sha256:
        raise HashMismatch(f"{folder.name} is not the version of its newest run.", _AGAIN)
    written = {entry["path"]: entry["sha256"] for entry in record.files}
    present = {entry["path"]: entry["sha256"] for entry in file_hashes(folder)}
    present.pop(RECORD_FILE, None)
    odd = sorted(name for name in written.keys() | present if written.get(name) != present.get(name))
    if odd:
        kinds = {name: _how(name, written, present) for name in odd}
        words = ", ".join(f"{name} ({kind})" if name in written else kind for name, kind in kinds.items())
        raise HashMismatch(f"{folder.name} is not as its run wrote it: {words}.", _AGAIN)


def _how(name: str, written: Mapping[str, Any], present: Mapping[str, Any]) -> str:
    # The name of an added file was chosen by whoever added it and is not repeated.
    if name not in written:
        return "a file was added"
    return "changed" if name in present else "missing"


def _key(zone: Zone) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(zone.key("zone.sign"))
