"""A layout that cannot be right is refused when loaded; packaged layouts do what their examples say."""

import csv
from importlib import resources
from pathlib import Path

import pytest
from small_layouts import DICTIONARY, layout_text, write_layout
from zones import opened

from harmony.errors import LayoutRefused
from harmony.intake.convert import check_files, convert
from harmony.intake.layouts.model import find_layout, load_layout
from harmony.store.tables import read_table

PACKAGED = Path(str(resources.files("harmony.intake"))) / "layouts"
NAMES = sorted(path.parent.name for path in PACKAGED.glob("*/layout.toml"))
EXAMPLES = sorted(path.relative_to(PACKAGED).as_posix() for path in PACKAGED.glob("*/examples/*"))

GOOD = layout_text("patient.sex", 'codes = { M = "male" }')

#: What is changed in a good layout, and a word of the refusal.
WRONG = (
    ('id = "one"\n', "", "no id"),
    ('version = "1"', "version = ", "no TOML"),
    ('axis = "calendar"', 'axis = "moon"', "axis"),
    ('axis = "calendar"', 'axis = "calendar"\nindex_event = "transplant"', "true dates"),
    ('encoding = "utf-8"', 'encoding = "klingon"', "encoding"),
    ('delimiter = ";"', 'delimiter = ";;"', "delimiter"),
    ('decimal = "."', 'decimal = ";"', "decimal"),
    ('missing = ["", "NA"]', 'colour = "red"', "colour"),
    ('missing = ["", "NA"]', 'not_supplied = ["patient.shoe_size"]', "patient.shoe_size"),
    ('missing = ["", "NA"]', 'not_supplied = ["patient.sex"]', "supplies it"),
    ('file = "one.csv"', 'file = "../one.csv"', "plain file name"),
    ('file = "one.csv"', 'file = "/one.csv"', "plain file name"),
    ('file = "one.csv"\n', "", "not whole"),
    ('name = "patient"', 'name = "diagnosis"', "no table patient"),
    ('name = "patient"', 'name = "shoes"', "no table shoes"),
    ('patient_id = { column = "id" }\n', "", "no patient_id"),
    ("sex = { column", "shoe_size = { column", "patient.shoe_size"),
    ('sex = { column = "cell"', 'sex = { colour = "cell"', "colour"),
    ('sex = { column = "cell"', 'sex = { column = "cell", constant = "male"', "needs one of"),
    ('M = "male"', 'M = "man"', "no code man"),
    ('disease = { constant = "AML" }', 'disease = { constant = "FLU" }', "constant"),
    ("codes = {", 'when = { column = "id" }, codes = {', "not whole"),
    ("codes = {", "codes = 5, unit = {", "not whole"),
    ('sex = { column = "cell", codes = { M = "male" } }', 'sex = { function = "f" }', "no function f"),
    ('sex = { column = "cell", codes = { M = "male" } }', 'death_date = { column = "cell" }', "date format"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'death_date = { column = "cell", date = "%m/%Y" }', "%d, %m and %Y"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'death_date = { column = "cell", date = "%d/%m/%y" }', "%d, %m and %Y"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'death_date = { column = "cell", interval = "days" }', "axis calendar"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'death_date = { constant = "yesterday" }', "type date"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'age_at_diagnosis = { column = "cell" }', "needs the unit"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'age_at_diagnosis = { column = "cell", unit = "fortnight" }', "fortnight"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'year_of_birth = { column = "cell", unit = "fortnight" }', "fortnight"),
    ('sex = { column = "cell", codes = { M = "male" } }',
     'lost_to_follow_up = { column = "cell", codes = { x = "perhaps" } }', "type boolean"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), WRONG)
def test_a_layout_that_cannot_be_right_is_refused(old, new, says, tmp_path):
    assert GOOD.count(old) >= 1
    with pytest.raises(LayoutRefused) as caught:
        write_layout(tmp_path, GOOD.replace(old, new, 1))
    assert says in str(caught.value)
    assert caught.value.exit_code == 12


def test_the_unchanged_layout_is_accepted(tmp_path):
    assert write_layout(tmp_path, GOOD).files == ("one.csv",)


def test_two_tables_of_one_name_are_refused(tmp_path):
    again = GOOD + GOOD[GOOD.index("[[table]]") :]
    with pytest.raises(LayoutRefused, match="made 2 times"):
        write_layout(tmp_path, again)


def test_a_layout_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(LayoutRefused, match="no layout"):
        find_layout("nowhere", tmp_path)


def test_a_site_layout_stands_in_the_definitions_of_its_zone(tmp_path):
    write_layout(tmp_path / "layouts" / "mine", GOOD)
    assert find_layout("mine", tmp_path) == tmp_path / "layouts" / "mine" / "layout.toml"


def test_the_functions_beside_a_layout_belong_to_its_hash(tmp_path):
    first = write_layout(tmp_path, GOOD).sha256
    (tmp_path / "functions.py").write_text("def f(columns):\n    return []\n", encoding="utf-8")
    assert write_layout(tmp_path, GOOD).sha256 != first


@pytest.mark.parametrize("name", NAMES)
def test_every_packaged_layout_has_examples(name):
    assert [example for example in EXAMPLES if example.startswith(f"{name}/")]


def _shown(value):
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_packaged_layout_gives_what_its_example_says(example, tmp_path):
    folder = PACKAGED / example
    layout = load_layout(folder.parents[1] / "layout.toml", DICTIONARY)
    assert check_files(folder, layout, 10**6) == []
    with opened(tmp_path) as (zone, journal):
        mark = "synthetic" if example.startswith("p02") else "public"
        facts = {"mark": mark, "agreement": "AGR-000000000000"}
        found = convert(zone, folder, layout, DICTIONARY, journal, facts)
    expected = sorted((folder / "out").glob("*.csv"))
    assert {path.stem for path in expected} == {table.name for table in layout.tables} | {"problems"}
    for path in expected:
        with path.open(newline="", encoding="utf-8") as file:
            wanted = list(csv.DictReader(file))
        if path.stem == "problems":
            with found.path("problems.csv").open(newline="", encoding="utf-8") as file:
                made = [
                    {name: row[name] for name in wanted[0]} if wanted else row for row in csv.DictReader(file)
                ]
        else:
            rows = read_table(found.path(f"tables/{path.stem}.parquet")).to_pylist()
            made = [{name: _shown(value) for name, value in row.items() if name != "_file"} for row in rows]
        assert made == wanted, path.stem
