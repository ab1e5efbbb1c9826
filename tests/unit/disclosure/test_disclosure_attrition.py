import pytest
from disclosure_examples import EXPLANATION, POLICY, PUBLIC

from harmony.disclosure.attrition import make_attrition_safe
from harmony.disclosure.results import RawAttrition, RawStep
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Cell

HIDDEN = Cell(None, "c")


def attrition(*numbers, sensitive=()):
    steps = tuple(RawStep(f"step {k}", n, f"reason {k}", k in sensitive) for k, n in enumerate(numbers))
    return RawAttrition("Attrition", steps, EXPLANATION)


def boxes(decision):
    return [(one.remaining.value, one.excluded and one.excluded.value) for one in decision.safe.steps]


def test_large_differences_and_nobody_stay():
    decision = make_attrition_safe(attrition(100, 90, 90, 50), POLICY)
    assert boxes(decision) == [(100, None), (90, 10), (90, 0), (50, 40)]
    assert decision.actions == ()


def test_a_step_that_few_left_by_is_merged_with_the_next():
    decision = make_attrition_safe(attrition(1204, 1203, 1100), POLICY)
    assert boxes(decision) == [(1204, None), (1100, 104)]
    assert decision.safe.steps[1].label == "step 2"
    assert decision.safe.steps[1].reason == "reason 1; reason 2"
    assert decision.actions[0].kind == "merged"


def test_as_many_boxes_as_possible_are_kept():
    assert boxes(make_attrition_safe(attrition(100, 95, 80, 79, 60), POLICY)) == [
        (100, None), (80, 20), (60, 20),
    ]  # fmt: skip


def test_first_and_last_that_differ_by_few_hide_the_first():
    decision = make_attrition_safe(attrition(100, 97), POLICY)
    assert [one.remaining for one in decision.safe.steps] == [HIDDEN, Cell(97)]
    assert decision.safe.steps[1].excluded == HIDDEN


def test_a_last_box_with_few_is_hidden_with_its_difference():
    decision = make_attrition_safe(attrition(100, 50, 5), POLICY)
    assert [one.remaining for one in decision.safe.steps] == [Cell(100), Cell(50), HIDDEN]
    assert decision.safe.steps[2].excluded == HIDDEN


def test_few_from_the_start_are_hidden_everywhere():
    decision = make_attrition_safe(attrition(7, 7), POLICY)
    assert all(one.remaining == HIDDEN for one in decision.safe.steps)


def test_public_boxes_are_rounded_and_differences_add_up():
    decision = make_attrition_safe(attrition(103, 87, 42), PUBLIC)
    assert boxes(decision) == [(105, None), (85, 20), (40, 45)]


def test_nobody_left_by_a_sensitive_criterion_goes_to_a_person():
    assert make_attrition_safe(attrition(100, 100, 50, sensitive=(1,)), POLICY).to_person
    assert not make_attrition_safe(attrition(100, 100, 50), POLICY).to_person


@pytest.mark.parametrize("numbers", [(), (10, 20), (10, -1)])
def test_numbers_that_rise_are_refused(numbers):
    with pytest.raises(DisclosureRefused):
        make_attrition_safe(attrition(*numbers), POLICY)
