"""
Conditions and sums over named columns, as the parameter files write them.

`A*B` product, `!A` not, `A|B` any of, `A>=4` comparison with a number, `&` joins conditions and binds least.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harmony.errors import UsageError
from harmony.simulation.laws import Floats

Columns = dict[str, NDArray[Any]]

_COMPARISON: Final = re.compile(r"([\w:]+)\s*(>=|<=|==|<|>)\s*(-?[\d.]+)")
_OPERATORS: Final = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


def value(expression: str, columns: Mapping[str, NDArray[Any]]) -> Floats:
    """
    Return an expression's value per patient: 0 or 1 for conditions, the number itself for one plain column.

    Parameters
    ----------
    columns : mapping of str to array of shape (n,)
        Booleans or numbers; NaN = not known, and makes the value NaN.

    Raises
    ------
    UsageError
        When a name is no column.
    """
    return reduce(operator.mul, (_condition(part.strip(), columns) for part in expression.split("&")))


def holds(expression: str, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return where a condition holds; not where it is not known."""
    return value(expression, columns) == 1


def weighted_sum(weights: Mapping[str, float], columns: Mapping[str, NDArray[Any]]) -> Floats:
    """
    Return the sum of log ratio times term.

    Parameters
    ----------
    weights : mapping of str to float
        Odds or hazard ratio per unit of each term.
    """
    return np.asarray(sum(np.log(ratio) * value(term, columns) for term, ratio in weights.items()))


def _condition(text: str, columns: Mapping[str, NDArray[Any]]) -> Floats:
    if match := _COMPARISON.fullmatch(text):
        left = _column(match[1], columns)
        result = _OPERATORS[match[2]](left, float(match[3])).astype(float)
        return np.where(np.isnan(left), np.nan, result)
    return reduce(np.maximum, (_product(part, columns) for part in text.split("|")))


def _product(text: str, columns: Mapping[str, NDArray[Any]]) -> Floats:
    return reduce(operator.mul, (_factor(part.strip(), columns) for part in text.split("*")))


def _factor(name: str, columns: Mapping[str, NDArray[Any]]) -> Floats:
    return 1 - _column(name[1:], columns) if name.startswith("!") else _column(name, columns)


def _column(name: str, columns: Mapping[str, NDArray[Any]]) -> Floats:
    if name not in columns:
        raise UsageError(f"'{name}' is no column of the cohort.", "Correct the name in the simulation file.")
    return np.asarray(columns[name], dtype=float)
