"""
The right to work on data, asked again at the moment of use, and the only maker of `StudyView`.

`check_may_run` raises with the clause, `may_run` answers yes or no.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmony.errors import AgreementRefused, HarmonyError, UsageError
from harmony.governance.agreements import Source, release_sources, split_sources
from harmony.governance.audit import changing
from harmony.governance.ids import check_id
from harmony.governance.members import Member, find
from harmony.governance.plans import Plan, read_plan
from harmony.governance.procedure import load
from harmony.governance.proposals import study_case
from harmony.governance.refusal import refusal
from harmony.governance.views import Cut, check_tables, make_view, place_view, verified_view, view_folder
from harmony.identity.peers import Agreement
from harmony.settings import Zone
from harmony.stages.journey import Release, StudyView
from harmony.store.control import governance as records
from harmony.store.control.audit import AuditEvent

if TYPE_CHECKING:
    import sqlalchemy as sa

    from harmony.store.control.database import Control


@dataclass(frozen=True)
class Permit:
    """
    What a person may work on today.

    Attributes
    ----------
    study, person, role : str
        STU and MEM id, role acted in.
    plan : Plan
        The approved plan.
    sources : tuple of Source
        Sources whose agreement is in force.
    left_out : mapping of str to str
        Approved sources that are not in, with the reason.
    clause : str
        Why it is allowed: approval and agreements.
    """

    study: str
    person: str
    role: str
    plan: Plan
    sources: tuple[Source, ...]
    left_out: Mapping[str, str]
    clause: str


def check_may_run(
    control: Control,
    study: str,
    person: str,
    study_file: Path | Mapping[str, Any],
    release: Release,
    agreements: Sequence[Agreement],
    today: dt.date,
) -> Permit:
    """
    Return the permit of a person to run a study on a release today.

    Parameters
    ----------
    study, person : str
        STU and MEM id.
    study_file : Path or mapping
        The plan that is to run; it must be the approved one, value by value.
    release : Release
        `details` list its sources.
    agreements : sequence of Agreement
        Agreements as pinned today.
    today : date
        Day of use.

    Raises
    ------
    NotPermitted
        When the study is not open, its last day has passed, the plan is another one, or the person has
        no researcher's role or is not of the team; names the clause of the procedure.
    AgreementRefused
        When no approved source is covered by an agreement in force; names each agreement.
    UsageError
        When there is no such study.
    """
    check_id(study, "STU")
    with changing(control, person, "run", study) as connection:
        return _permit(connection, study, person, read_plan(study_file), release, agreements, today)


def may_run(
    control: Control,
    study: str,
    person: str,
    study_file: Path | Mapping[str, Any],
    release: Release,
    agreements: Sequence[Agreement],
    today: dt.date,
) -> bool:
    """Tell whether `check_may_run` would give a permit; a refusal is on record as well."""
    try:
        check_may_run(control, study, person, study_file, release, agreements, today)
    except HarmonyError:
        return False
    return True


def open_view(
    zone: Zone,
    control: Control,
    study: str,
    person: str,
    study_file: Path | Mapping[str, Any],
    release: Release,
    agreements: Sequence[Agreement],
    today: dt.date,
    pseudonym: Callable[[str], str],
    order: Callable[[str], str] | None = None,
) -> StudyView:
    """
    Cut a release down to what a study may see today, and give it to the person.

    Parameters
    ----------
    zone : Zone
        The research zone; the view stands in `views/<STU>/<REL>/`, one Parquet file a table.
    pseudonym : callable
        Person of the release to the pseudonym of this study and release (a keyed hash).
    order : callable, optional
        Person to the key that orders rows; without it rows are ordered by the pseudonym.

    Returns
    -------
    StudyView
        With approved tables, columns and sources; each table also keeps person, provider_id and mark.

    Raises
    ------
    NotPermitted, AgreementRefused
        As `check_may_run`.
    UsageError
        When the plan asks for a table or column that the release does not have.
    """
    permit = check_may_run(control, study, person, study_file, release, agreements, today)
    check_tables(permit.plan.tables, release.path("tables"))
    cut = _cut(permit, release)
    folder = view_folder(zone, study, cut.release)
    with control.transaction() as connection:
        committed = records.select_view(connection, study, cut.release)
    if not verified_view(folder, cut, committed):
        # The cut takes long and so is made outside the transaction; the right is asked again inside it.
        temporary, sha256 = make_view(zone, cut, release.path("tables"), pseudonym, order or pseudonym)
        try:
            with changing(control, person, "open_view", study) as connection:
                _permit(connection, study, person, permit.plan, release, agreements, today)
                place_view(zone, temporary, folder)
                records.put_view(connection, study, cut.release, sha256, _event(permit, cut, sha256))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return StudyView(
        release=release,
        study=study,
        tables=tuple(cut.tables),
        columns=dict(cut.tables),
        sources=tuple(dict.fromkeys(provider for provider, _ in cut.sources)),
        folder=folder,
        clause=permit.clause,
    )


def _permit(
    connection: sa.Connection,
    study: str,
    person: str,
    plan: Plan,
    release: Release,
    agreements: Sequence[Agreement],
    today: dt.date,
) -> Permit:
    row = records.select_study(connection, study)
    if row is None:
        raise UsageError(f"There is no study {study}.", "Propose it: harmony study propose.")
    member = find(connection, person)
    case = study_case(connection, row)
    role = _researcher(member, case.people, study)
    if row["state"] != "open":
        raise refusal(f"{study} is {row['state']}.", "P-OPEN", "Wait until it is opened.")
    if not plan.sha256 == row["plan_sha256"] == row["approved_sha256"]:
        raise refusal(
            f"The study file is not the plan approved for {study}.", "P-PLAN", "Run the approved file."
        )
    if case.until is not None and today > case.until:
        raise refusal(f"The last day of {study} was {case.until.isoformat()}.", "P-UNTIL")
    sources, left_out = split_sources(release_sources(release.details), plan.sources, agreements, today)
    if not sources:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(left_out.items()))
        raise AgreementRefused(
            f"{study} has no source it may use today ({reasons}). Refused by clause P-AGREEMENT.",
            "Ask the steward about the agreements: harmony agreement show.",
        )
    return Permit(study, person, role, plan, sources, left_out, _clause(row, sources, left_out))


def _researcher(member: Member, team: frozenset[str], study: str) -> str:
    held = [role for role in load().study_roles if role in member.roles]
    if not held:
        raise refusal(f"{member.id} has no researcher's role.", "P-ROLE", "", ", ".join(load().study_roles))
    if member.id not in team:
        raise refusal(f"{member.id} does not belong to the team of {study}.", "P-TEAM")
    return held[0]


def _clause(row: Mapping[str, Any], sources: Sequence[Source], left_out: Mapping[str, str]) -> str:
    named = ", ".join(dict.fromkeys(source.agreement for source in sources))
    text = (
        f"{row['id']} approved on {row['approved_on'].isoformat()} (P-PLAN); in force: {named} (P-AGREEMENT)"
    )
    if left_out:
        text += "; left out: " + ", ".join(f"{name} ({reason})" for name, reason in sorted(left_out.items()))
    return text


def _cut(permit: Permit, release: Release) -> Cut:
    return Cut(
        study=permit.study,
        release=check_id(release.record.key, "REL"),
        release_sha256=release.record.sha256,
        plan_sha256=permit.plan.sha256,
        tables=permit.plan.tables,
        sources=tuple((source.provider, source.mark) for source in permit.sources),
        left_out=permit.left_out,
    )


def _event(permit: Permit, cut: Cut, sha256: str) -> AuditEvent:
    detail = {
        "release": cut.release,
        "plan_sha256": cut.plan_sha256,
        "view_sha256": sha256,
        "tables": list(cut.tables),
        "sources": sorted({provider for provider, _ in cut.sources}),
        "left_out": sorted(cut.left_out),
        "agreements": sorted({source.agreement for source in permit.sources}),
    }
    return AuditEvent(permit.person, permit.role, "view.opened", permit.study, detail)
