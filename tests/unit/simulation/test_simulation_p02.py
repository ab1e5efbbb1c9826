"""P02's files: their encoding, their codes, and that nothing is lost between the tables and the files."""

from __future__ import annotations

import csv
import datetime

import pytest

from harmony.dictionary.model import load
from harmony.errors import UsageError
from harmony.simulation.cohort import simulate
from harmony.simulation.observation import observe
from harmony.simulation.p02 import (
    P02_COLUMNS,
    P02_CONSTANTS,
    P02_FILES,
    P02_PARSED,
    not_supplied,
    write_provider_files,
)

#: Columns that the laboratory writes in its own words; test_simulation_p02_text reads them back.
TEXTS = ("karyotype", "variants")


@pytest.fixture(scope="module")
def tables():
    return observe(simulate(400, 2026), 2026)


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("p02")
    write_provider_files(tables, folder)
    return folder


def _rows(folder, table):
    with (folder / P02_FILES[table]).open(encoding="iso-8859-1", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _read(cell, column):
    """Read one cell back by the documentation of its column alone."""
    if column.form == "code":
        return column.codes.get(cell)
    if cell == "":
        return None
    if column.form == "date":
        return datetime.datetime.strptime(cell, "%d/%m/%Y").date()
    if column.form in ("integer", "decimal"):
        return float(cell.replace(",", ".")) / column.factor
    return cell


@pytest.mark.parametrize("table", P02_FILES)
def test_files_read_back_by_their_columns_give_the_tables(tables, folder, table):
    rows, expected = _rows(folder, table), tables[table].to_pylist()
    assert len(rows) == len(expected)
    for column in (column for column in P02_COLUMNS if column.table == table and column.form not in TEXTS):
        field = column.key.partition(".")[2]
        for row, truth in zip(rows, expected, strict=True):
            found, want = _read(row[column.name], column), truth[field]
            if column.form in ("integer", "decimal") and want is not None:
                assert found == pytest.approx(want, rel=1e-9, abs=1e-12), column.key
            elif isinstance(want, bool):
                assert found == str(want).lower(), column.key
            else:
                assert found == want, column.key


def test_files_are_latin_1_and_not_utf_8(folder):
    content = (folder / "pazienti.synthetic.csv").read_bytes()
    assert "età_diagnosi" in content.decode("iso-8859-1").splitlines()[0]
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


def test_dates_decimals_and_codes_are_italian(folder):
    person, sample = _rows(folder, "patient")[0], _rows(folder, "biochemistry")[0]
    assert person["data_diagnosi"] == "30/10/2007" and person["sesso"] == "1"
    assert sample["emoglobina"] == "11,6" and sample["GB"] == "53700" and sample["albumina"] == "3,9"
    assert {row["TP53"] for row in _rows(folder, "gene_test")} == {"MUT", "WT", ""}
    assert {row["pml_rara"] for row in _rows(folder, "cytogenetics")} == {"0", "1", "9"}


def test_every_file_is_marked_synthetic_and_counted(tables, tmp_path):
    counts = write_provider_files(tables, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(P02_FILES.values())
    assert all(name.endswith(".synthetic.csv") for name in counts)
    assert counts["pazienti.synthetic.csv"] == 400


def test_every_column_of_the_tables_is_in_a_file_a_constant_or_not_supplied(tables):
    written = {column.key for column in P02_COLUMNS}
    for name, table in tables.items():
        for field in table.column_names:
            key = f"{name}.{field}"
            places = (written, P02_CONSTANTS, P02_PARSED, not_supplied())
            assert sum(key in place for place in places) == 1, key


def test_constants_are_what_the_tables_hold(tables):
    for key, value in P02_CONSTANTS.items():
        table, _, field = key.partition(".")
        if field in tables[table].column_names:
            assert {
                str(item).replace("False", "false") for item in tables[table].column(field).to_pylist()
            } == {value}, key


def test_codes_and_units_are_those_of_the_dictionary():
    dictionary = load()
    for column in P02_COLUMNS:
        field = dictionary.field(column.key)
        if field.codes:
            assert set(column.codes.values()) <= set(field.codes), column.key
        if column.form == "decimal" and column.factor == 1.0:
            assert column.unit == field.unit, column.key


def test_headers_are_unique_in_a_file():
    for table in P02_FILES:
        names = [column.name for column in P02_COLUMNS if column.table == table]
        assert len(names) == len(set(names)), table


def test_a_missing_table_is_refused(tables, tmp_path):
    with pytest.raises(UsageError, match="mrd"):
        write_provider_files({name: table for name, table in tables.items() if name != "mrd"}, tmp_path)


def test_a_value_without_a_code_is_refused(tables, tmp_path):
    people = tables["patient"]
    place = people.column_names.index("sex")
    changed = people.set_column(place, "sex", [["unknown"] * people.num_rows])
    with pytest.raises(UsageError, match="sesso"):
        write_provider_files({**tables, "patient": changed}, tmp_path)
