"""Members of the alliance: who acts, for which organisation, in which roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harmony.errors import UsageError
from harmony.governance.audit import STEWARD, changing
from harmony.governance.ids import new_id
from harmony.governance.procedure import load
from harmony.governance.refusal import refusal
from harmony.store.control import governance as records
from harmony.store.control.audit import AuditEvent

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harmony.store.control.database import Control


@dataclass(frozen=True)
class Member:
    """A person: MEM id, name, organisation, roles."""

    id: str
    name: str
    organisation: str
    roles: tuple[str, ...]


def add_member(
    control: Control, name: str, organisation: str, roles: Sequence[str], granted_by: str = STEWARD
) -> str:
    """
    Add a person with roles, or give a known person (same name and organisation) further roles.

    Parameters
    ----------
    control : Control
        Records of the research zone.
    name, organisation : str
        As the alliance knows them, 1 to 200 characters.
    roles : sequence of str
        Roles of the procedure.
    granted_by : str
        `steward`, or the MEM id of a platform steward or governance officer.

    Returns
    -------
    str
        MEM id; the stored one when the person is known.

    Raises
    ------
    UsageError
        When name, organisation or a role cannot be used.
    NotPermitted
        When the roles exclude each other, somebody grants to oneself, or may not grant.
    """
    name, organisation = " ".join(name.split()), " ".join(organisation.split())
    _check_words(name, organisation, roles)
    with changing(control, granted_by, "add_member", "") as connection:
        known = records.select_member_id(connection, name, organisation)
        before = find(connection, known).roles if known else ()
        added = tuple(sorted(set(roles) - set(before)))
        _check_grant(connection, granted_by, known, (*before, *added))
        member = known or new_id("MEM")
        detail = {"roles": list(added)}
        if known is None:
            row = {"id": member, "name": name, "organisation": organisation}
            event = AuditEvent(granted_by, "", "member.added", member, detail)
            records.insert_member(connection, row, added, event)
        elif added:
            records.insert_roles(
                connection, member, added, AuditEvent(granted_by, "", "member.roles_added", member, detail)
            )
        return member


def find(connection: sa.Connection, person: str) -> Member:
    """Return a member inside a transaction; raise `NotPermitted` when there is none of this id."""
    row = records.select_member(connection, person)
    if row is None:
        raise refusal(
            "The acting person is not a member.", "P-MEMBER", "Ask the steward: harmony member add."
        )
    return Member(row["id"], row["name"], row["organisation"], row["roles"])


def get(control: Control, person: str) -> Member:
    """Return a member; raise `NotPermitted` when there is none of this id."""
    with control.transaction() as connection:
        return find(connection, person)


def members(control: Control) -> list[Member]:
    """Return all members in the order of their ids."""
    with control.transaction() as connection:
        rows = records.select_members(connection)
    return [Member(row["id"], row["name"], row["organisation"], row["roles"]) for row in rows]


def _check_words(name: str, organisation: str, roles: Sequence[str]) -> None:
    if not (0 < len(name) <= 200 and 0 < len(organisation) <= 200):
        raise UsageError("Name and organisation of a member are needed.", "", "1 to 200 characters each")
    unknown = sorted(set(roles) - set(load().roles))
    if unknown or not roles:
        listed = ", ".join(load().roles)
        raise UsageError(f"Unknown or missing roles: {', '.join(unknown) or 'none given'}.", "", listed)


def _check_grant(
    connection: sa.Connection, granted_by: str, member: str | None, roles: tuple[str, ...]
) -> None:
    for pair in load().incompatible:
        if pair.a in roles and pair.b in roles:
            raise refusal(
                f"{pair.a} and {pair.b} exclude each other ({pair.id}): {pair.why}.",
                "P-ROLE",
                "Give one of the roles to another person.",
            )
    if granted_by == STEWARD:
        return
    granter = find(connection, granted_by)
    if granter.id == member or not {"platform_steward", "governance_officer"} & set(granter.roles):
        raise refusal(
            "This person may not grant these roles.",
            "P-ROLE",
            "Ask another platform steward or governance officer.",
        )
