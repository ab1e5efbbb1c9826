"""Who is at risk, has the event and is censored at each distinct time: what every curve is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harmony.statistics.samples import Floats, FollowUp, Groups, Integers


@dataclass(frozen=True, eq=False)
class RiskSets:
    """
    One group on its k distinct times of exit, ascending; counts are sums of weights where there are weights.

    Attributes
    ----------
    time : float array of shape (k,)
        Times at which somebody of the group ends.
    n_risk : int or float array of shape (k,)
        Under observation just before the time: entered before it and not yet gone.
    by_cause : int or float array of shape (c, k)
        Events at the time, one row per cause asked for.
    n_censor : int or float array of shape (k,)
        Censored at the time; at a tied time after the events.
    records : int
        Rows of the group, whatever their weights; rows of weight 0 are absent.
    """

    time: Floats
    n_risk: Integers | Floats
    by_cause: Integers | Floats
    n_censor: Integers | Floats
    records: int

    @property
    def n_event(self) -> Integers | Floats:
        """Events of any cause at each time, shape (k,)."""
        return self.by_cause[0] if len(self.by_cause) == 1 else self.by_cause.sum(axis=0)


def present(sample: FollowUp) -> FollowUp:
    """Return the patients of `sample` whose weight is not 0: a weight of 0 counts as absent."""
    if sample.weight is None or sample.weight.min() > 0.0:
        return sample
    return sample.part(sample.weight > 0.0)


def by_group(
    sample: FollowUp, by: Groups, units: Integers | None = None
) -> Iterator[tuple[str | None, FollowUp, Integers | None]]:
    """
    Give each group's label, its patients, and their codes in `units` (int array of shape (n,)) if any.

    Patients of weight 0 are left out; a group without others is no group.
    """
    if sample.weight is not None and sample.weight.min() == 0.0:
        keep = np.flatnonzero(sample.weight)
        sample, by, units = sample.part(keep), by.part(keep), None if units is None else units[keep]
    for code, label in enumerate(by.labels):
        if len(by.labels) == 1:
            yield label, sample, units
        elif len(rows := np.flatnonzero(by.code == code)):
            yield label, sample.part(rows), None if units is None else units[rows]


def own_times(sample: FollowUp) -> FollowUp:
    """Return the same patients on the times at which one of themselves ends."""
    seen = sample.count() > 0
    before = np.append(0, seen.cumsum())
    entry_day = None if sample.entry_day is None else before[sample.entry_day]
    return FollowUp(sample.times[seen], before[sample.day], sample.event, entry_day, sample.weight)


def risk_sets(sample: FollowUp, causes: Sequence[int] = (1,)) -> RiskSets:
    """
    Return the risk sets of the patients of one group.

    Parameters
    ----------
    sample : FollowUp
        One patient or more, each with a weight above 0 (see `by_group`).
    causes : sequence of int
        Event codes, one row of `by_cause` each; every event of the sample has one of them.
    """
    ended, died = _totals(sample, causes)
    entered = _entered(sample)
    whole = from_totals(sample.times, ended, died, entered)
    if sample.weight is None:
        return whole
    weighed = np.array([sample.total(sample.event == cause) for cause in causes], dtype=np.float64)
    censored = sample.total(sample.event == 0).astype(np.float64)
    seen = ended > 0
    n_risk = _weighted_at_risk(sample)[seen]
    # Sums of weights are not exact: where all who are left have the event, survival must become 0.
    last = whole.n_risk == whole.n_event
    n_risk[last] = weighed.sum(axis=0)[seen][last]
    return RiskSets(whole.time, n_risk, weighed[:, seen], censored[seen], whole.records)


def from_totals(times: Floats, ended: Integers, died: Integers, entered: Integers | None) -> RiskSets:
    """
    Return risk sets from counts per time; times at which nobody ends are left out.

    Parameters
    ----------
    times : float array of shape (k,)
    ended : int array of shape (k,)
        Patients whose follow-up ends at the time, for whatever reason.
    died : int array of shape (c, k)
        Those of them with the event, per cause.
    entered : int array of shape (k,), optional
        Patients for whom the time is the first one at which they are at risk; without it all are at
        risk from the first time on.
    """
    seen = ended > 0
    n_risk = ended[::-1].cumsum()[::-1]
    if entered is not None:
        # Of those who end at the time or later, leave out who enters later.
        n_risk = n_risk - (entered.sum() - entered.cumsum())
    censored = ended - died.sum(axis=0)
    return RiskSets(times[seen], n_risk[seen], died[:, seen], censored[seen], int(ended.sum()))


def _totals(sample: FollowUp, causes: Sequence[int]) -> tuple[Integers, Integers]:
    """Return who ends at each time, shape (k,), and who has each event at it, shape (c, k)."""
    k, width = len(sample.times), max(causes) + 1
    if k * width > 4 * len(sample.day) + 10_000:
        died = np.array([sample.count(sample.event == cause) for cause in causes])
        return sample.count(), died
    # One table of times by events in one pass; picking the rows of an event costs several times more.
    table = np.bincount(sample.day * width + sample.event, minlength=k * width).reshape(k, width)
    return table.sum(axis=1), np.ascontiguousarray(table[:, list(causes)].T)


def _entered(sample: FollowUp) -> Integers | None:
    if sample.entry_day is None:
        return None
    return np.bincount(sample.entry_day, minlength=len(sample.times))


def _weighted_at_risk(sample: FollowUp) -> Floats:
    n_risk = np.asarray(sample.total()[::-1].cumsum()[::-1], dtype=np.float64)
    if sample.entry_day is not None:
        entered = np.bincount(sample.entry_day, sample.weight, len(sample.times))
        n_risk = n_risk - np.append(entered[::-1].cumsum()[::-1][1:], 0.0)
    return n_risk
