"""Fine-Gray regression against R cmprsk 2.2-11 (`crr`) and survival 3.5-3 (`finegray`)."""

import numpy as np
import pytest
import r_reference
from r_competing_risks import bmt, mgus2
from r_reference import Case, check

from harmony.statistics.fine_gray import fine_gray

FILE = "competing_risks.csv"

#: crr stops when the score is below 1e-6 of the log-likelihood: coefficients are right to 2e-5 only.
CRR_STOPS = 2e-5

#: R's `coxph` with case weights prints the sandwich over the weighted rows; the reference calls it naive_se.
COLUMNS = {"coef": "coef", "se": "robust_se", "naive_se": "robust_se", "shr": "hazard_ratio"}


def complete_mgus2():
    frame = r_reference.table("survival", "mgus2")
    frame = frame[frame[["age", "sex", "hgb", "mspike"]].notna().all(axis=1)]
    covariates = {"age": frame["age"], "male": frame["sex"] == "M"}
    return *mgus2(frame)[:2], covariates | {name: frame[name] for name in ("hgb", "mspike")}


def transplants():
    time, cause, group = bmt()
    age = r_reference.table("mstate", "bmt")["z1"]
    return time, cause, {"g2": group == 2, "g3": group == 3, "age": age}


TABLES = {"fg_mgus2": complete_mgus2, "fg_bmt": transplants}


def of_fit(analysis, variant, cause):
    """Rows of one R call with our numbers."""
    call = f"failcode={cause}" if variant == "crr" else f"etype={cause}"

    def answers(rows):
        fit = fine_gray(*TABLES[analysis](), cause=cause, variant=variant)
        for row in rows:
            if call in row["r_call"]:
                if row["term"]:
                    values = getattr(fit, COLUMNS[row["statistic"]])
                    yield row, float(values[fit.terms.index(row["term"])])
                else:
                    yield row, getattr(fit, row["statistic"])

    return answers


NUMBERS = {
    ("fg_mgus2", "crr"): 14,
    ("fg_mgus2", "finegray"): 8,
    ("fg_bmt", "crr"): 11,
    ("fg_bmt", "finegray"): 6,
}
CASES = [
    Case(
        "fine_gray", FILE, analysis, count, of_fit(analysis, variant, cause),
        CRR_STOPS if variant == "crr" else None,
    )
    for (analysis, variant), count in NUMBERS.items()
    for cause in (1, 2)
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_crr_and_finegray_is_met(case):
    check(case)


@pytest.mark.parametrize("analysis", TABLES)
def test_the_pseudo_likelihood_of_crr_is_met_to_nine_digits(analysis):
    rows = [r for r in r_reference.rows(FILE, analysis) if r["statistic"] == "loglik"]
    for row, cause in zip(rows, (1, 2), strict=True):
        fit = fine_gray(*TABLES[analysis](), cause=cause)
        assert not r_reference.difference(fit.loglik, row, r_reference.LOGLIK)


def test_the_two_variants_are_told_apart():
    rows = r_reference.rows(FILE, "fg_mgus2")
    wanted = next(r for r in rows if "etype=2" in r["r_call"] and r["term"] == "hgb")
    crr = fine_gray(*complete_mgus2(), cause=2, variant="crr")
    assert r_reference.difference(float(crr.coef[crr.terms.index("hgb")]), wanted, 1e-3)


#: R survival 3.5-3 on mgus2, observed from January 1980 on: entry = 12 (1980 - dxyr) months, entry < etime;
#: finegray(Surv(entry, etime, est) ~ age + male, id=id, etype=), coxph(weights=fgwt).
DELAYED = {
    1: {
        "coef": [-1.61167392510945e-02, -3.04513758135519e-01],
        "robust_se": [6.21893580730151e-03, 1.96440677897707e-01],
        "se": [7.54041292867545e-03, 2.00059814239293e-01],
        "loglik": -6.79609633128031e02,
    },
    2: {
        "coef": [5.73077852042889e-02, 3.59829503322231e-01],
        "robust_se": [3.67410200612171e-03, 6.39645592363458e-02],
        "se": [3.82851471160603e-03, 7.43666329145847e-02],
        "loglik": -4.70241830537535e03,
    },
}


@pytest.mark.parametrize("cause", DELAYED)
def test_finegray_with_delayed_entry_is_met(cause):
    frame = r_reference.table("survival", "mgus2")
    time, event, _ = mgus2(frame)
    entry = np.maximum((1980 - frame["dxyr"]) * 12, 0)
    seen = (entry < time).to_numpy()
    fit = fine_gray(
        time[seen],
        event[seen],
        {"age": frame["age"][seen], "male": frame["sex"][seen] == "M"},
        cause=cause,
        variant="finegray",
        entry=entry[seen],
    )
    for name, wanted in DELAYED[cause].items():
        assert getattr(fit, name) == pytest.approx(np.array(wanted), rel=1e-6)
