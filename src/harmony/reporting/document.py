"""
What a report is made of: safe results only, each with the explanation of its numbers.

`disclosure` makes these values from raw results; `pages` and `figures` draw them. A cell that may not be
shown holds no value at all, so that no page can show it by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Markers of look/guide section 6: hidden, not recorded, cannot exist, too few to be reliable.
Marker = Literal["c", "x", "z", "u"]

Mark = Literal["patient", "public", "synthetic"]


@dataclass(frozen=True)
class Explanation:
    """Answers *How this was counted* for one table or figure."""

    definition: str
    denominator: str
    missing: str
    sources: tuple[str, ...]
    mark: Mark
    quality_level: str
    release: str
    code_version: str
    disclosure: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One published count: a value, or a marker instead of it."""

    value: int | None
    marker: Marker | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.marker is None):
            raise ValueError("A cell has a value or a marker, not both and not neither.")


@dataclass(frozen=True)
class AttritionStep:
    """Who remains after a step, and who left by it. The first step has no `excluded`."""

    label: str
    remaining: Cell
    excluded: Cell | None = None
    reason: str = ""


@dataclass(frozen=True)
class Attrition:
    """Who was studied."""

    title: str
    steps: tuple[AttritionStep, ...]
    explanation: Explanation


@dataclass(frozen=True)
class CharacteristicRow:
    """One level of one variable: counts and per cents of the known, one per group."""

    variable: str
    level: str
    counts: tuple[Cell, ...]
    percents: tuple[float | None, ...]


@dataclass(frozen=True)
class Characteristics:
    """Table 1. `missing` maps a variable to its cells *Missing, patients*, one per group."""

    title: str
    groups: tuple[str, ...]
    group_sizes: tuple[Cell, ...]
    rows: tuple[CharacteristicRow, ...]
    missing: dict[str, tuple[Cell, ...]]
    explanation: Explanation


@dataclass(frozen=True)
class CurvePoint:
    """An estimate at a released cut; `at_risk` only where it was released."""

    time: float
    estimate: float
    lower: float
    upper: float
    at_risk: int | None = None


@dataclass(frozen=True)
class Curve:
    """One group's curve through released cuts; starts at time 0."""

    group: str
    patients: int
    events: int
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class SurvivalFigure:
    """Kaplan-Meier estimate from merged counts, time in years."""

    title: str
    time_zero: str
    endpoint: str
    curves: tuple[Curve, ...]
    withheld: tuple[str, ...]
    tests: str
    alt: str
    explanation: Explanation


@dataclass(frozen=True)
class IncidenceFigure:
    """Cumulative incidence by cause; `panels` maps a cause to its curves, time in years."""

    title: str
    time_zero: str
    panels: dict[str, tuple[Curve, ...]]
    withheld: tuple[str, ...]
    alt: str
    explanation: Explanation


@dataclass(frozen=True)
class ModelTerm:
    """One row of a model table; a reference level has no ratio."""

    variable: str
    level: str
    patients: Cell
    events: Cell
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class ModelTable:
    """Hazard ratios of a Cox model."""

    title: str
    outcome: str
    terms: tuple[ModelTerm, ...]
    patients: Cell
    events: Cell
    checks: tuple[str, ...]
    explanation: Explanation


@dataclass(frozen=True)
class ComparedEstimate:
    """One estimate in two versions, for example before and after the gate, or planted and found."""

    label: str
    unit: str
    first: float | None
    second: float | None
    lower: float | None
    upper: float | None
    third: float | None = None
    third_lower: float | None = None
    third_upper: float | None = None
    verdict: str = ""
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """A table of compared estimates; `columns` name first, second and third."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[ComparedEstimate, ...]
    explanation: Explanation


@dataclass(frozen=True)
class Note:
    """A sentence that belongs where a result is absent or limited: what is not shown, and why."""

    title: str
    text: str


Section = Attrition | Characteristics | SurvivalFigure | IncidenceFigure | ModelTable | Comparison | Note


@dataclass(frozen=True)
class Block:
    """The sections of one mark; marks never share a table or a total."""

    mark: Mark
    heading: str
    intro: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Report:
    """A whole study report."""

    study: str
    result: str
    title: str
    question: str
    lay_summary: str
    answer: str
    headline: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    limits: tuple[str, ...]
    provenance: tuple[tuple[str, str], ...]
    banner: str
    #: *How this was counted* of each headline number, in their order; empty when it stands elsewhere.
    headline_counted: tuple[Explanation, ...] = ()
