"""
Estimates that studies make, to be compared before and after the anonymity gate.

The gate gets `estimates` as a function: it must report what its techniques cost a study, and knows no
analysis itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harmony.analysis.model import as_numbers
from harmony.errors import UnsoundAnalysis
from harmony.hematology.endpoints.times import (
    COMPLETE_REMISSION,
    NOT_ASSESSED,
    EndpointTimes,
    overall_survival,
)
from harmony.statistics.cox import cox
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.tables import share
from harmony.store.columns import as_columns

#: Value, lower and upper 95 % limit, patients and events behind it; no events where it is about none.
Estimate = tuple[float, float, float, int, int | None]
Columns = Mapping[str, Mapping[str, NDArray[Any]]]

DAYS_PER_YEAR = 365.25


def estimates(tables: Mapping[str, pa.Table]) -> dict[str, Estimate]:
    """
    Return the estimates that these tables allow, by name: value, 95 % limits, patients and events behind it.

    Parameters
    ----------
    tables : mapping of str to Table
        Tables in research shape, exact or generalised.
    """
    columns = {name: as_columns(table) for name, table in tables.items()}
    found: dict[str, Estimate] = {}
    for name, estimate in _ESTIMATES.items():
        try:
            found[name] = estimate(columns)
        except UnsoundAnalysis:
            # A source without dates of death has no survival: it then has no such row in the comparison.
            continue
    return found


def _survival_at_3_years(tables: Columns) -> Estimate:
    times = overall_survival(tables)
    curve = kaplan_meier(times.days, times.cause > 0, conf_type="log-log")
    row = curve.at([3 * DAYS_PER_YEAR]).to_pylist()[0]
    return row["survival"], row["lower"], row["upper"], len(times.days), int((times.cause > 0).sum())


def _ratio_of_age(tables: Columns) -> Estimate:
    return _age_ratio(tables, "age_at_diagnosis", lambda v: as_numbers(v) / 10)


def _ratio_over_40(tables: Columns) -> Estimate:
    return _age_ratio(
        tables, "age_band", lambda v: np.array([np.nan if x is None else x == "over_40" for x in v], float)
    )


def _age_ratio(
    tables: Columns, column: str, number: Callable[[NDArray[Any]], NDArray[np.float64]]
) -> Estimate:
    times = overall_survival(tables)
    patient = tables["patient"]
    if column not in patient:
        raise UnsoundAnalysis(f"The source has no {column}.", "Compare another estimate.")
    values = _of(times, patient["person"], number(patient[column]))
    known = ~np.isnan(values)
    event = (times.cause[known] > 0).astype(int)
    row = cox(times.days[known], event, {"age": values[known]}).table().to_pylist()[0]
    return row["hazard_ratio"], row["lower"], row["upper"], len(event), int(event.sum())


def _of(times: EndpointTimes, people: NDArray[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
    place = {person: row for row, person in enumerate(people)}
    return values[[place[person] for person in times.person]]


def _remission_share(tables: Columns) -> Estimate:
    """Return the share of whom any assessment was a remission; a day is not needed to have had one."""
    response = tables.get("response", {})
    if "response" not in response:
        raise UnsoundAnalysis("The source has no response.", "Compare another estimate.")
    ever: dict[str, bool] = {}
    for person, code in zip(response["person"], response["response"], strict=True):
        if code is not None and code not in NOT_ASSESSED:
            ever[person] = ever.get(person, False) or code in COMPLETE_REMISSION
    if not ever:
        raise UnsoundAnalysis("No response of the source was assessed.", "Compare another estimate.")
    found = share(np.array(list(ever.values())))
    return found.estimate, found.lower, found.upper, len(ever), sum(ever.values())


_ESTIMATES: Mapping[str, Callable[[Columns], Estimate]] = {
    "Overall survival at 3 years": _survival_at_3_years,
    "Hazard ratio of death, per 10 years of age": _ratio_of_age,
    "Hazard ratio of death, over 40 against 40 or younger": _ratio_over_40,
    "Share with complete remission, of those assessed": _remission_share,
}
