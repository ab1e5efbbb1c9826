"""
One order of rows for each common table, and the comparison of two tables in that order.

OMOP keeps no order of rows, so equal means: same columns in the same order, same types, same rows.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Dictionary
from harmony.errors import DataRefused, HarmonyError, LayoutRefused
from harmony.store.tables import ARROW_TYPES

PATIENT: Final = "patient_id"
#: Where a row came from: delivery, part (table) of the delivery, 1-based row of the part.
PROVENANCE: Final = {"_delivery": pa.string(), "_part": pa.string(), "_row": pa.int64()}


def canonical(table: pa.Table, key: str) -> pa.Table:
    """
    Return a table in canonical order: by patient, row key, provenance, then every other column.

    Parameters
    ----------
    table : pyarrow.Table
        A common table; its rows may stand in any order.
    key : str
        The table's key field.
    """
    first = [name for name in (PATIENT, key, *PROVENANCE) if name in table.column_names]
    names = list(dict.fromkeys([*first, *table.column_names]))
    if table.num_rows < 2:
        return table
    return table.sort_by([(name, "ascending") for name in names]).combine_chunks()


def check_columns(name: str, table: pa.Table, dictionary: Dictionary) -> None:
    """
    Refuse a table that is no common table of the restricted zone.

    Raises
    ------
    LayoutRefused
        When the dictionary lacks the table or a column, or the type of a column is another one.
    DataRefused
        When a row has no patient, or a number is not finite.
    """
    if name not in dictionary.tables:
        raise LayoutRefused(f"The dictionary has no table {name}.", "Add it to the network's fields.csv.")
    if PATIENT not in table.column_names or table[PATIENT].null_count:
        raise DataRefused(f"Table {name} has rows without patient_id.", "Set those rows aside at the check.")
    for column in table.schema:
        if column.type != expected_type(name, column.name, dictionary):
            raise LayoutRefused(
                f"{name}.{column.name} has type {column.type}.",
                "Write the table with the dictionary's types.",
                str(expected_type(name, column.name, dictionary)),
            )
        # `all` of no known number is true or, in an empty column, NULL.
        if column.type == pa.float64() and pc.all(pc.is_finite(table[column.name])).as_py() is False:
            raise DataRefused(
                f"{name}.{column.name} holds a number that is not finite.", "Leave the cell empty."
            )


def expected_type(table: str, column: str, dictionary: Dictionary) -> pa.DataType:
    """Return the Arrow type of a column; refuses columns that the dictionary does not know."""
    if column in PROVENANCE:
        return PROVENANCE[column]
    return ARROW_TYPES[dictionary.field(f"{table}.{column}").type]


def first_difference(original: pa.Table, rebuilt: pa.Table) -> str | None:
    """
    Tell where two tables in canonical order differ.

    Returns
    -------
    str or None
        `columns`, `rows` or the name of the first column that differs; None when they are equal.
    """
    if original.schema.names != rebuilt.schema.names or original.schema.types != rebuilt.schema.types:
        return "columns"
    if original.num_rows != rebuilt.num_rows:
        return "rows"
    for name in original.column_names:
        if not original[name].equals(rebuilt[name]):
            return name
    return None


def require_equal(
    original: dict[str, pa.Table], rebuilt: dict[str, pa.Table], dictionary: Dictionary
) -> None:
    """
    Refuse tables rebuilt from OMOP that are not the tables they were made from.

    Raises
    ------
    HarmonyError
        With table and column, without a value: the OMOP copy would not be without loss.
    """
    for name in sorted(original.keys() | rebuilt.keys()):
        if name not in original or name not in rebuilt:
            _differ(name, "the table itself")
        key = dictionary.key_of(name)
        place = first_difference(canonical(original[name], key), canonical(rebuilt[name], key))
        if place is not None:
            _differ(name, place)


def _differ(table: str, place: str) -> None:
    raise HarmonyError(
        f"Rebuilt from OMOP, table {table} differs from the original in: {place}.",
        "Nothing was harmonised. Report this; it is a defect.",
    )
