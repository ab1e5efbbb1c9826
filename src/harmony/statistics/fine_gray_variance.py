"""Sandwich variances of the Fine-Gray model: cmprsk's, that of the weighted rows, and over clusters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harmony.statistics.fine_gray_likelihood import Point, exposure, weighted_product
from harmony.statistics.fine_gray_risk import (
    CENSORED,
    CensoringGroup,
    SubdistributionRisk,
    sums_per_cell,
)
from harmony.statistics.samples import Floats, FollowUp, Groups, Integers


def of_patients(risk: SubdistributionRisk, x: Floats, point: Point) -> Floats:
    """
    Return the weighted score residual of each sorted patient, shape (p, n).

    Parameters
    ----------
    risk : SubdistributionRisk
    x : float array of shape (p, n)
        Covariates of the sorted patients.
    point : Point
        The likelihood at the estimate.
    """
    lived = exposure(risk, point.inverse)
    residuals = np.empty_like(x)
    for row, mean, out in zip(x, point.means, residuals, strict=True):
        np.multiply(row, lived, out=out)
        out -= exposure(risk, point.inverse * mean)
        out *= -point.hazard
        _add_own_events(risk, row, mean, out)
    return residuals


def _add_own_events(risk: SubdistributionRisk, row: Floats, mean: Floats, out: Floats) -> None:
    steps = np.bincount(risk.step_cell, minlength=len(risk.starts))
    expected = risk.per_cell(mean) / np.maximum(steps, 1)
    out[risk.dead] += risk.weight[risk.dead] * (row[risk.dead] - expected[risk.cell[risk.dead]])


def add_estimated_censoring(
    residuals: Floats,
    risk: SubdistributionRisk,
    x: Floats,
    point: Point,
    sample: FollowUp,
    censoring: Groups,
) -> None:
    """
    Add to each sorted patient's residual what the estimation of G adds to it, as cmprsk does.

    Parameters
    ----------
    residuals : float array of shape (p, n)
        Changed in place.
    risk, x, point
        As in `of_patients`.
    sample : FollowUp
        The patients in the caller's order.
    censoring : Groups
        Groups with a censoring distribution each.

    Notes
    -----
    At a censoring time u the weights of all in its group who had a competing event before u move for the
    risk sets from u on. As in cmprsk, only risk sets at events of that group count, where theory would
    take all events: without `cengroup` the same.

    References
    ----------
    Fine and Gray, J Am Stat Assoc 1999;94:496, appendix; R cmprsk 2.2.11 `crr`.
    """
    moved = _moved_by_censoring(risk, x, point, len(sample.times))
    k, size = len(sample.times), len(censoring.labels)
    place = censoring.code * k + sample.day
    ended = np.bincount(place, sample.weight, size * k).reshape(size, k)
    lost_here = place[sample.event == 0]
    weight = None if sample.weight is None else sample.weight[sample.event == 0]
    lost = np.bincount(lost_here, weight, size * k).reshape(size, k).astype(np.float64)
    at_risk = ended[:, ::-1].cumsum(axis=1)[:, ::-1].astype(np.float64)
    alone = np.divide(1.0, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0.0)
    # Others first, then the censored, whose own censoring adds to the hazard of it.
    kind = (risk.kind == CENSORED) * size + risk.group
    cell = kind * k + risk.day[risk.cell]
    for row, out in zip(moved, residuals, strict=True):
        # One row per group.
        hazard = np.cumsum(row * lost * alone**2, axis=1)
        added = np.stack((-hazard, row * alone - hazard)).ravel()[cell]
        added *= risk.weight
        out += added


def _moved_by_censoring(risk: SubdistributionRisk, x: Floats, point: Point, k: int) -> Floats:
    """Return q(u) of Fine and Gray for each group at each distinct time, shape (p, groups, k)."""
    moved = np.zeros((len(x), len(risk.groups), k))
    for code, group in enumerate(risk.groups):
        share = group.observed * _share_of_events(risk, code)
        inverse = risk.per_cell(point.inverse) * share
        kept = point.hazard[group.competing] / group.own
        before = sums_per_cell(group.cell, kept, len(inverse))
        for part in risk.strata:
            # Position of each time among the cells of the stratum: competing events before it count,
            # risk sets at it or later.
            at = np.searchsorted(risk.day[part], np.arange(k))
            early = _prefix(before[part])[at]
            later = _suffix(inverse[part])[at]
            for row, mean, out in zip(x, point.means, moved[:, code], strict=True):
                sums = sums_per_cell(group.cell, kept * row[group.competing], len(inverse))
                means = risk.per_cell(point.inverse * mean) * share
                out += _prefix(sums[part])[at] * later - early * _suffix(means[part])[at]
    return moved


def _share_of_events(risk: SubdistributionRisk, code: int) -> Floats:
    """Return which share of the events of each cell belongs to a censoring group."""
    cell, weight, own = risk.cell[risk.dead], risk.weight[risk.dead], risk.group[risk.dead] == code
    events = sums_per_cell(cell, weight, len(risk.starts))
    here = sums_per_cell(cell[own], weight[own], len(risk.starts))
    return np.divide(here, events, out=np.zeros_like(here), where=events > 0.0)


def of_weighted_rows(risk: SubdistributionRisk, x: Floats, point: Point) -> Floats:
    """
    Return the sum of squared residuals of the rows that R's `finegray` makes, shape (p, p).

    A patient with a competing event is one row until the next censoring time, with weight 1, and one more
    for each interval between later censoring times, with weight G(t-) / G(T-); each row counts for itself.

    Parameters
    ----------
    risk, x, point
        As in `of_patients`.
    """
    intervals = [_Intervals.of(risk, group) for group in risk.groups]
    first = np.empty_like(x)
    lived = _first_rows(risk, point.inverse, intervals)
    for row, mean, out in zip(x, point.means, first, strict=True):
        np.multiply(row, lived, out=out)
        out -= _first_rows(risk, point.inverse * mean, intervals)
        out *= -point.hazard
        _add_own_events(risk, row, mean, out)
    total = first @ first.T
    for group, found in zip(risk.groups, intervals, strict=True):
        total += _further_rows(risk, x, point, group, found)
    return total


@dataclass(frozen=True, eq=False)
class _Intervals:
    """Stretches of cells of one stratum between censoring times of one group."""

    starts: Integers
    of_cell: Integers
    strata: tuple[slice, ...]

    @classmethod
    def of(cls, risk: SubdistributionRisk, group: CensoringGroup) -> _Intervals:
        new = np.concatenate(([True], group.interval[1:] != group.interval[:-1]))
        new[[part.start for part in risk.strata if part.start < len(new)]] = True
        bounds = [int(new[: part.start].sum()) for part in risk.strata] + [int(new.sum())]
        return cls(np.flatnonzero(new), np.cumsum(new) - 1, tuple(slice(a, b) for a, b in pairwise(bounds)))

    def last_cell(self, cell: Integers) -> Integers:
        """Return the last cell of the stretch of each cell."""
        return np.append(self.starts[1:], len(self.of_cell))[self.of_cell[cell]] - 1

    def later(self, per_interval: Floats) -> Floats:
        """Return sums over the later stretches of the stratum."""
        total = np.empty_like(per_interval)
        for part in self.strata:
            total[part] = _suffix(per_interval[part])[1:]
        return total

    def earlier(self, per_interval: Floats) -> Floats:
        """Return sums over the earlier stretches of the stratum."""
        total = np.empty_like(per_interval)
        for part in self.strata:
            total[part] = _prefix(per_interval[part])[:-1]
        return total


def _first_rows(risk: SubdistributionRisk, per_step: Floats, intervals: list[_Intervals]) -> Floats:
    """Return what `exposure` does, but after a competing event up to the next censoring time only."""
    total = risk.per_cell(per_step)
    so_far = risk.until_here(total.copy())
    whole = risk.lived(total)
    if risk.step_share.any():
        whole[risk.dead] -= risk.per_cell(per_step * risk.step_share)[risk.cell[risk.dead]]
    for group, found in zip(risk.groups, intervals, strict=True):
        whole[group.competing] += so_far[found.last_cell(group.cell)] - so_far[group.cell]
    return whole


def _further_rows(
    risk: SubdistributionRisk, x: Floats, point: Point, group: CensoringGroup, found: _Intervals
) -> Floats:
    at = found.of_cell[group.cell]
    square = (point.hazard[group.competing] / group.own) ** 2
    lived = np.add.reduceat(risk.per_cell(point.inverse) * group.observed, found.starts)
    means = np.array(
        [
            np.add.reduceat(risk.per_cell(point.inverse * mean) * group.observed, found.starts)
            for mean in point.means
        ]
    )
    own = np.ascontiguousarray(x[:, group.competing])
    total = weighted_product(own, square * found.later(lived**2)[at])
    mixed = np.empty((len(x), len(x)))
    for term, mean in enumerate(means):
        mixed[:, term] = own @ (square * found.later(lived * mean)[at])
    # The square of the means is summed over those whose competing event lies before the interval.
    before = found.earlier(sums_per_cell(at, square, len(found.starts)))
    return total - mixed - mixed.T + (means * before) @ means.T


def _prefix(values: Floats) -> Floats:
    """Return sums of all values before each place, one place more than values."""
    return np.concatenate(([0.0], np.cumsum(values)))


def _suffix(values: Floats) -> Floats:
    """Return sums of all values from each place on, one place more than values."""
    return np.concatenate((np.cumsum(values[::-1])[::-1], [0.0]))
