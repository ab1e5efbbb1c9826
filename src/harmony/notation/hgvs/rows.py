"""Rows of the output table, gathered in batches so that few Python objects are held at a time."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from harmony.notation.hgvs.model import Reading, Variant
from harmony.notation.hgvs.read import read_variant
from harmony.notation.hgvs.vaf import plain_number, read_vaf

#: Columns that hold one entry per variant of the cell, parted by `; ` where there are several.
PER_VARIANT: Final = (
    "result",
    "gene",
    "gene_written",
    "gene_note",
    "reference",
    "kind",
    "consequence",
    "consequence_from",
    "hgvs",
    "coding_change",
    "protein_change",
    "predicted",
    "allele",
    "looked_for",
    "length",
    "vafs",
    "vaf_written",
    "unchecked",
)
#: Names and types of all columns of the output, in order.
SCHEMA: Final = pa.schema(
    [
        ("row", pa.int64()),
        ("status", pa.string()),
        ("variants", pa.int64()),
        *[(name, pa.string()) for name in PER_VARIANT],
        ("vaf", pa.float64()),
        ("confidence", pa.string()),
        ("problems", pa.string()),
    ]
)
#: Output of a row that was null.
EMPTY: Final = Reading("", "", "no_result", "empty", (), (), "high")
#: Rows held as Python objects before they become Arrow columns.
BATCH: Final = 2_000
#: Readings kept until the column has told its unit; further ones are read a second time.
KEPT: Final = 20_000
PREDICTED: Final = {True: "yes", False: "no", None: ""}
#: The schema of a batch: all columns but the number of the row.
BATCH_SCHEMA: Final = pa.schema(list(SCHEMA)[1:])
_first = attrgetter("result", "gene", "gene_written")
_printed = attrgetter("consequence_from", "hgvs", "coding_change", "protein_change")


class Rows:
    """
    One row per text, and what waits for the unit of the column.

    Attributes
    ----------
    count : int
        Rows so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._batches: list[pa.RecordBatch] = []
        self._open: list[tuple[Any, ...]] = []
        # Only readings that wait are kept: a million of them would be slow to collect.
        self._waiting: dict[int, Reading | str] = {}
        self._numbers: dict[int, list[float]] = {}

    def add(self, text: str, reading: Reading) -> int:
        """Add the row of a text and return its place."""
        at = self._append(_row(reading))
        unsigned = [v.vaf_written for v in reading.variants if _unsigned(v)]
        if unsigned:
            self._waiting[at] = reading if len(self._waiting) < KEPT else text
            found = (plain_number(written.lstrip("<>=~")) for written in unsigned)
            self._numbers[at] = [number for number in found if number is not None]
        return at

    def _append(self, row: tuple[Any, ...]) -> int:
        self._open.append(row)
        if len(self._open) >= BATCH:
            self._flush()
        self.count += 1
        return self.count - 1

    def _flush(self) -> None:
        columns = zip(*self._open, strict=True)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, BATCH_SCHEMA, strict=False)]
        self._batches.append(pa.record_batch(arrays, schema=BATCH_SCHEMA) if arrays else _no_rows())
        self._open = []

    def numbers(self, counts: np.ndarray) -> list[float]:
        """Return every allele fraction without a sign, as often as its text stands in the column."""
        found: list[float] = []
        for at, numbers in self._numbers.items():
            found += numbers * int(counts[at])
        return found

    def table(self, unit: str | None) -> tuple[pa.Table, np.ndarray]:
        """Return all rows, and the place at which the row of each text stands once the unit is known."""
        order = np.arange(self.count)
        for at, kept in self._waiting.items():
            reading = read_variant(kept) if isinstance(kept, str) else kept
            order[at] = self._append(
                _row(replace(reading, variants=tuple(_with_unit(v, unit) for v in reading.variants)))
            )
        self._flush()
        return pa.Table.from_batches(self._batches).combine_chunks(), order


def _no_rows() -> pa.RecordBatch:
    return pa.record_batch([pa.array([], field.type) for field in BATCH_SCHEMA], schema=BATCH_SCHEMA)


def _unsigned(variant: Variant) -> bool:
    return variant.vaf_written != "" and variant.vaf_written[-1] != "%"


def _with_unit(variant: Variant, unit: str | None) -> Variant:
    if not _unsigned(variant):
        return variant
    vaf = read_vaf(variant.vaf_written, unit)
    # A number over 1 speaks for itself only while the column does not hold two units.
    fraction = None if unit is None and vaf.reason == "over_1" else vaf.fraction
    kept = tuple(code for code in variant.problems if not code.startswith("vaf_"))
    code = "vaf_unit_unclear" if vaf.status == "unclear" or unit is None else "vaf_unreadable"
    problems = kept if fraction is not None else (*kept, code)
    return replace(variant, vaf=fraction, problems=problems)


def _row(reading: Reading) -> tuple[Any, ...]:
    variants = reading.variants
    if len(variants) == 1:
        variant = variants[0]
        problems = reading.problems
        if variant.problems != problems:
            problems = tuple(dict.fromkeys((*problems, *variant.problems)))
        entries = [text or None for text in _entry(variant)]
        vaf = variant.vaf
    else:
        codes = [code for variant in variants for code in variant.problems]
        problems = tuple(dict.fromkeys((*reading.problems, *codes)))
        entries = _joined(variants) if variants else [reading.result, *[None] * (len(PER_VARIANT) - 1)]
        vaf = None
    said = "; ".join(problems) or None
    return (reading.status, len(variants), *entries, vaf, reading.confidence, said)


def _joined(variants: tuple[Variant, ...]) -> list[str | None]:
    """Return the entries of all statements, parted by `; `; None where no statement has one."""
    columns = zip(*(_entry(variant) for variant in variants), strict=True)
    return ["; ".join(parts) if any(parts) else None for parts in columns]


def _entry(variant: Variant) -> tuple[str, ...]:
    """Return the entries of `PER_VARIANT`, in its order."""
    found = variant.result == "variant"
    return (
        *_first(variant),
        variant.gene_note.replace("; ", ", "),
        variant.reference,
        variant.kind if found or variant.result == "no_change" else "",
        variant.consequence if found else "",
        *_printed(variant),
        PREDICTED[variant.predicted] if variant.protein_change else "",
        variant.allele,
        variant.looked_for,
        "" if variant.length is None else str(variant.length),
        "" if variant.vaf is None else f"{variant.vaf:.6g}",
        variant.vaf_written,
        ",".join(variant.unchecked),
    )
