"""The chance of being still under observation: Kaplan-Meier of censoring, for inverse weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.samples import TIE, Floats, FollowUp, Integers, follow_up
from harmony.statistics.steps import asked_times, before_first, step_index


def censoring_survival(sample: FollowUp, stratum: Integers | None = None, before: bool = False) -> Floats:
    """
    Return the probability of not being censored, at each distinct time.

    Parameters
    ----------
    sample : FollowUp
        Checked follow-up of n patients without delayed entry; case weights count.
    stratum : int array of shape (n,), optional
        0, 1 ... s - 1; one curve each.
    before : bool
        G(t-), without the censoring at the time itself; otherwise G(t).

    Returns
    -------
    float array of shape (k, s), or (k,) without strata
        G at the k times of `sample.times`. At a tied time events come first: those who had it are no longer
        at risk of being censored (as in R's `concordance` and scikit-survival).
    """
    codes = np.zeros(len(sample.day), np.int64) if stratum is None else stratum
    shape = (len(sample.times), int(codes.max()) + 1)
    place = sample.day * shape[1] + codes
    weight = np.ones(len(place)) if sample.weight is None else sample.weight
    ending = np.bincount(place, weight, shape[0] * shape[1]).reshape(shape)
    censored = np.bincount(place, weight * (sample.event == 0), shape[0] * shape[1]).reshape(shape)
    at_risk = ending[::-1].cumsum(axis=0)[::-1] - (ending - censored)
    stay = 1.0 - np.divide(censored, at_risk, out=np.zeros(shape), where=at_risk > 0.0)
    curve = np.cumprod(stay, axis=0)
    if before:
        curve = np.concatenate((np.ones((1, shape[1])), curve[:-1]))
    return curve if stratum is not None else curve[:, 0]


@dataclass(frozen=True, eq=False)
class Weighted:
    """
    Inverse probability of censoring weights of n patients at one horizon t.

    Attributes
    ----------
    case, control : float arrays of shape (n,)
        1 / G(T-) for those with the event up to t, 1 / G(t) for those still under observation after t, 0
        for all others: those censored before t are stood for by the rest.
    """

    case: Floats
    control: Floats


class CensoringWeights:
    """
    Inverse probability of censoring weights, for any horizon.

    Parameters
    ----------
    sample : FollowUp
        Patients to be weighted.
    train : pair of arrays (time, event), optional
        Other patients from whom G is estimated, such as those a model was fitted to; the same ones without.
    """

    def __init__(self, sample: FollowUp, train: tuple[ArrayLike, ArrayLike] | None = None) -> None:
        self._time = sample.times[sample.day]
        self._event = sample.event > 0
        self._other = sample if train is None else follow_up(train[0], train[1])
        self._curve = censoring_survival(self._other)
        self._before = self._read(self._time, before=True)
        self.last = float(sample.times[-1])

    def at(self, horizon: float) -> Weighted:
        """
        Return the weights at one horizon.

        Raises
        ------
        UnsoundAnalysis
            When nobody is under observation after the horizon, or G is 0 where a weight is needed.
        """
        case = self._event & (self._time <= horizon * (1.0 + TIE))
        control = self._time > horizon * (1.0 + TIE)
        if not control.any():
            raise UnsoundAnalysis(
                f"Nobody is under observation after time {horizon:g}.",
                "Choose an earlier horizon.",
                "a time before the longest follow-up",
            )
        chance = float(self._read(np.array([horizon]), before=False)[0])
        if chance <= 0.0 or np.any(self._before[case] <= 0.0):
            raise UnsoundAnalysis(
                f"At time {horizon:g} nobody of those the censoring is estimated from is still followed.",
                "Choose an earlier horizon, or estimate censoring from patients followed longer.",
            )
        inverse = 1.0 / np.where(case, self._before, 1.0)
        return Weighted(np.where(case, inverse, 0.0), np.where(control, 1.0 / chance, 0.0))

    def _read(self, asked: Floats, before: bool) -> Floats:
        times = self._other.times
        if before:
            index = np.searchsorted(times, asked * (1.0 - TIE), side="left") - 1
        else:
            index = step_index(times, asked)
        return before_first(self._curve, index, 1.0)


def horizons(times: ArrayLike) -> Floats:
    """
    Return checked horizons, ascending.

    Raises
    ------
    UsageError
        When they are not ascending or not above 0.
    """
    asked = asked_times(times)
    if asked[0] <= 0.0 or np.any(np.diff(asked) <= 0.0):
        raise UsageError(
            "The horizons are not ascending.", "Sort them and leave out repeats.", "0 < t1 < t2 ..."
        )
    return asked
