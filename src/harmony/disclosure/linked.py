"""
Sections of one block that together would tell a count which each of them hides.

A reader subtracts: events of a curve, which ends at its last cut, from events of a model, which does not; or
numbers at risk of two figures with different cuts. What every pair would give back is taken out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmony.disclosure.decision import Action, explained
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import RawIncidence, RawSurvival, SurvivalGroup
from harmony.reporting.document import (
    Attrition,
    Cell,
    Characteristics,
    Curve,
    IncidenceFigure,
    ModelTable,
    Section,
    SurvivalFigure,
)

#: Name of the sum over all groups of a section; no label of a study can hold this character.
ALL_GROUPS: Final = "\0all"

EVENTS_HIDDEN: Final = Action(
    "hidden",
    "Events of the model are hidden [c]: less those of a curve they tell the few after its last cut.",
)
AT_RISK_HIDDEN: Final = Action(
    "hidden",
    "Numbers at risk stand in the first figure of these groups only: two figures tell small differences.",
)


@dataclass(frozen=True)
class Linked:
    """Sections that may stand beside each other, what was done to them, and what a person must judge."""

    sections: tuple[Section, ...]
    actions: tuple[tuple[str, Action], ...]
    to_person: tuple[str, ...]


def link(sections: Sequence[Section], policy: OutputPolicy) -> Linked:
    """
    Take out of a block's safe sections what two of them would give back by subtraction.

    Numbers at risk stay in the first figure of the same groups. All events of a model are hidden when one of
    them lies within the minimum cell of the events of a curve, of a cause, or of all causes together.

    Parameters
    ----------
    sections : sequence of Section
        Safe sections of one block, in the order of the report.

    Returns
    -------
    Linked
        `actions` pairs a section's title with what was done; `to_person` names pairs of sections whose
        numbers of patients differ by less than the minimum cell.
    """
    found, actions = [], []
    drawn: set[frozenset[str]] = set()
    figures = [one for one in sections if isinstance(one, SurvivalFigure | IncidenceFigure)]
    for section in sections:
        done = None
        if isinstance(section, SurvivalFigure | IncidenceFigure):
            groups = frozenset(curve.group for curve in curves_of(section))
            if groups in drawn and any(p.at_risk is not None for c in curves_of(section) for p in c.points):
                section, done = _without_at_risk(section), AT_RISK_HIDDEN
            drawn.add(groups)
        elif isinstance(section, ModelTable) and any(_gives_back(section, one, policy) for one in figures):
            section, done = _without_events(section), EVENTS_HIDDEN
        if done:
            actions.append((section.title, done))
        found.append(section)
    return Linked(tuple(found), tuple(actions), tuple(_close_patients(found, policy)))


def curves_of(figure: SurvivalFigure | IncidenceFigure) -> tuple[Curve, ...]:
    """Return all curves of a figure; those of every cause one after the other."""
    if isinstance(figure, SurvivalFigure):
        return figure.curves
    return tuple(curve for curves in figure.panels.values() for curve in curves)


def shared_cuts(raw: RawIncidence, drawn: Sequence[tuple[RawSurvival, SurvivalFigure]]) -> tuple[float, ...]:
    """
    Return the cuts, in years, that a figure of causes must keep to: those of a curve of the same events.

    Between cuts of its own it would count events that the curve counts in another interval; the difference of
    the two may be one patient. Empty when no figure was drawn from the same times.
    """
    for other, figure in drawn:
        if figure.curves and _same_times(raw, other):
            return tuple(point.time for point in figure.curves[0].points[1:])
    return ()


def _same_times(causes: RawIncidence, survival: RawSurvival) -> bool:
    theirs = {one.name: one for one in survival.groups}
    if set(theirs) != {one.name for one in causes.groups}:
        return False
    return all(
        np.array_equal(np.sort(one.days), np.sort(theirs[one.name].days))
        and np.array_equal(np.sort(one.days[one.cause > 0]), np.sort(_event_days(theirs[one.name])))
        for one in causes.groups
    )


def _event_days(group: SurvivalGroup) -> NDArray[np.float64]:
    return group.days[np.asarray(group.event, dtype=bool)]


def _without_at_risk(figure: SurvivalFigure | IncidenceFigure) -> SurvivalFigure | IncidenceFigure:
    words = explained(figure.explanation, [AT_RISK_HIDDEN])
    if isinstance(figure, SurvivalFigure):
        return replace(figure, curves=_bare(figure.curves), explanation=words)
    panels = {cause: _bare(curves) for cause, curves in figure.panels.items()}
    return replace(figure, panels=panels, explanation=words)


def _bare(curves: tuple[Curve, ...]) -> tuple[Curve, ...]:
    return tuple(replace(c, points=tuple(replace(p, at_risk=None) for p in c.points)) for c in curves)


def _without_events(model: ModelTable) -> ModelTable:
    # One cell alone would come back from the sum of any factor.
    hidden = Cell(None, "c")
    terms = tuple(replace(term, events=hidden) for term in model.terms)
    return replace(
        model, terms=terms, events=hidden, explanation=explained(model.explanation, [EVENTS_HIDDEN])
    )


def _gives_back(model: ModelTable, figure: SurvivalFigure | IncidenceFigure, policy: OutputPolicy) -> bool:
    drawn = list(_events_of(figure))
    counted = [(term.level, term.events.value) for term in model.terms] + [(ALL_GROUPS, model.events.value)]
    return any(
        name == group and value is not None and 0 < abs(value - events) < policy.least_cell
        for name, value in counted
        for group, events in drawn
    )


def _events_of(figure: SurvivalFigure | IncidenceFigure) -> Iterator[tuple[str, int]]:
    """Yield the events of each curve, of all causes of a group, and of all groups."""
    panels = [figure.curves] if isinstance(figure, SurvivalFigure) else list(figure.panels.values())
    totals: dict[str, int] = {}
    for curves in panels:
        for curve in curves:
            yield curve.group, curve.events
            totals[curve.group] = totals.get(curve.group, 0) + curve.events
        yield ALL_GROUPS, sum(curve.events for curve in curves)
    yield from totals.items()
    yield ALL_GROUPS, sum(totals.values())


def _close_patients(sections: Sequence[Section], policy: OutputPolicy) -> Iterator[str]:
    counted = [(section.title, dict(_patients_of(section))) for section in sections]
    for (one, left), (other, right) in combinations(counted, 2):
        close = [
            name for name in left if name in right and 0 < abs(left[name] - right[name]) < policy.least_cell
        ]
        if close:
            yield (
                f"'{one}' and '{other}' count groups that differ by fewer than {policy.least_cell} "
                "patients; the difference tells how many."
            )


def _patients_of(section: Section) -> Iterator[tuple[str, int]]:
    groups: dict[str, int | None] = {}
    if isinstance(section, Attrition):
        groups = {ALL_GROUPS: section.steps[-1].remaining.value}
    elif isinstance(section, Characteristics):
        groups = {n: c.value for n, c in zip(section.groups, section.group_sizes, strict=True)}
    elif isinstance(section, SurvivalFigure | IncidenceFigure):
        groups = {curve.group: curve.patients for curve in curves_of(section)}
    elif isinstance(section, ModelTable):
        groups = {term.level: term.patients.value for term in section.terms}
        groups[ALL_GROUPS] = section.patients.value
    if groups and ALL_GROUPS not in groups and all(value is not None for value in groups.values()):
        groups[ALL_GROUPS] = sum(value or 0 for value in groups.values())
    yield from ((name, value) for name, value in groups.items() if value is not None)
