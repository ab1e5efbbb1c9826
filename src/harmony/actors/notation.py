"""Reading of what clinicians write, for anyone and outside any network: karyotypes and variants."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from harmony.errors import UsageError
from harmony.store.own_files import read_text_columns, write_csv

#: So many different strings that were not read are listed with `--json`.
LISTED: Final = 20


def karyotype_read(file: Path, column: str, output: Path, sex: str = "") -> dict[str, Any]:
    """
    Read a column of karyotypes: one row out per row in, same order.

    Parameters
    ----------
    file : Path
        CSV or Parquet.
    column, sex : str
        Names of the columns with the karyotype and, where there is one, the sex.
    output : Path
        CSV; its columns are those of `harmony.notation.iscn.table.OUTPUT`.
    """
    from harmony.notation.iscn.table import read_column

    _refuse_same(file, output)
    own = read_text_columns(file, [column, sex] if sex else [column])
    table = read_column(own.columns[column], own.columns[sex] if sex else None)
    write_csv(output, table)
    return _answer(table, "karyotype", own.columns[column], own.remarks, output)


def karyotype_explain(text: str, sex: str = "") -> dict[str, Any]:
    """Say in words what was read from one karyotype, what counts, what does not, and why."""
    from harmony.notation.iscn.explain import explain
    from harmony.notation.iscn.read import read_karyotype

    lines = list(explain(text, sex or None))
    return {"message": "\n".join(lines), "columns": read_karyotype(text, sex or None).row()}


def variant_read(file: Path, column: str, output: Path) -> dict[str, Any]:
    """
    Read a column of variants: one row out per row in, same order.

    Parameters
    ----------
    file : Path
        CSV or Parquet.
    column : str
        Name of the column with the variant.
    output : Path
        CSV; its columns are those of `harmony.notation.hgvs.table.OUTPUT`.
    """
    from harmony.notation.hgvs.table import read_column

    _refuse_same(file, output)
    own = read_text_columns(file, [column])
    table = read_column(own.columns[column])
    write_csv(output, table)
    return _answer(table, "variant", own.columns[column], own.remarks, output)


def variant_explain(text: str) -> dict[str, Any]:
    """Say in words what was read from one variant, what was mended and what was not checked."""
    from harmony.notation.hgvs.explain import explain

    return {"message": explain(text)}


def _refuse_same(file: Path, output: Path) -> None:
    if file.resolve() == output.resolve():
        raise UsageError("The output would replace the file that is read.", "Name another file.")


def _answer(
    table: pa.Table, what: str, texts: pa.Array, remarks: tuple[str, ...], output: Path
) -> dict[str, Any]:
    status = Counter(table["status"].to_pylist())
    read = status.get("read", 0)
    message = f"{table.num_rows} {what}s: {read} read whole, {table.num_rows - read} not or in part."
    unread = {
        text: None
        for text, state in zip(texts.to_pylist(), table["status"].to_pylist(), strict=True)
        if state in ("unreadable", "partly_read") and text
    }
    return {
        "message": message,
        "status": dict(status.most_common()),
        "remarks": list(remarks),
        # The strings are the reader's own file; they are shown nowhere but on his screen.
        "records": list(unread)[:LISTED],
        "output": str(output),
    }
