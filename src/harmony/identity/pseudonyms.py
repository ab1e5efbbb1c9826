"""
Keyed functions of the protocol: length-prefixed MACs, derived keys, pseudonyms (protocol section 3).

Plain joining is forbidden because HMAC(k, "H1" + "23") equals HMAC(k, "H12" + "3"). Each label has one use.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FIRST_PSEUDONYM: Final = "harmony/p1/v1"
TTP_INDEX: Final = "harmony/ttp-index/v1"
TTP_RECORD: Final = "harmony/ttp-record/v1"
TTP_TOMBSTONE: Final = "harmony/ttp-tombstone/v1"
STUDY: Final = "harmony/study/v1"
ORDER: Final = "harmony/order/v1"
HORIZON: Final = "harmony/horizon/v1"
WITHDRAWN: Final = "harmony/withdrawn/v1"
FINGERPRINT: Final = "harmony/fingerprint/v1"
#: The set of a delivery's handles; protocol section 4 hashes it under a label without naming one.
HANDLES: Final = "harmony/handles/v1"

#: Records of one person end up to this many days before the cut (protocol section 10, [m4]).
HORIZON_DAYS: Final = 91


def lp(value: str | bytes) -> bytes:
    """Return a value behind its length as 4 bytes big endian; text is UTF-8."""
    raw = value.encode("utf-8") if isinstance(value, str) else value
    return len(raw).to_bytes(4, "big") + raw


def mac(key: bytes, label: str | bytes, *values: str | bytes) -> bytes:
    """Return HMAC-SHA-256 over the length-prefixed label and values, 32 bytes."""
    return hmac.digest(key, b"".join(lp(value) for value in (label, *values)), "sha256")


def derive(key: bytes, label: str, context: str | bytes) -> bytes:
    """Return a subkey of 32 bytes: HKDF-SHA-256 (RFC 5869), empty salt, info of label and context."""
    return HKDF(SHA256(), 32, salt=None, info=lp(label) + lp(context)).derive(key)


def p1(secret: bytes, provider: str, number_space: str, number: str) -> bytes:
    """
    Return a patient's first pseudonym, 32 bytes.

    Parameters
    ----------
    secret : bytes
        The hospital's `p.secret`.
    number_space : str
        Whose numbering it is: equal numbers of two wards are two people.
    number : str
        Local number in the checked form of `provider.toml`.
    """
    return mac(secret, FIRST_PSEUDONYM, provider, number_space, number)


def ttp_index(table_key: bytes, provider: str, first_pseudonym: bytes) -> bytes:
    """Return where the TTP's table keeps a first pseudonym, 32 bytes."""
    return mac(table_key, TTP_INDEX, provider, first_pseudonym)


def ttp_record_key(table_key: bytes) -> bytes:
    """Return the key that encrypts the rows of the TTP's table."""
    return derive(table_key, TTP_RECORD, "")


def ttp_tombstone(table_key: bytes, provider: str, first_pseudonym: bytes) -> bytes:
    """Return what the TTP keeps of a withdrawn first pseudonym, 32 bytes."""
    return mac(table_key, TTP_TOMBSTONE, provider, first_pseudonym)


def withdrawn(master: bytes, person: bytes) -> bytes:
    """Return what the restricted zone keeps of a withdrawn person, 32 bytes."""
    return mac(master, WITHDRAWN, person)


def study_pseudonym(master: bytes, study: str, release: str, person: bytes) -> str:
    """Return a person's pseudonym of one study on one release, 64 hex digits."""
    return mac(derive(master, STUDY, lp(study) + lp(release)), person).hex()


def order_key(master: bytes, study: str, release: str, person: bytes) -> bytes:
    """Return what rows of a study are ordered by, so that order tells nothing; 32 bytes."""
    return mac(derive(master, ORDER, lp(study) + lp(release)), person)


def horizon_days(master: bytes, person: bytes) -> int:
    """Return how many days before the data cut a person's records end, 0 to 90, the same in all releases."""
    return int.from_bytes(mac(derive(master, HORIZON, ""), person), "big") % HORIZON_DAYS


def fingerprint(secret: bytes) -> str:
    """Return the id of a secret key, 32 hex digits."""
    return mac(secret, FINGERPRINT)[:16].hex()


def handles_hash(handles: Iterable[str]) -> str:
    """Return the hash of a delivery's set of handles (hex); handles are random, so it tells nothing."""
    digest = hashlib.sha256(lp(HANDLES))
    for handle in sorted(handles):
        digest.update(bytes.fromhex(handle))
    return digest.hexdigest()
