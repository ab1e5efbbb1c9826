"""
The quality gate: a report with verdict and every problem, and tables from which fatal rows were set aside.

The same gate stands at the hospital (places are file and line) and at the platform (places are part and
row). Nothing is thrown away in silence: what was set aside is counted and listed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harmony.dictionary.model import Dictionary
from harmony.errors import DataRefused
from harmony.quality.evaluate import RuleResult, Violation, evaluate
from harmony.quality.rules import RuleSet, load_rules
from harmony.settings import Zone
from harmony.stages.journey import CheckedTables, PassedTables, QualityReport, Stage
from harmony.stages.problems import Problem, ProblemList, read_problems
from harmony.stages.record import Definition, Input, Outcome
from harmony.stages.run import Journal, run
from harmony.store.tables import column_names, table_files

T = TypeVar("T", PassedTables, CheckedTables)

#: Names of the platform's two stages; the hospital has its own.
REPORT: Final = "quality_report"
CHECKED: Final = "quality_checked"

#: Share of patients with at least one error up to which a level is given. House choice, committee decides.
LEVELS: Final = (("A", 0.0), ("B", 0.05), ("C", 0.20))
LOWEST_LEVEL: Final = "D"

#: Rows of a table in memory at a time while rows are set aside.
ROWS_AT_A_TIME: Final = 500_000


@dataclass(frozen=True)
class GateTerms:
    """
    What the gate needs besides the tables.

    Attributes
    ----------
    place : (str, str)
        Columns that say where a row came from.
    columns : mapping of str to str
        table.field to the name a reader knows (source column); the field's own name otherwise.
    max_set_aside : float
        Largest share of patients that may be lost, 0 to 1.
    """

    place: tuple[str, str]
    columns: Mapping[str, str]
    max_set_aside: float


def report(
    zone: Zone, tables: Stage, stage: str, dictionary: Dictionary, terms: GateTerms, journal: Journal
) -> QualityReport:
    """
    Check tables and record verdict, problems and the counts of every rule.

    Returns
    -------
    QualityReport
        `problems.csv`, `rules.json`, `set_aside.json`; verdict passed or refused.
    """
    rules = load_rules(dictionary)

    def work(target: Path) -> Outcome:
        folder = tables.path("tables")
        results, violations = evaluate(
            folder, zone.folder("scratch"), dictionary, rules, tables.details, terms.place
        )
        problems = _all_problems(tables, violations, terms)
        patients = pq.read_table(folder / "patient.parquet", columns=["patient_id"]).column("patient_id")
        lost = int(pc.sum(_of_patients(patients, _patients_lost(violations))).as_py() or 0)
        verdict = _verdict(problems, lost, len(patients), terms.max_set_aside)
        rows = {"problems.csv": problems.write(target / "problems.csv")}
        _write_json(target / "rules.json", [result.as_dict() for result in results])
        _write_json(target / "set_aside.json", _set_aside(violations))
        level = propose_level(violations, problems, len(patients))
        counts = {
            "in": len(patients),
            "out": 0 if verdict == "refused" else len(patients) - lost,
            "set_aside": 0 if verdict == "refused" else lost,
            "refused": len(patients) if verdict == "refused" else 0,
        }
        details = {**tables.details, "level": level, "rules": _rule_counts(results)}
        return Outcome(verdict, counts, _definitions(dictionary, rules), rows, details)

    inputs = [Input(tables.record.stage, tables.record.sha256)]
    return run(QualityReport, zone, stage, tables.record.key, inputs, work, journal)


def require_passed(found: QualityReport) -> None:
    """
    Stop when a report's verdict is refused.

    Raises
    ------
    DataRefused
        Naming the number of problems by severity.
    """
    if found.record.verdict != "passed":
        problems = read_problems(found.path("problems.csv"))
        counts = ", ".join(
            f"{problems.total(s)} {s}" for s in ("structure", "fatal", "error") if problems.total(s)
        )
        raise DataRefused(
            f"The delivery is refused: {counts} problems.",
            "Mend the lines listed in the problem report and run the check again.",
        )


def set_aside(
    kind: type[T], zone: Zone, tables: Stage, stage: str, found: QualityReport, journal: Journal
) -> T:
    """
    Write the tables without the rows that a fatal rule set aside.

    Raises
    ------
    DataRefused
        When the report's verdict is refused.
    """
    require_passed(found)

    def work(target: Path) -> Outcome:
        removed = json.loads(found.path("set_aside.json").read_text(encoding="utf-8"))
        (target / "tables").mkdir()
        rows = {}
        for name, path in table_files(tables.path("tables")).items():
            lost = (set(removed["patients"]), removed["rows"].get(name, []))
            rows[f"tables/{name}.parquet"] = _write_without(path, target / "tables" / path.name, *lost)
        return Outcome("passed", found.record.counts, found.record.definitions, rows, found.details)

    inputs = [Input(s.record.stage, s.record.sha256) for s in (tables, found)]
    return run(kind, zone, stage, tables.record.key, inputs, work, journal)


def propose_level(violations: Sequence[Violation], problems: ProblemList, patients: int) -> str:
    """
    Return the level that the share of patients with an error suggests: A, B, C or D.

    A cell that could not be read counts as one patient with an error: its row may be anybody's.
    """
    wrong = {v.patient for v in violations if v.rule.severity in ("fatal", "error")}
    form = [p for p in problems.listed if p.rule.startswith("FRM-") and p.severity == "error"]
    unread = len({(problem.file, problem.line) for problem in form})
    # Where not every line is listed, the column with most of them says how many there are at least.
    most = max(
        (n for (s, rule, *_), n in problems.counts.items() if s == "error" and rule[:4] == "FRM-"), default=0
    )
    share = (len(wrong) + max(unread, most)) / patients if patients else 1.0
    return next((level for level, limit in LEVELS if share <= limit), LOWEST_LEVEL)


def _all_problems(tables: Stage, violations: Sequence[Violation], terms: GateTerms) -> ProblemList:
    earlier = tables.path("problems.csv")
    problems = read_problems(earlier) if earlier.is_file() else ProblemList()
    delivered = {
        f"{table}.{name}"
        for table, path in table_files(tables.path("tables")).items()
        for name in column_names(path)
    }
    absent: dict[str, list[Violation]] = {}
    for found in violations:
        rule = found.rule
        if not set(rule.reads) <= delivered:
            absent.setdefault(rule.id, []).append(found)
            continue
        column = terms.columns.get(f"{rule.table}.{rule.column}", rule.column)
        file, line = found.place
        problems.add(Problem(rule.severity, rule.id, file, line, column, rule.what, f"violates {rule.id}"))
    problems.extend(_never_supplied(found, delivered) for found in absent.values())
    return problems


def _never_supplied(found: Sequence[Violation], delivered: set[str]) -> Problem:
    # The layout is at fault, and once: one line for each patient would bury what single lines must mend.
    rule = found[0].rule
    fields = ", ".join(key for key in rule.reads if key not in delivered)
    what = (
        f"{rule.what} in all {len(found):,} rows concerned: the layout never supplies {fields}. Supply it, "
        "or name it under not_supplied when the source does not have it."
    )
    return Problem(rule.severity, rule.id, found[0].place[0], 0, fields, what, f"violates {rule.id}")


def _of_patients(column: pa.ChunkedArray, patients: set[str]) -> pa.ChunkedArray:
    # A row without an id is the empty id's: it is lost with its rule and never kept by accident.
    return pc.is_in(pc.fill_null(column, ""), value_set=pa.array(sorted(patients), pa.string()))


def _patients_lost(violations: Sequence[Violation]) -> set[str]:
    return {v.patient for v in violations if v.rule.severity == "fatal" and v.rule.table == "patient"}


def _set_aside(violations: Sequence[Violation]) -> dict[str, Any]:
    rows: dict[str, list[tuple[str, int]]] = {}
    for found in violations:
        if found.rule.severity == "fatal" and found.rule.table != "patient":
            rows.setdefault(found.rule.table, []).append(found.place)
    return {"patients": sorted(_patients_lost(violations)), "rows": rows}


def _verdict(problems: ProblemList, lost: int, patients: int, max_set_aside: float) -> str:
    if problems.total("structure") or patients == 0:
        return "refused"
    return "refused" if lost / patients > max_set_aside else "passed"


def _write_without(source: Path, target: Path, patients: set[str], rows: Sequence[Sequence[Any]]) -> int:
    # Piece by piece: a table may be larger than the memory.
    kept = 0
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(target, file.schema_arrow, compression="zstd") as out,
    ):
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
            table = _without(pa.Table.from_batches([batch]), patients, rows)
            out.write_table(table)
            kept += len(table)
    return kept


def _without(table: pa.Table, patients: set[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    keep = pc.invert(_of_patients(table.column("patient_id"), patients))
    if rows:
        numbers = pa.array(sorted({int(number) for _, number in rows}), pa.int64())
        keep = pc.and_(keep, pc.invert(pc.is_in(table.column("_row"), value_set=numbers)))
    return table.filter(keep)


def _rule_counts(results: Sequence[RuleResult]) -> dict[str, int]:
    return {state: sum(r.state == state for r in results) for state in ("passed", "failed", "not_applicable")}


def _definitions(dictionary: Dictionary, rules: RuleSet) -> tuple[Definition, ...]:
    return (
        Definition(dictionary.id, dictionary.version, dictionary.sha256),
        Definition(rules.id, rules.version, rules.sha256),
    )


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
