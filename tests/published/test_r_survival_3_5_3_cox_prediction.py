"""Curves and baseline hazard of a Cox model against R survival 3.5-3 (`survfit.coxph`, `basehaz`)."""

import pytest
import r_cox_models
from r_reference import Case, check

from harmony.statistics.cox import cox

COLUMN = {"surv": "survival", "std.err": "std_err", "lower": "lower", "upper": "upper"}


def curves(rows):
    fit = cox(**r_cox_models.model("cox_myeloid_efron"))
    for row in rows:
        if row["statistic"] in COLUMN:
            read = fit.predict({"trt": ["B"], "flt3": ["C"]}, [row["time"]])
            yield row, read.column(COLUMN[row["statistic"]])[0].as_py()


def baselines(rows):
    fit = cox(**r_cox_models.model("cox_myeloid_efron"))
    for row in rows:
        if row["statistic"] == "basehaz_uncentered":
            yield row, fit.baseline([row["time"]]).column("cumulative_hazard")[0].as_py()


CASES = [
    Case("cox.predict", "cox.csv", "coxpred_myeloid", 16, curves),
    Case("cox.baseline", "cox.csv", "coxpred_myeloid", 3, baselines),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_survfit_coxph_is_met(case):
    check(case)
