"""Gray's test of equal cumulative incidence in two or more groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.counts import Counts, counts
from harmony.statistics.distributions import chi_square_tail
from harmony.statistics.samples import Floats, FollowUp, Groups, Integers, follow_up
from harmony.statistics.samples import strata as strata_of

if TYPE_CHECKING:
    import pyarrow as pa

_NO_TEST = "Cause {} cannot be tested: it happened where fewer than two groups had patients at risk."


@dataclass(frozen=True, eq=False)
class GrayTest:
    """
    One test per cause; arrays have shape (c,), causes ascending.

    Attributes
    ----------
    cause : int array
        Event codes that occur.
    statistic : float array
        Chi-square statistic; NaN when the cause cannot be tested, which `warnings` explains.
    df : int array
        Degrees of freedom: groups less one.
    p : float array
        p-value; NaN with the statistic.
    warnings : tuple of str
    """

    cause: Integers
    statistic: Floats
    df: Integers
    p: Floats
    warnings: tuple[str, ...]

    def table(self) -> pa.Table:
        """Return one row per cause: cause, statistic, df, p."""
        import pyarrow as pa

        return pa.table(
            {
                "cause": pa.array(self.cause),
                "statistic": pa.array(self.statistic, from_pandas=True),
                "df": pa.array(self.df),
                "p": pa.array(self.p, from_pandas=True),
            }
        )


def gray_test(
    time: ArrayLike, event: ArrayLike, group: object, rho: float = 0.0, strata: Any = None
) -> GrayTest:
    """
    Test for each cause whether groups have the same cumulative incidence.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `cumulative_incidence`.
    group : array of shape (n,), or dict or table of several
        Text, numbers or booleans, two levels (or combinations of levels) or more.
    rho : float
        Differences are weighted by (1 - pooled incidence) to this power.
    strata : array of shape (n,), or a mapping or table of several, optional
        Groups are compared within each stratum; scores and variances are added up.

    Raises
    ------
    UnsoundAnalysis
        When nobody had an event; and as `cumulative_incidence`.
    UsageError
        When there is one group only; and as `cumulative_incidence`.

    References
    ----------
    Gray, Ann Stat 1988;16:1141. Conventions as in R cmprsk 2.2.11 `cuminc`.
    """
    sample = follow_up(time, event, causes=True)
    n = len(sample.day)
    by = strata_of(group, n, "group")
    parts = strata_of(strata, n)
    causes = [int(cause) for cause in np.flatnonzero(np.bincount(sample.event)) if cause > 0]
    _check(len(by.labels), causes, rho)
    ended = [
        _ended(sample, np.flatnonzero(parts.code == code), by, causes) for code in range(len(parts.labels))
    ]
    return _test(causes, len(by.labels), ended, rho)


def gray_test_from_counts(table: Counts | Any, rho: float = 0.0) -> GrayTest:
    """
    Test as `gray_test` from counts per group, time and cause; the same numbers as from the rows they count.

    Parameters
    ----------
    table : Counts, dict of arrays, Arrow or pandas table, or a list of such
        As in `counts`, without delayed entry; strata are compared within themselves.
    rho : float
        As in `gray_test`.

    Raises
    ------
    UsageError, UnsoundAnalysis
        As `counts` and `gray_test`; and when the counts have delayed entry, which the test does not know.
    """
    found = table if isinstance(table, Counts) else counts(table)
    if found.entered is not None:
        raise UsageError(
            "Gray's test knows no delayed entry.", "Compare cause-specific hazards by the log-rank test."
        )
    causes = [cause for number, cause in enumerate(found.causes) if found.ended[:, :, number + 1].any()]
    _check(len(found.labels), causes, rho)
    return _test(causes, len(found.labels), [part.transpose(1, 0, 2) for part in found.ended], rho)


def _check(count: int, causes: Sequence[int], rho: float) -> None:
    if count < 2:
        raise UsageError("Gray's test has one group only.", "Give two groups or more.")
    if not np.isfinite(rho):
        raise UsageError("rho is no number.", "Give 0, or another power of 1 - incidence.")
    if not causes:
        raise UnsoundAnalysis("Nobody had an event.", "Lengthen the follow-up or choose another endpoint.")


def _ended(sample: FollowUp, rows: Integers, by: Groups, causes: Sequence[int]) -> Integers:
    """Return who ends, shape (1 + causes, groups, times): censored first, at times when anybody ends."""
    place = np.searchsorted([0, *causes], sample.event[rows])
    shape = (len(causes) + 1, len(by.labels), len(sample.times))
    cell = (place * shape[1] + by.code[rows]) * shape[2] + sample.day[rows]
    ended = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    return ended[:, :, ended.any(axis=(0, 1))]


def _test(causes: Sequence[int], count: int, strata: Sequence[Integers], rho: float) -> GrayTest:
    statistic, warnings = np.full(len(causes), np.nan), []
    for number, cause in enumerate(causes, start=1):
        score, variance = np.zeros(count - 1), np.zeros((count - 1, count - 1))
        for ended in strata:
            if not ended[number].any():
                continue
            part = _Comparison(ended, number, rho)
            score += part.score()
            variance += part.variance()
        if np.linalg.matrix_rank(variance, hermitian=True) == count - 1:
            statistic[number - 1] = score @ np.linalg.solve(variance, score)
        else:
            warnings.append(_NO_TEST.format(cause))
    p = np.array([chi_square_tail(x, count - 1) if x == x else np.nan for x in statistic])
    return GrayTest(np.array(causes), statistic, np.full(len(causes), count - 1), p, tuple(warnings))


class _Comparison:
    """One cause in one stratum; arrays are of shape (times, groups) or (times,), notation of Gray's paper."""

    def __init__(self, ended: Integers, number: int, rho: float) -> None:
        at_risk = ended.sum(axis=0).T[::-1].cumsum(axis=0)[::-1]
        self.own = ended[number].T.astype(np.float64)
        self.other = (ended[1:].sum(axis=0) - ended[number]).T.astype(np.float64)
        keep = (self.own + self.other).any(axis=1)
        self.own, self.other, self.n = self.own[keep], self.other[keep], at_risk[keep].astype(np.float64)
        self.present = self.n > 0.0
        left = np.divide(self.n - self.own - self.other, self.n, out=np.ones_like(self.n), where=self.present)
        self.survival = np.cumprod(left, axis=0)
        self.before = _earlier(self.survival, 1.0)
        hazard = np.divide(self.own, self.n, out=np.zeros_like(self.n), where=self.present)
        self.incidence_before = _earlier(np.cumsum(self.before * hazard, axis=0), 0.0)
        # R of the paper's h: those at risk, with those lost to censoring and the other causes put back.
        self.inflated = np.divide(self.n, self.before, out=np.zeros_like(self.n), where=self.present)
        self.total = self.inflated.sum(axis=1)
        self.pooled = np.cumsum(self.own.sum(axis=1) / self.total)
        self.pooled_before = _earlier(self.pooled, 0.0)
        self.to_come = 1.0 - self.pooled_before
        self.weight = np.power(self.to_come, rho, out=np.zeros_like(self.total), where=self.to_come > 0.0)

    def score(self) -> Floats:
        """Return weighted observed less expected events of all groups but the last."""
        still = self.inflated * (1.0 - self.incidence_before)
        expected = self.own.sum(axis=1, keepdims=True) * still / still.sum(axis=1, keepdims=True)
        score = (self.weight[:, np.newaxis] * (self.own - expected)).sum(axis=0)
        return np.asarray(score[:-1], dtype=np.float64)

    def variance(self) -> Floats:
        """Return the covariance of `score`, shape (groups - 1, groups - 1)."""
        size = self.n.shape[1]
        total = np.zeros((size, size))
        for group in range(size):
            total += self._of_group(group)
        return total[:-1, :-1]

    def _of_group(self, k: int) -> Floats:
        """Return what the events of group k add to the covariance of the scores of all groups."""
        events = self.own.sum(axis=1)
        share = self.inflated / self.total[:, np.newaxis]
        a = -self.weight[:, np.newaxis] * self.inflated[:, [k]] * share
        a[:, k] += self.weight * self.inflated[:, k]
        pooled_hazard = np.divide(
            events / self.total, self.to_come, out=np.zeros_like(events), where=self.to_come > 0.0
        )
        c = np.cumsum(a * pooled_hazard[:, np.newaxis], axis=0)
        own, own_spread, other, other_spread = self._spreads(k, events)
        first = a + own[:, np.newaxis] * (c[-1] - c)
        second = other[:, np.newaxis] * (c[-1] - c)
        return (first.T * own_spread) @ first + (second.T * other_spread) @ second

    def _spreads(self, k: int, events: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return for group k the factors and variances of its events of the cause and of the other causes."""
        alive, n, before = self.survival[:, k] > 0.0, self.n[:, k], self.before[:, k]
        ahead = np.divide(1.0 - self.pooled, self.survival[:, k], out=np.zeros_like(n), where=alive)
        own = 1.0 - ahead
        together = self.total * before - 1.0
        correction = np.divide(
            events - 1.0, together, out=np.zeros_like(n), where=(events > 1.0) & (together != 0.0)
        )
        used = self.present[:, k] & (events > 0.0)
        own_spread = np.zeros_like(n)
        own_spread[used] = ((1.0 - correction) * before * events / self.total)[used] / n[used]
        others = self.other[:, k]
        correction = np.maximum(others - 1.0, 0.0) / np.maximum(n - 1.0, 1.0)
        used = alive & (others > 0.0)
        other_spread = np.zeros_like(n)
        other_spread[used] = ((1.0 - correction) * before**2 * others)[used] / n[used] ** 2
        return own, own_spread, ahead, other_spread


def _earlier(values: Floats, initial: float) -> Floats:
    """Return the values just before each time."""
    return np.concatenate((np.full((1, *values.shape[1:]), initial), values[:-1]))
