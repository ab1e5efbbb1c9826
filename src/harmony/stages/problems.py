"""
Problems of a delivery: what is wrong, where, and what would be right; never the value itself.

Intake finds problems of form, quality finds problems of content; both fill one list, so that a data
manager gets every problem of a delivery at once.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

#: structure: the file itself cannot be used. fatal: the row cannot enter. error: the value is not used.
#: warning: a query to the provider.
SEVERITIES: Final = ("structure", "fatal", "error", "warning")

#: Lines listed per rule and column; the counts stay exact. A broken column of a 2 GB file would
#: otherwise make a list larger than the file.
LISTED_PER_RULE: Final = 10_000

#: Lines that a summary names of each rule and column.
LINES_SHOWN: Final = 5

#: What is counted exactly, also where not every line is listed.
COUNTED: Final = ("severity", "rule", "file", "column")

COLUMNS: Final = ("severity", "rule", "file", "line", "column", "what", "value_class")


@dataclass(frozen=True)
class Problem:
    """
    One problem in one place.

    Attributes
    ----------
    severity : str
        structure, fatal, error or warning.
    rule : str
        Id of the rule; LAY- of the layout, FRM- of form, HQ- and GEN- of content.
    file : str
        Name of the source file.
    line : int
        1-based line in the file; 0 when the problem is the whole file's.
    column : str
        Source column, or the common field where a rule reads several.
    what : str
        What is wrong and what would be right.
    value_class : str
        Kind of the offending value ("number above the limit"), never the value.
    """

    severity: str
    rule: str
    file: str
    line: int
    column: str
    what: str
    value_class: str = ""


@dataclass(frozen=True)
class Lines:
    """Lines of a file with one kind of problem, and the kind of value in each."""

    numbers: Sequence[int]
    kinds: Sequence[str]


@dataclass
class ProblemList:
    """All problems of one delivery: exact counts, and the first lines of each rule and column."""

    listed: list[Problem] = field(default_factory=list)
    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    _recent: dict[tuple[str, str, str, str], set[int]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def add(self, problem: Problem) -> None:
        """Count a problem and list it while its rule and column have room."""
        key = (problem.severity, problem.rule, problem.file, problem.column)
        self.counts[key] += 1
        if self.counts[key] <= LISTED_PER_RULE:
            self.listed.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add several problems."""
        for problem in problems:
            self.add(problem)

    def add_lines(self, severity: str, rule: str, file: str, column: str, what: str, found: Lines) -> None:
        """
        Count one kind of problem of a column at many lines, and list those that have room.

        A line counts once, also when several tables read the same cell; lines come in rising pieces.

        Parameters
        ----------
        found : Lines
            The lines and, for each, the kind of its value.
        """
        key = (severity, rule, file, column)
        known = self._recent.get(key, set())
        new = [pair for pair in zip(found.numbers, found.kinds, strict=True) if pair[0] not in known]
        room = max(0, LISTED_PER_RULE - self.counts[key])
        self.counts[key] += len(new)
        self.listed += [Problem(severity, rule, file, line, column, what, kind) for line, kind in new[:room]]
        # Only the piece at hand is kept: a whole file's lines would take the memory of the file.
        later = bool(known) and min(found.numbers, default=0) > max(known)
        self._recent[key] = set(found.numbers) if later else known | set(found.numbers)

    def total(self, severity: str) -> int:
        """Return how many problems have this severity."""
        return sum(count for key, count in self.counts.items() if key[0] == severity)

    def in_order(self) -> list[Problem]:
        """Return the listed problems, worst first, then by rule, file, line and column."""
        return sorted(
            self.listed, key=lambda p: (SEVERITIES.index(p.severity), p.rule, p.file, p.line, p.column)
        )

    def by_rule(self) -> list[dict[str, Any]]:
        """
        Return one entry per rule, file and column, worst first.

        Each has severity, rule, file, column, count (exact), lines (the first `LINES_SHOWN`) and what.
        """
        groups: dict[tuple[str, str, str, str], list[Problem]] = {}
        for problem in self.in_order():
            groups.setdefault((problem.severity, problem.rule, problem.file, problem.column), []).append(
                problem
            )
        return [
            {
                **dict(zip(COUNTED, key, strict=True)),
                "count": self.counts[key],
                "lines": [problem.line for problem in found[:LINES_SHOWN] if problem.line],
                "what": found[0].what,
            }
            for key, found in groups.items()
        ]

    def write(self, path: Path) -> int:
        """Write `problems.csv`, and exact counts beside it where not every line is listed; return rows."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for problem in self.in_order():
                writer.writerow([getattr(problem, column) for column in COLUMNS])
        if self.counts.total() > len(self.listed):
            with _counts_file(path).open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow((*COUNTED, "count"))
                writer.writerows((*key, count) for key, count in sorted(self.counts.items()))
        return len(self.listed)


def read_problems(path: Path) -> ProblemList:
    """Read a `problems.csv` that `ProblemList.write` made, with its exact counts."""
    problems = ProblemList()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            content: dict[str, Any] = {**row, "line": int(row["line"])}
            problems.add(Problem(**content))
    if _counts_file(path).is_file():
        with _counts_file(path).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                severity, rule, name, column = (row[part] for part in COUNTED)
                problems.counts[severity, rule, name, column] = int(row["count"])
    return problems


def _counts_file(path: Path) -> Path:
    return path.with_name(f"{path.stem}_counts.csv")
