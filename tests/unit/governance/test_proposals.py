"""A study from proposal to end: what the procedure allows and what it refuses."""

import datetime as dt

import pytest
import yaml
from governance_world import NOTE, REASON, STUDY_FILE, TODAY

from harmony.errors import NotPermitted, UsageError
from harmony.governance import audit, proposals
from harmony.governance.plans import last_day, read_plan
from harmony.governance.proposals import act, get_study, propose, studies

CHANGED = STUDY_FILE | {"question": "Does age at diagnosis go with event-free survival?"}


def test_the_same_file_proposed_twice_gives_one_study_and_layout_does_not_count(world, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("# a comment\n" + yaml.safe_dump(STUDY_FILE), encoding="utf-8")
    first = propose(world.control, path, world.ids["lead"], TODAY)
    assert propose(world.control, path, world.ids["lead"], TODAY) == first
    assert propose(world.control, STUDY_FILE, world.ids["lead"], TODAY) == first
    assert propose(world.control, CHANGED, world.ids["lead"], TODAY) != first
    assert propose(world.control, STUDY_FILE, world.ids["stranger"], TODAY) not in (first, "")
    assert len(studies(world.control)) == 3


def test_a_study_goes_from_proposal_to_end_and_each_step_is_one_event(world):
    study = world.propose()
    states = [world.act(study, "review", who) for who in ("clinician", "statistician", "ethics")]
    states += [world.act(study, "approve", "chair"), world.act(study, "open", "steward")]
    states += [world.act(study, "suspend", "protection"), world.act(study, "resume", "chair")]
    states += [world.act(study, "close", "lead")]
    assert states == ["under_review"] * 3 + ["approved", "open", "suspended", "open", "closed"]
    actions = [event.action for event in audit.history(world.control, study)]
    assert actions == [
        "study.submitted",
        "study.reviewed",
        "study.reviewed",
        "study.reviewed",
        "study.approved",
        "study.opened",
        "study.suspended",
        "study.resumed",
        "study.closed",
    ]
    stored = get_study(world.control, study)
    assert (stored.state, stored.version, stored.approved_on) == ("closed", 1, TODAY)
    assert [step["action"] for step in stored.steps][:3] == ["review"] * 3


@pytest.mark.parametrize("missing", ["clinician", "statistician", "ethics"])
def test_approval_needs_each_kind_of_review(world, missing):
    study = world.propose()
    for who in {"clinician", "statistician", "ethics", "patient"} - {missing}:
        world.act(study, "review", who)
    with pytest.raises(NotPermitted, match=f"missing: reviewer_{missing}"):
        world.act(study, "approve", "chair")
    world.act(study, "review", missing)
    assert world.act(study, "approve", "chair") == "approved"


def test_reviews_of_one_organisation_alone_do_not_carry_an_approval(world):
    from harmony.governance.members import add_member

    for kind in ("clinician", "statistician", "ethics"):
        world.ids[f"mono_{kind}"] = add_member(
            world.control, f"M {kind}", "Mono Clinic", [f"reviewer_{kind}"]
        )
    study = world.propose()
    for kind in ("clinician", "statistician", "ethics"):
        world.act(study, "review", f"mono_{kind}")
    with pytest.raises(NotPermitted, match="P-REVIEWS"):
        world.act(study, "approve", "chair")
    world.act(study, "review", "patient")
    assert world.act(study, "approve", "chair") == "approved"


def test_one_person_reviews_a_version_once(world):
    study = world.propose()
    world.act(study, "review", "clinician")
    with pytest.raises(NotPermitted, match="P-ONE-EACH"):
        world.act(study, "review", "clinician")


def test_the_own_house_and_the_team_neither_review_nor_approve(world):
    from harmony.governance.members import add_member

    study = world.propose(team=[world.ids["analyst"]])
    with pytest.raises(NotPermitted, match="P-NOT-OWN-HOUSE"):
        world.act(study, "review", "own_house_clinician")
    world.ids["of_team_house"] = add_member(world.control, "T", "South Institute", ["reviewer_clinician"])
    with pytest.raises(NotPermitted, match="P-NOT-OWN-HOUSE"):
        world.act(study, "review", "of_team_house")
    add_member(world.control, "Person lead", "North University", ["reviewer_clinician", "steering_chair"])
    with pytest.raises(NotPermitted, match="P-NOT-AUTHOR"):
        world.act(study, "review", "lead")
    for who in ("clinician", "statistician", "ethics"):
        world.act(study, "review", who)
    with pytest.raises(NotPermitted, match="P-NOT-AUTHOR"):
        world.act(study, "approve", "lead")


def test_who_approved_does_not_open_and_who_suspended_does_not_resume(world):
    study = world.propose()
    for who in ("clinician", "statistician", "ethics"):
        world.act(study, "review", who)
    world.act(study, "approve", "both")
    with pytest.raises(NotPermitted, match="P-FOUR-EYES"):
        world.act(study, "open", "both")
    world.act(study, "open", "steward")
    world.act(study, "suspend", "chair")
    with pytest.raises(NotPermitted, match="P-FOUR-EYES"):
        world.act(study, "resume", "chair")
    assert world.act(study, "resume", "both") == "open"


def test_a_returned_study_comes_back_with_a_new_plan_and_its_reviews_start_anew(world):
    study = world.propose()
    for who in ("clinician", "statistician", "ethics"):
        world.act(study, "review", who)
    assert world.act(study, "return", "chair", REASON) == "returned"
    with pytest.raises(UsageError, match="handed in before"):
        world.act(study, "resubmit", "lead", study_file=STUDY_FILE)
    assert world.act(study, "resubmit", "lead", study_file=CHANGED) == "submitted"
    assert get_study(world.control, study).version == 2
    world.act(study, "review", "clinician")
    with pytest.raises(NotPermitted, match="reviewer_statistician"):
        world.act(study, "approve", "chair")


def test_a_stranger_cannot_write_himself_into_the_team_of_a_returned_study(world):
    study = world.propose()
    world.act(study, "return", "officer", REASON)
    taken_over = CHANGED | {"team": [world.ids["stranger"]]}
    with pytest.raises(NotPermitted, match="P-TEAM"):
        world.act(study, "resubmit", "stranger", study_file=taken_over)
    assert get_study(world.control, study).state == "returned"


@pytest.mark.parametrize("action", ["return", "reject", "withdraw"])
def test_a_step_against_work_needs_a_reason(world, action):
    study = world.propose()
    world.act(study, "review", "clinician")
    who = {"return": "officer", "reject": "chair", "withdraw": "lead"}[action]
    with pytest.raises(NotPermitted, match="P-REASON"):
        world.act(study, action, who, "too short")
    assert world.act(study, action, who, REASON) in ("returned", "rejected", "withdrawn")


def test_a_plan_changed_in_the_records_is_not_opened(world):
    import sqlalchemy as sa

    from harmony.store.control.governance import STUDY_VERSION

    study = world.approved_study()
    text = read_plan(CHANGED).text
    with world.control.transaction() as connection:
        connection.execute(sa.update(STUDY_VERSION).values(plan=text))
    with pytest.raises(NotPermitted, match="P-PLAN"):
        world.act(study, "open", "steward")


def test_nothing_is_proposed_approved_or_opened_after_the_last_day(world):
    with pytest.raises(NotPermitted, match="P-UNTIL"):
        world.propose(until=TODAY - dt.timedelta(days=1))
    study = world.approved_study(until=TODAY)
    late = TODAY + dt.timedelta(days=1)
    with pytest.raises(NotPermitted, match="P-UNTIL"):
        act(world.control, study, "open", world.ids["steward"], NOTE, late)
    assert act(world.control, study, "open", world.ids["steward"], NOTE, TODAY) == "open"


@pytest.mark.parametrize(
    ("approved", "last"),
    [
        (dt.date(2026, 11, 24), dt.date(2028, 11, 24)),
        (dt.date(2024, 2, 29), dt.date(2026, 2, 28)),
        (dt.date(2026, 12, 31), dt.date(2028, 12, 31)),
        (dt.date(2026, 1, 31), dt.date(2028, 1, 31)),
    ],
)
def test_an_approval_without_a_last_day_holds_for_24_months(approved, last):
    assert last_day(read_plan(STUDY_FILE), approved) == last


def test_only_a_lead_researcher_proposes_and_the_whole_team_must_be_members(world):
    with pytest.raises(NotPermitted, match="P-ROLE"):
        world.propose("analyst")
    with pytest.raises(NotPermitted, match="P-MEMBER"):
        world.propose(team=["MEM-000000000000"])
    with pytest.raises(NotPermitted, match="P-MEMBER"):
        propose(world.control, STUDY_FILE, "MEM-000000000000", TODAY)
    assert studies(world.control) == []


@pytest.mark.parametrize(
    "change",
    [
        {"title": "short"},
        {"tables": {}},
        {"tables": {"patient": []}},
        {"tables": {"pa tient": ["sex"]}},
        {"blocks": []},
        {"blocks": [{"mark": "mixed", "sources": ["alpha"]}]},
        {"team": ["somebody"]},
        {"until": "soon"},
        {"seed": float("nan")},
    ],
)
def test_a_study_file_that_cannot_be_used_is_refused(change):
    with pytest.raises(UsageError):
        read_plan(STUDY_FILE | change)


def test_every_value_of_a_study_file_counts_for_its_hash():
    base = read_plan(STUDY_FILE).sha256
    changes = [{"seed": 1}, {"seed": 2}, {"tables": {"patient": ["sex"]}}, {"limits": ["one"]}]
    assert len({base, *(read_plan(STUDY_FILE | change).sha256 for change in changes)}) == 5


def test_a_missing_file_and_a_file_that_is_no_yaml_are_refused(tmp_path):
    with pytest.raises(UsageError):
        read_plan(tmp_path / "study.yaml")
    (tmp_path / "study.yaml").write_bytes(b"\xff\xfe{")
    with pytest.raises(UsageError):
        read_plan(tmp_path / "study.yaml")


def test_unknown_actions_and_studies_and_superfluous_plans_are_refused(world):
    study = world.propose()
    for wrong in ("submit", "publish", "fly"):
        with pytest.raises(UsageError):
            world.act(study, wrong, "lead")
    with pytest.raises(UsageError):
        world.act("STU-000000000000", "review", "clinician")
    with pytest.raises(UsageError):
        world.act("study; drop", "review", "clinician")
    with pytest.raises(UsageError):
        world.act(study, "review", "clinician", study_file=CHANGED)
    with pytest.raises(UsageError):
        world.act(study, "resubmit", "lead")


def test_a_refusal_is_on_record_and_changes_nothing_else(world):
    study = world.propose()
    before = get_study(world.control, study)
    with pytest.raises(NotPermitted):
        world.act(study, "approve", "lead")
    last = audit.history(world.control)[-1]
    assert (last.action, last.actor, last.object) == ("access.refused", world.ids["lead"], study)
    assert last.detail == {"action": "approve", "code": "E-NOT-PERMITTED", "clause": "P-STATE"}
    assert get_study(world.control, study) == before


def test_words_that_people_type_stay_out_of_the_log(world):
    study = world.propose()
    world.act(study, "review", "clinician", "Patient Jane Roe of bed 7 must be left out.")
    logged = "".join(str(event) for event in audit.history(world.control))
    assert "Jane" not in logged
    assert "bed 7" not in logged
    assert "age_band" not in logged


def test_a_failing_audit_event_takes_the_state_back(world, monkeypatch):
    from harmony.store.control.database import Control

    study = world.propose()
    with world.control.transaction() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit_event WHEN NEW.action = 'study.reviewed' "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    assert isinstance(world.control, Control)
    with pytest.raises(Exception, match="disk full"):
        world.act(study, "review", "clinician")
    after = proposals.get_study(world.control, study)
    assert (after.state, after.steps) == ("submitted", ())
