"""
Which field of a common table stands where in OMOP, decided from the dictionary alone.

The writer and the reader use the same plan, so that they cannot disagree. A cell is read back from one
place only: the anchor (row key and main date of the row), MEASUREMENT (fields measured, one record a
cell) or the field's own OBSERVATION. Every other copy is for exchange: columns such as
`condition_start_date` or `episode_number` are shared, demanded or typed otherwise and cannot carry a cell
without loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from harmony.dictionary.model import Dictionary, Field
from harmony.omop.canonical import PATIENT

#: Columns of MEASUREMENT that hold exactly one cell, so that a field that names one is measured too.
VALUE_COLUMNS: Final = ("", "value_as_concept_id", "value_as_number")
#: Types whose values MEASUREMENT has a column for; it has none for text and dates.
MEASURED_TYPES: Final = ("number", "integer", "category", "boolean")
#: Dates that are the same for a whole delivery or lie after the patient's events.
NO_EVENT_DATE: Final = ("cdm_source", "death", "observation_period")


@dataclass(frozen=True)
class TablePlan:
    """
    How one common table is carried.

    Attributes
    ----------
    table : str
        Name of the common table; its anchor has concept `HMY:<table>`.
    fields : tuple of Field
        All fields of the table in dictionary order.
    """

    table: str
    fields: tuple[Field, ...]

    @property
    def key(self) -> Field:
        """The row key; it stands in the anchor's `value_as_string`."""
        return self.fields[0]

    @cached_property
    def main_date(self) -> Field | None:
        """The date of the row: the first field that is the date of an OMOP event, else the first date."""
        dates = [f for f in self.fields if f.type == "date" and f.omop_table not in NO_EVENT_DATE]
        events = [
            f for f in dates if f.omop_field.endswith("_date") and not f.omop_field.endswith("_end_date")
        ]
        return next(iter(events + dates), None)

    @cached_property
    def facts(self) -> tuple[Field, ...]:
        """The fields whose cells are facts of their own, in dictionary order."""
        return tuple(f for f in self.fields if f.name != PATIENT and f not in (self.key, self.main_date))

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by name."""
        return {f.name: f for f in self.fields}


def plans(dictionary: Dictionary) -> dict[str, TablePlan]:
    """Return the plan of every table of a dictionary."""
    return {name: TablePlan(name, fields) for name, fields in dictionary.tables.items()}


def is_measured(field: Field) -> bool:
    """Tell whether cells of a field are MEASUREMENT records."""
    return (
        field.omop_table == "measurement"
        and field.omop_field in VALUE_COLUMNS
        and field.type in MEASURED_TYPES
    )


def field_code(field: Field) -> str:
    """Return the code of a field in the concept pack, `HMY:<table>.<field>`."""
    return f"HMY:{field.key}"
