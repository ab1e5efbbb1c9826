"""Infinitesimal jackknife of cumulative incidences, one row per patient, in running sums over the times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harmony.statistics.risk_sets import RiskSets
from harmony.statistics.samples import Floats, FollowUp, Integers

#: A sum of squares below this share of its parts is what rounding left of zero.
ROUNDING = 1e-13


def incidence_jackknife(sample: FollowUp, sets: RiskSets, causes: Sequence[int]) -> list[Floats]:
    """
    Return the standard errors of the state without event and of each cause.

    Parameters
    ----------
    sample : FollowUp
        One group, one row per patient, weights above 0.
    sets : RiskSets
        Its risk sets for `causes`; without any cause their one row of zeros is passed over.
    causes : sequence of int

    Returns
    -------
    list of float arrays of shape (k,), of length 1 + number of causes
        Root of the sum over patients of (weight x derivative of the estimate by the weight) squared.

    Notes
    -----
    As long as a patient is at risk his derivative at t is F(t) A - B, with A and B running sums over the
    times he lived through; after his last time A and B stay. Sums of squares of such lines need running
    sums of the coefficients' squares and products only.

    References
    ----------
    Jaeckel, Bell Laboratories Memorandum MM 72-1215-11 (1972). Therneau and others, survival's vignette
    on multi-state curves (2023), for the influence of one patient on the state probabilities.
    """
    survival = np.cumprod((sets.n_risk - sets.n_event) / sets.n_risk)
    before = np.concatenate(([1.0], survival[:-1]))
    rows = _Rows.of(sample)
    # Where nobody stays without event, nobody collects the step either.
    growth = np.divide(before, survival, out=np.ones_like(before), where=survival > 0.0)
    slope = _from_zero((growth - 1.0) / sets.n_risk)
    by_cause = sets.by_cause[: len(causes)]
    curves = [survival] + [np.cumsum(before * died / sets.n_risk) for died in by_cause]
    errors = []
    for cause, curve in zip((0, *causes), curves, strict=True):
        # A patient who had an event is never again without one: the line of cause 0 has no level.
        offset = 1.0 if cause else 0.0
        earlier = offset * np.concatenate(([0.0], curve[:-1]))
        level = _from_zero((offset * curve * growth - earlier) / sets.n_risk)
        own_slope, own_level = rows.ended(sets.n_risk, slope, level, earlier, offset * before, cause)
        errors.append(_root_of_squares(rows, curve, slope, level, own_slope, own_level))
    return errors


class _Rows:
    """Patients, or cells of patients with the same times and event; times as positions in the risk sets."""

    def __init__(self, last: Integers, first: Integers, event: Integers, square: Floats) -> None:
        self.last, self.first, self.event, self.square = last, first, event, square

    @classmethod
    def of(cls, sample: FollowUp) -> _Rows:
        place = np.cumsum(sample.count() > 0) - 1
        square = np.ones(len(sample.day)) if sample.weight is None else sample.weight**2
        if sample.entry_day is not None:
            # Of a group, times at which nobody ends are no times: entry goes to the next one that is.
            first = np.searchsorted(np.flatnonzero(sample.count() > 0), sample.entry_day)
            return cls(place[sample.day], first, sample.event, square)
        width = int(sample.event.max()) + 1
        cells = np.bincount(sample.day * width + sample.event, square, len(sample.times) * width)
        used = np.flatnonzero(cells)
        return cls(place[used // width], np.zeros_like(used), used % width, cells[used].astype(np.float64))

    def ended(
        self,
        n_risk: Integers | Floats,
        slope: Floats,
        level: Floats,
        earlier: Floats,
        jump: Floats,
        cause: int,
    ) -> tuple[Floats, Floats]:
        """Return each row's coefficients from its end on; slope and level start with the value before all."""
        had_event = self.event > 0
        until = self.last + 1 - had_event
        own_slope, own_level = slope[until] - slope[self.first], level[until] - level[self.first]
        at, n = self.last[had_event], n_risk[self.last[had_event]]
        own_slope[had_event] -= 1.0 / n
        own_level[had_event] -= (earlier[at] + jump[at] * (self.event[had_event] == cause)) / n
        return own_slope, own_level

    def gone(self, values: Floats, k: int) -> Floats:
        """Return running sums, over the times, of a value of each row that has ended."""
        return np.cumsum(np.bincount(self.last, self.square * values, k))

    def staying(self, values: Floats, k: int) -> Floats:
        """Return sums, after each time, of a value of each row that is still at risk."""
        entered = np.cumsum(np.bincount(self.first, self.square * values, k))
        return entered - self.gone(values, k)


def _root_of_squares(
    rows: _Rows, curve: Floats, slope: Floats, level: Floats, own_slope: Floats, own_level: Floats
) -> Floats:
    k = len(curve)
    total = curve**2 * rows.gone(own_slope**2, k) + rows.gone(own_level**2, k)
    smallest = ROUNDING * np.maximum.accumulate(total)
    total -= 2.0 * curve * rows.gone(own_slope * own_level, k)
    # Those still at risk: F (A(t) - A(entry)) - (B(t) - B(entry)).
    now = curve * slope[1:] - level[1:]
    entry_slope, entry_level = slope[rows.first], level[rows.first]
    total += now**2 * rows.staying(np.ones_like(rows.square), k)
    if rows.first.any():
        mean_slope, mean_level = rows.staying(entry_slope, k), rows.staying(entry_level, k)
        total -= 2.0 * now * (curve * mean_slope - mean_level)
        total += curve**2 * rows.staying(entry_slope**2, k) + rows.staying(entry_level**2, k)
        total -= 2.0 * curve * rows.staying(entry_slope * entry_level, k)
    return np.sqrt(np.where(total > smallest, total, 0.0))


def _from_zero(steps: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(steps)))
