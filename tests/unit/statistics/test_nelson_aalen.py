"""Nelson-Aalen: a worked example, edge cases, and its link to the Kaplan-Meier curve."""

import math

import numpy as np
import pytest

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.nelson_aalen import nelson_aalen


def column(fit, name):
    return fit.table()[name].to_pylist()


def test_worked_example_by_hand():
    fit = nelson_aalen([1, 2, 2, 3], [1, 1, 0, 1])
    assert column(fit, "cumulative_hazard") == pytest.approx([1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3 + 1])
    assert column(fit, "std_err") == pytest.approx([1 / 4, math.sqrt(1 / 16 + 1 / 9), math.sqrt(169 / 144)])


def test_ties_add_their_share_at_once():
    assert column(nelson_aalen([2, 2, 5], [1, 1, 0]), "cumulative_hazard")[0] == pytest.approx(2 / 3)


def test_all_censored_has_no_hazard_and_no_log_limits():
    fit = nelson_aalen([1, 2], [0, 0])
    assert column(fit, "cumulative_hazard") == [0.0, 0.0]
    assert column(fit, "lower") == [None, None]
    assert column(nelson_aalen([1, 2], [0, 0], conf_type="plain"), "upper") == [0.0, 0.0]


def test_one_patient_alone_is_a_result():
    assert column(nelson_aalen([3], [1]), "cumulative_hazard") == [1.0]
    assert column(nelson_aalen([3], [0]), "cumulative_hazard") == [0.0]


def test_log_and_log_log_limits_are_the_same():
    first, second = (nelson_aalen([1, 2, 3], [1, 1, 0], conf_type=c).table() for c in ("log", "log-log"))
    assert first.equals(second)


def test_log_limits_are_a_factor_and_plain_limits_a_distance():
    log, plain = (nelson_aalen([1, 2, 3], [1, 0, 1], conf_type=c).curves[0] for c in ("log", "plain"))
    hazard = log.cumulative_hazard
    np.testing.assert_allclose(log.lower * log.upper, hazard**2)
    np.testing.assert_allclose(plain.upper - hazard, 1.959963984540054 * plain.std_err)
    assert plain.lower.min() == 0.0


def test_reading_carries_the_last_value_and_starts_at_zero():
    read = nelson_aalen([2, 4], [1, 0]).at([0, 2, 9]).to_pylist()
    assert [row["cumulative_hazard"] for row in read] == [0.0, 0.5, 0.5]
    assert [row["n_risk"] for row in read] == [2, 2, 0]


def test_columns_of_the_table_are_those_of_the_reference_page():
    names = ["group", "time", "n_risk", "n_event", "cumulative_hazard", "std_err", "lower", "upper"]
    assert nelson_aalen([1, 2], [1, 0]).table().column_names == names


@pytest.mark.parametrize(
    ("time", "event", "word"),
    [([-1, 2], [1, 0], "negative"), ([1, np.nan], [1, 0], "missing"), ([1, 2], [1, 2], "one cause")],
)
def test_unsound_samples_are_refused(time, event, word):
    with pytest.raises(UnsoundAnalysis, match=word):
        nelson_aalen(time, event)


def test_an_unknown_scale_is_refused():
    with pytest.raises(UsageError, match="scale"):
        nelson_aalen([1, 2], [1, 0], conf_type="logit")
