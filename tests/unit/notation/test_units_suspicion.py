"""A column in another unit than declared is seen by its values."""

from __future__ import annotations

import csv

import pyarrow as pa
import pytest
from small_layouts import DICTIONARY
from small_network import build

from harmony.actors import provider
from harmony.intake.units import DOUBTED_SHARE, UnitDoubts, factor
from harmony.notation.units.conversion import Factor
from harmony.notation.units.suspicion import suspicious

HB = DICTIONARY.field("biochemistry.haemoglobin")
AS_GRAM_PER_LITRE = {"g/L": Factor(0.1, 0.0), "mmol/L": Factor(1.6114, 0.0)}


def test_a_value_is_named_after_the_unit_that_makes_it_plausible():
    values = pa.array([14.0, 140.0, 2.5, 5000.0, None, float("nan")])
    found = suspicious(values, 3, 20, AS_GRAM_PER_LITRE)
    assert found.to_pylist() == [None, "g/L", "mmol/L", None, None, None]


def test_the_limits_themselves_are_plausible():
    assert suspicious(pa.array([3.0, 20.0]), 3, 20, AS_GRAM_PER_LITRE).to_pylist() == [None, None]
    assert suspicious(pa.array([30.0, 200.0]), 3, 20, AS_GRAM_PER_LITRE).to_pylist() == ["g/L", "g/L"]


def test_an_open_range_doubts_on_its_closed_side_only():
    found = suspicious(pa.array([0.001, 140.0]), None, 20, AS_GRAM_PER_LITRE)
    assert found.to_pylist() == [None, "g/L"]
    assert suspicious(pa.array([1e9]), None, None, AS_GRAM_PER_LITRE).to_pylist() == [None]


def test_an_offset_is_part_of_the_other_unit():
    fahrenheit = {"[degF]": Factor(5 / 9, -160 / 9)}
    assert suspicious(pa.array([98.6, 37.0, 451.0]), 30, 43, fahrenheit).to_pylist() == ["[degF]", None, None]


def test_without_other_units_nothing_is_suspicious():
    assert suspicious(pa.array([1e9]), 0, 1, {}).to_pylist() == [None]


def doubts(item, unit, *batches):
    found = UnitDoubts()
    for batch in batches:
        found.add(item, "column", unit, pa.array(batch, pa.float64()))
    return list(found.problems("one.csv"))


def test_a_column_in_gram_per_litre_declared_as_gram_per_decilitre_is_doubted_once():
    (problem,) = doubts(HB, "g/dL", [140.0, 95.0], [88.0, None, 14.0])
    assert (problem.severity, problem.rule, problem.line) == ("warning", "FRM-UNIT", 0)
    assert problem.what.startswith("3 of 4 values are plausible only in g/L;")
    assert problem.value_class == "plausible in g/L"


def test_the_other_unit_is_found_from_the_declared_one():
    # Declared g/L, delivered g/dL: the converted values are a tenth of the true ones.
    (problem,) = doubts(HB, "g/L", [1.4, 0.95, 1.2])
    assert "only in g/dL" in problem.what


def test_below_the_share_a_column_is_not_doubted():
    few = int(1 / DOUBTED_SHARE)
    assert doubts(HB, "g/dL", [140.0] + [14.0] * few) == []
    assert doubts(HB, "g/dL", [140.0] + [14.0] * (few - 1)) != []


def test_plausible_and_hopeless_and_empty_columns_are_not_doubted():
    assert doubts(HB, "g/dL", [14.0, 9.5]) == []
    assert doubts(HB, "g/dL", [1e9, 1e8]) == []
    assert doubts(HB, "g/dL", [None, None]) == []
    assert doubts(HB, "g/dL") == []


@pytest.mark.parametrize("item", [f for f in DICTIONARY.fields if f.unit], ids=lambda f: f.key)
def test_every_field_can_be_looked_at_in_every_unit_of_the_table(item):
    assert factor(item, item.unit) == Factor(1.0, 0.0)
    assert doubts(item, item.unit, [item.plausible[1] or 1.0]) == []


def test_the_providers_check_warns_of_a_column_in_another_unit(tmp_path):
    small = build(tmp_path, patients=120, rows=0, upto="network")
    path = small.sources["P02"] / "esami_sangue.synthetic.csv"
    lines = list(csv.reader(path.read_text("iso-8859-1").splitlines(), delimiter=";"))
    place = lines[0].index("emoglobina")
    for line in lines[1:]:
        if line[place]:
            line[place] = str(round(float(line[place].replace(",", ".")) * 10))
    path.write_bytes("".join(";".join(line) + "\r\n" for line in lines).encode("iso-8859-1"))
    answer = provider.check(small.network, "P02", path.parent, "p02_aml", small.agreements["P02"])
    with open(answer["report"], encoding="utf-8", newline="") as file:
        doubted = [row for row in csv.DictReader(file) if row["rule"] == "FRM-UNIT"]
    assert [(row["severity"], row["column"]) for row in doubted] == [("warning", "emoglobina")]
    assert "only in g/L" in doubted[0]["what"]
