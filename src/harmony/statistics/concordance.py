"""Concordance of a score with survival (Harrell, Uno), and its infinitesimal-jackknife standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.censoring import censoring_survival
from harmony.statistics.comparable_pairs import comparable_pairs
from harmony.statistics.samples import (
    TIE,
    Floats,
    FollowUp,
    Integers,
    follow_up,
    levels,
    numbers,
    same_length,
)
from harmony.statistics.samples import (
    strata as strata_of,
)

Method = Literal["harrell", "uno"]

#: Weights of pairs below this share of what could be are rounding errors of sums that cancel.
ROUNDING = 1e-14


@dataclass(frozen=True)
class Concordance:
    """
    Agreement of a score with the order of events.

    Attributes
    ----------
    concordance : float
        (concordant + tied / 2) / comparable pairs; 0.5 by chance, 1 perfect.
    std_err, variance : float
        Of the concordance.
    concordant, discordant, tied : int or float
        Comparable pairs: the higher score failed first, the lower one did, or the scores are equal.
        Counts; sums of weights (products of case weights, and for Uno's time weights) otherwise.
    """

    concordance: float
    std_err: float
    variance: float
    concordant: float
    discordant: float
    tied: float


def concordance(
    time: ArrayLike,
    event: ArrayLike,
    score: ArrayLike,
    method: Method = "harrell",
    entry: ArrayLike | None = None,
    strata: Any = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    tau: float | None = None,
) -> Concordance:
    """
    Return how well a score orders patients by their time to the event.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `kaplan_meier`.
    score : array of shape (n,)
        Higher score means an earlier event, for example a linear predictor.
    method : harrell or uno
        Harrell's: every comparable pair counts the same. Uno's: a pair counts 1 / G(t-)^2, where t is the
        time of its event and G the Kaplan-Meier curve of censoring, so that the result does not
        depend on how long patients were followed.
    entry : array of shape (n,), optional
        Delayed entry; a row is compared with events after its entry only. Not with Uno's.
    strata : array of shape (n,), or dict or table of several, optional
        Only patients of one stratum are compared.
    weights : array of shape (n,), optional
        Case weights; a pair counts with their product.
    cluster : array of shape (n,), optional
        Rows of one patient or centre, whose influence is summed before it is squared.
    tau : float, optional
        Pairs whose event is later than this are left out.

    Raises
    ------
    UnsoundAnalysis
        When no pair is comparable (one patient alone, nobody with the event); and as `kaplan_meier`.
    UsageError
        When the method is unknown, `tau` is not above 0, or Uno's comes with `entry`.

    References
    ----------
    Harrell et al., JAMA 1982;247:2543; Uno et al., Stat Med 2011;30:1105. Ties, weights and variance as in
    R survival 3.5.3 `concordance` (Uno's: timewt = "n/G2", tau: ymax).
    """
    _check(method, entry, tau)
    sample, scores = follow_up(time, event, entry=entry, weights=weights), numbers(score, "score")
    same_length(sample.day, scores, "score")
    stratum = strata_of(strata, len(scores)).code
    groups = None
    if cluster is not None:
        groups = levels(cluster, "cluster")[0]
        same_length(sample.day, groups, "cluster")
    return pooled_concordance(sample, scores, stratum, groups, _time_weight(sample, stratum, method, tau))


def pooled_concordance(
    sample: FollowUp,
    score: Floats,
    stratum: Integers,
    cluster: Integers | None = None,
    time_weight: Floats | None = None,
) -> Concordance:
    """
    Return the concordance over the pairs within strata.

    Parameters
    ----------
    sample : FollowUp
        Checked follow-up of n rows; its entries and weights count.
    score : float array of shape (n,)
        Higher score means an earlier event.
    stratum : int array of shape (n,)
        0, 1 ...; rows of different strata are not compared.
    cluster : int array of shape (n,), optional
        0, 1 ...; influences are summed within clusters.
    time_weight : float array of shape (n,), optional
        Weight of each row's pairs as the one with the event.

    Raises
    ------
    UnsoundAnalysis
        When no pair is comparable.
    """
    pairs = comparable_pairs(
        sample.day,
        sample.event > 0,
        score,
        stratum if stratum.any() else None,
        sample.entry_day,
        sample.weight,
        time_weight,
    )
    total = pairs.concordant + pairs.discordant + pairs.tied
    if total <= ROUNDING * _most_pairs(sample, time_weight):
        raise UnsoundAnalysis(
            "No two patients can be compared.", "Lengthen the follow-up or widen the cohort."
        )
    value = (pairs.concordant + pairs.tied / 2.0) / total
    # Derivative of the ratio by each row's weight.
    influence: Floats = pairs.above / total
    influence += pairs.even * (0.5 / total)
    influence -= pairs.all_pairs * (value / total)
    if sample.weight is not None:
        influence *= sample.weight
    if cluster is not None:
        influence = np.bincount(cluster, influence).astype(np.float64, copy=False)
    variance = float(influence @ influence)
    plain = sample.weight is None and time_weight is None
    counts = (pairs.concordant, pairs.discordant, pairs.tied)
    return Concordance(value, math.sqrt(variance), variance, *(int(c) if plain else c for c in counts))


def _time_weight(sample: FollowUp, stratum: Integers, method: Method, tau: float | None) -> Floats | None:
    """Return the weight of each row's pairs as the one with the event; None where all count the same."""
    if method == "harrell" and tau is None:
        return None
    weight = np.ones(len(sample.day))
    if method == "uno":
        weight /= censoring_survival(sample, stratum, before=True)[sample.day, stratum] ** 2
    if tau is not None:
        weight[sample.times[sample.day] > tau * (1.0 + TIE)] = 0.0
    return weight


def _most_pairs(sample: FollowUp, time_weight: Floats | None) -> float:
    """Return the weight that the pairs would have if every row were compared with every event."""
    n = len(sample.day)
    weight = np.ones(n) if sample.weight is None else sample.weight
    at_event = weight * (sample.event > 0) * (1.0 if time_weight is None else time_weight)
    return float(weight.sum() * at_event.sum())


def _check(method: str, entry: ArrayLike | None, tau: float | None) -> None:
    if method not in get_args(Method):
        raise UsageError("The concordance asked for is unknown.", "Choose another.", "harrell, uno")
    if method == "uno" and entry is not None:
        raise UsageError(
            "Uno's concordance is not defined with delayed entry.", "Use harrell, or leave out entry."
        )
    if tau is not None and not tau > 0.0:
        raise UsageError("tau is impossible.", "Give a time within the follow-up.", "tau > 0")
