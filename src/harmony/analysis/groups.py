"""Variables of a study as people read them: labels, levels in order, bands of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: These say that nobody looked; a share of a finding never has them in its denominator.
NOT_EXAMINED: Final = ("not_tested", "not_assessed", "unknown")


@dataclass(frozen=True)
class Variable:
    """
    A variable of a study.

    Attributes
    ----------
    field : str
        table.field.
    label : str
        Name with unit.
    levels : mapping of str to str
        Code to label in the order of the report; empty = levels as found, sorted.
    cuts : tuple of float
        Upper limits that turn a number into bands: below the first, ... , from the last on.
    sensitive : bool
        Whether 0 % or 100 % of it would tell something about every patient of a group.
    """

    field: str
    label: str
    levels: Mapping[str, str]
    cuts: tuple[float, ...] = ()
    sensitive: bool = True


def as_levels(variable: Variable, values: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """
    Return each patient's level as a label, and the labels in order.

    Parameters
    ----------
    values : array, shape (patients,)
        Codes or numbers; None or NaN = not known. Values of `NOT_EXAMINED` become None.
    """
    if variable.cuts:
        return _banded(variable.cuts, values)
    labels = dict(variable.levels) or {code: code for code in _found(values)}
    known = {code: label for code, label in labels.items() if code not in NOT_EXAMINED}
    named = np.array([known.get(value) for value in values], dtype=object)
    return named, tuple(dict.fromkeys(known.values()))


def _found(values: NDArray[Any]) -> list[str]:
    return sorted({str(v) for v in values if v is not None and v not in NOT_EXAMINED}, key=_natural)


def _natural(text: str) -> tuple[float, str]:
    # Bands such as 5-9 and 10-14 sort by number, not by letter.
    head = text.partition("-")[0]
    return (float(head), "") if head.replace(".", "", 1).isdigit() else (float("inf"), text)


def _banded(cuts: Sequence[float], values: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    names = [f"under {cuts[0]:g}"]
    names += [f"{low:g} to under {high:g}" for low, high in pairwise(cuts)]
    names.append(f"{cuts[-1]:g} or more")
    numbers = np.array([np.nan if v is None else float(v) for v in values])
    place = np.searchsorted(np.asarray(cuts), numbers, side="right")
    banded = [None if np.isnan(number) else names[at] for number, at in zip(numbers, place, strict=True)]
    return np.array(banded, dtype=object), tuple(names)
