from dataclasses import replace

import pytest
from disclosure_examples import POLICY, PUBLIC, estimated, model, term

from harmony.disclosure.models import make_model_safe, refusals
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Cell

HIDDEN = Cell(None, "c")


def three_levels(*counts):
    (a, ea), (b, eb), (c, ec) = counts
    return model(
        term("Risk", "low", a, ea, reference=True),
        estimated("Risk", "middle", b, eb),
        estimated("Risk", "high", c, ec),
        patients=a + b + c,
        events=ea + eb + ec,
    )


def test_a_sound_model_leaves_with_rounded_numbers():
    decision = make_model_safe(three_levels((100, 40), (80, 30), (60, 25)), POLICY)
    low, middle, _ = decision.safe.terms
    assert (low.patients, low.events, low.ratio) == (Cell(100), Cell(40), None)
    assert (middle.ratio, middle.lower, middle.upper, middle.p) == (1.65, 1.11, 2.44, 0.012)
    assert (decision.safe.patients, decision.safe.events) == (Cell(240), Cell(95))
    assert decision.to_person == ()


@pytest.mark.parametrize(
    ("counts", "why"),
    [(((100, 40), (80, 30), (9, 5)), "few patients"), (((100, 40), (80, 30), (60, 4)), "few events"),
     (((100, 40), (80, 30), (60, 57)), "few without")],
)  # fmt: skip
def test_a_level_on_few_is_hidden_with_another_one_and_their_estimates(counts, why):
    terms = make_model_safe(three_levels(*counts), POLICY).safe.terms
    hidden = [one.level for one in terms if one.patients == HIDDEN]
    assert "high" in hidden and len(hidden) >= 2, why
    assert all(one.events == HIDDEN and one.ratio is None for one in terms if one.level in hidden)


def test_no_estimate_of_a_factor_is_shown_when_its_reference_is_hidden():
    terms = make_model_safe(three_levels((9, 5), (80, 30), (60, 25)), POLICY).safe.terms
    assert all(one.ratio is None and one.p is None for one in terms)


def test_a_number_has_no_levels_to_hide():
    age = estimated("Age", "per 10 years", 200, 80, is_number=True)
    decision = make_model_safe(model(age, patients=200, events=80), POLICY)
    assert decision.safe.terms[0].ratio == 1.65


@pytest.mark.parametrize(
    ("patients", "events", "parameters", "words"),
    [
        (9, 9, 1, "9 patients"),
        (30, 25, 21, "residual degrees"),
        (60, 50, 30, "more parameters"),
        (200, 19, 4, "events per parameter"),
    ],
)
def test_a_fit_close_to_single_patients_does_not_leave(patients, events, parameters, words):
    age = estimated("Age", "per year", patients, events, is_number=True)
    raw = model(age, patients=patients, events=events, parameters=parameters)
    decision = make_model_safe(raw, POLICY)
    assert decision.safe is None and decision.actions[0].kind == "withheld"
    assert any(words.split()[-1] in reason for reason in refusals(raw, POLICY))


def test_five_to_ten_events_per_parameter_go_to_a_person():
    age = estimated("Age", "per year", 200, 30, is_number=True)
    decision = make_model_safe(model(age, patients=200, events=30, parameters=4), POLICY)
    assert decision.safe is not None and len(decision.to_person) == 1


def test_an_estimate_without_limit_is_hidden():
    raw = three_levels((100, 40), (80, 30), (60, 25))
    wild = replace(raw.terms[1], coefficient=-17.0, standard_error=900.0)
    decision = make_model_safe(replace(raw, terms=(raw.terms[0], wild, raw.terms[2])), POLICY)
    assert [one.ratio for one in decision.safe.terms] == [None, None, 1.65]
    assert any("monotone" in one.text for one in decision.actions)


def test_few_patients_outside_the_fit_go_to_a_person():
    raw = three_levels((100, 40), (80, 30), (60, 25))
    assert make_model_safe(replace(raw, missing=3), POLICY).to_person
    assert not make_model_safe(replace(raw, missing=30), POLICY).to_person


def test_a_model_does_not_reach_a_public_page_directly():
    assert make_model_safe(three_levels((100, 40), (80, 30), (60, 25)), PUBLIC).safe is None


def test_levels_that_do_not_add_up_are_refused():
    raw = three_levels((100, 40), (80, 30), (60, 25))
    with pytest.raises(DisclosureRefused):
        make_model_safe(replace(raw, patients=241), POLICY)
