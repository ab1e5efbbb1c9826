"""Keys, cards, pinned peers, the provider's settings and the separation level."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import stat

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harmony.errors import DataRefused, FormatRefused, UnknownSender, UsageError
from harmony.identity import keys, peers
from harmony.identity.provider import ProviderSettings, read_provider, write_provider
from harmony.identity.separation import level
from harmony.settings import ZONE_KEYS, create_zone

START, END = dt.date(2027, 3, 1), dt.date(2028, 3, 1)
NETWORK = "0" * 32


@pytest.fixture
def hospital(tmp_path):
    root = tmp_path / "hospital" / "P01"
    return create_zone(root, "hospital", "P01", NETWORK, keys.generate("hospital"))


@pytest.mark.parametrize("zone", sorted(ZONE_KEYS))
def test_each_zone_gets_exactly_its_keys_each_of_its_kind(zone):
    made = keys.generate(zone)
    assert tuple(made) == ZONE_KEYS[zone]
    for name, private in made.items():
        assert len(keys.private_id(name, private)) == 32
        is_age = name.endswith(".open")
        assert private.startswith(b"AGE-SECRET-KEY-1") if is_age else len(private) == 32
    assert not set(made.values()) & set(keys.generate(zone).values())


def test_id_of_an_age_key_is_that_of_its_der_form():
    identity = pyrage.x25519.Identity.generate()
    letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    data = str(identity).lower().removeprefix("age-secret-key-1")[:-6]
    bits = "".join(f"{letters.index(letter):05b}" for letter in data)[:256]
    public = X25519PrivateKey.from_private_bytes(int(bits, 2).to_bytes(32, "big")).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    expected = hashlib.sha256(der).hexdigest()[:32]
    assert keys.private_id("h.open", str(identity).encode()) == expected
    assert keys.public_id("age", str(identity.to_public())) == expected


def test_secrets_have_no_public_half(hospital):
    with pytest.raises(UsageError):
        keys.public_half(hospital, "p.secret", START, END)
    with pytest.raises(UsageError):
        keys.public_id("age", "age1nothing")
    card = peers.make_card(hospital, START, END)
    assert [key.role for key in card.keys] == ["p.sign", "p.open"]


def test_card_and_peers_come_back_as_they_were_written(hospital, tmp_path):
    card = peers.make_card(hospital, START, END, ["1" * 32])
    peers.write_card(tmp_path / "card.json", card)
    assert peers.read_card(tmp_path / "card.json") == card
    agreement = peers.Agreement("AGR-000000000001", ("P01",), "public", START, END, 10, 100)
    revoked = dataclasses.replace(card.keys[0], revoked=END)
    written = peers.Peers(NETWORK, 1, (revoked, *card.keys[1:]), {"1" * 32: "P01"}, (agreement,))
    peers.write_peers(hospital.root / "peers.json", written)
    assert peers.read_peers(hospital) == written


def test_peers_of_another_network_or_with_a_false_key_id_are_refused(hospital):
    path = hospital.root / "peers.json"
    with pytest.raises(UsageError):
        peers.read_peers(hospital)
    card = peers.make_card(hospital, START, END)
    peers.write_peers(path, peers.Peers("1" * 32, 1, card.keys, {}, ()))
    with pytest.raises(UnknownSender):
        peers.read_peers(hospital)
    false = dataclasses.replace(card.keys[0], id="0" * 32)
    before = path.read_bytes()
    with pytest.raises(FormatRefused):
        peers.write_peers(path, peers.Peers(NETWORK, 1, (false,), {}, ()))
    assert path.read_bytes() == before
    path.write_bytes(before.replace(b"1" * 32, NETWORK.encode()).replace(card.keys[0].id.encode(), b"0" * 32))
    with pytest.raises(FormatRefused, match="id it names"):
        peers.read_peers(hospital)


def test_key_counts_from_its_first_to_its_last_day_until_revoked(hospital):
    key = peers.make_card(hospital, START, END).keys[0]
    one = dt.timedelta(days=1)
    pinned = peers.Peers(NETWORK, 1, (key,), {}, ())
    assert pinned.sender(key.id, "p.sign", START) == pinned.sender(key.id, "p.sign", END) == key
    revoked = dataclasses.replace(pinned, keys=(dataclasses.replace(key, revoked=END),))
    assert revoked.sender(key.id, "p.sign", END - one).id == key.id
    cases = [(pinned, START - one), (pinned, END + one), (revoked, END)]
    for known, day in cases:
        with pytest.raises(UnknownSender):
            known.sender(key.id, "p.sign", day)
        with pytest.raises(UnknownSender):
            known.recipient("p.sign", day)
    with pytest.raises(UnknownSender):
        pinned.sender(key.id, "h.sign", START)


def test_provider_settings_come_back_and_refuse_a_pattern_that_is_none(hospital):
    settings = ProviderSettings("P01", "1" * 32, "main", r"[0-9]{4}\d")
    write_provider(hospital, settings)
    assert read_provider(hospital) == settings
    for change in ({"pattern": "["}, {"pattern": ""}, {"stream": "x"}, {"number_space": "a'b"}):
        with pytest.raises(UsageError):
            write_provider(hospital, dataclasses.replace(settings, **change))
    (hospital.root / "provider.toml").write_text("provider = 1\n")
    with pytest.raises(UsageError):
        read_provider(hospital)


def test_patient_numbers_of_another_form_are_counted_and_never_shown():
    settings = ProviderSettings("P01", "1" * 32, "main", ".{1,8}")
    settings.check_numbers(["1", "2", " 3x"[1:]])
    for numbers in (["1", None], ["1", " 2"], ["1", "2\t"], ["1", "e\u0301"], ["1", "123456789"]):
        with pytest.raises(DataRefused) as found:
            settings.check_numbers(numbers)
        assert "1 of 2" in str(found.value) and "123456789" not in str(found.value)
    with pytest.raises(DataRefused, match="1 patient numbers occur twice"):
        settings.check_numbers(["1", "1"])


def test_level_is_s0_for_one_account_and_s1_only_for_closed_zones_of_different_accounts(tmp_path):
    assert level(tmp_path) == "S0"
    roots = [tmp_path / "ttp", tmp_path / "hospital" / "P01", tmp_path / "platform" / "restricted"]
    for root in roots:
        root.mkdir(parents=True, mode=0o700)
    assert level(tmp_path) == "S0"
    if os.getuid() != 0:
        pytest.skip("giving zones to other accounts needs root")
    for number, root in enumerate(roots, start=60001):
        os.chown(root, number, number)
    assert level(tmp_path) == "S1"
    roots[0].chmod(0o750)
    assert stat.S_IMODE(roots[0].stat().st_mode) == 0o750 and level(tmp_path) == "S0"
    roots[0].chmod(0o700)
    os.chown(roots[0], 60002, 60002)
    assert level(tmp_path) == "S0"
    os.chown(roots[0], 0, 0)
    assert level(tmp_path) == "S0"
