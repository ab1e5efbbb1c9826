"""The log is a chain that nobody changes and that holds codes only."""

import pytest

from harmony.errors import HarmonyError, NotPermitted, Tampered
from harmony.governance import audit
from harmony.store.control.audit import AuditEvent, append_event


def write(control, number=3):
    for index in range(number):
        with control.transaction() as connection:
            append_event(
                connection,
                AuditEvent("steward", "", f"thing.{index}", "STU-0123456789ab", {"version": index}),
            )


def unlocked(control, sql):
    with control.transaction() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_event_no_update")
        connection.exec_driver_sql("DROP TRIGGER audit_event_no_delete")
        connection.exec_driver_sql(sql)


def test_a_whole_log_verifies_and_gives_its_head(control):
    assert audit.verify(control) == audit.ChainProof(0, "0" * 64)
    write(control)
    proof = audit.verify(control)
    assert proof.events == 3
    assert audit.verify(control, proof.head) == proof


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_event SET actor = 'MEM-000000000000' WHERE number = 2",
        "UPDATE audit_event SET detail = '{\"version\": 7}' WHERE number = 2",
        "UPDATE audit_event SET at = '2026-01-01 00:00:00' WHERE number = 2",
        "UPDATE audit_event SET object = 'STU-000000000000' WHERE number = 3",
        "DELETE FROM audit_event WHERE number = 2",
        "DELETE FROM audit_event WHERE number = 1",
    ],
)
def test_an_administrator_who_drops_the_triggers_and_changes_an_event_is_found(control, sql):
    write(control)
    unlocked(control, sql)
    with pytest.raises(Tampered):
        audit.verify(control)


def test_a_cut_log_is_found_by_a_head_that_was_written_down(control):
    write(control)
    head = audit.verify(control).head
    unlocked(control, "DELETE FROM audit_event WHERE number = 3")
    assert audit.verify(control).events == 2
    with pytest.raises(Tampered, match="written down"):
        audit.verify(control, head)


@pytest.mark.parametrize(
    "detail",
    [
        {"name": "Jane"},
        {"note": "abc"},
        {"code": "Jane Roe"},
        {"code": "born 1950-01-01"},
        {"tables": ["patient", "two words"]},
        {"code": 1.5},
        {"code": None},
        {"code": {"a": 1}},
        {"code": "x" * 129},
    ],
)
def test_details_outside_the_list_of_fields_and_codes_are_refused(detail):
    with pytest.raises(HarmonyError, match="may not be logged"):
        AuditEvent("steward", "", "thing", "x", detail)


def test_a_refused_change_leaves_one_refusal_and_nothing_else(control):
    with (
        pytest.raises(NotPermitted),
        audit.changing(control, "Jane Roe", "drop table; x", "bed 7") as connection,
    ):
        append_event(connection, AuditEvent("steward", "", "never", "x"))
        raise NotPermitted("No.")
    (only,) = audit.history(control)
    assert (only.actor, only.object, only.action) == ("unknown", "unknown", "access.refused")
    assert only.detail["action"] == "unknown"


def test_an_error_that_is_no_refusal_rolls_back_and_is_not_logged(control):
    with pytest.raises(ZeroDivisionError), audit.changing(control, "steward", "x", "") as connection:
        append_event(connection, AuditEvent("steward", "", "never", "x"))
        raise ZeroDivisionError
    assert audit.history(control) == []
