"""Cox regression against R survival 3.5-3 (`coxph`); tests/data/reference/cox.csv and plain Cox of others."""

import numpy as np
import pytest
import r_reference
from r_coxph import fitted, of_coxph, ours
from r_reference import Case, check
from r_survfit import survset

from harmony.statistics.cox import cox

EBMT2_REFERENCE = {
    "dissub": "AML",
    "match": "No gender mismatch",
    "tcd": "No TCD",
    "year": "1985-1989",
    "age": "<=20",
}
EBMT3_REFERENCE = {"dissub": "AML", "age": "<=20", "drmatch": "No gender mismatch", "tcd": "No TCD"}


def complete(frame, names):
    return frame[frame[list(names)].notna().all(axis=1)]


def mgus2(names, ties="efron", strata=None, **options):
    def fit():
        frame = complete(r_reference.table("survival", "mgus2"), names)
        by = None if strata is None else frame[strata]
        return cox(frame["futime"], frame["death"], frame[names], ties=ties, strata=by, **options)

    return fitted(fit)


def myeloid(ties="efron", strata=None):
    def fit():
        frame = r_reference.table("survival", "myeloid")
        by = None if strata is None else frame[strata]
        return cox(frame["futime"], frame["death"], frame[["trt", "flt3"]], ties=ties, strata=by)

    return fitted(fit)


def ebmt3(ties):
    def fit():
        frame = r_reference.table("mstate", "ebmt3")
        covariates = frame[list(EBMT3_REFERENCE)]
        return cox(frame["rfstime"], frame["rfsstat"], covariates, ties=ties, reference=EBMT3_REFERENCE)

    return fitted(fit)


def ebmt2(ties):
    def fit():
        frame = r_reference.ebmt2()
        covariates = frame[list(EBMT2_REFERENCE)]
        return cox(frame["time"], frame["died"], covariates, ties=ties, reference=EBMT2_REFERENCE)

    return fitted(fit)


def leuksurv(ties):
    def fit():
        frame = survset("LeukSurv")
        covariates = {
            n: frame[n].astype(float).to_numpy() for n in ("num_age", "fac_sex", "num_wbc", "num_tpi")
        }
        return cox(frame["time"], frame["event"], covariates, ties=ties)

    return fitted(fit)


def leukemia(ties, weighted=False):
    def fit():
        frame = r_reference.table("survival", "leukemia")
        weights = np.arange(1, len(frame) + 1) if weighted else None
        return cox(frame["time"], frame["status"], frame[["x"]], ties=ties, weights=weights)

    return fitted(fit)


def gehan(ties="efron", cluster=None):
    def fit():
        frame = r_reference.table("MASS", "gehan")
        groups = None if cluster is None else frame[cluster]
        reference = {"treat": "control"}
        return cox(
            frame["time"], frame["cens"], frame[["treat"]], ties=ties, cluster=groups, reference=reference
        )

    return fitted(fit)


def bmt_in_four_hospitals():
    frame = r_reference.table("KMsurv", "bmt")
    covariates, reference = frame[["group", "z1", "z8"]], {"group": 1}
    return cox(frame["t2"], frame["d3"], covariates, cluster=frame["z9"], reference=reference)


def cause_of_mgus2(cause):
    def fit():
        frame = complete(r_reference.table("survival", "mgus2"), ["age", "sex", "hgb"])
        time = np.where(frame["pstat"] == 1, frame["ptime"], frame["futime"])
        event = np.where(frame["pstat"] == 1, 1, 2 * frame["death"])
        return cox(time, event == cause, frame[["age", "sex", "hgb"]])

    return fitted(fit)


ALL_OF_MGUS2 = ["age", "sex", "hgb", "creat", "mspike"]

CASES = [
    Case("cox", "cox.csv", "cox_mgus2_efron", 40, mgus2(ALL_OF_MGUS2)),
    Case("cox", "cox.csv", "cox_mgus2_breslow", 40, mgus2(ALL_OF_MGUS2, ties="breslow")),
    Case("cox", "cox.csv", "cox_mgus2_strata", 22, mgus2(["age", "hgb"], strata="sex")),
    Case("cox", "cox.csv", "cox_mgus2_robust", 32, mgus2(["age", "sex", "hgb"], robust=True)),
    Case("cox", "cox.csv", "cox_myeloid_efron", 28, myeloid()),
    Case("cox", "cox.csv", "cox_myeloid_breslow", 28, myeloid(ties="breslow")),
    Case("cox", "cox.csv", "cox_myeloid_strata", 28, myeloid(strata="sex")),
    Case("cox", "cox.csv", "cox_ebmt3_efron", 46, ebmt3("efron")),
    Case("cox", "cox.csv", "cox_ebmt3_breslow", 46, ebmt3("breslow")),
    Case("cox", "cox.csv", "cox_ebmt2_efron", 64, ebmt2("efron")),
    Case("cox", "cox.csv", "cox_ebmt2_breslow", 64, ebmt2("breslow")),
    Case("cox", "cox.csv", "cox_leuksurv_efron", 34, leuksurv("efron")),
    Case("cox", "cox.csv", "cox_leuksurv_breslow", 34, leuksurv("breslow")),
    Case("cox", "cox.csv", "cox_leukemia_efron", 16, leukemia("efron")),
    Case("cox", "cox.csv", "cox_leukemia_breslow", 16, leukemia("breslow")),
    Case("cox", "cox.csv", "cox_leukemia_exact", 16, leukemia("exact")),
    Case("cox", "cox.csv", "cox_leukemia_weights", 16, leukemia("efron", weighted=True)),
    Case("cox", "cox.csv", "cox_gehan_exact", 16, gehan("exact")),
    Case("cox", "cox.csv", "cox_gehan_cluster", 18, gehan(cluster="pair")),
    Case("cox", "cox.csv", "cox_bmt_cluster", 39, fitted(bmt_in_four_hospitals)),
    Case("cox", "competing_risks.csv", "csc_mgus2_cause1", 28, cause_of_mgus2(1)),
    Case("cox", "competing_risks.csv", "csc_mgus2_cause2", 28, cause_of_mgus2(2)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_coxph_is_met(case):
    check(case)


def test_the_cases_cover_every_fit_of_the_file():
    analyses = {case.analysis for case in CASES if case.file == "cox.csv"}
    with (r_reference.FOLDER / "cox.csv").open() as source:
        named = {line.split('"')[1] for line in source if line.startswith('"cox_')}
    assert named == analyses


def test_efron_and_breslow_are_told_apart():
    rows = r_reference.rows("cox.csv", "cox_ebmt2_breslow")
    apart = [
        r_reference.difference(actual, row, r_reference.tolerance_of(row))
        for row, actual in ebmt2("efron")(rows)
    ]
    assert sum(map(bool, apart)) > 40


def test_rows_of_other_functions_are_left_to_them():
    assert not of_coxph({"statistic": "zph_chisq"}) and not of_coxph({"statistic": "iterations"})
    assert of_coxph({"statistic": "coef"})
    assert callable(ours)
