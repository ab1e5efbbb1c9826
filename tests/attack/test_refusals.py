"""Deliveries that must be refused: sender, changed bytes, agreement, level, receipts, identifiers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil

import pyarrow as pa
import pytest
from exchange_network import TODAY, error_of, refused, rows, small_tables

from harmony.errors import (
    AgreementRefused,
    Busy,
    HarmonyError,
    HashMismatch,
    IdentifierFound,
    LevelTooLow,
    SealBroken,
    UnknownSender,
    WrongRecipient,
)
from harmony.identity.envelope import sign
from harmony.identity.keys import signing_key
from harmony.identity.receipts import import_receipts
from harmony.identity.seal import seal


def test_unknown_sender_is_refused_with_22(network):
    posted = network.pack("P01")
    network.pin(
        dataclasses.replace(
            network.peers, keys=tuple(key for key in network.peers.keys if key.owner != "P01")
        )
    )
    assert error_of(network.relay_apart(posted)) == ("E-KEY", 22)
    refused(network, "ttp", lambda: network.relay(posted), UnknownSender)


def test_revoked_key_and_key_of_another_role_are_refused(network):
    posted = network.pack("P01")
    revoked = tuple(dataclasses.replace(key, revoked=TODAY) for key in network.peers.keys)
    network.pin(dataclasses.replace(network.peers, keys=revoked), "ttp")
    refused(network, "ttp", lambda: network.relay(posted), UnknownSender)
    network.pin(network.peers, "ttp")
    body = {"network": network.id}
    raw = sign("manifest", body, signing_key(network.zones["ttp"], "t.sign"))
    (posted / "manifest.json").write_bytes(raw)
    refused(network, "ttp", lambda: network.relay(posted), UnknownSender)


@pytest.mark.parametrize("name", ["list.age", "payload.age"])
def test_changed_byte_at_every_sixteenth_is_refused_at_the_ttp(network, name):
    posted = network.pack("P01")
    changed_bytes(posted / name, lambda: refused(network, "ttp", lambda: network.relay(posted), HashMismatch))
    assert network.relay(posted).is_dir()


@pytest.mark.parametrize("name", ["answer.age", "payload.age"])
def test_changed_byte_at_every_sixteenth_is_refused_at_the_platform(network, name):
    sent = network.relay(network.pack("P01"))
    changed_bytes(
        sent / name, lambda: refused(network, "platform", lambda: network.receive(sent), HashMismatch)
    )
    assert network.receive(sent).record.verdict == "passed"


@pytest.mark.parametrize("name", ["manifest.json", "answer.json"])
def test_changed_byte_at_every_sixteenth_of_an_envelope_is_refused(network, name):
    sent = network.relay(network.pack("P01"))

    def check():
        error = refused(network, "platform", lambda: network.receive(sent), HarmonyError)
        assert error.exit_code in (11, 20, 22)

    changed_bytes(sent / name, check)


def changed_bytes(path, check):
    """Change one byte at each sixteenth of a file, check, and put the byte back."""
    whole = path.read_bytes()
    for part in range(16):
        place = min(len(whole) - 1, part * len(whole) // 16 + 7)
        changed = bytearray(whole)
        changed[place] ^= 0x01
        path.write_bytes(changed)
        check()
    path.write_bytes(whole)


def test_list_that_was_cut_before_it_was_signed_is_refused(network):
    def cut(recipient, header, parts, target):
        seal(recipient, header, parts, target)
        target.write_bytes(target.read_bytes()[:-5000])

    folder = network.forge("P01", rows(), seal_list=cut)
    refused(network, "ttp", lambda: network.relay(folder), SealBroken)


def agreement_of(network, **changes):
    changed = dataclasses.replace(network.agreements["P01"], **changes)
    rest = tuple(item for item in network.peers.agreements if item.id != changed.id)
    return dataclasses.replace(network.peers, agreements=(changed, *rest))


def test_no_agreement_not_in_force_or_of_other_parties_is_refused_with_23(network):
    posted = network.pack("P01")
    ended = TODAY - dt.timedelta(days=1)
    cases = [
        dataclasses.replace(network.peers, agreements=()),
        agreement_of(network, until=ended, valid_from=ended),
        agreement_of(network, valid_from=TODAY + dt.timedelta(days=1)),
        agreement_of(network, parties=("P02", "platform")),
    ]
    for peers in cases:
        network.pin(peers, "ttp")
        assert refused(network, "ttp", lambda: network.relay(posted), AgreementRefused).exit_code == 23
    assert error_of(network.relay_apart(posted)) == ("E-AGREEMENT", 23)


def test_mark_that_is_not_the_agreements_kind_is_refused_with_23(network):
    with pytest.raises(AgreementRefused):
        network.pack("P01", mark="public")
    sent = network.relay(network.pack("P01", "two"))
    network.pin(agreement_of(network, kind="public"), "platform")
    assert refused(network, "platform", lambda: network.receive(sent), AgreementRefused).exit_code == 23


def test_20_level_s0_refuses_an_agreement_of_kind_patient_in_every_zone(network):
    sent = network.relay(network.pack("P01"))
    network.pin(agreement_of(network, kind="patient"))
    with pytest.raises(LevelTooLow):
        network.pack("P01", "two", mark="patient")
    posted = network.root / "post" / "ttp" / sent.name
    assert error_of(network.relay_apart(posted)) == ("E-LEVEL", 23)
    refused(network, "platform", lambda: network.receive(sent), LevelTooLow)


def test_hospital_stops_packing_while_more_than_three_receipts_are_missing(network):
    for number in range(4):
        network.receive(network.relay(network.pack("P01", f"delivery {number}")))
    with pytest.raises(Busy):
        network.pack("P01", "fifth")
    box = network.root / "post" / "P01"
    assert len(import_receipts(network.zones["P01"], box, network.control["P01"], TODAY)) == 4
    with pytest.raises(Busy):
        network.pack("P01", "fifth")
    for stage in (network.zones["platform"].root / "stages" / "receive").iterdir():
        shutil.copyfile(stage / "receipt.json", box / f"{stage.name}.platform.receipt.json")
    assert len(import_receipts(network.zones["P01"], box, network.control["P01"], TODAY)) == 8
    assert network.pack("P01", "fifth").is_dir()


def test_receipt_of_another_hospital_or_role_is_refused(network):
    posted = network.pack("P01")
    network.relay(posted)
    box = network.root / "post" / "P01"
    with pytest.raises(WrongRecipient):
        import_receipts(network.zones["P02"], box, network.control["P02"], TODAY)
    (box / f"{posted.name}.ttp.receipt.json").rename(box / f"{posted.name}.platform.receipt.json")
    with pytest.raises(UnknownSender):
        import_receipts(network.zones["P01"], box, network.control["P01"], TODAY)


def test_text_that_is_no_code_never_leaves_the_hospital(network):
    tables = small_tables()
    names = pa.array(["AML"] * 11 + ["Canary, Maria"], pa.string())
    place = tables["patient"].column_names.index("disease")
    tables["patient"] = tables["patient"].set_column(place, "disease", names)
    with pytest.raises(IdentifierFound) as found:
        network.pack("P01", tables=tables)
    assert "Canary" not in str(found.value) and found.value.exit_code == 10
