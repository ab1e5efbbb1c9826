"""Log-rank test of equal survival in two or more groups, and its weighted, stratified and trend forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.counts import Counts, counts, single_event
from harmony.statistics.distributions import chi_square_tail
from harmony.statistics.risk_sets import by_group, own_times
from harmony.statistics.samples import Floats, FollowUp, Groups, Integers, follow_up
from harmony.statistics.samples import strata as strata_of

if TYPE_CHECKING:
    import pyarrow as pa

#: At risk and events of the groups of one stratum, arrays of shape (groups, times).
Stratum = tuple[Floats, Floats]

#: Numbers of the groups for a trend: in their sorted order, by label, or True for 1, 2, 3 ...
Trend = bool | Sequence[float] | Mapping[str, float]


@dataclass(frozen=True, eq=False)
class LogRank:
    """
    Result of the test; arrays have shape (g,), one entry per group, sorted by group.

    Attributes
    ----------
    groups : tuple of str
        Labels.
    n : int array
        Patients (rows of a weight above 0).
    observed, expected : float arrays
        Events seen, and expected if all groups had the pooled hazard of their stratum; with rho or
        gamma, weighted.
    variance : float array
        Variance of observed - expected.
    statistic, df, p : float, int, float
        Chi-square statistic, degrees of freedom (groups with an expected event, less one; 1 for a
        trend), p-value.
    """

    groups: tuple[str | None, ...]
    n: Integers
    observed: Floats
    expected: Floats
    variance: Floats
    statistic: float
    df: int
    p: float

    def table(self) -> pa.Table:
        """Return one row per group: group, n, observed, expected, variance."""
        import pyarrow as pa

        return pa.table(
            {
                "group": pa.array(self.groups, pa.string()),
                "n": pa.array(self.n),
                "observed": pa.array(self.observed),
                "expected": pa.array(self.expected),
                "variance": pa.array(self.variance),
            }
        )


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: object,
    rho: float = 0.0,
    gamma: float = 0.0,
    strata: object = None,
    trend: Trend | None = None,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> LogRank:
    """
    Test whether groups have the same survival.

    Parameters
    ----------
    time, event, group, entry
        As in `kaplan_meier`; two groups or more.
    rho, gamma : float
        Each event counts S(t-)^rho (1 - S(t-))^gamma, with the pooled left-continuous Kaplan-Meier curve
        of the stratum (Fleming-Harrington): 0, 0 the log-rank test; 1, 0 Peto and Peto's as R's `survdiff`;
        0, 1 gives weight to late differences.
    strata : array of shape (n,), or dict or table of several, optional
        Groups are compared within strata, and the differences added up.
    trend : True, sequence or mapping, optional
        Number of each group, in sorted order or by label (True: 1, 2, 3 ...): a test with 1 degree of
        freedom against survival that changes in this order.
    weights : array of shape (n,), optional
        Each row counts so many times (frequencies, 0 or more); for sampling weights use `cox` with
        `robust`, whose variance is made for them.

    Raises
    ------
    UnsoundAnalysis
        When there is no event, or events leave no two groups to compare; and as `kaplan_meier`.
    UsageError
        When there is only one group, rho or gamma is negative, or the numbers of a trend do not fit
        the groups; and as `kaplan_meier`.

    References
    ----------
    Harrington and Fleming, Biometrika 1982;69:553. Trend: Tarone, Biometrika 1975;62:679.
    """
    sample = follow_up(time, event, entry=entry, weights=weights)
    n = len(sample.day)
    by = strata_of(group, n, "group")
    if sample.weight is not None:
        by = _without_absent(by, sample.weight)
    tables = (
        _by_group(own_times(part), code, len(by.labels))
        for _, part, code in by_group(sample, strata_of(strata, n), by.code)
        if code is not None
    )
    here = by.code if sample.weight is None else by.code[sample.weight > 0.0]
    return _test(tables, by.labels, np.bincount(here, minlength=len(by.labels)), (rho, gamma), trend)


def logrank_from_counts(
    table: Counts | Any, rho: float = 0.0, gamma: float = 0.0, trend: Trend | None = None
) -> LogRank:
    """
    Test whether groups have the same survival, from counts; the same numbers as from the rows they count.

    Parameters
    ----------
    table : Counts, dict of arrays, Arrow or pandas table, or a list of such
        As in `counts`, with a column `group`; a column `stratum` makes the test a stratified one.
    rho, gamma, trend
        As in `logrank`.

    Raises
    ------
    UnsoundAnalysis, UsageError
        As in `counts` and `logrank`.
    """
    found = single_event(table if isinstance(table, Counts) else counts(table))
    at_risk, died = found.n_risk().astype(np.float64), found.ended[:, :, 1].astype(np.float64)
    n = found.ended.sum(axis=(0, 2, 3))
    return _test(zip(at_risk, died, strict=True), found.labels, n, (rho, gamma), trend)


def _without_absent(by: Groups, weight: Floats) -> Groups:
    """Renumber the groups so that one whose patients all have weight 0 is none."""
    here = np.bincount(by.code, weight > 0.0, len(by.labels)) > 0
    labels = tuple(label for label, some in zip(by.labels, here, strict=True) if some)
    return Groups(np.maximum(np.cumsum(here) - 1, 0)[by.code], labels)


def _by_group(sample: FollowUp, code: Integers, count: int) -> Stratum:
    k = len(sample.times)

    def total(day: Integers, keep: Any = slice(None)) -> Floats:
        weight = None if sample.weight is None else sample.weight[keep]
        sums = np.bincount(code[keep] * k + day[keep], weight, count * k)
        return sums.reshape(count, k).astype(np.float64)

    at_risk = total(sample.day)[:, ::-1].cumsum(axis=1)[:, ::-1]
    if sample.entry_day is not None:
        later = total(sample.entry_day)[:, ::-1].cumsum(axis=1)[:, ::-1]
        at_risk[:, :-1] -= later[:, 1:]
    return at_risk, total(sample.day, sample.event > 0)


def _test(
    tables: Iterable[Stratum],
    labels: tuple[str | None, ...],
    n: Integers,
    power: tuple[float, float],
    trend: Trend | None,
) -> LogRank:
    if len(labels) < 2:
        raise UsageError("A log-rank test has one group only.", "Give two groups or more.")
    if not min(power) >= 0.0:
        raise UsageError("rho or gamma is negative.", "Give 0 or more.", "rho >= 0, gamma >= 0")
    scores = None if trend is None or trend is False else _scores(trend, labels)
    observed, expected = np.zeros(len(labels)), np.zeros(len(labels))
    covariance, events = np.zeros((len(labels), len(labels))), False
    for at_risk, died in tables:
        some = died.any(axis=0)
        events = events or bool(some.any())
        part = _compare(at_risk[:, some], died[:, some], *power)
        observed, expected, covariance = observed + part[0], expected + part[1], covariance + part[2]
    if not events:
        raise UnsoundAnalysis("Nobody had the event.", "Lengthen the follow-up or choose another endpoint.")
    statistic, df = _statistic(observed - expected, expected, covariance, scores)
    p = chi_square_tail(statistic, df)
    return LogRank(labels, n, observed, expected, np.diag(covariance).copy(), statistic, df, p)


def _scores(trend: Trend, labels: tuple[str | None, ...]) -> Floats:
    if trend is True:
        return np.arange(1.0, len(labels) + 1.0)
    if isinstance(trend, Mapping):
        values = [trend.get(label) for label in labels if label is not None]
    else:
        values = list(trend) if isinstance(trend, (Sequence, np.ndarray)) else []
    if len(values) != len(labels) or any(value is None or not np.isfinite(value) for value in values):
        raise UsageError(
            "The numbers of the trend do not fit the groups.", "Give one number for each group.", "finite"
        )
    return np.array(values, dtype=np.float64)


def _compare(at_risk: Floats, died: Floats, rho: float, gamma: float) -> tuple[Floats, Floats, Floats]:
    n, d = at_risk.sum(axis=0), died.sum(axis=0)
    survival_before = np.concatenate(([1.0], np.cumprod(1.0 - d / n)[:-1]))
    weight = survival_before**rho * (1.0 - survival_before) ** gamma
    share = at_risk / n
    # With one patient left there is no variance; the guard only keeps 0/0 away.
    spread = weight**2 * d * np.maximum(n - d, 0.0) / np.where(n > 1.0, n - 1.0, np.inf)
    covariance = np.diag((spread * share).sum(axis=1)) - (spread * share) @ share.T
    return (weight * died).sum(axis=1), (weight * d * share).sum(axis=1), covariance


def _statistic(
    difference: Floats, expected: Floats, covariance: Floats, scores: Floats | None
) -> tuple[float, int]:
    # A group nobody of which was at risk at any event says nothing and has no variance.
    used = np.flatnonzero(expected > 0.0)
    df = len(used) - 1
    # Differences add up to 0, so that one group is left out to make the covariance invertible.
    kept = used[:-1]
    inner = covariance[np.ix_(kept, kept)]
    if df < 1 or np.linalg.matrix_rank(inner, hermitian=True) < df:
        raise UnsoundAnalysis(
            "Events fall where fewer than two groups have patients at risk.",
            "Compare groups whose follow-up overlaps.",
        )
    if scores is None:
        return float(difference[kept] @ np.linalg.solve(inner, difference[kept])), df
    centred = scores - scores.mean()
    if np.ptp(scores[used]) == 0.0:
        raise UsageError(
            "The numbers of the trend are the same for every group.", "Give the groups different numbers."
        )
    return float((centred @ difference) ** 2 / (centred @ covariance @ centred)), 1
