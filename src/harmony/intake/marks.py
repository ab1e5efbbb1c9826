"""
The mark that a patient's number carries: numbers of invented patients begin with `SYN-`, no others do.

Only the hospital sees numbers. What is marked synthetic passes milder rules later, and what is marked
patient or public is reported as true, so that neither may stand under the agreement of the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from harmony.intake.layouts.model import Layout
from harmony.stages.problems import Problem

RULE: Final = "FRM-MARK"
PREFIX: Final = "SYN-"
SYNTHETIC: Final = "synthetic"


def mark_problems(patient: Path, layout: Layout, mark: str) -> list[Problem]:
    """
    Return one problem when numbers do not carry the mark of the agreement, else nothing.

    Parameters
    ----------
    patient : Path
        Converted table patient.
    mark : str
        Kind of the agreement: patient, public or synthetic.
    """
    wrong = total = 0
    for batch in pq.ParquetFile(patient).iter_batches(columns=["patient_id"]):
        numbers = pc.fill_null(batch.column(0), "")
        # Who hides the prefix behind a space or small letters means it all the same.
        plain = pc.utf8_upper(pc.utf8_trim_whitespace(numbers)) if mark != SYNTHETIC else numbers
        marked = pc.sum(pc.starts_with(plain, PREFIX)).as_py() or 0
        wrong += len(numbers) - marked if mark == SYNTHETIC else marked
        total += len(numbers)
    if not wrong:
        return []
    rule = next(table for table in layout.tables if table.name == "patient")
    column = next((c.column for c in rule.columns if c.field == "patient_id" and c.column), "")
    verb = "do not begin" if mark == SYNTHETIC else "begin"
    what = (
        f"{wrong:,} of {total:,} patient numbers {verb} with {PREFIX}, and the agreement is of kind {mark}; "
        f"deliver invented patients under an agreement of kind {SYNTHETIC}, and only those."
    )
    return [Problem("structure", RULE, rule.file, 0, column, what, "number of another mark")]
