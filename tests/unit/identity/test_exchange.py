"""Chains and records of the exchange on SQLite; the migration makes exactly what the code uses."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from harmony.errors import Fork, Gap, Replay, Tampered
from harmony.identity.table import PersonTable
from harmony.store.control import exchange
from harmony.store.control.database import open_control

STREAM = "5" * 32
TABLES = (exchange.CHAIN, exchange.DELIVERY, exchange.RECEIPT, exchange.PERSON, exchange.GONE)


@pytest.fixture
def control(tmp_path):
    made = open_control(f"sqlite:///{tmp_path / 'control.db'}")
    yield made
    made.close()


def accept(control, counter, sha256):
    with control.transaction() as connection:
        exchange.add_delivery(connection, sha256, f"DLV-{counter:012x}", STREAM, counter)


def test_migration_and_metadata_agree(control):
    inspector = sa.inspect(control.engine)
    for table in TABLES:
        found = {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)}
        assert found == {column.name: column.nullable for column in table.columns}
        keys = inspector.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key.columns]
        unique = {tuple(item["column_names"]) for item in inspector.get_unique_constraints(table.name)}
        wanted = {
            tuple(column.name for column in item.columns)
            for item in table.constraints
            if isinstance(item, sa.UniqueConstraint)
        }
        assert unique == wanted


def test_chain_takes_the_next_message_and_nothing_else(control):
    exchange.check_next(control, STREAM, 1, exchange.NO_HEAD, "a" * 64)
    with pytest.raises(Gap):
        exchange.check_next(control, STREAM, 2, "a" * 64, "b" * 64)
    accept(control, 1, "a" * 64)
    accept(control, 2, "b" * 64)
    exchange.check_next(control, STREAM, 3, "b" * 64, "c" * 64)
    with pytest.raises(Replay):
        exchange.check_next(control, STREAM, 1, exchange.NO_HEAD, "d" * 64)
    with pytest.raises(Gap):
        exchange.check_next(control, STREAM, 4, "c" * 64, "d" * 64)


@pytest.mark.parametrize(("counter", "previous"), [(1, exchange.NO_HEAD), (2, "f" * 64)])
def test_fork_freezes_the_stream_until_it_is_thawed(control, counter, previous):
    accept(control, 1, "a" * 64)
    with pytest.raises(Fork):
        exchange.check_next(control, STREAM, counter, previous, "b" * 64)
    with pytest.raises(Fork):
        exchange.check_next(control, STREAM, 2, "a" * 64, "c" * 64)
    with control.transaction() as connection:
        exchange.thaw(connection, STREAM)
    exchange.check_next(control, STREAM, 2, "a" * 64, "c" * 64)


def test_fork_of_the_answers_is_refused_and_not_frozen(control):
    with control.transaction() as connection:
        exchange.advance(connection, exchange.ANSWERS, 1, "a" * 64)
    with pytest.raises(Fork):
        exchange.check_next(control, exchange.ANSWERS, 1, exchange.NO_HEAD, "b" * 64)
    exchange.check_next(control, exchange.ANSWERS, 2, "a" * 64, "c" * 64)


def test_deliveries_are_open_until_that_party_gave_a_receipt(control):
    accept(control, 1, "a" * 64)
    accept(control, 2, "b" * 64)
    with control.transaction() as connection:
        exchange.add_receipt(connection, "a" * 64, "t.sign", b"first")
        exchange.add_receipt(connection, "a" * 64, "t.sign", b"second")
        assert exchange.receipt(connection, "a" * 64, "t.sign") == b"first"
        assert exchange.receipt(connection, "a" * 64, "h.sign") is None
        assert exchange.open_deliveries(connection, "t.sign") == ["DLV-000000000002"]
        assert len(exchange.open_deliveries(connection, "h.sign")) == 2


def test_one_counter_of_a_stream_is_accepted_once(control):
    accept(control, 1, "a" * 64)
    with pytest.raises(sa.exc.IntegrityError):
        accept(control, 1, "b" * 64)


def test_person_table_keeps_ids_and_refuses_a_changed_or_moved_row(control):
    table = PersonTable(bytes(32))
    rows = [[f"{number:032x}", f"{number:064x}"] for number in range(1200)]
    with control.transaction() as connection:
        first = table.assign(connection, "P01", rows)
        exchange.add_persons(connection, first.new_rows)
        second = table.assign(connection, "P01", rows)
        other = table.assign(connection, "P02", rows)
    assert second.persons == first.persons and second.new_rows == {}
    assert len(set(first.persons.values()) | set(other.persons.values())) == 2400
    one, two = list(first.new_rows)[:2]
    with control.transaction() as connection:
        moved = exchange.PERSON.update().where(exchange.PERSON.c.index_mac == one)
        connection.execute(moved.values(sealed=first.new_rows[two]))
        with pytest.raises(Tampered):
            table.assign(connection, "P01", rows)
        with pytest.raises(Tampered):
            connection.execute(moved.values(sealed=first.new_rows[one][:-2] + "00"))
            table.assign(connection, "P01", rows)


def test_tombstones_withhold_one_provider_only(control):
    table = PersonTable(bytes(32))
    rows = [["1" * 32, "2" * 64], ["3" * 32, "4" * 64]]
    with control.transaction() as connection:
        table.bury(connection, "P01", ["2" * 64])
        table.bury(connection, "P01", ["2" * 64, "9" * 64])
        assert table.assign(connection, "P01", rows).withheld == ["1" * 32]
        assert table.assign(connection, "P02", rows).withheld == []
