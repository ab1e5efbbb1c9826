"""Cumulative incidence with Aalen's variance against R cmprsk 2.2-11 (`cuminc`); competing_risks.csv."""

import pytest
import r_reference
from r_competing_risks import SAMPLES, incidence
from r_reference import Case, check

from harmony.statistics.cumulative_incidence import cumulative_incidence

FILE = "competing_risks.csv"


NUMBERS = {
    "cr_mgus2_sex": 32,
    "cr_sksurv_bmt": 32,
    "cr_bmt_group": 36,
    "cr_ebmt2_dissub": 144,
    "cr_ebmt2_tcd": 108,
}
CASES = [
    Case("cumulative_incidence", FILE, name, count, incidence(SAMPLES[name]))
    for name, count in NUMBERS.items()
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_estimate_and_variance_of_cuminc_is_met(case):
    check(case)


def test_a_swapped_cause_is_noticed():
    rows = r_reference.rows(FILE, "cr_bmt_group")
    time, cause, group = SAMPLES["cr_bmt_group"]()
    fit = cumulative_incidence(time, (3 - cause) % 3, group)
    read = {(r["group"], r["cause"]): r["estimate"] for r in fit.at([365.0]).to_pylist()}
    wanted = next(row for row in rows if row["group"] == "1 1" and row["time"] == 365.0)
    assert r_reference.difference(read["1", 1], wanted)


def test_without_competing_causes_the_variance_is_not_greenwoods():
    time, event, _ = SAMPLES["cr_bmt_group"]()
    one_cause = cumulative_incidence(time, event > 0).at([365]).to_pylist()
    assert one_cause[0]["estimate"] + one_cause[1]["estimate"] == pytest.approx(1.0, abs=1e-14)
    # Aalen's form takes the tied deaths of a time without replacement, Greenwood's with it.
    assert one_cause[0]["std_err"] == pytest.approx(one_cause[1]["std_err"], rel=1e-2)
    assert one_cause[0]["std_err"] != pytest.approx(one_cause[1]["std_err"], rel=1e-6)
