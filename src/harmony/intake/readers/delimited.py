"""
Read a delimited text file strictly and in pieces.

The declared encoding is used or the file is refused with its first bad line: guessing turns one
hospital's accents into another's letters. Memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from harmony.errors import DataRefused, SizeOrEncoding
from harmony.stages.problems import Problem, ProblemList

#: Bytes read at a time; one cell may not be larger.
BLOCK_BYTES: Final = 8 * 1024 * 1024

#: Rule of a line with more or fewer cells than the header.
CELLS_RULE: Final = "FRM-CELLS"


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
    Refuse a file that is missing, empty, too large, not in the declared encoding or no text.

    Raises
    ------
    DataRefused
        When the file is empty: nothing was delivered.
    SizeOrEncoding
        Otherwise, naming the file and, for encodings, the first line that is wrong (`line` in its details).
    """
    if not path.is_file():
        raise SizeOrEncoding(f"{path.name} is missing.", "Deliver all files that the layout names.")
    size = path.stat().st_size
    if size == 0:
        raise DataRefused(f"{path.name} is empty.", "Export the file again.")
    if size > max_bytes:
        raise SizeOrEncoding(
            f"{path.name} has {size:,} bytes.",
            "Split the delivery or ask the steward for a larger limit in the agreement.",
            f"at most {max_bytes:,} bytes",
        )
    _check_text(path, encoding)


def _check_text(path: Path, encoding: str) -> None:
    line, quotes = 1, 0
    for text in _decoded(path, encoding):
        if "\0" in text:
            found = line + text[: text.index("\0")].count("\n")
            raise _at_line(found, path, "has a NUL character", f"Export the file as plain {encoding} text.")
        line += text.count("\n")
        quotes += text.count('"')
    if quotes % 2:
        # Everything behind the open mark would be read as one cell, and its rows would be gone.
        raise SizeOrEncoding(
            f"{path.name} has a quotation mark that is never closed.",
            "Export the file again with every quoted cell closed and marks inside cells doubled.",
        )


def _at_line(line: int, path: Path, what: str, next_step: str) -> SizeOrEncoding:
    error = SizeOrEncoding(f"{path.name} line {line} {what}.", next_step)
    error.details["line"] = line
    return error


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK_BYTES)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # `object` begins with what the decoder kept of the block before.
                bad = line + error.object[: error.start].count(b"\n")
                raise _at_line(
                    bad,
                    path,
                    f"is not {encoding}",
                    f"Export as {encoding}, or declare the file's real encoding in the layout{_hint(path)}.",
                ) from None
            if not block:
                return
            line += text.count("\n")
            yield text


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
    """Return the names of the columns, without a byte order mark; a name that stands twice comes twice."""
    first, _ = _first_line(path, encoding)
    cells = next(csv.reader([first], delimiter=delimiter), [])
    return [name.strip() for name in cells]


def _first_line(path: Path, encoding: str) -> tuple[str, bool]:
    plain = encoding.lower() in ("utf-8", "utf8")
    with path.open(encoding="utf-8-sig" if plain else encoding, newline="") as file:
        return file.readline().rstrip("\r\n"), bool(file.read(1))


def batches(
    path: Path, encoding: str, delimiter: str, names: list[str], problems: ProblemList
) -> Iterator[Batch]:
    """
    Yield the rows of a file as text columns; rows of a wrong length become problems.

    Parameters
    ----------
    names : list of str
        Columns from `header`, all different.
    problems : ProblemList
        Filled with one problem for each line that has more or fewer cells than the header.

    Raises
    ------
    SizeOrEncoding
        When a row cannot be told from the next one.
    """
    if not _first_line(path, encoding)[1]:
        return
    rows = _Rows(path.name, problems)
    try:
        reader = _open(path, encoding, delimiter, names, rows)
        for record in reader:
            columns = {name: record.column(i) for i, name in enumerate(names)}
            batch = Batch(columns, rows.lines(columns, record.num_rows))
            yield batch.take(_not_blank(batch))
    except pa.ArrowInvalid:
        # The reader's own message would show the row's content.
        raise SizeOrEncoding(
            f"{path.name} cannot be read as rows of cells from line {rows.line} on.",
            "Export the file again; look for a quoted cell without end, or one larger than 8 MB.",
        ) from None
    rows.finish()


def _open(path: Path, encoding: str, delimiter: str, names: list[str], rows: _Rows) -> Any:
    # The reader numbers rows only when it reads with one thread.
    return pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(
            encoding=encoding, block_size=BLOCK_BYTES, column_names=names, skip_rows=1, use_threads=False
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter,
            invalid_row_handler=rows.refuse,
            ignore_empty_lines=False,
            newlines_in_values=True,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


class _Rows:
    """
    Turn the reader's rows into the file's lines.

    A quoted cell may hold line ends, so that a row is not always a line; a refused row is missing from the
    batches but not from the file.
    """

    def __init__(self, file: str, problems: ProblemList) -> None:
        self._file = file
        self._problems = problems
        self._refused: dict[int, tuple[str, int]] = {}
        self._row = 2
        self.line = 2

    def refuse(self, row: pa_csv.InvalidRow) -> str:
        what = f"The line has {row.actual_columns} cells; the header has {row.expected_columns}."
        self._refused[int(row.number or 0)] = (what, row.text.rstrip("\r\n").count("\n"))
        # Where no good row waits before it, it is passed at once: a file of bad lines takes no memory.
        self._pass_refused()
        return "skip"

    def lines(self, columns: dict[str, pa.Array], count: int) -> pa.Array:
        """Return the line of each of the next `count` rows."""
        inside = _line_ends(columns, count)
        if not self._refused and not inside.any():
            found = np.arange(self.line, self.line + count)
            self._row += count
            self.line += count
            return pa.array(found, pa.int64())
        numbers = []
        for extra in inside.tolist():
            self._pass_refused()
            numbers.append(self.line)
            self._row += 1
            self.line += 1 + extra
        return pa.array(numbers, pa.int64())

    def finish(self) -> None:
        """Report the refused rows behind the last good one."""
        self._pass_refused()

    def _pass_refused(self) -> None:
        while self._row in self._refused:
            what, extra = self._refused.pop(self._row)
            kind = "wrong number of cells"
            self._problems.add(Problem("structure", CELLS_RULE, self._file, self.line, "", what, kind))
            self._row += 1
            self.line += 1 + extra


def _line_ends(columns: dict[str, pa.Array], count: int) -> NDArray[np.int64]:
    total = np.zeros(count, np.int64)
    for column in columns.values():
        if pc.any(pc.match_substring(column, "\n")).as_py():
            total += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
    return total


def _not_blank(batch: Batch) -> pa.Array:
    filled = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in batch.columns.values()]
    return reduce(pc.or_, filled)
