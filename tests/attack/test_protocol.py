"""Attacks on the exchange (protocol section 12); the number in a test's name is the attack's."""

from __future__ import annotations

import dataclasses
import json
import secrets
import shutil

import pytest
from exchange_network import TODAY, Network, error_of, refused, rows, small_tables, state

from harmony.errors import (
    BindingBroken,
    Fork,
    Gap,
    HandlesBroken,
    HashMismatch,
    Replay,
    WrongRecipient,
)
from harmony.identity.forks import resolve_fork, sign_head
from harmony.settings import open_zone
from harmony.store.control import exchange
from harmony.store.control.database import open_control
from harmony.store.tables import read_tables


def test_honest_delivery_arrives_under_person_ids(network):
    received = network.receive(network.relay(network.pack("P01")))
    tables = read_tables(received.folder / "tables")
    patient, lab = tables["patient"], tables["biochemistry"]
    assert patient.num_rows == 12 and lab.num_rows == 24
    assert patient.column_names == [
        "patient_id",
        "provider_id",
        "disease",
        "year_of_birth",
        "index_diagnosis_date",
        "_delivery",
        "_part",
        "_row",
    ]
    born = dict(zip(patient["patient_id"].to_pylist(), patient["year_of_birth"].to_pylist(), strict=True))
    samples = zip(lab["patient_id"].to_pylist(), lab["haemoglobin"].to_pylist(), strict=True)
    # Patient n was born in 1940 + n and has haemoglobin 8 + 2n/10 and 8 + (2n+1)/10.
    assert all(round((value - 8) * 10) // 2 == born[person] - 1940 for person, value in samples)
    assert sorted(lab["_row"].to_pylist()) == list(range(1, 25))
    assert lab["sample_id"].to_pylist() == [str(row) for row in lab["_row"].to_pylist()]


def test_same_patients_keep_their_person_ids_in_the_next_delivery(network):
    first = network.receive(network.relay(network.pack("P01", "one")))
    second = network.receive(network.relay(network.pack("P01", "two")))
    ids = [
        dict(
            zip(
                *(
                    read_tables(stage.folder / "tables")["patient"][column].to_pylist()
                    for column in ("year_of_birth", "patient_id")
                ),
                strict=True,
            )
        )
        for stage in (first, second)
    ]
    assert ids[0] == ids[1] and len(set(ids[0].values())) == 12


def test_equal_numbers_of_two_providers_are_two_persons(network):
    tables = small_tables("P01")
    for provider in ("P01", "P02"):
        network.relay(network.pack(provider, tables=tables))
    with network.control["ttp"].transaction() as connection:
        assert len(connection.execute(exchange.PERSON.select()).all()) == 24


def test_3_provider_b_signs_the_sealed_payload_of_a(network):
    stolen = network.pack("P01") / "payload.age"
    sent = network.relay(network.forge("P02", rows(), payload=stolen))
    refused(network, "platform", lambda: network.receive(sent), BindingBroken)


def test_4_answer_of_another_delivery(network):
    one = network.relay(network.pack("P01", "one"))
    two = network.relay(network.pack("P01", "two"))
    for name in ("answer.json", "answer.age"):
        shutil.copyfile(two / name, one / name)
    refused(network, "platform", lambda: network.receive(one), HashMismatch)


def test_4_payload_of_another_delivery(network):
    one = network.relay(network.pack("P01", "one"))
    two = network.relay(network.pack("P01", "two"))
    shutil.copyfile(two / "payload.age", one / "payload.age")
    refused(network, "platform", lambda: network.receive(one), HashMismatch)


def test_4_answers_swapped_between_providers(network):
    one, two = (network.relay(network.pack(provider)) for provider in ("P01", "P02"))
    for name in ("answer.json", "answer.age"):
        kept = (one / name).read_bytes()
        shutil.copyfile(two / name, one / name)
        (two / name).write_bytes(kept)
    for sent in (one, two):
        refused(network, "platform", lambda sent=sent: network.receive(sent), HashMismatch)


def test_5_handles_dropped_added_or_changed_in_the_list(network):
    listed = rows()
    handles = [handle for handle, _ in listed]
    claims = [[*handles, secrets.token_hex(16)], handles[:-1], [*handles[:-1], secrets.token_hex(16)]]
    for number, claimed in enumerate(claims):
        folder = network.forge("P01", listed, f"forged-{number}", handles_of=claimed)
        refused(network, "ttp", lambda folder=folder: network.relay(folder), HandlesBroken)


def test_5_handles_or_first_pseudonyms_doubled_or_of_another_length(network):
    one, two, three = rows()
    lists = [
        [one, two, two],
        [one, two, [three[0], two[1]]],
        [one, [two[0][:-2], two[1]]],
        [one, [two[0], two[1] + "00"]],
    ]
    for number, listed in enumerate(lists):
        folder = network.forge("P01", listed, f"forged-{number}", handles_of=[one[0], two[0]])
        refused(network, "ttp", lambda folder=folder: network.relay(folder), HandlesBroken)


def drop(content):
    content["rows"].pop()
    content["counts"] = {"in": 11, "out": 11, "withheld": 0}


def double(content):
    content["rows"].append([content["rows"][0][0], secrets.token_hex(16)])
    content["counts"] = {"in": 13, "out": 13, "withheld": 0}


def add(content):
    content["rows"].append([secrets.token_hex(16), secrets.token_hex(16)])
    content["counts"] = {"in": 13, "out": 13, "withheld": 0}


def same_person_twice(content):
    content["rows"][0][1] = content["rows"][1][1]


def withhold_in_silence(content):
    content["withheld"].append(content["rows"].pop()[0])


@pytest.mark.parametrize("change", [drop, double, add, same_person_twice, withhold_in_silence])
def test_5_handles_changed_in_the_answer(network, change):
    sent = network.relay(network.pack("P01"))
    network.forge_answer(sent, change)
    refused(network, "platform", lambda: network.receive(sent), HandlesBroken)


def test_5_a_swap_by_the_ttp_itself_is_not_detectable(network):
    def swap(content):
        first, second = content["rows"][:2]
        first[1], second[1] = second[1], first[1]

    sent = network.relay(network.pack("P01"))
    network.forge_answer(sent, swap)
    assert network.receive(sent).record.counts["out"] == 12


def test_6_exact_replay_gives_the_stored_receipt(network):
    posted = network.pack("P01")
    first = network.relay_apart(posted)
    receipt = network.root / "post" / "P01" / f"{posted.name}.ttp.receipt.json"
    bytes_before, before = receipt.read_bytes(), state(network, "ttp")
    again = network.relay_apart(posted)
    assert (first.returncode, again.returncode) == (0, 0)
    assert json.loads(first.stdout)["repeated"] is False and json.loads(again.stdout)["repeated"] is True
    assert receipt.read_bytes() == bytes_before and state(network, "ttp") == before


def test_6_replay_with_another_payload_does_not_touch_the_one_at_the_platform(network):
    posted = network.pack("P01")
    sent = network.relay(posted)
    good = (sent / "payload.age").read_bytes()
    (posted / "payload.age").write_bytes(good[:-1] + b"x")
    refused(network, "ttp", lambda: network.relay(posted), HashMismatch)
    assert (sent / "payload.age").read_bytes() == good


def test_6_exact_replay_at_the_platform_changes_nothing(network):
    sent = network.relay(network.pack("P01"))
    first, before = network.receive(sent), state(network, "platform")
    second = network.receive(sent)
    assert second.path("receipt.json").read_bytes() == first.path("receipt.json").read_bytes()
    assert state(network, "platform") == before


def test_6_lower_counter_with_new_content(network):
    for key in ("one", "two"):
        network.relay(network.pack("P01", key))
    folder = network.forge("P01", rows(), counter=1)
    assert error_of(network.relay_apart(folder)) == ("E-REPLAY", 21)
    refused(network, "ttp", lambda: network.relay(folder), Replay)


def test_6_delivery_id_used_again_for_other_content(network):
    network.relay(network.pack("P01"))
    with network.control["ttp"].transaction() as connection:
        (used,) = connection.execute(exchange.DELIVERY.select()).all()
    folder = network.forge("P02", rows(), delivery=used.id[4:] + "0" * 20)
    refused(network, "ttp", lambda: network.relay(folder), Replay)


def test_6_delivery_brought_to_a_second_platform(network, tmp_path):
    other = Network(tmp_path / "other")
    try:
        # The other network trusts this hospital's key, yet the delivery was not made for it.
        other.pin(dataclasses.replace(other.peers, keys=other.peers.keys + network.peers.keys))
        posted = network.pack("P01")
        error = refused(other, "ttp", lambda: other.relay(posted), WrongRecipient)
        assert error.exit_code == 22
    finally:
        other.close()


def test_6_second_delivery_before_the_first(network):
    first, second = (network.pack("P01", key) for key in ("one", "two"))
    assert error_of(network.relay_apart(second)) == ("E-GAP", 21)
    refused(network, "ttp", lambda: network.relay(second), Gap)
    network.relay(first)
    assert network.relay(second).name == second.name


def test_6_second_answer_before_the_first(network):
    first, second = (network.relay(network.pack(provider)) for provider in ("P01", "P02"))
    refused(network, "platform", lambda: network.receive(second), Gap)
    network.receive(first)
    assert network.receive(second).record.counts["in"] == 12


def test_7_two_laptops_deliver_one_counter_and_a_signature_resolves_it(network, tmp_path):
    zone = network.zones["P01"]
    network.control["P01"].close()
    shutil.copytree(zone.root, tmp_path / "backup")
    kept = network.relay(network.pack("P01", "laptop one"))
    network.zones["P01"] = open_zone(tmp_path / "backup", "hospital")
    network.control["P01"] = open_control(network.zones["P01"].control_url)
    network.controls.append(network.control["P01"])
    twin = network.pack("P01", "laptop two")
    assert error_of(network.relay_apart(twin)) == ("E-FORK", 21)
    network.zones["P01"], network.control["P01"] = zone, open_control(zone.control_url)
    network.controls.append(network.control["P01"])
    after = network.pack("P01", "after the fork")
    refused(network, "ttp", lambda: network.relay(after), Fork)

    with network.control["ttp"].transaction() as connection:
        stream = connection.execute(exchange.DELIVERY.select()).one().stream
        head = exchange.head(connection, stream)
    stranger = sign_head(network.zones["P02"], stream, 1, head.sha256)
    with pytest.raises(WrongRecipient):
        resolve_fork(network.zones["ttp"], stranger, network.control["ttp"], TODAY)
    wrong = sign_head(zone, stream, 1, "1" * 64)
    with pytest.raises(Replay):
        resolve_fork(network.zones["ttp"], wrong, network.control["ttp"], TODAY)
    right = sign_head(zone, stream, 1, head.sha256)
    assert resolve_fork(network.zones["ttp"], right, network.control["ttp"], TODAY) == stream
    assert network.relay(after).name == after.name and kept.is_dir()


def test_8_restored_ttp_is_found_by_its_sequence(network, tmp_path):
    network.receive(network.relay(network.pack("P01")))
    root, posted = network.zones["ttp"].root, network.pack("P02")
    shutil.copytree(root, tmp_path / "yesterday")
    network.receive(network.relay(posted))
    shutil.rmtree(root)
    shutil.copytree(tmp_path / "yesterday", root)
    # The TTP has forgotten P02's delivery and gives its patients second ids; the platform keeps the first.
    before = state(network, "platform")
    assert network.receive(network.relay(posted)).record.counts["out"] == 12
    assert state(network, "platform") == before
    # What follows the lost sequence is refused until the TTP has restored its newest backup.
    fresh = network.relay(network.pack("P02", "two"))
    refused(network, "platform", lambda: network.receive(fresh), Fork, Replay)
