"""Opened payload tables become tables under person ids, with provenance for every row."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harmony.dictionary.model import PARSED_TEXT, Dictionary
from harmony.errors import BindingBroken, HandlesBroken, IdentifierFound, LayoutRefused, SealBroken
from harmony.identity.messages import Manifest
from harmony.identity.payload import CODE, HANDLE, PATIENT, ROW
from harmony.identity.seal import Opened
from harmony.intake.parsed import is_printed
from harmony.store.tables import ARROW_TYPES, read_table, write_table

#: A part may not unpack to more than this many times its size, or a small file could fill the memory.
MAX_RATIO: Final = 50
#: Parts below this size are small whatever their ratio.
_SMALL: Final = 1 << 20


def read_patients(opened: Opened) -> list[str]:
    """
    Check every part's size and row count and return the handles of table patient.

    Raises
    ------
    BindingBroken
        When a part is not a Parquet file with the listed rows, or there is no table patient.
    SealBroken
        When a part unpacks to more than 50 times its size.
    """
    for name, path in opened.parts.items():
        _check_part(name, path, opened.rows[name])
    if PATIENT not in opened.parts:
        raise BindingBroken("The payload has no table patient.", "Ask the provider to pack again.")
    return [str(handle) for handle in read_table(opened.parts[PATIENT]).column(HANDLE).to_pylist()]


def write_received(
    opened: Opened,
    handles: Set[str],
    persons: Mapping[str, str],
    dictionary: Dictionary,
    manifest: Manifest,
    folder: Path,
) -> dict[str, int]:
    """
    Write the tables under person ids, without rows of patients who are withheld or withdrawn.

    Parameters
    ----------
    handles : set of str
        All handles of the delivery; a row of another one is refused.
    persons : mapping of str to str
        Handle to person id, those who stay.

    Returns
    -------
    dict of str to int
        Rows by output path.

    Raises
    ------
    HandlesBroken
        When a row has a handle that is not in table patient.
    LayoutRefused
        When a table, column or type is not the dictionary's.
    IdentifierFound
        When a text is not a code.
    """
    rows = {}
    for name, path in opened.parts.items():
        table = read_table(path)
        _check_columns(name, table, dictionary)
        present = set(table.column(HANDLE).unique().to_pylist())
        if not present <= handles:
            raise HandlesBroken(f"Table {name} has rows of no patient.", "Ask the provider to pack again.")
        received = _received(name, table, persons, dictionary, manifest)
        rows[f"tables/{name}.parquet"] = write_table(folder / f"{name}.parquet", received)
    return rows


def _check_part(name: str, path: Path, rows: int) -> None:
    try:
        meta = pq.read_metadata(path)
    except pa.ArrowException as error:
        raise BindingBroken(f"Part {name} is not a table.", "Ask the provider to pack again.") from error
    if meta.num_rows != rows or HANDLE not in meta.schema.names or ROW not in meta.schema.names:
        raise BindingBroken(f"Part {name} has other rows than listed.", "Ask the provider to pack again.")
    groups = (meta.row_group(number) for number in range(meta.num_row_groups))
    unpacked = max(sum(group.total_byte_size for group in groups), meta.num_rows * meta.num_columns)
    if unpacked > MAX_RATIO * max(path.stat().st_size, _SMALL):
        raise SealBroken(
            f"Part {name} unpacks to far more than its size.", "Deliver less.", f"{MAX_RATIO} times at most"
        )


def _check_columns(name: str, table: pa.Table, dictionary: Dictionary) -> None:
    if name not in dictionary.tables:
        raise LayoutRefused(f"The dictionary has no table {name}.", "Pack with the network's dictionary.")
    keys = {dictionary.key_of(other) for other in dictionary.tables}
    expected = {HANDLE: pa.string(), ROW: pa.int64()}
    for field in dictionary.tables[name]:
        travels = field.travels or field.name in keys
        if field.name != "patient_id" and travels:
            expected[field.name] = ARROW_TYPES[field.type]
    for column, kind in zip(table.column_names, table.schema.types, strict=True):
        if expected.get(column) != kind:
            raise LayoutRefused(
                f"Table {name} has a column that is not the dictionary's or of another type.",
                "Pack with the network's dictionary.",
            )
        parsed = PARSED_TEXT.get(f"{name}.{column}")
        if parsed is not None and not is_printed(parsed, table[column]):
            raise IdentifierFound(
                f"Table {name}, column {column} holds a text that no reader printed.",
                "Ask the provider to use parse in the layout.",
            )
        plain = kind == pa.string() and parsed is None
        if plain and not pc.all(pc.match_substring_regex(table[column], CODE)).as_py():
            raise IdentifierFound(
                f"Table {name}, column {column} holds a text that is not a code.",
                "Ask the provider to give the column a code list.",
            )


def _received(
    name: str, table: pa.Table, persons: Mapping[str, str], dictionary: Dictionary, manifest: Manifest
) -> pa.Table:
    stays = pa.array(list(persons), pa.string())
    place = pc.index_in(table.column(HANDLE).combine_chunks(), value_set=stays)
    mask = pc.is_valid(place)
    table = table.filter(mask)
    person = pa.array(list(persons.values()), pa.string()).take(place.filter(mask))
    constant = {"provider_id": manifest.provider} if name == PATIENT else {}
    columns: dict[str, pa.Array] = {}
    for field in dictionary.tables[name]:
        if field.name == "patient_id":
            columns[field.name] = person
        elif field.name in constant:
            columns[field.name] = pa.repeat(constant[field.name], table.num_rows)
        elif field.name in table.column_names:
            columns[field.name] = table.column(field.name)
    columns["_delivery"] = pa.repeat(manifest.id, table.num_rows)
    columns["_part"] = pa.repeat(name, table.num_rows)
    columns[ROW] = table.column(ROW)
    return pa.table(columns)
