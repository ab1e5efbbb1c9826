"""Shares and 2 x 2 tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.distributions import limit_width
from harmony.statistics.samples import flags, same_length

#: Added to every cell of a 2 x 2 table, so that an empty cell gives a finite odds ratio.
#: Haldane, Ann Hum Genet 1956;20:309; Anscombe, Biometrika 1956;43:461.
HALDANE = 0.5


@dataclass(frozen=True)
class OddsRatio:
    """
    Odds ratio of two flags.

    Attributes
    ----------
    both, a_only, b_only, neither : int
        Patients in each cell, without the 0.5.
    estimate, lower, upper : float
        Odds ratio with 0.5 added to each cell, and its limits from the normal law of its logarithm.
    log_estimate, log_std_err : float
        Natural logarithm of the estimate and its standard error.
    """

    both: int
    a_only: int
    b_only: int
    neither: int
    estimate: float
    log_estimate: float
    log_std_err: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Share:
    """
    Share of patients with a flag.

    Attributes
    ----------
    n, count : int
        Patients, and those with the flag.
    estimate, std_err : float
        count / n, and the normal (Wald) standard error sqrt(p (1 - p) / n).
    lower, upper : float
        Limits by the interval asked for.
    """

    n: int
    count: int
    estimate: float
    std_err: float
    lower: float
    upper: float


def odds_ratio(a: ArrayLike, b: ArrayLike, conf_level: float = 0.95) -> OddsRatio:
    """
    Return the odds ratio of two flags, with 0.5 added to each cell.

    Parameters
    ----------
    a, b : arrays of shape (n,)
        1 or True has it, 0 or False has it not. Those not tested in both are left out by the caller.
    conf_level : float
        Coverage of the limits.

    Raises
    ------
    UsageError
        When the columns differ in length or hold something else than flags.
    UnsoundAnalysis
        When nobody is in it or a value is missing.

    References
    ----------
    Woolf, Ann Hum Genet 1955;19:251, for the standard error of the logarithm.
    """
    first, second = flags(a, "a"), flags(b, "b")
    same_length(first, second, "b")
    both, a_only = int((first & second).sum()), int((first & ~second).sum())
    b_only = int((~first & second).sum())
    neither = len(first) - both - a_only - b_only
    cells = [count + HALDANE for count in (both, a_only, b_only, neither)]
    log_estimate = math.log(cells[0]) + math.log(cells[3]) - math.log(cells[1]) - math.log(cells[2])
    log_std_err = math.sqrt(sum(1.0 / cell for cell in cells))
    width = limit_width(conf_level) * log_std_err
    return OddsRatio(
        both=both,
        a_only=a_only,
        b_only=b_only,
        neither=neither,
        estimate=math.exp(log_estimate),
        log_estimate=log_estimate,
        log_std_err=log_std_err,
        lower=math.exp(log_estimate - width),
        upper=math.exp(log_estimate + width),
    )


def share(
    flag: ArrayLike, interval: Literal["wilson", "normal"] = "wilson", conf_level: float = 0.95
) -> Share:
    """
    Return the share of patients with a flag and its interval.

    Parameters
    ----------
    flag : array of shape (n,)
        1 or True has it, 0 or False has it not. The caller leaves out the untested, who are no denominator.
    interval : wilson or normal
        Wilson's score interval, sound for small counts; or estimate +- z standard errors, cut at 0 and 1.
    conf_level : float
        Coverage of the interval.

    Raises
    ------
    UsageError
        When the column holds something else than flags, or the interval is unknown.
    UnsoundAnalysis
        When nobody is in it or a value is missing.

    References
    ----------
    Wilson, J Am Stat Assoc 1927;22:209.
    """
    if interval not in ("wilson", "normal"):
        raise UsageError("The interval of a share is unknown.", "Choose another.", "wilson, normal")
    yes = flags(flag, "flag")
    n, count = len(yes), int(yes.sum())
    estimate = count / n
    std_err = math.sqrt(estimate * (1.0 - estimate) / n)
    z = limit_width(conf_level)
    centre, width = estimate, z * std_err
    if interval == "wilson":
        centre = (estimate + z * z / (2 * n)) / (1 + z * z / n)
        width = z / (1 + z * z / n) * math.sqrt(estimate * (1 - estimate) / n + z * z / (4 * n * n))
    return Share(n, count, estimate, std_err, max(centre - width, 0.0), min(centre + width, 1.0))
