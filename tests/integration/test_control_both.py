"""The same control records on SQLite and on a real PostgreSQL server."""

import threading

import pytest
import sqlalchemy as sa
from governance_world import REASON, TODAY, make_world
from postgres_server import new_database, running_server, skip_or_fail_without_postgresql

from harmony.errors import Busy, NotPermitted
from harmony.governance import audit, proposals
from harmony.governance.publication import publish, verify_published
from harmony.store.control import exchange
from harmony.store.control.audit import AuditEvent, append_event
from harmony.store.control.database import open_control
from harmony.store.control.governance import STUDY, select_study, update_study
from harmony.store.control.schema import METADATA


@pytest.fixture(scope="session")
def server():
    skip_or_fail_without_postgresql()
    with running_server() as port:
        yield port


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'control.db'}"
    return new_database(request.getfixturevalue("server"))


@pytest.fixture
def control(url):
    opened = open_control(url)
    yield opened
    opened.close()


@pytest.fixture
def world(control):
    return make_world(control)


def test_the_migrations_make_exactly_the_tables_that_the_code_describes(control):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert exchange.METADATA is METADATA
    with control.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert {"stage", "study", "output_request", "audit_event", "member"} <= set(METADATA.tables)


def test_a_missing_column_would_be_seen_by_that_comparison(control):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with control.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE study_view DROP COLUMN sha256")
    with control.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert [(kind, table, column.name) for kind, _, table, column in differences] == [
        ("add_column", "study_view", "sha256")
    ]


def test_the_migrations_go_down_to_nothing_and_up_again(control):
    from pathlib import Path

    from alembic import command
    from alembic.config import Config

    from harmony.store.control import database

    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with control.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(sa.inspect(control.engine).get_table_names()) <= {"alembic_version"}
    database.migrate(control.engine)
    database.migrate(control.engine)
    assert set(METADATA.tables) <= set(sa.inspect(control.engine).get_table_names())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'nobody'",
        "UPDATE audit_event SET detail = '{}' WHERE number = 1",
        "DELETE FROM audit_event",
        "DELETE FROM audit_event WHERE number = 1",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_event(world, statement):
    before = audit.verify(world.control)
    with pytest.raises(sa.exc.DatabaseError, match="never changed or deleted"):  # noqa: SIM117
        with world.control.transaction() as connection:
            connection.exec_driver_sql(statement)
    assert audit.verify(world.control) == before


@pytest.mark.needs("postgresql")
def test_postgresql_refuses_to_truncate_the_log(server):
    control = open_control(new_database(server))
    with pytest.raises(sa.exc.DatabaseError, match="never changed or deleted"):  # noqa: SIM117
        with control.transaction() as connection:
            connection.exec_driver_sql("TRUNCATE audit_event")
    control.close()


def test_a_state_without_its_event_is_rolled_back(world):
    study = world.propose()
    with pytest.raises(sa.exc.DatabaseError):  # noqa: SIM117
        with world.control.transaction() as connection:
            row = select_study(connection, study)
            # The event's actor is longer than any id, or its name missing: the log refuses it.
            event = AuditEvent("steward", "", "study.opened", study)
            object.__setattr__(event, "action", None)
            update_study(connection, row, "open", event)
    assert proposals.get_study(world.control, study).state == "submitted"
    with world.control.transaction() as connection:
        update_study(
            connection, select_study(connection, study), "open", AuditEvent("steward", "", "x", study)
        )
    assert proposals.get_study(world.control, study).state == "open"


def test_an_event_without_its_state_is_rolled_back(world):
    study = world.propose()
    events = audit.verify(world.control).events
    with world.control.transaction() as connection:
        stale = select_study(connection, study) | {"version": 7}
    with pytest.raises(Busy), world.control.transaction() as connection:
        append_event(connection, AuditEvent("steward", "", "early", study))
        update_study(connection, stale, "open", AuditEvent("steward", "", "x", study))
    assert audit.verify(world.control).events == events


def test_a_question_becomes_a_published_result(world, tmp_path):
    study = world.open_study()
    assert world.propose() == study
    result = world.request(study, tmp_path, findings=("A level holds all patients of a group.",))
    for who in ("checker", "checker_two"):
        world.check(result, who, tmp_path)
        world.decide(result, who, note=REASON)
    post = tmp_path / "post"
    folder = publish(world.control, result, world.ids["publisher"], tmp_path / "out", post, world.keys, TODAY)
    assert verify_published(folder, world.keys)["study"] == study
    proof = audit.verify(world.control)
    assert proof.events == len(audit.history(world.control)) == 19 + 6 + 6
    with pytest.raises(NotPermitted):
        world.act(study, "approve", "lead")
    assert audit.verify(world.control, proof.head).events == proof.events + 1


def test_instants_come_back_in_utc_and_the_chain_holds_across_connections(url):
    first = open_control(url)
    world = make_world(first)
    head = audit.verify(first).head
    first.close()
    again = open_control(url)
    assert audit.verify(again, head).events == 19
    assert {event.at.utcoffset().total_seconds() for event in audit.history(again)} == {0.0}
    assert world.ids["lead"].startswith("MEM-")
    again.close()


def test_two_people_who_decide_at_once_leave_one_state_and_one_chain(url):
    control = open_control(url)
    world = make_world(control)
    study = world.propose()
    for who in ("clinician", "statistician", "ethics"):
        world.act(study, "review", who)
    outcomes = []
    start = threading.Barrier(2)

    def decide(mine, action, who):
        start.wait(timeout=30)
        try:
            outcomes.append(proposals.act(mine, study, action, world.ids[who], REASON, TODAY))
        except (NotPermitted, Busy) as error:
            outcomes.append(error.code)
        mine.close()

    steps = (("approve", "chair"), ("reject", "both"))
    threads = [threading.Thread(target=decide, args=(open_control(url), *step)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([outcome for outcome in outcomes if outcome in ("approved", "rejected")]) == 1
    assert len([outcome for outcome in outcomes if outcome == "E-NOT-PERMITTED"]) == 1
    assert proposals.get_study(control, study).state in outcomes
    audit.verify(control)
    control.close()


def test_many_writers_at_once_leave_one_whole_chain(url):
    control = open_control(url)

    def write(number):
        for step in range(10):
            with control.transaction() as connection:
                append_event(connection, AuditEvent("steward", "", f"w{number}.{step}", "x"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit.verify(control).events == 40
    control.close()


def test_a_member_a_study_cannot_name_is_refused_by_the_database(control):
    row = {
        "id": "STU-0123456789ab",
        "state": "open",
        "version": 1,
        "title": "t",
        "author": "MEM-000000000000",
    }
    import datetime as dt

    with pytest.raises(sa.exc.IntegrityError), control.transaction() as connection:
        connection.execute(STUDY.insert().values(**row, created_at=dt.datetime.now(dt.UTC)))
