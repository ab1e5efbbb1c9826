"""Whole columns of karyotypes: every distinct string is read once."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.notation.iscn.findings import COLUMNS
from harmony.notation.iscn.read import ENOUGH_METAPHASES, FIELDS, read_karyotype

#: Columns of the output that hold whole numbers.
NUMBERS: Final = ("count", "clones", "modal_number")

#: Cell counts from `ENOUGH_METAPHASES` (10) on make no difference to a reading: such strings are one.
_MANY_CELLS: Final = r"\[(?:[1-9]\d|[1-9]\d\d)\]"

#: All columns of the output, in order.
OUTPUT: Final = ("row", *FIELDS, *(finding.name for finding in COLUMNS))


def read_column(karyotypes: pa.Array, sexes: pa.Array | None = None) -> pa.Table:
    """
    Read a column of karyotypes.

    Parameters
    ----------
    karyotypes : text array of shape (n,)
        NULL and "" where there is none.
    sexes : text array of shape (n,), optional
        F, M or a word for them.

    Returns
    -------
    pyarrow.Table
        One row per row in, same order, columns `OUTPUT`; `row` counts from 1; NULL for empty; `NUMBERS` are
        whole numbers, everything else text.
    """
    texts = _dictionary(karyotypes, _MANY_CELLS)
    people = _dictionary(sexes) if sexes is not None else _dictionary(pa.nulls(len(karyotypes), pa.string()))
    codes = _codes(texts) * len(people.dictionary.to_pylist() or [None]) + _codes(people)
    distinct, places = np.unique(codes, return_inverse=True)
    rows = _read(distinct, texts.dictionary.to_pylist(), people.dictionary.to_pylist())
    table = pa.table({name: _column(name, rows) for name in OUTPUT[1:]}).take(pa.array(places))
    return table.add_column(0, "row", pa.array(np.arange(1, len(karyotypes) + 1)))


def _dictionary(values: pa.Array, many_cells: str = "") -> pa.DictionaryArray:
    flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    filled = pc.fill_null(flat.cast(pa.string()), "")
    if many_cells:
        filled = pc.replace_substring_regex(filled, many_cells, f"[{ENOUGH_METAPHASES}]")
    return filled.dictionary_encode()


def _codes(values: pa.DictionaryArray) -> np.ndarray:
    return values.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _read(distinct: np.ndarray, texts: list[str], people: list[str]) -> list[dict[str, str]]:
    width = max(len(people), 1)
    rows = []
    for code in distinct.tolist():
        sex = people[code % width] if people else ""
        rows.append(read_karyotype(texts[code // width], sex or None).row())
    return rows


def _column(name: str, rows: list[dict[str, str]]) -> pa.Array:
    values = [row[name] or None for row in rows]
    if name in NUMBERS:
        return pa.array([None if value is None else int(value) for value in values], pa.int64())
    return pa.array(values, pa.string())
