"""Start-stop rows for covariates that change during follow-up, such as a transplant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.samples import Flags, Floats, Integers, follow_up, numbers, same_length, tied

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class SplitFollowUp:
    """
    Rows of patients in the caller's order, each patient's in order of time; m rows.

    Attributes
    ----------
    patient : int array of shape (m,)
        Position of the patient in the caller's arrays: `age[rows.patient]` carries a covariate over.
    tstart, tstop : float arrays of shape (m,)
        The row covers the time after `tstart`, up to and including `tstop`.
    event : int array of shape (m,)
        The patient's event in his last row, 0 in the others.
    flags : mapping of str to int array of shape (m,)
        1 in the rows after the change, 0 before.
    """

    patient: Integers
    tstart: Floats
    tstop: Floats
    event: Integers
    flags: Mapping[str, Integers]

    def table(self) -> pa.Table:
        """Return one row per row: tstart, tstop, event and one column per change."""
        import pyarrow as pa

        columns = {"tstart": self.tstart, "tstop": self.tstop, "event": self.event, **self.flags}
        return pa.table({name: pa.array(values) for name, values in columns.items()})


def split_follow_up(
    stop: ArrayLike, event: ArrayLike, changes: Mapping[str, ArrayLike], entry: ArrayLike | None = None
) -> SplitFollowUp:
    """
    Split each patient's follow-up where something changes.

    Parameters
    ----------
    stop : array of shape (n,)
        End of follow-up, more than 0 (or than `entry`).
    event : array of shape (n,)
        0 censored, 1, 2 ... at `stop`.
    changes : mapping of str to array of shape (n,)
        Time of each change; null when it never happened. The flag is 1 after that time, not at it: a death
        on the day of the transplant is a death without transplant. A change at or before the start holds
        in all rows; one at or after `stop` in none.
    entry : array of shape (n,), optional
        Start of observation; 0 without it.

    Returns
    -------
    SplitFollowUp
        For `cox(rows.tstop, rows.event, ..., entry=rows.tstart)`. Splitting alone changes no estimate.

    Raises
    ------
    UnsoundAnalysis
        When nobody is in it, a stop or an event is missing, a time negative, or somebody's follow-up has no
        length.
    UsageError
        When shapes or names are wrong, or a change holds something that is not a number.

    References
    ----------
    Conventions of R survival 3.5.3 `tmerge` with `tdc`; Crowley and Hu, J Am Stat Assoc 1977;72:27.
    """
    sample = follow_up(stop, event, causes=True)
    n = len(sample.day)
    begin = np.zeros(n) if entry is None else numbers(entry, "entry")
    same_length(sample.day, begin, "entry")
    if begin.min() < 0.0:
        raise UnsoundAnalysis("An entry time is negative.", "Correct these rows.", "entry >= 0")
    names = [str(name) for name in changes]
    _check_names(names)
    columns = [_times(values, name, n) for name, values in zip(names, changes.values(), strict=True)]
    ends = sample.times[sample.day]
    distinct, place = tied(np.concatenate((begin, ends, *(np.where(np.isinf(c), 0.0, c) for c in columns))))
    start, end, *at = place.reshape(-1, n)
    if np.any(start >= end):
        raise UnsoundAnalysis(
            "A follow-up has no length, so that it cannot be split.",
            "Leave out patients who were never under observation, and report how many.",
            "stop > 0, or more than entry",
        )
    # A change that never happens lies after every end.
    moments = [np.where(np.isinf(c), len(distinct), p) for c, p in zip(columns, at, strict=True)]
    return _split(sample.event, distinct, start, end, dict(zip(names, moments, strict=True)))


def _split(
    event: Integers, distinct: Floats, start: Integers, end: Integers, moments: dict[str, Integers]
) -> SplitFollowUp:
    width = len(distinct)
    patients = np.arange(len(start))
    cuts = [patients * width + start]
    for moment in moments.values():
        inside: Flags = (start < moment) & (moment < end)
        cuts.append(patients[inside] * width + moment[inside])
    cut = np.unique(np.concatenate(cuts))
    patient, place = cut // width, cut % width
    last = np.append(patient[1:] != patient[:-1], True)
    until = np.where(last, end[patient], np.append(place[1:], 0))
    return SplitFollowUp(
        patient=patient,
        tstart=distinct[place],
        tstop=distinct[until],
        event=np.where(last, event[patient], 0),
        flags={name: (moment[patient] <= place).astype(np.int64) for name, moment in moments.items()},
    )


def _check_names(names: list[str]) -> None:
    if not names or set(names) & {"tstart", "tstop", "event"}:
        raise UsageError(
            "There is no change to split at, or it is named like another column.",
            "Name each change, otherwise than tstart, tstop and event.",
        )


def _times(values: ArrayLike, name: str, n: int) -> Floats:
    """Return the times of a change, infinity where it never happened."""
    raw: NDArray[Any] = np.asarray(values)
    try:
        column = raw.astype(np.float64) if raw.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        column = None
    if column is None or column.shape != (n,):
        raise UsageError(
            f"{name} is not one column of times as long as stop.", "Give a time per patient, null for never."
        )
    # A change before the time axis began holds from the start on.
    return np.where(np.isnan(column), np.inf, np.maximum(column, 0.0))
