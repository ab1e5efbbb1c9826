"""Compute one block of a study: cohort, tables, figures and models, each as a raw result or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmony.analysis.describe import attrition, characteristics
from harmony.analysis.model import ModelVariable, fit_cox
from harmony.analysis.survival import incidence, survival
from harmony.cohorts.frame import Cohort, build_frame, select
from harmony.disclosure.results import RawIncidence, RawResult, RawSurvival
from harmony.errors import UnsoundAnalysis
from harmony.hematology.endpoints.times import ENDPOINTS, EndpointTimes
from harmony.reporting.document import Note
from harmony.studies.explain import Explainer, counted
from harmony.studies.plan import BlockPart, CoxPart, CurvePart, Plan

Tables = Mapping[str, Mapping[str, NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class BlockData:
    """What a block computes from: its tables, its cohort, and the words for its numbers."""

    plan: Plan
    block: BlockPart
    tables: Tables
    cohort: Cohort
    words: Explainer
    leave_out: frozenset[str]
    least_cell: int


def open_block(
    plan: Plan,
    block: BlockPart,
    tables: Tables,
    words: Explainer,
    leave_out: frozenset[str],
    least_cell: int,
) -> BlockData:
    """Cut the tables down to the block's sources and build its cohort; raises when nobody remains."""
    own = {name: _of_sources(rows, block.sources, block.mark) for name, rows in tables.items()}
    frame = build_frame(own, plan.frame_fields(block))
    cohort = select(frame, block.start, plan.requirements(block))
    return BlockData(plan, block, own, cohort, words, leave_out, least_cell)


def _of_sources(
    rows: Mapping[str, NDArray[Any]], sources: tuple[str, ...], mark: str
) -> dict[str, NDArray[Any]]:
    keep = np.isin(rows["provider_id"], sources) & (rows["mark"] == mark)
    chosen = {name: values[keep] for name, values in rows.items()}
    # A column that these sources never had is absent, not empty: an endpoint must say so.
    return {name: values for name, values in chosen.items() if not _empty(values) or name in ("person",)}


def _empty(values: NDArray[Any]) -> bool:
    if values.dtype == object:
        return all(value is None for value in values)
    return bool(np.isnan(values).all())


def results(data: BlockData) -> Iterator[RawResult | Note]:
    """Yield every result of the block in the order of the report; what is unsound becomes a note."""
    yield attrition(data.cohort, "Who was studied", _attrition_words(data))
    yield _or_note("Characteristics", lambda: _described(data))
    for curve in data.block.survival:
        yield _or_note(curve.title, lambda curve=curve: _survival(data, curve))  # type: ignore[misc]
    for curve in data.block.incidence:
        yield _or_note(curve.title, lambda curve=curve: _incidence(data, curve))  # type: ignore[misc]
    for model in data.block.cox:
        yield _or_note(model.title, lambda model=model: _model(data, model))  # type: ignore[misc]
    for note in data.block.notes:
        yield Note(note.title, note.text)


def _or_note(title: str, compute: Callable[[], RawResult]) -> RawResult | Note:
    try:
        return compute()
    except UnsoundAnalysis as error:
        return Note(f"Not computed: {title}", f"{error.what} {error.next_step}".strip())


def _attrition_words(data: BlockData) -> Any:
    return data.words.explain(
        "Patients after each inclusion step, in the order applied.",
        "All patients of the block's sources in the release.",
        "Nobody is left out beside the steps shown.",
    )


def _described(data: BlockData) -> RawResult:
    group = data.plan.variable(data.block.group)
    variables = [v for f in data.block.table1 if (v := data.plan.variable(f)).label not in data.leave_out]
    words = data.words.explain(
        f"Patients by group ({group.label}); the value of the index diagnosis or the first record.",
        "Patients of the group whose value is known; not tested and not assessed count as not known.",
        "Counted in the column Missing.",
    )
    # The groups are the columns of the table: that nobody of a column is in another says nothing.
    variables = [replace(v, sensitive=v.sensitive and v.field != group.field) for v in variables]
    found = characteristics(
        data.cohort, group, variables, f"Characteristics by {_inside(group.label)}", words
    )
    return _counted(data, found, sum(found.sizes), "in a column", "their group is not known")


def _times(data: BlockData, endpoint: str) -> EndpointTimes:
    times = ENDPOINTS[endpoint](data.tables)
    return replace(times, time_zero=times.time_zero.replace("index event", data.words.index_event))


def _curve_words(data: BlockData, times: EndpointTimes, what: str) -> Any:
    return data.words.explain(
        f"{what} of {times.label.lower()} ({times.id}, version {times.version}): from {times.time_zero} to "
        f"{times.event}; the others are censored at last contact.",
        "Patients of the cohort with a known time and group.",
        "Patients whose time or group is not known are in no curve.",
    )


def _survival(data: BlockData, part: CurvePart) -> RawResult:
    times = _times(data, part.endpoint)
    words = _curve_words(data, times, "Kaplan-Meier estimate")
    found = survival(data.cohort, times, data.plan.variable(part.by), part.title, words)
    return _drawn(data, found)


def _incidence(data: BlockData, part: CurvePart) -> RawResult:
    times = _times(data, part.endpoint)
    words = _curve_words(data, times, "Aalen-Johansen estimate")
    if part.pool:
        pooled = "; ".join(f"{label}: {', '.join(members)}" for label, members in part.pool.items())
        words = replace(words, definition=f"{words.definition} Pooled causes: {pooled}.")
    pooled_times, group = _pooled(times, part.pool), data.plan.variable(part.by)
    return _drawn(data, incidence(data.cohort, pooled_times, group, part.title, words))


def _pooled(times: EndpointTimes, pool: Mapping[str, tuple[str, ...]]) -> EndpointTimes:
    """Return the times with the causes named in the plan pooled into one, under the first cause's code."""
    cause, causes = times.cause.copy(), dict(times.causes)
    for label, members in pool.items():
        codes = [code for code, name in causes.items() if name in members]
        if codes:
            cause[np.isin(cause, codes)] = codes[0]
            causes = {code: name for code, name in causes.items() if code not in codes} | {codes[0]: label}
    return replace(times, cause=cause, causes=dict(sorted(causes.items())))


def _inside(label: str) -> str:
    """Return a label as it reads inside a sentence: T-cell and TP53 keep their capitals."""
    return label if label[1:2] in ("-", "") or label[:2].isupper() else label[0].lower() + label[1:]


def _model(data: BlockData, part: CoxPart) -> RawResult:
    times = _times(data, part.endpoint)
    terms = [
        ModelVariable(variable, term.per)
        for term in part.terms
        if (variable := data.plan.variable(term.field)).label not in data.leave_out
    ]
    words = data.words.explain(
        f"Cox model (Efron ties) of {times.label.lower()}; each ratio is adjusted for the other factors. "
        "A band of ages counts as its middle.",
        "Patients of whom every factor is known.",
        "Patients with an unknown factor are not in the model.",
    )
    found = fit_cox(data.cohort, times, terms, part.title, words)
    return _counted(data, found, found.patients, "in the model", "a factor or their time is not known")


def _drawn(data: BlockData, found: RawSurvival | RawIncidence) -> RawResult:
    inside = sum(len(group.days) for group in found.groups)
    return _counted(data, found, inside, "in a curve", "their group or their time is not known")


def _counted(data: BlockData, found: Any, inside: int, place: str, reason: str) -> RawResult:
    words = counted(found.explanation, inside, data.cohort.size, place, reason, data.least_cell)
    return replace(found, explanation=words)
