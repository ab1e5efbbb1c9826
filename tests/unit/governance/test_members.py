"""Who may be a member with which roles."""

import pytest

from harmony.errors import NotPermitted, UsageError
from harmony.governance import audit, members
from harmony.governance.procedure import load


def test_a_known_person_keeps_the_id_and_gains_roles(control):
    first = members.add_member(control, "Ada  Example", "North University", ["lead_researcher"])
    assert members.add_member(control, "Ada Example", "North University", ["lead_researcher"]) == first
    assert members.add_member(control, "Ada Example", "North University", ["output_checker"]) == first
    assert members.get(control, first).roles == ("lead_researcher", "output_checker")
    assert [event.action for event in audit.history(control)] == ["member.added", "member.roles_added"]


def test_each_pair_that_excludes_itself_is_refused_at_once_and_in_two_steps(control):
    for number, pair in enumerate(load().incompatible):
        with pytest.raises(NotPermitted, match=pair.id):
            members.add_member(control, f"Person {number}", "House", [pair.a, pair.b])
        members.add_member(control, f"Person {number}", "House", [pair.b])
        with pytest.raises(NotPermitted, match=pair.id):
            members.add_member(control, f"Person {number}", "House", [pair.a])
    assert len(members.members(control)) == len(load().incompatible)


@pytest.mark.parametrize(
    ("name", "organisation", "roles"),
    [
        ("", "House", ["auditor"]),
        ("Name", " ", ["auditor"]),
        ("x" * 201, "House", ["auditor"]),
        ("Name", "House", []),
        ("Name", "House", ["emperor"]),
    ],
)
def test_words_that_cannot_be_used_are_refused(control, name, organisation, roles):
    with pytest.raises(UsageError):
        members.add_member(control, name, organisation, roles)
    assert members.members(control) == []


def test_nobody_grants_to_oneself_and_only_steward_and_officer_grant_to_others(world):
    with pytest.raises(NotPermitted, match="P-ROLE"):
        members.add_member(
            world.control, "Person officer", "Alliance Office", ["output_checker"], world.ids["officer"]
        )
    with pytest.raises(NotPermitted, match="P-ROLE"):
        members.add_member(world.control, "New", "House", ["output_checker"], world.ids["lead"])
    added = members.add_member(world.control, "New", "House", ["output_checker"], world.ids["officer"])
    assert members.get(world.control, added).organisation == "House"
    with pytest.raises(NotPermitted, match="P-MEMBER"):
        members.add_member(world.control, "Other", "House", ["auditor"], "MEM-000000000000")


def test_names_and_organisations_stay_out_of_the_log(world):
    logged = "".join(str(event) for event in audit.history(world.control))
    assert "Person" not in logged
    assert "University" not in logged


def test_an_unknown_person_is_refused(control):
    with pytest.raises(NotPermitted, match="P-MEMBER"):
        members.get(control, "MEM-0123456789ab")
