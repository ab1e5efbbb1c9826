"""
Estimates from merged counts: survival, cumulative incidence and their limits.

All use the effective number at risk n - c/2 of the actuarial method, the same one in estimate and variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

#: 97.5th percentile of the standard normal distribution.
Z: Final = 1.959963984540054
#: Rounding error of a share that is 0 or 1.
_TINY: Final = 1e-12


@dataclass(frozen=True)
class Interval:
    """
    One released interval (start, end] of one group.

    Attributes
    ----------
    start, end : float
        Days from time zero.
    at_risk : int
        At the start, by the released counts.
    effective : float
        Number at risk that estimates use.
    events : dict of int to int
        Events per cause.
    censored : int
        Censored patients released at the end.
    survival, lower, upper : float
        Share without any event at the end, and its 95 % limits.
    incidence : dict of int to (float, float, float)
        Cumulative incidence of each cause at the end, with its 95 % limits.
    """

    start: float
    end: float
    at_risk: int
    effective: float
    events: dict[int, int]
    censored: int
    survival: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    incidence: dict[int, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def all_events(self) -> int:
        """Return the events of all causes."""
        return sum(self.events.values())

    @property
    def left(self) -> int:
        """Return who is at risk after the end, by the released counts."""
        return self.at_risk - self.all_events - self.censored


def with_estimates(intervals: Sequence[Interval], causes: Sequence[int]) -> list[Interval]:
    """
    Return the intervals with survival, incidence and 95 % limits.

    Survival: S_j = S_{j-1} (1 - d_j / n_j) with effective n_j, Greenwood's variance, log(-log) limits.
    Incidence: F_j = F_{j-1} + S_{j-1} d_kj / n_j, delta-method variance (Marubini and Valsecchi 1995,
    Analysing Survival Data from Clinical Trials and Observational Studies), limits on the same scale.
    """
    found: list[Interval] = []
    survival, greenwood = 1.0, 0.0
    for one in intervals:
        # Without an event nothing moves: so it is too after a group's last patient, where n is 0.
        if one.all_events:
            left = one.effective - one.all_events
            # Nobody stays without event: the estimate is 0, and the variance has no finite value.
            greenwood += one.all_events / (one.effective * left) if left > 1e-9 else 0.0
            survival *= left / one.effective if left > 1e-9 else 0.0
        lower, upper = _limits(survival, survival * math.sqrt(greenwood))
        found.append(replace(one, survival=survival, lower=lower, upper=upper))
    for cause in causes:
        _add_incidence(found, cause)
    return found


def _limits(share: float, error: float) -> tuple[float, float]:
    """Return log(-log) limits of a share; a share of 0 or 1 has no error of its own and stands alone."""
    if share <= _TINY or share >= 1.0 - _TINY or error == 0.0:
        return share, share
    # Beyond 50 the limits are 0 and 1 to the last digit, and the exponential soon overflows.
    spread = min(50.0, Z * error / (share * abs(math.log(share))))
    return share ** math.exp(spread), share ** math.exp(-spread)


def _add_incidence(found: list[Interval], cause: int) -> None:
    path: list[float] = []
    before, total = 1.0, 0.0
    for at, one in enumerate(found):
        total += before * one.events[cause] / one.effective if one.events.get(cause) else 0.0
        total = min(1.0, total)
        path.append(total)
        error = math.sqrt(max(0.0, _incidence_variance(found[: at + 1], path, cause)))
        lower, upper = _limits(total, error)
        found[at] = replace(one, incidence={**one.incidence, cause: (total, lower, upper)})
        before = one.survival


def _incidence_variance(intervals: Sequence[Interval], path: Sequence[float], cause: int) -> float:
    variance, before = 0.0, 1.0
    for one, reached in zip(intervals, path, strict=True):
        n, d, own = one.effective, one.all_events, one.events.get(cause, 0)
        to_come = path[-1] - reached
        if d and n - d > 1e-9:
            variance += to_come**2 * d / (n * (n - d))
        if own:
            variance += before**2 * own * (n - own) / n**3 - 2 * to_come * before * own / n**2
        before = one.survival
    return variance
