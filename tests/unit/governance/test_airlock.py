"""Results leave by two signed decisions of two people of two organisations, or stay."""

import json
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from governance_world import REASON, RELEASE, TODAY, make_files

from harmony.errors import HashMismatch, NotPermitted, SignatureInvalid, Tampered, UsageError
from harmony.governance import airlock, audit, members
from harmony.governance.output_requests import get_request, requests
from harmony.governance.publication import publish, verify_published
from harmony.governance.signatures import checker_keys, sign, verify_signature

ANSWER = "The finding was looked at and is no risk here."


@pytest.fixture
def study(world):
    return world.open_study()


def released(world, study, folder):
    result = world.request(study, folder)
    for who in ("checker", "checker_two"):
        world.check(result, who, folder)
        world.decide(result, who)
    return result


def publish_it(world, result, folder, who="publisher", keys=None):
    return publish(
        world.control, result, world.ids[who], folder / "out", folder / "post", keys or world.keys, TODAY
    )


def test_a_result_leaves_by_two_signed_decisions_and_can_be_verified_offline(world, study, tmp_path):
    result = world.request(study, tmp_path)
    states = []
    for who in ("checker", "checker_two"):
        world.check(result, who, tmp_path)
        states.append(world.decide(result, who))
    assert states == ["checking", "released"]
    published = publish_it(world, result, tmp_path)
    assert published == tmp_path / "post" / result
    assert sorted(p.relative_to(published).as_posix() for p in published.rglob("*") if p.is_file()) == [
        "report.html",
        "result.json",
        "tables/counts.csv",
    ]
    statement = verify_published(published, world.keys)
    assert (statement["study"], statement["release"], len(statement["decisions"])) == (study, RELEASE, 2)
    signed = json.loads(statement["decisions"][0]["signed"])
    assert set(signed) == {
        "statement",
        "result",
        "study",
        "release",
        "files",
        "report_sha256",
        "person",
        "decision",
    }
    assert [event.action for event in audit.history(world.control, result)] == [
        "output.requested",
        "output.check_opened",
        "output.check_recorded",
        "output.check_opened",
        "output.released",
        "output.published",
    ]
    assert get_request(world.control, result).state == "published"
    assert [r.id for r in requests(world.control, study)] == [result]


def test_the_author_the_team_and_their_organisations_neither_check_nor_decide(world, study, tmp_path):
    result = world.request(study, tmp_path)
    members.add_member(world.control, "Person lead", "North University", ["output_checker"])
    with pytest.raises(NotPermitted, match="clause P-NOT-AUTHOR"):
        world.check(result, "lead", tmp_path)
    with pytest.raises(NotPermitted, match="clause P-NOT-OWN-HOUSE"):
        world.check(result, "checker_own_house", tmp_path)
    world.check(result, "checker", tmp_path)
    for decision in ("release", "return", "refuse"):
        with pytest.raises(NotPermitted, match="clause P-NOT-AUTHOR"):
            world.decide(result, "lead", decision, REASON)
        with pytest.raises(NotPermitted, match="clause P-NOT-OWN-HOUSE"):
            world.decide(result, "checker_own_house", decision, REASON)


def test_two_decisions_of_one_person_are_one(world, study, tmp_path):
    result = world.request(study, tmp_path)
    world.check(result, "checker", tmp_path)
    assert world.decide(result, "checker") == "checking"
    with pytest.raises(NotPermitted, match="clause P-ONE-EACH"):
        world.decide(result, "checker")
    assert get_request(world.control, result).state == "checking"


def test_two_checkers_of_one_organisation_do_not_release_and_a_third_does(world, study, tmp_path):
    result = world.request(study, tmp_path)
    for who in ("checker", "checker_same_house"):
        world.check(result, who, tmp_path)
        assert world.decide(result, who) == "checking"
    world.check(result, "checker_two", tmp_path)
    assert world.decide(result, "checker_two") == "released"


def test_a_checker_who_has_not_looked_does_not_decide(world, study, tmp_path):
    result = world.request(study, tmp_path)
    with pytest.raises(NotPermitted, match="clause P-STATE"):
        world.decide(result, "checker")
    world.check(result, "checker", tmp_path)
    with pytest.raises(NotPermitted, match="clause P-CHECKED"):
        world.decide(result, "checker_two")


def test_a_signature_of_another_key_decision_result_or_none_is_refused(world, study, tmp_path):
    result = world.request(study, tmp_path)
    other = world.request(study, tmp_path / "other", result="RES-0123456789ab")
    world.check(result, "checker", tmp_path)
    me, key = world.ids["checker"], world.signers["checker"]

    def decide(signature, keys=world.keys):
        return airlock.decide(world.control, result, me, "release", "", signature, keys, TODAY)

    for body in (
        airlock.to_sign(world.control, result, me, "refuse"),
        airlock.to_sign(world.control, other, me, "release"),
        airlock.to_sign(world.control, result, world.ids["checker_two"], "release"),
        b"{}",
    ):
        with pytest.raises(SignatureInvalid):
            decide(key.sign(body).hex())
    right = airlock.to_sign(world.control, result, me, "release")
    for signature in (Ed25519PrivateKey.generate().sign(right).hex(), "zz", "00" * 64):
        with pytest.raises(SignatureInvalid):
            decide(signature)
    with pytest.raises(NotPermitted, match="clause P-SIGNED"):
        decide("")
    with pytest.raises(NotPermitted, match="clause P-SIGNED"):
        decide(key.sign(right).hex(), {})
    assert audit.history(world.control)[-1].detail["clause"] == "P-SIGNED"
    assert decide(key.sign(right).hex()) == "checking"


def test_changed_missing_and_new_files_are_seen_at_check_and_at_publication(world, study, tmp_path):
    result = released(world, study, tmp_path)
    waiting = world.request(study, tmp_path, result="RES-0123456789ab")
    table = tmp_path / "out" / "tables" / "counts.csv"
    good = table.read_bytes()
    for change in (
        lambda: table.write_bytes(good + b" "),
        table.unlink,
        lambda: (tmp_path / "out/x").touch(),
    ):
        change()
        with pytest.raises(HashMismatch):
            world.check(waiting, "checker", tmp_path)
        with pytest.raises(HashMismatch):
            publish_it(world, result, tmp_path)
        table.write_bytes(good)
        (tmp_path / "out/x").unlink(missing_ok=True)
    assert get_request(world.control, result).state == "released"
    assert not (tmp_path / "post").exists() or not list((tmp_path / "post").glob("RES-*"))
    assert publish_it(world, result, tmp_path).is_dir()


def test_a_returned_result_comes_back_corrected_and_old_decisions_do_not_count(world, study, tmp_path):
    result = world.request(study, tmp_path)
    for who in ("checker", "checker_two"):
        world.check(result, who, tmp_path)
    assert world.decide(result, "checker") == "checking"
    with pytest.raises(NotPermitted, match="clause P-REASON"):
        world.decide(result, "checker_two", "return", "no")
    assert world.decide(result, "checker_two", "return", REASON) == "returned"

    def resubmit(who="lead"):
        return airlock.resubmit(
            world.control,
            result,
            world.ids[who],
            tmp_path / "out",
            tmp_path / "disclosure.json",
            (),
            REASON,
            TODAY,
        )

    with pytest.raises(UsageError, match="returned"):
        resubmit()
    make_files(tmp_path, "sex,count\nall,50\n")
    with pytest.raises(NotPermitted, match="clause P-TEAM"):
        resubmit("stranger")
    assert resubmit() == "requested"
    assert get_request(world.control, result).version == 2
    world.check(result, "checker_two", tmp_path)
    assert world.decide(result, "checker_two") == "checking"
    world.check(result, "checker", tmp_path)
    assert world.decide(result, "checker") == "released"


def test_one_refusal_is_final(world, study, tmp_path):
    result = world.request(study, tmp_path)
    for who in ("checker", "checker_two"):
        world.check(result, who, tmp_path)
    world.decide(result, "checker")
    assert world.decide(result, "checker_two", "refuse", REASON) == "refused"
    world.signers["third"] = Ed25519PrivateKey.generate()
    world.ids["third"] = members.add_member(world.control, "Third", "Far House", ["output_checker"])
    with pytest.raises(NotPermitted, match="clause P-STATE"):
        world.decide(result, "third")
    with pytest.raises(NotPermitted, match="clause P-STATE"):
        publish_it(world, result, tmp_path)


def test_what_disclosure_control_left_to_a_person_needs_an_answer(world, study, tmp_path):
    result = world.request(study, tmp_path, findings=("One group has all its patients in one level.",))
    sheet = world.check(result, "checker", tmp_path)
    assert sheet.findings == ("One group has all its patients in one level.",)
    with pytest.raises(NotPermitted, match="clause P-FINDINGS"):
        world.decide(result, "checker")
    assert world.decide(result, "checker", note=ANSWER) == "checking"


def test_while_a_study_is_suspended_nothing_is_asked_checked_released_or_published(world, study, tmp_path):
    done = released(world, study, tmp_path)
    waiting = world.request(study, tmp_path, result="RES-0123456789ab")
    world.check(waiting, "checker", tmp_path)
    world.act(study, "suspend", "protection")
    with pytest.raises(NotPermitted, match="clause P-OPEN"):
        world.request(study, tmp_path)
    with pytest.raises(NotPermitted, match="clause P-OPEN"):
        world.check(waiting, "checker_two", tmp_path)
    with pytest.raises(NotPermitted, match="clause P-OPEN"):
        world.decide(waiting, "checker")
    with pytest.raises(NotPermitted, match="clause P-ENDED-WELL"):
        publish_it(world, done, tmp_path)
    assert world.decide(waiting, "checker", "refuse", REASON) == "refused"
    world.act(study, "resume", "chair")
    world.act(study, "close", "lead")
    assert publish_it(world, done, tmp_path).is_dir()


def test_publication_verifies_both_signatures_against_the_pinned_keys(world, study, tmp_path):
    import sqlalchemy as sa

    from harmony.store.control.governance import GOVERNANCE_ACT, OUTPUT_REQUEST, OUTPUT_VERSION

    result = released(world, study, tmp_path)
    one = dict(world.keys)
    del one[world.ids["checker"]]
    with pytest.raises(Tampered):
        publish_it(world, result, tmp_path, keys=one)
    swapped = world.keys | {world.ids["checker"]: world.keys[world.ids["checker_two"]]}
    with pytest.raises(SignatureInvalid):
        publish_it(world, result, tmp_path, keys=swapped)
    forged = world.request(study, tmp_path, result="RES-0123456789ab")
    with world.control.transaction() as connection:
        connection.execute(
            sa.update(OUTPUT_REQUEST).where(OUTPUT_REQUEST.c.id == forged).values(state="released")
        )
    with pytest.raises(NotPermitted, match="clause P-TWO-CHECKERS"):
        publish_it(world, forged, tmp_path)
    with world.control.transaction() as connection:
        connection.execute(
            sa.update(GOVERNANCE_ACT).where(GOVERNANCE_ACT.c.object == result).values(object=forged)
        )
    with pytest.raises(Tampered):
        publish_it(world, forged, tmp_path)
    with world.control.transaction() as connection:
        connection.execute(
            sa.update(GOVERNANCE_ACT).where(GOVERNANCE_ACT.c.object == forged).values(object=result)
        )
        connection.execute(
            sa.update(OUTPUT_VERSION).where(OUTPUT_VERSION.c.result == result).values(report_sha256="0" * 64)
        )
    with pytest.raises(Tampered):
        publish_it(world, result, tmp_path)


def test_only_a_publication_officer_of_another_house_publishes(world, study, tmp_path):
    result = released(world, study, tmp_path)
    for who in ("lead", "checker", "steward"):
        with pytest.raises(NotPermitted, match="clause P-ROLE"):
            publish_it(world, result, tmp_path, who)
    world.ids["own"] = members.add_member(world.control, "Own", "North University", ["publication_officer"])
    with pytest.raises(NotPermitted, match="clause P-NOT-OWN-HOUSE"):
        publish_it(world, result, tmp_path, "own")


def test_a_publication_lost_by_a_crash_is_made_again_without_a_second_event(world, study, tmp_path):
    result = released(world, study, tmp_path)
    folder = publish_it(world, result, tmp_path)
    events = len(audit.history(world.control))
    shutil.rmtree(folder)
    assert publish_it(world, result, tmp_path) == folder
    assert verify_published(folder, world.keys)["result"] == result
    assert len(audit.history(world.control)) == events


def test_a_published_copy_with_a_changed_file_or_one_signature_does_not_verify(world, study, tmp_path):
    folder = publish_it(world, released(world, study, tmp_path), tmp_path)
    statement = json.loads((folder / "result.json").read_text())
    one = statement | {"decisions": [statement["decisions"][0]] * 2}
    (folder / "result.json").write_text(json.dumps(one))
    with pytest.raises(SignatureInvalid):
        verify_published(folder, world.keys)
    (folder / "result.json").write_text(json.dumps(statement))
    (folder / "report.html").write_text("<p>Better</p>")
    with pytest.raises(SignatureInvalid):
        verify_published(folder, world.keys)


@pytest.mark.parametrize(
    ("name", "value"),
    [("result", "RES-ffffffffffff"), ("study", "STU-ffffffffffff"), ("release", "REL-ffffffffffff"),
     ("report_sha256", "0" * 64)],
)  # fmt: skip
def test_a_statement_that_says_something_else_than_was_signed_does_not_verify(
    name, value, world, study, tmp_path
):
    folder = publish_it(world, released(world, study, tmp_path), tmp_path)
    statement = json.loads((folder / "result.json").read_text())
    assert verify_published(folder, world.keys)[name] != value
    (folder / "result.json").write_text(json.dumps(statement | {name: value}))
    with pytest.raises(SignatureInvalid, match="something else"):
        verify_published(folder, world.keys)


def test_the_same_request_twice_is_one_and_other_files_under_its_id_are_refused(world, study, tmp_path):
    first = world.request(study, tmp_path, result="RES-0123456789ab")
    assert world.request(study, tmp_path, result=first) == first
    assert len(requests(world.control)) == 1
    make_files(tmp_path / "other", "sex,count\nall,51\n")
    with pytest.raises(UsageError, match="other files"):
        airlock.request(
            world.control,
            study,
            RELEASE,
            world.ids["lead"],
            tmp_path / "other" / "out",
            tmp_path / "other" / "disclosure.json",
            (),
            TODAY,
            first,
        )


def test_strangers_ask_nothing_out_and_nothing_is_asked_out_of_an_empty_folder(world, study, tmp_path):
    with pytest.raises(NotPermitted, match="clause P-TEAM"):
        world.request(study, tmp_path, "stranger")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError):
        airlock.request(
            world.control,
            study,
            RELEASE,
            world.ids["lead"],
            tmp_path / "empty",
            tmp_path / "disclosure.json",
            (),
            TODAY,
        )
    assert requests(world.control) == []


def test_the_team_takes_a_request_back_and_a_stranger_does_not(world, study, tmp_path):
    result = world.request(study, tmp_path)
    with pytest.raises(NotPermitted, match="clause P-TEAM"):
        airlock.cancel(world.control, result, world.ids["stranger"], TODAY)
    assert airlock.cancel(world.control, result, world.ids["lead"], TODAY) == "cancelled"
    with pytest.raises(NotPermitted, match="clause P-STATE"):
        world.check(result, "checker", tmp_path)


def test_unknown_decisions_and_requests_are_refused(world, study, tmp_path):
    result = world.request(study, tmp_path)
    with pytest.raises(UsageError, match="decision"):
        airlock.to_sign(world.control, result, world.ids["checker"], "maybe")
    with pytest.raises(UsageError):
        get_request(world.control, "RES-000000000000")
    with pytest.raises(NotPermitted):
        publish_it(world, "RES-000000000000", tmp_path)
    with pytest.raises(UsageError):
        world.request("STU-000000000000", tmp_path)


def test_a_person_signs_with_the_key_of_the_own_zone_and_the_pinned_half_verifies(tmp_path):
    import datetime as dt

    from harmony.identity.keys import public_half
    from harmony.identity.peers import Peers
    from harmony.settings import create_zone

    person = "MEM-0123456789ab"
    zone = create_zone(tmp_path / person, "person", person, "0" * 32, {"c.sign": b"\x07" * 32})
    half = public_half(zone, "c.sign", dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    peers = Peers("0" * 32, 1, (half,), {}, ())
    keys = checker_keys(peers, TODAY)
    verify_signature(keys[person], b"body", sign(zone, b"body"))
    with pytest.raises(SignatureInvalid):
        verify_signature(keys[person], b"other", sign(zone, b"body"))
    assert checker_keys(peers, dt.date(2027, 1, 1)) == {}
    assert checker_keys(peers, dt.date(2025, 12, 31)) == {}
