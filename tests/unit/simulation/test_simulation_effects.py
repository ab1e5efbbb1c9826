"""The planted effects are found in the truth and in what was tested, and are missed where they are gone."""

from __future__ import annotations

import math

import numpy as np
import pyarrow.parquet as pq
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.simulation.cohort import simulate
from harmony.simulation.effects import estimate, holds_together, passes, planted_effects
from harmony.simulation.observation import observe
from harmony.simulation.truth import known_columns, truth_columns, write_truth

#: Size and seed of the cohort that the demo delivers.
DEMO = (2000, 2026)
EFFECTS = {effect.id: effect for effect in planted_effects()}


@pytest.fixture(scope="module")
def mix():
    return truth_columns(simulate(20_000, 2024, None))


@pytest.fixture(scope="module")
def demo():
    return simulate(*DEMO, provider=None).exported_by("P02")


@pytest.fixture(scope="module")
def demo_tested(demo):
    return known_columns(demo, observe(demo, DEMO[1]))


def test_the_five_effects_are_these():
    assert [(effect.id, effect.value) for effect in planted_effects()] == [
        ("AML-11", 1.692), ("AML-12", 7.409), ("AML-16", 1.653), ("AML-19", 78.553), ("AML-21", 38.187),
    ]  # fmt: skip


@pytest.mark.parametrize("effect", planted_effects(), ids=lambda effect: effect.id)
def test_the_effect_is_found_in_20000_patients_of_all_providers(effect, mix):
    assert abs(effect.distance(*estimate(effect, mix))) < 2.0


@pytest.mark.parametrize("effect", planted_effects(), ids=lambda effect: effect.id)
def test_the_effect_is_found_in_the_demo_cohort(effect, demo):
    assert passes(effect, *estimate(effect, truth_columns(demo)))


@pytest.mark.parametrize("effect", planted_effects(), ids=lambda effect: effect.id)
def test_the_effect_is_found_among_the_tested_of_the_demo_cohort(effect, demo_tested):
    assert passes(effect, *estimate(effect, demo_tested))


@pytest.mark.parametrize(("name", "value", "std_err"), [("AML-11", 1.629, 0.184), ("AML-12", 7.976, 0.197)])
def test_tested_only_estimates_of_the_demo_cohort_are_these(name, value, std_err, demo_tested):
    found = estimate(EFFECTS[name], demo_tested)
    assert found == pytest.approx((value, std_err), abs=0.001)


def test_fewer_patients_are_tested_than_there_are(demo, demo_tested):
    tested = ~np.isnan(demo_tested["tp53"])
    assert 0.2 < tested.mean() < 0.5
    np.testing.assert_array_equal(demo_tested["tp53"][tested], truth_columns(demo)["tp53"][tested])


def test_reading_ungene_coverage_as_wild_type_shrinks_the_odds_ratio(demo_tested):
    wrong = {**demo_tested, "dnmt3a": np.nan_to_num(demo_tested["dnmt3a"], nan=0.0)}
    assert estimate(EFFECTS["AML-12"], wrong)[0] < 0.6 * estimate(EFFECTS["AML-12"], demo_tested)[0]


@pytest.mark.parametrize(
    ("name", "column"), [("AML-11", "tp53"), ("AML-12", "npm1"), ("AML-16", "mrd_positive")]
)
def test_an_effect_that_was_taken_out_does_not_pass(name, column, mix):
    shuffled = {**mix, column: np.roll(mix[column], 1)}
    assert not passes(EFFECTS[name], *estimate(EFFECTS[name], shuffled))


def test_the_pass_rule_joins_both_errors_on_the_log_scale_of_ratios():
    effect = EFFECTS["AML-11"]
    limit = 3 * math.hypot(0.1, effect.monte_carlo_se)
    assert passes(effect, effect.value * math.exp(0.999 * limit), 0.1)
    assert not passes(effect, effect.value * math.exp(1.001 * limit), 0.1)
    share = EFFECTS["AML-19"]
    limit = 3 * math.hypot(1.0, share.monte_carlo_se)
    assert passes(share, share.value - 0.999 * limit, 1.0)
    assert not passes(share, share.value - 1.001 * limit, 1.0)


def test_the_effects_of_the_demo_cohort_hold_together(demo, demo_tested):
    for columns in (truth_columns(demo), demo_tested):
        found = [effect.distance(*estimate(effect, columns)) for effect in planted_effects()]
        assert holds_together(found), found


@pytest.mark.parametrize(
    ("distances", "together"),
    [
        ([1.9, -1.9, 0.0, 2.0, -2.0], True),
        ([2.01, 0.0, 0.0, 0.0, 0.0], False),
        ([-2.9] + 19 * [0.0], True),
        ([2.1, -2.1] + 18 * [0.0], False),
        ([-3.0] + 19 * [0.0], False),
    ],
)
def test_at_most_one_in_twenty_effects_may_lie_beyond_two(distances, together):
    assert holds_together(distances) is together


def test_no_distance_at_all_is_refused():
    with pytest.raises(UnsoundAnalysis):
        holds_together([])


def test_the_same_numbers_come_from_days_of_the_tables(demo):
    tables = demo.tables()
    people = tables["patient"].to_pylist()
    days = [(row["last_contact_date"] - row["index_diagnosis_date"]).days / 365.25 for row in people]
    np.testing.assert_allclose(truth_columns(demo)["os_time"], days)
    assert truth_columns(demo)["os_event"].tolist() == [
        float(row["vital_status"] == "dead") for row in people
    ]


def test_a_missing_column_is_refused(mix):
    with pytest.raises(UsageError, match="tp53"):
        estimate(EFFECTS["AML-11"], {name: values for name, values in mix.items() if name != "tp53"})


def test_nobody_known_is_refused(mix):
    with pytest.raises(UnsoundAnalysis, match="AML-12"):
        estimate(EFFECTS["AML-12"], {**mix, "npm1": np.full_like(mix["npm1"], np.nan)})


def test_the_truth_is_written_with_one_row_a_patient(demo, tmp_path):
    assert write_truth(demo, tmp_path / "truth.parquet") == DEMO[0]
    table = pq.read_table(tmp_path / "truth.parquet")
    assert table.column("patient_id")[0].as_py() == "SYN-AML-000000001"
    assert table.column("tp53").null_count == 0
    assert table.column("rfs_time").null_count == table.column("rfs_event").null_count > 0
