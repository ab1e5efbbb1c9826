"""
The output policy: every threshold of disclosure control with its reason and source, read from a file.

`policies/output_release.yaml` and `policies/public.yaml` are packaged; a file of the same name in a
network's definitions replaces one of them.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, Final

from harmony.errors import LayoutRefused
from harmony.files import parse_yaml, read_text
from harmony.stages.record import Definition

PUBLIC: Final = "public"
POLICIES: Final = ("output_release", PUBLIC)
#: Thresholds where a smaller number protects more; for all other numbers a larger one does.
_SMALLER_IS_SAFER: Final = ("largest_parameter_share", "largest_coefficient", "largest_standard_error")


@dataclass(frozen=True)
class Thresholds:
    """
    The numbers of a policy; counts are patients, `least_events` and `least_level_events` are events.

    Attributes
    ----------
    least_cell : int
        t: counts 1 ... t-1 are not shown.
    zeros_are_small : bool
        Whether 0 is hidden like a small count.
    rounding_base : int
        Base of rounding of shown counts; 0 for none.
    least_percent_denominator : int
        Known patients below which no per cent is shown.
    least_events : int
        m: events in each step of a curve.
    grid_days : float
        Grid of the cuts of curves, days.
    least_left : int
        Patients at risk at the end of a curve, unless nobody is.
    risk_table : bool
        Whether numbers at risk are shown.
    models_allowed : bool
        Whether a model may leave under this policy.
    least_residual_df, least_level_patients, least_level_events : int
        Floors of a model and of each level of its factors.
    least_events_per_parameter, person_events_per_parameter : float
        At least the first to pass; from the second to the first a person decides.
    largest_parameter_share : float
        Parameters as share of patients.
    largest_coefficient, largest_standard_error : float
        Beyond either an estimate is hidden (monotone likelihood); log scale.
    """

    least_cell: int
    zeros_are_small: bool
    rounding_base: int
    least_percent_denominator: int
    least_events: int
    grid_days: float
    least_left: int
    risk_table: bool
    models_allowed: bool
    least_residual_df: int
    least_events_per_parameter: float
    person_events_per_parameter: float
    least_level_patients: int
    least_level_events: int
    largest_parameter_share: float
    largest_coefficient: float
    largest_standard_error: float


@dataclass(frozen=True)
class OutputPolicy(Thresholds):
    """
    A policy for one way out.

    Attributes
    ----------
    definition : Definition
        Id, version and SHA-256 of the file.
    zone : str
        output_release or public.
    reasons : tuple of (str, str, str)
        Threshold, why, source; in the order of the file.
    loosened : tuple of str
        Thresholds of a network's own file that protect less than the packaged one; each result then
        goes to a person.
    """

    definition: Definition
    zone: str
    reasons: tuple[tuple[str, str, str], ...]
    loosened: tuple[str, ...] = ()


def load_policy(name: str, overrides: Path | None = None) -> OutputPolicy:
    """
    Return a policy.

    Parameters
    ----------
    name : str
        output_release or public.
    overrides : Path, optional
        Folder of a network's own definitions; its `<name>.yaml` replaces the packaged file.

    Raises
    ------
    LayoutRefused
        When there is no such policy, or a threshold is missing, unknown, of another type, or without
        reason and source; or the network's public policy protects less than the packaged one.
    """
    if name not in POLICIES:
        raise LayoutRefused(f"There is no output policy '{name}'.", "Name one of them.", ", ".join(POLICIES))
    folder = resources.files("harmony.disclosure") / "policies"
    packaged = folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    policy = _read(packaged, f"{name}.yaml", ())
    own = overrides / f"{name}.yaml" if overrides else None
    if own is None or not own.exists():
        return policy
    text = read_text(own, LayoutRefused, "Write it again as UTF-8.")
    replaced = _read(text, own.name, ())
    if replaced.zone != policy.zone:
        raise LayoutRefused(f"{own.name} is a policy of another zone.", "", policy.zone)
    looser = _looser(replaced, policy)
    if looser and name == PUBLIC:
        raise LayoutRefused(
            f"{own.name} of the network protects less than the packaged policy: {', '.join(looser)}.",
            "Nobody looks before a visitor does: take the packaged values or stricter ones.",
        )
    return _read(text, own.name, looser)


def _read(text: str, file: str, loosened: tuple[str, ...]) -> OutputPolicy:
    content = parse_yaml(text, file, LayoutRefused)
    thresholds = content.get("thresholds") if isinstance(content, dict) else None
    if not isinstance(thresholds, dict) or not {"id", "version", "zone"} <= set(content):
        raise LayoutRefused(f"{file} is not an output policy.", "Give id, version, zone and thresholds.")
    expected = {one.name: one.type for one in fields(Thresholds)}
    wrong = set(expected) ^ set(thresholds)
    if wrong:
        raise LayoutRefused(
            f"{file}: thresholds missing or unknown: {', '.join(sorted(wrong))}.",
            "Give each threshold of the packaged policy once.",
        )
    values = {name: _value(name, str(expected[name]), entry, file) for name, entry in thresholds.items()}
    return OutputPolicy(
        **values,
        definition=Definition(
            str(content["id"]), str(content["version"]), hashlib.sha256(text.encode()).hexdigest()
        ),
        zone=content["zone"],
        reasons=tuple((name, str(e["why"]), str(e["source"])) for name, e in thresholds.items()),
        loosened=loosened,
    )


def _value(name: str, kind: str, entry: Any, file: str) -> Any:
    if not isinstance(entry, dict) or set(entry) != {"value", "why", "source"}:
        raise LayoutRefused(f"{file}: {name} has no value, why and source.", "Give all three.")
    value = entry["value"]
    fits = isinstance(value, bool) if kind == "bool" else _is_number(value, whole=kind == "int")
    if not fits:
        raise LayoutRefused(f"{file}: {name} is not of type {kind}, or negative.", "Correct the value.")
    return value


def _is_number(value: Any, whole: bool) -> bool:
    allowed = int if whole else (int, float)
    return isinstance(value, allowed) and not isinstance(value, bool) and 0 <= value < math.inf


def _looser(own: OutputPolicy, packaged: OutputPolicy) -> tuple[str, ...]:
    found: list[str] = []
    for one in fields(Thresholds):
        new, old = getattr(own, one.name), getattr(packaged, one.name)
        safer_when_true = one.name == "zeros_are_small"
        if one.type == "bool":
            looser = new != old and new is not safer_when_true
        else:
            looser = new > old if one.name in _SMALLER_IS_SAFER else new < old
        if looser:
            found.append(one.name)
    return tuple(found)
