"""
Raw results: what an analysis hands to disclosure control, with the counts behind every number.

Nothing here may leave the research zone. `control.make_safe` turns each into the section of a report; a
type that has no checker there does not leave at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmony.reporting.document import Explanation


@dataclass(frozen=True)
class RawStep:
    """
    Who remains (patients) after a step of the attrition; `reason` says why the others left by it.

    `sensitive` marks a criterion (HIV, pregnancy ...) where even *nobody left by it* goes to a person.
    """

    label: str
    remaining: int
    reason: str = ""
    sensitive: bool = False


@dataclass(frozen=True)
class RawAttrition:
    """
    Who was studied, with exact counts.

    Attributes
    ----------
    title : str
        Title of the table.
    steps : tuple of RawStep
        In order; `remaining` never rises.
    explanation : Explanation
        How this was counted.
    """

    title: str
    steps: tuple[RawStep, ...]
    explanation: Explanation


@dataclass(frozen=True)
class Merge:
    """One step of a declared hierarchy: these `levels` of a variable become the one level `into`."""

    levels: tuple[str, ...]
    into: str


@dataclass(frozen=True)
class RawVariable:
    """
    One variable of Table 1.

    Attributes
    ----------
    name : str
        Label of the variable.
    levels : tuple of str
        Its levels, without *missing*.
    counts : tuple of tuple of int, shape (levels, groups)
        Patients with this level in this group.
    missing : tuple of int, shape (groups,)
        Patients of the group whose value is not known. Levels and missing of a group add up to its size.
    sensitive : bool
        Whether knowing the level of a person would harm: then 0 % or 100 % of a group goes to a person.
    merges : tuple of Merge
        Merges to try, one after the other, before anything is hidden; empty when no hierarchy is declared.
    structural_zeros : frozenset of (str, str)
        (level, group) pairs that cannot exist, known to everybody; shown as `[z]`, never hidden.
    """

    name: str
    levels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    missing: tuple[int, ...]
    sensitive: bool = False
    merges: tuple[Merge, ...] = ()
    structural_zeros: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class RawCharacteristics:
    """
    Table 1 with exact counts.

    Attributes
    ----------
    title : str
        Title of the table.
    groups : tuple of str
        Columns. Without `total` they are disjoint.
    sizes : tuple of int, shape (groups,)
        Patients per group.
    variables : tuple of RawVariable
        In the order of the table.
    explanation : Explanation
        How this was counted.
    total : str
        The one of `groups` that is the sum of all others; empty when there is none. An undeclared total
        would be a way to subtract one's way to a hidden cell.
    """

    title: str
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    variables: tuple[RawVariable, ...]
    explanation: Explanation
    total: str = ""


@dataclass(frozen=True)
class RawTest:
    """A test between groups on the full data: its name, for example *Log-rank test*, and its p-value."""

    name: str
    p: float


@dataclass(frozen=True, eq=False)
class SurvivalGroup:
    """
    Times of one group; groups of a figure are disjoint.

    Attributes
    ----------
    name : str
        Label of the group.
    days : float array, shape (patients,)
        Days from time zero to event or last contact, 0 or more.
    event : bool array, shape (patients,)
        True where the event happened, False where the patient was censored.
    """

    name: str
    days: NDArray[np.float64]
    event: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RawSurvival:
    """
    Times behind a Kaplan-Meier figure.

    Attributes
    ----------
    title, endpoint, time_zero : str
        Title; the endpoint, for example *Overall survival*; what day 0 is.
    groups : tuple of SurvivalGroup
        One per curve.
    explanation : Explanation
        How this was counted.
    test : RawTest, optional
        Test between the groups.
    missing : int
        Patients of the cohort who are in no group, because their group or their time is not known.
    """

    title: str
    endpoint: str
    time_zero: str
    groups: tuple[SurvivalGroup, ...]
    explanation: Explanation
    test: RawTest | None = None
    missing: int = 0


@dataclass(frozen=True, eq=False)
class IncidenceGroup:
    """
    Times and causes of one group; groups of a figure are disjoint.

    Attributes
    ----------
    name : str
        Label of the group.
    days : float array, shape (patients,)
        Days from time zero to the first event of any cause or to last contact, 0 or more.
    cause : int array, shape (patients,)
        0 censored, else the code of the cause.
    """

    name: str
    days: NDArray[np.float64]
    cause: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RawIncidence:
    """
    Times behind a figure of cumulative incidence.

    Attributes
    ----------
    title, time_zero : str
        Title; what day 0 is.
    causes : mapping of int to str
        Label of each cause code that occurs in a group.
    groups : tuple of IncidenceGroup
        One per curve.
    explanation : Explanation
        How this was counted.
    missing : int
        Patients of the cohort who are in no group, because their group or their time is not known.
    """

    title: str
    time_zero: str
    causes: Mapping[int, str]
    groups: tuple[IncidenceGroup, ...]
    explanation: Explanation
    missing: int = 0


@dataclass(frozen=True)
class RawTerm:
    """
    One level of one factor of a model, or one number (then `level` says its unit: *per 10 years*).

    Attributes
    ----------
    variable, level : str
        Names for the table.
    patients, events : int
        Of the level; of the whole model for a number.
    reference : bool
        True for the level that the others are compared with; it has no estimate.
    coefficient, standard_error : float, optional
        On the log scale.
    hazard_ratio, lower, upper, p : float, optional
        Estimate, limits of its 95 % interval, Wald p-value.
    is_number : bool
        True for a number, False for a level of a factor.
    """

    variable: str
    level: str
    patients: int
    events: int
    reference: bool = False
    coefficient: float | None = None
    standard_error: float | None = None
    hazard_ratio: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    is_number: bool = False


@dataclass(frozen=True)
class RawModel:
    """
    A fitted Cox model with the counts behind it.

    Attributes
    ----------
    title, outcome : str
        Title; what is modelled.
    terms : tuple of RawTerm
        Every level of every factor, reference levels too, and every number.
    patients, events, parameters : int
        Patients and events in the fit; estimated coefficients.
    checks : tuple of str
        Sentences on assumptions, without counts of patients.
    explanation : Explanation
        How this was counted.
    missing : int
        Patients of the cohort who are not in the fit, because a variable or their time is not known.
    """

    title: str
    outcome: str
    terms: tuple[RawTerm, ...]
    patients: int
    events: int
    parameters: int
    checks: tuple[str, ...]
    explanation: Explanation
    missing: int = 0

    @property
    def residual_degrees_of_freedom(self) -> int:
        """Return patients less parameters."""
        return self.patients - self.parameters


@dataclass(frozen=True)
class RawEstimate:
    """
    One estimate in two or three versions, with the counts that it stands on.

    Attributes
    ----------
    label, unit : str
        What is estimated, and on which scale.
    patients, events : int
        Smallest numbers of patients and of events behind any version of it; `events` may be None where
        the estimate is not about events.
    first, second, third : float, optional
        The versions, in the order of the comparison's columns.
    lower, upper, third_lower, third_upper : float, optional
        Limits of the 95 % interval of `second` and of `third`.
    verdict, note : str
        Short words on the comparison, without counts of patients.
    """

    label: str
    unit: str
    patients: int
    events: int | None
    first: float | None
    second: float | None
    lower: float | None = None
    upper: float | None = None
    third: float | None = None
    third_lower: float | None = None
    third_upper: float | None = None
    verdict: str = ""
    note: str = ""


@dataclass(frozen=True)
class RawComparison:
    """A table of compared estimates; `columns` name first, second and third."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[RawEstimate, ...]
    explanation: Explanation


RawResult = RawAttrition | RawCharacteristics | RawSurvival | RawIncidence | RawModel | RawComparison
