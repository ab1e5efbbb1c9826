"""Common tables made ready for OMOP: canonical order, a number for each person, a date for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Dictionary
from harmony.errors import DataRefused
from harmony.omop.canonical import PATIENT, canonical, check_columns
from harmony.omop.cdm import column_width
from harmony.omop.plan import TablePlan, plans

#: Stands where OMOP demands a date and nothing of the patient is dated; the row is flagged.
NO_DATE: Final = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class WideRows:
    """
    One common table in canonical order.

    Attributes
    ----------
    plan : TablePlan
        Where its fields go.
    table : pyarrow.Table
        The rows.
    persons : numpy.ndarray of int64
        OMOP person of each row.
    dates : numpy.ndarray of datetime64[D]
        Date of each row's facts: its main date, else the patient's first date.
    undated : numpy.ndarray of bool
        Rows whose date is such a substitute.
    """

    plan: TablePlan
    table: pa.Table
    persons: np.ndarray
    dates: np.ndarray
    undated: np.ndarray

    def __len__(self) -> int:
        return self.table.num_rows

    def values(self, field: str) -> pa.Array:
        """Return a column, all NULL when the delivery has none."""
        if field not in self.table.column_names:
            return pa.nulls(len(self), pa.null())
        return one_array(self.table[field])

    def filled(self, field: str) -> np.ndarray:
        """Return the rows in which a field is known."""
        return np.flatnonzero(pc.is_valid(self.values(field)).to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class Delivery:
    """
    All common tables of a delivery.

    Attributes
    ----------
    tables : dict of str to WideRows
        Common tables in dictionary order.
    persons : pyarrow.Array of string
        patient_id of persons 1, 2, ... in sorted order.
    first, last : numpy.ndarray of datetime64[D]
        First and last event date of each person; NaT when nothing is dated.
    """

    tables: dict[str, WideRows]
    persons: pa.Array
    first: np.ndarray
    last: np.ndarray


def prepare(tables: Mapping[str, pa.Table], dictionary: Dictionary) -> Delivery:
    """
    Check common tables and make them ready.

    Raises
    ------
    LayoutRefused, DataRefused
        When a table is no common table, see `canonical.check_columns`, or a patient_id is longer than
        `person_source_value`.
    """
    known = plans(dictionary)
    for name, table in tables.items():
        check_columns(name, table, dictionary)
    ordered = {n: canonical(tables[n], dictionary.key_of(n)) for n in known if n in tables}
    persons = _persons(ordered)
    numbers = {n: _numbers(table, persons) for n, table in ordered.items()}
    first, last = _span(ordered, numbers, known, len(persons))
    rows = {n: _rows(known[n], table, numbers[n], first) for n, table in ordered.items()}
    return Delivery(rows, persons, first, last)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


def days(column: pa.ChunkedArray) -> np.ndarray:
    """Return a date column as datetime64[D], NaT where it is NULL."""
    return one_array(column).to_numpy(zero_copy_only=False).astype("datetime64[D]")


def _persons(tables: Mapping[str, pa.Table]) -> pa.Array:
    chunks = [chunk for table in tables.values() for chunk in table[PATIENT].chunks]
    persons = pc.unique(pa.chunked_array(chunks, pa.string()))
    limit = column_width("person", "person_source_value")
    if len(persons) and pc.max(pc.utf8_length(persons)).as_py() > limit:
        raise DataRefused("A patient_id is too long.", "Use person ids.", f"at most {limit} characters")
    return persons.take(pc.sort_indices(persons))


def _numbers(table: pa.Table, persons: pa.Array) -> np.ndarray:
    places = pc.index_in(table[PATIENT], value_set=persons)
    return one_array(places).to_numpy(zero_copy_only=False).astype(np.int64) + 1


def _span(
    tables: Mapping[str, pa.Table],
    numbers: Mapping[str, np.ndarray],
    known: Mapping[str, TablePlan],
    persons: int,
) -> tuple[np.ndarray, np.ndarray]:
    early = np.full(persons, np.iinfo(np.int64).max)
    late = np.full(persons, np.iinfo(np.int64).min)
    for name, table in tables.items():
        for field in known[name].fields:
            if (
                field.type != "date"
                or field.omop_table == "cdm_source"
                or field.name not in table.column_names
            ):
                continue
            when = days(table[field.name])
            dated = ~np.isnat(when)
            who, day = numbers[name][dated] - 1, when[dated].astype(np.int64)
            np.minimum.at(early, who, day)
            np.maximum.at(late, who, day)
    nothing = late < early
    first, last = early.astype("datetime64[D]"), late.astype("datetime64[D]")
    first[nothing] = last[nothing] = np.datetime64("NaT")
    return first, last


def _rows(plan: TablePlan, table: pa.Table, persons: np.ndarray, first: np.ndarray) -> WideRows:
    substitute = np.where(np.isnat(first), NO_DATE, first)[persons - 1]
    main = plan.main_date
    if main is None or main.name not in table.column_names:
        return WideRows(plan, table, persons, substitute, np.ones(len(persons), dtype=bool))
    when = days(table[main.name])
    undated = np.isnat(when)
    return WideRows(plan, table, persons, np.where(undated, substitute, when), undated)
