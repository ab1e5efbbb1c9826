"""
A layout: how one site's files become common tables. Parsed once, refused where it cannot be right.

Packaged layouts stand beside this module, one folder each with `layout.toml` and worked examples; a site's
own stand in `definitions/layouts/<id>/` of its zone.
"""

from __future__ import annotations

import hashlib
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from harmony.dictionary.model import Dictionary
from harmony.errors import LayoutRefused
from harmony.files import read_text
from harmony.intake.layouts.check import check_layout
from harmony.intake.layouts.form import check_form
from harmony.intake.layouts.functions import load_functions

_LAYOUT_KEYS: Final = {
    "id", "version", "author", "source", "encoding", "delimiter", "decimal", "missing", "axis", "index_event",
    "not_supplied", "identified", "agreed", "table",
}  # fmt: skip
_TABLE_KEYS: Final = {"name", "file", "rows", "only", "columns", "ignore"}
_COLUMN_KEYS: Final = {
    "column", "constant", "row", "function", "uses", "codes", "unit", "date", "interval", "when", "parse",
    "sex",
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A row counts when the column's text is one of `values` (or none of them, when `negated`)."""

    column: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class ColumnRule:
    """
    Where one common field comes from.

    Attributes
    ----------
    field : str
        Name of the common field.
    column : str or None
        Source column; None for a constant or a row number.
    constant : str or None
        Value of every row.
    row : bool
        The row's own number in the file becomes the key.
    function, uses : str, tuple of str
        Name of a function in `functions.py` beside the layout, and the columns it reads.
    codes : mapping of str to str
        Source code to dictionary code; a code that is not listed is a problem.
    unit : str
        Source unit; converted into the dictionary's unit.
    date : str
        Source format, for example %d/%m/%Y.
    interval : str
        days or months since the index event (axis days).
    when : Condition or None
        Where it does not hold, the value is not known.
    parse : str
        Reader that makes the field from text: karyotype or variants; empty for none.
    sex : str
        Column of the same file with the person's sex, for a karyotype; empty for none.
    """

    field: str
    column: str | None
    constant: str | None
    row: bool
    function: str
    uses: tuple[str, ...]
    codes: Mapping[str, str]
    unit: str
    date: str
    interval: str
    when: Condition | None
    parse: str = ""
    sex: str = ""


@dataclass(frozen=True)
class TableRule:
    """One common table made from one file: each row, or the first row of each distinct key."""

    name: str
    file: str
    distinct: tuple[str, ...]
    only: Condition | None
    columns: tuple[ColumnRule, ...]
    ignore: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """A whole layout. `identified` and `agreed` map a disease to declared patients; absent = not declared."""

    id: str
    version: str
    author: str
    source: str
    encoding: str
    delimiter: str
    decimal: str
    missing: tuple[str, ...]
    axis: str
    index_event: str
    not_supplied: tuple[str, ...]
    identified: Mapping[str, int]
    agreed: Mapping[str, int]
    tables: tuple[TableRule, ...]
    functions: Mapping[str, Callable[..., list[str]]]
    sha256: str

    @property
    def files(self) -> tuple[str, ...]:
        """The source files in the order of their first use."""
        return tuple(dict.fromkeys(table.file for table in self.tables))


def find_layout(name: str, definitions: Path | None) -> Path:
    """
    Return the `layout.toml` that a name or path stands for.

    Raises
    ------
    LayoutRefused
        When there is none.
    """
    direct = Path(name)
    candidates = [direct, direct / "layout.toml"]
    if definitions is not None:
        candidates.append(definitions / "layouts" / name / "layout.toml")
    candidates.append(Path(str(resources.files("harmony.intake"))) / "layouts" / name / "layout.toml")
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise LayoutRefused(
        f"There is no layout '{name}'.", "Give the path of a layout.toml or the id of a packaged one."
    )


def load_layout(path: Path, dictionary: Dictionary) -> Layout:
    """
    Read and check one layout.

    Raises
    ------
    LayoutRefused
        When a key is unknown or missing, or something cannot be right (`layouts.check`).
    """
    text = read_text(path, LayoutRefused, "Write it again as UTF-8.")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LayoutRefused(f"{path.name} is no TOML: {error}.", "Mend the line named.") from error
    except (RecursionError, ValueError) as error:
        raise LayoutRefused(f"{path.name} is no TOML of a few levels.", "Mend the file.") from error
    _refuse_unknown(content, _LAYOUT_KEYS, "the layout")
    check_form(content)
    functions, code = load_functions(path.parent / "functions.py")
    digest = hashlib.sha256((text + code).encode()).hexdigest()
    try:
        layout = _build(content, digest, functions)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LayoutRefused(
            f"{path.name} is not whole: {type(error).__name__} {error}.",
            "Compare it with a packaged layout and mend the key named.",
        ) from error
    check_layout(layout, dictionary)
    return layout


def _build(
    content: Mapping[str, Any], digest: str, functions: Mapping[str, Callable[..., list[str]]]
) -> Layout:
    missing_keys = sorted({"id", "version", "author", "source", "axis", "table"} - set(content))
    if missing_keys:
        raise LayoutRefused(f"The layout has no {', '.join(missing_keys)}.", "Add the keys named.")
    return Layout(
        id=content["id"],
        version=str(content["version"]),
        author=content["author"],
        source=unicodedata.normalize("NFC", content["source"]),
        encoding=content.get("encoding", "utf-8"),
        delimiter=content.get("delimiter", ","),
        decimal=content.get("decimal", "."),
        missing=tuple(content.get("missing", [""])),
        axis=content["axis"],
        index_event=content.get("index_event", "diagnosis"),
        not_supplied=tuple(content.get("not_supplied", [])),
        identified=dict(content.get("identified", {})),
        agreed=dict(content.get("agreed", {})),
        tables=tuple(_table(item) for item in content["table"]),
        functions=functions,
        sha256=digest,
    )


def _table(content: Mapping[str, Any]) -> TableRule:
    _refuse_unknown(content, _TABLE_KEYS, f"table {content.get('name', '?')}")
    rows = content.get("rows", "each")
    return TableRule(
        name=content["name"],
        file=content["file"],
        distinct=() if rows == "each" else tuple(rows["distinct"]),
        only=_condition(content.get("only")),
        columns=tuple(_column(field, rule, content["name"]) for field, rule in content["columns"].items()),
        ignore={item["column"]: item["reason"] for item in content.get("ignore", [])},
    )


def _column(field: str, content: Mapping[str, Any], table: str) -> ColumnRule:
    _refuse_unknown(content, _COLUMN_KEYS, f"{table}.{field}")
    sources = [key for key in ("column", "constant", "row", "function") if key in content]
    if len(sources) != 1:
        raise LayoutRefused(
            f"{table}.{field} needs one of column, constant, row or function.", "Mend the layout."
        )
    return ColumnRule(
        field=field,
        column=content.get("column"),
        constant=None if "constant" not in content else str(content["constant"]),
        row=bool(content.get("row", False)),
        function=content.get("function", ""),
        uses=tuple(content.get("uses", ())),
        codes={str(key): str(value) for key, value in content.get("codes", {}).items()},
        unit=content.get("unit", ""),
        date=content.get("date", ""),
        interval=content.get("interval", ""),
        when=_condition(content.get("when")),
        parse=content.get("parse", ""),
        sex=content.get("sex", ""),
    )


def _condition(content: Mapping[str, Any] | None) -> Condition | None:
    if content is None:
        return None
    negated = "not_in" in content
    values = content["not_in"] if negated else content["in"]
    return Condition(content["column"], tuple(str(value) for value in values), negated)


def _refuse_unknown(content: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(content) - known)
    if unknown:
        raise LayoutRefused(
            f"{where} has unknown keys: {', '.join(unknown)}.", "Mend the layout.", ", ".join(sorted(known))
        )
