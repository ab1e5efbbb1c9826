"""
May this person take this step? The table says who and when; each need of the table has one check here.

`check_may_act` raises with the clause, `may_act` answers yes or no.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harmony.errors import HarmonyError, Tampered
from harmony.governance.members import Member
from harmony.governance.procedure import Transition, load
from harmony.governance.refusal import refusal
from harmony.governance.signatures import decision_body, verify_signature


@dataclass(frozen=True)
class Case:
    """
    A study or an output request as it stands.

    Attributes
    ----------
    id, machine : str
        STU or RES id; study or output_request.
    state : str or None
        None for the step that makes it.
    version : int
        Version of its plan or files.
    people, organisations : frozenset of str
        Author and team, and their organisations.
    until : date or None
        Last day of the study, as far as it is known.
    acts : tuple of dict
        Steps taken so far, oldest first.
    study : str
        STU id the case belongs to.
    study_state : str
        State of that study.
    plan, plan_sha256, approved_sha256 : str
        Canonical plan, its hash, and the hash that was approved (empty before).
    release, report_sha256 : str
        Of an output request.
    files, findings : tuple
        Of an output request: {path, sha256} of each file, and what disclosure control left to a person.
    """

    id: str
    machine: str
    state: str | None
    version: int
    people: frozenset[str]
    organisations: frozenset[str]
    until: dt.date | None
    study: str
    study_state: str
    plan: str
    plan_sha256: str
    approved_sha256: str = ""
    acts: tuple[dict[str, Any], ...] = ()
    release: str = ""
    report_sha256: str = ""
    files: tuple[dict[str, str], ...] = ()
    findings: tuple[str, ...] = ()

    def body(self, person: str, decision: str) -> bytes:
        """Return what a person signs for a decision about this output request."""
        return decision_body(
            self.id, self.study, self.release, self.files, self.report_sha256, person, decision
        )


@dataclass(frozen=True)
class Step:
    """
    What somebody wants to do.

    Attributes
    ----------
    action : str
        Action of the table.
    member : Member
        Who acts.
    note : str
        Reason or review in words.
    today : date
        Day of the step.
    role : str
        The role to act in; empty for the first fitting one.
    signature : str
        Signature of a decision, hex.
    keys : mapping of str to str
        Pinned public keys by MEM id, hex.
    """

    action: str
    member: Member
    note: str
    today: dt.date
    role: str = ""
    signature: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)


def check_may_act(case: Case, step: Step) -> tuple[Transition, str]:
    """
    Return the transition and the role acted in.

    Raises
    ------
    NotPermitted
        When the table has no such step, the role is another, or a need does not hold; names the clause.
    SignatureInvalid
        When a decision's signature does not verify.
    """
    transition = _transition(case, step.action)
    role = _role(transition, step)
    for need in transition.needs:
        _CHECKS[need](case, step, role)
    return transition, role


def may_act(case: Case, step: Step) -> bool:
    """Tell whether `check_may_act` would let the step through."""
    try:
        check_may_act(case, step)
    except HarmonyError:
        return False
    return True


def quorum_met(case: Case, step: Step) -> bool:
    """Tell whether this step is the one that completes the checkers' quorum."""
    releases = _current(case, "release")
    people = {act["person"] for act in releases} | {step.member.id}
    houses = {_house(act["organisation"]) for act in releases} | {_house(step.member.organisation)}
    needed = load().checkers
    return len(people) >= needed.people and len(houses) >= needed.organisations


def _transition(case: Case, action: str) -> Transition:
    machine = load().machines[case.machine]
    found = machine.find(case.state, action)
    if found is None:
        possible = ", ".join(machine.actions_in(case.state)) or "none"
        raise refusal(
            f"This action is not possible while {case.id} is {case.state}.", "P-STATE", "", possible
        )
    return found


def _role(transition: Transition, step: Step) -> str:
    held = [role for role in transition.roles if role in step.member.roles and step.role in ("", role)]
    if not held:
        raise refusal(
            f"{step.member.id} has no role for {transition.action}.",
            "P-ROLE",
            "",
            ", ".join(transition.roles),
        )
    return held[0]


def _own_study(case: Case, step: Step, role: str) -> None:
    if role in load().study_roles and step.member.id not in case.people:
        raise refusal(f"{step.member.id} does not belong to the team of {case.study}.", "P-TEAM")


def _not_author(case: Case, step: Step, _: str) -> None:
    if step.member.id in case.people:
        raise refusal(
            f"{step.member.id} belongs to the team of {case.study}.", "P-NOT-AUTHOR", "Ask another person."
        )


def _not_own_house(case: Case, step: Step, _: str) -> None:
    if _house(step.member.organisation) in {_house(name) for name in case.organisations}:
        raise refusal(
            f"{step.member.id} is of an organisation of the team of {case.study}.",
            "P-NOT-OWN-HOUSE",
            "Ask a person of another organisation.",
        )


def _four_eyes(case: Case, step: Step, _: str) -> None:
    decisive = [act for act in case.acts if act["decisive"]]
    if decisive and decisive[-1]["person"] == step.member.id:
        raise refusal(
            f"{step.member.id} took the decisive step before this one.", "P-FOUR-EYES", "Ask another person."
        )


def _one_each(case: Case, step: Step, _: str) -> None:
    if any(act["person"] == step.member.id for act in _current(case, step.action)):
        raise refusal(f"{step.member.id} did this on version {case.version} already.", "P-ONE-EACH")


def _reason(case: Case, step: Step, _: str) -> None:
    _demand_words(step, "P-REASON", "This step needs words in --note.")


def _within_until(case: Case, step: Step, _: str) -> None:
    if case.until is not None and step.today > case.until:
        raise refusal(f"The last day of {case.study} is {case.until.isoformat()}.", "P-UNTIL")


def _reviews_complete(case: Case, step: Step, _: str) -> None:
    needed = load().reviews
    reviews = _current(case, "review")
    missing = [kind for kind in needed.kinds if kind not in {act["role"] for act in reviews}]
    if missing:
        raise refusal(f"Reviews are missing: {', '.join(missing)}.", "P-REVIEWS", "Wait for these reviews.")
    houses = {_house(act["organisation"]) for act in reviews}
    if len(houses) < needed.organisations:
        raise refusal(
            "All reviews come from one organisation.",
            "P-REVIEWS",
            "Ask a reviewer of another one.",
            f"at least {needed.organisations} organisations",
        )


def _plan_locked(case: Case, step: Step, _: str) -> None:
    stored = hashlib.sha256(case.plan.encode()).hexdigest()
    if not stored == case.plan_sha256 == case.approved_sha256:
        raise refusal(
            f"The plan of {case.study} is not the approved one.", "P-PLAN", "Report it to the auditor."
        )


def _study_open(case: Case, step: Step, _: str) -> None:
    if case.study_state != "open":
        raise refusal(f"{case.study} is {case.study_state}.", "P-OPEN")
    _within_until(case, step, _)


def _study_open_or_closed(case: Case, step: Step, _: str) -> None:
    if case.study_state not in ("open", "closed"):
        raise refusal(f"{case.study} is {case.study_state}.", "P-ENDED-WELL")


def _checked(case: Case, step: Step, _: str) -> None:
    if not any(act["person"] == step.member.id for act in _current(case, "check")):
        raise refusal(
            f"{step.member.id} has not looked at version {case.version} of {case.id}.",
            "P-CHECKED",
            "Run harmony output check first.",
        )


def _findings_answered(case: Case, step: Step, _: str) -> None:
    if case.findings:
        _demand_words(
            step,
            "P-FINDINGS",
            f"{len(case.findings)} findings of disclosure control need an answer in --note.",
        )


def _signed(case: Case, step: Step, _: str) -> None:
    if not step.signature or step.member.id not in step.keys:
        raise refusal(
            f"The decision of {step.member.id} has no signature or no pinned key.",
            "P-SIGNED",
            "Sign with the key of the person's zone.",
        )
    body = case.body(step.member.id, step.action)
    verify_signature(step.keys[step.member.id], body, step.signature)


def _two_checkers(case: Case, step: Step, _: str) -> None:
    people: set[str] = set()
    houses: set[str] = set()
    for act in _current(case, "release"):
        body = case.body(act["person"], "release")
        if act["signed"].encode() != body or act["person"] not in step.keys:
            raise Tampered(
                f"A decision about {case.id} is not about the files on record.", "Report it to the auditor."
            )
        verify_signature(step.keys[act["person"]], body, act["signature"])
        if act["person"] not in case.people:
            people.add(act["person"])
            houses.add(_house(act["organisation"]))
    needed = load().checkers
    own = {_house(name) for name in case.organisations}
    if len(people) < needed.people or len(houses - own) < needed.organisations:
        raise refusal(f"{case.id} does not have two valid decisions.", "P-TWO-CHECKERS")


_CHECKS: Final[Mapping[str, Callable[[Case, Step, str], None]]] = {
    "own_study": _own_study,
    "not_author": _not_author,
    "not_own_house": _not_own_house,
    "four_eyes": _four_eyes,
    "one_each": _one_each,
    "reason": _reason,
    "within_until": _within_until,
    "reviews_complete": _reviews_complete,
    "plan_locked": _plan_locked,
    "study_open": _study_open,
    "study_open_or_closed": _study_open_or_closed,
    "checked": _checked,
    "findings_answered": _findings_answered,
    "signed": _signed,
    "two_checkers": _two_checkers,
}


def _current(case: Case, action: str) -> list[dict[str, Any]]:
    return [act for act in case.acts if act["action"] == action and act["version"] == case.version]


def _demand_words(step: Step, clause: str, what: str) -> None:
    shortest = load().reason_length
    if len(step.note.strip()) < shortest:
        raise refusal(what, clause, "", f"at least {shortest} characters")


def _house(organisation: str) -> str:
    return " ".join(organisation.split()).casefold()
