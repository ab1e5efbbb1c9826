"""
How much of a delivery has standard OMOP concepts: by value, by patient, and the list of what has none.

A value counts as mapped when other OMOP users can find it: a code with a standard value concept, a number,
date or answer whose field has a standard concept or a CDM column of its own. Everything else stands in the
copy under a concept of the HARMONY pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Dictionary, Field
from harmony.omop.cdm import cdm_tables
from harmony.omop.concepts import ConceptPack
from harmony.omop.plan import field_code
from harmony.omop.rows import Delivery, WideRows, prepare


@dataclass(frozen=True)
class Unmapped:
    """One concept of the pack that values needed; `concept_id` 0 for codes that no list knows."""

    concept_code: str
    concept_id: int
    rows: int
    patients: int


@dataclass(frozen=True)
class MappedShare:
    """
    Mapped values of a delivery.

    Attributes
    ----------
    rows, mapped_rows : int
        Known values, and those with a standard concept; row keys and patient ids are no values.
    patients, whole_patients : int
        Patients, and those all of whose values are mapped.
    mean_patient_share : float or None
        Mean over patients of the mapped share of their values, 0 to 1; None without any value.
    unmapped : tuple of Unmapped
        The rest, most rows first.
    """

    rows: int
    mapped_rows: int
    patients: int
    whole_patients: int
    mean_patient_share: float | None
    unmapped: tuple[Unmapped, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the content of `mapping.json`."""
        return {
            "by_row": {"all": self.rows, "mapped": self.mapped_rows},
            "by_patient": {
                "all": self.patients,
                "wholly_mapped": self.whole_patients,
                "mean_share": self.mean_patient_share,
            },
            "unmapped": [vars(item) for item in self.unmapped],
        }


def mapped_share(tables: Mapping[str, pa.Table], dictionary: Dictionary, pack: ConceptPack) -> MappedShare:
    """Count the mapped values of common tables; refuses what `to_omop` refuses."""
    delivery = prepare(tables, dictionary)
    count = len(delivery.persons)
    known, mapped = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    unmapped = []
    for rows, field in _fields(delivery):
        filled = rows.filled(field.name)
        values = rows.values(field.name).take(pa.array(filled))
        standard = _is_standard(field, values)
        persons = rows.persons[filled] - 1
        known += np.bincount(persons, minlength=count)
        mapped += np.bincount(persons[standard], minlength=count)
        unmapped += _unmapped(field, values.filter(pa.array(~standard)), persons[~standard], pack)
    having = known > 0
    return MappedShare(
        rows=int(known.sum()),
        mapped_rows=int(mapped.sum()),
        patients=count,
        whole_patients=int((having & (known == mapped)).sum()),
        mean_patient_share=round(float((mapped[having] / known[having]).mean()), 6) if having.any() else None,
        unmapped=tuple(sorted(unmapped, key=lambda item: (-item.rows, item.concept_code))),
    )


def _fields(delivery: Delivery) -> Iterator[tuple[WideRows, Field]]:
    for rows in delivery.tables.values():
        dated = [rows.plan.main_date] if rows.plan.main_date else []
        for field in (*dated, *rows.plan.facts):
            if field.name in rows.table.column_names:
                yield rows, field


def _is_standard(field: Field, values: pa.Array) -> np.ndarray:
    if field.type == "category":
        standard = pc.is_in(values, value_set=pa.array(list(field.value_concepts), pa.string()))
        return standard.to_numpy(zero_copy_only=False)
    has_column = bool(field.omop_field) and field.omop_table in cdm_tables()
    return np.full(len(values), has_column or field.concept_id > 0)


def _unmapped(field: Field, values: pa.Array, persons: np.ndarray, pack: ConceptPack) -> list[Unmapped]:
    if not len(values):
        return []
    own = field_code(field)
    if field.type != "category":
        return [Unmapped(own, pack.id_of(own), len(values), len(np.unique(persons)))]
    codes = list(field.codes)
    # An unlisted code is a value from the source, so that it is counted and not named.
    places = pc.index_in(values, value_set=pa.array(codes, pa.string())).fill_null(len(codes))
    place = places.to_numpy(zero_copy_only=False).astype(np.int64)
    found = []
    for number in np.unique(place):
        listed = number < len(codes)
        code = f"{own}={codes[number]}" if listed else f"{own}=?"
        chosen = persons[place == number]
        concept = pack.id_of(code) if listed else 0
        found.append(Unmapped(code, concept, len(chosen), len(np.unique(chosen))))
    return found
