"""Receipts at the hospital: verified, compared with what was sent, and kept (flow A)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from harmony.errors import WrongRecipient
from harmony.identity.checks import read_envelope
from harmony.identity.messages import Receipt, read_receipt
from harmony.identity.peers import Peers, read_peers
from harmony.identity.post import RECEIPT_ENDS
from harmony.settings import Zone
from harmony.store.control import exchange
from harmony.store.control.database import Control


def import_receipts(
    zone: Zone, folder: Path, control: Control, today: dt.date | None = None
) -> list[tuple[str, Receipt]]:
    """
    Import all receipts that wait in the hospital's post; importing twice changes nothing.

    Returns
    -------
    list of (str, Receipt)
        Role of the signer (t.sign or h.sign) and the receipt, by file name.

    Raises
    ------
    EnvelopeError, UnknownSender, SignatureInvalid, FormatRefused
        When a receipt does not verify.
    WrongRecipient
        When it belongs to no delivery of this hospital.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    peers = read_peers(zone)
    found = []
    for path in sorted(folder.glob("*.receipt.json")):
        role = next((role for role, end in RECEIPT_ENDS.items() if path.name.endswith(end)), "")
        if role:
            found.append((role, _import(read_envelope(path), role, peers, control, today)))
    return found


def _import(raw: bytes, role: str, peers: Peers, control: Control, today: dt.date) -> Receipt:
    receipt = read_receipt(raw, role, peers, today)
    with control.transaction() as connection:
        if exchange.delivery_of(connection, receipt.manifest) != f"DLV-{receipt.delivery[:12]}":
            raise WrongRecipient(
                "A receipt belongs to no delivery of this hospital.", "Give it to the steward."
            )
        exchange.add_receipt(connection, receipt.manifest, role, raw)
    return receipt
