"""
Exchange copies: the CDM tables that other OMOP tools read.

Nothing is rebuilt from them but `person_source_value`. Values that OMOP demands and the delivery does not
have are invented here, each with a flag OBSERVATION.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.omop.cells import code_concepts
from harmony.omop.concepts import (
    FIRST_LOCAL,
    INVENTED_BIRTH_YEAR,
    INVENTED_PERIOD_END,
    INVENTED_PERIOD_START,
    ConceptPack,
)
from harmony.omop.facts import REGISTRY
from harmony.omop.plan import field_code
from harmony.omop.rows import NO_DATE, Delivery, WideRows
from harmony.omop.sheet import Sheet

#: OMOP's concept of an episode that is a course of a treatment regimen.
TREATMENT_REGIMEN: Final = 32531
#: Treatments that are no drugs; active monitoring is an episode only.
PROCEDURES: Final = ("radiotherapy", "surgery")
NOT_DRUGS: Final = (*PROCEDURES, "watch_wait")
#: Birth year of a person of whom neither birth year nor age is known.
NO_BIRTH_YEAR: Final = 1900
#: An age outside these limits (years) gives no birth year.
AGES: Final = (0.0, 115.0)


def per_person(delivery: Delivery, field: str) -> pa.Array:
    """Return a field of table patient for each person, from the person's first row; NULL without one."""
    rows = delivery.tables.get("patient")
    if rows is None:
        return pa.nulls(len(delivery.persons), pa.null())
    found, first = np.unique(rows.persons, return_index=True)
    places = np.full(len(delivery.persons), -1)
    places[found - 1] = first
    return rows.values(field).take(pa.array(places, mask=places < 0))


def dates_per_person(delivery: Delivery, field: str) -> np.ndarray:
    """Return a date of table patient for each person as datetime64[D]; NaT where it is not known."""
    values = per_person(delivery, field).cast(pa.date32())
    return values.to_numpy(zero_copy_only=False).astype("datetime64[D]")


def add_persons(person: Sheet, observation: Sheet, delivery: Delivery, pack: ConceptPack) -> None:
    """Write PERSON; a birth year that is not known is invented and flagged."""
    count = len(delivery.persons)
    years = per_person(delivery, "year_of_birth").cast(pa.int64())
    sex = per_person(delivery, "sex").cast(pa.string())
    person.add(
        count,
        person_id=np.arange(1, count + 1),
        gender_concept_id=_sex_concepts(delivery, sex, pack),
        year_of_birth=pc.coalesce(years, pa.array(_likely_birth_years(delivery))),
        race_concept_id=0,
        ethnicity_concept_id=0,
        person_source_value=delivery.persons,
        gender_source_value=_narrow(sex),
    )
    _flag(observation, delivery, pc.is_null(years).to_numpy(zero_copy_only=False), INVENTED_BIRTH_YEAR, pack)


def add_periods(period: Sheet, observation: Sheet, delivery: Delivery, pack: ConceptPack) -> None:
    """Write OBSERVATION_PERIOD, index diagnosis to last contact; other bounds are invented and flagged."""
    count = len(delivery.persons)
    start, end = (dates_per_person(delivery, f) for f in ("index_diagnosis_date", "last_contact_date"))
    no_start, no_end = np.isnat(start), np.isnat(end)
    start = _first_known(start, delivery.first)
    end = _first_known(end, delivery.last)
    period.add(
        count,
        person_id=np.arange(1, count + 1),
        observation_period_start_date=np.minimum(start, end),
        observation_period_end_date=np.maximum(start, end),
        period_type_concept_id=REGISTRY,
    )
    _flag(observation, delivery, no_start, INVENTED_PERIOD_START, pack)
    _flag(observation, delivery, no_end, INVENTED_PERIOD_END, pack)


def add_deaths(death: Sheet, delivery: Delivery, pack: ConceptPack) -> None:
    """Write DEATH for persons whose date of death is known; a death without a date stays an observation."""
    when = dates_per_person(delivery, "death_date")
    dead = np.flatnonzero(~np.isnat(when))
    if not len(dead):
        return
    causes = per_person(delivery, "cause_of_death").cast(pa.string()).take(pa.array(dead))
    field = delivery.tables["patient"].plan.by_name["cause_of_death"]
    death.add(
        len(dead),
        person_id=dead + 1,
        death_date=when[dead],
        death_type_concept_id=REGISTRY,
        cause_concept_id=pc.if_else(pc.is_valid(causes), code_concepts(field, causes, pack), None),
        cause_source_value=_narrow(causes),
    )


def add_conditions(condition: Sheet, delivery: Delivery, pack: ConceptPack) -> None:
    """Write CONDITION_OCCURRENCE from diagnosis, and from patient where a person has no diagnosis."""
    diagnosis, patient = delivery.tables.get("diagnosis"), delivery.tables.get("patient")
    if diagnosis is not None:
        entities = [f for f in diagnosis.plan.by_name if f.endswith("_entity")]
        _add_conditions(condition, diagnosis, np.arange(len(diagnosis)), [*entities, "disease_group"], pack)
    if patient is not None:
        covered = diagnosis.persons if diagnosis is not None else np.array([], dtype=np.int64)
        bare = np.flatnonzero(~np.isin(patient.persons, covered))
        _add_conditions(condition, patient, bare, ["disease"], pack)


def add_treatments(drug: Sheet, procedure: Sheet, episode: Sheet, rows: WideRows, pack: ConceptPack) -> None:
    """Write table treatment: an EPISODE a row, and the drugs or the procedure given in it."""
    regimens = rows.values("regimen").cast(pa.string())
    concepts = code_concepts(rows.plan.by_name["regimen"], regimens, pack)
    ends = rows.values("end_date").cast(pa.date32())
    episode.add(
        len(rows),
        person_id=rows.persons,
        episode_concept_id=TREATMENT_REGIMEN,
        episode_start_date=rows.dates,
        episode_end_date=ends,
        episode_number=rows.values("line_number").cast(pa.int64()),
        episode_object_concept_id=concepts,
        episode_type_concept_id=REGISTRY,
        episode_source_value=_narrow(regimens),
    )
    kinds = rows.values("treatment_type").cast(pa.string())
    given = pc.and_(pc.is_valid(kinds), pc.invert(pc.is_in(kinds, value_set=pa.array(NOT_DRUGS))))
    _add_drugs(drug, rows, given, ends, regimens)
    _add_procedures(procedure, rows, "treatment_type", pc.is_in(kinds, value_set=pa.array(PROCEDURES)), pack)


def add_transplants(procedure: Sheet, rows: WideRows, pack: ConceptPack) -> None:
    """Write a PROCEDURE_OCCURRENCE for each row of table transplant."""
    _add_procedures(procedure, rows, "type", pa.repeat(pa.scalar(True), len(rows)), pack)


def _add_conditions(
    sheet: Sheet, rows: WideRows, chosen: np.ndarray, fields: list[str], pack: ConceptPack
) -> None:
    # The entity says more than the group; the first standard concept wins, else the first code's own one.
    concepts = [_chosen_concepts(rows, chosen, name, pack) for name in fields]
    standard = [pc.if_else(pc.less(c, FIRST_LOCAL), c, None) for c in concepts]
    codes = [_narrow(rows.values(name).cast(pa.string())).take(pa.array(chosen)) for name in fields]
    sheet.add(
        len(chosen),
        person_id=rows.persons[chosen],
        condition_concept_id=pc.coalesce(*standard, *concepts, pa.scalar(0, pa.int64())),
        condition_start_date=rows.dates[chosen],
        condition_type_concept_id=REGISTRY,
        condition_source_value=pc.coalesce(*codes),
    )


def _chosen_concepts(rows: WideRows, chosen: np.ndarray, name: str, pack: ConceptPack) -> pa.Array:
    concepts = code_concepts(rows.plan.by_name[name], rows.values(name).cast(pa.string()), pack)
    return pc.if_else(pc.equal(concepts, 0), None, concepts).take(pa.array(chosen))


def _add_drugs(sheet: Sheet, rows: WideRows, given: pa.Array, ends: pa.Array, regimens: pa.Array) -> None:
    # OMOP demands an end; `verbatim_end_date` holds the known one and stays empty for an invented end.
    chosen = np.flatnonzero(given.to_numpy(zero_copy_only=False))
    known = ends.take(pa.array(chosen))
    starts = pa.array(rows.dates[chosen], pa.date32())
    sheet.add(
        len(chosen),
        person_id=rows.persons[chosen],
        drug_concept_id=0,
        drug_exposure_start_date=starts,
        drug_exposure_end_date=pc.coalesce(known, starts),
        verbatim_end_date=known,
        drug_type_concept_id=REGISTRY,
        drug_source_value=_narrow(regimens).take(pa.array(chosen)),
    )


def _add_procedures(sheet: Sheet, rows: WideRows, name: str, given: pa.Array, pack: ConceptPack) -> None:
    chosen = np.flatnonzero(given.to_numpy(zero_copy_only=False))
    codes = rows.values(name).cast(pa.string()).take(pa.array(chosen))
    field = rows.plan.by_name[name]
    sheet.add(
        len(chosen),
        person_id=rows.persons[chosen],
        procedure_concept_id=code_concepts(field, codes, pack),
        procedure_date=rows.dates[chosen],
        procedure_type_concept_id=REGISTRY,
        procedure_source_value=_narrow(codes),
        procedure_source_concept_id=pack.id_of(field_code(field)),
    )


def _sex_concepts(delivery: Delivery, sex: pa.Array, pack: ConceptPack) -> pa.Array | int:
    if "patient" not in delivery.tables:
        return 0
    concepts = code_concepts(delivery.tables["patient"].plan.by_name["sex"], sex, pack)
    return pc.if_else(pc.less(concepts, FIRST_LOCAL), concepts, 0)


def _likely_birth_years(delivery: Delivery) -> np.ndarray:
    when = dates_per_person(delivery, "index_diagnosis_date")
    age = per_person(delivery, "age_at_diagnosis").cast(pa.float64()).to_numpy(zero_copy_only=False)
    usable = ~np.isnat(when) & (age >= AGES[0]) & (age <= AGES[1])
    years = np.full(len(when), NO_BIRTH_YEAR, dtype=np.int64)
    years[usable] = (
        when[usable].astype("datetime64[Y]").astype(np.int64) + 1970 - age[usable].astype(np.int64)
    )
    return years


def _first_known(wanted: np.ndarray, substitute: np.ndarray) -> np.ndarray:
    found = np.where(np.isnat(wanted), substitute, wanted)
    return np.where(np.isnat(found), NO_DATE, found)


def _narrow(texts: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(texts, start=0, stop=50)


def _flag(sheet: Sheet, delivery: Delivery, flagged: np.ndarray, code: str, pack: ConceptPack) -> None:
    persons = np.flatnonzero(flagged)
    sheet.add(
        len(persons),
        person_id=persons + 1,
        observation_concept_id=pack.id_of(code),
        observation_date=_first_known(delivery.first[persons], delivery.first[persons]),
        observation_type_concept_id=REGISTRY,
        observation_source_value=code,
        observation_source_concept_id=pack.id_of(code),
    )
