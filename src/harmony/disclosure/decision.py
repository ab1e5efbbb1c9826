"""What disclosure control decided about one result, and small helpers that all checkers share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from harmony.disclosure.policy import OutputPolicy
from harmony.reporting.document import Cell, Explanation, Section


@dataclass(frozen=True)
class Action:
    """What was done to a result, and why, in a sentence for readers; never a hidden count."""

    kind: Literal["merged", "hidden", "rounded", "withheld"]
    text: str


@dataclass(frozen=True)
class Decision:
    """
    The outcome of a check.

    Attributes
    ----------
    safe : Section, optional
        What may leave; None when the result cannot be made safe automatically.
    actions : tuple of Action
        What was done to it.
    to_person : tuple of str
        What output checkers must judge before it leaves; empty when rules alone suffice.
    """

    safe: Section | None
    actions: tuple[Action, ...] = ()
    to_person: tuple[str, ...] = ()


def withheld(reason: str) -> Decision:
    """Return the decision that nothing leaves, with the reason for the reader and for a person."""
    return Decision(None, (Action("withheld", reason),), (f"Withheld: {reason}",))


def explained(explanation: Explanation, actions: Iterable[Action]) -> Explanation:
    """Return the explanation with a sentence for each action."""
    return replace(explanation, disclosure=(*explanation.disclosure, *(one.text for one in actions)))


def is_small(count: int, policy: OutputPolicy) -> bool:
    """Return whether a count of patients may not be shown under the policy."""
    return (0 if policy.zeros_are_small else 1) <= count < policy.least_cell


def shown(count: int, policy: OutputPolicy) -> Cell:
    """Return the cell of a count that may be shown, rounded where the policy rounds."""
    return Cell(rounded_count(count, policy.rounding_base))


def rounded_count(count: int, base: int) -> int:
    """Return the count rounded to the nearest multiple of `base` (halves up); as it is for base 0."""
    return count if base == 0 else (2 * count + base) // (2 * base) * base


def significant(value: float | None, digits: int = 3) -> float | None:
    """Return the value to so many significant digits; None stays None, not finite becomes None."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def ratio(value: float | None) -> float | None:
    """Return a hazard ratio to two decimals, below 0.1 to two significant digits."""
    if value is None or not math.isfinite(value):
        return None
    return round(value, 2) if abs(value) >= 0.1 else significant(value, 2)
