"""
A person's own table, outside any network: CSV in any usual form or Parquet in, CSV out.

Deliveries are read by `intake`, which declares everything; here nothing is declared, so the form is found out
and what was found is said.
"""

from __future__ import annotations

import csv
import errno
import io
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from harmony.errors import SizeOrEncoding, UsageError

_DELIMITERS: Final = ",;\t|"
#: One cell holds no more than this; a longer one is a quotation mark that was never closed.
LARGEST_CELL: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class OwnColumns:
    """Text columns of a file by name, and remarks about its form (encoding)."""

    columns: dict[str, pa.Array]
    remarks: tuple[str, ...]


def read_text_columns(path: Path, names: Sequence[str]) -> OwnColumns:
    """
    Read columns of a person's file as text, one value per row in the file's order.

    CSV: the delimiter is the one of comma, semicolon, tab and bar that the header line holds most; cells may
    hold line breaks inside quotation marks; text that is not UTF-8 is read as Windows-1252, which is said.

    Raises
    ------
    UsageError
        When the file is missing or a column is not in it.
    SizeOrEncoding
        When it is empty or no table.
    """
    check_file(path)
    if path.suffix.lower() in (".parquet", ".pq"):
        return OwnColumns(_parquet(path, names), ())
    text, remarks = read_text(path)
    return OwnColumns(_csv(path, text, names), remarks)


def write_csv(path: Path, table: pa.Table) -> None:
    """
    Write a table as CSV in UTF-8, NULL as an empty cell; the file appears whole or not at all.

    Raises
    ------
    UsageError
        As `check_output`.
    """
    check_output(path)
    # Not made of the file's name, which may be as long as the file system takes.
    draft = path.with_name(f".harmony.{os.getpid()}")
    try:
        pacsv.write_csv(table, draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def check_file(path: Path) -> None:
    """Refuse, with UsageError, a path that is no file."""
    try:
        if path.is_file():
            return
        what = f"{path} is no file." if path.exists() else f"There is no file {path}."
    except OSError as error:
        raise _too_long(error) from None
    raise UsageError(what, "Check the path.")


def check_output(path: Path) -> None:
    """Refuse, with UsageError, a file without a folder, and a path that is a folder or a device."""
    try:
        # A device would be replaced by the file, for everybody on the machine.
        refused = not path.parent.is_dir() or (path.exists() and not path.is_file())
    except OSError as error:
        raise _too_long(error) from None
    if refused:
        raise UsageError(f"{path} cannot be written.", "Name a file in a folder that exists.")


def _too_long(error: OSError) -> Exception:
    """Return the refusal of a name that no file can have; other errors stay what they are."""
    if error.errno != errno.ENAMETOOLONG:
        return error
    return UsageError("The name of a file is too long.", "Give a shorter name.")


def _parquet(path: Path, names: Sequence[str]) -> dict[str, pa.Array]:
    try:
        present = pq.read_schema(path).names
        check_names(path, names, present)
        table = pq.read_table(path, columns=list(names))
        return {name: table[name].combine_chunks().cast(pa.string()) for name in names}
    except pa.ArrowInvalid:
        raise SizeOrEncoding(f"{path.name} is no Parquet file.", "Write it again, or give CSV.") from None


def read_text(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file and remarks on its encoding and line ends."""
    text, remarks = _decoded(path.read_bytes())
    if "\r" in text and "\n" not in text:
        return text.replace("\r", "\n"), (*remarks, "lines end with a carriage return alone")
    return text, remarks


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            # Excel's UTF-8 is UTF-8 to everybody else, too.
            said = () if encoding == "utf-8-sig" else ("read as UTF-16",)
            return content.decode(encoding, errors="replace"), said
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), ("not UTF-8: read as Windows-1252",)


def _csv(path: Path, text: str, names: Sequence[str]) -> dict[str, pa.Array]:
    first = text.partition("\n")[0]
    if not first.strip():
        raise SizeOrEncoding(f"{path.name} has no header line.", "Name the columns in the first line.")
    delimiter = delimiter_of(text)
    rows = _rows(path, text, delimiter)
    header = [name.strip() for name in next(rows)]
    check_names(path, names, header)
    places = [header.index(name) for name in names]
    collected: list[list[str | None]] = [[] for _ in names]
    for row in rows:
        if not row and len(header) > 1:
            continue
        for place, values in zip(places, collected, strict=True):
            values.append(row[place] if place < len(row) else None)
    check_quotation(path, text, delimiter, len(collected[0]) if collected else 0)
    return {name: pa.array(values, pa.string()) for name, values in zip(names, collected, strict=True)}


def check_quotation(path: Path, text: str, delimiter: str, rows: int) -> None:
    """
    Refuse, with SizeOrEncoding, a quotation mark that is never closed: it swallows the rows below it.

    Only a text with more lines than the `rows` that were read, or an odd number of marks, is looked through.
    """
    marks = text.count('"')
    if marks and (marks % 2 or rows < text.rstrip("\r\n").count("\n")):
        deque(_rows(path, text, delimiter, strict=True), maxlen=0)


def delimiter_of(text: str) -> str:
    """Return the one of comma, semicolon, tab and bar that the header line holds most."""
    return max(_DELIMITERS, key=text.partition("\n")[0].count)


def _rows(path: Path, text: str, delimiter: str, strict: bool = False) -> Iterator[list[str]]:
    before = csv.field_size_limit(LARGEST_CELL)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    except csv.Error as error:
        raise SizeOrEncoding(f"{path.name} is no table: {error}.", "Check its quotation marks.") from None
    finally:
        csv.field_size_limit(before)


def check_names(path: Path, names: Sequence[str], present: Sequence[str]) -> None:
    """Refuse, with UsageError, a name that is no column of the file."""
    for name in names:
        if not name.strip():
            raise UsageError("An option names no column.", "Give it the name of a column.")
        if name not in present:
            raise UsageError(f"{path.name} has no column {name}.", "", ", ".join(map(str, present[:40])))
