"""
The policy of the anonymity gate: which field is what, how it may be generalised, and the thresholds.

Every field needs a role; a column without one stops the gate. `NETWORK/definitions/policies/` overrides
the packaged policy.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from harmony.errors import AnonymityRefused, UsageError

#: identifier: replaced by a pseudonym. time: becomes days. quasi: part of a class. sensitive and plain:
#: released as they are. drop: never released.
ROLES: Final = ("identifier", "time", "quasi", "sensitive", "plain", "drop")


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

    Raises
    ------
    UsageError
        When the policy does not exist or is not whole.
    """
    text = _read(f"{name}.yaml", definitions)
    roles_text = _read("roles.csv", definitions)
    content = yaml.safe_load(text)
    roles = {f"{row['table']}.{row['field']}": row["role"] for row in csv.DictReader(io.StringIO(roles_text))}
    unknown = sorted(set(roles.values()) - set(ROLES))
    if unknown:
        raise UsageError(f"roles.csv has unknown roles: {', '.join(unknown)}.", "", ", ".join(ROLES))
    try:
        items = content.pop("generalisation")
        steps = tuple(Generalisation(g["field"], tuple(g["levels"]), float(g["weight"])) for g in items)
        lists: dict[str, Any] = {key: tuple(content.pop(key)) for key in ("fixed", "blank_order")}
        digest = hashlib.sha256((text + roles_text).encode()).hexdigest()
        policy = Policy(**content, **lists, sha256=digest, generalisation=steps, roles=roles)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"Policy {name} is not whole: {error}.", "Compare it with the packaged policy."
        ) from error
    _check_steps(policy)
    return policy


def _check_steps(policy: Policy) -> None:
    short = [step.field for step in policy.generalisation if len(step.levels) < 2]
    foreign = sorted(set(policy.blank_order) - {step.field for step in policy.generalisation})
    if short or foreign:
        raise UsageError(
            f"Policy {policy.id} cannot generalise {', '.join(short + foreign)}.",
            "Give each field two levels or more, and blank only fields that are generalised.",
        )


def _read(name: str, definitions: Path | None) -> str:
    own = definitions / "policies" / name if definitions else None
    if own and own.is_file():
        return own.read_text(encoding="utf-8")
    return resources.files("harmony.anonymity").joinpath("policies", name).read_text(encoding="utf-8")
