"""Curves and tests against lifelines 0.30, statsmodels 0.15, scikit-survival 0.28 on random tied data."""

import os

import numpy as np
import pytest

from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.logrank import logrank
from harmony.statistics.nelson_aalen import nelson_aalen
from harmony.statistics.restricted_mean import restricted_mean

if os.environ.get("HARMONY_REQUIRE_ALL") != "1":
    for peer in ("lifelines", "statsmodels", "sksurv"):
        pytest.importorskip(peer, reason=f"{peer} is not installed (extra: bench)")

# pandas announces changes that the peers have not yet followed.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(params=range(3))
def cohort(request):
    rng = np.random.default_rng(request.param)
    n = 200
    time = np.ceil(rng.exponential(10, n)).clip(max=40)
    return {
        "time": time,
        "event": (rng.random(n) < 0.7) & (time < 40),
        "entry": np.floor(rng.random(n) * time),
        "group": rng.integers(0, 3, n),
        "stratum": rng.integers(0, 2, n),
        "weight": rng.integers(1, 4, n),
    }


def test_lifelines_kaplan_meier_with_entry_and_weights(cohort):
    from lifelines import KaplanMeierFitter

    peer = KaplanMeierFitter().fit(
        cohort["time"], cohort["event"], entry=cohort["entry"], weights=cohort["weight"]
    )
    ours = kaplan_meier(
        cohort["time"], cohort["event"], entry=cohort["entry"], weights=cohort["weight"]
    ).curves[0]
    expected = peer.survival_function_at_times(ours.time).to_numpy()
    np.testing.assert_allclose(ours.survival, expected, rtol=1e-12, atol=1e-15)


def test_lifelines_nelson_aalen_without_its_smoothing_of_ties(cohort):
    # Its variance is d (n - d) / n^3, R's and ours d / n^2: only the estimate is compared.
    from lifelines import NelsonAalenFitter

    peer = NelsonAalenFitter(nelson_aalen_smoothing=False)
    peer.fit(cohort["time"], cohort["event"], entry=cohort["entry"])
    ours = nelson_aalen(cohort["time"], cohort["event"], entry=cohort["entry"]).curves[0]
    expected = peer.cumulative_hazard_at_times(ours.time).to_numpy()
    np.testing.assert_allclose(ours.cumulative_hazard, expected, rtol=1e-12)


@pytest.mark.parametrize(("rho", "gamma"), [(1, 0), (0, 1), (0.5, 0.5)])
def test_lifelines_fleming_harrington_tests(cohort, rho, gamma):
    from lifelines.statistics import multivariate_logrank_test

    peer = multivariate_logrank_test(
        cohort["time"],
        cohort["group"],
        cohort["event"],
        weightings="fleming-harrington",
        p=rho,
        q=gamma,
    )
    ours = logrank(cohort["time"], cohort["event"], cohort["group"], rho=rho, gamma=gamma)
    assert ours.statistic == pytest.approx(peer.test_statistic, rel=1e-9)


def test_lifelines_area_under_the_curve(cohort):
    # Its variance is that of min(T, tau) among patients, not of the estimated mean.
    from lifelines import KaplanMeierFitter
    from lifelines.utils import restricted_mean_survival_time

    peer = KaplanMeierFitter().fit(cohort["time"], cohort["event"])
    ours = restricted_mean(cohort["time"], cohort["event"], tau=12)
    assert ours.mean[0] == pytest.approx(restricted_mean_survival_time(peer, t=12), rel=1e-10)


def test_statsmodels_kaplan_meier_with_its_error(cohort):
    from statsmodels.duration.survfunc import SurvfuncRight

    peer = SurvfuncRight(cohort["time"], cohort["event"], entry=cohort["entry"])
    ours = kaplan_meier(cohort["time"], cohort["event"], entry=cohort["entry"]).at(peer.surv_times)
    np.testing.assert_allclose(ours["survival"], peer.surv_prob, rtol=1e-10)
    np.testing.assert_allclose(ours["std_err"], peer.surv_prob_se, rtol=1e-10)


@pytest.mark.parametrize("rho", [0, 0.5, 1])
@pytest.mark.parametrize("stratified", [False, True])
def test_statsmodels_weighted_and_stratified_tests(cohort, rho, stratified):
    from statsmodels.duration.survfunc import survdiff

    strata = cohort["stratum"] if stratified else None
    options = {"weight_type": "fh", "fh_p": rho} if rho else {}
    chisq, p = survdiff(cohort["time"], cohort["event"], cohort["group"], strata=strata, **options)
    ours = logrank(cohort["time"], cohort["event"], cohort["group"], rho=rho, strata=strata)
    assert (ours.statistic, ours.p) == (pytest.approx(chisq, rel=1e-9), pytest.approx(p, rel=1e-9))


def test_statsmodels_test_under_delayed_entry(cohort):
    from statsmodels.duration.survfunc import survdiff

    chisq, _ = survdiff(cohort["time"], cohort["event"], cohort["group"], entry=cohort["entry"])
    ours = logrank(cohort["time"], cohort["event"], cohort["group"], entry=cohort["entry"])
    assert ours.statistic == pytest.approx(chisq, rel=1e-9)


def test_scikit_survival_kaplan_meier_with_log_log_limits(cohort):
    from sksurv.nonparametric import kaplan_meier_estimator

    time, survival, limits = kaplan_meier_estimator(cohort["event"], cohort["time"], conf_type="log-log")
    ours = kaplan_meier(cohort["time"], cohort["event"], conf_type="log-log").curves[0]
    np.testing.assert_array_equal(ours.time, time)
    np.testing.assert_allclose(ours.survival, survival, rtol=1e-12, atol=1e-15)
    inside = (survival > 0) & (survival < 1)
    np.testing.assert_allclose([ours.lower[inside], ours.upper[inside]], limits[:, inside], rtol=1e-9)


def test_scikit_survival_kaplan_meier_under_delayed_entry(cohort):
    from sksurv.nonparametric import kaplan_meier_estimator

    time, survival = kaplan_meier_estimator(cohort["event"], cohort["time"], time_enter=cohort["entry"])
    ours = kaplan_meier(cohort["time"], cohort["event"], entry=cohort["entry"]).at(time)
    np.testing.assert_allclose(ours["survival"], survival, rtol=1e-12, atol=1e-15)


def test_scikit_survival_nelson_aalen(cohort):
    from sksurv.nonparametric import nelson_aalen_estimator

    _, hazard = nelson_aalen_estimator(cohort["event"], cohort["time"])
    ours = nelson_aalen(cohort["time"], cohort["event"]).curves[0]
    np.testing.assert_allclose(ours.cumulative_hazard, hazard, rtol=1e-12)


def test_scikit_survival_log_rank(cohort):
    from sksurv.compare import compare_survival
    from sksurv.util import Surv

    chisq, p = compare_survival(Surv.from_arrays(cohort["event"], cohort["time"]), cohort["group"])
    ours = logrank(cohort["time"], cohort["event"], cohort["group"])
    assert (ours.statistic, ours.p) == (pytest.approx(chisq, rel=1e-9), pytest.approx(p, rel=1e-9))
