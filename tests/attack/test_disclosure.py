"""Attacks on released results: B03, B05, B06, B09, B17 of the catalogue, and the exact attack on curves."""

import itertools
import json
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harmony.disclosure.attrition import make_attrition_safe
from harmony.disclosure.audit import CountTable, Need, Relation, audit
from harmony.disclosure.control import make_safe
from harmony.disclosure.policy import load_policy
from harmony.disclosure.results import (
    RawAttrition,
    RawCharacteristics,
    RawStep,
    RawSurvival,
    RawVariable,
    SurvivalGroup,
)
from harmony.reporting.document import Explanation

DATA = Path(__file__).parents[1] / "data"
CURVES = json.loads((DATA / "km_vectors.json").read_text())["cases"]
TABLES = json.loads((DATA / "suppression_vectors.json").read_text())["cases"]
POLICY = load_policy("output_release")
PUBLIC = load_policy("public")
EXPLANATION = Explanation("", "", "", (), "synthetic", "", "", "")


def product_limit(days, event):
    """The unprotected curve: times, events and survival at every event time."""
    survival, found = 1.0, []
    for time in np.unique(days[event]):
        at_risk, died = (days >= time).sum(), (event & (days == time)).sum()
        survival *= 1 - died / at_risk
        found.append((float(time), int(died), survival))
    return found


def exact_attack(patients, curve, tolerance):
    """Attacker 1: the largest n not above the remaining number for which (1 - factor) * n is whole."""
    remaining, before, found = patients, 1.0, []
    for time, survival in curve:
        share = 1 - survival / before
        for n in range(remaining, 0, -1):
            events = round(share * n)
            if events and abs(share * n - events) < tolerance * n:
                found.append((time, events))
                remaining = n - events
                break
        before = survival
        if before < 1e-12:
            break
    return found


@pytest.mark.parametrize("case", CURVES, ids=[case["id"] for case in CURVES])
def test_exact_attack_recovers_nearly_every_step_of_an_unprotected_curve(case):
    for name, rows in case["input"].items():
        days, event = np.array([r[0] for r in rows], float), np.array([r[1] > 0 for r in rows])
        truth = product_limit(days, event)
        found = exact_attack(len(days), [(time, s) for time, _, s in truth], 1e-9)
        right = sum(one == (time, died) for one, (time, died, _) in zip(found, truth, strict=False))
        assert right == case["checks"][name]["unprotected"]["steps_recovered_exactly_by_the_attacker"]


def released_curves(case, policy):
    groups = tuple(
        SurvivalGroup(name, np.array([r[0] for r in rows], float), np.array([r[1] > 0 for r in rows]))
        for name, rows in case["input"].items()
    )
    return groups, make_safe(RawSurvival("", "OS", "", groups, EXPLANATION), policy).safe.curves


@pytest.mark.parametrize("policy", [POLICY, PUBLIC], ids=["output release", "public"])
@pytest.mark.parametrize("case", CURVES, ids=[case["id"] for case in CURVES])
def test_exact_attack_on_a_released_curve_finds_only_cuts_that_hold_enough_events(case, policy):
    groups, curves = released_curves(case, policy)
    for group, curve in zip(groups, curves, strict=bool(curves)):
        points = [(point.time, point.estimate) for point in curve.points[1:]]
        found = exact_attack(len(group.days), points, 2e-6)
        # What the attack takes for a few events (the effective number at risk is no whole number) is wrong:
        # the step that it stands at holds enough.
        starts = dict(zip([time for time, _ in points], [0.0, *(time for time, _ in points)], strict=False))
        for time, _ in found:
            low, high = (years * 365.25 + 0.05 for years in (starts[time], time))
            inside = group.event & (np.maximum(group.days, 1) > low) & (group.days <= high)
            assert inside.sum() >= policy.least_events
        days = {time for time, _, _ in product_limit(group.days, group.event)}
        assert not {round(time * 365.25, 2) for time, _ in found} & days
        on_grid = [point.time * 365.25 / policy.grid_days for point in curve.points]
        assert on_grid == pytest.approx([round(k) for k in on_grid], abs=2e-3)


@pytest.mark.parametrize("case", CURVES, ids=[case["id"] for case in CURVES])
def test_true_events_between_two_released_cuts_are_none_or_enough(case):
    groups, curves = released_curves(case, POLICY)
    for group, curve in zip(groups, curves, strict=bool(curves)):
        cuts = [point.time * 365.25 + 0.05 for point in curve.points]
        for low, high in itertools.pairwise([-1.0, *cuts[1:]]):
            events = (group.event & (group.days > low) & (group.days <= high)).sum()
            assert events == 0 or events >= POLICY.least_events
        at_risk = [point.at_risk for point in curve.points]
        assert all(a == b or a - b >= POLICY.least_events for a, b in itertools.pairwise(at_risk))
        assert at_risk[-1] == 0 or at_risk[-1] >= POLICY.least_left


def test_curve_of_all_less_curves_of_groups_leaves_no_small_step():
    random_ = np.random.default_rng(9)
    days = np.ceil(random_.exponential(600, 360))
    event, group = random_.random(360) < 0.7, random_.integers(0, 3, 360)
    groups = tuple(SurvivalGroup(str(k), days[group == k], event[group == k]) for k in range(3))
    curves = make_safe(RawSurvival("", "OS", "", groups, EXPLANATION), POLICY).safe.curves
    cuts = [point.time for point in curves[0].points]
    assert len(cuts) > 3
    assert all([point.time for point in curve.points] == cuts for curve in curves)
    for one in itertools.pairwise(cuts):
        inside = (days / 365.25 > one[0] - 1e-4) & (days / 365.25 <= one[1] + 1e-4) & event
        rest = [int(inside[group != k].sum()) for k in range(3)]
        assert all(count == 0 or count >= POLICY.least_events for count in rest)


def table_of(case):
    relations = tuple(Relation(one["total"], tuple(one["parts"])) for one in case["relations"])
    need = Need(case["threshold"], case["width"])
    return CountTable(case["cells"], relations, dict.fromkeys(case["primary"], need), case["hidden_min"])


def test_patterns_that_look_safe_are_exposed_by_the_audit():
    decoys = exact = 0
    for case in TABLES:
        for pattern in case["patterns"] or []:
            if "looks_safe_because" in pattern and not pattern["safe"]:
                found = audit(table_of(case), pattern["hidden"])
                assert found.exposed
                decoys += 1
                low_is_high = [low == high for low, high in (found.intervals[c] for c in found.exposed)]
                exact += any(low_is_high)
    assert decoys > 80 and exact > 40


def small_table(seed):
    choice = random.Random(seed)
    interior = [[choice.choice([0, 1, 2, 4, 5, 7]) for _ in range(2)] for _ in range(4)]
    rows = [(*row, sum(row)) for row in interior]
    sizes = tuple(sum(column) for column in zip(*rows, strict=True))
    variable = RawVariable("V", ("a", "b", "c"), tuple(rows[:3]), rows[3])
    return RawCharacteristics("T", ("A", "B", "All"), sizes, (variable,), EXPLANATION, "All")


def possible_columns(cells, size, least):
    """All columns that fit a size and the shown cells (None = hidden)."""
    free = [k for k, cell in enumerate(cells) if cell is None]
    rest = size - sum(cell for cell in cells if cell is not None)
    for values in itertools.product(range(least, rest + 1), repeat=len(free)):
        if sum(values) == rest:
            column = list(cells)
            for k, value in zip(free, values, strict=True):
                column[k] = value
            yield column
    if not free and rest == 0:
        return


@pytest.mark.parametrize("seed", range(25))
def test_totals_of_a_released_table_give_no_hidden_cell_back_by_enumeration(seed):
    policy = replace(POLICY, least_cell=3, least_percent_denominator=3)
    raw = small_table(seed)
    if min(raw.sizes) < 3:
        return
    decision = make_safe(raw, policy)
    shown = [[c.value for c in row.counts] for row in decision.safe.rows]
    shown.append([c.value for c in decision.safe.missing["V"]])
    # Withheld whole: also zeros are hidden.
    least = 0 if any(one.kind == "withheld" for one in decision.actions) else 1
    columns = [list(possible_columns([row[k] for row in shown], raw.sizes[k], least)) for k in range(2)]
    tables = [
        (one, other)
        for one, other in itertools.product(*columns)
        if all(row[2] in (None, a + b) for row, a, b in zip(shown, one, other, strict=True))
    ]
    assert tables
    if least == 0:
        return
    truth = [*raw.variables[0].counts, raw.variables[0].missing]
    for k, level in itertools.product(range(2), range(4)):
        values = [table[k][level] for table in tables]
        if 0 < truth[level][k] < 3:
            assert max(values) >= 3 and max(values) - min(values) >= 2


@pytest.mark.parametrize("seed", range(25))
def test_no_per_cent_tells_a_hidden_count_or_a_hidden_missing(seed):
    raw = small_table(seed)
    decision = make_safe(raw, replace(POLICY, least_cell=3, least_percent_denominator=3))
    if decision.safe is None:
        return
    missing = decision.safe.missing["V"]
    for row in decision.safe.rows:
        for cell, percent, gone in zip(row.counts, row.percents, missing, strict=True):
            assert percent is None or (cell.value is not None and gone.value is not None)


def test_bounds_of_rounding_leave_a_hidden_public_cell_wide():
    counts = ((4,), (63,), (58,), (41,))
    variable = RawVariable("V", ("a", "b", "c", "d"), counts, (0,))
    raw = RawCharacteristics("T", ("A",), (166,), (variable,), EXPLANATION)
    safe = make_safe(raw, PUBLIC).safe
    cells = [row.counts[0].value for row in safe.rows] + [safe.missing["V"][0].value]
    hidden = [k for k, cell in enumerate(cells) if cell is None]
    assert 0 in hidden and 4 in hidden
    half = math.floor(PUBLIC.rounding_base / 2)
    shown = [cell for cell in cells if cell is not None]
    most = safe.group_sizes[0].value + half - sum(cell - half for cell in shown)
    assert most >= PUBLIC.least_cell and most >= PUBLIC.least_cell - 1


@pytest.mark.parametrize("seed", range(40))
def test_differences_of_attrition_boxes_are_none_or_enough(seed):
    choice = random.Random(seed)
    numbers = [choice.randint(20, 400)]
    for _ in range(6):
        numbers.append(max(0, numbers[-1] - choice.choice([0, 1, 3, 9, 10, 25, 80])))
    raw = RawAttrition("A", tuple(RawStep(str(k), n) for k, n in enumerate(numbers)), EXPLANATION)
    steps = make_attrition_safe(raw, POLICY).safe.steps
    shown = [step.remaining.value for step in steps if step.remaining.value is not None]
    assert all(n == 0 or n >= 10 for n in shown)
    assert all(a == b or a - b >= 10 for a, b in itertools.pairwise(shown))
    hidden = [step for step in steps if step.remaining.value is None]
    assert all(step.excluded is None or step.excluded.value is None for step in hidden)
