import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from harmony.disclosure import suppression
from harmony.disclosure.audit import CountTable, Need, Relation, audit
from harmony.disclosure.suppression import suppress
from harmony.errors import DisclosureRefused

CASES = json.loads((Path(__file__).parents[2] / "data/suppression_vectors.json").read_text())["cases"]
LOSS = {"cells": lambda n: 1, "value": lambda n: max(1, n), "log": lambda n: max(1, n.bit_length())}
IDS = [case["id"] for case in CASES]


def table_of(case):
    loss = LOSS[case["cost_model"]]
    return CountTable(
        case["cells"],
        tuple(Relation(one["total"], tuple(one["parts"])) for one in case["relations"]),
        {cell: Need(case["threshold"], case["width"]) for cell in case["primary"]},
        case["hidden_min"],
        frozenset(case["structural_zeros"]),
        frozenset(case["never_hidden"]),
        {cell: loss(count) for cell, count in case["cells"].items()},
    )


def candidates_of(case):
    totals = set() if case["totals_may_be_hidden"] else {one["total"] for one in case["relations"]}
    return [cell for cell in case["cells"] if cell not in totals]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_auditor_reproduces_intervals_and_verdict_of_every_pattern(case):
    table = table_of(case)
    for pattern in case["patterns"] or []:
        found = audit(table, pattern["hidden"], every_cell=True)
        intervals = {cell: list(found.intervals[cell]) for cell in pattern["hidden"]}
        assert intervals == pattern["intervals"]
        assert found.safe == pattern["safe"]
        assert list(found.exposed) == sorted(pattern["exposed"])
        exact = sorted(cell for cell, (low, high) in found.intervals.items() if low == high)
        assert exact == sorted(pattern["exactly_recovered"])


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_suppressor_finds_a_safe_pattern_of_the_optimal_cost_or_withholds(case):
    table = table_of(case)
    found = suppress(table, candidates_of(case))
    assert found.safe == (not case["no_safe_pattern"])
    if found.safe:
        assert found.cost == case["optimal_cost"]
        assert audit(table, found.hidden).safe
        assert not found.hidden & (table.structural_zeros | table.never_hidden)
        assert set(case["primary"]) <= found.hidden
    else:
        assert found.hidden == frozenset()


def test_one_primary_cell_after_the_other_is_safe_and_at_most_a_third_dearer_in_all(monkeypatch):
    monkeypatch.setattr(suppression, "TOGETHER", 0)
    cost = optimal = 0.0
    for case in (
        one for one in CASES if one["kind"] in ("2-way", "hierarchy") and not one["no_safe_pattern"]
    ):
        table = table_of(case)
        found = suppress(table, candidates_of(case))
        assert found.safe and audit(table, found.hidden).safe
        assert found.cost >= case["optimal_cost"]
        cost, optimal = cost + found.cost, optimal + case["optimal_cost"]
    assert 1.0 <= cost / optimal < 1.33


def line(counts, needs, hidden_min=0, **more):
    cells = {f"c{k}": n for k, n in enumerate(counts)} | {"all": sum(counts)}
    parts = tuple(f"c{k}" for k in range(len(counts)))
    table = CountTable(
        cells, (Relation("all", parts),), {cell: Need(10, 9) for cell in needs}, hidden_min, **more
    )
    return replace(table, never_hidden=table.never_hidden | {"all"})


def test_audit_equals_enumeration_of_all_tables_on_small_two_way_tables():
    cells = {"aa": 2, "ab": 5, "ba": 4, "bb": 1, "a": 7, "b": 5, "A": 6, "B": 6}
    relations = (
        Relation("a", ("aa", "ab")),
        Relation("b", ("ba", "bb")),
        Relation("A", ("aa", "ba")),
        Relation("B", ("ab", "bb")),
    )
    inner = ["aa", "ab", "ba", "bb"]
    for hidden_min in (0, 1):
        table = CountTable(cells, relations, {"bb": Need(3, 2)}, hidden_min)
        for size in range(1, 5):
            for hidden in itertools.combinations(inner, size):
                found = audit(table, hidden, every_cell=True).intervals
                possible = [
                    dict(zip(hidden, values, strict=True))
                    for values in itertools.product(range(hidden_min, 13), repeat=size)
                    if _holds(cells | dict(zip(hidden, values, strict=True)), relations)
                ]
                for cell in hidden:
                    values = [one[cell] for one in possible]
                    assert found[cell] == (min(values), max(values))


def _holds(cells, relations):
    return all(cells[one.total] == sum(cells[part] for part in one.parts) for one in relations)


def test_a_primary_cell_that_is_shown_is_exposed():
    assert audit(line([3, 40, 50], ["c0"]), ["c1"]).exposed == ("c0",)


def test_secondary_cell_is_the_cheapest_that_makes_the_interval_wide_enough():
    found = suppress(line([3, 40, 5 + 10, 50], ["c0"], costs={"c1": 40, "c2": 15, "c3": 50}))
    assert found.hidden == {"c0", "c2"}
    assert found.audit.intervals["c0"] == (0, 18)


def test_two_small_cells_whose_sum_is_below_the_threshold_get_a_third():
    found = suppress(line([3, 2, 40], ["c0", "c1"]))
    assert found.hidden == {"c0", "c1", "c2"}


def test_no_partner_means_withheld():
    assert not suppress(line([3, 6], ["c0", "c1"])).safe


def test_structural_zero_is_no_partner():
    assert not suppress(line([3, 0], ["c0"], structural_zeros=frozenset({"c1"}))).safe


def test_primary_cell_that_must_stay_visible_means_withheld():
    assert not suppress(line([3, 60], ["c0"], never_hidden=frozenset({"c0"}))).safe


def test_a_table_that_does_not_add_up_is_refused_without_its_numbers():
    table = line([3, 40], ["c0"])
    with pytest.raises(DisclosureRefused) as refused:
        suppress(replace(table, cells=table.cells | {"all": 44}))
    assert "44" not in str(refused.value) and "43" not in str(refused.value)
