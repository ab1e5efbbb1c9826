"""Resolve a fork: the provider signs which head of a frozen stream stays (protocol, message head)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from harmony.errors import Replay, WrongRecipient
from harmony.identity import strict
from harmony.identity.envelope import open_message, sign
from harmony.identity.keys import signing_key
from harmony.identity.peers import read_peers
from harmony.settings import Zone
from harmony.store.control import exchange
from harmony.store.control.database import Control

_HEAD: Final = {
    "network": strict.hexadecimal(16),
    "stream": strict.hexadecimal(16),
    "counter": strict.integer(1),
    "keep": strict.hexadecimal(32),
}


def sign_head(zone: Zone, stream: str, counter: int, keep: str) -> bytes:
    """
    Return the hospital's signed word that a manifest stays the head of a stream.

    Parameters
    ----------
    counter, keep : int, str
        Counter and hash of the manifest that stays; the other laptop's delivery is packed again after it.
    """
    body = {"network": zone.network, "stream": stream, "counter": counter, "keep": keep}
    return sign("head", body, signing_key(zone, "p.sign"))


def resolve_fork(zone: Zone, raw: bytes, control: Control, today: dt.date | None = None) -> str:
    """
    Let a frozen stream go on, at the TTP or the platform.

    Returns
    -------
    str
        The stream.

    Raises
    ------
    EnvelopeError, UnknownSender, SignatureInvalid, FormatRefused
        When the message does not verify.
    WrongRecipient
        When the stream is not the signer's.
    Replay
        When the head to keep is not the one accepted here: what was accepted cannot be taken back.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    peers = read_peers(zone)
    message = open_message(raw, "head", "p.sign", peers, today)
    body = message.body
    strict.check_fields(body, _HEAD, "head")
    if body["network"] != zone.network or peers.streams.get(body["stream"]) != message.key.owner:
        raise WrongRecipient("The stream does not belong to the signer.", "Sign for an own stream.")
    with control.transaction() as connection:
        last = exchange.head(connection, body["stream"])
        if (last.position, last.sha256) != (body["counter"], body["keep"]):
            raise Replay(
                "The head to keep is not the one that was accepted here.",
                "Keep the accepted delivery and pack the other one again after it.",
                f"counter {last.position}",
            )
        exchange.thaw(connection, body["stream"])
    return str(body["stream"])
