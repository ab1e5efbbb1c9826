from dataclasses import replace

import numpy as np
import pytest
from disclosure_examples import (
    EXPLANATION,
    POLICY,
    PUBLIC,
    incidence,
    incidence_group,
    survival,
    survival_group,
)

from harmony.disclosure.figures import OTHER_CAUSES, make_incidence_safe, make_survival_safe
from harmony.errors import DisclosureRefused


def test_curves_start_at_one_and_stand_at_common_cuts_in_years():
    decision = make_survival_safe(survival(survival_group("A", 150, 1), survival_group("B", 120, 2)), POLICY)
    first, second = decision.safe.curves
    assert [p.time for p in first.points] == [p.time for p in second.points]
    assert (first.points[0].time, first.points[0].estimate, first.points[0].at_risk) == (0.0, 1.0, 150)
    months = [round(p.time * 12, 3) for p in first.points]
    assert months == pytest.approx([round(m) for m in months], abs=2e-3)
    assert all(p.lower <= p.estimate <= p.upper for p in first.points)
    assert first.points[-1].at_risk >= 10
    assert decision.safe.tests == "Log-rank test: p = 0.012"
    assert "150 patients" in decision.safe.alt
    assert any("at least 5 events per interval" in one for one in decision.safe.explanation.disclosure)


def test_the_estimate_is_close_to_the_product_limit_curve():
    group = survival_group("A", 4000, 3)
    points = make_survival_safe(survival(group), POLICY).safe.curves[0].points
    order = np.argsort(group.days)
    days, event = group.days[order], group.event[order]
    steps = np.cumprod(1 - event / np.arange(len(days), 0, -1))
    for point in points[1:]:
        truth = steps[np.searchsorted(days, point.time * 365.25 + 0.05) - 1]
        assert point.estimate == pytest.approx(truth, abs=0.01)


def test_only_events_up_to_the_last_cut_are_told():
    group = survival_group("A", 150, 1)
    curve = make_survival_safe(survival(group), POLICY).safe.curves[0]
    assert curve.events < group.event.sum()
    assert curve.events >= 5


def test_a_small_group_withholds_the_whole_figure_and_its_test():
    decision = make_survival_safe(survival(survival_group("A", 150, 1), survival_group("B", 9, 2)), POLICY)
    assert (decision.safe.curves, decision.safe.tests) == ((), "")
    assert decision.safe.withheld == ("Group smaller than 10 patients: B.",)
    assert decision.actions[0].kind == "withheld"


def test_too_few_events_withhold_the_figure():
    group = replace(survival_group("A", 60, 1), event=np.arange(60) < 4)
    decision = make_survival_safe(survival(group), POLICY)
    assert decision.safe.withheld == ("No interval holds at least 5 events in each group.",)


def test_public_curves_have_quarters_more_events_and_no_numbers_at_risk():
    raw = survival(survival_group("A", 303, 1))
    curve = make_survival_safe(raw, PUBLIC).safe.curves[0]
    assert all(p.at_risk is None for p in curve.points)
    assert curve.patients == 305
    quarters = [p.time * 4 for p in curve.points]
    assert quarters == pytest.approx([round(q) for q in quarters], abs=1e-3)


def test_rare_groups_missing_groups_and_a_curve_to_zero_go_to_a_person():
    everybody = replace(survival_group("A", 15, 1), days=np.full(15, 40.0), event=np.ones(15, bool))
    decision = make_survival_safe(survival(everybody, missing=3), POLICY)
    assert len(decision.to_person) == 3
    assert decision.safe.curves[0].points[-1].estimate == 0.0
    assert make_survival_safe(survival(survival_group("A", 150, 1)), POLICY).to_person == ()


def test_a_group_that_is_empty_early_is_not_drawn_on():
    early = replace(survival_group("A", 25, 1), days=np.full(25, 40.0), event=np.ones(25, bool))
    first, second = make_survival_safe(survival(early, survival_group("B", 200, 2)), POLICY).safe.curves
    assert first.points[-1].time < second.points[-1].time


def test_an_event_on_day_zero_belongs_to_the_first_interval():
    group = replace(survival_group("A", 40, 1), days=np.repeat([0.0, 400.0], 20), event=np.ones(40, bool))
    points = make_survival_safe(survival(group), POLICY).safe.curves[0].points
    assert [p.time for p in points][:2] == [0.0, 0.0833]


@pytest.mark.parametrize("days", [[-1.0, 5.0], [np.nan, 5.0], [5.0], []])
def test_impossible_times_are_refused(days):
    group = replace(survival_group("A", 2, 1), days=np.array(days))
    if len(days) == 0:
        group = replace(group, event=np.array([], bool))
    with pytest.raises(DisclosureRefused):
        make_survival_safe(survival(group), POLICY)


def test_incidences_share_cuts_and_add_up_to_less_than_one():
    causes = {1: "Relapse", 2: "Death in remission"}
    raw = incidence(causes, incidence_group("A", 300, 1, (0.2, 0.5, 0.3)))
    panels = make_incidence_safe(raw, POLICY).safe.panels
    assert list(panels) == ["Relapse", "Death in remission"]
    relapse, death = panels["Relapse"][0], panels["Death in remission"][0]
    assert [p.time for p in relapse.points] == [p.time for p in death.points]
    assert all(a.estimate + b.estimate <= 1 for a, b in zip(relapse.points, death.points, strict=True))
    assert relapse.points[-1].estimate > death.points[-1].estimate > 0.2


def test_a_rare_cause_is_pooled_with_the_next_rarest_and_goes_to_a_person():
    causes = {1: "Relapse", 2: "Death in remission", 3: "Second cancer"}
    group = incidence_group("A", 300, 1, (0.2, 0.5, 0.3))
    group.cause[np.flatnonzero(group.cause == 2)[:3]] = 3
    decision = make_incidence_safe(incidence(causes, group), POLICY)
    assert list(decision.safe.panels) == ["Relapse", OTHER_CAUSES]
    assert any("pooled" in one for one in decision.to_person)
    assert any("Rare causes" in one.text for one in decision.actions)


def test_a_cause_without_label_is_refused():
    with pytest.raises(DisclosureRefused):
        make_incidence_safe(incidence({1: "Relapse"}, incidence_group("A", 60, 1, (0.2, 0.5, 0.3))), POLICY)


def test_the_explanation_keeps_its_own_text():
    safe = make_survival_safe(survival(survival_group("A", 150, 1)), POLICY).safe
    assert replace(safe.explanation, disclosure=()) == EXPLANATION
