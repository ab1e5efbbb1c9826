"""Layouts for one field at a time, written as TOML and loaded like every other."""

from __future__ import annotations

from pathlib import Path

from harmony.dictionary.model import load
from harmony.intake.layouts.model import Layout, load_layout

DICTIONARY = load()

HEAD = """id = "one"
version = "1"
author = "test"
source = "test"
encoding = "{encoding}"
delimiter = ";"
decimal = "{decimal}"
missing = ["", "NA"]
axis = "{axis}"
"""

PATIENT = """
[[table]]
name = "patient"
file = "one.csv"
[table.columns]
patient_id = { column = "id" }
disease = { constant = "AML" }
"""


def layout_text(
    field: str, rule: str = "", decimal: str = ".", encoding: str = "utf-8", more: str = ""
) -> str:
    """Return a layout that reads column `cell` of `one.csv` into a field by a rule written as TOML."""
    table, _, name = field.partition(".")
    axis = "days" if "interval" in rule else "calendar"
    column = f'{name} = {{ column = "cell"{", " + rule if rule else ""} }}\n'
    text = HEAD.format(decimal=decimal, axis=axis, encoding=encoding) + more + PATIENT
    if table == "patient":
        return text + column
    key = DICTIONARY.key_of(table)
    keys = f'{key} = {{ row = true }}\npatient_id = {{ column = "id" }}\n'
    return f'{text}[[table]]\nname = "{table}"\nfile = "one.csv"\n[table.columns]\n{keys}{column}'


def write_layout(folder: Path, text: str) -> Layout:
    """Write a layout's text into a folder and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "layout.toml"
    path.write_text(text, encoding="utf-8")
    return load_layout(path, DICTIONARY)
