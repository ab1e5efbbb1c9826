"""
What an OMOP copy says about itself: CDM_SOURCE, and METADATA with the tables and columns of the delivery.

A column without a single value has no fact, and a table without rows no anchor; METADATA is how both come
back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from harmony.omop.canonical import PROVENANCE
from harmony.omop.concepts import TIME_AXIS_DAYS, ConceptPack
from harmony.omop.exchange import dates_per_person
from harmony.omop.rows import Delivery
from harmony.omop.sheet import Sheet

#: OMOP's concept of CDM version 5.4.
CDM_VERSION_CONCEPT: Final = 756265
#: Stands in CDM_SOURCE where the delivery names no data cut-off.
NO_CUTOFF: Final = dt.date(1970, 1, 1)
#: `metadata.name` of a table (value: rows) and of a column (value: place in the table).
TABLE_ENTRY, COLUMN_ENTRY = "harmony_table", "harmony_column"


def add_metadata(sheet: Sheet, delivery: Delivery, details: Mapping[str, Any], pack: ConceptPack) -> None:
    """Write METADATA: each table with its rows, each column with its place, and the time axis."""
    for name, rows in delivery.tables.items():
        entries = [(TABLE_ENTRY, name, pack.id_of(f"HMY:{name}"), len(rows))]
        for place, column in enumerate(rows.table.column_names):
            concept = 0 if column in PROVENANCE else pack.id_of(f"HMY:{name}.{column}")
            entries.append((COLUMN_ENTRY, f"{name}.{column}", concept, place))
        for entry in entries:
            _add(sheet, *entry)
    if details.get("axis") == "days":
        _add(sheet, "time_axis", str(details.get("index_event") or ""), pack.id_of(TIME_AXIS_DAYS), None)


def add_source(sheet: Sheet, delivery: Delivery, details: Mapping[str, Any], pack: ConceptPack) -> None:
    """
    Write CDM_SOURCE; a synthetic delivery is named so.

    The release date is the data cut-off, because equal deliveries must give equal copies; the day on
    which the copy was made stands in the stage record.
    """
    mark, provider = str(details.get("mark") or ""), str(details.get("provider") or "")
    cutoff = _cutoff(delivery, details)
    sheet.add(
        1,
        cdm_source_name="SYNTHETIC" if mark == "synthetic" else f"HARMONY {mark}".strip(),
        cdm_source_abbreviation="HARMONY",
        cdm_holder=provider[:255] or "HARMONY",
        source_release_date=cutoff,
        cdm_release_date=cutoff,
        cdm_version="5.4",
        cdm_version_concept_id=CDM_VERSION_CONCEPT,
        vocabulary_version=f"HMY {pack.sha256[:12]}",
    )


def described_columns(metadata: pa.Table) -> dict[str, list[str]]:
    """Return the columns of each table of the delivery, in their order, from METADATA."""
    entries = metadata.select(["name", "value_as_string", "value_as_number"]).to_pylist()
    tables: dict[str, list[str]] = {e["value_as_string"]: [] for e in entries if e["name"] == TABLE_ENTRY}
    columns = [e for e in entries if e["name"] == COLUMN_ENTRY]
    for entry in sorted(columns, key=lambda e: e["value_as_number"]):
        table, _, column = entry["value_as_string"].partition(".")
        tables[table].append(column)
    return tables


def described_rows(metadata: pa.Table) -> dict[str, int]:
    """Return the number of rows of each table of the delivery, from METADATA."""
    entries = metadata.select(["name", "value_as_string", "value_as_number"]).to_pylist()
    return {e["value_as_string"]: int(e["value_as_number"]) for e in entries if e["name"] == TABLE_ENTRY}


def _add(sheet: Sheet, name: str, text: str, concept: int, number: int | None) -> None:
    sheet.add(
        1,
        metadata_concept_id=concept,
        metadata_type_concept_id=0,
        name=name,
        value_as_string=text,
        value_as_number=number,
    )


def _cutoff(delivery: Delivery, details: Mapping[str, Any]) -> dt.date:
    if details.get("data_cutoff"):
        return dt.date.fromisoformat(str(details["data_cutoff"]))
    known = dates_per_person(delivery, "data_cutoff_date")
    known = known[~np.isnat(known)]
    return known.max().astype(object) if len(known) else NO_CUTOFF
