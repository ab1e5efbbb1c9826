"""Cumulative incidence against R cmprsk 2.2-11, survival 3.5-3; data/reference/competing_risks.csv."""

import numpy as np
import pytest
import r_reference

from harmony.statistics.cumulative_incidence import cumulative_incidence


def sample(analysis):
    if analysis == "cr_bmt_group":
        frame = r_reference.table("mstate", "bmt")
        death_in_remission = (frame["d3"] == 1) & (frame["d2"] == 0)
        return frame["t2"], np.where(frame["d2"] == 1, 1, np.where(death_in_remission, 2, 0)), frame["group"]
    frame = r_reference.ebmt2()
    return frame["time"], frame["status"], frame[analysis.removeprefix("cr_ebmt2_")]


def curve_of(row):
    """Group and cause: cmprsk writes `No TCD 1`, survfit `g=No TCD` with the state in `term`."""
    if row["statistic"] == "pstate":
        state = row["term"]
        return row["group"].removeprefix("g="), 0 if state == "(s0)" else int(state)
    group, cause = row["group"].rsplit(" ", 1)
    return group, int(cause)


@pytest.mark.parametrize(
    ("analysis", "count"), [("cr_ebmt2_tcd", 171), ("cr_ebmt2_dissub", 228), ("cr_bmt_group", 63)]
)
def test_every_estimate_and_variance_is_met(analysis, count):
    fit = cumulative_incidence(*sample(analysis))
    expected = r_reference.rows("competing_risks.csv", analysis)
    times = sorted({row["time"] for row in expected})
    read = {(r["group"], r["cause"], r["time"]): r for r in fit.at(times).to_pylist()}
    wrong = []
    for row in expected:
        got = read[(*curve_of(row), row["time"])]
        value = got["std_err"] ** 2 if row["statistic"] == "cuminc_var" else got["estimate"]
        wrong.append(r_reference.difference(value, row))
    assert [text for text in wrong if text] == []
    assert len(expected) == count


def test_without_competing_causes_the_variance_is_not_greenwoods():
    time, event, _ = sample("cr_bmt_group")
    one_cause = cumulative_incidence(time, event > 0).at([365]).to_pylist()
    assert one_cause[0]["estimate"] + one_cause[1]["estimate"] == pytest.approx(1.0, abs=1e-14)
    # Aalen's form takes the tied deaths of a time without replacement, Greenwood's with it.
    assert one_cause[0]["std_err"] == pytest.approx(one_cause[1]["std_err"], rel=1e-2)
    assert one_cause[0]["std_err"] != pytest.approx(one_cause[1]["std_err"], rel=1e-6)
