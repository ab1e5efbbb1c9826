"""
What happens to the patient: treatment, response, residual disease, transplant, relapse, death, censoring.

Years are counted from diagnosis; infinity = it never happens. Order and formulae make the course coherent by
construction: a relapse is remission plus a positive time, refractory disease has none.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from harmony.simulation.definitions import definition
from harmony.simulation.laws import Floats, event_time
from harmony.simulation.streams import Streams
from harmony.simulation.terms import Columns, holds, value, weighted_sum

DAYS_PER_YEAR: Final = 365.25

#: What a death came from, as the cause of death is told by it.
ALIVE, EARLY, NON_RELAPSE, TRANSPLANT, RELAPSE, REFRACTORY = range(6)


def draw_course(streams: Streams, columns: Columns) -> Columns:
    """
    Draw the whole course from diagnosis to death or end of follow-up.

    Parameters
    ----------
    columns : dict of str to array of shape (n,)
        What `draw_disease` returned.

    Returns
    -------
    dict of str to array of shape (n,)
        `t_*` in years from diagnosis and the flags that later steps and tables name.
    """
    columns = dict(columns)
    columns |= _treatment(streams, columns)
    columns |= _response(streams, columns)
    columns |= _planned_transplant(streams, columns)
    columns |= _first_failure(streams, columns)
    columns |= _death(streams, columns)
    columns["regimen"] = _regimen(streams, columns)
    columns["t_censored"], columns["cut_off"] = _censoring(streams, columns)
    return columns


def _treatment(streams: Streams, columns: Columns) -> Columns:
    treatment, lag = definition("aml")["treatment"], definition("aml")["model"]["start_lag"]
    result: Columns = {"t_treatment": streams.lognormal("start of treatment", lag["median"], lag["sigma"])}
    odds = treatment["fit"]["logit0"] + weighted_sum(treatment["fit"]["or"], columns)
    result["fit"] = streams.happens("fit", odds)
    for name, era in treatment["era"].items():
        allowed = holds(era["when"], columns | result) & (columns["year"] >= era["from"])
        result[f"era:{name}"] = allowed & streams.below(f"era {name}", era["p"])
    return result


def _response(streams: Streams, columns: Columns) -> Columns:
    model = definition("aml")["model"]
    law, early, patient_sd = (
        model["response"],
        model["early_death"],
        definition("aml")["frailty"]["patient_sd"],
    )
    early_death = streams.happens("early death", early["logit0"] + weighted_sum(early["or"], columns))
    window = early["within"] * streams.uniform("day of early death")
    latent = weighted_sum(law["or"], columns) + streams.logistic("response")
    latent -= 0.15 * columns["frailty"] / patient_sd
    category = len(law["cuts"]) - np.searchsorted(law["cuts"][::-1], latent)
    lag = streams.lognormal("time of response", law["time"]["median"], law["time"]["sigma"])
    remission = (category <= law["responder_upto"]) & ~early_death
    mrd = model["mrd"]
    odds = mrd["logit0"] + weighted_sum(mrd["or"], columns) + 0.3 * columns["frailty"] / patient_sd
    assessed = columns["t_treatment"] + lag
    return {
        "early_death": early_death,
        "t_early": np.where(early_death, columns["t_treatment"] + window, np.inf),
        "response": category,
        "remission": remission,
        "t_assessed": np.where(early_death, np.inf, assessed),
        "t_response": np.where(remission, assessed, np.inf),
        "mrd_pos": remission & streams.happens("mrd", odds),
    }


def _planned_transplant(streams: Streams, columns: Columns) -> Columns:
    law = definition("aml")["model"]["transplant"]
    wished = streams.happens("transplant", law["logit0"] + weighted_sum(law["or"], columns))
    eligible = holds(law["eligible"], columns) & columns["remission"]
    lag = streams.lognormal("time of transplant", law["time"]["median"], law["time"]["sigma"])
    return {"transplant_lag": np.where(wished & eligible, lag, np.inf)}


def _log_ratio(law: dict[str, Any], columns: Columns) -> Floats:
    return weighted_sum(law["hr"], columns) + law.get("frailty", 0.0) * columns["frailty"]


def _first_failure(streams: Streams, columns: Columns) -> Columns:
    """Let relapse, death without relapse and transplant death compete; the clock runs from remission."""
    model = definition("aml")["model"]
    planned, nrm = columns["transplant_lag"], model["transplant"]["nrm"]

    def drawn(law: dict[str, Any], step: str, **switch: Any) -> Floats:
        return event_time(law["baseline"], streams.exponential(step), _log_ratio(law, columns), **switch)

    relapse = drawn(
        model["relapse"], "relapse", switch=planned, ratio_after=model["transplant"]["hr_relapse"]
    )
    other = drawn(model["nonrelapse_death"], "non-relapse death")
    done = planned < np.minimum(relapse, other)
    transplant_death = np.where(done, planned + drawn(nrm, "transplant death"), np.inf)
    before = np.minimum(other, transplant_death)
    remission, start = columns["remission"], columns["t_response"]
    relapsed = remission & (relapse < before)
    return {
        "relapsed": relapsed,
        "early_rel": relapsed & (relapse < model["death_after_relapse"]["early_within"]),
        "prior_tx": remission & done,
        "t_transplant": start + np.where(done, planned, np.inf),
        "t_relapse": start + np.where(relapsed, relapse, np.inf),
        "t_nonrelapse_death": start + np.where(relapsed, np.inf, before),
        "transplant_death": remission & ~relapsed & (transplant_death < other),
    }


def _death(streams: Streams, columns: Columns) -> Columns:
    model = definition("aml")["model"]
    after, refractory = (
        event_time(model[name]["baseline"], streams.exponential(name), _log_ratio(model[name], columns))
        for name in ("death_after_relapse", "death_refractory")
    )
    states = [
        columns["early_death"],
        ~columns["remission"],
        columns["relapsed"],
        columns["transplant_death"],
    ]
    times = [
        columns["t_early"],
        columns["t_assessed"] + refractory,
        columns["t_relapse"] + after,
        columns["t_nonrelapse_death"],
    ]
    died = np.select(states, times, columns["t_nonrelapse_death"])
    kind = np.select(states, [EARLY, REFRACTORY, RELAPSE, TRANSPLANT], NON_RELAPSE)
    return {"t_death": died, "death_kind": np.where(np.isinf(died), ALIVE, kind)}


def _regimen(streams: Streams, columns: Columns) -> np.ndarray[Any, Any]:
    lines = definition("aml")["treatment"]["lines"]
    fit, unfit = (dict(lines["otherwise"][name]) for name in ("fit", "!fit"))
    active = {name: weight for name, weight in unfit.items() if name != "supportive"}
    # Supportive care brings no remission: those who reached one had an active drug.
    chosen = np.where(
        columns["fit"],
        streams.name("regimen fit", fit),
        np.where(
            columns["remission"],
            streams.name("regimen unfit", active),
            streams.name("regimen unfit", unfit),
        ),
    )
    for line in reversed(lines["list"]):
        taken = value(line["when"], columns) * streams.below(f"regimen {line['regimen']}", line["p"])
        chosen = np.where(taken == 1, line["regimen"], chosen)
    return chosen


def _censoring(streams: Streams, columns: Columns) -> tuple[Floats, Any]:
    law = definition("aml")["censoring"]
    first = np.datetime64(f"{int(law['cutoff_year'])}-01-01")
    cut_off = first + np.timedelta64(int(law["cutoff_year"] % 1 * DAYS_PER_YEAR), "D")
    years = (cut_off - columns["diagnosis_date"]).astype(float) / DAYS_PER_YEAR
    poor = np.isin(columns["provider"], law["poor_follow_up"])
    rate = law["loss_rate"] * np.where(poor, law["poor_follow_up_factor"], 1.0)
    lost = streams.exponential("loss to follow-up") / rate
    return np.minimum(years, lost), np.full(streams.size, cut_off)
