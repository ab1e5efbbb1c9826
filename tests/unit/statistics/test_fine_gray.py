"""Fine-Gray regression: a slow obvious likelihood beside the fast one, edge cases, and what is refused."""

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox import cox
from harmony.statistics.fine_gray import fine_gray


def sample(seed=1, n=120, ends=25):
    rng = np.random.default_rng(seed)
    age, arm = rng.normal(size=n), rng.integers(0, 2, n)
    time = np.ceil(rng.exponential(12, n) * np.exp(-0.4 * age)).clip(1, ends)
    return time, rng.choice(3, n, p=[0.3, 0.4, 0.3]), {"age": age, "arm": arm}


def still_observed(time, event, events_first):
    """G(t-) at each patient's time: Kaplan-Meier of censoring, events before or together with it."""
    result = []
    for t in time:
        chance = 1.0
        for s in np.unique(time[(time < t) & (event == 0)]):
            at_risk = (time >= s) & ~(events_first & (time == s) & (event > 0))
            chance *= 1.0 - ((time == s) & (event == 0)).sum() / at_risk.sum()
        result.append(chance)
    return np.array(result)


def slow(time, event, x, coef, variant):
    """Log-likelihood and score, one event after the other, from the definition."""
    observed = still_observed(time, event, variant == "finegray")
    hazard, loglik, score = np.exp(coef @ x), 0.0, 0.0
    for t in np.unique(time[event == 1]):
        at_t = observed[time == t][0]
        weight = np.where(time >= t, 1.0, np.where(event == 2, at_t / observed, 0.0)) * hazard
        dead = (time == t) & (event == 1)
        for step in range(dead.sum()):
            share = step / dead.sum() if variant == "finegray" else 0.0
            now = weight * np.where(dead, 1.0 - share, 1.0)
            loglik -= np.log(now.sum())
            score = score - (x * now).sum(axis=1) / now.sum()
        loglik += np.log(hazard[dead]).sum()
        score = score + x[:, dead].sum(axis=1)
    return loglik, score


@pytest.mark.parametrize("variant", ["crr", "finegray"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_slow_obvious_likelihood_is_met_and_flat_at_the_estimate(seed, variant):
    time, event, covariates = sample(seed)
    x = np.array(list(covariates.values()), dtype=float)
    fit = fine_gray(time, event, covariates, variant=variant)
    loglik, score = slow(time, event, x, fit.coef, variant)
    assert fit.loglik == pytest.approx(loglik, rel=1e-12)
    assert fit.loglik_null == pytest.approx(slow(time, event, x, np.zeros(2), variant)[0], rel=1e-12)
    np.testing.assert_allclose(score, 0.0, atol=1e-6)
    # The information is what the score loses along each coefficient.
    step = 1e-5
    lost = [
        (slow(time, event, x, fit.coef - h, variant)[1] - slow(time, event, x, fit.coef + h, variant)[1])
        / (2 * step)
        for h in step * np.eye(2)
    ]
    np.testing.assert_allclose(np.linalg.inv(fit.covariance), lost, rtol=1e-5)


def expanded(time, event, x):
    """Rows that `finegray` makes: patient, start, stop, event, weight."""
    observed = still_observed(time, event, True)
    cuts, rows = np.unique(time[event == 0]), []
    for patient, (t, e) in enumerate(zip(time, event, strict=True)):
        if e != 2:
            rows.append((patient, 0.0, t, e, 1.0))
            continue
        ends = [*cuts[cuts >= t], time.max()] if cuts.max() < time.max() else list(cuts[cuts >= t])
        start = 0.0
        for end in ends or [t]:
            inside = time[(time > max(start, t)) & (time <= end) & (event == 1)]
            weight = observed[time == inside[0]][0] / observed[patient] if start and len(inside) else 1.0
            if start == 0.0 or len(inside):
                rows.append((patient, start, end, 0, weight))
            start = end
    return [np.array(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_finegray_equals_a_weighted_cox_model_of_the_expanded_rows(seed):
    time, event, covariates = sample(seed)
    x = np.array(list(covariates.values()), dtype=float)
    patient, start, stop, died, weight = expanded(time, event, x)
    rows = cox(
        stop, died, {name: values[patient] for name, values in covariates.items()},
        entry=start, weights=weight, cluster=np.arange(len(stop)),
    )  # fmt: skip
    fit = fine_gray(time, event, covariates, variant="finegray")
    np.testing.assert_allclose(fit.coef, rows.coef, rtol=1e-8)
    np.testing.assert_allclose(fit.se, rows.se, rtol=1e-8)
    np.testing.assert_allclose(fit.robust_se, rows.robust_se, rtol=1e-7)


@pytest.mark.parametrize(("variant", "ties"), [("crr", "breslow"), ("finegray", "efron")])
def test_without_competing_events_it_is_a_cox_model(variant, ties):
    time, event, covariates = sample()
    event = np.where(event == 2, 0, event)
    fit, plain = (
        fine_gray(time, event, covariates, variant=variant),
        cox(time, event, covariates, ties=ties, robust=True),
    )
    np.testing.assert_allclose(fit.coef, plain.coef, rtol=1e-8)
    np.testing.assert_allclose(fit.robust_se, plain.robust_se, rtol=1e-8)
    assert fit.loglik == pytest.approx(plain.loglik)


def test_without_censoring_those_with_a_competing_event_never_leave():
    time, event, covariates = sample()
    event = np.where(event == 0, 1, event)
    forever = np.where(event == 2, 1000.0, time)
    fit = fine_gray(time, event, covariates)
    plain = cox(forever, event == 1, covariates, ties="breslow", robust=True)
    np.testing.assert_allclose(fit.coef, plain.coef, rtol=1e-8)
    np.testing.assert_allclose(fit.robust_se, plain.robust_se, rtol=1e-8)


@pytest.mark.parametrize("variant", ["crr", "finegray"])
def test_row_order_and_units_change_nothing_but_their_own_scale(variant):
    time, event, covariates = sample()
    fit = fine_gray(time, event, covariates, variant=variant)
    order = np.random.default_rng(0).permutation(len(time))
    mixed = fine_gray(
        time[order] / 30.4, event[order],
        {"age": 1000 * covariates["age"][order] + 7, "arm": covariates["arm"][order]}, variant=variant,
    )  # fmt: skip
    np.testing.assert_allclose(mixed.coef * [1000, 1], fit.coef, rtol=1e-7)
    np.testing.assert_allclose(mixed.robust_se * [1000, 1], fit.robust_se, rtol=1e-7)
    assert mixed.loglik == pytest.approx(fit.loglik)


def test_whole_weights_are_copies_of_patients():
    time, event, covariates = sample()
    weight = np.random.default_rng(2).integers(0, 3, len(time))
    copies = np.repeat(np.arange(len(time)), weight)
    weighted = fine_gray(time, event, covariates, weights=weight)
    copied = fine_gray(
        time[copies], event[copies], {n: v[copies] for n, v in covariates.items()}, cluster=copies
    )
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-8)
    np.testing.assert_allclose(weighted.se, copied.se, rtol=1e-8)
    np.testing.assert_allclose(weighted.robust_se, copied.robust_se, rtol=1e-8)


def test_doubling_with_half_weights_changes_no_coefficient():
    time, event, covariates = sample()
    twice = {n: np.tile(v, 2) for n, v in covariates.items()}
    one = fine_gray(time, event, covariates, variant="crr")
    half = fine_gray(
        np.tile(time, 2), np.tile(event, 2), twice, variant="crr", weights=np.full(2 * len(time), 0.5)
    )
    np.testing.assert_allclose(one.coef, half.coef, rtol=1e-8)
    np.testing.assert_allclose(one.se, half.se, rtol=1e-8)


@pytest.mark.parametrize("variant", ["crr", "finegray"])
def test_strata_have_baselines_of_their_own(variant):
    time, event, covariates = sample(n=300)
    stratum = np.arange(300) % 2
    both = fine_gray(time, event, covariates, strata=stratum, variant=variant)
    parts = [
        fine_gray(
            time[stratum == s], event[stratum == s], {n: v[stratum == s] for n, v in covariates.items()},
            variant=variant,
        )
        for s in (0, 1)
    ]  # fmt: skip
    assert both.loglik_null == pytest.approx(sum(part.loglik_null for part in parts))
    same = fine_gray(time, event, covariates, strata=np.zeros(300), variant=variant)
    plain = fine_gray(time, event, covariates, variant=variant)
    np.testing.assert_allclose(same.robust_se, plain.robust_se)


def test_a_censoring_group_of_its_own_changes_the_estimate():
    time, event, covariates = sample()
    grouped = fine_gray(time, event, covariates, cengroup=covariates["arm"])
    assert grouped.coef[0] != pytest.approx(fine_gray(time, event, covariates).coef[0], rel=1e-6)


def test_a_category_has_a_term_per_level_and_a_lonely_one_a_warning():
    time, event, _ = sample()
    risk = np.where(np.arange(len(time)) % 2, "low", "high").astype(object)
    risk[np.flatnonzero(event == 1)[0]] = "medium"
    fit = fine_gray(time, event, {"risk": risk}, reference={"risk": "low"})
    assert fit.terms == ("riskhigh", "riskmedium")
    assert any("One patient only has risk medium" in text for text in fit.warnings)


def test_columns_of_the_table_are_those_of_the_reference_page():
    names = ["term", "coef", "se", "robust_se", "z", "p", "hazard_ratio", "lower", "upper"]
    fit = fine_gray(*sample())
    assert fit.table().column_names == names
    np.testing.assert_allclose(fit.z, fit.coef / fit.robust_se)


def test_five_to_ten_events_per_term_are_warned_of_and_fewer_refused():
    time, event, covariates = sample()
    few = np.where(np.cumsum(event == 1) <= 12, event, 0)
    assert "Fewer than 10 events" in fine_gray(time, few, covariates).warnings[0]
    with pytest.raises(UnsoundAnalysis, match="fewer than 5 events"):
        fine_gray(time, np.where(np.cumsum(event == 1) <= 9, event, 0), covariates)


def test_at_time_zero_finegray_counts_events_and_crr_starts_from_g_of_zero_as_cmprsk_does():
    time, event, covariates = sample()
    assert {0, 2} <= set(event[time == time.min()].tolist())
    later, zero = (
        [fine_gray(t, event, covariates, variant=v) for v in ("finegray", "crr")]
        for t in (time, time - time.min())
    )
    np.testing.assert_allclose(zero[0].coef, later[0].coef, rtol=1e-8)
    # R cmprsk 2.2.11: crr(time - min(time), event, cbind(age, arm), gtol=1e-13).
    assert zero[1].coef != pytest.approx(later[1].coef, rel=1e-6)
    assert zero[1].coef == pytest.approx([0.0717649841972334, -0.0216541392703276], rel=1e-6)


def test_collinear_covariates_are_named():
    time, event, covariates = sample()
    with pytest.raises(UnsoundAnalysis, match="twice"):
        fine_gray(time, event, covariates | {"twice": 2 * covariates["age"]})


def test_a_coefficient_without_bound_is_named():
    time, event, covariates = sample()
    with pytest.raises(UnsoundAnalysis, match="never") as refused:
        fine_gray(time, event, covariates | {"never": (event != 1) & (np.arange(len(time)) % 3 == 0)})
    assert "firth" not in refused.value.next_step


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"variant": "cox"}, UsageError),
        ({"cause": 3}, UnsoundAnalysis),
        ({"cause": 0}, UnsoundAnalysis),
        ({"conf_level": 1.0}, UsageError),
        ({"cluster": [1, 2]}, UsageError),
        ({"cengroup": [1, 2]}, UsageError),
        ({"weights": np.full(120, -1.0)}, UnsoundAnalysis),
        ({"covariates": {}}, UsageError),
        ({"covariates": {"age": np.ones(120)}}, UnsoundAnalysis),
        ({"covariates": {"age": np.full(120, np.nan)}}, UnsoundAnalysis),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_fitted_is_refused(change, error):
    time, event, covariates = sample()
    with pytest.raises(error):
        fine_gray(time, event, **({"covariates": covariates} | change))


def test_one_patient_alone_is_refused():
    with pytest.raises(UnsoundAnalysis):
        fine_gray([1.0], [1], {"age": [60]})


def test_delayed_entry_without_competing_events_is_a_cox_model_with_delayed_entry():
    time, event, covariates = sample()
    event, entry = np.where(event == 2, 0, event), np.maximum(time - 8, 0)
    fit = fine_gray(time, event, covariates, variant="finegray", entry=entry)
    plain = cox(time, event, covariates, entry=entry, cluster=np.arange(len(time)))
    np.testing.assert_allclose(fit.coef, plain.coef, rtol=1e-8)
    np.testing.assert_allclose(fit.robust_se, plain.robust_se, rtol=1e-8)


def test_an_entry_of_zero_for_everybody_changes_nothing():
    time, event, covariates = sample()
    plain = fine_gray(time, event, covariates, variant="finegray")
    zero = fine_gray(time, event, covariates, variant="finegray", entry=np.zeros(len(time)))
    np.testing.assert_allclose(zero.robust_se, plain.robust_se)


def test_delayed_entry_is_refused_where_its_variance_is_not_defined():
    time, event, covariates = sample()
    with pytest.raises(UsageError, match="delayed entry"):
        fine_gray(time, event, covariates, variant="crr", entry=np.zeros(len(time)))


def test_a_gap_in_the_risk_set_is_refused():
    time, event, covariates = sample()
    gap, entry = np.where(time > 12, time + 30, time), np.where(time > 12, 40.0, 0.0)
    with pytest.raises(UnsoundAnalysis, match="under observation for a while"):
        fine_gray(gap, event, covariates, variant="finegray", entry=entry)
