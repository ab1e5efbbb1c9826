import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmony.disclosure.curves import carried_curves, days_in_years, joint_curves

CASES = json.loads((Path(__file__).parents[2] / "data/km_vectors.json").read_text())["cases"]
TOLERANCE = 1e-6


def groups_of(case):
    return {
        name: (np.array([p[0] for p in rows], float), np.array([p[1] for p in rows]))
        for name, rows in case["input"].items()
    }


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_joint_curve_equals_the_vector(case):
    found = joint_curves(groups_of(case), case["minimum"], case["grid"])
    expected = case["expected"]
    assert bool(found.withheld) == expected["withheld"]
    if expected["withheld"]:
        assert found.withheld == expected["reason"]
        return
    assert found.cuts == pytest.approx(expected["cuts"], abs=TOLERANCE)
    for name, group in expected["groups"].items():
        ours = found.groups[name]
        assert ours.left == group["at_risk_after_last_cut"]
        assert ours.median_in == (group["median_in"] and pytest.approx(group["median_in"]))
        assert list(ours.to_person) == group["to_a_human"]
        for interval, step in zip(ours.intervals, group["steps"], strict=True):
            assert interval.start == pytest.approx(step["from"], abs=TOLERANCE)
            assert interval.end == pytest.approx(step["to"], abs=TOLERANCE)
            assert interval.at_risk == step["at_risk"]
            assert {str(k): d for k, d in interval.events.items()} == step["events"]
            assert interval.censored == step["censored"]
            assert interval.survival == pytest.approx(step["survival"], abs=TOLERANCE)
            assert [interval.lower, interval.upper] == pytest.approx(step["ci"], abs=TOLERANCE)
            assert {str(k): v[0] for k, v in interval.incidence.items()} == pytest.approx(
                step["cif"], abs=TOLERANCE
            )


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_carried_curve_equals_the_vector(case):
    found = carried_curves(groups_of(case), case["minimum"], case["grid"])
    expected = case["expected_carried"]
    assert bool(found.withheld) == expected["withheld"]
    if expected["withheld"]:
        assert found.withheld == expected["reason"]
        return
    assert found.cuts == pytest.approx(expected["cuts"], abs=TOLERANCE)
    for name, group in expected["groups"].items():
        ours = found.groups[name]
        assert ours.left == group["at_risk_after_last_cut_by_released_counts"]
        assert ours.median_in == (group["median_in"] and pytest.approx(group["median_in"]))
        for interval, step in zip(ours.intervals, group["steps"], strict=True):
            assert interval.end == pytest.approx(step["to"], abs=TOLERANCE)
            assert {str(k): d for k, d in interval.events.items()} == step["events"]
            assert interval.censored == step["censored_released"]
            assert interval.left == step["at_risk_after"]
            assert interval.survival == pytest.approx(step["survival"], abs=TOLERANCE)
            assert {str(k): v[0] for k, v in interval.incidence.items()} == pytest.approx(
                step["cif"], abs=TOLERANCE
            )


@st.composite
def figures(draw):
    minimum = draw(st.integers(1, 12))
    grid = draw(st.sampled_from([0.0, 30.4375, 91.3125]))
    groups = {}
    for name in draw(st.sampled_from([("all",), ("a", "b")])):
        size = draw(st.integers(1, 120))
        seed = draw(st.integers(0, 2**32 - 1))
        random = np.random.default_rng(seed)
        scale = draw(st.sampled_from([5.0, 300.0, 900.0]))
        days = np.ceil(random.exponential(scale, size))
        cause = random.choice([0, 1, 2], size, p=draw(st.sampled_from([(0.3, 0.7, 0.0), (0.4, 0.3, 0.3)])))
        groups[name] = (days, cause)
    return groups, minimum, grid


@settings(max_examples=150, deadline=None)
@given(figures(), st.sampled_from([joint_curves, carried_curves]))
def test_every_released_count_is_zero_or_large_enough_and_counts_add_up(figure, algorithm):
    groups, minimum, grid = figure
    found = algorithm(groups, minimum, grid)
    assert bool(found.withheld) == (not found.cuts)
    for name, group in found.groups.items():
        assert tuple(one.end for one in group.intervals) == found.cuts
        for one in group.intervals:
            for count in (*one.events.values(), one.censored):
                assert count == 0 or count >= minimum
        gone = sum(one.all_events + one.censored for one in group.intervals)
        assert len(groups[name][0]) == gone + group.left
        assert group.left == 0 or group.left >= minimum


@settings(max_examples=150, deadline=None)
@given(figures(), st.sampled_from([joint_curves, carried_curves]))
def test_survival_falls_and_is_one_less_all_incidences_within_its_limits(figure, algorithm):
    groups, minimum, grid = figure
    for group in algorithm(groups, minimum, grid).groups.values():
        before = 1.0
        for one in group.intervals:
            assert one.survival <= before + 1e-12
            assert 1 - one.survival == pytest.approx(sum(f[0] for f in one.incidence.values()), abs=1e-9)
            assert 0 <= one.lower <= one.survival <= one.upper <= 1
            for estimate, lower, upper in one.incidence.values():
                assert 0 <= lower <= estimate <= upper <= 1
            before = one.survival


@settings(max_examples=150, deadline=None)
@given(figures(), st.sampled_from([joint_curves, carried_curves]), st.randoms(use_true_random=False))
def test_moving_times_inside_an_interval_changes_nothing_released(figure, algorithm, random):
    groups, minimum, grid = figure
    if grid == 0:
        grid = 30.4375
    moved = {}
    for name, (days, cause) in groups.items():
        cell = np.ceil(days / grid - 1e-9)
        inside = np.array([random.uniform(0.01, 1.0) for _ in days])
        moved[name] = ((cell - 1 + inside) * grid, cause)
    assert algorithm(moved, minimum, grid) == algorithm(groups, minimum, grid)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=80), st.sampled_from([joint_curves, carried_curves])
)
def test_minimum_one_without_grid_and_censoring_is_the_product_limit_curve(days, algorithm):
    times = np.array(days, float)
    found = algorithm({"all": (times, np.ones(len(days), int))}, 1, 0.0)
    for one in found.groups["all"].intervals:
        assert one.survival == pytest.approx(np.mean(times > one.end), abs=1e-12)
    assert found.cuts == tuple(sorted(set(times)))


def test_a_curve_that_reaches_zero_goes_to_a_person():
    found = joint_curves({"all": (np.full(20, 50.0), np.ones(20, int))}, 5, 0.0)
    assert found.groups["all"].to_person == ("all patients had an event: the curve reaches 0",)
    assert (found.groups["all"].intervals[-1].lower, found.groups["all"].left) == (0.0, 0)


def test_one_patient_more_shows_at_the_same_cut_so_that_the_release_history_must_refuse_it():
    days = np.arange(1.0, 41.0)
    before = joint_curves({"all": (days, np.ones(40, int))}, 5, 30.4375)
    after = joint_curves({"all": (np.append(days, 12.0), np.ones(41, int))}, 5, 30.4375)
    first = before.groups["all"].intervals[0].all_events, after.groups["all"].intervals[0].all_events
    assert first == (30, 31)


def test_years_are_days_over_365_25():
    assert days_in_years(365.25) == 1.0
    assert days_in_years(30.4375) == 0.0833
