"""Harrell's concordance of a score with survival, and its infinitesimal-jackknife standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harmony.errors import UnsoundAnalysis
from harmony.statistics.samples import Floats, FollowUp, Integers, follow_up, numbers, same_length, tied

#: Scores closer than this share of the largest are tied: the same covariates may be summed in another order.
SCORE_TIE = 1e-13


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
    concordant, discordant, tied : int
        Comparable pairs: the higher score failed first, the lower one did, or the scores are equal.
    """

    concordance: float
    std_err: float
    variance: float
    concordant: int
    discordant: int
    tied: int


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Comparable pairs each patient is in, by outcome; int arrays of shape (n,)."""

    concordant: Integers
    discordant: Integers
    tied: Integers


def concordance(time: ArrayLike, event: ArrayLike, score: ArrayLike) -> Concordance:
    """
    Return Harrell's concordance.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `kaplan_meier`.
    score : array of shape (n,)
        Higher score means an earlier event, for example a linear predictor.

    Raises
    ------
    UnsoundAnalysis
        When no pair is comparable; and as `kaplan_meier`.

    References
    ----------
    Harrell et al., JAMA 1982;247:2543. Ties and variance as in R survival 3.5.3 `concordance`.
    """
    sample, scores = follow_up(time, event), numbers(score, "score")
    same_length(sample.day, scores, "score")
    return pooled_concordance(sample, scores, np.zeros(len(scores), dtype=np.int64))


def pooled_concordance(sample: FollowUp, score: Floats, stratum: Integers) -> Concordance:
    """
    Return the concordance over the pairs within strata.

    Parameters
    ----------
    sample : FollowUp
        Checked follow-up of n patients.
    score : float array of shape (n,)
        Higher score means an earlier event.
    stratum : int array of shape (n,)
        0, 1 ...; patients of different strata are not compared.

    Raises
    ------
    UnsoundAnalysis
        When no pair is comparable.
    """
    _, rank = tied(score, lambda ascending: SCORE_TIE * float(np.abs(ascending).max()))
    pairs = []
    for code in range(int(stratum.max()) + 1):
        within = stratum == code
        pairs.append(_pairs(sample.part(within), rank[within]))
    concordant = np.concatenate([p.concordant for p in pairs])
    discordant = np.concatenate([p.discordant for p in pairs])
    even = np.concatenate([p.tied for p in pairs])
    # Each pair was counted at both of its patients.
    total = int(concordant.sum() + discordant.sum() + even.sum()) // 2
    if total == 0:
        raise UnsoundAnalysis(
            "No two patients can be compared.", "Lengthen the follow-up or widen the cohort."
        )
    value = (int(concordant.sum()) + int(even.sum()) / 2.0) / 2.0 / total
    # Derivative of the ratio by each patient's weight.
    influence = (concordant + even / 2.0 - value * (concordant + discordant + even)) / total
    variance = float(influence @ influence)
    counts = (int(part.sum()) // 2 for part in (concordant, discordant, even))
    return Concordance(value, math.sqrt(variance), variance, *counts)


def _pairs(sample: FollowUp, rank: Integers) -> _Pairs:
    died = sample.event > 0
    ending, deaths = sample.count(), sample.count(died)
    # Those who outlive an event: later times, and the censored of the same time. Standing in this order
    # (latest first, censored before events), they are a prefix of all patients.
    later = ending[::-1].cumsum()[::-1] - deaths
    order = np.lexsort((died, -sample.day))
    below, even = _count_in_prefix(rank[order], later[sample.day[died]], rank[died])
    zero = np.zeros(len(rank), dtype=np.int64)
    concordant, discordant, equal = zero.copy(), zero.copy(), zero
    concordant[died], equal[died] = below, even
    discordant[died] = later[sample.day[died]] - below - even
    # And the other way round: events that each patient outlives are a prefix of the events in time order.
    before = deaths.cumsum() - deaths
    prefix = before[sample.day] + np.where(died, 0, deaths[sample.day])
    events = np.flatnonzero(died)
    events = events[np.argsort(sample.day[events], kind="stable")]
    below, even = _count_in_prefix(rank[events], prefix, rank)
    return _Pairs(concordant + prefix - below - even, discordant + below, equal + even)


def _count_in_prefix(
    sequence: Integers, prefix: Integers, value: Integers
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Count for each query the entries of `sequence[:prefix]` below `value`, and those equal to it.

    A wavelet matrix (Claude, Navarro and Ordonez, Inform Syst 2015;47:15): one pass per binary digit for
    all queries together, n log n in all and no loop over patients.
    """
    start, stop = np.zeros_like(prefix), prefix.copy()
    below = np.zeros_like(prefix)
    top = max(int(sequence.max(initial=0)), int(value.max(initial=0)))
    for digit in range(top.bit_length() - 1, -1, -1):
        one = (sequence >> digit) & 1 == 1
        zeros = np.concatenate(([0], np.cumsum(~one)))
        start_zeros, stop_zeros = zeros[start], zeros[stop]
        query_one = (value >> digit) & 1 == 1
        below += np.where(query_one, stop_zeros - start_zeros, 0)
        start = np.where(query_one, zeros[-1] + start - start_zeros, start_zeros)
        stop = np.where(query_one, zeros[-1] + stop - stop_zeros, stop_zeros)
        sequence = np.concatenate((sequence[~one], sequence[one]))
    return below, stop - start
