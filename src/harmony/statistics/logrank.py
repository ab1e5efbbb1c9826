"""Log-rank test of equal survival in two or more groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.distributions import chi_square_tail
from harmony.statistics.samples import Floats, FollowUp, Integers, follow_up, groups

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class LogRank:
    """
    Result of the test; arrays have shape (g,), one entry per group, sorted by group.

    Attributes
    ----------
    groups : tuple of str
        Labels.
    n : int array
        Patients.
    observed, expected : float arrays
        Events seen, and expected if all groups had the pooled hazard; with rho, weighted.
    variance : float array
        Variance of observed - expected.
    statistic, df, p : float, int, float
        Chi-square statistic, degrees of freedom (groups with an expected event, less one), p-value.
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


def logrank(time: ArrayLike, event: ArrayLike, group: ArrayLike, rho: float = 0.0) -> LogRank:
    """
    Test whether groups have the same survival.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `kaplan_meier`.
    group : array of shape (n,)
        Text, numbers or booleans, two levels or more.
    rho : float
        Weight S(t-) to this power: 0 the log-rank test, 1 Peto and Peto's, as R's `survdiff`.

    Raises
    ------
    UnsoundAnalysis
        When there is no event, or events leave no two groups to compare; and as `kaplan_meier`.
    UsageError
        When there is only one group; and as `kaplan_meier`.

    References
    ----------
    Harrington and Fleming, Biometrika 1982;69:553.
    """
    sample = follow_up(time, event)
    by = groups(group, len(sample.day))
    if len(by.labels) < 2:
        raise UsageError("A log-rank test has one group only.", "Give two groups or more.")
    if not sample.event.any():
        raise UnsoundAnalysis("Nobody had the event.", "Lengthen the follow-up or choose another endpoint.")
    at_risk, died = _by_group(sample, by.code, len(by.labels))
    observed, expected, covariance = _compare(at_risk, died, rho)
    statistic, df = _statistic(observed - expected, expected, covariance)
    counts = np.bincount(by.code, minlength=len(by.labels))
    p = chi_square_tail(statistic, df)
    return LogRank(by.labels, counts, observed, expected, np.diag(covariance).copy(), statistic, df, p)


def _by_group(sample: FollowUp, code: Integers, count: int) -> tuple[Integers, Integers]:
    """Return at risk and events, arrays of shape (groups, event times)."""
    parts = [sample.part(code == g) for g in range(count)]
    ending = np.array([part.count() for part in parts])
    died = np.array([part.count(part.event > 0) for part in parts])
    at_risk = ending[:, ::-1].cumsum(axis=1)[:, ::-1]
    keep = died.any(axis=0)
    return at_risk[:, keep], died[:, keep]


def _compare(at_risk: Integers, died: Integers, rho: float) -> tuple[Floats, Floats, Floats]:
    n, d = at_risk.sum(axis=0), died.sum(axis=0)
    survival_before = np.concatenate(([1.0], np.cumprod(1.0 - d / n)[:-1]))
    weight = survival_before**rho
    share = at_risk / n
    # With one patient left there is no variance; the guard only keeps 0/0 away.
    spread = weight**2 * d * (n - d) / np.maximum(n - 1, 1)
    covariance = np.diag((spread * share).sum(axis=1)) - (spread * share) @ share.T
    return (weight * died).sum(axis=1), (weight * d * share).sum(axis=1), covariance


def _statistic(difference: Floats, expected: Floats, covariance: Floats) -> tuple[float, int]:
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
    return float(difference[kept] @ np.linalg.solve(inner, difference[kept])), df
