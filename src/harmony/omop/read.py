"""OMOP CDM 5.4, as `write` made it, back to the common tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Dictionary, Field
from harmony.errors import DataRefused
from harmony.omop.canonical import PATIENT, PROVENANCE, canonical, expected_type
from harmony.omop.cells import from_short, from_text, join_pieces
from harmony.omop.concepts import ConceptPack, load_concepts
from harmony.omop.facts import UNDATED
from harmony.omop.plan import TablePlan, field_code, plans
from harmony.omop.rows import one_array
from harmony.omop.source import described_columns, described_rows

#: Where each of the two tables of facts has its parts.
EVENT = {"measurement": "measurement_event_id", "observation": "observation_event_id"}


@dataclass(frozen=True)
class Records:
    """One CDM table of facts: columns as single arrays, and its rows sorted by field concept."""

    columns: Mapping[str, pa.Array]
    events: np.ndarray
    order: np.ndarray
    concepts: np.ndarray

    def of(self, concept: int) -> np.ndarray:
        """Return the rows whose field is `concept`."""
        low, high = np.searchsorted(self.concepts, [concept, concept + 1])
        return self.order[low:high]


@dataclass(frozen=True)
class Anchors:
    """Anchors of one common table in the order of their ids: ids, and their rows in OBSERVATION."""

    ids: np.ndarray
    rows: np.ndarray

    def places(self, events: np.ndarray, field: Field) -> np.ndarray:
        """Return which wide row each event id means; refuses ids that are no anchor of this table."""
        found = np.searchsorted(self.ids, events)
        if len(events) and (
            not len(self.ids) or found.max() == len(self.ids) or (self.ids[found] != events).any()
        ):
            raise DataRefused(f"A fact of {field.key} belongs to no row.", "Export the OMOP tables again.")
        return found


def from_omop(
    cdm: Mapping[str, pa.Table], dictionary: Dictionary, pack: ConceptPack | None = None
) -> dict[str, pa.Table]:
    """
    Rebuild the common tables from an OMOP copy.

    Parameters
    ----------
    cdm : mapping of str to pyarrow.Table
        At least person, observation, measurement and metadata, as `to_omop` made them; rows in any order.
    dictionary : Dictionary
        The one that the copy was made with.
    pack : ConceptPack, optional
        Concepts of the network; the packaged ones by default.

    Returns
    -------
    dict of str to pyarrow.Table
        The tables that `to_omop` was given, in canonical order.

    Raises
    ------
    DataRefused
        When an anchor or a piece of a text is missing, or a fact stands twice or belongs to no row.
    """
    pack = pack or load_concepts()
    observation = _records(cdm["observation"], "observation")
    measurement = _records(cdm["measurement"], "measurement")
    persons = _persons(cdm["person"])
    known, expected = plans(dictionary), described_rows(cdm["metadata"])
    tables = {}
    for name, columns in described_columns(cdm["metadata"]).items():
        anchors = _anchors(observation, pack.id_of(f"HMY:{name}"))
        if len(anchors.ids) != expected[name]:
            raise DataRefused(
                f"Table {name} has lost or gained rows in OMOP.", "Export the OMOP tables again."
            )
        reader = _Reader(known[name], anchors, observation, measurement, persons, pack)
        arrays = [reader.column(column) for column in columns]
        types = [pa.field(c, expected_type(name, c, dictionary)) for c in columns]
        tables[name] = canonical(
            pa.Table.from_arrays(arrays, schema=pa.schema(types)), dictionary.key_of(name)
        )
    return tables


@dataclass(frozen=True)
class _Reader:
    plan: TablePlan
    anchors: Anchors
    observation: Records
    measurement: Records
    persons: tuple[np.ndarray, pa.Array]
    pack: ConceptPack

    def column(self, name: str) -> pa.Array:
        if name == PATIENT:
            return self._patients()
        if name in PROVENANCE:
            return self._provenance(name)
        field = self.plan.by_name[name]
        if field == self.plan.main_date:
            return self._main_dates()
        cells = self._cells(field)
        if field == self.plan.key:
            return pc.coalesce(self._of_anchor("value_as_string"), cells)
        return cells

    def _of_anchor(self, column: str) -> pa.Array:
        return self.observation.columns[column].take(pa.array(self.anchors.rows))

    def _patients(self) -> pa.Array:
        ids, sources = self.persons
        wanted = self._of_anchor("person_id").to_numpy(zero_copy_only=False)
        places = np.searchsorted(ids, wanted)
        if len(wanted) and (not len(ids) or places.max() == len(ids) or (ids[places] != wanted).any()):
            raise DataRefused(f"A row of {self.plan.table} has no person.", "Export the OMOP tables again.")
        return sources.take(pa.array(places))

    def _provenance(self, name: str) -> pa.Array:
        parts = pc.split_pattern(self._of_anchor("value_source_value"), "/")
        return pc.list_element(parts, list(PROVENANCE).index(name)).cast(PROVENANCE[name])

    def _main_dates(self) -> pa.Array:
        undated = pc.equal(self._of_anchor("qualifier_source_value"), UNDATED).fill_null(False)
        return pc.if_else(undated, pa.scalar(None, pa.date32()), self._of_anchor("observation_date"))

    def _cells(self, field: Field) -> pa.Array:
        # A field's cells may stand in three places, each cell in exactly one.
        concept = self.pack.id_of(field_code(field))
        owns = self.observation.of(concept)
        texts = self.observation.columns["value_as_string"].take(pa.array(owns))
        is_text = pc.is_valid(texts).to_numpy(zero_copy_only=False)
        found = [
            self._short(field, self.measurement, self.measurement.of(concept)),
            self._short(field, self.observation, owns[~is_text]),
            self._text(field, owns[is_text]),
        ]
        rows = np.concatenate([places for places, _ in found])
        return self._scatter(field, rows, pa.concat_arrays([values for _, values in found]))

    def _short(self, field: Field, records: Records, chosen: np.ndarray) -> tuple[np.ndarray, pa.Array]:
        take = pa.array(chosen)
        numbers, sources = (records.columns[c].take(take) for c in ("value_as_number", "value_source_value"))
        return self.anchors.places(records.events[chosen], field), from_short(field, numbers, sources)

    def _text(self, field: Field, chosen: np.ndarray) -> tuple[np.ndarray, pa.Array]:
        take = pa.array(chosen)
        parts, marks = (
            self.observation.columns[c].take(take) for c in ("value_as_string", "qualifier_source_value")
        )
        places = self.anchors.places(self.observation.events[chosen], field)
        rows, texts = join_pieces(places, parts, marks)
        return rows, from_text(field, texts)

    def _scatter(self, field: Field, rows: np.ndarray, values: pa.Array) -> pa.Array:
        source = np.full(len(self.anchors.ids), -1, dtype=np.int64)
        source[rows] = np.arange(len(rows))
        if np.count_nonzero(source >= 0) != len(rows):
            raise DataRefused(f"A fact of {field.key} stands twice.", "Export the OMOP tables again.")
        return values.take(pa.array(source, mask=source < 0))


def _records(table: pa.Table, name: str) -> Records:
    wanted = [f"{name}_id", "person_id", "observation_date", "value_as_number", "value_as_string"]
    wanted += ["value_source_value", "qualifier_source_value"]
    columns = {c: one_array(table[c]) for c in wanted if c in table.column_names}
    concepts = one_array(table[f"{name}_source_concept_id"].fill_null(0)).to_numpy(zero_copy_only=False)
    events = one_array(table[EVENT[name]].fill_null(0)).to_numpy(zero_copy_only=False)
    order = np.argsort(concepts, kind="stable")
    return Records(columns, events, order, concepts[order])


def _anchors(observation: Records, concept: int) -> Anchors:
    rows = observation.of(concept)
    ids = observation.columns["observation_id"].take(pa.array(rows)).to_numpy(zero_copy_only=False)
    order = np.argsort(ids, kind="stable")
    return Anchors(ids[order], rows[order])


def _persons(table: pa.Table) -> tuple[np.ndarray, pa.Array]:
    ids = one_array(table["person_id"]).to_numpy(zero_copy_only=False)
    order = np.argsort(ids, kind="stable")
    return ids[order], one_array(table["person_source_value"]).take(pa.array(order))
