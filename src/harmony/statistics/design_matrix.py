"""Covariates of a regression: numbers as they are, categories as one indicator for each level but one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.samples import Floats, Integers, levels, numbers


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """
    Columns of a regression.

    Attributes
    ----------
    x : float array of shape (p, n)
        One row per term, so that a term is contiguous.
    terms : tuple of str
        Name of each term; a level is spelt as R does, variable and level without a gap (`tcdTCD`).
    variables : tuple of str
        The covariate each term comes from.
    """

    x: Floats
    terms: tuple[str, ...]
    variables: tuple[str, ...]


def design_matrix(covariates: Any, reference: Mapping[str, object] | None, n: int) -> DesignMatrix:
    """
    Turn covariates into terms.

    Parameters
    ----------
    covariates : mapping of str to array of shape (n,), Arrow table or pandas table
        Numbers and booleans are one term each. Text, and anything named in `reference`, is a category.
    reference : mapping of str to level, optional
        Reference level of categories; the first in sorted order where a category is not named.
    n : int
        Patients.

    Raises
    ------
    UsageError
        When there is no covariate, a length differs, or `reference` names an unknown covariate or level.
    UnsoundAnalysis
        When a value is missing or a covariate has one value only.
    """
    columns, chosen = dict(named_columns(covariates)), dict(reference or {})
    if not columns:
        raise UsageError("A regression has no covariate.", "Name one covariate or more.")
    for name in chosen:
        if name not in columns:
            raise UsageError(
                f"reference names {name}, which is no covariate.", "Correct the name.", ", ".join(columns)
            )
    rows: list[Floats] = []
    terms: list[tuple[str, str]] = []
    for name, values in columns.items():
        for term, row in _terms(name, values, chosen):
            if len(row) != n:
                raise UsageError(f"{name} has another length than time.", "Give one value per patient.")
            rows.append(row)
            terms.append((term, name))
    return DesignMatrix(np.array(rows), tuple(t for t, _ in terms), tuple(v for _, v in terms))


def strata_codes(strata: Any, n: int) -> Integers:
    """
    Return each patient's stratum as a code 0, 1 ...

    Parameters
    ----------
    strata : array of shape (n,), or a mapping or table of several, or None
        Every combination that occurs is one stratum; None puts all in one.
    n : int
        Patients.

    Raises
    ------
    UsageError
        When a length differs.
    UnsoundAnalysis
        When a value is missing.
    """
    code = np.zeros(n, dtype=np.int64)
    if strata is None:
        return code
    several = hasattr(strata, "column_names") or (hasattr(strata, "items") and not hasattr(strata, "dtype"))
    for name, values in named_columns(strata) if several else [("strata", strata)]:
        part, labels = levels(values, name)
        if len(part) != n:
            raise UsageError(f"{name} has another length than time.", "Give one value per patient.")
        code = np.unique(code * len(labels) + part, return_inverse=True)[1]
    return code


def named_columns(table: Any) -> Iterable[tuple[str, ArrayLike]]:
    """Return name and values of each column of a mapping, an Arrow table or a pandas table."""
    if hasattr(table, "column_names"):
        return [(name, table.column(name)) for name in table.column_names]
    if hasattr(table, "items"):
        return [(str(name), values) for name, values in table.items()]
    raise UsageError("Columns came without names.", "Give a mapping of names to arrays, or a table.")


def _terms(name: str, values: ArrayLike, chosen: Mapping[str, object]) -> list[tuple[str, Floats]]:
    column = np.asarray(values)
    if name not in chosen and _is_number(column):
        return [(name, _varying(name, numbers(column, name)))]
    code, labels = levels(column, name)
    if len(labels) < 2:
        raise UnsoundAnalysis(f"{name} has the same value in every patient.", f"Leave out {name}.")
    first = str(chosen.get(name, labels[0]))
    if first not in labels:
        raise UsageError(f"The reference level of {name} does not occur.", "Choose a level that occurs.")
    return [
        (name + label, (code == index).astype(np.float64))
        for index, label in enumerate(labels)
        if label != first
    ]


def _is_number(column: np.ndarray[Any, Any]) -> bool:
    if column.dtype == object:
        # Flags or numbers with gaps arrive as objects too (`numbers` then refuses the gaps); only text
        # equals its own spelling.
        return not bool(np.any(column.astype(str).astype(object) == column))
    return column.dtype.kind in "biuf"


def _varying(name: str, column: Floats) -> Floats:
    if column.min() == column.max():
        raise UnsoundAnalysis(f"{name} has the same value in every patient.", f"Leave out {name}.")
    return column
