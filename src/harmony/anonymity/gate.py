"""
The anonymity gate: harmonised tables of all sources in, research tables out, with risk and utility on record.

Dates become days and a coarse year, quasi-identifiers are generalised until every class has k patients,
what stays too small is blanked cell by cell, and every person gets the pseudonym of this release.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from harmony.anonymity.content import content_sha256
from harmony.anonymity.generalise import Generalised, generalise
from harmony.anonymity.policy import Policy
from harmony.anonymity.risk import class_of, measure
from harmony.anonymity.shape import Shaped, Tables, end_at_horizon, shape
from harmony.errors import AnonymityRefused
from harmony.identity.pseudonyms import horizon_days, order_key, study_pseudonym
from harmony.settings import Zone
from harmony.stages.journey import HarmonisedTables, ResearchTables
from harmony.stages.record import Definition, Input, Outcome
from harmony.stages.run import Journal, run
from harmony.store.tables import read_tables, write_table

STAGE: Final = "anonymise"

#: An estimate that a study would make: value, lower and upper limit, patients and events behind it.
Estimate = tuple[float, float, float, int, int | None]
#: Given by the caller, because this package knows no analysis: research-shaped tables to named estimates.
Utility = Callable[[Tables], Mapping[str, Estimate]]


@dataclass(frozen=True)
class SourceReport:
    """What the gate did to one source; `estimates` maps a name to its value before and after."""

    provider: str
    mark: str
    disease: tuple[str, ...]
    patients_in: int
    patients_out: int
    without_index: int
    levels: Mapping[str, str | int]
    loss: float
    blanked: int
    horizon: bool
    deaths_behind_horizon: int
    risk: dict[str, Any]
    estimates: Mapping[str, tuple[Estimate | None, Estimate | None]]


def assess(
    zone: Zone,
    release: str,
    sources: Sequence[HarmonisedTables],
    policy: Policy,
    utility: Utility,
    fixed_levels: Mapping[str, Mapping[str, str | int]],
    journal: Journal,
) -> ResearchTables:
    """
    Run the gate over all sources of a release.

    Parameters
    ----------
    release : str
        REL id; pseudonyms and row order belong to it.
    sources : sequence of HarmonisedTables
        One delivery a provider, each signed off by the committee.
    utility : callable
        Estimates that studies make; run before and after.
    fixed_levels : mapping of str to levels
        Levels of the release line by provider; a provider without any is searched.

    Returns
    -------
    ResearchTables
        `tables/*.parquet` over all sources, `gate.json`.

    Raises
    ------
    AnonymityRefused
        When risk stays over a threshold or a column has no role.
    """

    def work(target: Path) -> Outcome:
        reports, released, content = [], {}, {}
        for opened, chosen in _levels(sources, policy, fixed_levels):
            found, tables, before_horizon = _one_source(zone, opened, chosen, policy, utility)
            reports.append(found)
            released[found.provider] = tables
            content[found.provider] = before_horizon
        merged = _merge(zone, release, released)
        risk = _risk_by_mark(merged["patient"], policy)
        rows = _write(target / "tables", merged)
        gate = {
            "release": release,
            "policy": {"id": policy.id, "version": policy.version, "sha256": policy.sha256},
            "thresholds": {"k": policy.k, "mean": policy.max_mean, "prosecutor": policy.max_prosecutor},
            "risk": risk,
            "sources": [asdict(found) for found in reports],
        }
        (target / "gate.json").write_text(json.dumps(gate, indent=1), encoding="utf-8")
        return _outcome(sources, reports, rows, policy, content_sha256(content), release)

    inputs = [Input(source.record.stage, source.record.sha256) for source in sources]
    return run(ResearchTables, zone, STAGE, release, inputs, work, journal)


def _outcome(
    sources: Sequence[HarmonisedTables],
    reports: Sequence[SourceReport],
    rows: dict[str, int],
    policy: Policy,
    content: str,
    release: str,
) -> Outcome:
    patients_in = sum(found.patients_in for found in reports)
    patients_out = sum(found.patients_out for found in reports)
    counts = {"in": patients_in, "out": patients_out, "set_aside": patients_in - patients_out, "refused": 0}
    details = {
        "release": release,
        "content_sha256": content,
        "levels": {found.provider: dict(found.levels) for found in reports},
        "sources": [_source_details(source) for source in sources],
    }
    definitions = (Definition(f"policy/{policy.id}", policy.version, policy.sha256),)
    return Outcome("passed", counts, definitions, rows, details)


def _source_details(source: HarmonisedTables) -> dict[str, Any]:
    wanted = ("provider", "mark", "axis", "index_event", "not_supplied", "agreement", "level", "source")
    return {
        "delivery": source.record.key,
        **{key: source.details[key] for key in wanted if key in source.details},
    }


@dataclass(frozen=True)
class _Opened:
    """One source while it passes the gate: its record, its dated patients, its research shape."""

    details: Mapping[str, Any]
    dated: pa.Table
    shaped: Shaped


def _levels(
    sources: Sequence[HarmonisedTables],
    policy: Policy,
    fixed_levels: Mapping[str, Mapping[str, str | int]],
) -> list[tuple[_Opened, Generalised]]:
    opened = []
    for source in sources:
        tables = read_tables(source.path("tables"))
        shaped = shape(tables, source.details, policy)
        opened.append(_Opened(source.details, tables["patient"], shaped))

    lines = [fixed_levels.get(one.details["provider"]) for one in opened]
    chosen = [generalise(one.shaped.exact, policy, line) for one, line in zip(opened, lines, strict=True)]
    over = _marks_over_mean(opened, chosen, policy)
    for number, (one, line) in enumerate(zip(opened, lines, strict=True)):
        # Levels of the line stay as they are: only a source that is searched can be made coarser.
        if one.details["mark"] in over and line is None:
            chosen[number] = generalise(one.shaped.exact, policy, None, policy.max_mean)
    return list(zip(opened, chosen, strict=True))


def _marks_over_mean(opened: Sequence[_Opened], chosen: Sequence[Generalised], policy: Policy) -> set[str]:
    # The provider is part of every class, so that the mean risk of a mark is classes over patients.
    patients: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    for one, found in zip(opened, chosen, strict=True):
        numbers = class_of(found.columns, policy.quasi_identifiers)
        patients[one.details["mark"]] += len(numbers)
        classes[one.details["mark"]] += len(np.unique(numbers))
    return {mark for mark, size in patients.items() if classes[mark] / size > policy.max_mean}


def _one_source(
    zone: Zone, source: _Opened, found: Generalised, policy: Policy, utility: Utility
) -> tuple[SourceReport, Tables, Tables]:
    dated, shaped = source.dated, source.shaped
    provider = source.details["provider"]
    before_horizon = _with_generalised(shaped, found)
    after, hidden, used = _horizon(zone, source.details, dated, before_horizon)
    after = {name: _mark_rows(table, provider, source.details["mark"]) for name, table in after.items()}
    classes = class_of(found.columns, policy.quasi_identifiers)
    estimates_before, estimates_after = utility(shaped.tables), utility(after)
    names = sorted(set(estimates_before) | set(estimates_after))
    report = SourceReport(
        provider=provider,
        mark=source.details["mark"],
        disease=tuple(sorted(set(shaped.tables["patient"].column("disease").to_pylist()))),
        patients_in=len(dated),
        patients_out=len(after["patient"]),
        without_index=shaped.without_index,
        levels=found.levels,
        loss=round(found.loss, 6),
        blanked=int(found.blanked.sum()),
        horizon=used,
        deaths_behind_horizon=hidden,
        risk=measure(classes, policy.report_above).as_dict(),
        estimates={name: (estimates_before.get(name), estimates_after.get(name)) for name in names},
    )
    return report, after, before_horizon


def _with_generalised(shaped: Shaped, found: Generalised) -> Tables:
    patient = shaped.tables["patient"]
    for key, values in found.columns.items():
        name = key.split(".")[1]
        place = patient.column_names.index(name)
        patient = patient.set_column(place, name, pa.array(values.tolist(), pa.string()))
    return {**shaped.tables, "patient": patient}


def _horizon(
    zone: Zone, details: Mapping[str, Any], dated: pa.Table, tables: Tables
) -> tuple[Tables, int, bool]:
    # Sources that hold intervals only, or publish no cut, have nothing that a horizon would protect.
    if details["axis"] != "calendar" or "data_cutoff_date" not in dated.column_names:
        return tables, 0, False
    master = zone.key("h.master")
    people = dated.column("patient_id").to_pylist()
    cuts = dated.column("data_cutoff_date").cast(pa.int32()).to_pylist()
    index = dated.column("index_diagnosis_date").cast(pa.int32()).to_pylist()
    known = [cut for cut in cuts if cut is not None]
    if not known:
        return tables, 0, False
    # A patient without an own cut has the delivery's: everybody's records end before it.
    ends = [max(known) if cut is None else cut for cut in cuts]
    days = {p: c - i for p, c, i in zip(people, ends, index, strict=True) if i is not None}
    ended, hidden = end_at_horizon(tables, days, lambda person: horizon_days(master, bytes.fromhex(person)))
    return ended, hidden, True


def _mark_rows(table: pa.Table, provider: str, mark: str) -> pa.Table:
    for name, value in (("provider_id", provider), ("mark", mark)):
        column = pa.repeat(pa.scalar(value), len(table))
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, column)
    return table


def _merge(zone: Zone, release: str, released: Mapping[str, Tables]) -> Tables:
    master = zone.key("h.master")
    merged = {}
    for name in sorted({name for tables in released.values() for name in tables}):
        parts = [tables[name] for tables in released.values() if name in tables]
        merged[name] = _under_pseudonyms(pa.concat_tables(parts, promote_options="default"), master, release)
    return merged


def _under_pseudonyms(table: pa.Table, master: bytes, release: str) -> pa.Table:
    people = table.column("person").to_pylist()
    unique = {person: bytes.fromhex(person) for person in set(people)}
    pseudonym = {person: study_pseudonym(master, "", release, raw) for person, raw in unique.items()}
    order = {person: order_key(master, "", release, raw) for person, raw in unique.items()}
    rows = sorted(range(len(people)), key=lambda row: order[people[row]])
    table = table.set_column(
        table.column_names.index("person"), "person", pa.array([pseudonym[person] for person in people])
    )
    return table.take(pa.array(rows, pa.int64()))


def _risk_by_mark(patient: pa.Table, policy: Policy) -> dict[str, Any]:
    """Return the risk of each mark by itself: one mark must not thin out the risk of another."""
    marks = np.array(patient.column("mark").to_pylist())
    columns = {
        key: np.array(patient.column(name).to_pylist(), dtype=object)
        for key in policy.quasi_identifiers
        if (name := key.split(".")[1]) in patient.column_names
    }
    return {
        str(mark): _accepted_risk(str(mark), {key: c[marks == mark] for key, c in columns.items()}, policy)
        for mark in np.unique(marks)
    }


def _accepted_risk(mark: str, columns: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    risk = measure(class_of(columns, policy.quasi_identifiers), policy.report_above)
    if risk.k < policy.k or risk.prosecutor > policy.max_prosecutor or risk.mean > policy.max_mean:
        raise AnonymityRefused(
            f"The {mark} patients have k {risk.k}, largest risk {risk.prosecutor:.3f}, mean {risk.mean:.3f}.",
            "Ask the committee for coarser fields or leave the smallest source out.",
            f"k {policy.k}, largest {policy.max_prosecutor}, mean {policy.max_mean}",
        )
    return risk.as_dict()


def _write(folder: Path, tables: Tables) -> dict[str, int]:
    folder.mkdir()
    return {
        f"tables/{name}.parquet": write_table(folder / f"{name}.parquet", table)
        for name, table in tables.items()
    }
