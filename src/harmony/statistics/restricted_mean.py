"""Restricted mean survival time: the area under the Kaplan-Meier curve up to a time tau."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.counts import Counts, counts, single_event
from harmony.statistics.distributions import limit_width, normal_two_sided
from harmony.statistics.risk_sets import RiskSets, by_group, risk_sets
from harmony.statistics.samples import TIE, Floats, follow_up, strata

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class RestrictedMean:
    """
    Restricted means of g groups, sorted by group; arrays have shape (g,).

    Attributes
    ----------
    groups : tuple of str or None
        Labels; (None,) when no groups were given.
    tau : float
        End of the window, in the unit of the caller's time.
    mean, std_err, lower, upper : float arrays
        Area under the curve from 0 to tau (mean time lived in the window), its error, normal limits.
    conf_level : float
        Coverage of the limits, also of `contrasts`.
    warnings : tuple of str
        What a reader must know, such as a window that is longer than the follow-up.
    """

    groups: tuple[str | None, ...]
    tau: float
    mean: Floats
    std_err: Floats
    lower: Floats
    upper: Floats
    conf_level: float
    warnings: tuple[str, ...]

    def table(self) -> pa.Table:
        """Return one row per group: group, tau, mean, std_err, lower, upper."""
        import pyarrow as pa

        return pa.table(
            {
                "group": pa.array(self.groups, pa.string()),
                "tau": pa.array([self.tau] * len(self.groups), pa.float64()),
            }
            | {name: pa.array(getattr(self, name)) for name in ("mean", "std_err", "lower", "upper")}
        )

    def contrasts(self, group: str | None = None, reference: str | None = None) -> pa.Table:
        """
        Compare two groups: contrast, estimate, lower, upper, p.

        Parameters
        ----------
        group, reference : str, optional
            Labels; by default the second group against the first.

        Returns
        -------
        Arrow table
            `difference` of the means; `ratio` of the means; `ratio_lost`, the ratio of the times lost
            (tau - mean). Ratios have normal limits on the log scale; a ratio to a group that lost no time
            is null, and that of such a group is 0 without limits.

        Raises
        ------
        UsageError
            When there is one group only, or a label is unknown.
        """
        import pyarrow as pa

        first, second = self._place(reference, 0), self._place(group, 1)
        if first == second:
            raise UsageError("A group cannot be compared with itself.", "Choose two groups.")
        rows = [
            ("difference", *self._difference(second, first)),
            ("ratio", *self._ratio(self.mean, second, first)),
            ("ratio_lost", *self._ratio(self.tau - self.mean, second, first)),
        ]
        names = ("contrast", "estimate", "lower", "upper", "p")
        types = (pa.string(), *[pa.float64()] * 4)
        return pa.table(
            {
                name: pa.array(column, kind)
                for name, kind, column in zip(names, types, zip(*rows, strict=True), strict=True)
            }
        )

    def _place(self, label: str | None, otherwise: int) -> int:
        if len(self.groups) < 2:
            raise UsageError("A contrast has one group only.", "Give two groups or more.")
        if label is None:
            return otherwise
        if label not in self.groups:
            known = ", ".join(str(name) for name in self.groups)
            raise UsageError("A contrast names an unknown group.", "Choose another.", known)
        return self.groups.index(label)

    def _difference(self, second: int, first: int) -> tuple[float | None, ...]:
        estimate = float(self.mean[second] - self.mean[first])
        std_err = math.hypot(self.std_err[second], self.std_err[first])
        return self._normal(estimate, std_err)

    def _ratio(self, value: Floats, second: int, first: int) -> tuple[float | None, ...]:
        if value[second] <= 0.0 < value[first]:
            return (0.0, None, None, None)
        if value[first] <= 0.0:
            return (None,) * 4
        std_err = math.hypot(self.std_err[second] / value[second], self.std_err[first] / value[first])
        *limits, p = self._normal(math.log(value[second]) - math.log(value[first]), std_err)
        return (*(None if limit is None else math.exp(limit) for limit in limits), p)

    def _normal(self, estimate: float, std_err: float) -> tuple[float | None, ...]:
        # Without an error (no event in the window) there is nothing to test against.
        p = normal_two_sided(estimate / std_err) if std_err > 0.0 else None
        width = limit_width(self.conf_level) * std_err
        return estimate, estimate - width, estimate + width, p


def restricted_mean(
    time: ArrayLike,
    event: ArrayLike,
    group: object = None,
    tau: float | None = None,
    conf_level: float = 0.95,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> RestrictedMean:
    """
    Estimate the mean time lived up to tau.

    Parameters
    ----------
    time, event, group, entry
        As in `kaplan_meier`.
    tau : float, optional
        End of the window, more than 0; by default the shortest of the groups' longest follow-ups.
    conf_level : float
        Coverage of the limits.
    weights : array of shape (n,), optional
        Each row counts so many times, 0 or more; the error is Greenwood's with sums of weights, as in
        R's `survfit`.

    Raises
    ------
    UnsoundAnalysis
        As `kaplan_meier`.
    UsageError
        When `tau` or `conf_level` is impossible; and as `kaplan_meier`.

    Notes
    -----
    Where `tau` lies after the end of a group's follow-up and survival is not 0, the last value is carried
    (as R's `survfit` does with `rmean`) and a warning says so. One patient alone is a result.

    References
    ----------
    Royston and Parmar, BMC Med Res Methodol 2013;13:152. Uno et al., J Clin Oncol 2014;32:2380 (contrasts).
    """
    sample = follow_up(time, event, entry=entry, weights=weights)
    by = strata(group, len(sample.day), "group")
    return _means({label: risk_sets(part) for label, part, _ in by_group(sample, by)}, tau, conf_level)


def restricted_mean_from_counts(
    table: Counts | Any, tau: float | None = None, conf_level: float = 0.95
) -> RestrictedMean:
    """
    Estimate the mean time lived up to tau from counts; the same numbers as from the rows they count.

    Parameters
    ----------
    table : Counts, dict of arrays, Arrow or pandas table, or a list of such
        As in `counts`; strata are added up.
    tau, conf_level
        As in `restricted_mean`.

    Raises
    ------
    UnsoundAnalysis, UsageError
        As in `counts` and `restricted_mean`.
    """
    found = single_event(table if isinstance(table, Counts) else counts(table))
    sets = {label: found.risk_sets(code) for code, label in enumerate(found.labels)}
    return _means(sets, tau, conf_level)


def _means(sets: dict[str | None, RiskSets], tau: float | None, conf_level: float) -> RestrictedMean:
    z = limit_width(conf_level)
    end = min(float(one.time[-1]) for one in sets.values()) if tau is None else float(tau)
    if not (end > 0.0 and math.isfinite(end)):
        if tau is None:
            raise UnsoundAnalysis(
                "A group has no follow-up after time 0, so that there is no mean time.",
                "Leave out this group or lengthen its follow-up.",
            )
        raise UsageError("The window of a restricted mean is impossible.", "Give another tau.", "tau > 0")
    found = [_area(one, end) for one in sets.values()]
    mean, std_err = np.array([row[0] for row in found]), np.array([row[1] for row in found])
    carried = [label for (_, _, is_carried), label in zip(found, sets, strict=True) if is_carried]
    warnings = tuple(
        f"{'The curve' if label is None else f'The curve of group {label}'} ends before tau; "
        "its last value was carried to tau, which assumes that nobody dies there."
        for label in carried
    )
    return RestrictedMean(
        tuple(sets), end, mean, std_err, mean - z * std_err, mean + z * std_err, conf_level, warnings
    )


def _area(sets: RiskSets, tau: float) -> tuple[float, float, bool]:
    """Return the area under the curve up to tau, its standard error, and whether the curve was carried."""
    inside = sets.time <= tau * (1.0 + TIE)
    n_risk, died = sets.n_risk[inside], sets.n_event[inside]
    survival = np.append(1.0, np.cumprod((n_risk - died) / n_risk))
    stretches = np.diff(np.concatenate(([0.0], sets.time[inside], [tau]))) * survival
    left = np.asarray(n_risk - died, dtype=np.float64)
    # Where nobody is left the area to come is 0, so that the term has no part in the variance.
    terms = np.where(left > 0.0, died / (n_risk * np.where(left > 0.0, left, 1.0)), 0.0)
    to_come = stretches[::-1].cumsum()[::-1][1:]
    carried = bool(sets.time[-1] < tau * (1.0 - TIE) and survival[-1] > 0.0)
    return float(stretches.sum()), float(np.sqrt((to_come**2 * terms).sum())), carried
