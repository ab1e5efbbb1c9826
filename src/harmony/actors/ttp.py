"""What the trusted third party does. Nothing here reaches code that reads a clinical table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

from harmony.errors import UsageError
from harmony.identity import keys, peers, post, separation, ttp
from harmony.identity.messages import ANSWER, ANSWER_SEALED, MANIFEST, PAYLOAD, RECEIPT
from harmony.identity.scratch import scratch
from harmony.identity.seal import open_sealed
from harmony.settings import create_zone, open_zone, zone_root
from harmony.stages.journey import RelayedDelivery
from harmony.store.control.database import open_control

OWNER: Final = "ttp"
#: Keys of a card are in use this long; then the TTP hands over a new card (protocol section 2).
KEY_DAYS: Final = 730


def init(network: Path, network_id: str, owner: str = OWNER, today: dt.date | None = None) -> dict[str, Any]:
    """
    Make the TTP's zone with its keys and put its card into the steward's post.

    Parameters
    ----------
    network_id : str
        32 hex digits.

    Returns
    -------
    dict
        message, zone, owner, card (path), keys (public key ids by role).
    """
    today = today or dt.datetime.now(dt.UTC).date()
    root = zone_root(network, "ttp")
    if not (root / "zone.toml").exists():
        create_zone(root, "ttp", owner, network_id, keys.generate("ttp"))
    zone = open_zone(root, "ttp")
    card = peers.make_card(zone, today, today + dt.timedelta(days=KEY_DAYS))
    path = post.post_box(network, "public") / "cards" / "ttp.json"
    peers.write_card(path, card)
    return {
        "message": "The TTP's zone stands; its card waits for the steward.",
        "zone": "ttp",
        "owner": owner,
        "card": str(path),
        "keys": {key.role: key.id for key in card.keys},
    }


def relay(network: Path, delivery: Path, today: dt.date | None = None) -> dict[str, Any]:
    """
    Relay one delivery: answer beside the unopened payload to the platform, receipt to the provider.

    Parameters
    ----------
    delivery : Path
        Folder with manifest, list and payload in the TTP's post.

    Returns
    -------
    dict
        message, delivery, provider, agreement, mark, level, handles (in, out, withheld), repeated (accepted
        before), sent (folder at the platform).

    Raises
    ------
    HarmonyError
        As `identity.ttp.relay`.
    """
    zone = open_zone(zone_root(network, "ttp"), "ttp")
    if not delivery.is_dir():
        raise UsageError(f"There is no delivery at {delivery}.", "Name a folder of the TTP's post.")
    level = separation.level(network)
    control = open_control(zone.control_url)
    try:
        known = len(control.journal().keys(ttp.STAGE))
        relayed = ttp.relay(zone, delivery, level, control, today)
        repeated = len(control.journal().keys(ttp.STAGE)) == known
    finally:
        control.close()
    sent = _send(network, delivery, relayed)
    counts = relayed.record.counts
    name, number = relayed.details["delivery"], counts["out"]
    return {
        "message": f"{name} was relayed before." if repeated else f"{name} is relayed: {number} persons.",
        "delivery": name,
        "provider": relayed.details["provider"],
        "agreement": relayed.details["agreement"],
        "mark": relayed.details["mark"],
        "level": level,
        "handles": {"in": counts["in"], "out": number, "withheld": counts["set_aside"]},
        "repeated": repeated,
        "sent": str(sent),
    }


def open_payload(network: Path, payload: Path) -> dict[str, Any]:
    """
    Try to open a sealed payload with the TTP's own key.

    Raises
    ------
    SealBroken
        Always, as long as the payload is sealed to the platform: the TTP has no key for it.
    """
    zone = open_zone(zone_root(network, "ttp"), "ttp")
    if not payload.is_file():
        raise UsageError(f"There is no payload at {payload}.", "Name a payload.age of the TTP's post.")
    with scratch(zone, "try") as folder:
        opened = open_sealed(payload, keys.opening_key(zone, "t.open"), folder)
    return {"message": "The payload was sealed to the TTP.", "parts": sorted(opened.parts)}


def _send(network: Path, delivery: Path, relayed: RelayedDelivery) -> Path:
    details = relayed.details
    folder = post.post_box(network, post.PLATFORM) / details["delivery"]
    payload = {PAYLOAD: delivery / PAYLOAD} if (delivery / PAYLOAD).is_file() else {}
    own = {name: relayed.path(name) for name in (MANIFEST, ANSWER_SEALED, ANSWER)}
    post.send({**payload, **own}, folder)
    receipt = details["delivery"] + post.RECEIPT_ENDS["t.sign"]
    post.send({receipt: relayed.path(RECEIPT)}, post.post_box(network, details["provider"]))
    return folder
