"""Cox regression of start-stop rows against R survival 3.5-3 (`tmerge`, `coxph`); cox_time_dependent.csv."""

import pytest
import r_reference
from r_coxph import fitted, start_stop
from r_reference import Case, check
from test_r_survival_3_5_3_cox import EBMT3_REFERENCE

from harmony.statistics.cox import cox


def myeloid(names, changes, ties="efron", clustered=False):
    def fit():
        frame = r_reference.table("survival", "myeloid")
        times = {name: frame[column].to_numpy() for name, column in changes.items()}
        patient, start, stop, died, flags = start_stop(frame["futime"], frame["death"], times)
        covariates = {name: frame[name].to_numpy()[patient] for name in names} | flags
        cluster = patient if clustered else None
        return cox(stop, died, covariates, entry=start, ties=ties, cluster=cluster)

    return fitted(fit)


def ebmt3_platelets():
    frame = r_reference.table("mstate", "ebmt3")
    recovery = {"pr": frame["prtime"].where(frame["prstat"] == 1).to_numpy()}
    patient, start, stop, died, flags = start_stop(frame["rfstime"], frame["rfsstat"], recovery)
    covariates = {name: frame[name].to_numpy()[patient] for name in EBMT3_REFERENCE} | flags
    return cox(stop, died, covariates, entry=start, reference=EBMT3_REFERENCE)


TRANSPLANT = {"tx": "txtime"}
FILE = "cox_time_dependent.csv"
CASES = [
    Case("cox", FILE, "tdc_myeloid_tx", 34, myeloid(["trt", "flt3"], TRANSPLANT)),
    Case("cox", FILE, "tdc_myeloid_tx_breslow", 34, myeloid(["trt", "flt3"], TRANSPLANT, "breslow")),
    Case("cox", FILE, "tdc_myeloid_tx_cluster", 25, myeloid(["trt"], TRANSPLANT, clustered=True)),
    Case(
        "cox",
        FILE,
        "tdc_myeloid_three",
        34,
        myeloid(["trt"], {"tx": "txtime", "cr": "crtime", "rel": "rltime"}),
    ),
    Case("cox", FILE, "tdc_ebmt3_platelet", 52, fitted(ebmt3_platelets)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_coxph_on_start_stop_rows_is_met(case):
    check(case)
