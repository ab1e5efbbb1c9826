"""
Quality rules as data: the shipped rules of `rules.csv`, and those that follow from the dictionary.

An expression is true for a violating row. A comparison with a missing value is no violation. One cell
gives one problem: a shipped rule names in `replaces` the generated rule that it stands for.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from harmony.dictionary.model import Dictionary, Field

RULES_ID: Final = "harmony-rules"
RULES_VERSION: Final = "2026.11"

#: May be missing under agreements of kind public or synthetic (docs/reference/formats.md, Missing).
MAY_BE_MISSING: Final = ("HQ-CM-004", "HQ-CM-008", "HQ-CM-009")


@dataclass(frozen=True)
class Rule:
    """
    One rule.

    Attributes
    ----------
    id : str
        HQ- for shipped rules, GEN- for rules that follow from the dictionary.
    table, column : str
        Where a violation is reported.
    diseases : tuple of str
        Diseases it applies to; empty for all.
    severity : str
        fatal, error or warning.
    calendar : bool
        Needs true dates; not applicable on the days axis.
    reads : tuple of str
        Fields the expression reads, as table.field.
    expression : str
        SQL condition in DuckDB's dialect over `table` joined to `patient`; true for a violating row.
    what : str
        What is wrong, in words.
    """

    id: str
    table: str
    column: str
    diseases: tuple[str, ...]
    severity: str
    calendar: bool
    reads: tuple[str, ...]
    expression: str
    what: str


@dataclass(frozen=True)
class RuleSet:
    """All rules with id, version and hash."""

    id: str
    version: str
    sha256: str
    rules: tuple[Rule, ...]

    def get(self, rule_id: str) -> Rule | None:
        """Return a rule by its id, or None."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


def load_rules(dictionary: Dictionary) -> RuleSet:
    """Load the shipped rules and add those of the dictionary."""
    text = resources.files("harmony.quality").joinpath("rules.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    replaced = {row["replaces"] for row in rows if row["replaces"]}
    rules = [_shipped(row) for row in rows]
    for item in dictionary.fields:
        rules.extend(
            rule for kind, rule in _generated(item, dictionary) if f"{kind}:{item.key}" not in replaced
        )
    digest = hashlib.sha256((text + dictionary.sha256).encode()).hexdigest()
    return RuleSet(RULES_ID, RULES_VERSION, digest, tuple(rules))


def _shipped(row: Mapping[str, str]) -> Rule:
    return Rule(
        id=row["rule_id"],
        table=row["table"],
        column=row["column"],
        diseases=() if row["disease"] == "all" else (row["disease"],),
        severity=row["severity"],
        calendar=row["time_axis"] == "calendar",
        reads=tuple(row["reads"].split("|")),
        expression=row["expression"],
        what=row["what"],
    )


def _generated(item: Field, dictionary: Dictionary) -> list[tuple[str, Rule]]:
    column = f"{item.table}.{item.name}"
    found: list[tuple[str, Rule]] = []

    def add(kind: str, severity: str, expression: str, what: str) -> None:
        name = f"GEN-{kind.upper()}-{item.table}.{item.name}"
        rule = Rule(name, item.table, item.name, item.diseases, severity, False, (column,), expression, what)
        found.append((kind, rule))

    if item.required == "always":
        key = item.name in (dictionary.key_of(item.table), "patient_id")
        add("required", "fatal" if key else "error", _missing(item, column), f"{item.label} is missing")
    if item.codes:
        codes = ", ".join("'" + code.replace("'", "''") + "'" for code in item.codes)
        add(
            "code",
            "error",
            f"{column} NOT IN ({codes})",
            f"{item.label} has a code that the dictionary does not know",
        )
    unit = f" {item.unit}" if item.unit else ""
    for kind, severity, (low, high) in (
        ("hard", "error", item.hard),
        ("plausible", "warning", item.plausible),
    ):
        if low is not None and high is not None and not (kind == "plausible" and _covers(item)):
            what = f"{item.label} is outside {low:g} to {high:g}{unit}; check the unit"
            add(kind, severity, _outside(column, item, kind, low, high), what)
    return found


def _covers(item: Field) -> bool:
    # Nothing lies outside the plausible and inside the hard limits: such a rule could never speak.
    (low, high), (hard_low, hard_high) = item.plausible, item.hard
    bounded = None not in (low, high, hard_low, hard_high)
    return bounded and low <= hard_low and hard_high <= high  # type: ignore[operator]


def _missing(item: Field, column: str) -> str:
    # An entity is required of the index diagnosis only; an earlier or second disease has none.
    if item.table == "diagnosis" and item.diseases:
        return f"{column} IS NULL AND diagnosis.diagnosis_role = 'index'"
    return f"{column} IS NULL"


def _outside(column: str, item: Field, kind: str, low: float, high: float) -> str:
    outside = f"({column} < {low!r} OR {column} > {high!r})"
    hard_low, hard_high = item.hard
    if kind == "plausible" and hard_low is not None and hard_high is not None:
        # Beyond the hard limit the hard rule speaks; one cell gives one problem.
        return f"{outside} AND {column} BETWEEN {hard_low!r} AND {hard_high!r}"
    return outside


def applies(rule: Rule, details: Mapping[str, Any], delivered: set[str]) -> str:
    """
    Return why a rule is not applicable to a delivery, or an empty string when it applies.

    Parameters
    ----------
    details : mapping
        axis, mark and not_supplied of the delivery.
    delivered : set of str
        Tables that the delivery has.
    """
    if rule.calendar and details["axis"] == "days":
        return "needs calendar dates"
    if rule.id in MAY_BE_MISSING and details["mark"] != "patient":
        return f"may be missing under an agreement of kind {details['mark']}"
    absent = sorted({key.split(".")[0] for key in rule.reads} - delivered)
    if absent or rule.table not in delivered:
        return f"table {', '.join(absent) or rule.table} is not delivered"
    missing = sorted(set(rule.reads) & set(details["not_supplied"]))
    return f"{', '.join(missing)} not supplied" if missing else ""
