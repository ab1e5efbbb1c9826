"""
Text that a reader understands becomes fields; what travels is what the reader printed, not what was written.

A layout's column rule with `parse` names the reader. What was not read is not assessed or not known, never
absent or normal; where a whole string was not understood, no string travels at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Field
from harmony.intake.columns import Source, matches
from harmony.intake.layouts.model import ColumnRule
from harmony.intake.layouts.parse import KARYOTYPE, VARIANTS
from harmony.notation.hgvs.model import Reading, Variant
from harmony.notation.hgvs.read import read_variant
from harmony.notation.iscn.findings import COLUMNS
from harmony.notation.iscn.printing import print_karyotype
from harmony.notation.iscn.read import Reading as KaryotypeReading
from harmony.notation.iscn.read import read_karyotype
from harmony.stages.problems import Lines, ProblemList

#: How far a cell was read; `other_test` is a whole result of another method, such as FISH alone.
STATUSES: Final = ("read", "partly_read", "no_result", "other_test", "unreadable")
_STATUS: Final = {"not_banding": "other_test", "not_variant": "other_test"}

#: Rule, what is wrong, and what each unread status is called in problems.
_RULES: Final = {KARYOTYPE: "FRM-ISCN", VARIANTS: "FRM-HGVS"}
_WHAT: Final = {
    KARYOTYPE: "The karyotype was not read whole; what was not read counts as not assessed. Correct the cell "
    "or see harmony karyotype explain.",
    VARIANTS: "The variants were not read whole and do not travel. Correct the cell or see harmony variant "
    "explain.",
}
_CLASSES: Final = {"partly_read": "not read whole", "other_test": "another test", "unreadable": "unreadable"}

#: Changes of DNA and RNA that travel: plain bases and words. An inserted stretch may name another sequence in
#: capitals, and the codes of undecided bases spell names.
_PLAIN_CHANGE: Final = re.compile(
    r"(?:[cgnmr]\.(?:[ACGTacgu0-9_+\-*?()\[\];>=]|[Nn](?=\[)|del|dup|ins|inv)+)?"
)

_TRISTATE: Final = {"yes": "present", "no": "absent", "": "not_assessed"}
#: Rows of the distinct cells, one value a field; "" where the value is not known.
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Column:
    """One source column with its reader, and the fields that the reader gives: one row a row of the batch."""

    kind: str
    name: str
    fields: pa.Table


class ParsedText:
    """Reads each parsed column once a batch, reports what was not read, and counts."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, ...], Column] = {}
        self._batch: object = None
        self.counts: dict[tuple[str, str], dict[str, int]] = {}

    def values(self, source: Source, rule: ColumnRule, item: Field, problems: ProblemList) -> pa.Array:
        """
        Return one field of a parsed column, one value a row of the batch.

        Parameters
        ----------
        rule : ColumnRule
            With `parse`; checked by `layouts.parse`.
        problems : ProblemList
            Gets one warning a cell that was not read whole, once a column.
        """
        if self._batch is not source.batch:
            self._batch, self._columns = source.batch, {}
        key = (rule.parse, str(rule.column), rule.sex, rule.unit)
        if key not in self._columns:
            self._columns[key] = self._read(source, rule, problems)
        values = self._columns[key].fields.column(item.name).combine_chunks()
        if rule.when is not None:
            values = pc.if_else(matches(source, rule.when), values, pa.scalar(None, pa.string()))
        return values

    def _read(self, source: Source, rule: ColumnRule, problems: ProblemList) -> Column:
        name = str(rule.column)
        text = pc.utf8_trim_whitespace(source.batch.columns[name])
        missing = pc.is_in(text, value_set=pa.array(["", *source.layout.missing], pa.string()))
        text = pc.if_else(missing, "", text)
        fields = (
            _karyotypes(text, source.batch.columns[rule.sex] if rule.sex else None)
            if rule.parse == KARYOTYPE
            else _variants(text, _VAF_UNITS[rule.unit])
        )
        self._count(rule.parse, name, fields)
        self._report(source, rule.parse, name, fields, problems)
        return Column(rule.parse, name, fields)

    def _count(self, kind: str, name: str, fields: pa.Table) -> None:
        known = self.counts.setdefault((kind, name), dict.fromkeys(STATUSES, 0))
        for entry in pc.value_counts(fields.column("status")).to_pylist():
            if entry["values"]:
                known[entry["values"]] += entry["counts"]

    def _report(self, source: Source, kind: str, name: str, fields: pa.Table, problems: ProblemList) -> None:
        status = fields.column("status").combine_chunks()
        bad = pc.fill_null(pc.is_in(status, value_set=pa.array(list(_CLASSES))), False)
        lines = source.batch.lines.filter(bad).to_pylist()
        if lines:
            kinds = [_CLASSES[value] for value in status.filter(bad).to_pylist()]
            found = Lines(lines, kinds)
            problems.add_lines("warning", _RULES[kind], source.file, name, _WHAT[kind], found)


def _karyotypes(text: pa.Array, sexes: pa.Array | None) -> pa.Table:
    people = pa.repeat("", len(text)) if sexes is None else pc.utf8_trim_whitespace(sexes)
    pairs = pa.StructArray.from_arrays([text, people], ["text", "sex"])
    return _of_distinct(pairs, lambda cell: _karyotype(cell["text"], cell["sex"]), KARYOTYPE_FIELDS)


def _variants(text: pa.Array, unit: str | None) -> pa.Table:
    pairs = pa.StructArray.from_arrays([text], ["text"])
    return _of_distinct(pairs, lambda cell: _variant_row(cell["text"], unit), VARIANT_FIELDS)


def _of_distinct(
    cells: pa.StructArray, read: Callable[[dict[str, str]], dict[str, str]], names: tuple[str, ...]
) -> pa.Table:
    """Read every distinct cell once and spread its fields over the rows."""
    places: dict[tuple[str, ...], int] = {}
    rows: Rows = []
    order = []
    for cell in cells.to_pylist():
        key = tuple(cell.values())
        if key not in places:
            places[key] = len(rows)
            rows.append(read(cell))
        order.append(places[key])
    columns = {name: pa.array([row.get(name) or None for row in rows], pa.string()) for name in names}
    return pa.table(columns).take(pa.array(order, pa.int64()))


#: Fields that each reader gives, `status` first.
KARYOTYPE_FIELDS: Final = (
    "status", "karyotype_result", "karyotype_iscn", "complex_karyotype", "monosomal_karyotype",
    *(finding.name for finding in COLUMNS),
)  # fmt: skip
VARIANT_FIELDS: Final = ("status", "variants")
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {KARYOTYPE: KARYOTYPE_FIELDS, VARIANTS: VARIANT_FIELDS}


def _karyotype(text: str, sex: str) -> dict[str, str]:
    if not text:
        return {}
    reading = read_karyotype(text, sex or None)
    row = reading.row()
    return {
        **{name: row[name] for name in KARYOTYPE_FIELDS if name in row},
        "status": _STATUS.get(reading.status, reading.status),
        "complex_karyotype": _TRISTATE[row["complex_eln2022"]],
        "monosomal_karyotype": _TRISTATE[row["monosomal"]],
        "karyotype_iscn": printed_karyotype(reading),
    }


def printed_karyotype(reading: KaryotypeReading) -> str:
    """
    Return a karyotype in ISCN form; "" unless it was read whole and reading what is printed gives the same.

    A string without its unread part would look whole, and an unread part may be anything, also a name.
    """
    if reading.status != "read":
        return ""
    printed = print_karyotype(reading.karyotype)
    again = read_karyotype(printed)
    return printed if again.status == "read" and print_karyotype(again.karyotype) == printed else ""


_VAF_UNITS: Final = {"": None, "%": "percent", "1": "fraction"}


def _variant_row(text: str, unit: str | None) -> dict[str, str]:
    if not text:
        return {}
    reading = read_variant(text, unit)
    status = _STATUS.get(reading.status, reading.status)
    printed = printed_variants(reading)
    # A variant whose gene or change cannot be printed without a guess was not read whole.
    whole = status != "read" or printed != ""
    return {"status": status if whole else "partly_read", "variants": printed}


def printed_variants(reading: Reading) -> str:
    """
    Return the variants found as `GENE:c. p. per cent`, parted by `; `; "" unless all were read whole.

    Statements that something was not found are left out: the fields of the genes say what was tested.
    """
    if reading.status != "read":
        return ""
    found = [variant for variant in reading.variants if variant.result == "variant"]
    parts = [_printed(variant) for variant in found]
    printed = "; ".join(parts)
    if not all(parts) or len(found) < sum(v.status == "read" for v in reading.variants):
        return ""
    again = read_variant(printed)
    same = again.status == "read" and "; ".join(_printed(variant) for variant in again.variants) == printed
    return printed if same else ""


def _printed(variant: Variant) -> str:
    if not variant.gene or variant.allele:
        return ""
    percent = "" if variant.vaf is None else f" {100 * variant.vaf:.3g}%"
    if variant.kind == "itd":
        length = "" if variant.length is None else f" {variant.length}bp"
        return f"{variant.gene}-ITD{length}{percent}"
    if _PLAIN_CHANGE.fullmatch(variant.coding_change) is None:
        return ""
    changes = " ".join(change for change in (variant.coding_change, variant.protein_change) if change)
    return f"{variant.gene}:{changes}{percent}" if changes else ""


_PRINT: Final[Mapping[str, Callable[[str], str]]] = {
    KARYOTYPE: lambda text: printed_karyotype(read_karyotype(text)),
    VARIANTS: lambda text: printed_variants(read_variant(text)),
}


def is_printed(kind: str, values: pa.Array | pa.ChunkedArray) -> bool:
    """
    Tell whether every text is exactly what our reader prints when it reads it; NULL is.

    Parameters
    ----------
    kind : karyotype or variants
    values : text array
        A column as it leaves the hospital or arrives.
    """
    known = pc.unique(values).to_pylist()
    return all(value is None or (value != "" and _PRINT[kind](value) == value) for value in known)
