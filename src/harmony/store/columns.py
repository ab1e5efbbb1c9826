"""Read Parquet tables as NumPy columns, the form that cohorts and endpoints work on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harmony.store.tables import read_tables


def read_columns(folder: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """
    Read all tables of a folder.

    Returns
    -------
    dict of table to dict of column to array
        Days and numbers as float (NaN = not known); everything else as object (None = not known).
    """
    return {name: as_columns(table) for name, table in read_tables(folder).items()}


def as_columns(table: pa.Table) -> dict[str, NDArray[Any]]:
    """Return one table's columns as `read_columns` does."""
    return {name: _array(table.column(name)) for name in table.column_names}


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float)
    return np.array(column.to_pylist(), dtype=object)
