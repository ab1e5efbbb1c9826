"""State probabilities with the jackknife against R survival 3.5-3 (`survfit` of several states)."""

import numpy as np
import pytest
import r_reference
from r_competing_risks import SAMPLES
from r_reference import Case, check

from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.multistate import multistate

COLUMNS = {
    "pstate": "estimate",
    "pstate_se": "std_err",
    "pstate_lower[log]": "lower",
    "pstate_upper[log]": "upper",
}


def states(analysis):
    """Rows of `survfit` with our numbers; survfit writes `g=No TCD`, and the state in `term`."""

    def answers(rows):
        rows = [row for row in rows if row["statistic"] in COLUMNS]
        fit = cumulative_incidence(*SAMPLES[analysis](), variance="jackknife")
        read = {
            (r["group"], r["cause"], r["time"]): r
            for r in fit.at(sorted({row["time"] for row in rows})).to_pylist()
        }
        for row in rows:
            cause = 0 if row["term"] == "(s0)" else int(row["term"])
            yield row, read[row["group"].removeprefix("g="), cause, row["time"]][COLUMNS[row["statistic"]]]

    return answers


def mgus1():
    """Rows of MGUS patients until malignancy (pcm), death or last contact, and after malignancy."""
    frame = r_reference.table("survival", "mgus1").sort_values(["id", "start"])
    before = frame.groupby("id")["event"].shift()
    return frame.assign(
        state=np.where(before == "pcm", "pcm", "(s0)"), to=frame["event"].where(frame["event"] != "censor")
    )


def of_multistate(rows):
    """Rows of `survfit(..., id=id)` with our numbers: everybody starts in the state without event."""
    frame = mgus1()
    for sex in ("female", "male"):
        part = frame[frame["sex"] == sex]
        fit = multistate(
            part["id"], part["start"], part["stop"], part["state"], part["to"],
            states=["(s0)", "pcm", "death"], variance="jackknife",
        )  # fmt: skip
        of_sex = [row for row in rows if row["group"] == f"sex={sex}"]
        times = sorted({row["time"] for row in of_sex})
        read = {(r["from"], r["to"], r["time"]): r for r in fit.at(times).to_pylist()}
        for row in of_sex:
            got = read["(s0)", row["term"], row["time"]]
            yield row, got["probability" if row["statistic"] == "pstate" else "std_err"]


def of_cumulative_incidence(rows):
    """The same rows from `cumulative_incidence` with the patient of each row."""
    frame = mgus1()
    codes = {"censor": 0, "pcm": 1, "death": 2}
    fit = cumulative_incidence(
        frame["stop"], frame["event"].map(codes), frame["sex"],
        entry=frame["start"], id=frame["id"], variance="jackknife",
    )  # fmt: skip
    times = sorted({row["time"] for row in rows})
    read = {(r["group"], r["cause"], r["time"]): r for r in fit.at(times).to_pylist()}
    for row in rows:
        cause = codes.get(row["term"], 0)
        got = read[row["group"].removeprefix("sex="), cause, row["time"]]
        yield row, got["estimate" if row["statistic"] == "pstate" else "std_err"]


NUMBERS = {
    "cr_mgus2_sex": 96,
    "cr_sksurv_bmt": 96,
    "cr_bmt_group": 108,
    "cr_ebmt2_dissub": 336,
    "cr_ebmt2_tcd": 252,
}
CASES = [
    *(
        Case("cumulative_incidence", "competing_risks.csv", name, count, states(name))
        for name, count in NUMBERS.items()
    ),
    Case("multistate", "multistate.csv", "ms_mgus1", 36, of_multistate),
    Case("cumulative_incidence", "multistate.csv", "ms_mgus1", 36, of_cumulative_incidence),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_probability_error_and_limit_of_survfit_is_met(case):
    check(case)


def test_leaving_out_rows_instead_of_patients_is_noticed():
    frame = mgus1()
    as_patients = [
        multistate(id, frame["start"], frame["stop"], frame["state"], frame["to"],
                   ["(s0)", "pcm", "death"], variance="jackknife").std_err[0, -1, 1]
        for id in (frame["id"], np.arange(len(frame)))
    ]  # fmt: skip
    assert as_patients[0] != pytest.approx(as_patients[1], rel=1e-3)
