"""
Survival and incidence curves whose every step holds enough events, made from merged counts only.

A curve at full precision is the data set again: each factor 1 - d/n gives d, n and the day of an event.
Here times are moved to a grid and intervals are merged until each holds enough events; everything shown is
then a function of those counts, so that it cannot add to what they tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmony.disclosure.estimates import Interval, with_estimates

#: A month and a quarter of the mean year of 365.25 days.
MONTH_DAYS: Final = 30.4375
QUARTER_DAYS: Final = 91.3125

NO_INTERVAL: Final = "no interval can be shown with the minimum of events"
SMALL_GROUP: Final = "group smaller than the minimum"
#: Floating-point slack of a product that should be exactly one half.
_HALF: Final = 0.5 + 1e-9
#: Days by which two writings of one cut may differ: years are released to four decimals.
_SAME_DAY: Final = 0.05

#: Days and cause codes (0 = censored) of one group.
Times = tuple[NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True)
class MergedGroup:
    """
    The released counts of one group.

    Attributes
    ----------
    patients : int
        At time zero.
    intervals : tuple of Interval
        In order of time, with their estimates.
    left : int
        At risk after the last cut by the released counts.
    median_in : (float, float), optional
        The interval in which survival first is at most one half, days; None when it stays above.
    to_person : tuple of str
        What a person must look at before release.
    """

    patients: int
    intervals: tuple[Interval, ...]
    left: int
    median_in: tuple[float, float] | None
    to_person: tuple[str, ...]


@dataclass(frozen=True)
class MergedCurves:
    """Cuts in days common to all groups and the groups' counts; or `withheld`, the reason for none."""

    cuts: tuple[float, ...]
    groups: Mapping[str, MergedGroup]
    withheld: str = ""


@dataclass(frozen=True)
class _Counts:
    """Counts of one group at each time of the common axis; `events` has one column per cause."""

    patients: int
    causes: tuple[int, ...]
    events: NDArray[np.int64]
    censored: NDArray[np.int64]


def joint_curves(
    groups: Mapping[str, Times], minimum: int, grid: float, least_left: int | None = None
) -> MergedCurves:
    """
    Merge events and censorings of all groups over common cuts (the *joint* algorithm).

    Parameters
    ----------
    groups : mapping of str to (days, cause)
        Per group two arrays of one length: days from time zero, and the cause of the event, 0 = censored.
        Groups are disjoint.
    minimum : int
        Least number of events, and of each cause and of censorings where there are any, in an interval.
    grid : float
        Every time is moved up to the next multiple of this many days; 0 for none (arithmetic tests only:
        a cut without a grid is one patient's day).
    least_left : int, optional
        A group has nobody or at least so many left after the last cut; `minimum` when not given.

    Returns
    -------
    MergedCurves
        `withheld` says why when no interval can be shown.
    """
    times, counts = _on_common_axis(groups, grid)
    cuts: list[int] = []
    start = 0
    for at in range(len(times)):
        if _may_close(counts.values(), slice(start, at + 1), minimum, with_censored=True):
            cuts.append(at)
            start = at + 1
    intervals = {name: _joint_intervals(group, times, cuts) for name, group in counts.items()}
    return _trimmed(counts, intervals, minimum if least_left is None else least_left, list)


def carried_curves(
    groups: Mapping[str, Times],
    minimum: int,
    grid: float,
    least_left: int | None = None,
    within: Sequence[float] = (),
) -> MergedCurves:
    """
    Merge events over common cuts and carry censored patients on until enough wait (*carried* algorithm).

    Finer than `joint_curves`: cuts look at events only. A group releases its waiting censored patients at
    an event cut as soon as there are `minimum` of them; until then they count as at risk. For estimation
    they are spread over the event intervals since the last release in proportion to length.

    Parameters
    ----------
    groups, minimum, grid, least_left
        As in `joint_curves`; `least_left` is compared with the released number at risk.
    within : sequence of float
        Cuts in days that were released from the same times: only these may be cuts, and censored patients are
        released where they were released there. Empty = any time of the grid.

    Returns
    -------
    MergedCurves
        `withheld` says why when a group is smaller than `minimum` or no interval can be shown.
    """
    if any(len(days) < minimum for days, _ in groups.values()):
        return MergedCurves((), {}, SMALL_GROUP)
    times, counts = _on_common_axis(groups, grid)
    cuts: list[int] = []
    start = 0
    fine = [at for at, time in enumerate(times) if any(abs(time - cut) < _SAME_DAY for cut in within)]
    for at in fine if within else range(len(times)):
        if _may_close(counts.values(), slice(start, at + 1), minimum, with_censored=False):
            cuts.append(at)
            start = at + 1
    intervals = {
        name: _joined(_carried_intervals(group, times, fine or cuts, minimum), times[cuts])
        for name, group in counts.items()
    }
    return _trimmed(counts, intervals, minimum if least_left is None else least_left, _spread)


def _on_common_axis(
    groups: Mapping[str, Times], grid: float
) -> tuple[NDArray[np.float64], dict[str, _Counts]]:
    moved = {name: (_to_grid(days, grid), cause) for name, (days, cause) in groups.items()}
    times = np.unique(np.concatenate([days for days, _ in moved.values()] or [np.empty(0)]))
    return times, {name: _counts(times, days, cause) for name, (days, cause) in moved.items()}


def _to_grid(days: NDArray[np.float64], grid: float) -> NDArray[np.float64]:
    if grid == 0:
        return np.asarray(days, dtype=np.float64)
    # A time that is a multiple already must not move on because of its last binary digit.
    return np.ceil(np.asarray(days, dtype=np.float64) / grid - 1e-9) * grid


def _counts(times: NDArray[np.float64], days: NDArray[np.float64], cause: NDArray[np.int64]) -> _Counts:
    at = np.searchsorted(times, days)
    causes = tuple(int(code) for code in np.unique(cause) if code != 0)
    columns = [np.bincount(at[cause == code], minlength=len(times)) for code in causes]
    events = np.stack(columns, axis=1) if columns else np.zeros((len(times), 0), dtype=np.int64)
    return _Counts(len(days), causes, events, np.bincount(at[cause == 0], minlength=len(times)))


def _may_close(groups: Iterable[_Counts], span: slice, minimum: int, with_censored: bool) -> bool:
    something = False
    for group in groups:
        by_cause = group.events[span].sum(axis=0)
        censored = int(group.censored[span].sum()) if with_censored else 0
        if by_cause.sum() + censored == 0:
            continue
        something = True
        small = ((by_cause > 0) & (by_cause < minimum)).any() or 0 < censored < minimum
        if small or by_cause.sum() < minimum:
            return False
    return something


def _joint_intervals(group: _Counts, times: NDArray[np.float64], cuts: Sequence[int]) -> list[Interval]:
    found: list[Interval] = []
    at_risk, start = group.patients, 0
    for cut in cuts:
        events = _events(group, slice(start, cut + 1))
        censored = int(group.censored[start : cut + 1].sum())
        effective = at_risk - censored / 2
        found.append(Interval(_before(found), float(times[cut]), at_risk, effective, events, censored))
        at_risk -= sum(events.values()) + censored
        start = cut + 1
    return found


def _carried_intervals(
    group: _Counts, times: NDArray[np.float64], cuts: Sequence[int], minimum: int
) -> list[Interval]:
    found: list[Interval] = []
    at_risk, start, waiting = group.patients, 0, 0
    for cut in cuts:
        events = _events(group, slice(start, cut + 1))
        waiting += int(group.censored[start : cut + 1].sum())
        released = waiting if waiting >= minimum else 0
        found.append(Interval(_before(found), float(times[cut]), at_risk, at_risk, events, released))
        at_risk -= sum(events.values()) + released
        waiting -= released
        start = cut + 1
    return found


def _joined(intervals: Sequence[Interval], ends: NDArray[np.float64]) -> list[Interval]:
    """Join intervals up to each of these ends; an end of every interval changes nothing."""
    found: list[Interval] = []
    parts: list[Interval] = []
    for one in intervals:
        parts.append(one)
        if one.end in ends:
            events = {code: sum(part.events[code] for part in parts) for code in one.events}
            censored = sum(part.censored for part in parts)
            found.append(replace(parts[0], end=one.end, events=events, censored=censored))
            parts = []
    return found


def _events(group: _Counts, span: slice) -> dict[int, int]:
    totals = group.events[span].sum(axis=0)
    return {code: int(total) for code, total in zip(group.causes, totals, strict=True)}


def _before(found: Sequence[Interval]) -> float:
    return found[-1].end if found else 0.0


def _trimmed(
    counts: Mapping[str, _Counts],
    intervals: Mapping[str, list[Interval]],
    least_left: int,
    effective: Callable[[Sequence[Interval]], list[Interval]],
) -> MergedCurves:
    """End the curves where some group would have a few patients left, then estimate."""
    shown = len(next(iter(intervals.values()), []))
    while shown and any(0 < found[shown - 1].left < least_left for found in intervals.values()):
        shown -= 1
    if not shown:
        return MergedCurves((), {}, NO_INTERVAL)
    groups = {name: _finished(counts[name], effective(intervals[name][:shown])) for name in intervals}
    cuts = tuple(one.end for one in next(iter(intervals.values()))[:shown])
    return MergedCurves(cuts, groups)


def _finished(group: _Counts, intervals: Sequence[Interval]) -> MergedGroup:
    estimated = with_estimates(intervals, group.causes)
    median = next(((one.start, one.end) for one in estimated if one.survival <= _HALF), None)
    last = estimated[-1]
    remarks = ["all patients had an event: the curve reaches 0"] if last.survival < 1e-12 else []
    if any(0 in one.events.values() and one.at_risk < 10 for one in estimated):
        remarks.append("a cause with no event in an interval with fewer than 10 patients at risk")
    return MergedGroup(group.patients, tuple(estimated), last.left, median, tuple(remarks))


def _spread(intervals: Sequence[Interval]) -> list[Interval]:
    """Share released censorings over the event intervals since the last release, by length."""
    shares = [0.0] * len(intervals)
    first = 0
    for at, one in enumerate(intervals):
        if one.censored:
            length = one.end - intervals[first].start
            for k in range(first, at + 1):
                part = intervals[k].end - intervals[k].start
                shares[k] = one.censored * (part / length if length else float(k == at))
            first = at + 1
    found: list[Interval] = []
    at_risk = float(intervals[0].at_risk)
    for one, share in zip(intervals, shares, strict=True):
        found.append(replace(one, effective=at_risk - share / 2))
        at_risk -= sum(one.events.values()) + share
    return found


def days_in_years(days: float) -> float:
    """Return days as years of 365.25 days, to four decimals (a tenth of a month is 0.0083 years)."""
    return math.floor(days / 365.25 * 1e4 + 0.5) / 1e4
