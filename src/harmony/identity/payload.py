"""
The tables of a payload: handles instead of patients, row numbers instead of local keys, nothing but what was
named (docs/reference/formats.md, row keys and text in a payload).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from harmony.errors import DataRefused, IdentifierFound, LayoutRefused
from harmony.identity.seal import Part
from harmony.store.tables import ARROW_TYPES, read_table, write_table

HANDLE: Final = "handle"
ROW: Final = "_row"
PATIENT: Final = "patient"
PATIENT_KEY: Final = "patient_id"
#: What a code may look like: no space, so that neither a sentence nor "given name, surname" fits.
CODE: Final = r"^[A-Za-z0-9_.+/<>=-]{1,40}$"


@dataclass(frozen=True)
class Shape:
    """
    What packing needs of a dictionary.

    Attributes
    ----------
    keys : mapping of str to str
        Table to the name of its key.
    fields : frozenset of str
        Full names (table.field) that may leave the hospital: dates, numbers, truth values and codes. A field
        that is not named stays at home.
    """

    keys: Mapping[str, str]
    fields: frozenset[str]
    #: Fields that hold parsed text, and what tells whether a column is nothing else.
    parsed: Mapping[str, Callable[[pa.Array], bool]] = field(default_factory=dict)


@dataclass
class PackedTables:
    """Part files of a payload, and the full names of the columns that stayed at home."""

    parts: list[Part] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def write_parts(
    files: Mapping[str, Path], handles: Mapping[str, str], shape: Shape, folder: Path
) -> PackedTables:
    """
    Write the tables of a payload as Parquet, rows ordered by handle.

    Parameters
    ----------
    files : mapping of str to Path
        Table name to Parquet file with local keys.
    handles : mapping of str to str
        Local patient number to handle, hex.
    folder : Path
        Empty folder for the parts.

    Raises
    ------
    DataRefused
        When a row belongs to no patient of table patient, a key is doubled, or a reference leads nowhere.
    IdentifierFound
        When a code column holds something that is not a code.
    LayoutRefused
        When a table is not in the dictionary or a column has another type than the dictionary knows.
    """
    unknown = sorted(set(files) - set(shape.keys))
    if unknown:
        raise LayoutRefused(f"The dictionary has no table {', '.join(unknown)}.", "Correct the layout.")
    ordered = {name: _ordered(name, read_table(path), handles) for name, path in files.items()}
    numbers = {
        shape.keys[name]: table.column(shape.keys[name]).combine_chunks()
        for name, table in ordered.items()
        if name != PATIENT
    }
    packed = PackedTables()
    for name, table in ordered.items():
        columns = _columns(name, table, numbers, shape, packed.dropped)
        path = folder / f"{name}.parquet"
        rows = write_table(path, pa.table(columns))
        packed.parts.append(Part(name, path, rows))
    return packed


def _ordered(name: str, table: pa.Table, handles: Mapping[str, str]) -> pa.Table:
    known = pa.array(list(handles), pa.string())
    place = pc.index_in(table.column(PATIENT_KEY).combine_chunks(), value_set=known)
    if place.null_count:
        raise DataRefused(
            f"{place.null_count} rows of table {name} belong to no patient of table patient.",
            "Correct the conversion; the check lists these rows.",
        )
    column = pa.array(list(handles.values()), pa.string()).take(place)
    table = table.append_column(HANDLE, column)
    return table.take(pc.sort_indices(table, sort_keys=[(HANDLE, "ascending")]))


def _columns(
    name: str, table: pa.Table, numbers: Mapping[str, pa.Array], shape: Shape, dropped: list[str]
) -> dict[str, pa.Array]:
    own = shape.keys[name]
    columns = {HANDLE: table.column(HANDLE)}
    for column in table.column_names:
        values = table.column(column).combine_chunks()
        if column in (HANDLE, ROW, "_file", PATIENT_KEY):
            continue
        if column == own or column in numbers:
            columns[column] = _row_numbers(f"{name}.{column}", values, numbers[column], column == own)
        elif f"{name}.{column}" in shape.fields:
            _check_column(f"{name}.{column}", values, shape.parsed.get(f"{name}.{column}"))
            columns[column] = values
        else:
            dropped.append(f"{name}.{column}")
    columns[ROW] = pa.array(range(1, table.num_rows + 1), pa.int64())
    return columns


def _row_numbers(name: str, values: pa.Array, keys: pa.Array, is_own: bool) -> pa.Array:
    if is_own and (values.null_count or pc.count_distinct(values).as_py() != len(values)):
        raise DataRefused(f"Key {name} is missing or doubled in some rows.", "Correct the conversion.")
    place = pc.index_in(values, value_set=keys, skip_nulls=True)
    if place.null_count != values.null_count:
        raise DataRefused(
            f"{place.null_count - values.null_count} rows of {name} lead to no row.",
            "Correct the conversion.",
        )
    return pc.add(place, 1).cast(pa.string())


def _check_column(name: str, values: pa.Array, parsed: Callable[[pa.Array], bool] | None) -> None:
    if values.type not in ARROW_TYPES.values():
        raise LayoutRefused(
            f"Column {name} has a type that no dictionary field has.", "Correct the conversion."
        )
    if values.type != pa.string():
        return
    if parsed is not None:
        if not parsed(values):
            raise IdentifierFound(f"{name} holds a text that no reader printed.", "Use parse in the layout.")
        return
    fits = pc.match_substring_regex(values, CODE)
    bad = len(values) - values.null_count - (pc.sum(fits).as_py() or 0)
    if bad:
        raise IdentifierFound(
            f"{bad} rows of {name} hold a text that is not a code.",
            "Give the column a code list in the layout, or leave it at home.",
            CODE,
        )
