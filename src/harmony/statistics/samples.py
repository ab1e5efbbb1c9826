"""What the estimators take in, checked once: times, events, groups, flags; and which times are tied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harmony.errors import UnsoundAnalysis, UsageError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Times closer than this share of the mean time are one time: months made from days differ in the last bits.
TIE: Final = 1e-9

#: Larger event codes are no causes; a date or an id was passed by mistake.
MOST_CAUSES: Final = 255

#: Whole-numbered times up to this many per patient are counted in bins, which needs no sorting.
BINS_PER_PATIENT: Final = 8


@dataclass(frozen=True, eq=False)
class FollowUp:
    """
    Checked follow-up of n patients on k distinct times.

    Attributes
    ----------
    times : float array of shape (k,)
        Distinct times in ascending order, in the unit of the caller.
    day : int array of shape (n,)
        Index of each patient's time in `times`.
    event : int array of shape (n,)
        0 censored, 1, 2 ... causes.
    """

    times: Floats
    day: Integers
    event: Integers

    def part(self, keep: Flags) -> FollowUp:
        """Return the patients flagged in `keep`, on the same times."""
        return FollowUp(self.times, self.day[keep], self.event[keep])

    def count(self, keep: Flags | None = None) -> Integers:
        """Return how many patients, of those flagged in `keep`, end at each time."""
        day = self.day if keep is None else self.day[keep]
        return np.bincount(day, minlength=len(self.times))


@dataclass(frozen=True, eq=False)
class Groups:
    """Group of each patient as a code (int array of shape (n,)), and the label of each code, sorted."""

    code: Integers
    labels: tuple[str | None, ...]


def follow_up(time: ArrayLike, event: ArrayLike, causes: bool = False) -> FollowUp:
    """
    Check times and events and find the distinct times.

    Parameters
    ----------
    time : array of shape (n,)
        Follow-up time, 0 or more, any unit.
    event : array of shape (n,)
        0 or False censored, 1 or True event; with `causes` also 2, 3 ...
    causes : bool
        Whether several causes are allowed. Without it they are refused: whether another cause is
        an event or censoring is the caller's choice, and the estimates differ.

    Raises
    ------
    UsageError
        When the arrays have other shapes or hold no numbers.
    UnsoundAnalysis
        When nobody is in it, a value is missing, a time is negative or an event is no such code.
    """
    times, events = numbers(time, "time"), numbers(event, "event")
    same_length(times, events, "event")
    if times.min() < 0.0:
        raise UnsoundAnalysis(
            "A follow-up time is negative.", "Correct or leave out these rows.", "time >= 0"
        )
    codes = events.astype(np.int64)
    if np.any(codes != events) or codes.min() < 0 or codes.max() > MOST_CAUSES:
        raise UnsoundAnalysis(
            "An event is no code of a cause.", "Recode the event.", f"0 censored, 1 to {MOST_CAUSES} causes"
        )
    if not causes and codes.max() > 1:
        raise UnsoundAnalysis(
            "The event has more than one cause.",
            "Pass event > 0 for any cause, or event == 1 for one cause with the others censored.",
            "0 censored, 1 event",
        )
    distinct, day = tied(times)
    return FollowUp(distinct, day, codes)


def numbers(values: ArrayLike, name: str) -> Floats:
    """
    Return one column of numbers as a float array of shape (n,).

    Raises
    ------
    UsageError
        When it is not one column of numbers.
    UnsoundAnalysis
        When it is empty, or a value is missing or infinite; missing values are never left out silently.
    """
    raw = np.asarray(values)
    try:
        # Dates, durations and text would turn into numbers of a unit nobody chose.
        column = raw.astype(np.float64) if raw.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        column = None
    if column is None:
        raise UsageError(f"{name} holds something that is not a number.", f"Give {name} as numbers.")
    if column.ndim != 1:
        raise UsageError(f"{name} is not one column.", f"Give {name} as one value per patient.")
    if len(column) == 0:
        raise UnsoundAnalysis(
            "Nobody is left to analyse.", "Widen the cohort or check its filters.", "n >= 1"
        )
    if not np.isfinite(column).all():
        raise UnsoundAnalysis(
            f"{name} has missing or infinite values.",
            "Decide who is left out before the analysis, and report how many.",
            "finite numbers",
        )
    return column


def flags(values: ArrayLike, name: str) -> Flags:
    """Return one column of yes (1, True) and no (0, False); other values are refused as in `numbers`."""
    column = numbers(values, name)
    if np.any((column != 0.0) & (column != 1.0)):
        raise UsageError(
            f"{name} holds something else than yes and no.", f"Recode {name}.", "0, 1, False, True"
        )
    return column == 1.0


def same_length(first: NDArray[Any], other: NDArray[Any], name: str) -> None:
    """Refuse, with UsageError, a column `other` called `name` that is not as long as `first`."""
    if len(first) != len(other):
        raise UsageError(f"{name} has another length than the first column.", "Give one value per patient.")


def levels(values: ArrayLike, name: str) -> tuple[Integers, tuple[str, ...]]:
    """
    Return codes and sorted labels of a category (text, numbers or booleans).

    Numbers sort by size, text by character; labels are text.

    Raises
    ------
    UsageError
        When it is not one column.
    UnsoundAnalysis
        When a value is missing: "not known" must be a level of its own or be left out by the caller.
    """
    column = np.asarray(values)
    if column.ndim != 1:
        raise UsageError(f"{name} is not one column.", f"Give {name} as one value per patient.")
    # Elementwise on purpose: an object column may hold None and NaN.
    if np.any((column == np.array(None)) | (column != column)):
        raise UnsoundAnalysis(
            f"{name} has missing values.",
            f"Give them a level of {name} of their own, or leave these patients out.",
        )
    if column.dtype == object:
        column = column.astype(str)
    found, code = np.unique(column, return_inverse=True)
    return code.astype(np.int64), tuple(str(label) for label in found)


def groups(group: ArrayLike | None, n: int) -> Groups:
    """Return the groups of n patients; without `group` all are in one group whose label is None."""
    if group is None:
        return Groups(np.zeros(n, dtype=np.int64), (None,))
    code, labels = levels(group, "group")
    if len(code) != n:
        raise UsageError("group has another length than time.", "Give one value per patient.")
    return Groups(code, labels)


def tied(values: Floats, tolerance: Callable[[Floats], float] | None = None) -> tuple[Floats, Integers]:
    """
    Return the distinct values in ascending order and each value's index among them.

    Parameters
    ----------
    values : float array of shape (n,), n >= 1
    tolerance : function, optional
        Gap up to which neighbours among the sorted values are one; by default `TIE` times their mean size.
        The smallest of a tied chain stands for it, as in R's `aeqSurv`.
    """
    whole = _whole(values) if tolerance is None else None
    if whole is not None:
        present = np.bincount(whole) > 0
        index = np.cumsum(present) - 1
        return np.flatnonzero(present).astype(np.float64), index[whole]
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    gap = tolerance(ascending) if tolerance else TIE * float(np.abs(ascending).mean())
    starts = np.concatenate(([True], np.diff(ascending) > gap))
    code = np.empty(len(values), dtype=np.int64)
    code[order] = np.cumsum(starts) - 1
    return ascending[starts], code


def _whole(values: Floats) -> Integers | None:
    """Return the values as integers when all are whole, 0 or more and few enough to be counted in bins."""
    if values.min() < 0.0 or values.max() > BINS_PER_PATIENT * len(values) + 10_000:
        return None
    whole = values.astype(np.int64)
    return whole if np.array_equal(whole, values) else None
