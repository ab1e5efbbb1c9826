"""
The executable dictionary: what a field is, in which unit, with which values, and where OMOP keeps it.

`fields/fields.csv` is the packaged dictionary; `NETWORK/definitions/fields.csv` adds fields or replaces
them by `table` and `field`. The first field of a table is its key.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Final

from harmony.errors import LayoutRefused
from harmony.files import parse_rows, read_text

DICTIONARY_ID: Final = "harmony-core"
DICTIONARY_VERSION: Final = "2026.11"
TYPES: Final = ("date", "integer", "number", "category", "boolean", "text")
REQUIRED: Final = ("always", "expected", "optional")

#: Fields of type text that hold a code.
CODED_TEXT: Final = ("patient.provider_id", "patient.centre_code")

#: Fields of type text that hold what a reader of `harmony.notation` printed, and the name of that reader.
PARSED_TEXT: Final[Mapping[str, str]] = {
    "cytogenetics.karyotype_iscn": "karyotype",
    "gene_test.variants": "variants",
}

COLUMNS: Final = (
    "table", "field", "label", "type", "unit", "allowed_values", "plausible_low", "plausible_high",
    "hard_low", "hard_high", "required", "applies_to", "omop_table", "omop_field", "omop_concept_id",
    "unit_concept_id", "custom_code", "value_concept_ids",
)  # fmt: skip
#: Names stand in rules and in file names as they are.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Field:
    """
    One field of a common table.

    Attributes
    ----------
    table, name : str
        Where the field stands; `key` joins them as table.field.
    label : str
        What the value is, in words.
    type : str
        date, integer, number, category, boolean or text.
    unit : str
        UCUM unit of the stored value; empty for values without unit.
    codes : mapping of str to str
        Allowed codes of a category with their labels; empty where any code may stand.
    plausible, hard : (float or None, float or None)
        Lowest and highest value that raises no query, and that can exist at all.
    required : str
        always, expected or optional.
    diseases : tuple of str
        Diseases the field belongs to; empty for all.
    omop_table, omop_field : str
        Place of the exchange copy in the OMOP CDM; `omop_field` empty for a custom fact.
    concept_id, unit_concept_id : int
        OMOP concept of the field and of its unit; 0 when there is none.
    custom_code : str
        Code in the HARMONY concept pack.
    value_concepts : mapping of str to int
        OMOP concepts of codes.
    """

    table: str
    name: str
    label: str
    type: str
    unit: str
    codes: Mapping[str, str]
    plausible: tuple[float | None, float | None]
    hard: tuple[float | None, float | None]
    required: str
    diseases: tuple[str, ...]
    omop_table: str
    omop_field: str
    concept_id: int
    unit_concept_id: int
    custom_code: str
    value_concepts: Mapping[str, int]

    @property
    def key(self) -> str:
        """The field's full name, table.field."""
        return f"{self.table}.{self.name}"

    @property
    def travels(self) -> bool:
        """Whether the field may leave the hospital: dates, numbers, codes and parsed text, no other text."""
        return self.type != "text" or self.key in CODED_TEXT or self.parsed != ""

    @property
    def parsed(self) -> str:
        """Name of the reader whose printed form the field holds (karyotype, variants); else empty."""
        return PARSED_TEXT.get(self.key, "")


@dataclass(frozen=True)
class Dictionary:
    """All fields in order, with id, version and hash of their text."""

    id: str
    version: str
    sha256: str
    fields: tuple[Field, ...]

    @cached_property
    def tables(self) -> dict[str, tuple[Field, ...]]:
        """The fields of each table in dictionary order."""
        tables: dict[str, list[Field]] = {}
        for item in self.fields:
            tables.setdefault(item.table, []).append(item)
        return {name: tuple(items) for name, items in tables.items()}

    @cached_property
    def _by_key(self) -> dict[str, Field]:
        return {item.key: item for item in self.fields}

    def field(self, key: str) -> Field:
        """
        Return a field by its full name.

        Raises
        ------
        LayoutRefused
            When the dictionary has no such field.
        """
        if key not in self._by_key:
            raise LayoutRefused(
                f"The dictionary has no field {key}.", "Run harmony dictionary show to see all fields."
            )
        return self._by_key[key]

    def has(self, key: str) -> bool:
        """Tell whether the dictionary has a field of this full name."""
        return key in self._by_key

    def key_of(self, table: str) -> str:
        """Return the name of a table's key, its first field."""
        return self.tables[table][0].name


def load(definitions: Path | None = None) -> Dictionary:
    """
    Load the packaged dictionary and a network's additions.

    Parameters
    ----------
    definitions : Path, optional
        `NETWORK/definitions`; its `fields.csv` adds or replaces fields.

    Raises
    ------
    LayoutRefused
        When a row has an unknown type, requirement, code list or number.
    """
    text = resources.files("harmony.dictionary").joinpath("fields/fields.csv").read_text(encoding="utf-8")
    fields = {item.key: item for item in _parse_all(text)}
    texts = [text]
    path = definitions / "fields.csv" if definitions else None
    if path is not None and path.exists():
        texts.append(read_text(path, LayoutRefused, "Write it again as UTF-8."))
        added = _parse_all(texts[-1])
        _refuse_loose(added, fields)
        fields |= {item.key: item for item in added}
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    return Dictionary(DICTIONARY_ID, DICTIONARY_VERSION, digest, _in_table_order(fields.values()))


def _parse_all(text: str) -> list[Field]:
    rows = parse_rows(text, "fields.csv", COLUMNS, LayoutRefused)
    return [_parse(row, number) for number, row in enumerate(rows, start=2)]


def _refuse_loose(added: Iterable[Field], packaged: Mapping[str, Field]) -> None:
    # Text stays at the hospital. A text field called a category, or a category of any code, would let it out.
    for item in added:
        before = packaged.get(item.key)
        if before is not None and item.type != before.type:
            raise LayoutRefused(f"fields.csv gives {item.key} another type.", "Keep it.", before.type)
        if item.type == "category" and not item.codes:
            raise LayoutRefused(f"fields.csv gives {item.key} no codes.", "List them in allowed_values.")


def _in_table_order(fields: Iterable[Field]) -> tuple[Field, ...]:
    # An added field stands in the own file's last line but belongs behind its table's other fields.
    items = list(fields)
    tables = list(dict.fromkeys(item.table for item in items))
    return tuple(sorted(items, key=lambda item: tables.index(item.table)))


def _parse(row: Mapping[str, str], line: int) -> Field:
    name = f"{row['table']}.{row['field']}"
    if not (_NAME.fullmatch(row["table"]) and _NAME.fullmatch(row["field"])):
        what = f"fields.csv line {line}: table or field has a name that cannot stand."
        raise LayoutRefused(what, "Rename it.", "lower-case letters, digits and _")
    for column, allowed in (("type", TYPES), ("required", REQUIRED)):
        if row[column] not in allowed:
            raise LayoutRefused(
                f"fields.csv line {line}: {name} has {column} '{row[column]}'.", "", ", ".join(allowed)
            )
    try:
        return Field(
            table=row["table"],
            name=row["field"],
            label=row["label"],
            type=row["type"],
            unit=row["unit"],
            codes=_pairs(row["allowed_values"]),
            plausible=(_number(row["plausible_low"]), _number(row["plausible_high"])),
            hard=(_number(row["hard_low"]), _number(row["hard_high"])),
            required=row["required"],
            diseases=tuple(d for d in row["applies_to"].split("|") if d),
            omop_table=row["omop_table"],
            omop_field=row["omop_field"].partition(".")[2],
            concept_id=int(row["omop_concept_id"] or 0),
            unit_concept_id=int(row["unit_concept_id"] or 0),
            custom_code=row["custom_code"],
            value_concepts={code: int(concept) for code, concept in _pairs(row["value_concept_ids"]).items()},
        )
    except ValueError as error:
        raise LayoutRefused(
            f"fields.csv line {line}: {name} has a cell that cannot be read: {error}.", "Mend the cell."
        ) from error


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split(";") if pair) if text else {}


def _number(text: str) -> float | None:
    number = float(text) if text else None
    if number is not None and not math.isfinite(number):
        raise ValueError("a limit is not finite")
    return number
