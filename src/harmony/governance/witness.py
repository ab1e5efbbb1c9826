"""
The head of the audit log, signed and kept outside the log's database by the research zone.

A hash chain shows a changed event, and nothing of a log that was emptied, cut short or put back from an old
copy: what is left is whole. Who can write the database cannot sign as the zone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harmony.errors import Tampered
from harmony.files import parse_json
from harmony.governance.audit import ChainProof
from harmony.settings import Zone
from harmony.stages.record import NOTHING_BEFORE
from harmony.store.control.audit import count_until, head, lock_log

if TYPE_CHECKING:
    from harmony.store.control.database import Control

FILE: Final = "audit_head.json"
#: First field of the signed body: the zone's key signs other things too.
KIND: Final = "harmony/audit-head/v1"

_RESTORE: Final = "Restore the control records from their backup and report it to the auditor."


def witness(zone: Zone, control: Control) -> ChainProof:
    """
    Sign how many events the log has and which is the last one.

    Raises
    ------
    Tampered
        When the event that was signed before is not in its place any more: nothing is signed then.
    """
    before = read_witness(zone)
    with control.transaction() as connection:
        # Inside the log's lock: a slower command must not write an older head over a newer one.
        lock_log(connection)
        now = ChainProof(*head(connection))
        if before.events and count_until(connection, before.head) != before.events:
            raise _cut()
        if now != before:
            _write(zone, now)
    return now


def read_witness(zone: Zone) -> ChainProof:
    """
    Return the head that the zone signed last; no event when it never did.

    Raises
    ------
    Tampered
        When the file is not what the zone signed.
    """
    path = zone.root / FILE
    if not path.exists():
        return ChainProof(0, NOTHING_BEFORE)
    content = parse_json(path.read_bytes(), FILE, Tampered, _RESTORE)
    try:
        signature = bytes.fromhex(content.pop("signature"))
        _key(zone).public_key().verify(signature, rfc8785.dumps(content))
        if content["kind"] != KIND:
            raise ValueError(content["kind"])
        return ChainProof(content["events"], content["head"])
    except (InvalidSignature, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise Tampered(f"{FILE} is not what zone {zone.name} signed.", _RESTORE) from error


def require_witnessed(zone: Zone, control: Control) -> ChainProof:
    """Return the signed head; raise `Tampered` when the log does not reach it any more."""
    signed = read_witness(zone)
    with control.transaction() as connection:
        if signed.events and count_until(connection, signed.head) != signed.events:
            raise _cut()
    return signed


def _cut() -> Tampered:
    return Tampered("The audit log is shorter than it was, or another one.", _RESTORE)


def _write(zone: Zone, proof: ChainProof) -> None:
    body: dict[str, str | int] = {"kind": KIND, "events": proof.events, "head": proof.head}
    signature = _key(zone).sign(rfc8785.dumps(body)).hex()
    _replace(zone.root / FILE, json.dumps({**body, "signature": signature}, indent=1))


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)


def _key(zone: Zone) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(zone.key("zone.sign"))
