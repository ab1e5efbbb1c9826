"""Tail probabilities and quantiles of the normal and the chi-square distribution, without SciPy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from harmony.errors import UsageError


@dataclass(frozen=True)
class ChiSquare:
    """
    A chi-square test: its statistic (0 or more), degrees of freedom (more than 0) and p-value (0 to 1).

    Degrees of freedom are a whole number, but for a penalised model.
    """

    statistic: float
    df: float
    p: float


def chi_square(statistic: float, df: int) -> ChiSquare:
    """Return the test with its p-value; arguments and refusals as in `chi_square_tail`."""
    return ChiSquare(float(statistic), int(df), chi_square_tail(statistic, df))


def normal_two_sided(z: float) -> float:
    """Return the probability that a standard normal variable lies at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    """
    Return the standard normal quantile.

    Parameters
    ----------
    p : float
        Probability, more than 0 and less than 1.

    Raises
    ------
    UsageError
        When `p` lies outside.
    """
    if not 0.0 < p < 1.0:
        raise UsageError(
            "A normal quantile was asked for an impossible probability.", "Give another one.", "0 < p < 1"
        )
    return NormalDist().inv_cdf(p)


def limit_width(conf_level: float) -> float:
    """
    Return how many standard errors lie between an estimate and its two-sided normal limit.

    Parameters
    ----------
    conf_level : float
        Coverage of the interval, more than 0 and less than 1; 0.95 gives 1.959964.

    Raises
    ------
    UsageError
        When `conf_level` lies outside.
    """
    if not 0.0 < conf_level < 1.0:
        raise UsageError(
            "The confidence level is impossible.", "Give a share such as 0.95.", "0 < conf_level < 1"
        )
    return normal_quantile(0.5 + conf_level / 2.0)


def chi_square_tail(statistic: float, df: int) -> float:
    """
    Return the probability that a chi-square variable reaches `statistic` or more.

    This is the regularised upper incomplete gamma function Q(df/2, statistic/2).

    Parameters
    ----------
    statistic : float
        0 or more.
    df : int
        Degrees of freedom, 1 or more.

    Raises
    ------
    UsageError
        When `statistic` is negative or not a number, or `df` is below 1.

    References
    ----------
    Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.4.4 and 26.4.5.
    """
    if df < 1 or df != int(df) or not statistic >= 0.0:
        raise UsageError(
            "A chi-square test has no such statistic or degrees of freedom.", "Check the test.", "df >= 1"
        )
    x = statistic / 2.0
    if math.isinf(x):
        return 0.0
    # All terms of the finite series for whole degrees of freedom are positive, so small tails keep
    # their digits; the usual power series would lose them as 1 - P.
    odd = int(df) % 2
    tail = math.erfc(math.sqrt(x)) if odd else math.exp(-x)
    for step in range((int(df) - 1) // 2):
        tail += _gamma_term(step + (0.5 if odd else 1.0), x)
    return min(tail, 1.0)


def _gamma_term(a: float, x: float) -> float:
    return math.exp(a * math.log(x) - x - math.lgamma(a + 1.0)) if x > 0.0 else 0.0


def fractional_chi_square(statistic: float, df: float) -> ChiSquare:
    """
    Return a chi-square test with any degrees of freedom, as penalised models have them.

    Parameters
    ----------
    statistic : float
        0 or more.
    df : float
        More than 0.

    Raises
    ------
    UsageError
        When `statistic` is negative or not a number, or `df` is not above 0.

    References
    ----------
    Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 6.5.29 and 6.5.31.
    """
    if not (df > 0.0 and statistic >= 0.0):
        raise UsageError(
            "A chi-square test has no such statistic or degrees of freedom.", "Check the test.", "df > 0"
        )
    a, x = df / 2.0, statistic / 2.0
    if x == 0.0:
        return ChiSquare(float(statistic), float(df), 1.0)
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    tail = 1.0 - scale * _lower_series(a, x) if x < a + 1.0 else scale * _upper_fraction(a, x)
    return ChiSquare(float(statistic), float(df), min(max(tail, 0.0), 1.0))


def _lower_series(a: float, x: float) -> float:
    term = total = 1.0 / a
    step = a
    while term > 1e-17 * total:
        step += 1.0
        term *= x / step
        total += term
    return total


def _upper_fraction(a: float, x: float) -> float:
    """Evaluate the continued fraction by Lentz's method."""
    b = x + 1.0 - a
    c, d = 1e300, 1.0 / b
    value = d
    for step in range(1, 1000):
        factor = -step * (step - a)
        b += 2.0
        d = 1.0 / (factor * d + b)
        c = b + factor / c
        value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value
