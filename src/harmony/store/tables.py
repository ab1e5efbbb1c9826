"""
Common tables on disk: Parquet with the dictionary's types, and DuckDB that can touch nothing else.

This is the only module that opens a file of patients' data or an engine on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from harmony.settings import read_settings

#: An opened engine; other packages name it so, because only the store knows which one it is.
Engine = duckdb.DuckDBPyConnection

#: Arrow type of each dictionary type.
ARROW_TYPES: Final = {
    "date": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "category": pa.string(),
    "boolean": pa.bool_(),
    "text": pa.string(),
}


def write_table(path: Path, table: pa.Table) -> int:
    """Write one Parquet file with equal bytes for equal tables; return its rows."""
    pq.write_table(table, path, compression="zstd", write_statistics=True, store_schema=True)
    return table.num_rows


def read_table(path: Path) -> pa.Table:
    """Read one Parquet file."""
    return pq.read_table(path)


def column_names(path: Path) -> list[str]:
    """Return the names of a Parquet file's columns without reading a row."""
    return list(pq.read_schema(path).names)


def table_files(folder: Path) -> dict[str, Path]:
    """Return the Parquet files of a folder by table name, sorted."""
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}


def read_tables(folder: Path) -> dict[str, pa.Table]:
    """Read all Parquet files of a folder by table name."""
    return {name: read_table(path) for name, path in table_files(folder).items()}


@contextmanager
def engine(
    files: Mapping[str, Path], scratch: Path, counting: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """
    Open DuckDB on Parquet files, one view a table, and lock everything else.

    Parameters
    ----------
    files : mapping of str to Path
        View name to Parquet file.
    scratch : Path
        Folder inside the zone for spilled data; nothing else can be written.
    counting : bool
        Whether rows are only counted in groups of small whole numbers (days, causes): half the time.
    """
    settings = read_settings()
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(scratch),
            # Groups found by their number instead of by hash, up to two to this power of them.
            "perfect_ht_threshold": "20" if counting else "12",
        }
    )
    try:
        folders = sorted({str(path.parent) for path in files.values()} | {str(scratch)})
        listed = ", ".join(_literal(folder) for folder in folders)
        connection.execute(f"SET allowed_directories=[{listed}]")
        connection.execute("SET TimeZone='UTC'")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        for name, path in files.items():
            connection.execute(
                f"CREATE VIEW {_name(name)} AS SELECT * FROM read_parquet({_literal(str(path))})"
            )
        yield connection
    finally:
        connection.close()


def fetch(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
    """Run one query and return its rows as an Arrow table."""
    return connection.execute(sql, list(parameters)).to_arrow_table()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
