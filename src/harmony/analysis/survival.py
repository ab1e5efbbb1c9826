"""Survival by group and incidence by cause, as raw results with every patient's time inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harmony.analysis.groups import Variable, as_levels
from harmony.cohorts.frame import Cohort
from harmony.disclosure.results import IncidenceGroup, RawIncidence, RawSurvival, RawTest, SurvivalGroup
from harmony.errors import UnsoundAnalysis
from harmony.hematology.endpoints.times import EndpointTimes
from harmony.reporting.document import Explanation
from harmony.statistics.logrank import logrank

#: Fewer events than this in all groups together give no curve worth the name.
FEWEST_EVENTS = 10


def aligned(cohort: Cohort, times: EndpointTimes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Match cohort and endpoint.

    Returns
    -------
    (int array, int array)
        Rows of the cohort's frame and rows of the endpoint for the patients who are in both.
    """
    place = {person: row for row, person in enumerate(times.person)}
    rows = [(i, place[person]) for i, person in enumerate(cohort.frame["person"]) if person in place]
    if not rows:
        raise UnsoundAnalysis(f"No patient of the cohort has {times.label}.", "Choose another endpoint.")
    pairs = np.array(rows, dtype=np.int64)
    return pairs[:, 0], pairs[:, 1]


def survival(
    cohort: Cohort, times: EndpointTimes, group: Variable, title: str, explanation: Explanation
) -> RawSurvival:
    """
    Return the times behind Kaplan-Meier curves by group, with the log-rank test between them.

    Raises
    ------
    UnsoundAnalysis
        When there are fewer than 10 events.
    """
    own, theirs = aligned(cohort, times)
    values, levels = as_levels(group, cohort.frame[group.field][own])
    days, event = times.days[theirs], times.cause[theirs] > 0
    _enough(int(event.sum()), times)
    parts = [(name, values == name) for name in levels if (values == name).any()]
    known = np.array([value is not None for value in values], bool)
    groups = tuple(SurvivalGroup(name, days[rows], event[rows]) for name, rows in parts)
    test = None
    if len(groups) > 1:
        p = logrank(days[known], event[known].astype(int), values[known].astype(str)).p
        test = RawTest("Log-rank test", float(p))
    return RawSurvival(
        title, times.label, times.time_zero, groups, explanation, test, _outside(cohort, groups)
    )


def incidence(
    cohort: Cohort, times: EndpointTimes, group: Variable, title: str, explanation: Explanation
) -> RawIncidence:
    """Return the times behind cumulative incidence by cause and group; causes compete."""
    own, theirs = aligned(cohort, times)
    values, levels = as_levels(group, cohort.frame[group.field][own])
    days, cause = times.days[theirs], times.cause[theirs]
    _enough(int((cause > 0).sum()), times)
    known = np.array([value is not None for value in values], bool)
    groups = tuple(
        IncidenceGroup(name, days[values == name], cause[values == name])
        for name in levels
        if (values == name).any()
    )
    occurring = {code: label for code, label in times.causes.items() if (cause[known] == code).any()}
    return RawIncidence(title, times.time_zero, occurring, groups, explanation, _outside(cohort, groups))


def _outside(cohort: Cohort, groups: Sequence[SurvivalGroup | IncidenceGroup]) -> int:
    # Neither a known group without a time nor a time without a group is in a curve.
    return cohort.size - sum(len(group.days) for group in groups)


def _enough(events: int, times: EndpointTimes) -> None:
    if events < FEWEST_EVENTS:
        raise UnsoundAnalysis(
            f"{times.label} has too few events in this cohort.",
            "Widen the cohort or choose another endpoint.",
            f"at least {FEWEST_EVENTS}",
        )
