"""Agreement with lifelines 0.30 on random data without tied times: concordance and curves of a Cox model."""

import os

import numpy as np
import pytest

from harmony.statistics.concordance import concordance
from harmony.statistics.cox import cox

if os.environ.get("HARMONY_REQUIRE_ALL") != "1":
    pytest.importorskip("lifelines", reason="lifelines is not installed (extra: bench)")

# pandas announces changes that lifelines has not yet followed.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

#: lifelines stops on its step size, about 1e-6 from the maximum.
STOPPED_EARLY = 1e-5


@pytest.fixture(params=range(2))
def cohort(request):
    import pandas

    rng = np.random.default_rng(request.param)
    frame = pandas.DataFrame({"age": rng.normal(0, 1, 300), "arm": rng.integers(0, 2, 300)})
    frame["time"] = rng.permutation(300) / 10 + 1 - frame["age"].to_numpy() * 1e-3
    frame["event"] = (rng.random(300) < 0.7).astype(int)
    return frame


def fitted(cohort):
    from lifelines import CoxPHFitter

    return CoxPHFitter().fit(cohort, "time", "event", fit_options={"precision": 1e-10})


def test_predicted_survival_and_baseline(cohort):
    peer = fitted(cohort)
    ours = cox(cohort["time"], cohort["event"], cohort[["age", "arm"]])
    # Between event times lifelines draws a line, ours (as R) a step: asked at event times both are the same.
    times = np.sort(cohort["time"][cohort["event"] == 1])[[20, 80, 160]]
    rows = cohort[["age", "arm"]].iloc[:5]
    predicted = ours.predict(rows, times).column("survival").to_numpy().reshape(5, 3)
    expected = peer.predict_survival_function(rows, times=times).to_numpy().T
    np.testing.assert_allclose(predicted, expected, rtol=STOPPED_EARLY)
    # Theirs is at the means of the covariates, ours at 0.
    last = ours.baseline([cohort["time"].max()]).column("cumulative_hazard")[0].as_py()
    mean = np.exp(ours.coef @ cohort[["age", "arm"]].mean())
    assert peer.baseline_cumulative_hazard_.iloc[-1, 0] == pytest.approx(last * mean, rel=STOPPED_EARLY)


def test_concordance_with_the_sign_of_the_score_turned(cohort):
    from lifelines.utils import concordance_index

    score = cohort["age"].round(1)
    ours = concordance(cohort["time"], cohort["event"], score).concordance
    assert ours == pytest.approx(concordance_index(cohort["time"], -score, cohort["event"]), rel=1e-12)
