"""Attacks on two sections of one block: events after the last cut, and numbers at risk between two cuts."""

import itertools

import numpy as np
import pytest

from harmony.disclosure.control import make_safe
from harmony.disclosure.figures import make_incidence_safe, make_survival_safe
from harmony.disclosure.linked import curves_of, link, shared_cuts
from harmony.disclosure.models import make_model_safe
from harmony.disclosure.policy import load_policy
from harmony.disclosure.results import (
    IncidenceGroup,
    RawIncidence,
    RawModel,
    RawSurvival,
    RawTerm,
    SurvivalGroup,
)
from harmony.reporting.document import Explanation, ModelTable

POLICY = load_policy("output_release")
WORDS = Explanation("", "", "", (), "synthetic", "", "", "")
SIZES = {"With": 400, "Without": 900}


def block(seed, lost=0):
    """Times of two groups as survival, incidence by two causes, and a model; `lost` are not in the model."""
    draw = np.random.default_rng(seed)
    days = {name: np.ceil(draw.exponential(600, size)) for name, size in SIZES.items()}
    cause = {name: draw.choice([0, 1, 2], size, p=[0.5, 0.3, 0.2]) for name, size in SIZES.items()}
    survival = RawSurvival(
        "Survival", "Overall survival", "index",
        tuple(SurvivalGroup(name, days[name], cause[name] > 0) for name in SIZES), WORDS,
    )  # fmt: skip
    causes = RawIncidence(
        "Causes", "index", {1: "Disease", 2: "Other"},
        tuple(IncidenceGroup(name, days[name], cause[name]) for name in SIZES), WORDS,
    )  # fmt: skip
    terms = tuple(
        RawTerm("Arm", name, SIZES[name] - lost, int((cause[name][lost:] > 0).sum()),
                reference=name == "With", coefficient=0.1, standard_error=0.1)
        for name in SIZES
    )  # fmt: skip
    patients, events = sum(t.patients for t in terms), sum(t.events for t in terms)
    model = RawModel("Model", "Death of any cause", terms, patients, events, 1, (), WORDS)
    return survival, causes, model


def released(seed, lost=0):
    survival, causes, model = block(seed, lost)
    curve = make_survival_safe(survival, POLICY).safe
    within = shared_cuts(causes, [(survival, curve)])
    panels = make_safe(causes, POLICY, within).safe
    return link([curve, panels, make_model_safe(model, POLICY).safe], POLICY)


def events_of(section):
    """Every number of events that a reader finds or adds up, by group."""
    if isinstance(section, ModelTable):
        return [(term.level, term.events.value) for term in section.terms if term.events.value is not None]
    curves = curves_of(section)
    totals = {name: sum(c.events for c in curves if c.group == name) for name in SIZES}
    return [(curve.group, curve.events) for curve in curves] + list(totals.items())


def least(one, other):
    # Between two figures lie whole steps of the finer curve, which are released as they are.
    return POLICY.least_cell if ModelTable in (type(one), type(other)) else POLICY.least_events


def small_differences(sections):
    return [
        (left, right)
        for one, other in itertools.combinations(sections, 2)
        for left in events_of(one)
        for right in events_of(other)
        if left[0] == right[0] and 0 < abs(left[1] - right[1]) < least(one, other)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_no_two_sections_of_a_block_give_a_small_number_of_events_back(seed):
    sections = released(seed).sections
    assert small_differences(sections) == []
    at_risk = [any(p.at_risk is not None for c in curves_of(s) for p in c.points) for s in sections[:2]]
    assert at_risk == [True, False]


def test_without_the_link_the_events_after_the_last_cut_come_back():
    survival, _, model = block(0)
    sections = [make_survival_safe(survival, POLICY).safe, make_model_safe(model, POLICY).safe]
    assert small_differences(sections)
    hidden = link(sections, POLICY)
    terms = hidden.sections[1].terms
    assert {term.events.marker for term in terms} == {hidden.sections[1].events.marker} == {"c"}
    assert [term.patients.value for term in terms] == [400, 900]
    assert [title for title, _ in hidden.actions] == ["Model"]


@pytest.mark.parametrize("seed", range(6))
def test_a_figure_of_causes_cuts_only_where_the_curve_of_the_same_events_cuts(seed):
    survival, causes, _ = block(seed)
    curve = make_survival_safe(survival, POLICY).safe
    first = {point.time: point.at_risk for point in curve.curves[0].points}
    shared = make_incidence_safe(causes, POLICY, shared_cuts(causes, [(survival, curve)])).safe
    points = curves_of(shared)[0].points
    assert len(points) > 2
    # The same cut has the same number at risk, so that no censored patient lies between two of them.
    assert all(first[point.time] == point.at_risk for point in points)


def test_figures_of_other_times_keep_their_own_cuts():
    survival, causes, _ = block(1)
    other, _, _ = block(2)
    curve = make_survival_safe(other, POLICY).safe
    assert shared_cuts(causes, [(other, curve)]) == ()
    assert shared_cuts(causes, [(survival, make_survival_safe(survival, POLICY).safe)])


def test_groups_that_differ_by_few_patients_go_to_a_person():
    assert any("'Survival' and 'Model'" in text for text in released(3, lost=4).to_person)
    assert released(3).to_person == ()
