"""
Anchors and facts: the part of the OMOP copy from which the common tables are rebuilt.

Each wide row has one anchor OBSERVATION with concept `HMY:<table>`: the row key in `value_as_string`, the
main date in `observation_date` (flagged `undated` when it is a substitute) and, so that a value can be
traced to its delivery, the provenance as `delivery/part/row` in `value_source_value`. Each other known
cell is one fact that points to the anchor; an unknown cell has none.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Field
from harmony.errors import DataRefused
from harmony.omop.canonical import PROVENANCE
from harmony.omop.cdm import column_width
from harmony.omop.cells import as_text, is_short, pieces, short_columns
from harmony.omop.concepts import ConceptPack
from harmony.omop.plan import field_code, is_measured
from harmony.omop.rows import WideRows
from harmony.omop.sheet import Sheet

#: OMOP's concept of the field `observation.observation_id`; says that an event id is an anchor's.
ANCHOR_FIELD: Final = 1147165
#: OMOP's concept "Registry", where the records come from.
REGISTRY: Final = 32879
UNDATED: Final = "undated"
#: A provenance text: DLV id, part, row.
PROVENANCE_PATTERN: Final = r"^DLV-[0-9a-f]{12}/[a-z_]+/[1-9][0-9]*$"


def add_anchors(sheet: Sheet, rows: WideRows, pack: ConceptPack) -> np.ndarray:
    """Write the anchor of each row into OBSERVATION and return the anchors' ids."""
    code = f"HMY:{rows.plan.table}"
    keys = rows.values(rows.plan.key.name).cast(pa.string())
    fits = pc.less_equal(pc.utf8_length(keys), column_width("observation", "value_as_string"))
    flags = pc.if_else(pa.array(rows.undated, pa.bool_()), pa.scalar(UNDATED), pa.scalar(None, pa.string()))
    return sheet.add(
        len(rows),
        person_id=rows.persons,
        observation_concept_id=pack.id_of(code),
        observation_date=rows.dates,
        observation_type_concept_id=REGISTRY,
        value_as_string=pc.if_else(fits, keys, pa.scalar(None, pa.string())),
        observation_source_value=code,
        observation_source_concept_id=pack.id_of(code),
        qualifier_source_value=flags,
        value_source_value=_provenance(rows),
    )


def add_facts(
    observation: Sheet, measurement: Sheet, rows: WideRows, anchors: np.ndarray, pack: ConceptPack
) -> None:
    """Write every known cell of a table into MEASUREMENT or OBSERVATION."""
    for field in rows.plan.facts:
        known = rows.filled(field.name)
        if not len(known):
            continue
        values = rows.values(field.name).take(pa.array(known))
        short = is_short(field, values)
        sheet = measurement if is_measured(field) else observation
        _add_short(sheet, field, rows, anchors, known[short], values.filter(pa.array(short)), pack)
        long = pa.array(~short)
        _add_text(observation, field, rows, anchors, known[~short], as_text(values.filter(long)), pack)
    _add_long_keys(observation, rows, anchors, pack)


def _add_short(
    sheet: Sheet,
    field: Field,
    rows: WideRows,
    anchors: np.ndarray,
    known: np.ndarray,
    values: pa.Array,
    pack: ConceptPack,
) -> None:
    columns = short_columns(field, values, pack) if len(known) else {}
    if field.unit:
        columns |= {"unit_concept_id": field.unit_concept_id, "unit_source_value": field.unit}
    sheet.add(len(known), **columns, **_frame(sheet.name, field, rows, anchors, known, pack))


def _add_text(
    sheet: Sheet,
    field: Field,
    rows: WideRows,
    anchors: np.ndarray,
    known: np.ndarray,
    texts: pa.Array,
    pack: ConceptPack,
) -> None:
    owners, parts, marks = pieces(texts, column_width("observation", "value_as_string"))
    frame = _frame("observation", field, rows, anchors, known[owners], pack)
    sheet.add(len(owners), value_as_string=parts, qualifier_source_value=marks, **frame)


def _add_long_keys(sheet: Sheet, rows: WideRows, anchors: np.ndarray, pack: ConceptPack) -> None:
    key = rows.plan.key
    keys = rows.values(key.name).cast(pa.string())
    too_long = pc.greater(pc.utf8_length(keys), column_width("observation", "value_as_string"))
    long = np.flatnonzero(too_long.fill_null(False).to_numpy(zero_copy_only=False))
    _add_text(sheet, key, rows, anchors, long, keys.take(pa.array(long)), pack)


def _frame(
    table: str, field: Field, rows: WideRows, anchors: np.ndarray, known: np.ndarray, pack: ConceptPack
) -> dict[str, Any]:
    own = pack.id_of(field_code(field))
    event, event_field = {
        "measurement": ("measurement_event_id", "meas_event_field_concept_id"),
        "observation": ("observation_event_id", "obs_event_field_concept_id"),
    }[table]
    return {
        "person_id": rows.persons[known],
        f"{table}_concept_id": field.concept_id or own,
        f"{table}_date": rows.dates[known],
        f"{table}_type_concept_id": REGISTRY,
        f"{table}_source_value": field_code(field),
        f"{table}_source_concept_id": own,
        event: anchors[known],
        event_field: ANCHOR_FIELD,
    }


def _provenance(rows: WideRows) -> pa.Array | None:
    present = [name for name in PROVENANCE if name in rows.table.column_names]
    if not present:
        return None
    parts = [rows.values(name).cast(pa.string()) for name in PROVENANCE]
    joined = pc.binary_join_element_wise(*parts, "/")
    whole = pc.all(pc.match_substring_regex(joined, PROVENANCE_PATTERN), skip_nulls=False).as_py()
    limit = column_width("observation", "value_source_value")
    if len(rows) and (not whole or pc.max(pc.utf8_length(joined)).as_py() > limit):
        raise DataRefused(
            f"Table {rows.plan.table} has rows of unknown origin.",
            "Receive the delivery again.",
            f"_delivery, _part and _row in every row, at most {limit} characters together",
        )
    return joined
