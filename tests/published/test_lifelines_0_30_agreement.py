"""Agreement with lifelines 0.30 on random data with many ties (its Aalen-Johansen jitters ties: left out)."""

import os

import numpy as np
import pytest

from harmony.statistics.concordance import concordance
from harmony.statistics.cox import cox
from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.logrank import logrank

if os.environ.get("HARMONY_REQUIRE_ALL") != "1":
    pytest.importorskip("lifelines", reason="lifelines is not installed (extra: bench)")


# pandas announces changes that lifelines has not yet followed.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(params=range(3))
def cohort(request):
    import pandas

    rng = np.random.default_rng(request.param)
    n = 400
    frame = pandas.DataFrame({"age": rng.normal(0, 1, n), "arm": rng.integers(0, 2, n)})
    frame["time"] = np.ceil(rng.exponential(200 * np.exp(-0.5 * frame["age"].to_numpy())) / 10).clip(max=30)
    frame["event"] = ((frame["time"] < 30) & (rng.random(n) < 0.8)).astype(int)
    return frame


def test_kaplan_meier_and_log_log_limits(cohort):
    from lifelines import KaplanMeierFitter

    peer = KaplanMeierFitter().fit(cohort["time"], cohort["event"])
    ours = kaplan_meier(cohort["time"], cohort["event"], conf_type="log-log").curves[0]
    np.testing.assert_allclose(ours.survival, peer.survival_function_at_times(ours.time), rtol=1e-12)
    limits = peer.confidence_interval_.loc[ours.time].to_numpy()
    step = ours.survival < 1
    np.testing.assert_allclose(np.column_stack([ours.lower, ours.upper])[step], limits[step], rtol=1e-9)


def test_logrank(cohort):
    from lifelines.statistics import multivariate_logrank_test

    peer = multivariate_logrank_test(cohort["time"], cohort["arm"], cohort["event"])
    ours = logrank(cohort["time"], cohort["event"], cohort["arm"])
    assert ours.statistic == pytest.approx(peer.test_statistic, rel=1e-10)
    assert ours.p == pytest.approx(peer.p_value, rel=1e-9)


def test_cox_efron(cohort):
    from lifelines import CoxPHFitter

    peer = CoxPHFitter().fit(cohort, "time", "event", fit_options={"precision": 1e-10})
    # lifelines stops on its step size; it is about 1e-6 from the maximum that R and ours agree on.
    ours = cox(cohort["time"], cohort["event"], cohort[["age", "arm"]])
    np.testing.assert_allclose(ours.coef, peer.params_, rtol=1e-5)
    np.testing.assert_allclose(ours.se, peer.standard_errors_, rtol=1e-5)
    assert ours.loglik == pytest.approx(peer.log_likelihood_, rel=1e-10)


def test_concordance(cohort):
    from lifelines.utils import concordance_index

    ours = concordance(cohort["time"], cohort["event"], cohort["age"])
    peer = concordance_index(cohort["time"], -cohort["age"], cohort["event"])
    assert ours.concordance == pytest.approx(peer, rel=1e-12)


def test_cumulative_incidence_without_tied_times(cohort):
    from lifelines import AalenJohansenFitter

    rng = np.random.default_rng(1)
    time, event = rng.random(300), rng.integers(0, 3, 300)
    peer = AalenJohansenFitter(calculate_variance=False).fit(time, event, event_of_interest=1)
    ours = next(c for c in cumulative_incidence(time, event).curves if c.cause == 1)
    np.testing.assert_allclose(ours.estimate, peer.cumulative_density_.iloc[1:, 0], rtol=1e-12)
