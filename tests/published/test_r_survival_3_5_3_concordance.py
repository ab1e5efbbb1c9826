"""Concordance against R survival 3.5-3 (`concordance`): strata, weights, clusters, start-stop rows, Uno's."""

import pytest
import r_cox_models
import r_reference
from r_reference import Case, check

from harmony.statistics.concordance import concordance
from harmony.statistics.cox import cox

KEYWORDS = ("entry", "strata", "weights", "cluster")


def of_predictor(rows):
    """Concordance of the linear predictor of a model, as coxph reports it."""
    arguments = r_cox_models.model(rows[0]["analysis"])
    keywords = {name: arguments[name] for name in KEYWORDS if name in arguments}
    score = cox(**arguments).predictor
    found = concordance(arguments["time"], arguments["event"], score, **keywords)
    ours = {"concordance": found.concordance, "concordance_se": found.std_err}
    return [(row, ours[row["statistic"]]) for row in rows if row["statistic"] in ours]


def of_uno(rows):
    arguments = r_cox_models.model("cox_myeloid_efron")
    score = cox(**arguments).predictor
    found = concordance(arguments["time"], arguments["event"], score, method="uno")
    ours = {"concordance_uno": found.concordance, "concordance_uno_var": found.variance}
    return [(row, ours[row["statistic"]]) for row in rows]


ANALYSES = {
    "cox.csv": (
        "cox_mgus2_efron",
        "cox_myeloid_efron",
        "cox_ebmt3_efron",
        "cox_leuksurv_efron",
        "cox_leukemia_efron",
        "cox_myeloid_strata",
        "cox_mgus2_strata",
        "cox_bmt_cluster",
        "cox_mgus2_robust",
        "cox_leukemia_weights",
        "cox_ebmt2_efron",
        "cox_gehan_cluster",
    ),
    "cox_time_dependent.csv": (
        "tdc_myeloid_tx",
        "tdc_myeloid_tx_cluster",
        "tdc_myeloid_three",
        "tdc_ebmt3_platelet",
    ),
}
CASES = [
    *(
        Case("concordance", file, analysis, 2, of_predictor)
        for file, analyses in ANALYSES.items()
        for analysis in analyses
    ),
    Case("concordance", "cox.csv", "uno_myeloid", 2, of_uno),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_concordance_and_its_error_are_met(case):
    check(case)


def test_harrell_is_not_mistaken_for_uno():
    arguments = r_cox_models.model("cox_myeloid_efron")
    found = concordance(arguments["time"], arguments["event"], cox(**arguments).predictor)
    expected = r_reference.rows("cox.csv", "uno_myeloid")[0]
    assert r_reference.difference(found.concordance, expected)
