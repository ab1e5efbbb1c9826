"""Confidence limits of probabilities on a chosen scale."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from harmony.errors import UsageError
from harmony.statistics.distributions import limit_width
from harmony.statistics.samples import Floats

ConfType = Literal["log", "log-log", "plain"]


def check_conf_type(conf_type: str) -> None:
    """Refuse, with UsageError, a scale of the limits that is not log, log-log or plain."""
    if conf_type not in get_args(ConfType):
        raise UsageError(
            "The scale of the confidence limits is unknown.", "Choose another.", "log, log-log, plain"
        )


def probability_limits(
    estimate: Floats, std_err: Floats, conf_type: ConfType, conf_level: float
) -> tuple[Floats, Floats]:
    """
    Return lower and upper limits of probabilities.

    Parameters
    ----------
    estimate, std_err : float arrays of shape (k,)
        Probabilities, 0 to 1, and their standard errors.
    conf_type : log, log-log or plain
        Scale on which the estimate is taken as normal; limits stay within 0 and 1.
    conf_level : float
        Coverage, more than 0 and less than 1.

    Returns
    -------
    two float arrays of shape (k,)
        NaN where the limit does not exist: at 0 on the log scales, at 1 on log-log, and where the
        standard error is NaN. The same rules as R's `survfit`.
    """
    z = limit_width(conf_level)
    if conf_type == "plain":
        return np.maximum(estimate - z * std_err, 0.0), np.minimum(estimate + z * std_err, 1.0)
    inside = estimate > 0.0 if conf_type == "log" else (estimate > 0.0) & (estimate < 1.0)
    value = np.where(inside, estimate, 0.5)
    width = z * std_err / value
    if conf_type == "log":
        lower, upper = value * np.exp(-width), np.minimum(value * np.exp(width), 1.0)
    else:
        width = width / -np.log(value)
        lower, upper = value ** np.exp(width), value ** np.exp(-width)
    return np.where(inside, lower, np.nan), np.where(inside, upper, np.nan)
