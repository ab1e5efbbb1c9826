"""
The procedure as data: states, actions, who may take them, what they need, which audit event they leave.

`procedure.yaml` is the only place that says what is allowed; what it does not list is refused. The diagram
and the table of docs/reference/procedure.md are printed from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harmony.errors import UsageError

#: What a transition may demand; `acting` has one check for each.
Need = Literal[
    "own_study",
    "not_author",
    "not_own_house",
    "four_eyes",
    "one_each",
    "reason",
    "within_until",
    "reviews_complete",
    "plan_locked",
    "study_open",
    "study_open_or_closed",
    "checked",
    "findings_answered",
    "signed",
    "two_checkers",
]
NEEDS: Final[tuple[str, ...]] = get_args(Need)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class State(_Frozen):
    """One state: who owns it, what it means in a sentence, and whether it is an end."""

    owner: str
    text: str
    terminal: bool = False


class Transition(_Frozen):
    """
    One allowed step.

    Attributes
    ----------
    source : str or None
        State it starts from (`from` in the file); None for the step that makes the object.
    to : str
        State it leads to.
    action : str
        What the person calls it; with `source` it names the transition.
    roles : tuple of str
        Who may take it.
    event : str
        Audit event it leaves.
    needs : tuple of str
        Checks that must hold, in this order.
    documents : tuple of str
        What comes with it.
    decisive : bool
        Counts for the four-eyes rule.
    quorum : "checkers" or None
        `to` is reached when the quorum is met; until then the object goes to `until_quorum`.
    quorum_event : str
        Audit event of the step that meets the quorum.
    """

    id: str
    source: str | None = Field(alias="from")
    to: str
    action: str
    roles: tuple[str, ...]
    event: str
    needs: tuple[Need, ...]
    documents: tuple[str, ...]
    decisive: bool = False
    quorum: Literal["checkers"] | None = None
    until_quorum: str = ""
    quorum_event: str = ""


class Machine(_Frozen):
    """One state machine."""

    title: str
    initial: str
    states: dict[str, State]
    transitions: tuple[Transition, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """All actions, each once, in the order of the table."""
        return tuple(dict.fromkeys(t.action for t in self.transitions))

    def find(self, state: str | None, action: str) -> Transition | None:
        """Return the transition of an action in a state, or None when the table has none."""
        return next((t for t in self.transitions if t.source == state and t.action == action), None)

    def actions_in(self, state: str | None) -> tuple[str, ...]:
        """Return the actions that are possible in a state."""
        return tuple(t.action for t in self.transitions if t.source == state)


class Pair(_Frozen):
    """Two roles that one person never holds together, and why."""

    id: str
    a: str
    b: str
    why: str


class ReviewQuorum(_Frozen):
    """Kinds of reviews an approval needs, and from how many organisations they come."""

    kinds: tuple[str, ...]
    organisations: int


class CheckerQuorum(_Frozen):
    """How many people of how many organisations let a result out."""

    people: int
    organisations: int


class Procedure(_Frozen):
    """The whole procedure; refuses a table that names a role or a state it does not define."""

    id: str
    version: str
    roles: dict[str, str]
    incompatible: tuple[Pair, ...]
    reviews: ReviewQuorum
    checkers: CheckerQuorum
    reason_length: int
    permit_months: int
    study_roles: tuple[str, ...]
    clauses: dict[str, str]
    machines: dict[str, Machine]
    sha256: str = ""

    @model_validator(mode="after")
    def _known_names_only(self) -> Procedure:
        named = [r for pair in self.incompatible for r in (pair.a, pair.b)]
        named += [*self.reviews.kinds, *self.study_roles]
        for machine in self.machines.values():
            named += [role for t in machine.transitions for role in t.roles]
            named += [state.owner for state in machine.states.values()]
            _refuse_unsound(machine)
        unknown = sorted(set(named) - set(self.roles))
        if unknown:
            raise ValueError(f"undefined roles: {', '.join(unknown)}")
        return self


def _refuse_unsound(machine: Machine) -> None:
    steps = [(t.source, t.action) for t in machine.transitions]
    doubled = sorted({f"{state} {action}" for state, action in steps if steps.count((state, action)) > 1})
    if doubled:
        raise ValueError(f"two transitions for one state and action: {', '.join(doubled)}")
    named = {machine.initial, *(t.to for t in machine.transitions)}
    named |= {t.source for t in machine.transitions if t.source}
    named |= {t.until_quorum for t in machine.transitions if t.until_quorum}
    if named != set(machine.states):
        raise ValueError(f"states without definition or transition: {sorted(named ^ set(machine.states))}")
    for name, state in machine.states.items():
        if state.terminal == bool(machine.actions_in(name)):
            raise ValueError(f"state {name} must be an end or have an action, not both")


def parse(text: str) -> Procedure:
    """
    Read a procedure from YAML text.

    Raises
    ------
    UsageError
        When a field is missing or unknown, a role or state is not defined, or one action is possible
        twice in a state.
    """
    try:
        procedure = Procedure.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise UsageError(f"The procedure cannot be used: {error}", "Correct procedure.yaml.") from error
    return procedure.model_copy(update={"sha256": hashlib.sha256(text.encode()).hexdigest()})


@cache
def load() -> Procedure:
    """Return the packaged procedure, read once per process."""
    text = resources.files("harmony.governance").joinpath("procedure.yaml").read_text(encoding="utf-8")
    return parse(text)


def mermaid(machine: Machine) -> str:
    """Return the diagram of a machine as Mermaid text; actions between the same two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for step in machine.transitions:
        arrows.setdefault((step.source or "[*]", step.to), []).append(step.action)
        if step.until_quorum:
            arrows.setdefault((step.source or "[*]", step.until_quorum), []).append(
                f"{step.action} (first of two)"
            )
    lines = [f"    {start} --> {end}: {', '.join(actions)}" for (start, end), actions in arrows.items()]
    lines += [f"    {name} --> [*]" for name, state in machine.states.items() if state.terminal]
    return "\n".join(["stateDiagram-v2", *lines]) + "\n"


def reference_page(procedure: Procedure) -> str:
    """Return docs/reference/procedure.md: clauses, and per machine its diagram, states and steps."""
    parts = [
        f"# Procedure\n\nPrinted from `procedure.yaml`, {procedure.id} {procedure.version}.\n\n## Clauses\n"
    ]
    parts += [_rows(("clause", "rule"), procedure.clauses.items())]
    parts += ["\n## Roles\n", _rows(("role", "what it does"), procedure.roles.items())]
    for name, machine in procedure.machines.items():
        parts.append(f"\n## {name}: {machine.title}\n\n```mermaid\n{mermaid(machine)}```\n")
        parts.append(
            _rows(("state", "owner", "meaning"), ((n, s.owner, s.text) for n, s in machine.states.items()))
        )
        steps = (
            (t.id, t.source or "", t.action, t.to, ", ".join(t.roles), ", ".join(t.needs), t.event)
            for t in machine.transitions
        )
        parts.append("\n" + _rows(("id", "from", "action", "to", "roles", "needs", "audit event"), steps))
    return "\n".join(parts)


def _rows(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
