"""
Attestations of zones: signed by the zone, and by the pinned key of the zone where there is one.

The zone's own key proves that the statement is whole; only a key that was compared by telephone proves whose
it is. The public zone has no pinned key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harmony.errors import SignatureInvalid, UsageError
from harmony.files import parse_json
from harmony.identity.keys import ED25519, public_id, signing_key
from harmony.identity.peers import Peers
from harmony.settings import Zone

#: First field of the signed body: the keys sign other things too.
KIND: Final = "harmony/attestation/v1"
OWN: Final = "zone.sign"
#: The key of each zone that other zones pin.
PINNED: Final = {"hospital": "p.sign", "ttp": "t.sign", "restricted": "h.sign"}
_AGAIN: Final = "Let the zone attest again: harmony audit attest."


def sign_attestation(zone: Zone, statement: dict[str, Any]) -> dict[str, Any]:
    """Return a zone's statement with the public half of its own key and its signatures by key name."""
    own = signing_key(zone, OWN)
    public = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    body = {"kind": KIND, "public": public, **statement}
    raw = rfc8785.dumps(body)
    signatures = {OWN: own.sign(raw).hex()}
    if zone.name in PINNED:
        name = PINNED[zone.name]
        signatures[name] = signing_key(zone, name).sign(raw).hex()
    return {**body, "signatures": signatures}


def verified_attestation(path: Path, peers: Peers) -> dict[str, Any]:
    """
    Read an attestation and verify it.

    Parameters
    ----------
    peers : Peers
        Pinned peers; a hospital, the TTP and the restricted zone must have signed with the key pinned there.

    Returns
    -------
    dict
        The statement, with `pinned`: whether its signer is a pinned key.

    Raises
    ------
    SignatureInvalid
        When the file is no attestation, was changed, was signed by another key, or names another zone.
    """
    content = parse_json(path.read_bytes(), path.name, SignatureInvalid, _AGAIN)
    try:
        signatures = content.pop("signatures")
        raw = rfc8785.dumps(content)
        _verify(content["public"], signatures[OWN], raw)
        owner = f"-{content['owner']}" if content["zone"] == "hospital" else ""
        prints = {key["name"]: key["fingerprint"] for key in content["keys"]}
        right = content["kind"] == KIND and path.name == f"{content['zone']}{owner}.json"
        if not right or prints[OWN] != public_id(ED25519, content["public"]):
            raise ValueError(path.name)
        pinned = content["zone"] in PINNED
        if pinned:
            name = PINNED[content["zone"]]
            (key,) = [k for k in peers.keys if (k.role, k.id) == (name, prints[name])]
            if content["zone"] == "hospital" and key.owner != content["owner"]:
                raise ValueError(path.name)
            _verify(key.public, signatures[name], raw)
    except (InvalidSignature, AttributeError, KeyError, TypeError, ValueError, UsageError) as error:
        raise SignatureInvalid(f"{path.name} is not what a zone attested.", _AGAIN) from error
    shown = {name: value for name, value in content.items() if name not in ("kind", "public")}
    return {**shown, "pinned": pinned}


def _verify(public: str, signature: str, raw: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), raw)
