"""Classes and risks of 174 published levels of 44 small data sets; tests/data/anonymity_vectors.json."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmony.anonymity.risk import class_of, measure, sizes

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "anonymity_vectors.json").read_text("utf-8"))
TREES = VECTORS["about"]["hierarchies"]
BANDS = {"age": (1, 5, 10, 20), "year": (1, 2, 5)}


def at_level(name, value, level):
    """A value generalised as the vectors' hierarchies say; the last level is * for everybody."""
    if name in BANDS:
        return "*" if level >= len(BANDS[name]) else str(value // BANDS[name][level])
    if name == "sex":
        return value if level == 0 else "*"
    return TREES[name][value][level]


def columns_of(case, levels):
    places = {name: case["columns"].index(name) for name in case["quasi_identifiers"]}
    return {
        name: np.array([at_level(name, row[place], levels[name]) for row in case["rows"]], dtype=object)
        for name, place in places.items()
    }


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["id"])
def test_classes_k_and_risks_are_the_published_ones(case):
    for wanted in case["measures"]:
        classes = class_of(columns_of(case, wanted["levels"]), case["quasi_identifiers"])
        for threshold, share in wanted["prosecutor"]["share_above"].items():
            risk = measure(classes, float(threshold))
            assert (risk.patients, risk.classes) == (wanted["records"], wanted["classes"])
            assert (risk.k, risk.unique) == (wanted["k"], wanted["unique_records"])
            assert risk.prosecutor == pytest.approx(wanted["prosecutor"]["max"], abs=1e-9)
            assert risk.mean == pytest.approx(wanted["prosecutor"]["mean"], abs=1e-9)
            assert risk.share_above == pytest.approx(share, abs=1e-9)


def test_all_vectors_are_looked_at():
    assert (len(VECTORS["cases"]), sum(len(case["measures"]) for case in VECTORS["cases"])) == (44, 174)


def test_a_missing_value_is_a_value_of_its_own():
    columns = {"a": np.array([None, None, "", "None", "x"], dtype=object)}
    assert sizes(class_of(columns, ["a"])).tolist() == [2, 2, 1, 1, 1]


def test_journalist_risk_is_not_known_without_a_population():
    assert measure(np.array([0, 0, 1]), 0.1).as_dict()["journalist"] == "not known"


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([None, "a", "b", "c"])] * 3), min_size=1, max_size=40))
def test_classes_are_those_of_a_plain_count(rows):
    columns = {name: np.array([row[i] for row in rows], dtype=object) for i, name in enumerate("xyz")}
    counted = Counter(rows)
    assert sizes(class_of(columns, list("xyz"))).tolist() == [counted[row] for row in rows]
