"""A CDM table under construction: blocks of rows, each with the columns it fills."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from harmony.omop.cdm import check_table, schema


class Sheet:
    """
    Collect rows of one CDM table; record ids count from 1 in the order of the blocks.

    Parameters
    ----------
    name : str
        CDM table.
    id_column : str, optional
        Column of the record id; empty for a table without one of its own.
    """

    def __init__(self, name: str, id_column: str = "") -> None:
        self.name = name
        self.rows = 0
        self._schema = schema(name)
        self._id_column = id_column
        self._columns: dict[str, list[pa.Array]] = {column: [] for column in self._schema.names}

    def add(self, rows: int, **columns: Any) -> np.ndarray:
        """
        Append a block of rows.

        Parameters
        ----------
        rows : int
            Rows of the block.
        **columns : Arrow array, NumPy array or scalar
            Values by CDM column, a scalar for all rows; columns left out stay NULL.

        Returns
        -------
        numpy.ndarray
            Record ids of the rows.
        """
        ids = np.arange(self.rows + 1, self.rows + rows + 1, dtype=np.int64)
        if self._id_column:
            columns[self._id_column] = ids
        unknown = columns.keys() - set(self._schema.names)
        if unknown:
            raise KeyError(f"{self.name} has no column {', '.join(sorted(unknown))}")
        if rows:
            for field in self._schema:
                self._columns[field.name].append(_array(columns.get(field.name), field.type, rows))
        self.rows += rows
        return ids

    def table(self) -> pa.Table:
        """Return the finished table, checked against the CDM's field list."""
        columns = [pa.chunked_array(self._columns[f.name], f.type) for f in self._schema]
        table = pa.Table.from_arrays(columns, schema=self._schema)
        check_table(self.name, table)
        return table


def _array(values: Any, type_: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, type_)
    if isinstance(values, np.ndarray):
        return pa.array(values, type_)
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == type_ else values.cast(type_)
    return pa.repeat(pa.scalar(values, type_), rows)
