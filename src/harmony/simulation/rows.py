"""From one row a patient to the rows of the common tables; no loop over patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harmony.dictionary.model import Dictionary
from harmony.simulation.definitions import definition
from harmony.simulation.disease import ANALYTES, GENES, LESIONS
from harmony.simulation.eln_2022 import GROUPS, NOT_ASSESSABLE
from harmony.simulation.laws import Floats
from harmony.simulation.streams import Streams
from harmony.simulation.terms import Columns
from harmony.simulation.timeline import EARLY, NON_RELAPSE, TRANSPLANT
from harmony.store.tables import ARROW_TYPES

#: Name of the column that tells which patient a row belongs to (0, 1, …).
PATIENT: Final = "patient"


def common_rows(columns: Columns, streams: Streams) -> dict[str, Columns]:
    """
    Return the true rows of every common table.

    Parameters
    ----------
    columns : dict of str to array of shape (n,)
        The cohort's truth.
    streams : Streams
        For what only rows need: donors, levels, days of contact.

    Returns
    -------
    dict of str to dict of str to array
        Table to field to values; `patient` gives each row's patient. Empty text, NaN and NaT = not known.
    """
    return {
        "patient": _patient(columns, streams),
        "diagnosis": _diagnosis(columns),
        "biochemistry": _at_diagnosis(columns) | {name: columns[name] for name in ANALYTES},
        "cytogenetics": _cytogenetics(columns),
        "gene_test": _gene_test(columns),
        "treatment": _treatment(columns),
        "transplant": _transplant(columns, streams),
        "response": _response(columns),
        "mrd": _mrd(columns, streams),
        "follow_up": _follow_up(columns, streams),
    }


def patient_ids(size: int) -> NDArray[np.str_]:
    """Return `SYN-AML-000000001` and so on."""
    return _numbered(definition("aml")["id_prefix"], size)


def arrow_table(table: str, rows: Columns, size: int, dictionary: Dictionary) -> pa.Table:
    """
    Return rows as an Arrow table in dictionary order, keys added, rows sorted as given.

    Parameters
    ----------
    rows : dict of str to array
        Fields of the table and `patient`.
    size : int
        Patients of the cohort.
    """
    count = len(rows[PATIENT])
    key = dictionary.key_of(table)
    filled: Mapping[str, NDArray[Any]] = {
        key: _numbered(f"{definition('aml')['id_prefix']}{table}-", count),
        "patient_id": patient_ids(size)[rows[PATIENT]],
        **rows,
    }
    fields = [field for field in dictionary.tables[table] if field.name in filled]
    return pa.table({field.name: _array(filled[field.name], ARROW_TYPES[field.type]) for field in fields})


def _array(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    if values.dtype.kind == "U":
        return pa.array(values.astype(object), type=kind, mask=values == "")
    if values.dtype.kind == "f" and kind == pa.int64():
        unknown = np.isnan(values)
        return pa.array(np.where(unknown, 0, values).astype(np.int64), type=kind, mask=unknown)
    return pa.array(values, type=kind, from_pandas=True)


def _numbered(prefix: str, count: int) -> NDArray[np.str_]:
    return np.char.add(prefix, np.char.zfill(np.arange(1, count + 1).astype(str), 9))


def _date(columns: Columns, days: Floats) -> NDArray[np.datetime64]:
    known = np.isfinite(days)
    shift = np.where(known, days, 0).astype("timedelta64[D]")
    return np.where(known, columns["diagnosis_date"] + shift, np.datetime64("NaT"))


def _where(rows: Columns, keep: NDArray[np.bool_]) -> Columns:
    return {name: values[keep] for name, values in rows.items()}


def _same(text: str, like: NDArray[Any]) -> NDArray[np.str_]:
    return np.full(len(like), text)


def _patient(columns: Columns, streams: Streams) -> Columns:
    day, died = columns["diagnosis_date"], columns["died"]
    start = day.astype("datetime64[Y]")
    decimal_year = columns["year"] + (day - start.astype("datetime64[D]")).astype(float) / 365.25
    lost = ~died & (
        columns["diagnosis_date"] + columns["day_last"].astype("timedelta64[D]") < columns["cut_off"]
    )
    consent = {key: share for key, share in definition("aml")["consent"].items() if key != "assumption"}
    return {
        PATIENT: np.arange(len(day)),
        "provider_id": np.char.add("SYN-", columns["provider"]),
        "disease": _same("AML", day),
        "pediatric": np.zeros(len(day), dtype=bool),
        "year_of_birth": np.floor(decimal_year - columns["age"]).astype(int),
        "sex": np.where(columns["male"], "male", "female"),
        "index_diagnosis_date": day,
        "age_at_diagnosis": np.floor(columns["age"]),
        "consent_status": streams.name("consent", consent),
        "vital_status": np.where(died, "dead", "alive"),
        "death_date": _date(columns, np.where(died, columns["day_last"], np.inf)),
        "cause_of_death": _cause(columns, streams),
        "last_contact_date": _date(columns, columns["day_last"]),
        "lost_to_follow_up": lost,
        "censor_reason": np.where(died, "death", np.where(lost, "lost", "data_cutoff")),
        "data_cutoff_date": columns["cut_off"],
    }


def _cause(columns: Columns, streams: Streams) -> NDArray[np.str_]:
    causes, kind = definition("aml")["causes_of_death"], columns["death_kind"]
    chosen = _same("disease", kind).astype("U20")
    for code, name in ((EARLY, "early"), (TRANSPLANT, "transplant"), (NON_RELAPSE, "non_relapse")):
        chosen = np.where(kind == code, streams.name(f"cause {name}", causes[name]), chosen)
    return np.where(columns["died"], chosen, "")


def _diagnosis(columns: Columns) -> Columns:
    day = columns["diagnosis_date"]
    origin = np.where(columns["therapy_related"], "therapy_related", "de_novo")
    # ELN 2022 excludes acute promyelocytic leukaemia.
    group = np.where(columns["e:pml"], NOT_ASSESSABLE, columns["eln2022"])
    return {
        PATIENT: np.arange(len(day)),
        "diagnosis_role": _same("index", day),
        "diagnosis_date": day,
        "disease_group": _same("AML", day),
        "classification_edition": _same("WHO2022", day),
        "disease_origin": np.where(columns["secondary"], "secondary", origin),
        "aml_entity": columns["entity"],
        "eln2022_risk": GROUPS[group],
    }


def _at_diagnosis(columns: Columns) -> Columns:
    day = columns["diagnosis_date"]
    return {PATIENT: np.arange(len(day)), "sample_date": day, "timepoint": _same("diagnosis", day)}


def _cytogenetics(columns: Columns) -> Columns:
    failed = columns["failed"]
    result = np.where(columns["karyotype_normal"], "normal", "abnormal")
    lesions = {
        name: np.where(failed, "not_assessed", np.where(columns[name], "present", "absent"))
        for name in LESIONS
    }
    fixed = {"method": _same("combined", failed), "karyotype_result": np.where(failed, "failed", result)}
    return _at_diagnosis(columns) | fixed | {"karyotype_iscn": columns["karyotype_text"]} | lesions


def _gene_test(columns: Columns) -> Columns:
    genes = {f"{g.lower()}_status": np.where(columns[g], "mutated", "wild_type") for g in GENES}
    return _at_diagnosis(columns) | {"method": _same("ngs_panel", columns["year"])} | genes


def _treatment(columns: Columns) -> Columns:
    types, regimen = definition("aml")["treatment"]["lines"]["types"], columns["regimen"]
    supportive = regimen == "supportive"
    names, place = np.unique(regimen, return_inverse=True)
    intensity = np.where(columns["fit"], "intensive", "non_intensive")
    rows = {
        PATIENT: np.arange(len(regimen)),
        "line_number": np.ones(len(regimen), dtype=int),
        "treatment_type": np.array([types.get(str(name), "chemotherapy") for name in names])[place],
        "phase": np.where(supportive, "palliative", "induction"),
        "intensity": np.where(supportive, "supportive", intensity),
        "start_date": _date(columns, columns["day_treatment"]),
        "regimen": np.where(supportive, "", regimen),
    }
    return _where(rows, np.isfinite(columns["day_treatment"]))


def _transplant(columns: Columns, streams: Streams) -> Columns:
    law, day = definition("aml")["model"]["transplant"], columns["day_transplant"]
    donor, graft = (
        streams.name(f"transplant {name}", {k: p for k, p in law[name].items() if isinstance(p, float)})
        for name in ("donor", "graft")
    )
    rows = {
        PATIENT: np.arange(len(day)),
        "transplant_date": _date(columns, day),
        "transplant_number": np.ones(len(day), dtype=int),
        "type": _same("allogeneic", day),
        "donor_type": donor,
        "graft_source": np.where(donor == "cord", "cord", graft),
        "disease_status": _same("CR1", day),
    }
    return _where(rows, np.isfinite(day))


def _response(columns: Columns) -> Columns:
    categories = np.array(definition("aml")["model"]["response"]["categories"])
    first = (columns["day_assessed"], categories[columns["response"]], "end_induction")
    again = (columns["day_relapse"], _same("relapse", columns["response"]), "relapse")
    size = len(columns["response"])
    days = np.concatenate([first[0], again[0]])
    rows = {
        PATIENT: np.tile(np.arange(size), 2),
        "assessment_date": np.concatenate([_date(columns, day) for day in (first[0], again[0])]),
        "criteria": np.full(2 * size, "ELN2022"),
        "response": np.concatenate([first[1], again[1]]),
        "line_number": np.ones(2 * size, dtype=int),
        "timepoint": np.repeat([first[2], again[2]], size),
    }
    return _sorted(_where(rows, np.isfinite(days)), "assessment_date")


def _mrd(columns: Columns, streams: Streams) -> Columns:
    assays = definition("aml")["model"]["mrd"]["measurements"]["list"]
    marker = columns["NPM1"] | columns["e:t821"] | columns["e:inv16"]
    # A transcript can be followed only in leukaemia that has one.
    kept = [marker if assay["method"] == "rtqpcr_fusion" else True for assay in assays]
    parts = [
        _where(_assay(columns, streams, assay), np.isfinite(columns["day_response"]) & keep)
        for assay, keep in zip(assays, kept, strict=True)
    ]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _sorted(rows, "sample_date")


def _assay(columns: Columns, streams: Streams, assay: Mapping[str, Any]) -> Columns:
    day, positive = columns["day_response"], columns["mrd_pos"]
    step = f"mrd level {assay['method']}"
    high = 10 ** (assay["log10_mean"] + assay["log10_sd"] * streams.normal(step))
    # Half of the negative samples are undetectable, the other half lies between detection and threshold.
    uniform = 2 * streams.uniform(f"{step} below")
    lod, threshold = np.log10(assay["lod"]), np.log10(assay["threshold"])
    low = np.where(uniform < 1, 0.0, 10 ** (lod + (uniform - 1) * (threshold - lod)))
    level = np.where(positive, np.clip(high, assay["threshold"], 1.0), low)
    return {
        PATIENT: np.arange(len(day)),
        "sample_date": _date(columns, day),
        **{name: _same(assay[name], day) for name in ("timepoint", "specimen", "method")},
        "status": np.where(positive, "present", "absent"),
        "level": np.round(level, 6),
    }


def _follow_up(columns: Columns, streams: Streams) -> Columns:
    law, last = definition("aml")["contacts"], columns["day_last"]
    months = law["schedule_months"]
    planned = [
        np.round(30.4375 * month + law["jitter_days_sd"] * streams.normal(f"contact month {month}"))
        for month in months
    ]
    visits = [np.where(day < last, day, np.inf) for day in planned]
    days = np.concatenate([*visits, np.where(columns["died"], np.inf, last)])
    patient = np.tile(np.arange(len(last)), len(months) + 1)
    here = np.isfinite(days)
    patient, days = patient[here], days[here]
    own = {name: values[patient] for name, values in columns.items() if values.ndim == 1}
    rows = {
        PATIENT: patient,
        "contact_date": _date(own, days),
        "contact_source": np.full(len(days), "visit"),
        "alive": np.ones(len(days), dtype=bool),
        "disease_status": _status(own, days),
    }
    return _sorted(rows, "contact_date")


def _status(own: Columns, days: Floats) -> NDArray[np.str_]:
    categories = definition("aml")["model"]["response"]["categories"]
    partial = np.isin(own["response"], [categories.index("PR"), categories.index("MLFS")])
    states = [
        days < own["day_assessed"],
        days >= own["day_relapse"],
        own["remission"],
        partial,
    ]
    return np.select(states, ["not_assessed", "progressive", "remission", "partial"], "progressive")


def _sorted(rows: Columns, date: str) -> Columns:
    order = np.lexsort([rows[date], rows[PATIENT]])
    return {name: values[order] for name, values in rows.items()}
