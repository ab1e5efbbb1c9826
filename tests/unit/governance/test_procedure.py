"""The procedure table, and that nothing outside it is possible."""

import datetime as dt
import itertools
from dataclasses import replace
from typing import get_args

import pytest
import yaml
from governance_world import NOTE, TODAY

from harmony.errors import NotPermitted, UsageError
from harmony.governance import acting
from harmony.governance.acting import Case, Step, check_may_act, may_act
from harmony.governance.members import Member
from harmony.governance.procedure import Need, load, mermaid, parse, reference_page

PROCEDURE = load()
CELLS = [
    (machine, state, action, role)
    for machine, table in PROCEDURE.machines.items()
    for state, action, role in itertools.product([None, *table.states], table.actions, PROCEDURE.roles)
]


def table_text(**changes):
    content = PROCEDURE.model_dump(by_alias=True, exclude={"sha256"}) | changes
    return yaml.safe_dump(yaml.safe_load(PROCEDURE.model_validate(content).model_dump_json(by_alias=True)))


def case(machine, state):
    return Case(
        "STU-0123456789ab",
        machine,
        state,
        1,
        frozenset(),
        frozenset(),
        TODAY,
        "STU-0123456789ab",
        "open",
        "",
        "",
    )


def refused_clause(machine, state, action, role):
    member = Member("MEM-0123456789ab", "Person", "House", (role,))
    try:
        check_may_act(case(machine, state), Step(action, member, NOTE, TODAY))
    except NotPermitted as error:
        return next(c for c in PROCEDURE.clauses if f"clause {c}:" in error.what)
    return ""


def test_every_state_action_and_role_outside_the_table_is_refused():
    allowed = 0
    for machine, state, action, role in CELLS:
        transition = PROCEDURE.machines[machine].find(state, action)
        expected = {"P-STATE"} if transition is None else {"P-ROLE"}
        clause = refused_clause(machine, state, action, role)
        if transition is not None and role in transition.roles:
            allowed += 1
            assert clause not in ("P-STATE", "P-ROLE"), (machine, state, action, role)
        else:
            assert {clause} == expected, (machine, state, action, role)
    listed = sum(len(t.roles) for m in PROCEDURE.machines.values() for t in m.transitions)
    assert allowed == listed
    assert len(CELLS) > 10 * allowed


def test_each_need_of_the_table_has_a_check_and_each_check_is_used():
    used = {need for m in PROCEDURE.machines.values() for t in m.transitions for need in t.needs}
    assert set(acting._CHECKS) == set(get_args(Need)) == used


def test_every_clause_that_is_named_in_the_code_is_defined_and_each_state_has_an_owner():
    for machine in PROCEDURE.machines.values():
        assert all(state.owner in PROCEDURE.roles and state.text for state in machine.states.values())
    assert all(text.endswith(".") for text in PROCEDURE.clauses.values())


def test_every_state_is_reached_and_every_state_leads_to_an_end():
    for machine in PROCEDURE.machines.values():
        ends = {name for name, state in machine.states.items() if state.terminal}
        reached, leads = {machine.initial}, set(ends)
        for _ in machine.states:
            reached |= {t.to for t in machine.transitions if t.source in reached}
            leads |= {t.source for t in machine.transitions if t.to in leads and t.source}
        assert reached == leads == set(machine.states)


def test_no_sequence_of_steps_reaches_open_without_review_approve_and_open():
    machine = PROCEDURE.machines["study"]
    for left_out in ("review", "approve", "open"):
        reached = {"submitted"}
        for _ in machine.states:
            reached |= {t.to for t in machine.transitions if t.source in reached and t.action != left_out}
        assert "open" not in reached
    walked = {t.to for t in machine.transitions if t.action == "open"}
    assert walked == {"open"}


def test_no_result_is_published_without_check_and_release():
    machine = PROCEDURE.machines["output_request"]
    for left_out in ("check", "release"):
        reached = {"requested"}
        for _ in machine.states:
            reached |= {t.to for t in machine.transitions if t.source in reached and t.action != left_out}
        assert "published" not in reached


def test_while_suspended_only_resume_and_close_are_possible():
    assert PROCEDURE.machines["study"].actions_in("suspended") == ("resume", "close")


@pytest.mark.parametrize(
    "change",
    [
        {"study_roles": ["lead_researcher", "nobody"]},
        {"reviews": {"kinds": ["reviewer_astrologer"], "organisations": 2}},
        {"reason_length": "long"},
        {"surprise": 1},
    ],
)
def test_a_table_with_an_unknown_role_field_or_value_is_refused(change):
    good = yaml.safe_load(table_text())
    with pytest.raises(UsageError):
        parse(yaml.safe_dump(good | change))


def test_a_table_with_two_ways_for_one_action_or_an_undefined_state_is_refused():
    good = yaml.safe_load(table_text())
    assert parse(yaml.safe_dump(good)).machines == PROCEDURE.machines
    steps = good["machines"]["study"]["transitions"]
    doubled = yaml.safe_load(yaml.safe_dump(good))
    doubled["machines"]["study"]["transitions"] = [*steps, steps[1] | {"id": "S99"}]
    with pytest.raises(UsageError, match="two transitions"):
        parse(yaml.safe_dump(doubled))
    astray = yaml.safe_load(yaml.safe_dump(good))
    astray["machines"]["study"]["transitions"] = [
        *steps,
        steps[1] | {"id": "S99", "to": "limbo", "action": "x"},
    ]
    with pytest.raises(UsageError, match="limbo"):
        parse(yaml.safe_dump(astray))


def test_a_table_with_an_end_that_goes_on_is_refused():
    good = yaml.safe_load(table_text())
    good["machines"]["study"]["states"]["open"]["terminal"] = True
    with pytest.raises(UsageError, match="open"):
        parse(yaml.safe_dump(good))


def test_text_that_is_no_yaml_is_refused():
    with pytest.raises(UsageError):
        parse("id: [")


def test_the_diagram_shows_every_transition():
    for machine in PROCEDURE.machines.values():
        text = mermaid(machine)
        assert text.startswith("stateDiagram-v2\n    [*] --> ")
        for step in machine.transitions:
            line = next(
                x for x in text.splitlines() if x.startswith(f"    {step.source or '[*]'} --> {step.to}:")
            )
            assert step.action in line
    assert "checking --> checking: check, release (first of two)" in mermaid(
        PROCEDURE.machines["output_request"]
    )


def test_the_reference_page_names_every_clause_role_state_and_step():
    page = reference_page(PROCEDURE)
    words = [*PROCEDURE.clauses, *PROCEDURE.roles]
    words += [t.id for m in PROCEDURE.machines.values() for t in m.transitions]
    assert all(f"| {word} |" in page for word in words)


def test_a_study_without_a_last_day_is_not_stopped_by_it_and_one_with_it_is():
    steward = Member("MEM-0123456789ab", "Person", "House", ("lead_researcher",))
    base = case("study", None)
    late = Step("submit", steward, NOTE, TODAY + dt.timedelta(days=1))
    assert may_act(base, replace(late, today=TODAY))
    assert not may_act(base, late)
    assert may_act(replace(base, until=None), late)
