"""What the steward does for the network: make it, enrol people and parties, agreements, the pinned peers."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from harmony.actors.desk import Desk, at, governance, today
from harmony.actors.witnessed import recorded
from harmony.errors import NotPermitted
from harmony.governance.audit import STEWARD, changing, log
from harmony.governance.ids import new_id
from harmony.governance.members import add_member
from harmony.identity.keys import generate
from harmony.identity.peers import (
    FILE,
    Agreement,
    Card,
    Peers,
    make_card,
    read_card,
    read_peers,
    write_card,
    write_peers,
)
from harmony.identity.post import post_box
from harmony.identity.terms import check_terms
from harmony.settings import Zone, create_zone, open_zone, zone_root
from harmony.stages.record import sha256_file
from harmony.store.control.audit import AuditEvent, append_event
from harmony.store.control.database import Control

PLATFORM_ZONES: Final = ("restricted", "research", "public")
KEY_DAYS: Final = 730
#: Keys that one organisation only has.
SINGLE_ROLES: Final = ("h.open", "h.sign", "h.release", "t.open", "t.sign")

#: Whose role brings a key of one's own.
SIGNING_ROLE: Final = "output_checker"


def network_init(network: Path) -> dict[str, Any]:
    """
    Make a network: the platform's three zones, their cards, and an empty list of peers.

    Running it again finishes what an interruption left undone and changes nothing else.
    """
    first = zone_root(network, PLATFORM_ZONES[0])
    known = (first / "zone.toml").exists()
    network_id = open_zone(first, PLATFORM_ZONES[0]).network if known else secrets.token_hex(16)
    for name in PLATFORM_ZONES:
        root = zone_root(network, name)
        if not (root / "zone.toml").exists():
            create_zone(root, name, "platform", network_id, generate(name))
    restricted = open_zone(first, "restricted")
    _post_card(network, "platform", restricted)
    if not (zone_root(network, "research") / FILE).exists():
        write_peers(zone_root(network, "research") / FILE, Peers(network_id, 1, (), {}, ()))
    return {"message": f"Network {network_id} stands at {network}.", "network": network_id}


def network_id(network: Path) -> str:
    """Return the id of a network that `network_init` made."""
    return open_zone(zone_root(network, "research"), "research").network


def member_add(network: Path, name: str, organisation: str, roles: Sequence[str]) -> dict[str, Any]:
    """Add a person with roles; an output checker also gets a zone with a signing key of his own."""
    with recorded(network) as (_, control):
        person = add_member(control, name, organisation, roles)
    if SIGNING_ROLE in roles and not (zone_root(network, "person", person) / "zone.toml").exists():
        zone = create_zone(
            zone_root(network, "person", person), "person", person, network_id(network), generate("person")
        )
        _post_card(network, person, zone)
    return {"message": f"{person} is a member.", "member": person, "roles": list(roles)}


def agreement_add(
    network: Path,
    parties: Sequence[str],
    kind: str,
    valid_from: dt.date,
    until: dt.date,
    max_bytes: int,
    max_set_aside: int,
) -> dict[str, Any]:
    """
    Put an agreement into force and give every zone a new list of peers to pin.

    Parameters
    ----------
    kind : str
        patient, public or synthetic: the mark of everything delivered under it.
    max_bytes : int
        Largest file accepted.
    max_set_aside : int
        Largest share of patients that may be set aside, per cent.

    Returns
    -------
    dict
        agreement (AGR id), fingerprint (compare it by telephone before pinning).

    Raises
    ------
    UsageError
        When the agreement cannot be as it is written, or a party is not enrolled; nothing is written.
    """
    agreement = Agreement(new_id("AGR"), tuple(parties), kind, valid_from, until, max_bytes, max_set_aside)
    with recorded(network) as (desk, control):
        fingerprint = _publish_peers(desk, control, agreement)
    return {
        "message": f"{agreement.id} is in force from {valid_from} to {until}; pin peers {fingerprint}.",
        "agreement": agreement.id,
        "kind": kind,
        "fingerprint": fingerprint,
    }


def agreement_show(network: Path) -> dict[str, Any]:
    """Return all agreements, whether they are in force today, and the fingerprint to pin their list by."""
    with at(network, "research") as desk:
        found = read_peers(desk.zone).agreements
        fingerprint = sha256_file(desk.zone.root / FILE)[:16]
    rows = [
        {
            "agreement": item.id,
            "parties": list(item.parties),
            "kind": item.kind,
            "from": item.valid_from.isoformat(),
            "until": item.until.isoformat(),
            "in_force": item.valid_from <= today() <= item.until,
        }
        for item in found
    ]
    return {"message": f"{len(rows)} agreements.", "agreements": rows, "fingerprint": fingerprint}


def pin(network: Path, zone: str, owner: str, fingerprint: str) -> dict[str, Any]:
    """
    Pin the steward's list of peers in one zone, after its fingerprint was compared.

    Raises
    ------
    NotPermitted
        When the list in the post is not the one with this fingerprint, or older than the pinned one.
    """
    opened = open_zone(zone_root(network, zone, owner), zone)
    with _log_of(network, zone, owner) as control, changing(control, STEWARD, "pin", "") as connection:
        candidate = _pin(network, opened, fingerprint)
        detail = {"document_sha256": sha256_file(opened.root / FILE), "version": candidate.version}
        place = f"{zone}/{owner}" if owner else zone
        append_event(connection, AuditEvent(STEWARD, "", "peers.pinned", place, detail))
    return {
        "message": f"Peers version {candidate.version} pinned in zone {zone}.",
        "version": candidate.version,
    }


@contextmanager
def _log_of(network: Path, zone: str, owner: str) -> Iterator[Control]:
    # A hospital and the TTP keep a log of their own; on their hosts there is no platform.
    if zone in PLATFORM_ZONES:
        with governance(network) as control:
            yield control
    else:
        with at(network, zone, owner) as desk:
            yield desk.control


def _pin(network: Path, opened: Zone, fingerprint: str) -> Peers:
    source = post_box(network, "public") / FILE
    if not source.is_file() or sha256_file(source)[:16] != fingerprint:
        raise NotPermitted(
            "The list of peers in the post does not have this fingerprint.",
            "Ask the steward by telephone for the fingerprint.",
        )
    target = opened.root / FILE
    old = read_peers(opened).version if target.is_file() else 0
    target.with_suffix(".new").write_bytes(source.read_bytes())
    candidate = _read_candidate(opened, target)
    if candidate.version < old:
        raise NotPermitted(
            "The list of peers is older than the pinned one.", "Ask the steward for the newest."
        )
    target.with_suffix(".new").rename(target)
    return candidate


def _read_candidate(zone: Zone, target: Path) -> Peers:
    # `read_peers` reads the pinned name; the candidate is read under a root of its own first.
    folder = zone.folder("work", "pin")
    (folder / FILE).write_bytes(target.with_suffix(".new").read_bytes())
    return read_peers(replace(zone, root=folder))


def _publish_peers(desk: Desk, control: Control, agreement: Agreement) -> str:
    public = post_box(desk.network, "public")
    old = read_peers(desk.zone)
    cards = [read_card(path) for path in sorted((public / "cards").glob("*.json"))]
    peers = _with_cards(old, cards)
    check_terms(peers, agreement)
    peers = replace(peers, version=old.version + 1, agreements=(*old.agreements, agreement))
    # First the event: an agreement in force that nobody put on record would be the worse half.
    detail = {
        "decision": agreement.kind,
        "from": agreement.valid_from.isoformat(),
        "to": agreement.until.isoformat(),
        "sources": list(agreement.parties),
        "version": peers.version,
    }
    log(control, AuditEvent(STEWARD, "", "agreement.added", agreement.id, detail))
    write_peers(desk.zone.root / FILE, peers)
    write_peers(public / FILE, peers)
    return sha256_file(desk.zone.root / FILE)[:16]


def _refuse_second_keys(old: Peers, cards: Sequence[Card]) -> None:
    # Whoever can write into the post could else put a key or a stream of his own beside the enrolled one.
    held: dict[str, tuple[str, str]] = {}
    for key in (*old.keys, *(key for card in cards for key in card.keys)):
        place = key.role if key.role in SINGLE_ROLES else f"{key.role} {key.owner}"
        if held.setdefault(place, (key.id, key.owner)) != (key.id, key.owner):
            raise NotPermitted(
                f"A card brings a second key {key.role}.", "Ask its owner in person; remove it."
            )
    streams = dict(old.streams)
    for card in cards:
        for stream in card.streams:
            if streams.setdefault(stream, card.owner) != card.owner:
                raise NotPermitted(
                    "A card claims another party's stream.", "Ask its owner in person; remove it."
                )


def _with_cards(old: Peers, cards: Sequence[Card]) -> Peers:
    _refuse_second_keys(old, cards)
    keys = {key.id: key for key in old.keys} | {key.id: key for card in cards for key in card.keys}
    streams = dict(old.streams) | {stream: card.owner for card in cards for stream in card.streams}
    return replace(old, keys=tuple(keys.values()), streams=streams)


def _post_card(network: Path, name: str, zone: Zone) -> None:
    card = make_card(zone, today(), today() + dt.timedelta(days=KEY_DAYS))
    write_card(post_box(network, "public") / "cards" / f"{name}.json", card)
