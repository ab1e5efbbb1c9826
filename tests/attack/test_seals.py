"""Attacks on seals and signed bodies: numbers 9 and 10 of protocol section 12."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pyrage
import pytest
from exchange_network import TODAY, refused, rows

from harmony.errors import BindingBroken, EnvelopeError, FormatRefused, SealBroken, SignatureInvalid
from harmony.identity import strict
from harmony.identity.envelope import MAX_BODY, media_type, open_message, pae
from harmony.identity.keys import signing_key
from harmony.identity.pseudonyms import lp
from harmony.identity.seal import MIN_PLAINTEXT, Part, check_stanzas, open_sealed, padded, seal


@pytest.fixture
def identity():
    return pyrage.x25519.Identity.generate()


def sealed(tmp_path, identity, size=10):
    path = tmp_path / "sealed.age"
    part = Part("list", b"x" * size, 1)
    seal(str(identity.to_public()), {"delivery": "00"}, [part], path)
    return path


def refuse_seal(path, identity, tmp_path, error=SealBroken):
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    with pytest.raises(error):
        open_sealed(path, str(identity), folder)
    assert list(folder.iterdir()) == []


def test_9_grease_stanzas_alone_pass(tmp_path, identity):
    greased = 0
    for _ in range(100):
        path = sealed(tmp_path, identity)
        greased += b"-grease" in path.read_bytes()[:1000]
        assert check_stanzas(path) == MIN_PLAINTEXT
    assert greased == 100
    folder = tmp_path / "out"
    folder.mkdir()
    opened = open_sealed(path, str(identity), folder)
    assert opened.parts["list"].read_bytes() == b"x" * 10 and opened.header == {"delivery": "00"}
    assert [item.name for item in folder.iterdir()] == ["list"]


def test_9_second_x25519_stanza_is_refused(tmp_path, identity):
    path, other = tmp_path / "two.age", pyrage.x25519.Identity.generate()
    path.write_bytes(pyrage.encrypt(bytes(MIN_PLAINTEXT), [identity.to_public(), other.to_public()]))
    refuse_seal(path, identity, tmp_path)


def test_9_scrypt_stanza_is_refused(tmp_path, identity):
    path = tmp_path / "passphrase.age"
    path.write_bytes(pyrage.passphrase.encrypt(bytes(MIN_PLAINTEXT), "word"))
    refuse_seal(path, identity, tmp_path)


def test_9_file_sealed_to_another_role_is_refused(tmp_path, identity):
    refuse_seal(sealed(tmp_path, identity), pyrage.x25519.Identity.generate(), tmp_path)


def test_9_file_cut_at_each_chunk_is_refused(tmp_path, identity):
    path = sealed(tmp_path, identity)
    whole, tail = path.read_bytes(), len(path.read_bytes()) % (65536 + 16)
    for chunk in range(0, 17):
        path.write_bytes(whole[: tail + chunk * (65536 + 16) - (chunk == 16)])
        refuse_seal(path, identity, tmp_path)


def test_9_file_cut_to_another_padme_length_is_refused_by_age(tmp_path, identity):
    path = sealed(tmp_path, identity, 3 << 20)
    whole = path.read_bytes()
    header = len(whole) - check_stanzas(path) - 16 * -(-check_stanzas(path) // 65536)
    assert padded(1 << 21) == 1 << 21
    path.write_bytes(whole[: header + (1 << 21) + 16 * 32])
    assert check_stanzas(path) == 1 << 21
    refuse_seal(path, identity, tmp_path)


def crafted(tmp_path, identity, plain):
    path = tmp_path / "crafted.age"
    path.write_bytes(pyrage.encrypt(plain.ljust(MIN_PLAINTEXT, b"\0"), [identity.to_public()]))
    return path


def test_part_that_differs_from_its_listed_hash_is_refused(tmp_path, identity):
    part = {"name": "list", "bytes": 3, "rows": 1, "sha256": "0" * 64}
    plain = lp(strict.dump({"parts": [part]})) + b"abc"
    refuse_seal(crafted(tmp_path, identity, plain), identity, tmp_path, BindingBroken)
    longer = lp(strict.dump({"parts": [{**part, "bytes": 1 << 30}]})) + b"abc"
    refuse_seal(crafted(tmp_path, identity, longer), identity, tmp_path, BindingBroken)
    twice = lp(strict.dump({"parts": [part, part]})) + b"abc"
    refuse_seal(crafted(tmp_path, identity, twice), identity, tmp_path, BindingBroken)
    outside = lp(strict.dump({"parts": [{**part, "name": "../list"}]})) + b"abc"
    refuse_seal(crafted(tmp_path, identity, outside), identity, tmp_path, BindingBroken)


def test_padding_that_is_not_zero_or_not_padme_is_refused(tmp_path, identity):
    plain = lp(strict.dump({"parts": []}))
    refuse_seal(crafted(tmp_path, identity, plain + b"hidden"), identity, tmp_path)
    path = tmp_path / "short.age"
    path.write_bytes(pyrage.encrypt(plain.ljust(MIN_PLAINTEXT + 5, b"\0"), [identity.to_public()]))
    refuse_seal(path, identity, tmp_path)
    refuse_seal(crafted(tmp_path, identity, b"\xff" * 100), identity, tmp_path)


def test_9_second_stanza_is_refused_on_the_way_through_the_ttp(network):
    def to_two(recipient, header, parts, target):
        seal(recipient, header, parts, target)
        both = [pyrage.x25519.Recipient.from_str(recipient), pyrage.x25519.Identity.generate().to_public()]
        target.write_bytes(pyrage.encrypt(bytes(MIN_PLAINTEXT), both))

    folder = network.forge("P01", rows(), seal_list=to_two)
    refused(network, "ttp", lambda: network.relay(folder), SealBroken)


def test_9_list_sealed_to_the_platform_is_refused_by_the_ttp(network):
    def to_platform(recipient, header, parts, target):
        seal(network.peers.recipient("h.open", TODAY).public, header, parts, target)

    folder = network.forge("P01", rows(), seal_list=to_platform)
    refused(network, "ttp", lambda: network.relay(folder), SealBroken)


def test_list_whose_inner_header_names_another_delivery_is_refused(network):
    for number, name in enumerate(("network", "stream", "delivery", "recipient", "sender")):

        def other(recipient, header, parts, target, name=name):
            seal(recipient, {**header, name: "0" * 32}, parts, target)

        folder = network.forge("P01", rows(), f"forged-{number}", seal_list=other)
        refused(network, "ttp", lambda folder=folder: network.relay(folder), BindingBroken)


def envelope(network, body: bytes, kind="manifest", claimed=None):
    """Sign any bytes as a message of the hospital."""
    zone = network.zones["P01"]
    signature = signing_key(zone, "p.sign").sign(pae(media_type(kind), body))
    signer = next(key.id for key in network.peers.keys if key.owner == "P01" and key.role == "p.sign")
    content = {
        "payload": base64.b64encode(body).decode(),
        "payloadType": media_type(claimed or kind),
        "signatures": [{"keyid": signer, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(content).encode()


def honest_body(network):
    raw = (network.pack("P01") / "manifest.json").read_text()
    return base64.b64decode(json.loads(raw)["payload"])


def test_10_signed_bodies_that_are_not_in_their_exact_form(network):
    body = honest_body(network)
    content = json.loads(body)
    folder = next((network.root / "post" / "ttp").iterdir())
    reordered = dict(reversed(content.items()))
    bodies = {
        "duplicate name": body[:-1] + b',"stream":"' + content["stream"].encode() + b'"}',
        "reordered": json.dumps(reordered, separators=(",", ":")).encode(),
        "spaced": json.dumps(content, sort_keys=True).encode(),
        "float": body.replace(b'"counter":1', b'"counter":1.0'),
        "exponent": body.replace(b'"counter":1', b'"counter":1e0'),
        "null": body.replace(b'"counter":1', b'"counter":null'),
        "negative": body.replace(b'"counter":1', b'"counter":-1'),
        "zero": body.replace(b'"counter":1', b'"counter":0'),
        "too large": body.replace(b'"counter":1', b'"counter":9007199254740992'),
        "unknown field": strict.dump({**content, "disease": "AML"}),
        "missing field": strict.dump({k: v for k, v in content.items() if k != "handles"}),
        "upper case": strict.dump({**content, "handles": content["handles"].upper() + ""}),
        "nested unknown": strict.dump({**content, "payload": {**content["payload"], "rows": 3}}),
        "no object": b"[]",
        "not JSON": b"{",
        "deep": b"[" * 100000,
        "not UTF-8": b'{"network":"\xff"}',
    }
    for name, changed in bodies.items():
        (folder / "manifest.json").write_bytes(envelope(network, changed))
        error = refused(network, "ttp", lambda: network.relay(folder), FormatRefused)
        assert error.exit_code == 20, name
    (folder / "manifest.json").write_bytes(envelope(network, body))
    assert network.relay(folder).is_dir()


def test_10_valid_signature_over_another_type(network):
    body = honest_body(network)
    folder = next((network.root / "post" / "ttp").iterdir())
    (folder / "manifest.json").write_bytes(envelope(network, body, "receipt"))
    refused(network, "ttp", lambda: network.relay(folder), FormatRefused)
    (folder / "manifest.json").write_bytes(envelope(network, body, "receipt", claimed="manifest"))
    refused(network, "ttp", lambda: network.relay(folder), SignatureInvalid)


def test_10_body_over_one_mebibyte_is_not_parsed(network):
    raw = envelope(network, b'{"a":"' + b"x" * MAX_BODY + b'"}')
    with pytest.raises(EnvelopeError) as found:
        open_message(raw, "manifest", "p.sign", network.peers, TODAY)
    assert found.value.exit_code == 11
    for text in (b"", b"{}", b'{"payload":1,"payloadType":"x","signatures":[]}', b"\xff"):
        with pytest.raises(EnvelopeError):
            open_message(text, "manifest", "p.sign", network.peers, TODAY)


@pytest.mark.soak
def test_payload_of_two_gigabytes_needs_less_than_one_of_memory(tmp_path):
    code = (
        "import sys, resource, pyrage\n"
        "from pathlib import Path\n"
        "from harmony.identity.seal import Part, seal, open_sealed\n"
        "root = Path(sys.argv[1]); big = root / 'big'\n"
        "with big.open('wb') as file: file.truncate(2 * 10**9)\n"
        "key = pyrage.x25519.Identity.generate()\n"
        "seal(str(key.to_public()), {}, [Part('list', big, 1)], root / 'sealed.age')\n"
        "big.unlink(); out = root / 'out'; out.mkdir()\n"
        "opened = open_sealed(root / 'sealed.age', str(key), out)\n"
        "assert opened.parts['list'].stat().st_size == 2 * 10**9\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 1 << 20
