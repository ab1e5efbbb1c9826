"""What a source cell becomes, cell by cell: tests/spec/cells.csv."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest
from small_layouts import DICTIONARY, layout_text, write_layout

from harmony.intake.columns import Source, convert_column
from harmony.intake.readers.delimited import Batch
from harmony.stages.problems import ProblemList
from harmony.store.tables import ARROW_TYPES


def cases():
    path = Path(__file__).parents[2] / "spec" / "cells.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def convert(layout, field, cells):
    """Values and problems of one column of cells, lines from 2 on."""
    table = next(table for table in layout.tables if table.name == field.partition(".")[0])
    rule = next(rule for rule in table.columns if rule.field == field.partition(".")[2])
    columns = {"id": pa.array(["1"] * len(cells)), "cell": pa.array(cells, pa.string())}
    batch = Batch(columns, pa.array(range(2, 2 + len(cells)), pa.int64()))
    problems = ProblemList()
    values = convert_column(Source(layout, "one.csv", batch), rule, DICTIONARY.field(field), problems)
    return values, problems


def as_spec(value):
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("case", cases(), ids=lambda c: f"{c['field']}[{c['rule']}]{c['cell']}")
def test_a_cell_becomes_its_value_or_its_problem(case, tmp_path):
    field = case["field"]
    layout = write_layout(tmp_path, layout_text(field, case["rule"], case["decimal"]))
    values, problems = convert(layout, field, [case["cell"]])
    assert values.type == ARROW_TYPES[DICTIONARY.field(field).type]
    assert as_spec(values[0].as_py()) == case["value"]
    assert [problem.value_class for problem in problems.listed] == [case["problem"]][: bool(case["problem"])]


def test_a_problem_has_its_line_and_never_the_cell(tmp_path):
    layout = write_layout(tmp_path, layout_text("patient.sex", 'codes = { M = "male" }'))
    _, problems = convert(layout, "patient.sex", ["M", "CANARY7", "M", "Canary Seven"])
    found = [(p.severity, p.rule, p.file, p.line, p.column) for p in problems.in_order()]
    assert found == [
        ("structure", "FRM-IDENTIFIER", "one.csv", 5, "cell"),
        ("error", "FRM-VALUE", "one.csv", 3, "cell"),
    ]
    assert "anary" not in str(problems.listed).lower()


def test_a_condition_makes_other_rows_not_known(tmp_path):
    rule = 'codes = { M = "male" }, when = { column = "id", in = ["9"] }'
    layout = write_layout(tmp_path, layout_text("patient.sex", rule))
    values, problems = convert(layout, "patient.sex", ["M", "wrong"])
    assert values.to_pylist() == [None, None]
    assert problems.listed == []


#: functions.py beside the layout, and what the refusal says.
BROKEN_FUNCTIONS = (
    ("def f(columns):\n    raise ValueError(columns['cell'][0])\n", "ValueError"),
    ("def f(columns):\n    return ['male']\n", "not one value for each row"),
)


@pytest.mark.parametrize(("code", "says"), BROKEN_FUNCTIONS)
def test_a_failing_function_is_refused_without_the_cell(code, says, tmp_path):
    from harmony.errors import LayoutRefused

    (tmp_path / "functions.py").write_text(code, encoding="utf-8")
    text = layout_text("patient.sex").replace(
        'sex = { column = "cell" }', 'sex = { function = "f", uses = ["cell"] }'
    )
    layout = write_layout(tmp_path, text)
    with pytest.raises(LayoutRefused, match=says) as caught:
        convert(layout, "patient.sex", ["CANARY7", "x"])
    assert "CANARY7" not in str(caught.value)
    assert caught.value.__cause__ is None
