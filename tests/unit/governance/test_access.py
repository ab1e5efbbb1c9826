"""The right to use data is asked at the moment of use, and a view holds nothing else."""

import datetime as dt
import hashlib

import pyarrow.parquet as pq
import pytest
from governance_world import (
    RELEASE,
    STUDY_FILE,
    TODAY,
    agreement_id,
    agreements,
    make_release,
    make_research_zone,
    make_world,
)

from harmony.errors import AgreementRefused, NotPermitted, UsageError
from harmony.governance import audit
from harmony.governance.access import check_may_run, may_run, open_view
from harmony.stages.journey import StudyView
from harmony.store.control.database import open_control


@pytest.fixture
def zone(tmp_path):
    return make_research_zone(tmp_path / "research")


@pytest.fixture
def world(zone):
    control = open_control(zone.control_url)
    yield make_world(control)
    control.close()


@pytest.fixture
def release(zone, world):
    return make_release(zone, world.control)


def pseudonym(person):
    return hashlib.sha256(b"study key" + person.encode()).hexdigest()[:32]


def ask(world, release, study, who="lead", study_file=STUDY_FILE, on=TODAY, **ends):
    return check_may_run(world.control, study, world.ids[who], study_file, release, agreements(**ends), on)


def view_of(zone, world, release, study, who="lead", study_file=STUDY_FILE, on=TODAY, order=None, **ends):
    return open_view(
        zone,
        world.control,
        study,
        world.ids[who],
        study_file,
        release,
        agreements(**ends),
        on,
        pseudonym,
        order,
    )


def test_a_permit_names_approval_and_agreements(world, release):
    study = world.open_study()
    permit = ask(world, release, study)
    assert permit.clause == (
        f"{study} approved on 2026-11-24 (P-PLAN); in force: "
        f"{agreement_id('alpha')}, {agreement_id('beta')}, {agreement_id('gamma')} (P-AGREEMENT)"
    )
    assert [(s.provider, s.mark) for s in permit.sources] == [
        ("alpha", "synthetic"),
        ("beta", "synthetic"),
        ("gamma", "public"),
    ]


@pytest.mark.parametrize("state", ["submitted", "approved", "suspended", "closed"])
def test_nothing_runs_while_the_study_is_not_open(world, release, state):
    study = {"submitted": world.propose, "approved": world.approved_study}.get(state, world.open_study)()
    if state == "suspended":
        world.act(study, "suspend", "protection")
    if state == "closed":
        world.act(study, "close", "lead")
    with pytest.raises(NotPermitted, match="clause P-OPEN") as refused:
        ask(world, release, study)
    assert refused.value.exit_code == 30
    assert audit.history(world.control)[-1].detail["clause"] == "P-OPEN"


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"tables": STUDY_FILE["tables"] | {"patient": ["sex", "age_band", "karyotype"]}},
        {"question": STUDY_FILE["question"] + " "},
        {"blocks": STUDY_FILE["blocks"][:1]},
    ],
)
def test_a_changed_plan_does_not_run(world, release, change):
    study = world.open_study()
    with pytest.raises(NotPermitted, match="clause P-PLAN") as refused:
        ask(world, release, study, study_file=STUDY_FILE | change)
    assert refused.value.exit_code == 30


def test_strangers_and_people_without_a_researchers_role_do_not_run(world, release):
    study = world.open_study()
    for who, clause in (
        ("stranger", "P-TEAM"),
        ("analyst", "P-TEAM"),
        ("steward", "P-ROLE"),
        ("chair", "P-ROLE"),
    ):
        with pytest.raises(NotPermitted, match=f"clause {clause}"):
            ask(world, release, study, who)
    team = STUDY_FILE | {"team": [world.ids["analyst"]]}
    shared = world.open_study(team=team["team"])
    assert ask(world, release, shared, "analyst", team).role == "study_analyst"


def test_the_last_day_is_whole_and_the_next_one_is_refused(world, release):
    plan = STUDY_FILE | {"until": "2026-12-01"}
    study = world.open_study(until="2026-12-01")
    assert ask(world, release, study, study_file=plan, on=dt.date(2026, 12, 1)).study == study
    with pytest.raises(NotPermitted, match="clause P-UNTIL"):
        ask(world, release, study, study_file=plan, on=dt.date(2026, 12, 2))


def test_without_a_last_day_the_approval_ends_after_24_months(world, release):
    study = world.open_study()
    with pytest.raises(AgreementRefused):
        ask(world, release, study, on=dt.date(2028, 11, 24))
    with pytest.raises(NotPermitted, match="clause P-UNTIL"):
        ask(world, release, study, on=dt.date(2028, 11, 25))


def test_a_source_whose_agreement_ended_is_left_out_and_named(zone, world, release):
    study = world.open_study()
    view = view_of(zone, world, release, study, beta=TODAY - dt.timedelta(days=1))
    assert view.sources == ("alpha", "gamma")
    assert f"left out: beta/synthetic (agreement {agreement_id('beta')} ended on 2026-11-23)" in view.clause
    providers = pq.read_table(view.folder / "patient.parquet").column("provider_id").to_pylist()
    assert sorted(set(providers)) == ["alpha", "gamma"]
    assert audit.history(world.control)[-1].detail["left_out"] == ["beta/synthetic"]


def test_on_its_last_day_an_agreement_is_in_force(zone, world, release):
    assert view_of(zone, world, release, world.open_study(), beta=TODAY).sources == ("alpha", "beta", "gamma")


def test_no_agreement_in_force_at_all_is_refused_with_every_reason(world, release):
    study = world.open_study()
    ended = TODAY - dt.timedelta(days=1)
    with pytest.raises(AgreementRefused) as refused:
        ask(world, release, study, alpha=ended, beta=ended, gamma=ended)
    assert refused.value.exit_code == 23
    assert all(agreement_id(name) in refused.value.what for name in ("alpha", "beta", "gamma"))
    assert agreement_id("delta") not in refused.value.what


def test_an_agreement_that_is_missing_of_another_party_or_kind_covers_nothing(world, release):
    from dataclasses import replace

    study = world.open_study()
    good = agreements()
    for bad in (
        good[1:],
        [replace(good[0], parties=("beta",)), *good[1:]],
        [replace(good[0], kind="patient"), *good[1:]],
        [replace(good[0], valid_from=TODAY + dt.timedelta(days=1)), *good[1:]],
    ):
        permit = check_may_run(world.control, study, world.ids["lead"], STUDY_FILE, release, bad, TODAY)
        assert [source.provider for source in permit.sources] == ["beta", "gamma"]
        assert list(permit.left_out) == ["alpha/synthetic"]


def test_may_run_answers_yes_or_no(world, release):
    study = world.open_study()
    arguments = (STUDY_FILE, release, agreements(), TODAY)
    assert may_run(world.control, study, world.ids["lead"], *arguments)
    assert not may_run(world.control, study, world.ids["stranger"], *arguments)
    assert not may_run(world.control, "STU-000000000000", world.ids["lead"], *arguments)


def test_a_view_holds_only_approved_tables_columns_and_sources(zone, world, release):
    view = view_of(zone, world, release, world.open_study())
    assert isinstance(view, StudyView)
    assert view.tables == ("follow_up", "patient")
    assert view.columns == {"patient": ("sex", "age_band"), "follow_up": ("last_day", "died")}
    assert view.folder == zone.root / "views" / view.study / RELEASE
    assert sorted(p.name for p in view.folder.iterdir()) == [
        "follow_up.parquet",
        "patient.parquet",
        "view.json",
    ]
    patient = pq.read_table(view.folder / "patient.parquet")
    assert patient.column_names == ["person", "provider_id", "mark", "sex", "age_band"]
    assert len(patient) == 6
    assert set(patient.column("provider_id").to_pylist()) == {"alpha", "beta", "gamma"}
    assert len(pq.read_table(view.folder / "follow_up.parquet")) == 12


def test_people_have_the_study_pseudonym_and_no_release_pseudonym_is_left(zone, world, release):
    view = view_of(zone, world, release, world.open_study())
    people = [f"{number:032x}" for number in range(8)]
    seen = pq.read_table(view.folder / "patient.parquet").column("person").to_pylist()
    assert sorted(seen) == sorted(pseudonym(person) for person in people[:6])
    raw = b"".join(path.read_bytes() for path in view.folder.iterdir())
    assert not [person for person in people if person.encode() in raw]
    both = pq.read_table(view.folder / "follow_up.parquet").column("person").to_pylist()
    assert set(both) == set(seen)


def test_marks_form_blocks_and_rows_follow_the_keyed_order(zone, world, release):
    view = view_of(zone, world, release, world.open_study())
    table = pq.read_table(view.folder / "patient.parquet")
    rows = list(zip(table.column("mark").to_pylist(), table.column("person").to_pylist(), strict=True))
    assert rows == sorted(rows)
    turned = world.open_study(seed=2)
    other = view_of(
        zone,
        world,
        release,
        turned,
        study_file=STUDY_FILE | {"seed": 2},
        order=lambda p: f"{99 - int(p, 16)}",
    )
    people = pq.read_table(other.folder / "patient.parquet").column("person").to_pylist()
    assert people == [pseudonym(f"{number:032x}") for number in (5, 4, 3, 2, 1, 0)]


def test_a_second_opening_uses_the_same_cut_and_a_changed_one_is_cut_again(zone, world, release):
    study = world.open_study()
    first = view_of(zone, world, release, study)
    stamp = (first.folder / "patient.parquet").stat().st_mtime_ns
    events = len(audit.history(world.control))
    view_of(zone, world, release, study)
    assert (first.folder / "patient.parquet").stat().st_mtime_ns == stamp
    assert len(audit.history(world.control)) == events
    good = (first.folder / "patient.parquet").read_bytes()
    for name in ("patient.parquet", "view.json"):
        content = bytearray((first.folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (first.folder / name).write_bytes(bytes(content))
        view_of(zone, world, release, study)
        assert (first.folder / "patient.parquet").read_bytes() == good
    (first.folder / "patient.parquet").unlink()
    view_of(zone, world, release, study)
    assert (first.folder / "patient.parquet").read_bytes() == good
    (first.folder / "smuggled.parquet").write_bytes(good)
    view_of(zone, world, release, study)
    assert not (first.folder / "smuggled.parquet").exists()


def test_a_source_that_ends_after_the_first_opening_is_cut_away(zone, world, release):
    study = world.open_study()
    assert view_of(zone, world, release, study).sources == ("alpha", "beta", "gamma")
    later = view_of(zone, world, release, study, alpha=TODAY - dt.timedelta(days=1))
    assert set(pq.read_table(later.folder / "patient.parquet").column("provider_id").to_pylist()) == {
        "beta",
        "gamma",
    }


def test_a_plan_that_asks_for_what_the_release_has_not_is_refused_and_leaves_nothing(zone, world, release):
    for tables, word in (({"genome": ["reads"]}, "genome"), ({"patient": ["sex", "name"]}, "name")):
        plan = STUDY_FILE | {"tables": tables}
        study = world.open_study(tables=tables)
        with pytest.raises(UsageError, match=word):
            view_of(zone, world, release, study, study_file=plan)
    assert not (zone.root / "views").exists()


def test_a_refused_person_gets_no_view(zone, world, release):
    with pytest.raises(NotPermitted):
        view_of(zone, world, release, world.open_study(), who="stranger")
    assert not (zone.root / "views").exists()


def test_only_access_makes_a_study_view():
    from pathlib import Path

    import harmony

    source = Path(harmony.__file__).parent
    makers = [
        p.relative_to(source).as_posix() for p in source.rglob("*.py") if "StudyView(" in p.read_text("utf-8")
    ]
    assert sorted(m for m in makers if m != "stages/journey.py") == ["governance/access.py"]
