"""
The messages of a delivery: manifest, answer, receipt, and the inner headers that repeat them
(protocol section 4).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harmony.errors import BindingBroken, EnvelopeError, WrongRecipient
from harmony.identity import strict
from harmony.identity.envelope import Message, open_message, sign
from harmony.identity.peers import Peers
from harmony.identity.seal import SealedFile

MANIFEST: Final = "manifest.json"
PAYLOAD: Final = "payload.age"
LIST: Final = "list.age"
ANSWER: Final = "answer.json"
ANSWER_SEALED: Final = "answer.age"
RECEIPT: Final = "receipt.json"

#: The network's limit of one sealed file; an agreement's own limit is lower.
MAX_SEALED: Final = 1 << 36
ACCEPTED: Final = "accepted"
#: The platform refused the delivery for good; the provider packs a new one after it.
VOID: Final = "void"

#: Facts of a delivery that travel in the payload's inner header, beside the dictionary's id, version, hash.
FACTS: Final = (
    "provider",
    "disease_groups",
    "mark",
    "axis",
    "index_event",
    "not_supplied",
    "agreement",
    "data_cutoff",
    "identified",
    "agreed",
    "source",
)

_FILE: Final = {"sha256": strict.hexadecimal(32), "size": strict.integer(1)}
_MANIFEST: Final = {
    "network": strict.hexadecimal(16),
    "stream": strict.hexadecimal(16),
    "delivery": strict.hexadecimal(16),
    "counter": strict.integer(1),
    "prev": strict.hexadecimal(32),
    "agreement": strict.text("AGR-[0-9a-f]{12}"),
    "recipients": strict.record({"t.open": strict.hexadecimal(16), "h.open": strict.hexadecimal(16)}),
    "payload": strict.record(_FILE),
    "list": strict.record(_FILE),
    "handles": strict.hexadecimal(32),
    "day": strict.day,
}
_ANSWER: Final = {
    "network": strict.hexadecimal(16),
    "manifest": strict.hexadecimal(32),
    "sequence": strict.integer(1),
    "prev": strict.hexadecimal(32),
    "recipient": strict.hexadecimal(16),
    "sealed": strict.record(_FILE),
}
_RECEIPT: Final = {
    "network": strict.hexadecimal(16),
    "stream": strict.hexadecimal(16),
    "delivery": strict.hexadecimal(16),
    "manifest": strict.hexadecimal(32),
    "code": strict.text(f"{ACCEPTED}|{VOID}"),
    "counter": strict.integer(1),
    "handles_in": strict.integer(),
    "withheld": strict.integer(),
}
LIST_CONTENT: Final = {"rows": strict.each(strict.pair(strict.hexadecimal(16), strict.hexadecimal(32)))}
ANSWER_CONTENT: Final = {
    "rows": strict.each(strict.pair(strict.hexadecimal(16), strict.hexadecimal(16))),
    "withheld": strict.each(strict.hexadecimal(16)),
    "counts": strict.record({"in": strict.integer(), "out": strict.integer(), "withheld": strict.integer()}),
}


@dataclass(frozen=True)
class Manifest:
    """
    What a provider signs about a delivery; it names no disease, dictionary, file, row count or data cut.

    Attributes
    ----------
    network, stream, delivery : str
        16 bytes in hex each; `delivery` is random.
    counter, previous : int, str
        Place in the stream, and the hash of the manifest before it (zeros at first).
    agreement : str
        AGR id.
    t_open, h_open : str
        Ids of the keys that list and payload are sealed to.
    payload, list : SealedFile
        Hash and size of the sealed bytes.
    handles : str
        Hash of the set of handles.
    day : str
        Day of packing.
    sha256, provider, sender : str
        The manifest's name; owner and id of the signing key.
    """

    network: str
    stream: str
    delivery: str
    counter: int
    previous: str
    agreement: str
    t_open: str
    h_open: str
    payload: SealedFile
    list: SealedFile
    handles: str
    day: str
    sha256: str = ""
    provider: str = ""
    sender: str = ""

    @property
    def id(self) -> str:
        """The delivery's short id: DLV and the first 12 digits of `delivery`."""
        return f"DLV-{self.delivery[:12]}"

    def body(self) -> dict[str, Any]:
        """Return the signed fields."""
        return {
            "network": self.network,
            "stream": self.stream,
            "delivery": self.delivery,
            "counter": self.counter,
            "prev": self.previous,
            "agreement": self.agreement,
            "recipients": {"t.open": self.t_open, "h.open": self.h_open},
            "payload": self.payload.as_dict(),
            "list": self.list.as_dict(),
            "handles": self.handles,
            "day": self.day,
        }


@dataclass(frozen=True)
class Answer:
    """The TTP's signed answer: which manifest, its place in the sequence, and the sealed rows' hash."""

    network: str
    manifest: str
    sequence: int
    previous: str
    recipient: str
    sealed: SealedFile
    sha256: str = ""
    sender: str = ""

    def body(self) -> dict[str, Any]:
        """Return the signed fields."""
        return {
            "network": self.network,
            "manifest": self.manifest,
            "sequence": self.sequence,
            "prev": self.previous,
            "recipient": self.recipient,
            "sealed": self.sealed.as_dict(),
        }


@dataclass(frozen=True)
class Receipt:
    """What TTP and platform tell the provider: the manifest was accepted or void, handles in and withheld."""

    network: str
    stream: str
    delivery: str
    manifest: str
    counter: int
    handles_in: int
    withheld: int
    code: str = ACCEPTED

    def body(self) -> dict[str, Any]:
        """Return the signed fields."""
        return dict(self.__dict__)


def read_manifest(raw: bytes, peers: Peers, today: dt.date) -> Manifest:
    """
    Verify a manifest: steps 1 to 4 of protocol section 6 without the recipients.

    Raises
    ------
    EnvelopeError, UnknownSender, SignatureInvalid, FormatRefused
        As `open_message`; `EnvelopeError` also when a sealed file is larger than the network allows.
    WrongRecipient
        When it is for another network or its stream does not belong to the signer.
    """
    message = open_message(raw, "manifest", "p.sign", peers, today)
    body = message.body
    strict.check_fields(body, _MANIFEST, "manifest")
    manifest = Manifest(
        network=body["network"],
        stream=body["stream"],
        delivery=body["delivery"],
        counter=body["counter"],
        previous=body["prev"],
        agreement=body["agreement"],
        t_open=body["recipients"]["t.open"],
        h_open=body["recipients"]["h.open"],
        payload=SealedFile(**body["payload"]),
        list=SealedFile(**body["list"]),
        handles=body["handles"],
        day=body["day"],
        sha256=message.sha256,
        provider=message.key.owner,
        sender=message.key.id,
    )
    check_size(max(manifest.payload.size, manifest.list.size), MAX_SEALED)
    _check_network(manifest.network, peers)
    if peers.streams.get(manifest.stream) != manifest.provider:
        raise WrongRecipient("The stream does not belong to the signer.", "Deliver in an enrolled stream.")
    return manifest


def read_answer(raw: bytes, peers: Peers, today: dt.date) -> Answer:
    """Verify an answer of the TTP; refuses as `read_manifest` does."""
    message = open_message(raw, "answer", "t.sign", peers, today)
    body = message.body
    strict.check_fields(body, _ANSWER, "answer")
    _check_network(body["network"], peers)
    return Answer(
        network=body["network"],
        manifest=body["manifest"],
        sequence=body["sequence"],
        previous=body["prev"],
        recipient=body["recipient"],
        sealed=SealedFile(**body["sealed"]),
        sha256=message.sha256,
        sender=message.key.id,
    )


def read_receipt(raw: bytes, role: str, peers: Peers, today: dt.date) -> Receipt:
    """Verify a receipt signed by a key of `role` (t.sign or h.sign); refuses as `read_manifest` does."""
    message: Message = open_message(raw, "receipt", role, peers, today)
    strict.check_fields(message.body, _RECEIPT, "receipt")
    _check_network(message.body["network"], peers)
    return Receipt(**message.body)


def sign_receipt(
    manifest: Manifest, handles_in: int, withheld: int, key: Ed25519PrivateKey, code: str = ACCEPTED
) -> bytes:
    """Return the signed receipt of a manifest; equal arguments give equal bytes."""
    receipt = Receipt(
        manifest.network,
        manifest.stream,
        manifest.delivery,
        manifest.sha256,
        manifest.counter,
        handles_in,
        withheld,
        code,
    )
    return sign("receipt", receipt.body(), key)


def binding(manifest: Manifest, recipient: str) -> dict[str, Any]:
    """Return what the inner header of a delivery's payload or list repeats."""
    return {
        "network": manifest.network,
        "stream": manifest.stream,
        "delivery": manifest.delivery,
        "counter": manifest.counter,
        "recipient": recipient,
        "sender": manifest.sender,
    }


def answer_binding(answer: Answer) -> dict[str, Any]:
    """Return what the inner header of an answer repeats."""
    return {
        "network": answer.network,
        "manifest": answer.manifest,
        "sequence": answer.sequence,
        "prev": answer.previous,
        "recipient": answer.recipient,
        "sender": answer.sender,
    }


def check_binding(header: dict[str, Any], expected: dict[str, Any], what: str) -> None:
    """
    Compare an inner header with the signed outer fields.

    Raises
    ------
    BindingBroken
        When a field is missing or differs: the seal was made for another message or by another sender.
    """
    if any(header.get(name) != value for name, value in expected.items()):
        raise BindingBroken(
            f"The {what} was sealed for another message or by another sender.",
            "Report it to the steward: somebody signs what is not theirs.",
        )


def check_recipient(actual: str, own: str) -> None:
    """Raise `WrongRecipient` when a message is sealed to a key id that is not the zone's own."""
    if actual != own:
        raise WrongRecipient(
            "The delivery is sealed to another zone or to an old key.", "Pack it with the current peers.json."
        )


def check_size(size: int, limit: int) -> None:
    """Raise `EnvelopeError` when a sealed file is larger than `limit` bytes."""
    if size > limit:
        raise EnvelopeError(
            "A sealed file is larger than allowed.", "Deliver less.", f"{limit} bytes at most"
        )


def _check_network(network: str, peers: Peers) -> None:
    if network != peers.network:
        raise WrongRecipient("The message belongs to another network.", "Send it to its own network.")
