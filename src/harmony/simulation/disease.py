"""Who falls ill with what: provider, class, person, karyotype, genes, blood counts, performance and risk."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harmony.simulation.definitions import definition
from harmony.simulation.eln_2022 import (
    ADVERSE,
    FAVOURABLE,
    INTERMEDIATE,
    MYELODYSPLASIA_GENES,
    TP53_FRACTION,
    risk_group,
)
from harmony.simulation.laws import QUARTILE_DISTANCE, Floats, inverse_logit, logit, truncated_normal
from harmony.simulation.streams import Streams, pick
from harmony.simulation.terms import Columns, weighted_sum

LESIONS: Final = tuple(flag for flag in definition("aml_karyotypes")["flags"] if flag != "failed")
GENES: Final = tuple(definition("aml_genes")["order"])
ANALYTES: Final = tuple(definition("aml")["laboratory"])

#: Karyotypes without any finding, as the templates write them.
_NORMAL = ("46,XY[20]", "46,XX[20]")

# Refined NPM1 groups 0, 1, 2. A rule of ours that gives the published shares; the published rule also uses
# IDH1 and IDH2, and must replace this one when it can be read in full.
_NPM1_GROUPS = ("npm:fav", "npm:int", "npm:adv")


def draw_disease(streams: Streams, provider: str | None) -> Columns:
    """
    Draw everything that is true on the day of diagnosis.

    Parameters
    ----------
    provider : str or None
        Provider of all patients, or None to draw providers by their weights.

    Returns
    -------
    dict of str to array of shape (n,)
        Names of the parameter files: `e:<class>`, genes in upper case, lesions, analytes, `age`, `ecog` …
    """
    columns = _provider_and_day(streams, provider)
    columns |= _person(streams)
    columns |= _karyotype(streams, columns)
    for gene in GENES:
        columns[gene] = _gene(streams, columns, gene)
    columns |= _refined_genes(streams, columns)
    columns["burden"] = streams.normal("burden")
    columns |= {name: _analyte(streams, columns, name) for name in ANALYTES}
    columns["wbc100"] = columns["wbc"] > 100
    columns |= _performance(streams, columns)
    columns |= _risk(columns)
    return columns


def _provider_and_day(streams: Streams, provider: str | None) -> Columns:
    population, frailty = definition("aml")["population"], definition("aml")["frailty"]
    weights = population["providers"]["weights"]
    drawn = np.full(streams.size, provider) if provider else streams.name("provider", weights)
    years = np.arange(population["years"]["first"], population["years"]["last"] + 1)
    weight = (1 + population["years"]["growth"]) ** (years - years[0])
    year = years[streams.index("year", list(weight))]
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    length = (first.astype("datetime64[Y]") + 1).astype("datetime64[D]") - first
    day = np.floor(streams.uniform("day of year") * length.astype(float)).astype("timedelta64[D]")
    effects = np.array([frailty["centre_effects"][name] for name in weights])
    position = np.argmax(drawn[:, None] == np.array(list(weights)), axis=1)
    return {
        "provider": drawn,
        "year": year,
        "diagnosis_date": first + day,
        "frailty": frailty["patient_sd"] * streams.normal("frailty") + effects[position],
    }


def _person(streams: Streams) -> Columns:
    entities = definition("aml")["entities"]
    classes = entities["list"]
    chosen = streams.index("entity", [item["share"] for item in classes])
    split = {key: share for key, share in entities["nos_split"].items() if key != "assumption"}
    code = np.array([item["code"] for item in classes])[chosen]
    identity = np.array([item["id"] for item in classes])
    age = truncated_normal(
        streams.uniform("age"), *np.array([i["age"] for i in classes], dtype=float)[chosen].T
    )
    columns: Columns = {f"e:{name}": chosen == number for number, name in enumerate(identity)}
    columns |= {
        "class": chosen,
        "entity": np.where(columns["e:nos"], streams.name("nos split", split), code),
        "male": streams.below("sex", np.array([item["male"] for item in classes])[chosen]),
        "age": age,
        "age10": (age - definition("aml")["population"]["age_reference"]) / 10,
        "age60p": age > 60,
        "age70p": age > 70,
    }
    origin = definition("aml")["origin"]
    secondary, therapy = (by_class(origin[name], chosen) for name in ("secondary", "therapy_related"))
    drawn = streams.uniform("origin")
    columns["secondary"] = drawn < secondary
    columns["therapy_related"] = ~columns["secondary"] & (drawn < secondary + therapy)
    return columns


def by_class(values: dict[str, Any], chosen: NDArray[np.int64]) -> Floats:
    """Return the value of each patient's class, or the default where the class has none."""
    classes = definition("aml")["entities"]["list"]
    return np.array([values.get(item["id"], values.get("default")) for item in classes], dtype=float)[chosen]


def _karyotype(streams: Streams, columns: Columns) -> Columns:
    templates = definition("aml_karyotypes")["templates"]
    drawn = streams.uniform("karyotype")
    chosen = np.zeros(streams.size, dtype=int)
    for number, item in enumerate(definition("aml")["entities"]["list"]):
        own = [place for place, template in enumerate(templates) if item["id"] in template["entities"]]
        here = columns["class"] == number
        chosen[here] = np.array(own)[pick(drawn[here], [templates[place]["p"] for place in own])]
    male = columns["male"]
    result: Columns = {"failed": _flag("failed", chosen, male)}
    text = np.where(
        male,
        np.array([template["male"] for template in templates])[chosen],
        np.array([template["female"] for template in templates])[chosen],
    )
    result["karyotype_normal"] = np.isin(text, _NORMAL)
    result["karyotype_text"] = np.where(result["failed"], "", text)
    return result | {name: _flag(name, chosen, male) for name in LESIONS}


def _flag(name: str, chosen: NDArray[np.int64], male: NDArray[np.bool_]) -> NDArray[np.bool_]:
    templates = definition("aml_karyotypes")["templates"]
    in_men = np.array([name in template["flags"] for template in templates])
    in_women = np.array([name in template.get("flags_female", template["flags"]) for template in templates])
    return np.where(male, in_men[chosen], in_women[chosen])


def _gene(streams: Streams, columns: Columns, gene: str) -> NDArray[np.bool_]:
    genes = definition("aml_genes")
    log_odds = by_class(genes["intercepts"][gene], columns["class"])
    return streams.happens(f"gene {gene}", log_odds + weighted_sum(genes["or"].get(gene, {}), columns))


def _refined_genes(streams: Streams, columns: Columns) -> Columns:
    genes = definition("aml_genes")
    first, middle, third = logit(np.array(genes["vaf"]["TP53"]) / 100)
    spread = (third - first) / QUARTILE_DISTANCE
    fraction = inverse_logit(middle + spread * streams.normal("vaf TP53"))
    in_frame = streams.below("cebpa bzip", genes["cebpa_bzip_inframe"]["p"])
    itd, dnmt3a = columns["FLT3_ITD"], columns["DNMT3A"]
    group = np.select([itd & dnmt3a, itd | (dnmt3a & columns["TET2"])], [2, 1], 0)
    return {
        "tp53_fraction": fraction,
        "tp53_adverse": columns["TP53"] & (fraction >= TP53_FRACTION),
        "cebpa_bzip": columns["CEBPA"] & columns["e:cebpa"] & in_frame,
        "mr_genes": np.logical_or.reduce([columns[name] for name in MYELODYSPLASIA_GENES]),
        **{name: columns["e:npm1"] & (group == number) for number, name in enumerate(_NPM1_GROUPS)},
    }


def _analyte(streams: Streams, columns: Columns, name: str) -> Floats:
    law = definition("aml")["laboratory"][name]
    change: dict[str, Any] = {
        "normal": lambda x: x,
        "lognormal": np.log,
        "logitnormal": lambda x: logit(np.asarray(x) / 100),
    }
    scale = change[law["dist"]]
    spread = law["within"] * (scale(law["q3"]) - scale(law["q1"])) / QUARTILE_DISTANCE
    median = by_class({"default": law["median"], **law.get("entity", {})}, columns["class"])
    burden = law["burden"]
    noise = burden * columns["burden"] + np.sqrt(1 - burden**2) * streams.normal(f"laboratory {name}")
    drawn = scale(median) + weighted_sum(law.get("multiply", {}), columns) + spread * noise
    if law["dist"] != "normal":
        drawn = np.exp(drawn) if law["dist"] == "lognormal" else 100 * inverse_logit(drawn)
    return np.round(np.clip(drawn, *law["clip"]), law["digits"])


def _performance(streams: Streams, columns: Columns) -> Columns:
    law = definition("aml")["ecog"]
    latent = weighted_sum(law["or"], columns) + law["burden"] * columns["burden"] + streams.logistic("ecog")
    ecog = np.searchsorted(law["cuts"], latent)
    return {"ecog": ecog, "ecog2": ecog >= 2}


def _risk(columns: Columns) -> Columns:
    group = risk_group(columns, columns)
    return {
        "eln2022": group,
        "eln:fav": group == FAVOURABLE,
        "eln:int": group == INTERMEDIATE,
        "eln:adv": group == ADVERSE,
    }
