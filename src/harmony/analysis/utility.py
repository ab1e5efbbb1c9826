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
from harmony.hematology.endpoints.times import EndpointTimes, overall_survival, time_to_remission
from harmony.statistics.cox import cox
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.tables import share
from harmony.store.columns import as_columns

Estimate = tuple[float, float, float]
Columns = Mapping[str, Mapping[str, NDArray[Any]]]

DAYS_PER_YEAR = 365.25


def estimates(tables: Mapping[str, pa.Table]) -> dict[str, Estimate]:
    """
    Return the estimates that these tables allow: value, lower and upper 95 % limit by name.

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
    return row["survival"], row["lower"], row["upper"]


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
    row = (
        cox(times.days[known], (times.cause[known] > 0).astype(int), {"age": values[known]})
        .table()
        .to_pylist()[0]
    )
    return row["hazard_ratio"], row["lower"], row["upper"]


def _of(times: EndpointTimes, people: NDArray[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
    place = {person: row for row, person in enumerate(people)}
    return values[[place[person] for person in times.person]]


def _remission_share(tables: Columns) -> Estimate:
    times = time_to_remission(tables)
    found = share(times.cause > 0)
    return found.estimate, found.lower, found.upper


_ESTIMATES: Mapping[str, Callable[[Columns], Estimate]] = {
    "Overall survival at 3 years": _survival_at_3_years,
    "Hazard ratio of death, per 10 years of age": _ratio_of_age,
    "Hazard ratio of death, over 40 against 40 or younger": _ratio_over_40,
    "Share with complete remission, of those with a dated assessment": _remission_share,
}
