"""Decisions about results: what is signed, signing with a person's key, verifying with the pinned one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from harmony.errors import SignatureInvalid
from harmony.identity.peers import Peers
from harmony.settings import Zone

STATEMENT: Final = "harmony/result-decision/v1"


def decision_body(
    result: str,
    study: str,
    release: str,
    files: Sequence[Mapping[str, str]],
    report_sha256: str,
    person: str,
    decision: str,
) -> bytes:
    """
    Return what a checker signs, in canonical JSON (RFC 8785).

    Parameters
    ----------
    result, study, release, person : str
        RES, STU, REL and MEM id.
    files : sequence of mapping
        path and sha256 of each file that would leave.
    report_sha256 : str
        Hash of the disclosure report.
    decision : str
        release, return or refuse.
    """
    return rfc8785.dumps(
        {
            "statement": STATEMENT,
            "result": result,
            "study": study,
            "release": release,
            "files": [{"path": file["path"], "sha256": file["sha256"]} for file in files],
            "report_sha256": report_sha256,
            "person": person,
            "decision": decision,
        }
    )


def sign(person_zone: Zone, body: bytes) -> str:
    """Return the Ed25519 signature of the zone's person (key c.sign) in hex."""
    return Ed25519PrivateKey.from_private_bytes(person_zone.key("c.sign")).sign(body).hex()


def verify_signature(public_key: str, body: bytes, signature: str) -> None:
    """
    Verify a decision.

    Parameters
    ----------
    public_key : str
        The person's pinned raw Ed25519 key in hex.

    Raises
    ------
    SignatureInvalid
        When the signature is not that person's over exactly this body.
    """
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), body)
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid(
            "The signature of a decision does not verify.",
            "Sign the decision again with the person's own key.",
        ) from error


def checker_keys(peers: Peers, today: dt.date) -> dict[str, str]:
    """Return the pinned c.sign keys in use on a day: MEM id to raw Ed25519 public key in hex."""
    return {
        key.owner: key.public
        for key in peers.keys
        if key.role == "c.sign"
        and key.valid_from <= today <= key.until
        and (key.revoked is None or today < key.revoked)
    }
