"""
The policy of the anonymity gate: which field is what, how it may be generalised, and the thresholds.

Every field needs a role; a column without one stops the gate. `NETWORK/definitions/policies/` may replace
the packaged policy by one that protects more; `floor` refuses one that protects less.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from harmony.errors import AnonymityRefused, LayoutRefused
from harmony.files import parse_rows, parse_yaml, read_text

#: identifier: replaced by a pseudonym. time: becomes days. quasi: part of a class. sensitive and plain:
#: released as they are. drop: never released.
ROLES: Final = ("identifier", "time", "quasi", "sensitive", "plain", "drop")
#: Parts of a policy that are shares or risks, 0 to 1.
SHARES: Final = ("max_prosecutor", "max_mean", "max_blanked", "report_above")
#: Below two patients a class protects nobody.
SMALLEST_K: Final = 2

_COMPARE: Final = "Compare it with the packaged policy."


@dataclass(frozen=True)
class Generalisation:
    """How one quasi-identifier may be coarsened: levels from exact to blank, and its weight in the loss."""

    field: str
    levels: tuple[str | int, ...]
    weight: float


@dataclass(frozen=True)
class Policy:
    """
    One policy.

    Attributes
    ----------
    k : int
        Fewest patients that share all quasi-identifiers.
    max_prosecutor, max_mean : float
        Largest and mean risk of being the one, 0 to 1.
    max_blanked : float
        Largest share of a source's patients with blanked cells.
    report_above : float
        The share of patients above this risk is reported.
    generalisation : tuple of Generalisation
        What the search may coarsen.
    fixed, blank_order : tuple of str
        Quasi-identifiers never touched, and the order in which cells are blanked.
    roles : mapping of str to str
        Role by table.field.
    """

    id: str
    version: str
    sha256: str
    k: int
    max_prosecutor: float
    max_mean: float
    max_blanked: float
    report_above: float
    generalisation: tuple[Generalisation, ...]
    fixed: tuple[str, ...]
    blank_order: tuple[str, ...]
    roles: Mapping[str, str]

    @property
    def quasi_identifiers(self) -> tuple[str, ...]:
        """All quasi-identifiers, fixed ones first."""
        return (*self.fixed, *(item.field for item in self.generalisation))

    def role(self, key: str) -> str:
        """
        Return a field's role.

        Raises
        ------
        AnonymityRefused
            When nobody declared it.
        """
        if key not in self.roles:
            raise AnonymityRefused(
                f"Column {key} has no role in policy {self.id}.", "Declare it in roles.csv.", ", ".join(ROLES)
            )
        return self.roles[key]


def load_policy(name: str = "workspace", definitions: Path | None = None) -> Policy:
    """
    Load a policy and its roles.

    Parameters
    ----------
    definitions : Path, optional
        A network's own definitions; whoever takes them must ask `floor.require_floor` too.

    Raises
    ------
    LayoutRefused
        When the policy does not exist, is not whole, or has a value of another type or out of its range.
    """
    text = _read(f"{name}.yaml", definitions)
    roles_text = _read("roles.csv", definitions)
    content = parse_yaml(text, f"{name}.yaml", LayoutRefused)
    roles = _roles(roles_text)
    try:
        items = content.pop("generalisation")
        steps = tuple(Generalisation(g["field"], tuple(g["levels"]), g["weight"]) for g in items)
        lists: dict[str, Any] = {key: tuple(content.pop(key)) for key in ("fixed", "blank_order")}
        digest = hashlib.sha256((text + roles_text).encode()).hexdigest()
        policy = Policy(**content, **lists, sha256=digest, generalisation=steps, roles=roles)
    except (KeyError, TypeError, AttributeError) as error:
        raise LayoutRefused(f"Policy {name} is not whole: {error}.", _COMPARE) from error
    _check_numbers(policy)
    _check_texts(policy)
    _check_steps(policy)
    return policy


def _roles(text: str) -> dict[str, str]:
    rows = parse_rows(text, "roles.csv", ("table", "field", "role"), LayoutRefused)
    roles = {f"{row['table']}.{row['field']}": row["role"] for row in rows}
    if len(roles) < len(rows):
        raise LayoutRefused("roles.csv names a field twice.", "Give each field one role.")
    unknown = sorted(set(roles.values()) - set(ROLES))
    if unknown:
        raise LayoutRefused(f"roles.csv has unknown roles: {', '.join(unknown)}.", "", ", ".join(ROLES))
    return roles


def _check_numbers(policy: Policy) -> None:
    if not _is_number(policy.k, int) or policy.k < SMALLEST_K:
        raise LayoutRefused(
            f"Policy {policy.id} has another k.", _COMPARE, f"a whole number from {SMALLEST_K}"
        )
    for name in SHARES:
        value = getattr(policy, name)
        # Every comparison with NaN is false, so that a risk would never be over it.
        if not _is_number(value, (int, float)) or not 0 <= value <= 1:
            raise LayoutRefused(f"Policy {policy.id} has another {name}.", _COMPARE, "a number from 0 to 1")
    for step in policy.generalisation:
        if not _is_number(step.weight, (int, float)) or step.weight <= 0:
            raise LayoutRefused(
                f"Policy {policy.id} gives {step.field} another weight.", _COMPARE, "a number above 0"
            )


def _is_number(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and abs(value) < math.inf


def _check_texts(policy: Policy) -> None:
    fields = (*policy.fixed, *policy.blank_order, *(step.field for step in policy.generalisation))
    texts = (policy.id, policy.version, *fields)
    if not all(isinstance(text, str) and text for text in texts):
        raise LayoutRefused("A policy has a name or a field that is no text.", _COMPARE)
    if len(set(policy.quasi_identifiers)) < len(policy.quasi_identifiers):
        raise LayoutRefused(f"Policy {policy.id} has a quasi-identifier twice.", "Name each once.")
    # Classes are made of one row per patient: a quasi-identifier elsewhere would be released unprotected.
    loose = sorted({key for key, role in policy.roles.items() if role == "quasi"} - _classed(policy))
    if loose:
        raise LayoutRefused(
            f"roles.csv calls {', '.join(loose)} quasi, and policy {policy.id} makes no class of them.",
            "Put them under generalisation or fixed.",
            "fields of table patient",
        )


def _classed(policy: Policy) -> set[str]:
    return {key for key in policy.quasi_identifiers if key.startswith("patient.")}


def _check_steps(policy: Policy) -> None:
    short = [step.field for step in policy.generalisation if len(step.levels) < 2]
    foreign = sorted(set(policy.blank_order) - {step.field for step in policy.generalisation})
    if short or foreign:
        raise LayoutRefused(
            f"Policy {policy.id} cannot generalise {', '.join(short + foreign)}.",
            "Give each field two levels or more, and blank only fields that are generalised.",
        )
    for step in policy.generalisation:
        widths = [width_of(level) for level in step.levels]
        if None in widths or any(b <= a for a, b in pairwise(w for w in widths if w is not None)):
            raise LayoutRefused(
                f"Policy {policy.id} has levels of {step.field} that do not grow coarser.",
                "Order them from fine to coarse.",
                "exact, whole numbers from 1, blank",
            )


def width_of(level: object) -> float | None:
    """Return how coarse a level is: 0 exact, the width of a band, infinite blank; None for no level."""
    if level in ("exact", "blank"):
        return 0.0 if level == "exact" else math.inf
    return float(level) if isinstance(level, int) and not isinstance(level, bool) and level >= 1 else None


def _read(name: str, definitions: Path | None) -> str:
    own = definitions / "policies" / name if definitions else None
    if own and own.exists():
        return read_text(own, LayoutRefused, _COMPARE)
    return resources.files("harmony.anonymity").joinpath("policies", name).read_text(encoding="utf-8")
