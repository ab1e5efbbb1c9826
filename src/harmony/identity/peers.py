"""
`peers.json`: the public keys, streams and agreements that a zone trusts.

The steward writes it after checking each card in person; every zone keeps its own pinned copy in its root
until there is a signed key directory.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harmony.errors import AgreementRefused, FormatRefused, LevelTooLow, UnknownSender, UsageError
from harmony.identity import strict
from harmony.identity.keys import AGE, ED25519, PublicKey, public_half, public_id
from harmony.settings import ZONE_KEYS, Zone

FILE: Final = "peers.json"
#: Ids of providers and organisations; they also name folders of the post.
OWNER: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
KINDS: Final = ("patient", "public", "synthetic")
#: Levels on which one account can read several zones' keys: no patient's data there.
LEVELS_WITHOUT_PATIENTS: Final = ("S0", "S1")


@dataclass(frozen=True)
class Agreement:
    """
    A data sharing agreement.

    Attributes
    ----------
    id : str
        AGR id.
    parties : tuple of str
        Providers and organisations bound by it.
    kind : str
        patient, public or synthetic; the mark of everything delivered under it.
    valid_from, until : date
        First and last day in force.
    max_bytes : int
        Largest sealed file accepted.
    max_set_aside : int
        Largest share of patients that may be set aside, per cent.
    """

    id: str
    parties: tuple[str, ...]
    kind: str
    valid_from: dt.date
    until: dt.date
    max_bytes: int
    max_set_aside: int


@dataclass(frozen=True)
class Card:
    """What a zone hands to the steward: its owner, its public keys and its streams."""

    owner: str
    keys: tuple[PublicKey, ...]
    streams: tuple[str, ...] = ()


@dataclass(frozen=True)
class Peers:
    """
    Everything a zone trusts.

    Attributes
    ----------
    network : str
        Id of the network, 32 hex digits.
    version : int
        Rises with every change.
    keys : tuple of PublicKey
        All pinned keys.
    streams : mapping of str to str
        Stream id to the provider it belongs to.
    agreements : tuple of Agreement
        All agreements, also ended ones.
    """

    network: str
    version: int
    keys: tuple[PublicKey, ...]
    streams: Mapping[str, str]
    agreements: tuple[Agreement, ...]

    def sender(self, key_id: str, role: str, today: dt.date) -> PublicKey:
        """
        Return a pinned key by its id.

        Raises
        ------
        UnknownSender
            When it is not pinned, has another role, is outside its time or revoked.
        """
        for key in self.keys:
            if key.id == key_id and key.role == role and _in_use(key, today):
                return key
        raise UnknownSender(
            f"The message is signed by a key that is not a pinned {role} in use.",
            "Ask the steward whether the sender is enrolled and peers.json is current.",
        )

    def recipient(self, role: str, today: dt.date) -> PublicKey:
        """
        Return the newest key in use of a role that only one organisation has, for example `h.open`.

        Raises
        ------
        UnknownSender
            When there is none.
        """
        found = [key for key in self.keys if key.role == role and _in_use(key, today)]
        if not found:
            raise UnknownSender(f"No {role} key in use is pinned.", "Ask the steward for a new peers.json.")
        return max(found, key=lambda key: key.valid_from)

    def agreement(self, agreement: str) -> Agreement:
        """Return an agreement; raises `AgreementRefused` when there is none of this id."""
        for item in self.agreements:
            if item.id == agreement:
                return item
        raise AgreementRefused(
            "The delivery names an agreement that is not known here.",
            "Compare its id; when it is new, pin the steward's newest list: harmony network pin.",
        )


def check_agreement_id(text: str) -> None:
    """Raise `UsageError` when a text is no AGR id."""
    if not _AGREEMENT_ID(text):
        raise UsageError("This is not an id of kind AGR.", "", "AGR- and 12 lower-case hex digits")


def check_agreement(
    peers: Peers, agreement: str, sender: str, today: dt.date, level: str, mark: str = ""
) -> Agreement:
    """
    Return the agreement when it covers a delivery today.

    Parameters
    ----------
    sender : str
        Provider that signed.
    level : str
        Separation level, S0 to S3, from `separation.level`.
    mark : str, optional
        Mark of the delivery, where it is known: it must be the agreement's kind.

    Raises
    ------
    AgreementRefused
        When it is missing, not in force today, of other parties or of another kind.
    LevelTooLow
        When it is of kind patient on level S0 or S1.
    """
    found = peers.agreement(agreement)
    if sender not in found.parties:
        raise AgreementRefused(f"{found.id} does not bind this sender.", "Name the sender's own agreement.")
    if not found.valid_from <= today <= found.until:
        raise AgreementRefused(
            f"{found.id} is not in force today.",
            "Ask the steward to renew it.",
            f"{found.valid_from} to {found.until}",
        )
    if mark and mark != found.kind:
        raise AgreementRefused(
            f"{found.id} is of kind {found.kind}, the delivery is marked {mark}.",
            "Deliver under the right agreement.",
            found.kind,
        )
    if found.kind == "patient" and level in LEVELS_WITHOUT_PATIENTS:
        raise LevelTooLow(
            f"{found.id} is of kind patient and this installation has separation level {level}.",
            "Run each zone on a host of its own.",
            "S2 or S3",
        )
    return found


def make_card(
    zone: Zone, valid_from: dt.date, until: dt.date, streams: Sequence[str] = (), owner: str = ""
) -> Card:
    """Return the card of a zone: all public halves of its exchange keys, in use between two days."""
    names = [n for n in ZONE_KEYS[zone.name] if n.endswith((".sign", ".open")) and n != "zone.sign"]
    keys = tuple(public_half(zone, name, valid_from, until) for name in names)
    return Card(owner or zone.owner, keys, tuple(streams))


def write_card(path: Path, card: Card) -> None:
    """Write a card; it holds nothing secret."""
    content = {"owner": card.owner, "keys": [_key_out(k) for k in card.keys], "streams": list(card.streams)}
    _write(path, content)


def read_card(path: Path) -> Card:
    """
    Read a card.

    Raises
    ------
    FormatRefused
        When it is not in its exact form.
    """
    content = _read(path)
    fields = {
        "owner": strict.text(OWNER),
        "keys": lambda v: isinstance(v, list),
        "streams": strict.each(strict.hexadecimal(16)),
    }
    strict.check_fields(content, fields, "card")
    return Card(content["owner"], tuple(map(_key_in, content["keys"])), tuple(content["streams"]))


def write_peers(path: Path, peers: Peers) -> None:
    """
    Write `peers.json` by rename; only the steward, and whoever pins a copy, does this.

    Raises
    ------
    FormatRefused
        When a reader would refuse the list; what was there before stays.
    """
    content = {
        "network": peers.network,
        "version": peers.version,
        "keys": [_key_out(key) for key in peers.keys],
        "streams": dict(peers.streams),
        "agreements": [_agreement_out(item) for item in peers.agreements],
    }
    _from_content(content)
    _write(path, content)


def read_peers(zone: Zone) -> Peers:
    """
    Read the pinned peers of a zone.

    Raises
    ------
    UsageError
        When the zone has none.
    FormatRefused
        When the file is not in its exact form.
    UnknownSender
        When it belongs to another network.
    """
    path = zone.root / FILE
    if not path.is_file():
        whose = f" --owner {zone.owner}" if zone.name == "hospital" else ""
        raise UsageError(
            f"Zone {zone.name} has not pinned the steward's list of keys and agreements yet.",
            f"Ask the steward for the fingerprint by telephone, then: harmony network pin {zone.name}{whose} "
            "--fingerprint ...",
        )
    peers = _from_content(_read(path))
    if peers.network != zone.network:
        raise UnknownSender(f"{FILE} belongs to another network.", "Ask the steward for the right one.")
    return peers


def _from_content(content: dict[str, Any]) -> Peers:
    fields = {
        "network": strict.hexadecimal(16),
        "version": strict.integer(1),
        "keys": lambda v: isinstance(v, list),
        "streams": lambda v: isinstance(v, dict) and all(strict.hexadecimal(16)(k) for k in v),
        "agreements": lambda v: isinstance(v, list),
    }
    strict.check_fields(content, fields, FILE)
    return Peers(
        content["network"],
        content["version"],
        tuple(map(_key_in, content["keys"])),
        content["streams"],
        tuple(map(_agreement_in, content["agreements"])),
    )


def _in_use(key: PublicKey, today: dt.date) -> bool:
    return key.valid_from <= today <= key.until and (key.revoked is None or today < key.revoked)


_KEY_FIELDS: Final = {
    "id": strict.hexadecimal(16),
    "role": strict.text(r"[a-z]+\.[a-z]+"),
    "owner": strict.text(OWNER),
    "algorithm": strict.text(f"{ED25519}|{AGE}"),
    "public": strict.text("[0-9a-z]+"),
    "from": strict.day,
    "until": strict.day,
    "revoked": lambda value: value == "" or strict.day(value),
}

_AGREEMENT_ID: Final = strict.text("AGR-[0-9a-f]{12}")
_AGREEMENT_FIELDS: Final = {
    "id": _AGREEMENT_ID,
    "parties": strict.each(strict.text(".+")),
    "kind": strict.text("|".join(KINDS)),
    "from": strict.day,
    "until": strict.day,
    "max_bytes": strict.integer(1),
    "max_set_aside": lambda value: strict.integer()(value) and value <= 100,
}


def _key_out(key: PublicKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "role": key.role,
        "owner": key.owner,
        "algorithm": key.algorithm,
        "public": key.public,
        "from": key.valid_from.isoformat(),
        "until": key.until.isoformat(),
        "revoked": key.revoked.isoformat() if key.revoked else "",
    }


def _key_in(content: dict[str, Any]) -> PublicKey:
    strict.check_fields(content, _KEY_FIELDS, "public key")
    if public_id(content["algorithm"], content["public"]) != content["id"]:
        raise FormatRefused("A public key does not have the id it names.", "Ask the steward for the file.")
    day = dt.date.fromisoformat
    return PublicKey(
        content["id"],
        content["role"],
        content["owner"],
        content["algorithm"],
        content["public"],
        day(content["from"]),
        day(content["until"]),
        day(content["revoked"]) if content["revoked"] else None,
    )


def _agreement_out(item: Agreement) -> dict[str, Any]:
    return {
        "id": item.id,
        "parties": list(item.parties),
        "kind": item.kind,
        "from": item.valid_from.isoformat(),
        "until": item.until.isoformat(),
        "max_bytes": item.max_bytes,
        "max_set_aside": item.max_set_aside,
    }


def _agreement_in(content: dict[str, Any]) -> Agreement:
    strict.check_fields(content, _AGREEMENT_FIELDS, "agreement")
    return Agreement(
        content["id"],
        tuple(content["parties"]),
        content["kind"],
        dt.date.fromisoformat(content["from"]),
        dt.date.fromisoformat(content["until"]),
        content["max_bytes"],
        content["max_set_aside"],
    )


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        file.write(strict.dump(content))
        os.fsync(file.fileno())
    partial.rename(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return strict.parse(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path.name}.", "Ask the steward for it.") from error
