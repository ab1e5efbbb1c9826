"""
Read a delimited text file strictly and in pieces.

The declared encoding is used or the file is refused with its first bad line: guessing turns one
hospital's accents into another's letters. Memory does not grow with the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from harmony.errors import SizeOrEncoding
from harmony.stages.problems import Problem

#: Bytes read at a time.
BLOCK_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class Batch:
    """Some rows of a file as text columns, and the file's 1-based line of each row."""

    columns: dict[str, pa.Array]
    lines: pa.Array

    def take(self, mask: pa.Array) -> Batch:
        """Return the rows where `mask` is true."""
        return Batch(
            {name: column.filter(mask) for name, column in self.columns.items()}, self.lines.filter(mask)
        )


def check_file(path: Path, encoding: str, max_bytes: int) -> None:
    """
    Refuse a file that is missing, empty, too large or not in the declared encoding.

    Raises
    ------
    SizeOrEncoding
        Naming the file and, for encodings, the first line that is wrong.
    """
    if not path.is_file():
        raise SizeOrEncoding(f"{path.name} is missing.", "Deliver all files that the layout names.")
    size = path.stat().st_size
    if size == 0:
        raise SizeOrEncoding(f"{path.name} is empty.", "Export the file again.")
    if size > max_bytes:
        raise SizeOrEncoding(
            f"{path.name} has {size:,} bytes.",
            "Split the delivery or ask the steward for a larger limit in the agreement.",
            f"at most {max_bytes:,} bytes",
        )
    _check_encoding(path, encoding)


def _check_encoding(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeDecodeError as error:
                bad = line + block[: error.start].count(b"\n")
                raise SizeOrEncoding(
                    f"{path.name} line {bad} is not {encoding}.",
                    f"Export as {encoding}, or declare the file's real encoding in the layout{_hint(path)}.",
                ) from error


def _hint(path: Path) -> str:
    # Only a hint: single-byte encodings cannot be told apart with certainty.
    with path.open("rb") as file:
        head = file.read(65_536)
    for guess in ("utf-8", "iso-8859-1"):
        try:
            head.decode(guess)
        except UnicodeDecodeError:
            continue
        return f" (it may be {guess})"
    return ""


def header(path: Path, encoding: str, delimiter: str) -> list[str]:
    """Return the names of the columns, without a byte order mark."""
    with path.open(
        encoding="utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding, newline=""
    ) as file:
        first = file.readline().rstrip("\r\n")
    return [name.strip().strip('"') for name in first.split(delimiter)]


def batches(
    path: Path, encoding: str, delimiter: str, names: list[str], problems: list[Problem]
) -> Iterator[Batch]:
    """
    Yield the rows of a file as text columns; rows of a wrong length become problems.

    Parameters
    ----------
    names : list of str
        Columns from `header`.
    problems : list of Problem
        Filled with one problem for each line that has more or fewer cells than the header.
    """
    wrong_lines: set[int] = set()

    def refuse(row: pa_csv.InvalidRow) -> str:
        # The reader numbers rows only when it reads with one thread, as we do.
        number = int(row.number or 0)
        wrong_lines.add(number)
        what = f"The line has {row.actual_columns} cells; the header has {row.expected_columns}."
        problems.append(
            Problem("structure", "FRM-CELLS", path.name, number, "", what, "wrong number of cells")
        )
        return "skip"

    reader = pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(
            encoding=encoding, block_size=BLOCK_BYTES, column_names=names, skip_rows=1, use_threads=False
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter, invalid_row_handler=refuse, ignore_empty_lines=False
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    line = 2
    for record in reader:
        lines: list[int] = []
        while len(lines) < record.num_rows:
            if line not in wrong_lines:
                lines.append(line)
            line += 1
        batch = Batch({name: record.column(i) for i, name in enumerate(names)}, pa.array(lines, pa.int64()))
        yield batch.take(_not_blank(batch))


def _not_blank(batch: Batch) -> pa.Array:
    filled = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in batch.columns.values()]
    return reduce(pc.or_, filled)
