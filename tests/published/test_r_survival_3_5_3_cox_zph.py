"""Test of proportional hazards against R survival 3.5-3 (`cox.zph`); cox.csv and cox_time_dependent.csv."""

import re

import pytest
import r_cox_models
from r_reference import Case, check

from harmony.statistics.cox import cox
from harmony.statistics.cox_zph import cox_zph

#: R's fit stops about 1e-6 short of the maximum, and its test moves with it.
CHI_SQUARE = 2e-5

COLUMN = {"zph_chisq": "chisq", "zph_df": "df", "zph_p": "p"}


def answers(statistics):
    def compare(rows):
        fit = cox(**r_cox_models.model(rows[0]["analysis"]))
        tests = {}
        for row in rows:
            if row["statistic"] not in statistics:
                continue
            transform = re.search(r'transform="(\w+)"', row["r_call"])[1]
            if transform not in tests:
                tests[transform] = cox_zph(fit, transform)
            test = tests[transform]
            yield row, getattr(test, COLUMN[row["statistic"]])[test.term.index(row["term"])]

    return compare


#: Rows of the test: covariates and GLOBAL, for each of the four transforms.
ROWS = {
    "cox_mgus2_efron": 6,
    "cox_myeloid_efron": 3,
    "cox_ebmt3_efron": 5,
    "cox_leuksurv_efron": 5,
    "cox_myeloid_breslow": 3,
    "cox_myeloid_strata": 3,
    "cox_ebmt2_efron": 6,
    "tdc_ebmt3_platelet": 6,
}
CASES = [
    case
    for analysis, count in ROWS.items()
    for file in ["cox.csv" if analysis.startswith("cox") else "cox_time_dependent.csv"]
    for case in (
        Case("cox_zph", file, analysis, 8 * count, answers({"zph_chisq", "zph_df"}), CHI_SQUARE),
        Case("cox_zph", file, analysis, 4 * count, answers({"zph_p"})),
    )
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_cox_zph_is_met(case):
    check(case)


def test_transforms_are_told_apart():
    fit = cox(**r_cox_models.model("cox_myeloid_efron"))
    found = {round(cox_zph(fit, t).chisq[-1], 6) for t in ("km", "rank", "identity", "log")}
    assert len(found) == 4
