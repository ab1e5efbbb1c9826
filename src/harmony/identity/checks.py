"""Checks that the TTP and the platform make alike (protocol section 6, steps 1 to 6 and 11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from harmony.errors import EnvelopeError, HandlesBroken, Replay
from harmony.identity.envelope import MAX_ENVELOPE
from harmony.identity.keys import private_id
from harmony.identity.messages import MANIFEST, Manifest, check_recipient, check_size, read_manifest
from harmony.identity.peers import Peers, check_agreement
from harmony.identity.pseudonyms import handles_hash
from harmony.settings import Zone
from harmony.store.control import exchange
from harmony.store.control.database import Control


def check_manifest(
    zone: Zone, folder: Path, own_key: str, peers: Peers, level: str, today: dt.date
) -> Manifest:
    """
    Read a manifest and check everything that needs no seal opened and no state (steps 1 to 5).

    Parameters
    ----------
    own_key : str
        t.open at the TTP, h.open in the restricted zone: the seal must be for this zone's key.

    Raises
    ------
    EnvelopeError
        Also when there is no manifest.
    """
    manifest = read_manifest(read_envelope(folder / MANIFEST), peers, today)
    addressed = manifest.t_open if own_key == "t.open" else manifest.h_open
    check_recipient(addressed, private_id(own_key, zone.key(own_key)))
    agreement = check_agreement(peers, manifest.agreement, manifest.provider, today, level)
    check_size(max(manifest.payload.size, manifest.list.size), agreement.max_bytes)
    return manifest


def read_envelope(path: Path) -> bytes:
    """Return an envelope's bytes; raises `EnvelopeError` when it is missing or too large."""
    if not path.is_file():
        raise EnvelopeError(f"The delivery has no {path.name}.", "Have it sent again.")
    check_size(path.stat().st_size, MAX_ENVELOPE)
    return path.read_bytes()


def was_accepted(control: Control, manifest: Manifest) -> bool:
    """
    Tell whether this manifest was accepted before (step 6).

    Raises
    ------
    Replay
        When another manifest used the same delivery id.
    """
    with control.transaction() as connection:
        if exchange.delivery_of(connection, manifest.sha256) is not None:
            return True
        if exchange.manifest_of(connection, manifest.id) is not None:
            raise Replay("The delivery's id was used before.", "Pack a new delivery.")
    return False


def check_handles(handles: Sequence[str], manifest: Manifest) -> None:
    """
    Check that handles are unique and hash to the signed value (step 11).

    Raises
    ------
    HandlesBroken
        When one is doubled, missing, added or changed.
    """
    if len(set(handles)) != len(handles) or handles_hash(handles) != manifest.handles:
        raise HandlesBroken("The handles are not those of the manifest.", "Ask the provider to pack again.")
