"""Gray's test against R cmprsk 2.2-11 (`cuminc`, rho = 0); competing_risks.csv."""

import pytest
import r_reference
from r_competing_risks import SAMPLES
from r_reference import Case, check

from harmony.statistics.gray_test import gray_test

FILE = "competing_risks.csv"


def gray_of(analysis):
    """Rows of Gray's tests with our numbers; cmprsk writes the cause as `cause 1`."""

    def answers(rows):
        found = {r["cause"]: r for r in gray_test(*SAMPLES[analysis]()).table().to_pylist()}
        for row in rows:
            if row["statistic"].startswith("gray"):
                got = found[int(row["term"].removeprefix("cause "))]
                p = got["p"]
                # cmprsk takes the tail as 1 - (1 - p), which rounds it to 2e-16: 0 for 1.1e-41.
                yield (
                    row,
                    {"gray_stat": got["statistic"], "gray_df": got["df"], "gray_p": 1.0 - (1.0 - p)}[
                        row["statistic"]
                    ],
                )

    return answers


NUMBERS = {
    "cr_mgus2_sex": 6,
    "cr_sksurv_bmt": 6,
    "cr_bmt_group": 6,
    "cr_ebmt2_dissub": 18,
    "cr_ebmt2_tcd": 18,
}
CASES = [Case("gray_test", FILE, name, count, gray_of(name)) for name, count in NUMBERS.items()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_test_of_cuminc_is_met(case):
    check(case)


def test_the_tail_keeps_its_digits_where_cmprsk_rounds_to_zero():
    found = gray_test(*SAMPLES["cr_ebmt2_dissub"]()).table().to_pylist()
    assert found[0]["p"] == pytest.approx(1.0939e-41, rel=1e-4)


def test_ignoring_the_competing_causes_is_noticed():
    time, cause, group = SAMPLES["cr_ebmt2_tcd"]()
    rows = r_reference.rows(FILE, "cr_ebmt2_tcd")
    wanted = next(r for r in rows if r["statistic"] == "gray_stat" and r["term"] == "cause 1")
    alone = gray_test(time, cause == 1, group).table().to_pylist()[0]["statistic"]
    assert r_reference.difference(alone, wanted)
