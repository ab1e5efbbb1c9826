"""
The TTP's table: (provider, first pseudonym) to person id.

Person ids are random, made once. An HMAC would rebuild a link that was erased and name everyone when its key
is stolen (protocol section 4). Rows are encrypted under a key that is not in the database.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES as NONCE_BYTES,
)
from nacl.exceptions import CryptoError

from harmony.errors import Tampered
from harmony.identity import strict
from harmony.identity.pseudonyms import ttp_index, ttp_record_key, ttp_tombstone
from harmony.store.control import exchange

TOMBSTONE = "tombstone"


@dataclass
class Assignment:
    """
    What a list gives: person by handle, withheld handles, and the encrypted rows that are new.

    Attributes
    ----------
    persons : dict of str to str
        Handle to person id, hex.
    withheld : list of str
        Handles of tombstoned people, sorted.
    new_rows : dict of str to str
        Index to encrypted row; not yet in the table.
    """

    persons: dict[str, str] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    new_rows: dict[str, str] = field(default_factory=dict)


class PersonTable:
    """
    The table of one TTP.

    Parameters
    ----------
    key : bytes
        `t.table`.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._record_key = ttp_record_key(key)

    def assign(self, connection: exchange.Connection, provider: str, rows: Sequence[list[str]]) -> Assignment:
        """
        Find or make the person of each row; nothing is written.

        Parameters
        ----------
        rows : sequence of [handle, p1]
            Opened list of a delivery, hex.

        Raises
        ------
        Tampered
            When a stored row does not open under its index.
        """
        indexes = {p1: ttp_index(self._key, provider, bytes.fromhex(p1)).hex() for _, p1 in rows}
        stored = exchange.persons(connection, list(indexes.values()))
        buried = self._buried(connection, provider, list(indexes))
        result = Assignment()
        for handle, p1 in rows:
            if p1 in buried:
                result.withheld.append(handle)
                continue
            index = indexes[p1]
            if index in stored:
                result.persons[handle] = self._open(index, stored[index])
            else:
                person = secrets.token_hex(16)
                result.persons[handle] = person
                result.new_rows[index] = self._seal(index, provider, p1, person)
        return result

    def bury(self, connection: exchange.Connection, provider: str, first_pseudonyms: Sequence[str]) -> None:
        """Keep tombstones of withdrawn first pseudonyms (hex), known ones or not."""
        marks = [ttp_tombstone(self._key, provider, bytes.fromhex(p1)).hex() for p1 in first_pseudonyms]
        exchange.add_gone(connection, TOMBSTONE, marks)

    def _buried(
        self, connection: exchange.Connection, provider: str, first_pseudonyms: Sequence[str]
    ) -> set[str]:
        marks = {ttp_tombstone(self._key, provider, bytes.fromhex(p1)).hex(): p1 for p1 in first_pseudonyms}
        return {marks[mark] for mark in exchange.gone(connection, TOMBSTONE, list(marks))}

    def _seal(self, index: str, provider: str, p1: str, person: str) -> str:
        content = strict.dump({"provider": provider, "p1": p1, "person": person})
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(
            content, bytes.fromhex(index), nonce, self._record_key
        )
        return (nonce + sealed).hex()

    def _open(self, index: str, sealed: str) -> str:
        raw = bytes.fromhex(sealed)
        nonce, rest = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
        try:
            content = crypto_aead_xchacha20poly1305_ietf_decrypt(
                rest, bytes.fromhex(index), nonce, self._record_key
            )
        except CryptoError as error:
            raise Tampered("A row of the TTP's table was changed.", "Restore the newest backup.") from error
        return str(strict.parse(content)["person"])
