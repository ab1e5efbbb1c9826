"""
Planted against recovered effects of a synthetic cohort.

The truth (all tests done, exact ages, no follow-up horizon) is estimated where the cohort is made and
arrives as numbers, never as rows. What the platform finds comes from the released tables, where half of
the genes were never tested; not tested is not known, and never wild type.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmony.analysis.model import as_numbers
from harmony.cohorts.frame import build_frame
from harmony.disclosure.results import RawComparison, RawEstimate
from harmony.errors import UsageError
from harmony.files import parse_json, read_text
from harmony.hematology.endpoints.times import (
    COMPLETE_REMISSION,
    NOT_ASSESSED,
    EndpointTimes,
    overall_survival,
    relapse_free_survival,
    relapse_incidence,
)
from harmony.reporting.document import Explanation
from harmony.simulation.effects import PlantedEffect, estimate, passes, planted_effects
from harmony.simulation.terms import holds

DAYS_PER_YEAR = 365.25
Z95 = 1.959963984540054

_TRUTH = "Give --truth, made by harmony simulate."

Tables = Mapping[str, Mapping[str, NDArray[Any]]]
Columns = dict[str, NDArray[np.float64]]


def planted_comparison(
    tables: Tables, effects: tuple[str, ...], truth: Path, explanation: Explanation
) -> RawComparison:
    """
    Compare planted value, estimate on the truth and estimate on the released data.

    Parameters
    ----------
    effects : tuple of str
        Ids of planted effects.
    truth : Path
        `truth.json` of the simulation: estimate and standard error by effect id.

    Raises
    ------
    UsageError
        When the truth or an effect is missing.
    """
    if not truth.is_file():
        raise UsageError("The truth of the synthetic cohort is missing.", _TRUTH)
    known = _read_truth(truth)
    columns = effect_columns(tables)
    by_id = {effect.id: effect for effect in planted_effects()}
    check_planted(effects)
    absent = sorted(set(effects) - set(known))
    if absent:
        raise UsageError(f"{truth.name} has no effect {', '.join(absent)}.", _TRUTH)
    rows = tuple(_row(by_id[name], known[name], columns) for name in effects)
    headings = ("Planted", "Found in the released data", "Found with the truth known")
    return RawComparison("Planted and recovered effects", headings, rows, explanation)


def check_planted(effects: Sequence[str]) -> None:
    """Raise `UsageError` when a study names an effect that no synthetic cohort has."""
    known = [effect.id for effect in planted_effects()]
    unknown = sorted(set(effects) - set(known))
    if unknown:
        raise UsageError(f"There is no planted effect {', '.join(unknown)}.", "", ", ".join(known))


def _read_truth(path: Path) -> dict[str, dict[str, float]]:
    content = parse_json(read_text(path, UsageError, _TRUTH), path.name, UsageError, _TRUTH)
    effects = content.get("effects") if isinstance(content, dict) else None
    if not isinstance(effects, dict) or not all(_is_estimate(effect) for effect in effects.values()):
        raise UsageError(f"{path.name} is no truth of a synthetic cohort.", _TRUTH)
    return effects


def _is_estimate(effect: Any) -> bool:
    if not isinstance(effect, dict):
        return False
    numbers = [effect.get(name) for name in ("estimate", "std_err")]
    return all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < math.inf for n in numbers)


def _row(effect: PlantedEffect, true: Mapping[str, float], columns: Columns) -> RawEstimate:
    value, error = estimate(effect, columns)
    both = passes(effect, value, error) and passes(effect, true["estimate"], true["std_err"])
    patients, events = _behind(effect, columns)
    lower, upper = _limits(effect, value, error)
    third_lower, third_upper = _limits(effect, true["estimate"], true["std_err"])
    return RawEstimate(
        label=f"{effect.id} {effect.label}",
        unit="ratio" if effect.log_scale else "%",
        patients=patients,
        events=events,
        first=effect.value,
        second=value,
        lower=lower,
        upper=upper,
        third=true["estimate"],
        third_lower=third_lower,
        third_upper=third_upper,
        verdict="holds" if both else "does not hold",
    )


def _limits(effect: PlantedEffect, value: float, error: float) -> tuple[float, float]:
    if effect.log_scale:
        return value * float(np.exp(-Z95 * error)), value * float(np.exp(Z95 * error))
    return value - Z95 * error, value + Z95 * error


def _behind(effect: PlantedEffect, columns: Columns) -> tuple[int, int | None]:
    used = holds(effect.population, columns)
    for name in effect.needs:
        used &= ~np.isnan(columns[name])
    events = columns[f"{effect.endpoint}_event"][used] if effect.endpoint else None
    return int(used.sum()), None if events is None else int((events > 0).sum())


def effect_columns(tables: Tables) -> Columns:
    """
    Return the columns of `harmony.simulation.effects` from released tables, one entry a patient.

    Not tested, not assessed and not assessable are NaN.
    """
    fields = (
        "treatment.intensity", "diagnosis.aml_entity", "diagnosis.eln2022_risk", "gene_test.tp53_status",
        "gene_test.npm1_status", "gene_test.dnmt3a_status", "mrd.status", "patient.age_at_diagnosis",
    )  # fmt: skip
    frame = build_frame(tables, fields)
    risk = frame["diagnosis.eln2022_risk"]
    people = frame["person"]
    columns: Columns = {
        "intensive": _flag(
            frame["treatment.intensity"], "intensive", ("intensive", "non_intensive", "supportive")
        ),
        "apl": np.array(
            [np.nan if v is None else float(v == "aml_pml_rara") for v in frame["diagnosis.aml_entity"]]
        ),
        "age": as_numbers(frame["patient.age_at_diagnosis"]),
        "eln_favourable": _flag(risk, "favourable", ("favourable", "intermediate", "adverse")),
        "eln_adverse": _flag(risk, "adverse", ("favourable", "intermediate", "adverse")),
        "mrd_positive": _flag(frame["mrd.status"], "present", ("present", "absent")),
        "complete_remission": _remission(tables, people),
    }
    for gene in ("tp53", "npm1", "dnmt3a"):
        columns[gene] = _flag(frame[f"gene_test.{gene}_status"], "mutated", ("mutated", "wild_type"))
    for name, times in (
        ("os", overall_survival(tables)),
        ("rfs", relapse_free_survival(tables)),
        ("cir", relapse_incidence(tables)),
    ):
        columns |= _times(name, times, people)
    return columns


def _flag(values: NDArray[Any], yes: str, known: tuple[str, ...]) -> NDArray[np.float64]:
    return np.array([float(value == yes) if value in known else np.nan for value in values])


def _remission(tables: Tables, people: NDArray[Any]) -> NDArray[np.float64]:
    response = tables["response"]
    first_line: dict[str, float] = {}
    for person, code, line in zip(
        response["person"], response["response"], response["line_number"], strict=True
    ):
        if line == 1 and code is not None and code not in ("relapse", *NOT_ASSESSED):
            first_line[person] = max(first_line.get(person, 0.0), float(code in COMPLETE_REMISSION))
    return np.array([first_line.get(person, np.nan) for person in people])


def _times(name: str, times: EndpointTimes, people: NDArray[Any]) -> Columns:
    place = {person: row for row, person in enumerate(times.person)}
    rows = [place.get(person, -1) for person in people]
    return {
        f"{name}_time": np.array([times.days[r] / DAYS_PER_YEAR if r >= 0 else np.nan for r in rows]),
        f"{name}_event": np.array([float(times.cause[r]) if r >= 0 else np.nan for r in rows]),
    }
