"""
Signed messages: DSSE envelopes with Ed25519 over the received bytes (protocol section 3; DSSE protocol,
secure-systems-lab).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from harmony.errors import EnvelopeError, FormatRefused, SignatureInvalid
from harmony.identity import strict
from harmony.identity.keys import PublicKey
from harmony.identity.peers import Peers
from harmony.stages.record import key_id

MAX_BODY: Final = 1 << 20
#: Base64 makes four bytes of three; the rest is room for the fields around the body.
MAX_ENVELOPE: Final = MAX_BODY * 4 // 3 + 4096


@dataclass(frozen=True)
class Message:
    """
    A verified message.

    Attributes
    ----------
    body : dict
        Parsed content.
    sha256 : str
        Hash of the signed body: the message's name in chains and receipts. It is taken over the body and not
        over the envelope, so that other spacing outside the signature is not another message.
    key : PublicKey
        Who signed.
    """

    body: dict[str, Any]
    sha256: str
    key: PublicKey


def media_type(name: str) -> str:
    """Return the signed type of a message."""
    return f"application/vnd.harmony.{name}.v1+json"


def pae(kind: str, body: bytes) -> bytes:
    """Return the DSSE pre-authentication encoding of a body."""
    raw = kind.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(raw), raw, len(body), body)


def sign(name: str, body: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """
    Return the envelope of a message; equal bodies and keys give equal bytes.

    Raises
    ------
    FormatRefused
        When the body holds a float or null.
    EnvelopeError
        When it is larger than 1 MiB.
    """
    raw = strict.dump(dict(body))
    _check_size(raw, MAX_BODY)
    signature = key.sign(pae(media_type(name), raw))
    envelope = {
        "payload": base64.b64encode(raw).decode("ascii"),
        "payloadType": media_type(name),
        "signatures": [
            {"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode("ascii")}
        ],
    }
    return json.dumps(envelope, sort_keys=True).encode("ascii")


def body_hash(raw: bytes) -> str:
    """Return the hash that names a message, without verifying it; only for an envelope of our own."""
    return hashlib.sha256(_take_apart(raw)[1]).hexdigest()


def open_message(raw: bytes, name: str, role: str, peers: Peers, today: dt.date) -> Message:
    """
    Verify a message and parse the verified bytes (steps 1 to 3 of protocol section 6).

    Parameters
    ----------
    raw : bytes
        The envelope as received.
    name, role : str
        Which message is expected, from a key of which role.

    Raises
    ------
    EnvelopeError
        When it is too large or not an envelope.
    UnknownSender
        When the key is not pinned, of another role or revoked.
    SignatureInvalid
        When the signature does not verify.
    FormatRefused
        When it is another message, or the body is not in its exact form.
    """
    kind, body, signer, signature = _take_apart(raw)
    key = peers.sender(signer, role, today)
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)).verify(signature, pae(kind, body))
    except InvalidSignature as error:
        raise SignatureInvalid("The signature does not fit.", "Ask the sender to send it again.") from error
    if kind != media_type(name):
        raise FormatRefused(f"This is not a message {name} of version 1.", "Send it to the right command.")
    return Message(strict.parse(body), hashlib.sha256(body).hexdigest(), key)


def _take_apart(raw: bytes) -> tuple[str, bytes, str, bytes]:
    _check_size(raw, MAX_ENVELOPE)
    try:
        content = json.loads(raw.decode("utf-8"))
        (signature,) = content["signatures"]
        kind, signer = content["payloadType"], signature["keyid"]
        body = base64.b64decode(content["payload"], validate=True)
        sealed = base64.b64decode(signature["sig"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise EnvelopeError(
            "The file is not a signed envelope.", "Ask the sender to send it again."
        ) from error
    shape = set(content) == {"payload", "payloadType", "signatures"} and set(signature) == {"keyid", "sig"}
    if not shape or not isinstance(kind, str) or not isinstance(signer, str):
        raise EnvelopeError("The envelope has other fields than allowed.", "Ask the sender to send it again.")
    _check_size(body, MAX_BODY)
    return kind, body, signer, sealed


def _check_size(raw: bytes, limit: int) -> None:
    if len(raw) > limit:
        raise EnvelopeError("A signed message is too large.", "Ask the sender.", f"{limit} bytes at most")
