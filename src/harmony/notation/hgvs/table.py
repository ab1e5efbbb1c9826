"""Whole columns of variant descriptions: every distinct description is read once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.notation.hgvs.parting import Parted, part, taken
from harmony.notation.hgvs.read import read_variant
from harmony.notation.hgvs.rows import BATCH, EMPTY, SCHEMA, Rows
from harmony.notation.hgvs.vaf import Unit, column_unit, fraction_of

OUTPUT: Final = tuple(SCHEMA.names)


def read_column(values: pa.Array | pa.ChunkedArray, vaf_unit: str | None = None) -> pa.Table:
    """
    Read a column of variant descriptions.

    Parameters
    ----------
    values : text array of shape (n,)
        NULL and "" where there is none.
    vaf_unit : fraction, percent or None
        What allele fractions without a `%` sign are. Without it the whole column decides
        (`harmony.notation.hgvs.vaf.column_unit`); where it does not tell, they stay unread.

    Returns
    -------
    pyarrow.Table
        One row per row in, same order, columns `OUTPUT`; NULL for empty. `row` counts from 1; `variants` is
        the number of statements in the cell; `status`, `confidence` and `problems` are of the whole cell.
        The columns of `PER_VARIANT` hold one entry per statement, parted by `; `, in the same order; empty
        entries keep their place. `vaf` is the fraction where the cell has one variant, `vafs` all of them.
        The schema's metadata says which unit was taken (`vaf_unit`, empty for none) and why (`vaf_reason`).

    Raises
    ------
    UsageError
        When the unit is not known.
    """
    flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = pc.fill_null(flat.cast(pa.string()), "").dictionary_encode()
    cell = coded.indices.to_numpy(zero_copy_only=False)
    parted = part(coded.dictionary)
    rows = Rows()
    place, spared = _read_all(coded.dictionary, parted, rows)
    unit, reason = column_unit(rows.numbers(np.bincount(place[cell], minlength=rows.count)), vaf_unit)
    distinct, order = rows.table(unit)
    taking = pa.array(order[place[cell]])
    columns = {name: distinct.column(name).chunk(0).take(taking) for name in distinct.column_names}
    columns |= _fractions(columns, parted.written.take(coded.indices), pa.array(spared[cell]), unit)
    columns["row"] = pa.array(np.arange(1, len(flat) + 1))
    about = {"vaf_unit": unit or "", "vaf_reason": reason}
    return pa.table([columns[name] for name in OUTPUT], schema=SCHEMA.with_metadata(about))


def _read_all(cells: pa.Array, parted: Parted, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Read every text; return the row of each cell, and whether its own allele fraction is to be put in."""
    refused = np.zeros(len(parted.texts), dtype=bool)
    for at, text in enumerate(_each(parted.texts)):
        reading = read_variant(text) if text else EMPTY
        rows.add(text, reading)
        kind = int(parted.kinds[at])
        refused[at] = kind != 0 and not taken(reading, kind)
    place = parted.place.astype(np.int64)
    whole = refused[place]
    spared = (parted.kinds[place] != 0) & ~whole
    wanted = np.flatnonzero(whole)
    for cell, text in zip(wanted, _each(cells.take(pa.array(wanted))), strict=True):
        place[cell] = rows.add(text, read_variant(text))
    return place, spared


def _each(texts: pa.Array) -> Iterator[str]:
    for start in range(0, len(texts), BATCH):
        yield from texts.slice(start, BATCH).to_pylist()


def _fractions(
    columns: dict[str, pa.Array], written: pa.Array, spared: pa.Array, unit: Unit | None
) -> dict[str, pa.Array]:
    """Put each cell's own allele fraction in the place of the stand-in's."""
    coded = pc.if_else(spared, written, None).dictionary_encode()
    fractions = [fraction_of(text, unit) for text in coded.dictionary.to_pylist()]
    shown = [None if fraction is None else f"{fraction:.6g}" for fraction in fractions]
    own = {
        "vaf": pa.array(fractions, pa.float64()).take(coded.indices),
        "vafs": pa.array(shown, pa.string()).take(coded.indices),
        "vaf_written": coded.dictionary.take(coded.indices),
    }
    return {name: pc.if_else(spared, column, columns[name]) for name, column in own.items()}
