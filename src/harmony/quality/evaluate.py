"""
Run the rules on a folder of tables: one scan per table counts everything, a second look names the rows.

`sum(case when ...)` in one scan is ten times faster than one query per rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harmony.dictionary.model import Dictionary
from harmony.progress import track
from harmony.quality.rules import Rule, RuleSet, applies
from harmony.store.tables import Engine, engine, fetch, table_files

#: SQL types of the dictionary's types, for columns that a delivery does not have.
SQL_TYPES: Final = {
    "date": "DATE",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "category": "VARCHAR",
    "boolean": "BOOLEAN",
    "text": "VARCHAR",
}


@dataclass(frozen=True)
class RuleResult:
    """
    What one rule found.

    `state` is passed, failed or not_applicable (with `reason`); `numerator` of `denominator` rows violate.
    """

    rule: Rule
    state: str
    numerator: int
    denominator: int
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the result as `rules.json` has it."""
        return {
            "rule": self.rule.id,
            "table": self.rule.table,
            "severity": self.rule.severity,
            "state": self.state,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Violation:
    """One violating row: where it stands and whose it is."""

    rule: Rule
    place: tuple[str, int]
    patient: str


def evaluate(
    tables: Path,
    scratch: Path,
    dictionary: Dictionary,
    rules: RuleSet,
    details: Mapping[str, Any],
    place: tuple[str, str],
) -> tuple[list[RuleResult], list[Violation]]:
    """
    Count every rule on the tables of a folder and list every violating row.

    Parameters
    ----------
    tables : Path
        Folder of Parquet files.
    scratch : Path
        Where the engine may spill.
    details : mapping
        axis, mark and not_supplied of the delivery.
    place : (str, str)
        Columns that say where a row came from: (`_file`, `_row`) or (`_part`, `_row`).

    Returns
    -------
    (list of RuleResult, list of Violation)
        One result per rule in the rules' order; violations of failed rules.
    """
    with open_rule_engine(tables, scratch, dictionary) as connection:
        delivered = set(table_files(tables))
        results = list(_count_all(connection, rules, details, delivered))
        failed = [result.rule for result in results if result.state == "failed"]
        violations = [v for rule in failed for v in _violations(connection, rule, place)]
    return results, violations


def count_rules(
    tables: Path, scratch: Path, dictionary: Dictionary, rules: RuleSet, details: Mapping[str, Any]
) -> dict[str, int]:
    """Return only the number of violating rows by rule id; what the OMOP proof compares."""
    with open_rule_engine(tables, scratch, dictionary) as connection:
        results = list(_count_all(connection, rules, details, set(table_files(tables))))
    return {result.rule.id: result.numerator for result in results if result.state != "not_applicable"}


class open_rule_engine:
    """Open the engine with one view per dictionary table in which every dictionary column exists."""

    def __init__(self, tables: Path, scratch: Path, dictionary: Dictionary) -> None:
        files = table_files(tables)
        self._files = {f"delivered_{name}": path for name, path in files.items()}
        self._context = engine(self._files, scratch)
        self._dictionary = dictionary

    def __enter__(self) -> Engine:
        connection = self._context.__enter__()
        for name, fields in self._dictionary.tables.items():
            connection.execute(_view(connection, name, fields, f"delivered_{name}" in self._files))
        return connection

    def __exit__(self, *exception: Any) -> None:
        self._context.__exit__(*exception)


def _view(connection: Engine, name: str, fields: tuple[Any, ...], delivered: bool) -> str:
    present: set[str] = set()
    if delivered:
        described = fetch(connection, f"DESCRIBE delivered_{name}")
        present = set(described.column("column_name").to_pylist())
    absent = [f'CAST(NULL AS {SQL_TYPES[f.type]}) AS "{f.name}"' for f in fields if f.name not in present]
    columns = ", ".join((["source.*"] if delivered else []) + absent)
    rows = f"FROM delivered_{name} AS source" if delivered else "WHERE FALSE"
    return f'CREATE VIEW "{name}" AS SELECT {columns} {rows}'


def _count_all(
    connection: Engine, rules: RuleSet, details: Mapping[str, Any], delivered: set[str]
) -> Iterator[RuleResult]:
    counts: dict[str, tuple[int, int]] = {}
    reasons = {rule.id: applies(rule, details, delivered) for rule in rules.rules}
    tables = sorted({rule.table for rule in rules.rules})
    for table in track(tables, "Checking rules", len(tables)):
        chosen = [rule for rule in rules.rules if rule.table == table and not reasons[rule.id]]
        counts.update(_count(connection, table, chosen))
    for rule in rules.rules:
        if reasons[rule.id]:
            yield RuleResult(rule, "not_applicable", 0, 0, reasons[rule.id])
            continue
        numerator, denominator = counts[rule.id]
        yield RuleResult(rule, "failed" if numerator else "passed", numerator, denominator)


def _count(connection: Engine, table: str, rules: list[Rule]) -> dict[str, tuple[int, int]]:
    if not rules:
        return {}
    parts = []
    for number, rule in enumerate(rules):
        scope = _scope(rule)
        parts.append(f"SUM(CASE WHEN {scope} AND ({rule.expression}) THEN 1 ELSE 0 END) AS n{number}")
        parts.append(f"SUM(CASE WHEN {scope} THEN 1 ELSE 0 END) AS d{number}")
    row = fetch(connection, f"SELECT {', '.join(parts)} {_from(table)}").to_pylist()[0]
    return {rule.id: (int(row[f"n{i}"] or 0), int(row[f"d{i}"] or 0)) for i, rule in enumerate(rules)}


def _violations(connection: Engine, rule: Rule, place: tuple[str, str]) -> Iterator[Violation]:
    where, row = place
    table = rule.table
    sql = (
        f'SELECT {table}."{where}" AS place, {table}."{row}" AS number, {table}.patient_id AS patient '
        f"{_from(table)} WHERE {_scope(rule)} AND ({rule.expression}) ORDER BY 1, 2"
    )
    for found in fetch(connection, sql).to_pylist():
        yield Violation(rule, (found["place"], found["number"]), found["patient"] or "")


def _from(table: str) -> str:
    if table == "patient":
        return "FROM patient"
    return f"FROM {table} LEFT JOIN patient ON patient.patient_id = {table}.patient_id"


def _scope(rule: Rule) -> str:
    if not rule.diseases:
        return "TRUE"
    diseases = ", ".join(f"'{disease}'" for disease in rule.diseases)
    return f"patient.disease IN ({diseases})"
