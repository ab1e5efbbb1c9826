"""Robust variance of a curve: the infinitesimal jackknife, the sum of squares of each patient's influence."""

from __future__ import annotations

import numpy as np

from harmony.errors import UsageError
from harmony.statistics.samples import Floats, FollowUp, Integers

#: Cells of one table of clusters by times that is in memory at once (16 MB).
CELLS = 2_000_000


def wants_robust(robust: bool | None, weight: Floats | None, clustered: bool) -> bool:
    """
    Tell whether the standard error is the robust one; by default as R's `survfit` decides.

    Parameters
    ----------
    robust : bool or None
        The caller's wish; None leaves the choice: robust with clusters or with weights that are not whole.
    weight : float array of shape (n,) or None
        Case weights.
    clustered : bool
        Whether rows belong together in clusters.

    Raises
    ------
    UsageError
        When clusters are given and the robust error is not wanted.
    """
    if robust is None:
        return clustered or (weight is not None and bool(np.any(weight != np.floor(weight))))
    if clustered and not robust:
        raise UsageError(
            "Clusters were given without a robust standard error.",
            "Leave out cluster, or let robust be True.",
        )
    return bool(robust)


def influence_variance(sample: FollowUp, jump: Floats, drift: Floats, cluster: Integers | None) -> Floats:
    """
    Return at each time the sum over patients (or clusters) of their squared influence on a curve.

    A patient's influence at t is his weight times (`jump` at his own event up to t, less the sum of
    `drift` over the times up to t at which he was at risk).

    Parameters
    ----------
    sample : FollowUp
        n patients on the k times at which somebody of them ends.
    jump, drift : float arrays of shape (k,)
        For log S: 1 / (n - d) and d / (n (n - d)); for the cumulative hazard: 1 / n and d / n^2.
    cluster : int array of shape (n,), optional
        Codes of rows that belong together; without it each row is alone.

    Returns
    -------
    float array of shape (k,)
    """
    weight = np.ones(len(sample.day)) if sample.weight is None else sample.weight
    if cluster is None:
        return _rows_alone(sample, weight, jump, np.cumsum(drift))
    return _rows_in_clusters(sample, weight, jump, drift, cluster)


def _rows_alone(sample: FollowUp, weight: Floats, jump: Floats, total: Floats) -> Floats:
    k = len(total)
    entry = np.zeros_like(sample.day) if sample.entry_day is None else sample.entry_day
    start = np.append(0.0, total)[entry]
    own = np.where(sample.event > 0, jump[sample.day], 0.0) - (total[sample.day] - start)
    gone = np.bincount(sample.day, (weight * own) ** 2, k).cumsum()
    # Those still at risk after t all have the influence start - total[t]; its square is multiplied out.
    square = weight**2
    still = [
        np.bincount(entry, square * start**power, k).cumsum()
        - np.bincount(sample.day, square * start**power, k).cumsum()
        for power in (0, 1, 2)
    ]
    left = total**2 * still[0] - 2.0 * total * still[1] + still[2]
    return np.asarray(gone + np.maximum(left, 0.0), dtype=np.float64)


def _rows_in_clusters(
    sample: FollowUp, weight: Floats, jump: Floats, drift: Floats, cluster: Integers
) -> Floats:
    k, clusters = len(drift), int(cluster.max()) + 1
    entry = np.zeros_like(sample.day) if sample.entry_day is None else sample.entry_day
    influence, at_risk = np.zeros((clusters, 1)), np.zeros((clusters, 1))
    variance = np.empty(k)
    step = max(1, CELLS // clusters)
    for first in range(0, k, step):
        last = min(first + step, k)

        size = (clusters, first, last)
        leaving = _table(cluster, sample.day, weight, size)
        joined = at_risk + (_table(cluster, entry, weight, size) - leaving).cumsum(axis=1)
        died = _table(cluster, sample.day, np.where(sample.event > 0, weight, 0.0), size)
        change = died * jump[first:last] - (joined + leaving) * drift[first:last]
        path = influence + change.cumsum(axis=1)
        variance[first:last] = (path**2).sum(axis=0)
        influence, at_risk = path[:, -1:], joined[:, -1:]
    return variance


def _table(cluster: Integers, day: Integers, value: Floats, size: tuple[int, int, int]) -> Floats:
    """Return sums of `value` per cluster (row) and day (column), days from first to before last."""
    clusters, first, last = size
    here = (day >= first) & (day < last)
    place = cluster[here] * (last - first) + day[here] - first
    sums = np.bincount(place, value[here], clusters * (last - first)).astype(np.float64)
    return sums.reshape(clusters, last - first)
