"""What no change of rows, weights, unit or form may change in curves and tests, on random follow-up."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harmony.errors import UnsoundAnalysis
from harmony.statistics.conditional_survival import conditional_survival
from harmony.statistics.followup import followup
from harmony.statistics.kaplan_meier import kaplan_meier, kaplan_meier_from_counts
from harmony.statistics.landmark import landmark
from harmony.statistics.logrank import logrank, logrank_from_counts
from harmony.statistics.nelson_aalen import nelson_aalen, nelson_aalen_from_counts
from harmony.statistics.restricted_mean import restricted_mean, restricted_mean_from_counts

CURVES = (kaplan_meier, nelson_aalen, restricted_mean)
COUNTED = (
    (kaplan_meier, kaplan_meier_from_counts),
    (nelson_aalen, nelson_aalen_from_counts),
    (restricted_mean, restricted_mean_from_counts),
    (logrank, logrank_from_counts),
)
RANDOM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def cohorts(draw, delayed=True):
    """Time, event, group and entry of 2 to 30 patients on few days, so that many are tied."""
    n = draw(st.integers(2, 30))
    time = np.array(draw(st.lists(st.integers(1, 12), min_size=n, max_size=n)))
    share = np.array(draw(st.lists(st.floats(0, 0.99), min_size=n, max_size=n)))
    return {
        "time": time,
        "event": np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))).astype(int),
        "group": np.array(draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n))),
        "entry": np.floor(share * time) if delayed else np.zeros(n),
    }


def numbers(table):
    """All numbers of a table; null is NaN."""
    columns = [table[name].to_numpy(zero_copy_only=False) for name in table.column_names[1:]]
    return np.array([column for column in columns if column.dtype.kind in "if"], dtype=float)


def same(first, second, tolerance=1e-9):
    np.testing.assert_allclose(numbers(first), numbers(second), rtol=tolerance, atol=1e-12)


@RANDOM
@given(cohorts(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(cohort, random):
    order = list(range(len(cohort["time"])))
    random.shuffle(order)
    mixed = {name: column[order] for name, column in cohort.items()}
    for estimate in CURVES:
        assert estimate(**cohort).table().equals(estimate(**mixed).table())


@RANDOM
@given(cohorts())
def test_every_row_twice_with_half_its_weight_is_the_same(cohort):
    half = np.full(2 * len(cohort["time"]), 0.5)
    twice = {name: np.tile(column, 2) for name, column in cohort.items()}
    for estimate in (kaplan_meier, nelson_aalen):
        once = estimate(**cohort).table()
        halved = estimate(**twice, weights=half, robust=False).table()
        same(once, halved)
    same(restricted_mean(**cohort).table(), restricted_mean(**twice, weights=half).table())


@RANDOM
@given(cohorts(), st.sampled_from([0.5, 7.0, 365.25]))
def test_another_unit_of_time_changes_times_only(cohort, unit):
    scaled = cohort | {"time": cohort["time"] * unit, "entry": cohort["entry"] * unit}
    first, second = kaplan_meier(**cohort).table(), kaplan_meier(**scaled).table()
    np.testing.assert_allclose(second["time"], np.array(first["time"]) * unit)
    same(first.drop_columns(["time"]), second.drop_columns(["time"]))
    means, scaled_means = restricted_mean(**cohort), restricted_mean(**scaled)
    np.testing.assert_allclose(scaled_means.mean, means.mean * unit)
    np.testing.assert_allclose(scaled_means.std_err, means.std_err * unit, atol=1e-12)


@RANDOM
@given(cohorts(), st.booleans())
def test_counts_give_the_numbers_of_the_rows(cohort, delayed):
    table = {
        "group": cohort["group"],
        "time": cohort["time"],
        "cause": cohort["event"],
        "count": np.ones(len(cohort["time"]), dtype=int),
    }
    if delayed:
        begun = {
            "group": cohort["group"],
            "time": cohort["entry"],
            "cause": np.zeros(len(cohort["time"]), dtype=int),
            "count": np.zeros(len(cohort["time"]), dtype=int),
            "entered": np.ones(len(cohort["time"]), dtype=int),
        }
        table = [table | {"entered": np.zeros(len(cohort["time"]), dtype=int)}, begun]
    rows = cohort if delayed else {name: cohort[name] for name in ("time", "event", "group")}
    for of_rows, of_counts in COUNTED:
        try:
            expected = of_rows(**rows)
        except Exception as error:
            with pytest.raises(type(error)):
                of_counts(table)
        else:
            assert of_counts(table).table().equals(expected.table())


@RANDOM
@given(cohorts())
def test_sites_that_share_counts_only_get_the_pooled_curve(cohort):
    sites = []
    for site in range(3):
        here = np.arange(len(cohort["time"])) % 3 == site
        died = here & (cohort["event"] == 1)
        sites.append(
            {
                "time": np.arange(13),
                "n_event": np.bincount(cohort["time"][died], minlength=13),
                "n_censor": np.bincount(cohort["time"][here & ~died], minlength=13),
            }
        )
    pooled = kaplan_meier(cohort["time"], cohort["event"])
    assert kaplan_meier_from_counts(sites).table().equals(pooled.table())


@RANDOM
@given(cohorts())
def test_survival_falls_from_one_and_the_hazard_rises_from_zero(cohort):
    for curve in kaplan_meier(**cohort).curves:
        assert (np.diff(np.append(1.0, curve.survival)) <= 0).all()
        assert (curve.survival >= 0).all()
        assert (curve.n_risk >= curve.n_event + curve.n_censor).all()
    for curve in nelson_aalen(**cohort).curves:
        assert (np.diff(np.append(0.0, curve.cumulative_hazard)) >= 0).all()


@RANDOM
@given(cohorts(delayed=False), st.integers(0, 11))
def test_conditional_survival_is_the_curve_after_the_landmark(cohort, at):
    time, event = cohort["time"], cohort["event"]
    assume((time > at).any())
    late = landmark(time, event, at)
    expected = kaplan_meier(late.time, late.event).at([0, 1, 5])
    found = conditional_survival(time, event, at, [0, 1, 5]).table()
    for name in ("survival", "std_err", "lower", "upper"):
        assert found[name].to_pylist() == pytest.approx(expected[name].to_pylist(), nan_ok=True)


@RANDOM
@given(cohorts(delayed=False))
def test_being_free_of_event_and_of_censoring_multiply_to_being_under_follow_up(cohort):
    # With deaths first, S(t) times the reverse curve is the share of patients who are still there.
    time, event = cohort["time"], cohort["event"]
    try:
        reverse = followup(time, event).curves
    except UnsoundAnalysis:
        assume(False)
    at = np.arange(1, 12) + 0.5
    product = np.array(kaplan_meier(time, event).at(at)["survival"]) * np.array(reverse.at(at)["survival"])
    left = (time[:, None] > at).mean(axis=0)
    np.testing.assert_allclose(product, left, atol=1e-12)


@RANDOM
@given(cohorts(), st.sampled_from([(0, 0), (1, 0), (0.5, 2)]))
def test_a_test_does_not_ask_for_order_names_or_halves(cohort, powers):
    rho, gamma = powers
    try:
        first = logrank(**cohort, rho=rho, gamma=gamma)
    except Exception:
        assume(False)
    renamed = cohort | {"group": np.where(cohort["group"] == "a", "z", "y")}
    twice = {name: np.tile(column, 2)[::-1] for name, column in cohort.items()}
    halved = logrank(**twice, rho=rho, gamma=gamma, weights=np.full(len(twice["time"]), 0.5))
    for other in (logrank(**renamed, rho=rho, gamma=gamma), halved):
        assert other.statistic == pytest.approx(first.statistic, rel=1e-7, abs=1e-9)


@RANDOM
@given(cohorts())
def test_lifelines_draws_the_same_curve(cohort):
    if os.environ.get("HARMONY_REQUIRE_ALL") != "1":
        pytest.importorskip("lifelines", reason="lifelines is not installed (extra: bench)")
    from lifelines import KaplanMeierFitter
    from lifelines.exceptions import StatError

    ours = kaplan_meier(cohort["time"], cohort["event"], entry=cohort["entry"]).curves[0]
    try:
        peer = KaplanMeierFitter().fit(cohort["time"], cohort["event"], entry=cohort["entry"])
    except StatError:
        # lifelines refuses an early gap in the risk set, with or without events before it.
        assume(False)
    expected = peer.survival_function_at_times(ours.time).to_numpy()
    np.testing.assert_allclose(ours.survival, expected, rtol=1e-9, atol=1e-12)
