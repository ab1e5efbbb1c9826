"""
One row per patient from a study's tables, and the people who are in the cohort, with the attrition.

A table with several rows a patient gives its index row (diagnosis) or its first row by day. A value that
is not known is None; nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmony.errors import UnsoundAnalysis

Rows = Mapping[str, NDArray[Any]]
Frame = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Requirement:
    """
    One inclusion step.

    Attributes
    ----------
    label : str
        Who remains, in words.
    reason : str
        Why the others leave, in words.
    field : str
        table.field of the frame.
    values : tuple of str
        Values that remain; empty = any known value remains.
    """

    label: str
    reason: str
    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Who is in: `frame` has only these patients; `steps` are (label, remaining, reason), the start first."""

    frame: Frame
    steps: tuple[tuple[str, int, str], ...]

    @property
    def size(self) -> int:
        """Patients in the cohort."""
        return len(self.frame["person"])


def build_frame(tables: Mapping[str, Rows], fields: Sequence[str]) -> Frame:
    """
    Build the frame of some fields.

    Parameters
    ----------
    tables : mapping of str to rows
        Columns as object or number arrays; patient is one of the tables.
    fields : sequence of str
        table.field names.

    Returns
    -------
    dict of str to array, shape (patients,)
        `person` and every field; a field that no source has is all None.
    """
    people = tables["patient"]["person"]
    frame: Frame = {"person": people}
    for key in fields:
        table, _, column = key.partition(".")
        rows = tables.get(table)
        if rows is None or column not in rows:
            frame[key] = np.full(len(people), None, dtype=object)
        elif table == "patient":
            frame[key] = rows[column]
        else:
            values = first_rows(rows, column)
            frame[key] = np.array([values.get(person) for person in people], dtype=object)
    return frame


def first_rows(rows: Rows, column: str) -> dict[str, Any]:
    """Return each person's value in the index row, else in the first row by day."""
    chosen = np.ones(len(rows["person"]), bool)
    if "diagnosis_role" in rows:
        chosen = rows["diagnosis_role"] == "index"
    day = next((name for name in rows if name.endswith("_day")), None)
    order = np.arange(len(chosen))
    if day is not None:
        days = np.array([np.inf if v is None else float(v) for v in rows[day]])
        order = np.argsort(days, kind="stable")
    values: dict[str, Any] = {}
    for row in order:
        if chosen[row]:
            values.setdefault(rows["person"][row], rows[column][row])
    return values


def as_text(value: Any) -> str | None:
    """Return a value as study files write it: 1, 2.5, true, a code; None when it is not known."""
    if value is None or value != value:
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def select(frame: Frame, start: str, requirements: Sequence[Requirement]) -> Cohort:
    """
    Apply the requirements one after the other.

    Raises
    ------
    UnsoundAnalysis
        When nobody remains.
    """
    keep = np.ones(len(frame["person"]), bool)
    steps = [(start, int(keep.sum()), "")]
    for step in requirements:
        values = [as_text(value) for value in frame[step.field]]
        allowed = set(step.values)
        keep &= np.array([v is not None and (not allowed or v in allowed) for v in values], bool)
        steps.append((step.label, int(keep.sum()), step.reason))
    if not keep.any():
        raise UnsoundAnalysis(
            f"Nobody remains after '{steps[-1][0]}'.", "Widen the inclusion criteria or choose other sources."
        )
    return Cohort({name: values[keep] for name, values in frame.items()}, tuple(steps))
