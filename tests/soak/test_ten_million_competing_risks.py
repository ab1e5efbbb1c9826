"""Competing risks and multi-state models of ten million patients: rows, counts and variances agree."""

import numpy as np
import pytest

from harmony.statistics.cumulative_incidence import (
    cumulative_incidence,
    cumulative_incidence_from_counts,
)
from harmony.statistics.gray_test import gray_test, gray_test_from_counts
from harmony.statistics.multistate import multistate

pytestmark = pytest.mark.soak

N = 10_000_000


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(12)
    return rng.integers(1, 3650, N), rng.integers(0, 3, N), rng.integers(0, 2, N)


@pytest.fixture(scope="module")
def counts(rows):
    time, cause, group = rows
    cells = np.bincount((group * 3 + cause) * 3650 + time, minlength=6 * 3650)
    place = np.arange(len(cells))
    return {
        "group": place // 3650 // 3,
        "cause": place // 3650 % 3,
        "time": place % 3650,
        "count": cells,
    }


def test_cumulative_incidence_from_rows_and_counts_agree(rows, counts):
    fit = cumulative_incidence(*rows)
    for curve, other in zip(fit.curves, cumulative_incidence_from_counts(counts).curves, strict=True):
        np.testing.assert_allclose(curve.estimate, other.estimate, rtol=1e-12)
        np.testing.assert_allclose(curve.std_err, other.std_err, rtol=1e-9)


def test_the_two_variances_agree_at_ten_million(rows):
    time, cause, _ = rows
    fits = [cumulative_incidence(time, cause, variance=v) for v in ("aalen", "jackknife")]
    for one, other in zip(fits[0].curves, fits[1].curves, strict=True):
        middle = len(one.time) // 2
        assert one.std_err[middle] == pytest.approx(other.std_err[middle], rel=1e-3)


def test_grays_test_from_rows_and_counts_agree(rows, counts):
    np.testing.assert_allclose(gray_test(*rows).statistic, gray_test_from_counts(counts).statistic, rtol=1e-8)


def test_a_multistate_model_is_the_cumulative_incidence(rows):
    time, cause, _ = rows
    fit = multistate(
        np.arange(N), np.zeros(N), time, np.zeros(N), np.where(cause > 0, cause, np.nan), [0, 1, 2]
    )
    curve = cumulative_incidence(time, cause).curves[1]
    steps = np.searchsorted(curve.time, fit.time)
    np.testing.assert_allclose(fit.probability[0, :, 1], curve.estimate[steps], rtol=1e-10)
