"""Landmark analysis: who is still in follow-up at a fixed time, and their clock started anew there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.samples import Flags, Floats, Integers, follow_up, numbers


@dataclass(frozen=True, eq=False)
class Landmark:
    """
    Patients at the landmark.

    Attributes
    ----------
    at : float
        The landmark, in the unit of the caller's time.
    keep : bool array of shape (n,)
        Who is under observation just after the landmark: filter covariates and groups by it. A patient
        whose follow-up ends at the landmark is out.
    time : float array of shape (m,)
        Time from the landmark of those kept, more than 0.
    event : int array of shape (m,)
        Their event codes.
    """

    at: float
    keep: Flags
    time: Floats
    event: Integers


def landmark(time: ArrayLike, event: ArrayLike, at: float, entry: ArrayLike | None = None) -> Landmark:
    """
    Keep the patients still in follow-up at a time and restart their clock.

    What is known by then (response, transplant, relapse by day 90 ...) may be used as a group; groups by
    what happens later favour those who live long enough for it (immortal time).

    Parameters
    ----------
    time : array of shape (n,)
        Follow-up time, 0 or more.
    event : array of shape (n,)
        0 censored, 1, 2 ... causes.
    at : float
        The landmark, 0 or more, fixed before the data were seen.
    entry : array of shape (n,), optional
        Delayed entry; who enters after the landmark is out, because nothing is known of others like
        him who died in between.

    Raises
    ------
    UnsoundAnalysis
        When nobody is left after the landmark; and as `kaplan_meier`.
    UsageError
        When the landmark is negative or no number; and as `kaplan_meier`.

    References
    ----------
    Anderson, Cain and Gelber, J Clin Oncol 1983;1:710.
    """
    if not (math.isfinite(at) and at >= 0.0):
        raise UsageError("The landmark is an impossible time.", "Give another one.", "at >= 0")
    sample = follow_up(time, event, causes=True, entry=entry)
    times = numbers(time, "time")
    keep = times > at
    if entry is not None:
        keep &= numbers(entry, "entry") <= at
    if not keep.any():
        raise UnsoundAnalysis(
            "Nobody is in follow-up after the landmark.", "Choose an earlier landmark.", "at < longest time"
        )
    return Landmark(float(at), keep, times[keep] - at, np.asarray(sample.event[keep]))
