"""The columns of a dict, an Arrow or a pandas table by their names, and the distinct values of a column."""

from __future__ import annotations

from numbers import Real
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Whole numbers up to this many per patient are counted in bins, which needs no sorting.
BINS_PER_PATIENT: Final = 8


def named_columns(columns: object) -> dict[str, Any] | None:
    """Return the columns of a dict, an Arrow or a pandas table by name; None when it is no table."""
    if isinstance(columns, dict):
        return {str(key): values for key, values in columns.items()}
    # An Arrow table names its columns in `column_names`; a pandas table iterates over them.
    names = getattr(columns, "column_names", None)
    if names is None and getattr(columns, "ndim", 0) == 2 and hasattr(columns, "columns"):
        names = list(columns.columns)
    return None if names is None else {str(key): columns[key] for key in names}  # type: ignore[index]


def is_missing(label: Any) -> bool:
    """Tell whether a value is None, NaN or pandas' missing value."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        # Only pandas' own missing value will not say whether it differs from itself.
        return True


def spelt(label: object) -> str:
    """Return a level as text; a whole number has no decimals (2.0 is 2), as in R."""
    return str(int(label)) if isinstance(label, float | np.floating) and label.is_integer() else str(label)


def coded(column: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the distinct values in order and each value's index among them."""
    if column.dtype.kind == "b":
        found, code = coded(column.view(np.int8))
        return [bool(label) for label in found], code
    if column.dtype.kind in "iu" and len(column):
        low, high = int(column.min()), int(column.max())
        if high - low <= BINS_PER_PATIENT * len(column) + 10_000:
            offset = column.astype(np.int64) - low
            present = np.bincount(offset) > 0
            return (np.flatnonzero(present) + low).tolist(), (np.cumsum(present) - 1)[offset]
    if column.dtype.kind in "OUS":
        return _coded_text(column.tolist())
    distinct, inverse = np.unique(column, return_inverse=True)
    return distinct.tolist(), inverse.astype(np.int64)


def _coded_text(values: list[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    # Comparing each text with few distinct ones by hash is many times faster than sorting them all.
    distinct = set(values)
    missing = [label for label in distinct if is_missing(label)]
    if missing:
        return missing, np.zeros(len(values), dtype=np.int64)
    # Numbers arrive as objects from columns that may have gaps; they sort by size all the same.
    numeric = all(isinstance(label, Real) for label in distinct)
    found = list(dict.fromkeys(map(spelt, sorted(distinct, key=None if numeric else spelt))))
    place = {text: code for code, text in enumerate(found)}
    of = {label: place[spelt(label)] for label in distinct}
    return found, np.fromiter(map(of.__getitem__, values), dtype=np.int64, count=len(values))


def whole_numbers(values: NDArray[Any]) -> NDArray[Any] | None:
    """Return the values as integers when all are whole, 0 or more and few enough to be counted in bins."""
    if values.min() < 0 or values.max() > BINS_PER_PATIENT * len(values) + 10_000:
        return None
    if values.dtype.kind in "bui":
        # `bincount` refuses unsigned 64-bit numbers, and flags are no numbers to it.
        return values if values.dtype.kind == "i" else values.astype(np.int64)
    whole = values.astype(np.int64)
    return whole if np.array_equal(whole, values) else None
