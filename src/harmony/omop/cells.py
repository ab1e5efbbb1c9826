"""
Cells of a field as OMOP values and back.

A cell is either short, in the value columns that MEASUREMENT and OBSERVATION share, or text in pieces of
`value_as_string`: dates, free text, codes longer than `value_source_value`, and integers that a 64-bit
float would round.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Field
from harmony.errors import DataRefused
from harmony.omop.cdm import column_width
from harmony.omop.concepts import ConceptPack
from harmony.omop.plan import field_code
from harmony.store.tables import ARROW_TYPES

#: Integers up to here are exact in a 64-bit float.
EXACT: Final = 2**53
#: Standard OMOP concepts of the answers Yes and No.
YES, NO = 4188539, 4188540


def is_short(field: Field, values: pa.Array) -> np.ndarray:
    """Tell for each value (none NULL) whether the shared value columns hold it without loss."""
    if field.type in ("number", "boolean"):
        return np.ones(len(values), dtype=bool)
    if field.type == "integer":
        numbers = values.to_numpy(zero_copy_only=False)
        return (numbers >= -EXACT) & (numbers <= EXACT)
    if field.type == "category":
        lengths = pc.utf8_length(values).to_numpy(zero_copy_only=False)
        return lengths <= column_width("observation", "value_source_value")
    return np.zeros(len(values), dtype=bool)


def short_columns(field: Field, values: pa.Array, pack: ConceptPack) -> dict[str, pa.Array]:
    """Return the value columns of short values (none NULL)."""
    if field.type in ("number", "integer"):
        return {"value_as_number": values.cast(pa.float64())}
    if field.type == "boolean":
        concepts = pc.if_else(values, pa.scalar(YES, pa.int64()), pa.scalar(NO, pa.int64()))
        return {"value_as_concept_id": concepts, "value_source_value": values.cast(pa.string())}
    return {"value_as_concept_id": code_concepts(field, values, pack), "value_source_value": values}


def code_concepts(field: Field, values: pa.Array, pack: ConceptPack) -> pa.Array:
    """Return the concept of each code: the standard one, else the pack's, else 0 for a code nobody lists."""
    codes = list(field.codes)
    own = [field.value_concepts.get(c) or pack.id_of(f"{field_code(field)}={c}") for c in codes]
    places = pc.index_in(values, value_set=pa.array(codes, pa.string()))
    return pa.array(own, pa.int64()).take(places).fill_null(0)


def as_text(values: pa.Array) -> pa.Array:
    """Return values as text: dates in ISO form, integers as digits."""
    return values.cast(pa.string())


def pieces(texts: pa.Array, width: int) -> tuple[np.ndarray, pa.Array, pa.Array]:
    """
    Cut texts into pieces that fit a column.

    Parameters
    ----------
    texts : pyarrow.Array of string
        No NULL.
    width : int
        Characters of a piece, 1 or more.

    Returns
    -------
    (numpy.ndarray, pyarrow.Array, pyarrow.Array)
        Index of the text each piece belongs to, the pieces, and their marks `1/3`, `2/3` ... (NULL for a
        text of one piece). Pieces of a text follow each other.
    """
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    counts = np.maximum(1, -(-lengths // width))
    if counts.max(initial=1) == 1:
        return np.arange(len(texts)), texts, pa.nulls(len(texts), pa.string())
    owners = np.repeat(np.arange(len(texts)), counts)
    number = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    parts = [_slice(texts, counts, k, width) for k in range(1, int(counts.max()) + 1)]
    # The slices come piece by piece; a stable sort by owner puts the pieces of each text together.
    order = np.argsort(
        np.concatenate([np.flatnonzero(counts >= k) for k in range(1, len(parts) + 1)]), kind="stable"
    )
    total = counts[owners]
    marks = pa.array([f"{k}/{n}" if n > 1 else None for k, n in zip(number, total, strict=True)], pa.string())
    return owners, pa.concat_arrays(parts).take(pa.array(order)), marks


def _slice(texts: pa.Array, counts: np.ndarray, k: int, width: int) -> pa.Array:
    left = texts.take(pa.array(np.flatnonzero(counts >= k)))
    return pc.utf8_slice_codeunits(left, start=(k - 1) * width, stop=k * width)


def join_pieces(rows: np.ndarray, parts: pa.Array, marks: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """
    Put texts together again.

    Parameters
    ----------
    rows : numpy.ndarray
        Row that each piece belongs to.
    parts, marks : pyarrow.Array of string
        As `pieces` made them, in any order.

    Returns
    -------
    (numpy.ndarray, pyarrow.Array)
        Row and text, one a row.

    Raises
    ------
    DataRefused
        When a piece is missing, stands twice or has no readable mark.
    """
    single = pc.is_null(marks).to_numpy(zero_copy_only=False)
    if single.all():
        return rows, parts
    cut = np.flatnonzero(~single)
    marked = pc.split_pattern(marks.take(pa.array(cut)), "/")
    number, total = (
        _cast(pc.list_element(marked, k), pa.int64(), "a piece's mark").to_numpy() for k in (0, 1)
    )
    order = np.lexsort((number, rows[cut]))
    found, starts, counts = np.unique(rows[cut][order], return_index=True, return_counts=True)
    expected = np.arange(len(cut)) - np.repeat(starts, counts) + 1
    if not (
        np.array_equal(number[order], expected) and np.array_equal(total[order], np.repeat(counts, counts))
    ):
        raise DataRefused(
            "A piece of a long text is missing or stands twice.", "Export the OMOP tables again."
        )
    offsets = pa.array(np.append(starts, len(cut)), pa.int32())
    pieces_in_order = parts.take(pa.array(cut[order]))
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, pieces_in_order), "")
    whole = np.flatnonzero(single)
    return np.concatenate([rows[whole], found]), pa.concat_arrays([parts.take(pa.array(whole)), joined])


def from_short(field: Field, numbers: pa.Array, sources: pa.Array) -> pa.Array:
    """Return cells from `value_as_number` and `value_source_value`; `DataRefused` when one cannot be read."""
    values = numbers if field.type in ("number", "integer") else sources
    return _cast(values, ARROW_TYPES[field.type], field.key)


def from_text(field: Field, texts: pa.Array) -> pa.Array:
    """Return cells from text, the inverse of `as_text`; `DataRefused` when one cannot be read."""
    return _cast(texts, ARROW_TYPES[field.type], field.key)


def _cast(values: pa.Array, type_: pa.DataType, what: str) -> pa.Array:
    # Arrow's own message shows the value, so that it is not even chained.
    try:
        return values.cast(type_)
    except pa.ArrowInvalid:
        raise DataRefused(
            f"The OMOP copy holds a value of {what} that cannot be read.", "Export the OMOP tables again."
        ) from None
