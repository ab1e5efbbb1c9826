"""Variables of a study as people read them: labels, levels in order, bands of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harmony.anonymity.generalise import middle
from harmony.cohorts.frame import as_text
from harmony.errors import UnsoundAnalysis

#: These say that nobody looked; a share of a finding never has them in its denominator.
NOT_EXAMINED: Final = (
    "not_tested",
    "not_assessed",
    "not_assessable",
    "not_done",
    "failed",
    "NE",
    "unknown",
)


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

    Raises
    ------
    UnsoundAnalysis
        When a cut lies inside a band that the anonymity gate made: nobody can say on which side who is. When
        a code stands in no level: its patients would count as not known.
    """
    if variable.cuts:
        return _banded(variable.cuts, values)
    codes = [as_text(value) for value in values]
    labels = dict(variable.levels) or {code: code for code in _found(codes)}
    known = {code: label for code, label in labels.items() if code not in NOT_EXAMINED}
    if set(_found(codes)) - set(known):
        raise UnsoundAnalysis(
            f"{variable.label}: a code of the release stands in no level of the study file.",
            "Declare it in levels or exclude it in the cohort.",
        )
    named = np.array([None if code is None else known.get(code) for code in codes], dtype=object)
    return named, tuple(dict.fromkeys(known.values()))


def _found(codes: Sequence[str | None]) -> list[str]:
    return sorted({c for c in codes if c is not None and c not in NOT_EXAMINED}, key=_natural)


def _natural(text: str) -> tuple[float, str]:
    # Bands such as 5-9 and 10-14 sort by number, not by letter.
    head = text.partition("-")[0]
    return (float(head), "") if head.replace(".", "", 1).isdigit() else (float("inf"), text)


def _banded(cuts: Sequence[float], values: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    names = [f"under {cuts[0]:g}"]
    names += [f"{low:g} to under {high:g}" for low, high in pairwise(cuts)]
    names.append(f"{cuts[-1]:g} or more")
    _refuse_cut_bands(cuts, values)
    numbers = np.array([middle(v) if v is None or isinstance(v, str) else float(v) for v in values])
    place = np.searchsorted(np.asarray(cuts), numbers, side="right")
    banded = [None if np.isnan(number) else names[at] for number, at in zip(numbers, place, strict=True)]
    return np.array(banded, dtype=object), tuple(names)


def _refuse_cut_bands(cuts: Sequence[float], values: NDArray[Any]) -> None:
    for text in {v for v in values if isinstance(v, str) and "-" in v}:
        low, _, high = text.partition("-")
        if any(float(low) < cut < float(high) + 1.0 for cut in cuts):
            raise UnsoundAnalysis(
                "A cut of the study lies inside a band of the release.",
                "Cut at limits of the bands that release show names.",
            )
