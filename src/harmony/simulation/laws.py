"""
Inverse distribution functions over whole columns.

Every draw of the simulation is a uniform number turned into its law here, so that a law may change
without shifting any other draw.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harmony.errors import UsageError

Floats = NDArray[np.float64]

#: Distance between the quartiles of the standard normal law.
QUARTILE_DISTANCE: Final = 1.3489795003921634

# Wichura (1988), algorithm AS 241, Applied Statistics 37:477-484: about 16 digits; highest power first.
# SciPy has the function too, but the product runs without SciPy.
_CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_MIDDLE = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip
_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699,
     6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769,
     1.0),
)  # fmt: skip


def normal_quantile(probability: Floats) -> Floats:
    """
    Return the standard normal quantile of each probability.

    Parameters
    ----------
    probability : array of shape (n,)
        Strictly between 0 and 1.

    References
    ----------
    Wichura MJ. Algorithm AS 241. Applied Statistics 1988;37:477-484.
    """
    distance = probability - 0.5
    tail = np.sqrt(-np.log(np.minimum(probability, 1 - probability)))
    centre = distance * _ratio(_CENTRE, 0.180625 - distance**2)
    outer = np.where(tail <= 5.0, _ratio(_MIDDLE, tail - 1.6), _ratio(_TAIL, tail - 5.0))
    return np.where(np.abs(distance) <= 0.425, centre, np.sign(distance) * outer)


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Floats) -> Floats:
    top, bottom = coefficients
    return np.polyval(top, x) / np.polyval(bottom, x)


def normal_probability(z: Floats) -> Floats:
    """Return the standard normal distribution function of a few values (bounds, not columns)."""
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in z])


def truncated_normal(uniform: Floats, mean: Floats, sd: Floats, low: Floats, high: Floats) -> Floats:
    """
    Turn uniforms into normals cut at two bounds.

    Parameters
    ----------
    uniform, mean, sd, low, high : arrays of shape (n,)
        Bounds in the unit of the mean.
    """
    bounds = np.stack([(low - mean) / sd, (high - mean) / sd])
    levels, place = np.unique(bounds, return_inverse=True)
    below, above = normal_probability(levels)[place.reshape(bounds.shape)]
    return mean + sd * normal_quantile(below + uniform * (above - below))


def logit(probability: Any) -> Any:
    """Return log odds of probabilities strictly between 0 and 1."""
    return np.log(probability) - np.log1p(-np.asarray(probability))


def inverse_logit(log_odds: Floats) -> Floats:
    """Return probabilities of log odds."""
    return 1 / (1 + np.exp(-log_odds))


def cumulative_hazard(baseline: Mapping[str, Any], years: Floats) -> Floats:
    """
    Return the baseline cumulative hazard H0(t).

    Parameters
    ----------
    baseline : mapping
        `form` weibull: (t / scale)^shape; `form` cure: theta (1 - exp(-(t / scale)^shape)), bounded by theta,
        hence a plateau of survivors with hazards still proportional.
    years : array of shape (n,)
        Infinity allowed.

    Raises
    ------
    UsageError
        When the form is another one.
    """
    weibull = (years / baseline["scale"]) ** baseline["shape"]
    if baseline["form"] == "weibull":
        return weibull
    if baseline["form"] == "cure":
        return baseline["theta"] * -np.expm1(-weibull)
    raise UsageError(f"A baseline has the form '{baseline['form']}'.", "", "weibull, cure")


def time_of_hazard(baseline: Mapping[str, Any], hazard: Floats) -> Floats:
    """Return the years at which the baseline cumulative hazard is reached; infinity when it never is."""
    if baseline["form"] == "cure":
        share = hazard / baseline["theta"]
        never = share >= 1
        hazard = np.where(never, np.inf, -np.log1p(-np.where(never, 0.0, share)))
    return baseline["scale"] * hazard ** (1 / baseline["shape"])


def event_time(
    baseline: Mapping[str, Any],
    exponential: Floats,
    log_ratio: Floats,
    switch: Floats | None = None,
    ratio_after: float = 1.0,
) -> Floats:
    """
    Draw event times under proportional hazards, with one switch of the hazard on the way.

    Parameters
    ----------
    exponential : array of shape (n,)
        Standard exponential draws.
    log_ratio : array of shape (n,)
        Sum of log hazard ratios and frailty.
    switch : array of shape (n,), optional
        Years at which the hazard is multiplied by `ratio_after`; infinity = never.
    """
    hazard = exponential / np.exp(log_ratio)
    if switch is not None:
        until = cumulative_hazard(baseline, switch)
        hazard = np.where(hazard <= until, hazard, until + (hazard - until) / ratio_after)
    return time_of_hazard(baseline, hazard)
