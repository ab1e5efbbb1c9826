"""Levels of a variable as the report reads them: order, numbers, bands and what was not examined."""

import numpy as np
import pytest

from harmony.analysis.groups import Variable, as_levels
from harmony.analysis.model import as_numbers
from harmony.errors import UnsoundAnalysis


def of(*values):
    return np.array(values, dtype=object)


def levels(values, named=None, cuts=()):
    found, order = as_levels(Variable("a.b", "Label", named or {}, cuts), values)
    return found.tolist(), order


#: Values, labels of the plan, cuts, each patient's level, the levels in order.
CASES = (
    (of("b", "a", None, "not_tested"), {}, (), ["b", "a", None, None], ("a", "b")),
    (of("b", "a"), {"b": "Bee", "a": "Ay"}, (), ["Bee", "Ay"], ("Bee", "Ay")),
    (of("p1", "p2"), {"p1": "P", "p2": "P"}, (), ["P", "P"], ("P",)),
    (of("10-14", "5-9", None), {}, (), ["10-14", "5-9", None], ("5-9", "10-14")),
    (np.array([2.0, 1.0, np.nan]), {}, (), ["2", "1", None], ("1", "2")),
    (np.array([2.0, 1.0]), {"1": "First", "2": "Second"}, (), ["Second", "First"], ("First", "Second")),
    (of(True, False, None), {"true": "Yes", "false": "No"}, (), ["Yes", "No", None], ("Yes", "No")),
    (np.array([39.9, 40.0, 60.0, np.nan]), {}, (40.0, 60.0),
     ["under 40", "40 to under 60", "60 or more", None], ("under 40", "40 to under 60", "60 or more")),
    (of("35-39", "40-44", None), {}, (40.0,), ["under 40", "40 or more", None], ("under 40", "40 or more")),
)  # fmt: skip


@pytest.mark.parametrize(("values", "named", "cuts", "each", "order"), CASES)
def test_values_become_levels(values, named, cuts, each, order):
    assert levels(values, named, cuts) == (each, order)


def test_a_cut_inside_a_band_of_the_release_is_unsound():
    with pytest.raises(UnsoundAnalysis, match="inside a band"):
        levels(of("35-39", "40-49"), cuts=(45.0,))


def test_a_band_counts_as_its_middle():
    found = as_numbers(of("60-69", None, 50.0))
    assert found.tolist()[::2] == [65.0, 50.0]
    assert np.isnan(found[1])


def test_a_code_that_no_level_names_is_unsound_and_not_taken_as_missing():
    with pytest.raises(UnsoundAnalysis, match=r"Label: a code .* stands in no level") as caught:
        levels(of("a", "b", None), {"a": "Ay"})
    assert "Declare it in levels" in caught.value.next_step
    assert levels(of("a", "failed", "NE", None), {"a": "Ay"}) == (["Ay", None, None, None], ("Ay",))
