"""A Cox model over a cohort, as a raw result with the counts of every level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmony.analysis.groups import Variable, as_levels
from harmony.analysis.survival import aligned
from harmony.anonymity.generalise import middle
from harmony.cohorts.frame import Cohort
from harmony.disclosure.results import RawModel, RawTerm
from harmony.errors import UnsoundAnalysis
from harmony.hematology.endpoints.times import EndpointTimes
from harmony.reporting.document import Explanation
from harmony.statistics.cox import Cox, cox


@dataclass(frozen=True)
class ModelVariable:
    """
    A factor or number of a model.

    Attributes
    ----------
    variable : Variable
        Field and labels; `levels` in order, the first one is the reference.
    per : float
        For numbers: the unit of one ratio (10 = per 10 years); 0 for factors. Bands count as their middle.
    """

    variable: Variable
    per: float = 0.0


def fit_cox(
    cohort: Cohort,
    times: EndpointTimes,
    variables: Sequence[ModelVariable],
    title: str,
    explanation: Explanation,
) -> RawModel:
    """
    Fit a Cox model (Efron ties) to the patients of whom every variable is known.

    Raises
    ------
    UnsoundAnalysis
        When a factor has one level only, or nobody is complete.
    """
    own, theirs = aligned(cohort, times)
    days, event = times.days[theirs], (times.cause[theirs] > 0).astype(int)
    columns = {v.variable.label: _column(v, cohort.frame[v.variable.field][own]) for v in variables}
    complete = np.all([_known(values) for values in columns.values()], axis=0)
    if not complete.any():
        raise UnsoundAnalysis("No patient has all variables of the model.", "Leave the emptiest one out.")
    columns = {label: values[complete] for label, values in columns.items()}
    days, event = days[complete], event[complete]
    reference = {v.variable.label: _reference(v, columns[v.variable.label]) for v in variables if not v.per}
    covariates = {
        label: v.astype(float) if label not in reference else v.astype(str) for label, v in columns.items()
    }
    fit = cox(days, event, covariates, reference=reference, ties="efron")
    terms = tuple(t for v in variables for t in _terms(v, columns[v.variable.label], event, fit, reference))
    checks = (
        f"Concordance {fit.concordance:.2f}.",
        "Proportional hazards are assumed, not tested here.",
        "Associations, not effects: treatment was not randomised.",
    )
    return RawModel(
        title,
        times.event.capitalize(),
        terms,
        len(days),
        int(event.sum()),
        len(fit.terms),
        checks,
        explanation,
        cohort.size - len(days),
    )


def _column(item: ModelVariable, values: NDArray[Any]) -> NDArray[Any]:
    if not item.per:
        return as_levels(item.variable, values)[0]
    return as_numbers(values) / item.per


def as_numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return numbers; a band counts as its middle, None as NaN."""
    return np.array([middle(v) if v is None or isinstance(v, str) else float(v) for v in values])


def _known(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([value is not None for value in values], bool)
    return ~np.isnan(values)


def _reference(item: ModelVariable, values: NDArray[Any]) -> str:
    _, levels = as_levels(item.variable, np.array([], dtype=object))
    present = [level for level in levels if (values == level).any()] or sorted({str(v) for v in values})
    if len(present) < 2:
        raise UnsoundAnalysis(
            f"{item.variable.label} has one level only in this cohort.", "Leave it out of the model."
        )
    return present[0]


def _terms(
    item: ModelVariable, values: NDArray[Any], event: NDArray[Any], fit: Cox, reference: dict[str, str]
) -> list[RawTerm]:
    label = item.variable.label
    table = {row["term"]: row for row in fit.table().to_pylist()}
    if item.per:
        level = f"per {item.per:g}"
        return [_estimated(label, level, len(values), int(event.sum()), table[label], is_number=True)]
    # `values` are labels already; only their order is asked for.
    _, declared = as_levels(item.variable, np.array([], dtype=object))
    declared = declared or tuple(sorted(set(values)))
    terms = []
    for level in (name for name in declared if (values == name).any()):
        rows = values == level
        counts = (int(rows.sum()), int(event[rows].sum()))
        if level == reference[label]:
            terms.append(RawTerm(label, level, *counts, reference=True))
        else:
            terms.append(_estimated(label, level, *counts, table[f"{label}{level}"]))
    return terms


def _estimated(
    variable: str, level: str, patients: int, events: int, row: dict[str, Any], is_number: bool = False
) -> RawTerm:
    return RawTerm(
        variable=variable,
        level=level,
        patients=patients,
        events=events,
        coefficient=row["coef"],
        standard_error=row["se"],
        hazard_ratio=row["hazard_ratio"],
        lower=row["lower"],
        upper=row["upper"],
        p=row["p"],
        is_number=is_number,
    )
