"""Cox regression against R survival 3.5-3 (`coxph`); tests/data/reference/cox.csv."""

import pytest
import r_reference

from harmony.statistics.cox import cox

EBMT2_REFERENCE = {
    "dissub": "AML",
    "match": "No gender mismatch",
    "tcd": "No TCD",
    "year": "1985-1989",
    "age": "<=20",
}
PER_TERM = {
    "coef": "coef",
    "se": "se",
    "hr": "hazard_ratio",
    "hr_lower95": "lower",
    "hr_upper95": "upper",
    "p_wald": "p",
}
TESTS = ("lr_test", "wald_test", "score_test")
TOLERANCE = {"p_wald": r_reference.P_VALUE, "loglik": r_reference.LOGLIK, "loglik_null": r_reference.LOGLIK}


def fitted(analysis):
    if analysis == "cox_myeloid_strata":
        frame = r_reference.table("survival", "myeloid")
        covariates = {name: frame[name] for name in ("trt", "flt3")}
        return cox(frame["futime"], frame["death"], covariates, strata=frame["sex"])
    frame = r_reference.ebmt2()
    ties = analysis.removeprefix("cox_ebmt2_")
    return cox(
        frame["time"], frame["died"], frame[list(EBMT2_REFERENCE)], ties=ties, reference=EBMT2_REFERENCE
    )


def ours(fit, row):
    statistic = row["statistic"]
    if statistic in PER_TERM:
        return float(getattr(fit, PER_TERM[statistic])[fit.terms.index(row["term"])])
    value = getattr(fit, statistic.lower())
    return value.statistic if statistic in TESTS else value


@pytest.mark.parametrize("analysis", ["cox_ebmt2_efron", "cox_ebmt2_breslow", "cox_myeloid_strata"])
def test_every_number_of_coxph_is_met(analysis):
    fit = fitted(analysis)
    expected = [r for r in r_reference.rows("cox.csv", analysis) if r["statistic"] != "iterations"]
    wrong = [
        r_reference.difference(ours(fit, row), row, TOLERANCE.get(row["statistic"], 1e-6)) for row in expected
    ]
    assert [text for text in wrong if text] == []
    assert len(expected) == (28 if analysis == "cox_myeloid_strata" else 64)


def test_efron_and_breslow_are_told_apart():
    expected = [r for r in r_reference.rows("cox.csv", "cox_ebmt2_breslow") if r["statistic"] == "loglik"]
    assert r_reference.difference(fitted("cox_ebmt2_efron").loglik, expected[0], r_reference.LOGLIK)
