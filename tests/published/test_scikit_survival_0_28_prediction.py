"""
Agreement with scikit-survival 0.28 on random data: Brier score, dynamic AUC, Uno's concordance.

Events and censorings fall on different times here. Where they coincide scikit-survival weighs an event with
the censoring at its own time, ours with that before it, as R does (Gerds and Schumacher 2006).
"""

import os

import numpy as np
import pytest

from harmony.statistics.auc import auc
from harmony.statistics.brier import brier
from harmony.statistics.concordance import concordance

if os.environ.get("HARMONY_REQUIRE_ALL") != "1":
    pytest.importorskip("sksurv", reason="scikit-survival is not installed (extra: test)")

TIMES = np.array([3, 8, 20, 41])


@pytest.fixture(params=range(3))
def cohort(request):
    """Time, event, a score with ties, predicted survival; events at even times and censorings at odd ones."""
    rng = np.random.default_rng(request.param)
    score = rng.normal(0, 1, 400).round(1)
    event_time = 2 * np.ceil(rng.exponential(20 * np.exp(-score)))
    end = 2 * np.ceil(rng.exponential(30, 400)) + 1
    survival = np.exp(-np.outer(np.exp(score), TIMES) / 20)
    return np.minimum(event_time, end), event_time <= end, score, survival


def outcome(time, event):
    from sksurv.util import Surv

    return Surv.from_arrays(event, time)


def test_brier_score_and_its_integral(cohort):
    from sksurv.metrics import brier_score, integrated_brier_score

    time, event, _, survival = cohort
    peer = outcome(time, event)
    ours = brier(time, event, survival, TIMES)
    np.testing.assert_allclose(ours.brier, brier_score(peer, peer, survival, TIMES)[1], rtol=1e-12)
    assert ours.integrated == pytest.approx(integrated_brier_score(peer, peer, survival, TIMES), rel=1e-12)


def test_brier_score_with_censoring_of_other_patients(cohort):
    from sksurv.metrics import brier_score

    time, event, _, survival = cohort
    train, peer = (time[:300], event[:300]), outcome(time[300:], event[300:])
    ours = brier(time[300:], event[300:], survival[300:, :3], TIMES[:3], train=train)
    expected = brier_score(outcome(*train), peer, survival[300:, :3], TIMES[:3])[1]
    np.testing.assert_allclose(ours.brier, expected, rtol=1e-12)


def test_dynamic_auc_and_its_mean(cohort):
    from sksurv.metrics import cumulative_dynamic_auc

    time, event, score, _ = cohort
    peer = outcome(time, event)
    areas, mean = cumulative_dynamic_auc(peer, peer, score, TIMES)
    ours = auc(time, event, score, TIMES)
    np.testing.assert_allclose(ours.auc, areas, rtol=1e-12)
    assert ours.integrated == pytest.approx(mean, rel=1e-12)


def test_dynamic_auc_of_a_score_that_changes(cohort):
    from sksurv.metrics import cumulative_dynamic_auc

    time, event, _, survival = cohort
    peer = outcome(time, event)
    areas, _ = cumulative_dynamic_auc(peer, peer, 1 - survival, TIMES)
    np.testing.assert_allclose(auc(time, event, 1 - survival, TIMES).auc, areas, rtol=1e-12)


@pytest.mark.parametrize("tau", [None, 20.5])
def test_unos_concordance(cohort, tau):
    from sksurv.metrics import concordance_index_ipcw

    time, event, score, _ = cohort
    peer = outcome(time, event)
    expected = concordance_index_ipcw(peer, peer, score, tau=tau)[0]
    assert concordance(time, event, score, method="uno", tau=tau).concordance == pytest.approx(
        expected, rel=1e-12
    )


def test_harrells_concordance_and_its_pairs(cohort):
    from sksurv.metrics import concordance_index_censored

    time, event, score, _ = cohort
    value, concordant, discordant, tied, _ = concordance_index_censored(event, time, score)
    ours = concordance(time, event, score)
    assert (ours.concordant, ours.discordant, ours.tied) == (concordant, discordant, tied)
    assert ours.concordance == pytest.approx(value, rel=1e-12)
