"""
What is wrong with a layout, said when it is loaded: before a single row of a patient was read.

Every check raises `LayoutRefused` with the table and field that must be mended.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from harmony.dictionary.model import Dictionary, Field
from harmony.errors import LayoutRefused, UsageError
from harmony.intake.layouts.form import text_encoding
from harmony.intake.layouts.parse import check_parse
from harmony.intake.units import factor
from harmony.notation.dates.form import GRAMMAR, read_form
from harmony.store.tables import ARROW_TYPES

if TYPE_CHECKING:
    from harmony.intake.layouts.model import ColumnRule, Layout, TableRule

AXES: Final = ("calendar", "days")
INDEX_EVENTS: Final = ("diagnosis", "transplant", "registration")
INTERVALS: Final = ("days", "months")
DECIMALS: Final = (".", ",")
#: More patients than any register has; a longer number would break what reads it later.
MOST_PATIENTS: Final = 100_000_000


def check_layout(layout: Layout, dictionary: Dictionary) -> None:
    """
    Check a whole layout against the dictionary.

    Raises
    ------
    LayoutRefused
        Naming what cannot be right and what is allowed.
    """
    _check_axis(layout)
    _check_text_form(layout)
    _check_declared(layout, dictionary)
    _check_tables(layout, dictionary)
    for table in layout.tables:
        for rule in table.columns:
            _check_rule(layout, table, rule, dictionary.field(f"{table.name}.{rule.field}"))
    supplied = {f"{table.name}.{rule.field}" for table in layout.tables for rule in table.columns}
    for key in layout.not_supplied:
        if dictionary.field(key).key in supplied:
            raise LayoutRefused(
                f"Layout {layout.id} says that {key} is not supplied, and supplies it.", "Mend the layout."
            )


def _check_declared(layout: Layout, dictionary: Dictionary) -> None:
    diseases = dictionary.field("patient.disease").codes
    for name, declared in (("identified", layout.identified), ("agreed", layout.agreed)):
        unknown = sorted(set(declared) - set(diseases))
        if unknown:
            what = f"Layout {layout.id}: {name} names a disease that the dictionary does not know."
            raise LayoutRefused(what, "Mend the layout.", ", ".join(diseases))
        for disease, count in declared.items():
            if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_PATIENTS:
                what = f"Layout {layout.id}: {name} of {disease} is no number of patients."
                raise LayoutRefused(what, "Mend the layout.", f"a whole number from 0 to {MOST_PATIENTS:,}")
    for disease in set(layout.identified) & set(layout.agreed):
        if layout.agreed[disease] > layout.identified[disease]:
            what = f"Layout {layout.id}: more {disease} patients are agreed than identified."
            raise LayoutRefused(what, "Mend the layout.", "agreed at most identified")


def _check_axis(layout: Layout) -> None:
    if layout.axis not in AXES or layout.index_event not in INDEX_EVENTS:
        raise LayoutRefused(
            f"Layout {layout.id} has axis '{layout.axis}' and index event '{layout.index_event}'.",
            "Mend the layout.",
            f"axis {', '.join(AXES)}; index_event {', '.join(INDEX_EVENTS)}",
        )
    if layout.axis == "calendar" and layout.index_event != "diagnosis":
        # With true dates the index is the date of diagnosis; another zero needs days from that event.
        raise LayoutRefused(
            f"Layout {layout.id} has true dates and index event '{layout.index_event}'.",
            "Use axis days for another index event.",
            "axis calendar with index_event diagnosis",
        )


def _check_text_form(layout: Layout) -> None:
    if text_encoding(layout.encoding) is None:
        raise LayoutRefused(
            f"Layout {layout.id} has an encoding that cannot be read.",
            "Export the files in one of them and name it in the layout.",
            "utf-8, ascii, iso-8859-1 to -16, cp1250 to cp1258, DOS code pages, koi8-r, koi8-u, mac-roman",
        )
    plain = len(layout.delimiter) == 1 and layout.delimiter.isascii() and layout.delimiter not in '"\r\n\0'
    if not plain or layout.decimal not in DECIMALS or layout.delimiter == layout.decimal:
        raise LayoutRefused(
            f"Layout {layout.id} has delimiter '{layout.delimiter}' and decimal mark '{layout.decimal}'.",
            "Mend the layout.",
            "a delimiter of one plain character; decimal . or ,; not the same",
        )
    for name in layout.files:
        if PurePath(name).name != name or name in ("", ".", ".."):
            raise LayoutRefused(
                f"'{name}' is no plain file name.", "Name a file inside the delivery's folder."
            )


def _check_tables(layout: Layout, dictionary: Dictionary) -> None:
    for name, times in Counter(table.name for table in layout.tables).items():
        if name not in dictionary.tables:
            raise LayoutRefused(
                f"The dictionary has no table {name}.", "Mend the layout.", ", ".join(dictionary.tables)
            )
        if times > 1:
            raise LayoutRefused(f"Table {name} is made {times} times.", "Make each table from one file.")
    if not any(table.name == "patient" for table in layout.tables):
        raise LayoutRefused(f"Layout {layout.id} makes no table patient.", "Add it; it names the patients.")
    for table in layout.tables:
        made = {rule.field for rule in table.columns}
        needed = {dictionary.key_of(table.name), "patient_id"}
        if needed - made:
            raise LayoutRefused(
                f"Table {table.name} has no {', '.join(sorted(needed - made))}.",
                "Add the column, or row = true for a key that the source does not have.",
            )


def _check_rule(layout: Layout, table: TableRule, rule: ColumnRule, item: Field) -> None:
    if rule.function and rule.function not in layout.functions:
        raise LayoutRefused(f"functions.py has no function {rule.function}.", "Add it beside the layout.")
    check_parse(rule, item)
    _check_values(rule, item)
    if item.type == "date":
        _check_date(layout, rule, item)
    if item.unit and item.type in ("number", "integer") and rule.column:
        _check_unit(rule, item)


def _check_values(rule: ColumnRule, item: Field) -> None:
    if rule.constant is not None and item.codes and rule.constant not in item.codes:
        raise LayoutRefused(
            f"{item.key} has no code for its constant.", "Mend the layout.", ", ".join(item.codes)
        )
    wrong = sorted(set(rule.codes.values()) - set(item.codes)) if item.codes else []
    if wrong:
        raise LayoutRefused(
            f"{item.key} has no code {', '.join(wrong)}.", "Mend the layout.", ", ".join(item.codes)
        )
    values = [*rule.codes.values(), *([] if rule.constant is None else [rule.constant])]
    try:
        pa.array(values, pa.string()).cast(ARROW_TYPES[item.type])
    except pa.ArrowInvalid:
        raise LayoutRefused(
            f"{item.key} is of type {item.type}; a constant or code of the layout is none.",
            "Mend the layout.",
            "dates as 2020-12-31, booleans as true or false, numbers with a point",
        ) from None


def _check_date(layout: Layout, rule: ColumnRule, item: Field) -> None:
    if not (rule.date or rule.interval or rule.constant is not None):
        raise LayoutRefused(f"{item.key} needs a date format or an interval.", "Add date or interval.")
    if rule.date and not _names_a_day(rule.date):
        raise LayoutRefused(f"{item.key} has the date format '{rule.date}'.", "Mend the layout.", GRAMMAR)
    if rule.interval and rule.interval not in INTERVALS:
        raise LayoutRefused(
            f"{item.key} has interval '{rule.interval}'.", "Mend the layout.", ", ".join(INTERVALS)
        )
    if (rule.interval and layout.axis != "days") or (rule.date and layout.axis != "calendar"):
        raise LayoutRefused(
            f"{item.key} does not fit axis {layout.axis}.",
            "Mend the layout: true dates and intervals cannot stand in one delivery.",
            "date with axis calendar, interval with axis days",
        )


def _names_a_day(text: str) -> bool:
    try:
        return read_form(text).precision == "day"
    except UsageError:
        return False


def _check_unit(rule: ColumnRule, item: Field) -> None:
    if not rule.unit:
        raise LayoutRefused(
            f"{item.key} needs the unit of its column.", f"Add unit, for example '{item.unit}'."
        )
    scale, offset = factor(item, rule.unit)
    if item.type == "integer" and (scale, offset) != (1.0, 0.0):
        raise LayoutRefused(
            f"{item.key} holds whole numbers and cannot be converted from '{rule.unit}'.",
            "Deliver the column in the dictionary's unit.",
            item.unit,
        )
