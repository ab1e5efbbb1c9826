"""
Risk sets of the subdistribution hazard, without adding rows.

Those who had a competing event stay at risk with the weight G(t-) / G(T-): the chance of being still under
observation at t, given that they were at their own time T. As the weight is a product, sums over them are a
running sum of hazard / G(T-) times G(t-), so that only vectors per distinct time are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harmony.errors import UnsoundAnalysis
from harmony.statistics.fine_gray_weights import observation
from harmony.statistics.samples import Floats, FollowUp, Groups, Integers

#: Codes of `kind`.
CENSORED, EVENT, COMPETING = 0, 1, 2


@dataclass(frozen=True, eq=False)
class CensoringGroup:
    """
    Patients of one censoring distribution; arrays per cell have shape (c,).

    Attributes
    ----------
    competing : int array of shape (m,)
        Sorted patients of the group who had a competing event.
    cell : int array of shape (m,)
        Their cells.
    own : float array of shape (m,)
        `observed` at their own times.
    observed : float array of shape (c,)
        G(t-) at the time of each cell; with delayed entry, times the chance of having entered before.
    interval : int array of shape (c,)
        Number of censoring and entry times of the group before each cell: G(t-) is the same within.
    """

    competing: Integers
    cell: Integers
    own: Floats
    observed: Floats
    interval: Integers


@dataclass(frozen=True, eq=False)
class SubdistributionRisk:
    """
    Patients sorted by stratum and time; a cell is one distinct time of one stratum (c cells).

    Attributes
    ----------
    order : int array of shape (n,)
        Position of the sorted patients in the caller's order.
    kind : int array of shape (n,)
        `CENSORED`, `EVENT` (of the cause of interest) or `COMPETING`.
    cell, weight, group : arrays of shape (n,)
        Cell, case weight and censoring group of each sorted patient.
    entered : int array of shape (n,) or None
        First cell at which each sorted patient is at risk; None without delayed entry.
    starts, day : int arrays of shape (c,)
        First sorted patient of each cell; its time as a position among the distinct times.
    strata : tuple of slices
        Cells of each stratum.
    dead : int array of shape (e,)
        Sorted patients with the event.
    step_cell : int array of shape (s,)
        Cell of each step: a step is an event (Efron), or all events tied at a time (Breslow).
    step_share : float array of shape (s,)
        Share of the tied events taken out of the risk set: 0, 1/d, 2/d ... (Efron); 0 (Breslow).
    step_weight : float array of shape (s,)
        Mean weight of the tied events (Efron), or the sum of their weights (Breslow).
    groups : tuple of CensoringGroup
    """

    order: Integers
    kind: Integers
    cell: Integers
    weight: Floats
    group: Integers
    entered: Integers | None
    starts: Integers
    day: Integers
    strata: tuple[slice, ...]
    dead: Integers
    step_cell: Integers
    step_share: Floats
    step_weight: Floats
    groups: tuple[CensoringGroup, ...]

    def from_here(self, per_cell: Floats) -> Floats:
        """Return sums over the cell and all later cells of its stratum, along the last axis, in place."""
        for part in self.strata:
            backwards = per_cell[..., part][..., ::-1]
            np.cumsum(backwards, axis=-1, out=backwards)
        return per_cell

    def until_here(self, per_cell: Floats) -> Floats:
        """Return sums over the cell and all earlier cells of its stratum, along the last axis, in place."""
        for part in self.strata:
            np.cumsum(per_cell[..., part], axis=-1, out=per_cell[..., part])
        return per_cell

    def at_risk(self, value: Floats) -> Floats:
        """Return sums over each cell's risk set of a value of each patient, shape (c,)."""
        total = self.from_here(np.add.reduceat(value, self.starts))
        if self.entered is not None:
            enters = sums_per_cell(self.entered, value, len(self.starts))
            total -= self.from_here(enters.copy()) - enters
        for group in self.groups:
            kept = sums_per_cell(group.cell, value[group.competing] / group.own, len(self.starts))
            # Those with a competing event at the time itself are among `from_here` still.
            total += group.observed * (self.until_here(kept.copy()) - kept)
        return total

    def lived(self, total: Floats) -> Floats:
        """Return for each patient the sum of a value per cell over the cells he was at risk at, (n,)."""
        so_far = self.until_here(total.copy())
        whole = so_far[self.cell]
        if self.entered is not None:
            whole -= so_far[self.entered] - total[self.entered]
        return whole

    def per_cell(self, per_step: Floats) -> Floats:
        """Return sums per cell of a value of each step, shape (c,)."""
        return sums_per_cell(self.step_cell, per_step, len(self.starts))


def sums_per_cell(cell: Integers, value: Floats, cells: int) -> Floats:
    """Return the sums of `value` in each of `cells` cells."""
    return np.asarray(np.bincount(cell, value, cells), dtype=np.float64)


def subdistribution_risk(
    sample: FollowUp,
    cause: int,
    stratum: Groups,
    censoring: Groups,
    efron: bool,
    events_before_censoring: bool,
) -> SubdistributionRisk:
    """
    Sort the patients into risk sets once, for all evaluations.

    Parameters
    ----------
    sample : FollowUp
        Checked follow-up of n patients, weights above 0.
    cause : int
        Event code of interest, which occurs.
    stratum, censoring : Groups
        Strata of the baseline hazard; groups with a censoring distribution each.
    efron : bool
        Whether tied events share their risk set by Efron's rule; Breslow's otherwise.
    events_before_censoring : bool
        Whether those with any event at a time are no longer at risk of being censored at it, as in R's
        `finegray`, which also leaves the case weights out of G; in cmprsk they are at risk.

    Raises
    ------
    UnsoundAnalysis
        When delayed entry leaves a gap without anybody at risk beside a competing event.
    """
    kind = np.where(sample.event == 0, CENSORED, np.where(sample.event == cause, EVENT, COMPETING))
    code = stratum.code * len(sample.times) + sample.day
    # Small integers are sorted by radix, several times faster than 64-bit ones.
    order = np.argsort(code.astype(np.uint16) if code.max() < 65536 else code, kind="stable")
    weight = np.ones(len(order)) if sample.weight is None else sample.weight[order]
    code, kind, group = code[order], kind[order], censoring.code[order]
    new = np.concatenate(([True], code[1:] != code[:-1]))
    starts, cell = np.flatnonzero(new), np.cumsum(new) - 1
    day = code[starts] % len(sample.times)
    bounds = np.searchsorted(code[starts] // len(sample.times), np.arange(len(stratum.labels) + 1))
    dead = np.flatnonzero(kind == EVENT)
    step_cell, share, step_weight = _steps(cell[dead], weight[dead], len(starts), efron)
    observed, interval = observation(sample, censoring, events_before_censoring)
    k = len(sample.times)
    entered = None
    if sample.entry_day is not None:
        entered = np.searchsorted(code[starts], (stratum.code * k + sample.entry_day)[order])
    return SubdistributionRisk(
        order=order,
        kind=kind,
        cell=cell,
        weight=weight,
        group=group,
        entered=entered,
        starts=starts,
        day=day,
        strata=tuple(slice(a, b) for a, b in pairwise(bounds)),
        dead=dead,
        step_cell=step_cell,
        step_share=share,
        step_weight=step_weight,
        groups=_censoring_groups(kind, group, cell, day, observed, interval),
    )


def _steps(cell: Integers, weight: Floats, cells: int, efron: bool) -> tuple[Integers, Floats, Floats]:
    """Return cell, share taken out and weight of each step, for the cells and weights of the events."""
    deaths, total = np.bincount(cell, minlength=cells), sums_per_cell(cell, weight, cells)
    if not efron:
        used = np.flatnonzero(deaths)
        return used, np.zeros(len(used)), total[used]
    first = np.cumsum(deaths) - deaths
    return cell, (np.arange(len(cell)) - first[cell]) / deaths[cell], total[cell] / deaths[cell]


def _censoring_groups(
    kind: Integers, group: Integers, cell: Integers, day: Integers, observed: Floats, interval: Integers
) -> tuple[CensoringGroup, ...]:
    found = []
    for code in range(len(observed)):
        competing = np.flatnonzero((kind == COMPETING) & (group == code))
        own_cell = cell[competing]
        own = observed[code][day[own_cell]]
        if np.any(own == 0.0):
            raise UnsoundAnalysis(
                "Nobody was under observation for a while, so that the weights of competing events before "
                "or after it cannot be estimated.",
                "Start the analysis at a time from which on somebody is always under observation.",
            )
        found.append(CensoringGroup(competing, own_cell, own, observed[code][day], interval[code][day]))
    return tuple(found)
