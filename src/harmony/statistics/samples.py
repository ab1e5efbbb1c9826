"""What the estimators take in, checked once: times, events, groups, flags; and which times are tied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.columns import coded, is_missing, named_columns, spelt, whole_numbers

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Times closer than this share of the mean time are one time: months made from days differ in the last bits.
TIE: Final = 1e-9

#: Larger event codes are no causes; a date or an id was passed by mistake.
MOST_CAUSES: Final = 255


@dataclass(frozen=True, eq=False)
class FollowUp:
    """
    Checked follow-up of n patients on k distinct times.

    Attributes
    ----------
    times : float array of shape (k,)
        Distinct times of exit in ascending order, in the unit of the caller.
    day : int array of shape (n,)
        Index of each patient's time in `times`.
    event : int array of shape (n,)
        0 censored, 1, 2 ... causes.
    entry_day : int array of shape (n,), optional
        Index of the first of `times` that lies after the patient's entry: he is at risk at the times
        `entry_day` to `day`. None when everybody is at risk from the start.
    weight : float array of shape (n,), optional
        Case weights, 0 or more; None when every patient counts as one.
    """

    times: Floats
    day: Integers
    event: Integers
    entry_day: Integers | None = None
    weight: Floats | None = None

    def part(self, keep: Flags | Integers) -> FollowUp:
        """Return the patients flagged in `keep` (or at these positions), on the same times."""
        entry_day = None if self.entry_day is None else self.entry_day[keep]
        weight = None if self.weight is None else self.weight[keep]
        return FollowUp(self.times, self.day[keep], self.event[keep], entry_day, weight)

    def count(self, keep: Flags | None = None) -> Integers:
        """Return how many patients, of those flagged in `keep`, end at each time; weights play no part."""
        day = self.day if keep is None else self.day[keep]
        return np.bincount(day, minlength=len(self.times))

    def total(self, keep: Flags | None = None) -> Integers | Floats:
        """Return the sum of weights of those who end at each time; without weights the same as `count`."""
        if self.weight is None:
            return self.count(keep)
        day, weight = (self.day, self.weight) if keep is None else (self.day[keep], self.weight[keep])
        return np.bincount(day, weight, len(self.times))


@dataclass(frozen=True, eq=False)
class Groups:
    """Group of each patient as a code (int array of shape (n,)), and the label of each code, sorted."""

    code: Integers
    labels: tuple[str | None, ...]

    def part(self, keep: Flags | Integers) -> Groups:
        """Return the patients flagged in `keep` (or at these positions), with the same labels."""
        return Groups(self.code[keep], self.labels)


def follow_up(
    time: ArrayLike,
    event: ArrayLike,
    causes: bool = False,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> FollowUp:
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
    entry : array of shape (n,), optional
        Time from which the patient is under observation (delayed entry, or the start of a start-stop
        row), 0 or more and before `time`. He is at risk after it, not at it.
    weights : array of shape (n,), optional
        Case weights, 0 or more, not all 0.

    Raises
    ------
    UsageError
        When the arrays have other shapes or hold no numbers.
    UnsoundAnalysis
        When nobody is in it, a value is missing, a time is negative, an event is no such code, an entry
        is not before its exit, or a weight is negative.
    """
    times, events = _column(time, "time"), _column(event, "event")
    same_length(times, events, "event")
    if times.min() < 0:
        raise UnsoundAnalysis(
            "A follow-up time is negative.", "Correct or leave out these rows.", "time >= 0"
        )
    codes = _cause_codes(events, causes)
    weight = case_weights(weights, len(codes))
    if entry is None:
        distinct, day = tied(times)
        return FollowUp(distinct, day, codes, None, weight)
    distinct, day, entry_day = _truncated(times, _column(entry, "entry"))
    return FollowUp(distinct, day, codes, entry_day, weight)


def _cause_codes(events: NDArray[Any], causes: bool) -> Integers:
    codes = events.astype(np.int64)
    whole = events.dtype.kind in "bui" or bool(np.all(codes == events))
    if not whole or codes.min() < 0 or codes.max() > MOST_CAUSES:
        raise UnsoundAnalysis(
            "An event is no code of a cause.", "Recode the event.", f"0 censored, 1 to {MOST_CAUSES} causes"
        )
    if not causes and codes.max() > 1:
        raise UnsoundAnalysis(
            "The event has more than one cause.",
            "Recode it: 1 for the event that is asked for and 0 for everything else, which then counts as "
            "censored; or use cumulative_incidence, which keeps the causes apart.",
            "0 censored, 1 event",
        )
    return codes


def _truncated(times: NDArray[Any], entry: NDArray[Any]) -> tuple[Floats, Integers, Integers]:
    """Return the distinct exit times, each patient's index among them, and the first one after his entry."""
    same_length(times, entry, "entry")
    if entry.min() < 0:
        raise UnsoundAnalysis("An entry time is negative.", "Correct or leave out these rows.", "entry >= 0")
    # Entries and exits are made equal together, as in R's `aeqSurv`: an entry that differs from an exit
    # in the last bits is at it, and so not before it.
    values, index = tied(np.concatenate((times, entry)))
    stop, start = index[: len(times)], index[len(times) :]
    if np.any(start >= stop):
        raise UnsoundAnalysis(
            "A patient enters at or after the end of his follow-up, so that he was never observed.",
            "Leave out those who were never under observation, and report how many.",
            "entry < time",
        )
    ends = np.bincount(stop, minlength=len(values)) > 0
    last_exit = np.cumsum(ends) - 1
    return values[ends], last_exit[stop], last_exit[start] + 1


def case_weights(weights: ArrayLike | None, n: int) -> Floats | None:
    """
    Return checked case weights of n patients, or None when there are none.

    Raises
    ------
    UsageError
        When it is not one number per patient.
    UnsoundAnalysis
        When one is missing or negative, or all are 0, so that nobody is left.
    """
    if weights is None:
        return None
    weight = numbers(weights, "weights")
    if len(weight) != n:
        raise UsageError("weights has another length than time.", "Give one value per patient.")
    if weight.min() < 0.0:
        raise UnsoundAnalysis("A case weight is negative.", "Correct the weights.", "weights >= 0")
    if weight.max() == 0.0:
        raise UnsoundAnalysis(
            "Every case weight is 0, so that nobody is left to analyse.", "Check the weights.", "some > 0"
        )
    return weight


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
    return _column(values, name).astype(np.float64)


def _column(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return one column of finite numbers; whole numbers and flags stay such, which saves memory and time."""
    raw = np.asarray(values)
    whole = raw.dtype.kind in "bui"
    try:
        # Dates, durations and text would turn into numbers of a unit nobody chose.
        column = raw if whole else raw.astype(np.float64) if raw.dtype.kind in "fO" else None
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
    if not whole and not np.isfinite(column).all():
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

    Numbers sort by size, text by character; labels are text (2.0 is spelt 2).

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
    found, code = coded(column)
    if any(map(is_missing, found)):
        raise UnsoundAnalysis(
            f"{name} has missing values.",
            f"Give them a level of {name} of their own, or leave these patients out.",
        )
    return code, tuple(map(spelt, found))


def groups(group: ArrayLike | None, n: int) -> Groups:
    """Return the groups of n patients; without `group` all are in one group whose label is None."""
    if group is None:
        return Groups(np.zeros(n, dtype=np.int64), (None,))
    code, labels = levels(group, "group")
    if len(code) != n:
        raise UsageError("group has another length than time.", "Give one value per patient.")
    return Groups(code, labels)


def strata(columns: object, n: int, name: str = "strata") -> Groups:
    """
    Return the strata of n patients: each combination that occurs is one.

    Parameters
    ----------
    columns : array of shape (n,), or dict, Arrow or pandas table of such, or None
        One column or several; None is one stratum of everybody.
    n : int
        Patients.
    name : str
        What messages call it.

    Returns
    -------
    Groups
        Labels are the level of one column, or `first=level, second=level` of several, as R writes them.

    Raises
    ------
    UsageError, UnsoundAnalysis
        As `levels`; and when a column has another length.
    """
    parts = named_columns(columns)
    if parts is None:
        return groups(None if columns is None else columns, n)  # type: ignore[arg-type]
    coded = [(key, *levels(values, key)) for key, values in parts.items()]
    if not coded or any(len(code) != n for _, code, _ in coded):
        raise UsageError(f"{name} has another length than time.", "Give one value per patient.")
    together = np.zeros(n, dtype=np.int64)
    for _, code, found in coded:
        together = together * len(found) + code
    present, code = np.unique(together, return_inverse=True)
    return Groups(code.astype(np.int64), tuple(_combined(int(value), coded) for value in present))


def _combined(value: int, coded: list[tuple[str, Integers, tuple[str, ...]]]) -> str:
    words = []
    for key, _, found in reversed(coded):
        value, code = divmod(value, len(found))
        words.append(f"{key}={found[code]}" if len(coded) > 1 else found[code])
    return ", ".join(reversed(words))


def tied(values: NDArray[Any], tolerance: Callable[[Floats], float] | None = None) -> tuple[Floats, Integers]:
    """
    Return the distinct values in ascending order and each value's index among them.

    Parameters
    ----------
    values : array of shape (n,), n >= 1
        Finite numbers.
    tolerance : function, optional
        Gap up to which neighbours among the sorted values are one; by default `TIE` times their mean size.
        The smallest of a tied chain stands for it, as in R's `aeqSurv`.
    """
    whole = whole_numbers(values) if tolerance is None else None
    if whole is not None:
        present = np.bincount(whole) > 0
        index = np.cumsum(present) - 1
        return np.flatnonzero(present).astype(np.float64), index[whole]
    order = np.argsort(values)
    ascending = values[order].astype(np.float64)
    gap = tolerance(ascending) if tolerance else TIE * float(np.abs(ascending).mean())
    starts = np.concatenate(([True], np.diff(ascending) > gap))
    code = np.empty(len(values), dtype=np.int64)
    code[order] = np.cumsum(starts) - 1
    return ascending[starts], code
