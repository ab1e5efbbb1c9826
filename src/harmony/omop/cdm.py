"""
The OMOP CDM 5.4 tables that the platform writes: columns, types, what may be empty.

`cdm.csv` lists them in the order of the CDM's field list (OHDSI CommonDataModel, v5.4).
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pyarrow as pa
import pyarrow.compute as pc

from harmony.errors import HarmonyError


@dataclass(frozen=True)
class CdmColumn:
    """One CDM column: Arrow type, longest text (None for no limit), whether it must be filled."""

    name: str
    type: pa.DataType
    width: int | None
    required: bool


@cache
def cdm_tables() -> dict[str, tuple[CdmColumn, ...]]:
    """Return the columns of every table that the platform writes, in CDM order."""
    text = resources.files("harmony.omop").joinpath("cdm.csv").read_text(encoding="utf-8")
    tables: dict[str, list[CdmColumn]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        column = CdmColumn(
            row["column"], arrow_type(row["type"]), width(row["type"]), row["required"] == "yes"
        )
        tables.setdefault(row["table"], []).append(column)
    return {name: tuple(columns) for name, columns in tables.items()}


def arrow_type(cdm_type: str) -> pa.DataType:
    """Return the Arrow type of a CDM type; integers and floats have 64 bits so that no value is cut."""
    simple = {
        "integer": pa.int64(),
        "float": pa.float64(),
        "date": pa.date32(),
        "datetime": pa.timestamp("us"),
    }
    return simple.get(cdm_type, pa.string())


def width(cdm_type: str) -> int | None:
    """Return how many characters a `varchar` column holds; None for other types and `varchar(MAX)`."""
    found = re.fullmatch(r"varchar\((\d+)\)", cdm_type)
    return int(found.group(1)) if found else None


def schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a CDM table."""
    return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in cdm_tables()[table]])


def column_width(table: str, column: str) -> int:
    """Return how many characters a text column of the CDM holds."""
    found = next(c.width for c in cdm_tables()[table] if c.name == column)
    if found is None:
        raise HarmonyError(f"{table}.{column} has no limit of length.", "Report this; it is a defect.")
    return found


def check_table(name: str, table: pa.Table) -> None:
    """
    Refuse a CDM table that does not follow the CDM's field list.

    Raises
    ------
    HarmonyError
        When names, order or types differ, a required column has a gap, or a text is longer than its
        column: each would be a defect of the writer.
    """
    if table.schema.names != schema(name).names or table.schema.types != schema(name).types:
        raise HarmonyError(
            f"OMOP table {name} has other columns than the CDM.", "Report this; it is a defect."
        )
    for column in cdm_tables()[name]:
        values = table[column.name]
        if column.required and values.null_count:
            raise HarmonyError(f"{name}.{column.name} has empty cells.", "Report this; it is a defect.")
        if column.width is not None and values.null_count < len(values):
            longest = pc.max(pc.utf8_length(values)).as_py()
            if longest > column.width:
                raise HarmonyError(
                    f"{name}.{column.name} holds {longest} characters.",
                    "Report this; it is a defect.",
                    f"at most {column.width}",
                )
