"""Whole columns of variant descriptions: every distinct string is read once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.notation.hgvs.model import Reading, Variant
from harmony.notation.hgvs.read import read_variant
from harmony.notation.hgvs.vaf import column_unit, plain_number, read_vaf

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
OUTPUT: Final = tuple(SCHEMA.names)
#: Output of a row that was null.
EMPTY: Final = Reading("", "", "no_result", "empty", (), (), "high")


def read_column(values: pa.Array | pa.ChunkedArray, vaf_unit: str | None = None) -> pa.Table:
    """
    Read a column of variant descriptions.

    Parameters
    ----------
    values : text array of shape (n,)
        NULL and "" where there is none.
    vaf_unit : fraction, percent or None
        What allele fractions without a `%` sign are. Without it the whole column decides
        (`harmony.notation.hgvs.vaf.column_unit`); where it does not tell, they stay unread.

    Returns
    -------
    pyarrow.Table
        One row per row in, same order, columns `OUTPUT`; NULL for empty. `row` counts from 1; `variants` is
        the number of statements in the cell; `status`, `confidence` and `problems` are of the whole cell.
        The columns of `PER_VARIANT` hold one entry per statement, parted by `; `, in the same order; empty
        entries keep their place. `vaf` is the fraction where the cell has one variant, `vafs` all of them.
        The schema's metadata says which unit was taken (`vaf_unit`, empty for none) and why (`vaf_reason`).

    Raises
    ------
    UsageError
        When the unit is not known.
    """
    flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = pc.fill_null(flat.cast(pa.string()), "").dictionary_encode()
    places = coded.indices.to_numpy(zero_copy_only=False)
    rows: list[dict[str, Any]] = []
    # Only readings that wait for the column's unit are kept: a million of them would be slow to collect.
    waiting: dict[int, Reading] = {}
    for at, text in enumerate(coded.dictionary.to_pylist()):
        reading = read_variant(text) if text else EMPTY
        rows.append(_row(reading))
        if _waits(reading):
            waiting[at] = reading
    unit, reason = _unit(waiting, np.bincount(places, minlength=len(rows)), vaf_unit)
    for at, reading in waiting.items():
        rows[at] = _row(replace(reading, variants=tuple(_vaf(v, unit) for v in reading.variants)))
    columns = {
        name: pa.array([row[name] for row in rows], SCHEMA.field(name).type).take(pa.array(places))
        for name in OUTPUT
        if name != "row"
    }
    columns["row"] = pa.array(np.arange(1, len(flat) + 1))
    about = {"vaf_unit": unit or "", "vaf_reason": reason}
    return pa.table([columns[name] for name in OUTPUT], schema=SCHEMA.with_metadata(about))


def _waits(reading: Reading) -> bool:
    """Tell whether an allele fraction of the cell has no sign."""
    return any(v.vaf_written and not v.vaf_written.endswith("%") for v in reading.variants)


def _unit(waiting: dict[int, Reading], counts: np.ndarray, declared: str | None) -> tuple[str | None, str]:
    numbers: list[float] = []
    for at, reading in waiting.items():
        for variant in reading.variants:
            number = plain_number(variant.vaf_written.lstrip("<>=~"))
            if number is not None:
                numbers += [number] * int(counts[at])
    return column_unit(numbers, declared)


def _vaf(variant: Variant, unit: str | None) -> Variant:
    if not variant.vaf_written or variant.vaf_written.endswith("%"):
        return variant
    vaf = read_vaf(variant.vaf_written, unit)
    # A number over 1 speaks for itself only while the column does not hold two units.
    fraction = None if unit is None and vaf.reason == "over_1" else vaf.fraction
    kept = tuple(code for code in variant.problems if not code.startswith("vaf_"))
    code = "vaf_unit_unclear" if vaf.status == "unclear" or unit is None else "vaf_unreadable"
    problems = kept if fraction is not None else (*kept, code)
    return replace(variant, vaf=fraction, problems=problems)


def _row(reading: Reading) -> dict[str, Any]:
    variants = reading.variants
    problems = list(reading.problems)
    for variant in variants:
        problems += [code for code in variant.problems if code not in problems]
    row: dict[str, Any] = {
        "status": reading.status,
        "variants": len(variants),
        "vaf": variants[0].vaf if len(variants) == 1 else None,
        "confidence": reading.confidence,
        "problems": "; ".join(problems) or None,
    }
    entries = [_entry(variant) for variant in variants] or [dict.fromkeys(PER_VARIANT, "")]
    if not variants:
        entries[0]["result"] = reading.result
    for name in PER_VARIANT:
        parts = [entry[name] for entry in entries]
        row[name] = "; ".join(parts) if any(parts) else None
    return row


def _entry(variant: Variant) -> dict[str, str]:
    return {
        "result": variant.result,
        "gene": variant.gene,
        "gene_written": variant.gene_written,
        "gene_note": variant.gene_note.replace("; ", ", "),
        "reference": variant.reference,
        "kind": variant.kind if variant.result in ("variant", "no_change") else "",
        "consequence": variant.consequence if variant.result == "variant" else "",
        "consequence_from": variant.consequence_from,
        "hgvs": variant.hgvs,
        "coding_change": variant.coding_change,
        "protein_change": variant.protein_change,
        "predicted": {True: "yes", False: "no", None: ""}[
            variant.predicted if variant.protein_change else None
        ],
        "allele": variant.allele,
        "looked_for": variant.looked_for,
        "length": "" if variant.length is None else str(variant.length),
        "vafs": "" if variant.vaf is None else f"{variant.vaf:.6g}",
        "vaf_written": variant.vaf_written,
        "unchecked": ",".join(variant.unchecked),
    }
