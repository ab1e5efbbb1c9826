"""Log-rank and Peto tests against R survival 3.5-3 (`survdiff`); tests/data/reference/logrank.csv."""

import pytest
import r_reference

from harmony.statistics.logrank import logrank

SAMPLES = {
    "lr_bmt_group": ("mstate", "bmt", "t2", "d3", "group"),
    "lr_myeloid_trt": ("survival", "myeloid", "futime", "death", "trt"),
}


def ours(test, row):
    if row["group"]:
        return float(getattr(test, row["statistic"])[test.groups.index(row["group"].split("=")[1])])
    return {"chisq": test.statistic, "df": test.df, "p": test.p}[row["statistic"]]


@pytest.mark.parametrize("rho", [0, 1])
@pytest.mark.parametrize("analysis", list(SAMPLES))
def test_every_number_of_survdiff_is_met(analysis, rho):
    package, name, *columns = SAMPLES[analysis]
    frame = r_reference.table(package, name)
    test = logrank(*(frame[column] for column in columns), rho=rho)
    expected = [r for r in r_reference.rows("logrank.csv", analysis) if f"rho={rho}" in r["r_call"]]
    tolerance = {"p": r_reference.P_VALUE}
    wrong = [r_reference.difference(ours(test, r), r, tolerance.get(r["statistic"], 1e-6)) for r in expected]
    assert [text for text in wrong if text] == []
    assert len(expected) == (9 if analysis == "lr_bmt_group" else 7)
