"""
Declare a delivery void that the platform refuses for good.

A refused delivery changes nothing, so that it also keeps its place in the TTP's sequence: whatever was
relayed after it would wait for ever, other hospitals' deliveries too. This act gives the place up.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from harmony.errors import HashMismatch, NotPermitted
from harmony.identity.checks import read_envelope, was_accepted
from harmony.identity.keys import private_id, signing_key
from harmony.identity.messages import (
    ANSWER,
    MANIFEST,
    VOID,
    Answer,
    Manifest,
    check_recipient,
    read_answer,
    read_manifest,
    sign_receipt,
)
from harmony.identity.peers import read_peers
from harmony.intake.receive import SIGNER, STAGE
from harmony.settings import Zone
from harmony.stages.run import only_one
from harmony.store.control import exchange
from harmony.store.control.database import Control


def declare_void(zone: Zone, folder: Path, control: Control, today: dt.date | None = None) -> bytes:
    """
    Take a delivery's place in its stream and in the TTP's sequence without opening anything.

    Parameters
    ----------
    zone : Zone
        The restricted zone.
    folder : Path
        manifest.json and answer.json of the delivery.

    Returns
    -------
    bytes
        The signed receipt with code void, for the provider; the same bytes when it was void before.

    Raises
    ------
    NotPermitted
        When the delivery was received: that cannot be taken back here.
    EnvelopeError, UnknownSender, SignatureInvalid, FormatRefused, WrongRecipient, HashMismatch, Replay
        When manifest or answer do not verify or are not the next ones.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    peers, own = read_peers(zone), private_id("h.open", zone.key("h.open"))
    manifest = read_manifest(read_envelope(folder / MANIFEST), peers, today)
    answer = read_answer(read_envelope(folder / ANSWER), peers, today)
    check_recipient(manifest.h_open, own)
    check_recipient(answer.recipient, own)
    if answer.manifest != manifest.sha256:
        raise HashMismatch("The answer belongs to another manifest.", "Have the delivery relayed again.")
    with only_one(zone):
        return _stored(control, manifest) or _declare(zone, manifest, answer, control)


def _stored(control: Control, manifest: Manifest) -> bytes | None:
    if not was_accepted(control, manifest):
        return None
    if control.journal().find(STAGE, manifest.id) is not None:
        raise NotPermitted(f"{manifest.id} was received.", "Withdraw it from the next release instead.")
    with control.transaction() as connection:
        return exchange.receipt(connection, manifest.sha256, SIGNER)


def _declare(zone: Zone, manifest: Manifest, answer: Answer, control: Control) -> bytes:
    one, two = manifest, answer
    exchange.check_next(control, one.stream, one.counter, one.previous, one.sha256)
    exchange.check_next(control, exchange.ANSWERS, two.sequence, two.previous, two.sha256)
    receipt = sign_receipt(manifest, 0, 0, signing_key(zone, SIGNER), VOID)
    with control.transaction() as connection:
        exchange.add_delivery(connection, one.sha256, one.id, one.stream, one.counter)
        exchange.advance(connection, exchange.ANSWERS, two.sequence, two.sha256)
        exchange.add_receipt(connection, one.sha256, SIGNER, receipt)
    return receipt
