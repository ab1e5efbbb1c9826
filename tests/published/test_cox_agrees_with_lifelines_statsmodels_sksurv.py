"""Cox regression beside lifelines 0.30, statsmodels 0.15 and scikit-survival 0.28, random data with ties."""

import os

import numpy as np
import pytest

from harmony.statistics.cox import cox

PEERS = ("lifelines", "statsmodels", "sksurv")
if os.environ.get("HARMONY_REQUIRE_ALL") != "1":
    for peer in PEERS:
        pytest.importorskip(peer, reason=f"{peer} is not installed (extra: bench or test)")


# pandas and scikit-learn announce changes that the peers have not yet followed.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(params=range(3))
def cohort(request):
    import pandas

    rng = np.random.default_rng(request.param)
    n = 400
    frame = pandas.DataFrame({"age": rng.normal(0, 1, n), "arm": rng.integers(0, 2, n).astype(float)})
    start = rng.integers(0, 10, n)
    length = np.ceil(rng.exponential(20 * np.exp(-0.5 * frame["age"].to_numpy()))).clip(max=30)
    frame["start"], frame["stop"] = start.astype(float), start + length
    frame["event"] = ((length < 30) & (rng.random(n) < 0.8)).astype(int)
    frame["site"], frame["weight"] = rng.integers(0, 3, n), rng.integers(1, 4, n).astype(float)
    return frame


def ours(frame, **options):
    return cox(frame["stop"], frame["event"], frame[["age", "arm"]], **options)


def close(fit, coef, se, rtol=1e-6):
    np.testing.assert_allclose(fit.coef, coef, rtol=rtol, atol=1e-8)
    np.testing.assert_allclose(fit.se, se, rtol=rtol)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("stratified", [False, True])
def test_statsmodels_with_strata_and_delayed_entry(cohort, ties, late, stratified):
    from statsmodels.duration.hazard_regression import PHReg

    # Between days: statsmodels has a row at risk that enters at the time of an event, R and ours have not.
    entry = cohort["start"] + 0.5 if late else None
    strata = cohort["site"] if stratified else None
    x = cohort[["age", "arm"]]
    peer = PHReg(cohort["stop"], x, status=cohort["event"], ties=ties, entry=entry, strata=strata).fit()
    fit = ours(cohort, ties=ties, entry=entry, strata=strata)
    close(fit, peer.params, peer.bse, rtol=1e-5)
    assert fit.loglik == pytest.approx(peer.llf, rel=1e-9)


def test_lifelines_with_weights_strata_and_clusters(cohort):
    from lifelines import CoxPHFitter

    frame = cohort[["age", "arm", "stop", "event", "site", "weight"]]
    peer = CoxPHFitter().fit(
        frame, "stop", "event", strata=["site"], weights_col="weight", fit_options={"precision": 1e-10}
    )
    close(
        ours(cohort, strata=cohort["site"], weights=cohort["weight"]),
        peer.params_,
        peer.standard_errors_,
        1e-5,
    )


def test_lifelines_with_start_stop_rows(cohort):
    from lifelines import CoxTimeVaryingFitter

    frame = cohort.reset_index(names="patient")[["patient", "age", "arm", "start", "stop", "event"]]
    peer = CoxTimeVaryingFitter().fit(
        frame,
        id_col="patient",
        event_col="event",
        start_col="start",
        stop_col="stop",
        fit_options={"precision": 1e-10},
    )
    close(ours(cohort, entry=cohort["start"]), peer.params_, peer.standard_errors_, 1e-5)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_scikit_survival_with_and_without_a_ridge(cohort, ties):
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    y = Surv.from_arrays(cohort["event"].astype(bool), cohort["stop"])
    x = cohort[["age", "arm"]]
    for alpha in (0.0, 30.0):
        peer = CoxPHSurvivalAnalysis(alpha=alpha, ties=ties, tol=1e-12).fit(x, y)
        # Its ridge does not look at variances: alpha / 2 times the squared coefficients.
        penalty = {name: alpha / x[name].var(ddof=1) for name in x}
        np.testing.assert_allclose(ours(cohort, ties=ties, penalty=penalty).coef, peer.coef_, rtol=1e-6)
