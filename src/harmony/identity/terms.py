"""What the terms of an agreement may be: asked before it is put into force."""

from __future__ import annotations

from typing import Final

from harmony.errors import UsageError
from harmony.identity import strict
from harmony.identity.peers import KINDS, Agreement, Peers

#: Largest limit of a sealed file that an agreement may set, bytes: 1 TB, above any delivery of this kind.
MOST_BYTES: Final = 10**12


def check_terms(peers: Peers, agreement: Agreement) -> None:
    """
    Check an agreement before it is put into force: who reads it later must not find it impossible.

    Raises
    ------
    UsageError
        When kind, parties, days or limits cannot be, or a party is not enrolled; names what is allowed.
    """
    enrolled = sorted({key.owner for key in peers.keys if key.role == "p.sign"} & set(peers.streams.values()))
    if agreement.kind not in KINDS:
        raise UsageError("An agreement of this kind cannot be.", "", ", ".join(KINDS))
    if not agreement.parties or len(set(agreement.parties)) < len(agreement.parties):
        raise UsageError("An agreement needs its parties, each once.", "", ", ".join(enrolled))
    if not set(agreement.parties) <= set(enrolled):
        raise UsageError(
            "A party of the agreement is not enrolled.",
            "Let it make its zone and its card first: harmony provider init.",
            ", ".join(enrolled) or "nobody yet",
        )
    if agreement.until < agreement.valid_from:
        raise UsageError(
            "The agreement would end before it begins.", "", f"until {agreement.valid_from} or later"
        )
    for name, value, low, high in (
        ("max_bytes", agreement.max_bytes, 1, MOST_BYTES),
        ("max_set_aside", agreement.max_set_aside, 0, 100),
    ):
        if not strict.integer(low)(value) or value > high:
            raise UsageError(f"The agreement's {name} is out of its range.", "", f"{low} to {high}")
