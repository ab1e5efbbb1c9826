"""Keys of a zone: made from the system's generator, each of one role, and their public halves."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from harmony.errors import UsageError
from harmony.identity.pseudonyms import fingerprint
from harmony.settings import ZONE_KEYS, Zone
from harmony.stages.record import key_id as signing_key_id

#: What a key is, by the last part of its role; all others are 32 secret bytes.
ED25519: Final = "ed25519"
AGE: Final = "age"
SECRET: Final = "secret"  # noqa: S105 (the name of a kind of key)
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@dataclass(frozen=True)
class PublicKey:
    """
    The public half of a key.

    Attributes
    ----------
    id : str
        First 16 bytes of SHA-256 of the DER public key, in hex.
    role : str
        Name of the key, for example `p.sign`.
    owner : str
        Provider or organisation.
    algorithm : str
        ed25519 or age.
    public : str
        32 bytes in hex, or an `age1…` recipient.
    valid_from, until : date
        First and last day of use.
    revoked : date, optional
        From this day on the key counts for nothing.
    """

    id: str
    role: str
    owner: str
    algorithm: str
    public: str
    valid_from: dt.date
    until: dt.date
    revoked: dt.date | None = None


def algorithm(name: str) -> str:
    """Return what kind of key a role has: ed25519, age or secret."""
    if name.endswith(".open"):
        return AGE
    return ED25519 if name.endswith((".sign", ".release")) else SECRET


def generate(zone: str) -> dict[str, bytes]:
    """
    Make all keys of a zone.

    Parameters
    ----------
    zone : str
        A name of `ZONE_KEYS`.

    Returns
    -------
    dict of str to bytes
        Ed25519 seeds and secrets of 32 bytes; age identities as their ASCII text.
    """
    return {name: _generate(algorithm(name)) for name in ZONE_KEYS[zone]}


def _generate(kind: str) -> bytes:
    if kind == AGE:
        return str(pyrage.x25519.Identity.generate()).encode("ascii")
    if kind == ED25519:
        key = Ed25519PrivateKey.generate()
        return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return secrets.token_bytes(32)


def signing_key(zone: Zone, name: str) -> Ed25519PrivateKey:
    """Return a signing key of this zone; refuses as `Zone.key` does."""
    return Ed25519PrivateKey.from_private_bytes(zone.key(name))


def opening_key(zone: Zone, name: str) -> str:
    """Return an age identity of this zone as text; refuses as `Zone.key` does."""
    return zone.key(name).decode("ascii")


def private_id(name: str, private: bytes) -> str:
    """Return the id of a private key: that of its public half, or a secret's fingerprint."""
    kind = algorithm(name)
    if kind == SECRET:
        return fingerprint(private)
    return public_id(kind, _public_text(kind, private))


def public_half(zone: Zone, name: str, valid_from: dt.date, until: dt.date) -> PublicKey:
    """
    Return the public half of one key of a zone.

    Raises
    ------
    UsageError
        When the key is a secret without public half.
    """
    kind = algorithm(name)
    if kind == SECRET:
        raise UsageError(f"Key {name} has no public half.", "Hand out signing and opening keys only.")
    text = _public_text(kind, zone.key(name))
    return PublicKey(public_id(kind, text), name, zone.owner, kind, text, valid_from, until)


def public_id(kind: str, public: str) -> str:
    """
    Return the id of a public key.

    Raises
    ------
    UsageError
        When the text is not a key of this kind.
    """
    try:
        if kind == ED25519:
            return signing_key_id(Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)))
        pyrage.x25519.Recipient.from_str(public)
        der = X25519PublicKey.from_public_bytes(_age_bytes(public)).public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, pyrage.RecipientError) as error:
        raise UsageError(f"A public key is not a {kind} key.", "Ask its owner for the card again.") from error
    return hashlib.sha256(der).hexdigest()[:32]


def _public_text(kind: str, private: bytes) -> str:
    if kind == AGE:
        return str(pyrage.x25519.Identity.from_str(private.decode("ascii")).to_public())
    public = Ed25519PrivateKey.from_private_bytes(private).public_key()
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _age_bytes(recipient: str) -> bytes:
    # Bech32 (BIP 173): five bits a letter after `age1`, six letters of checksum that pyrage has verified.
    number = 0
    letters = recipient.lower().removeprefix("age1")[:-6]
    for letter in letters:
        number = number << 5 | _BECH32.index(letter)
    return (number >> (5 * len(letters) - 256)).to_bytes(32, "big")
