"""Power, events and patients of a log-rank test, before a study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from harmony.errors import UsageError
from harmony.statistics.distributions import normal_quantile, normal_two_sided

if TYPE_CHECKING:
    import pyarrow as pa

Method = Literal["schoenfeld", "freedman"]

#: Numbers that exceed a whole one by no more than this are that whole one.
ROUNDING = 1e-9


@dataclass(frozen=True)
class PowerLogRank:
    """
    What a log-rank test of two groups needs, or can show.

    Attributes
    ----------
    hazard_ratio : float
        Experimental against control, the effect to be found.
    alpha, sides : float, int
        Significance level, one- or two-sided.
    ratio : float
        Patients of the experimental group for each one of the control group.
    method : schoenfeld or freedman
    power : float
        Probability to find the effect with `events` events.
    events : int
        Events in both groups together.
    probability_control, probability_experimental : float or None
        Probability that a patient has the event during the study.
    n, n_control, n_experimental : int or None
        Patients; None when no probability of the event was given.
    """

    hazard_ratio: float
    alpha: float
    sides: int
    ratio: float
    method: Method
    power: float
    events: int
    probability_control: float | None
    probability_experimental: float | None
    n: int | None
    n_control: int | None
    n_experimental: int | None

    def table(self) -> pa.Table:
        """Return one row with the attributes as columns."""
        import pyarrow as pa

        return pa.table({name: pa.array([value]) for name, value in vars(self).items()})


def power_logrank(
    hazard_ratio: float,
    power: float | None = None,
    events: int | None = None,
    n: int | None = None,
    alpha: float = 0.05,
    sides: int = 2,
    ratio: float = 1.0,
    method: Method = "schoenfeld",
    event_probability: float | tuple[float, float] | None = None,
    hazard_control: float | None = None,
    accrual: float = 0.0,
    follow_up: float | None = None,
    dropout_hazard: float = 0.0,
) -> PowerLogRank:
    """
    Plan a log-rank test: give one of `power`, `events` and `n`, and get the others.

    Parameters
    ----------
    hazard_ratio : float
        Experimental against control, more than 0 and not 1; proportional hazards are assumed.
    power : float, optional
        Wanted power, between alpha and 1: the result has the events (rounded up) and patients needed.
    events, n : int, optional
        Events, or patients, that there will be: the result has the power.
    alpha : float
        Significance level, more than 0 and less than 0.5.
    sides : 1 or 2
    ratio : float
        Patients of the experimental group for each one of the control group, more than 0.
    method : schoenfeld or freedman
        Schoenfeld: events = (z_alpha + z_beta)^2 (1 + r)^2 / (r log(HR)^2).
        Freedman: events = (z_alpha + z_beta)^2 (1 + r HR)^2 / (r (1 - HR)^2).
    event_probability : float or pair, optional
        Probability of the event during the study: one for all, or (control, experimental).
    hazard_control, accrual, follow_up, dropout_hazard : float, optional
        Instead of `event_probability`: constant hazard of the control group (log(2) / median), length
        of a steady accrual (0: all at once), follow-up after its end, and constant hazard of being lost,
        in one unit of time.

    Raises
    ------
    UsageError
        When not exactly one of `power`, `events` and `n` is given, the probability of the event is
        needed and missing or given twice, or a number is out of its range.

    Notes
    -----
    Patients are events / probability, shared by `ratio` and rounded up in each group. The small
    probability to reject in the wrong direction is left out of the power, as both papers do.

    References
    ----------
    Schoenfeld, Biometrika 1981;68:316 and Biometrics 1983;39:499. Freedman, Stat Med 1982;1:121. Lachin and
    Foulkes, Biometrics 1986;42:507 (accrual and loss).
    """
    _check_design(hazard_ratio, alpha, sides, ratio, method)
    if [power, events, n].count(None) != 2:
        raise UsageError("Power, events and patients hang together.", "Give one of power, events and n.")
    per_event = _information(hazard_ratio, ratio, method)
    chance = _event_chance(
        hazard_ratio, event_probability, hazard_control, accrual, follow_up, dropout_hazard
    )
    overall = None if chance is None else (chance[0] + ratio * chance[1]) / (1.0 + ratio)
    z_alpha = normal_quantile(1.0 - alpha / sides)
    if power is not None:
        if not alpha < power < 1.0:
            raise UsageError("The power is impossible.", "Give another one.", "alpha < power < 1")
        needed = _whole_up((z_alpha + normal_quantile(power)) ** 2 / per_event)
    else:
        needed = _count(events, "events") if events is not None else _events_of(n, overall)
    reached = _upper_tail(z_alpha - math.sqrt(needed * per_event))
    control, experimental = _arms(needed, overall, ratio, n)
    return PowerLogRank(
        hazard_ratio=float(hazard_ratio),
        alpha=float(alpha),
        sides=sides,
        ratio=float(ratio),
        method=method,
        power=reached,
        events=needed,
        probability_control=None if chance is None else chance[0],
        probability_experimental=None if chance is None else chance[1],
        n=None if control is None or experimental is None else control + experimental,
        n_control=control,
        n_experimental=experimental,
    )


def _check_design(hazard_ratio: float, alpha: float, sides: int, ratio: float, method: str) -> None:
    if not (hazard_ratio > 0.0 and math.isfinite(hazard_ratio)) or hazard_ratio == 1.0:
        raise UsageError(
            "The hazard ratio is impossible or no effect.", "Give the effect to be found.", "> 0, not 1"
        )
    if not 0.0 < alpha < 0.5:
        raise UsageError("The significance level is impossible.", "Give another one.", "0 < alpha < 0.5")
    if sides not in (1, 2):
        raise UsageError("A test has one side or two.", "", "1, 2")
    if not (ratio > 0.0 and math.isfinite(ratio)):
        raise UsageError("The allocation ratio is impossible.", "Give another one.", "ratio > 0")
    if method not in get_args(Method):
        raise UsageError("The formula is unknown.", "Choose another.", ", ".join(get_args(Method)))


def _information(hazard_ratio: float, ratio: float, method: Method) -> float:
    """Return what one event adds to the square of the expected test statistic."""
    if method == "schoenfeld":
        return ratio / (1.0 + ratio) ** 2 * math.log(hazard_ratio) ** 2
    return ratio * (1.0 - hazard_ratio) ** 2 / (1.0 + ratio * hazard_ratio) ** 2


def _event_chance(
    hazard_ratio: float,
    given: float | tuple[float, float] | None,
    hazard: float | None,
    accrual: float,
    follow_up: float | None,
    dropout: float,
) -> tuple[float, float] | None:
    if given is not None and hazard is not None:
        raise UsageError(
            "The probability of the event is given twice.", "Leave out event_probability or hazard_control."
        )
    if given is not None:
        pair = given if isinstance(given, tuple) else (given, given)
        if len(pair) != 2 or not all(0.0 < p <= 1.0 for p in pair):
            raise UsageError("A probability of the event is impossible.", "Give another one.", "0 < p <= 1")
        return float(pair[0]), float(pair[1])
    if hazard is None:
        return None
    if follow_up is None or not (hazard > 0.0 and min(accrual, follow_up, dropout) >= 0.0):
        raise UsageError(
            "Accrual, follow-up or hazard is missing or impossible.",
            "Give hazard_control and follow_up, and where there are any accrual and dropout_hazard.",
            "hazard_control > 0, others >= 0",
        )
    if accrual + follow_up <= 0.0:
        raise UsageError("The study has no length.", "Give an accrual or a follow-up above 0.")
    first = _exponential_chance(hazard, accrual, follow_up, dropout)
    return first, _exponential_chance(hazard * hazard_ratio, accrual, follow_up, dropout)


def _exponential_chance(hazard: float, accrual: float, follow_up: float, dropout: float) -> float:
    """Return the probability of the event with constant hazards, entry being uniform over the accrual."""
    total = hazard + dropout
    # Mean over entries of the probability that neither event nor loss comes before the end of the study.
    kept = math.exp(-total * follow_up)
    if accrual > 0.0:
        kept *= -math.expm1(-total * accrual) / (total * accrual)
    return hazard / total * (1.0 - kept)


def _events_of(n: int | None, overall: float | None) -> int:
    if overall is None:
        raise UsageError(
            "From patients alone no power follows: it depends on their events.",
            "Give event_probability, or hazard_control with accrual and follow_up.",
        )
    return math.floor(_count(n, "n") * overall + ROUNDING)


def _arms(events: int, overall: float | None, ratio: float, n: int | None) -> tuple[int | None, int | None]:
    if overall is None:
        return None, None
    if n is not None:
        # The patients are given: they are shared out, not rounded up.
        experimental = round(n * ratio / (1.0 + ratio))
        return n - experimental, experimental
    control = events / overall / (1.0 + ratio)
    return _whole_up(control), _whole_up(control * ratio)


def _count(value: int | None, name: str) -> int:
    if value is None or value != int(value) or value < 1:
        raise UsageError(f"{name} is no number of patients.", "Give a whole number.", f"{name} >= 1")
    return int(value)


def _whole_up(value: float) -> int:
    return math.ceil(value * (1.0 - ROUNDING))


def _upper_tail(z: float) -> float:
    tail = normal_two_sided(z) / 2.0
    return tail if z > 0.0 else 1.0 - tail
