"""Whole days of every event, what of it was seen before follow-up ended, and the endpoints made of it."""

from __future__ import annotations

import numpy as np

from harmony.simulation.laws import Floats
from harmony.simulation.terms import Columns
from harmony.simulation.timeline import DAYS_PER_YEAR


def seen_days(columns: Columns) -> Columns:
    """
    Turn years into whole days from diagnosis and forget what came after the end of follow-up.

    Parameters
    ----------
    columns : dict of str to array of shape (n,)
        The course; `t_*` in years, infinity = never.

    Returns
    -------
    dict of str to array of shape (n,)
        `day_treatment`, `day_assessed`, `day_response`, `day_transplant`, `day_relapse` (infinity = not
        seen), `day_last` and `died`.
    """
    treatment = _days(columns["t_treatment"])
    # Rounding must not put two steps of one course on the same day in the wrong order.
    assessed = np.maximum(_days(columns["t_assessed"]), treatment + 1)
    response = np.where(columns["remission"], assessed, np.inf)
    transplant = np.maximum(_days(columns["t_transplant"]), response + 1)
    earlier = np.where(columns["prior_tx"], transplant, response)
    relapse = np.maximum(_days(columns["t_relapse"]), earlier + 1)
    events = {"treatment": treatment, "assessed": assessed, "transplant": transplant, "relapse": relapse}
    latest = np.max([np.where(np.isinf(day), 0, day) for day in events.values()], axis=0)
    death = np.maximum(_days(columns["t_death"]), latest)
    censored = _days(columns["t_censored"])
    last = np.minimum(death, censored)
    events["response"] = response
    seen = {f"day_{name}": np.where(day <= last, day, np.inf) for name, day in events.items()}
    return seen | {"day_last": last, "died": death <= censored}


def _days(years: Floats) -> Floats:
    return np.round(DAYS_PER_YEAR * years)


def endpoints(columns: Columns) -> Columns:
    """
    Return times in years and events of overall survival, relapse-free survival and relapse.

    Parameters
    ----------
    columns : dict of str to array of shape (n,)
        With what `seen_days` returned.

    Returns
    -------
    dict of str to array of shape (n,)
        `os_*` from diagnosis; `rfs_*` and `cir_*` from remission, NaN without a remission (ELN 2022: CR, CRh
        or CRi). `cir_event` 1 relapse, 2 death without relapse.
    """
    started, last = columns["day_response"], columns["day_last"]
    here = np.isfinite(started)
    start = np.where(here, started, 0)
    relapsed = np.isfinite(columns["day_relapse"])
    stop = np.where(relapsed, columns["day_relapse"], last)
    died = columns["died"]

    def after_remission(values: Floats) -> Floats:
        return np.where(here, values, np.nan)

    since = after_remission((stop - start) / DAYS_PER_YEAR)
    return {
        "os_time": last / DAYS_PER_YEAR,
        "os_event": died.astype(float),
        "rfs_time": since,
        "rfs_event": after_remission((relapsed | died).astype(float)),
        "cir_time": since,
        "cir_event": after_remission(np.where(relapsed, 1.0, np.where(died, 2.0, 0.0))),
    }
