"""
Typed columns of a person's own table: numbers, categories, or whichever a column is.

A date, a text where a number is needed, and a missing value are refused with the reason; nothing is guessed
and nobody is left out in silence.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmony.errors import SizeOrEncoding, UnsoundAnalysis, UsageError
from harmony.store.own_files import check_file, check_names, check_quotation, delimiter_of, read_text

Kind = Literal["number", "category", "either"]
Missing = Literal["refuse", "drop"]

#: What stands for a missing value in a CSV file, besides an empty cell.
MISSING_MARKS: Final = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
_DATE: Final = r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})$"
_WHOLE: Final = r"^-?(0|[1-9]\d{0,17})$"
#: A whole number as other programs write it in a column that has missing values: 1.0.
_WHOLE_POINT: Final = r"^-?(0|[1-9]\d{0,14})(\.0+)?$"
_NUMBER: Final = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
_COMMA: Final = r"^[-+]?\d*,\d+([eE][-+]?\d+)?$"
_TRUTH: Final = {"TRUE": "1", "true": "1", "True": "1", "FALSE": "0", "false": "0", "False": "0"}


@dataclass(frozen=True)
class Wanted:
    """What a column must be, and whether its missing values mean something (a change that never came)."""

    kind: Kind
    may_be_missing: bool = False


@dataclass(frozen=True, eq=False)
class OwnTable:
    """
    Columns of m rows that are used, by name.

    Attributes
    ----------
    columns : dict of str to array of shape (m,)
        Numbers as float or int, truth values as bool; categories as int where all are whole numbers, else
        as text. Where missing values are allowed: NaN, or None in an object array.
    row : int array of shape (m,)
        Row of the file, from 1; the header is not counted.
    rows : int
        Rows of the file.
    remarks : tuple of str
        About the file's form.
    """

    columns: dict[str, NDArray[Any]]
    row: NDArray[np.int64]
    rows: int
    remarks: tuple[str, ...] = field(default=())

    @property
    def left_out(self) -> int:
        """Rows that were left out for missing values."""
        return self.rows - len(self.row)


def read_typed(path: Path, wanted: Mapping[str, Wanted], missing: Missing = "refuse") -> OwnTable:
    """
    Read columns of a CSV or Parquet file with their types.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 (delimiter comma, semicolon, tab or bar; decimal commas where it is not the comma), or
        Parquet.
    wanted : mapping of str to Wanted
        Columns to read. "either" is a number when all its cells are, else a category.
    missing : refuse or drop
        What to do with rows in which a wanted column is missing.

    Raises
    ------
    UsageError
        When the file or a column is missing, a column holds dates, or text where a number is needed.
    SizeOrEncoding
        When the file is empty or no table.
    UnsoundAnalysis
        When there is no row, values are missing and `missing` is refuse, or no row is left.
    """
    check_file(path)
    names = list(wanted)
    remarks: list[str] = []
    if path.suffix.lower() in (".parquet", ".pq"):
        table = _parquet(path, names)
    else:
        table, remarks = _csv(path, names)
    if table.num_rows == 0:
        raise UnsoundAnalysis(f"{path.name} has no row.", "Give a file with patients.", "1 row or more")
    found = {name: _typed(name, table[name], wanted[name], remarks) for name in names}
    keep = _complete(path, found, wanted, missing)
    rows = np.flatnonzero(keep)
    if len(rows) == 0:
        raise UnsoundAnalysis(f"No row of {path.name} is left.", "Check its columns.", "1 row or more")
    if len(rows) < table.num_rows:
        found = {name: column.take(pa.array(rows)) for name, column in found.items()}
    columns = {name: _array(column) for name, column in found.items()}
    return OwnTable(columns, rows + 1, table.num_rows, tuple(remarks))


def column_names_of(path: Path) -> list[str]:
    """Return the names of a CSV or Parquet file's columns."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return list(_schema(path).names)
    text, _ = read_text(path)
    return list(_parsed(path, text).column_names)


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except pa.ArrowInvalid:
        raise SizeOrEncoding(f"{path.name} is no Parquet file.", "Write it again, or give CSV.") from None


def _parquet(path: Path, names: list[str]) -> pa.Table:
    check_names(path, names, _schema(path).names)
    return pq.read_table(path, columns=names)


def _csv(path: Path, names: list[str]) -> tuple[pa.Table, list[str]]:
    text, remarks = read_text(path)
    table = _parsed(path, text)
    check_names(path, names, table.column_names)
    for name in names:
        if table.column_names.count(name) > 1:
            raise UsageError(f"{path.name} has two columns {name}.", "Give each column another name.")
    cells = {}
    for name in names:
        column = pc.utf8_trim_whitespace(table[name].combine_chunks())
        gone = pc.is_in(column, value_set=pa.array(MISSING_MARKS))
        cells[name] = pc.if_else(gone, pa.scalar(None, pa.string()), column)
    return pa.table(cells) if cells else table, list(remarks)


def _parsed(path: Path, text: str) -> pa.Table:
    delimiter = delimiter_of(text)
    # Names that occur twice are kept apart by their place until somebody asks for one of them.
    names = _header(path, text.partition("\n")[0], delimiter)
    places = [str(place) for place in range(len(names))]
    kinds = pacsv.ConvertOptions(column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=False)
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pacsv.ReadOptions(column_names=places, skip_rows=1),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=kinds,
        )
    except pa.ArrowInvalid:
        # The message of the reader holds the row itself.
        raise SizeOrEncoding(
            f"{path.name} is no table: a row has more or fewer cells than the header.",
            "Check delimiter and quotation marks.",
        ) from None
    check_quotation(path, text, delimiter, table.num_rows)
    return table.rename_columns(names)


def _header(path: Path, line: str, delimiter: str) -> list[str]:
    if not line.strip():
        raise SizeOrEncoding(f"{path.name} has no header line.", "Name the columns in the first line.")
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error as error:
        raise SizeOrEncoding(
            f"The header of {path.name} is no line of a table: {error}.",
            "Name the columns in the first line.",
        ) from None


def _typed(name: str, column: Any, wanted: Wanted, remarks: list[str]) -> pa.Array:
    """Return a column as numbers (int64, double), truth values, or text; with nulls where missing."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = values.type
    if pa.types.is_temporal(kind):
        raise _date(name)
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        values = values.cast(pa.string())
    if pa.types.is_decimal(kind) or pa.types.is_unsigned_integer(kind):
        values = values.cast(pa.float64())
    if pa.types.is_string(values.type):
        return _from_text(name, values, wanted, remarks)
    if pa.types.is_floating(values.type):
        values = values.cast(pa.float64())
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
        return _whole(values) if wanted.kind == "category" else values
    if pa.types.is_integer(values.type):
        return values.cast(pa.int64())
    if pa.types.is_boolean(values.type):
        return values.cast(pa.int64()) if wanted.kind == "number" else values
    if pa.types.is_null(values.type):
        return values.cast(pa.float64() if wanted.kind == "number" else pa.string())
    raise UsageError(f"{name} holds {kind}, which is neither number nor category.", "Give one value per row.")


def _from_text(name: str, values: pa.Array, wanted: Wanted, remarks: list[str]) -> pa.Array:
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.float64() if wanted.kind == "number" else pa.string())
    if _all_match(values, _DATE):
        raise _date(name)
    if _all_match(values, _WHOLE):
        return values.cast(pa.int64())
    if wanted.kind == "category":
        # As a Parquet file's 1.0, so that --reference name=1 means the same level.
        return _whole(values.cast(pa.float64())) if _all_match(values, _WHOLE_POINT) else values
    if _all_match(values, _NUMBER):
        return pc.replace_substring_regex(values, r"^\+", "").cast(pa.float64())
    if _all_match(values, rf"{_COMMA}|{_NUMBER}"):
        remarks.append(f"decimal commas in {name}")
        return pc.replace_substring(values, ",", ".").cast(pa.float64())
    truths = _truths(values)
    if truths is not None:
        return truths.cast(pa.int64()) if wanted.kind == "number" else truths
    if wanted.kind == "either":
        return values
    raise UsageError(
        f"{name} holds something that is not a number.",
        "Recode it: times and scores as numbers, events as 0 censored, 1, 2 ... causes.",
    )


def _truths(values: pa.Array) -> pa.Array | None:
    if not pc.all(pc.is_in(values.drop_null(), value_set=pa.array(list(_TRUTH)))).as_py():
        return None
    return pc.equal(pc.utf8_upper(values), "TRUE")


def _whole(values: pa.Array) -> pa.Array:
    """Return the levels of a category that are whole numbers as such: 2.0 is spelt 2."""
    whole = pc.all(pc.equal(values, pc.floor(values))).as_py()
    return values.cast(pa.int64()) if whole else values.cast(pa.string())


def _all_match(values: pa.Array, pattern: str) -> bool:
    present = values.drop_null()
    # The first cells tell most columns apart without a look at all of them.
    for part in (present[:20], present):
        if not len(part) or not pc.all(pc.match_substring_regex(part, pattern)).as_py():
            return False
    return True


def _date(name: str) -> UsageError:
    return UsageError(
        f"{name} holds dates.",
        "Give times as numbers: the days from each patient's start to his event or last contact.",
    )


def _complete(
    path: Path, found: Mapping[str, pa.Array], wanted: Mapping[str, Wanted], missing: Missing
) -> NDArray[np.bool_]:
    gone = {n: c.null_count for n, c in found.items() if not wanted[n].may_be_missing and c.null_count}
    rows = len(next(iter(found.values())))
    keep = np.ones(rows, dtype=bool)
    if gone and missing == "refuse":
        counted = ", ".join(f"{name} {count}" for name, count in gone.items())
        raise UnsoundAnalysis(
            f"{path.name} has missing values among {rows} rows: {counted}.",
            "Decide who is left out: --missing drop leaves these rows out and says how many.",
        )
    for name in gone:
        keep &= np.asarray(found[name].is_valid())
    return keep


def _array(column: pa.Array) -> NDArray[Any]:
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), dtype=object)
    if column.null_count and pa.types.is_integer(column.type):
        column = column.cast(pa.float64())
    return column.to_numpy(zero_copy_only=False)
