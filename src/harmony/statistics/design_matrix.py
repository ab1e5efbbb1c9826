"""Covariates of a regression: numbers as they are, categories as one indicator for each level but one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.columns import spelt
from harmony.statistics.samples import Floats, levels, numbers

#: A covariate that varies less than this, or is larger than one divided by it, has squares beyond float64.
SMALLEST_SPREAD: Final = 1e-100


@dataclass(frozen=True, eq=False)
class Column:
    """
    One term: a column of numbers, or whether a column of level codes is one of its levels.

    Attributes
    ----------
    term, variable : str
        Name of the term and of the covariate it comes from.
    values : array of shape (n,)
        The caller's own numbers, kept by reference and not copied, or codes of levels.
    level : int or None
        The code that the term marks; None for a number.
    """

    term: str
    variable: str
    values: NDArray[Any]
    level: int | None

    def numbers(self, rows: slice) -> NDArray[Any]:
        """Return the term's numbers or flags in some rows."""
        part: NDArray[Any] = self.values[rows]
        return part if self.level is None else part == self.level


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """
    Terms of a regression, kept as the columns they came in: a copy would be the largest array of all.

    Attributes
    ----------
    columns : tuple of Column
        One per term.
    categories : mapping of str to tuple of str
        Levels of each covariate that is a category, the reference first.
    n : int
        Rows.
    """

    columns: tuple[Column, ...]
    categories: Mapping[str, tuple[str, ...]]
    n: int

    @property
    def terms(self) -> tuple[str, ...]:
        """Name of each term; a level is spelt as R does, variable and level without a gap (`tcdTCD`)."""
        return tuple(c.term for c in self.columns)

    @property
    def variables(self) -> tuple[str, ...]:
        """The covariate each term comes from."""
        return tuple(c.variable for c in self.columns)

    @cached_property
    def centre(self) -> Floats:
        """Mean of each term, shape (p,)."""
        return np.array([c.numbers(slice(None)).mean(dtype=np.float64) for c in self.columns])

    @cached_property
    def scale(self) -> Floats:
        """Standard deviation (divisor n) of each term, shape (p,)."""
        return np.array([c.numbers(slice(None)).std(dtype=np.float64) for c in self.columns])

    @property
    def x(self) -> Floats:
        """Terms as one float array of shape (p, n), one row per term, not centred."""
        return np.array([c.numbers(slice(None)) for c in self.columns], dtype=np.float64)

    def fill(self, rows: slice, out: Floats, terms: slice = slice(None)) -> Floats:
        """Write the centred terms of some rows into `out`, of shape (p, rows) or more; return that part."""
        columns, centre = self.columns[terms], self.centre[terms]
        part = out[: len(columns), : min(rows.stop, self.n) - rows.start]
        for column, mean, row in zip(columns, centre, part, strict=True):
            # A flag is counted as 0 or 1 before the mean is taken off.
            values = column.numbers(rows)
            np.subtract(values.view(np.int8) if values.dtype == np.bool_ else values, mean, out=row)
        return part

    def encode(self, rows: Any) -> Floats:
        """
        Turn other patients' covariates into terms.

        Parameters
        ----------
        rows : mapping of str to array of shape (m,), Arrow table or pandas table
            Every covariate of the model; further columns are passed over.

        Returns
        -------
        float array of shape (p, m)
            Not centred.

        Raises
        ------
        UsageError
            When a covariate is absent, or has a level that the model does not know.
        UnsoundAnalysis
            When a value is missing.
        """
        given = dict(named_columns(rows))
        absent = [name for name in dict.fromkeys(self.variables) if name not in given]
        if absent:
            raise UsageError(
                f"The rows have no {', '.join(absent)}.", "Give every covariate of the model a value."
            )
        found = {name: self._recoded(name, given[name]) for name in self.variables}
        made = [found[c.variable] if c.level is None else found[c.variable] == c.level for c in self.columns]
        if len({len(row) for row in made}) != 1:
            raise UsageError("The rows' columns differ in length.", "Give one value per row and covariate.")
        return np.array(made, dtype=np.float64)

    def _recoded(self, name: str, values: ArrayLike) -> NDArray[Any]:
        if name not in self.categories:
            return numbers(np.atleast_1d(np.asarray(values)), name)
        code, labels = levels(np.atleast_1d(np.asarray(values)), name)
        known = self.categories[name]
        if any(label not in known for label in labels):
            raise UsageError(f"A level of {name} is not in the model.", "Use another.", ", ".join(known))
        return np.array([known.index(label) for label in labels])[code]


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
    given, chosen = dict(named_columns(covariates)), dict(reference or {})
    if not given:
        raise UsageError("A regression has no covariate.", "Name one covariate or more.")
    for name in chosen:
        if name not in given:
            raise UsageError(
                f"reference names {name}, which is no covariate.", "Correct the name.", ", ".join(given)
            )
    columns: list[Column] = []
    categories: dict[str, tuple[str, ...]] = {}
    for name, values in given.items():
        column = _no_dates(name, np.asarray(values))
        if name not in chosen and _is_number(column):
            columns.append(Column(name, name, _varying(name, _as_numbers(column, name)), None))
        else:
            code, categories[name] = _category(name, column, chosen)
            columns.extend(
                Column(name + label, name, code, index)
                for index, label in enumerate(categories[name])
                if index
            )
        if len(columns[-1].values) != n:
            raise UsageError(f"{name} has another length than time.", "Give one value per patient.")
    return DesignMatrix(tuple(columns), categories, n)


def strata_columns(strata: Any) -> list[tuple[str, ArrayLike]]:
    """Return name and values of each strata column; a single array is called `strata`."""
    several = hasattr(strata, "column_names") or (hasattr(strata, "items") and not hasattr(strata, "dtype"))
    return list(named_columns(strata)) if several else [("strata", strata)]


def named_columns(table: Any) -> Iterable[tuple[str, ArrayLike]]:
    """Return name and values of each column of a mapping, an Arrow table or a pandas table."""
    if hasattr(table, "column_names"):
        return [(name, table.column(name)) for name in table.column_names]
    if hasattr(table, "items"):
        return [(str(name), values) for name, values in table.items()]
    raise UsageError("Columns came without names.", "Give a mapping of names to arrays, or a table.")


def _category(
    name: str, column: NDArray[Any], chosen: Mapping[str, object]
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return codes and levels of a category with the reference level first, the others sorted."""
    code, labels = levels(column, name)
    if len(labels) < 2:
        raise UnsoundAnalysis(f"{name} has the same value in every patient.", f"Leave out {name}.")
    first = spelt(chosen[name]) if name in chosen else labels[0]
    if first not in labels:
        raise UsageError(f"The reference level of {name} does not occur.", "Choose a level that occurs.")
    ordered = (first, *(label for label in labels if label != first))
    # One or two bytes a patient instead of eight, read again at every evaluation.
    small = np.array([ordered.index(label) for label in labels], dtype=np.min_scalar_type(len(labels)))
    return small[code], ordered


def _no_dates(name: str, column: NDArray[Any]) -> NDArray[Any]:
    if column.dtype.kind in "mM":
        raise UsageError(
            f"{name} holds dates or durations.", f"Give {name} as a number, such as a year or days."
        )
    return column


def _as_numbers(column: NDArray[Any], name: str) -> NDArray[Any]:
    """Return checked numbers: the caller's own array where it is one of a number type already."""
    plain = column.ndim == 1 and len(column) and column.dtype.kind in "biuf" and column.dtype.itemsize <= 8
    if plain and bool(np.isfinite(column).all()):
        return column
    return numbers(column, name)


def _is_number(column: NDArray[Any]) -> bool:
    if column.dtype == object:
        # Flags or numbers with gaps arrive as objects too (`numbers` then refuses the gaps); only text
        # equals its own spelling.
        return not bool(np.any(column.astype(str).astype(object) == column))
    return column.dtype.kind in "biuf"


def _varying(name: str, column: NDArray[Any]) -> NDArray[Any]:
    low, high = float(column.min()), float(column.max())
    if low == high:
        raise UnsoundAnalysis(f"{name} has the same value in every patient.", f"Leave out {name}.")
    if max(-low, high) > 1.0 / SMALLEST_SPREAD or high - low < SMALLEST_SPREAD:
        raise UnsoundAnalysis(
            f"{name} is too large or varies too little to be computed with.",
            f"Give {name} in another unit.",
            f"{SMALLEST_SPREAD:g} to {1.0 / SMALLEST_SPREAD:g}",
        )
    return column
