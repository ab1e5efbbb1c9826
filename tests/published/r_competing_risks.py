"""Tables of the reference with competing events: times, event codes and groups as R was given them."""

import os

import numpy as np
import pytest
import r_reference

from harmony.statistics.cumulative_incidence import cumulative_incidence


def sksurv_bmt():
    """Transplants for ALL (0) and AML (1) of scikit-survival: time, cause, disease."""
    try:
        from sksurv.datasets import load_bmt
    except ImportError:
        if os.environ.get("HARMONY_REQUIRE_ALL") == "1":
            raise
        pytest.skip("scikit-survival is not installed (extra: test)")
    diseases, outcome = load_bmt()
    return outcome["ftime"], outcome["status"], np.asarray(diseases["dis"])


def mgus2(frame=None):
    """Plasma-cell malignancy (1) and death without it (2): time, cause, sex."""
    frame = r_reference.table("survival", "mgus2") if frame is None else frame
    malignant = frame["pstat"] == 1
    cause = np.where(malignant, 1, np.where(frame["death"] == 1, 2, 0))
    return np.where(malignant, frame["ptime"], frame["futime"]), cause, frame["sex"]


def bmt():
    """Relapse (1) and death in remission (2) after transplant: time, cause, disease group."""
    frame = r_reference.table("mstate", "bmt")
    death_in_remission = (frame["d3"] == 1) & (frame["d2"] == 0)
    cause = np.where(frame["d2"] == 1, 1, np.where(death_in_remission, 2, 0))
    return frame["t2"], cause, frame["group"]


def ebmt2(column):
    """Six causes of failure after transplant: time, cause, and the groups of a column."""
    frame = r_reference.ebmt2()
    return frame["time"], frame["status"], frame[column]


SAMPLES = {
    "cr_mgus2_sex": mgus2,
    "cr_sksurv_bmt": sksurv_bmt,
    "cr_bmt_group": bmt,
    "cr_ebmt2_dissub": lambda: ebmt2("dissub"),
    "cr_ebmt2_tcd": lambda: ebmt2("tcd"),
}


def incidence(sample):
    """Answers of a Case: rows of `cuminc` with our numbers; cmprsk writes `No TCD 1` for group and cause."""

    def answers(rows):
        rows = [row for row in rows if row["statistic"] in ("cuminc", "cuminc_var")]
        times = sorted({row["time"] for row in rows})
        fit = cumulative_incidence(*sample())
        read = {(r["group"], r["cause"], r["time"]): r for r in fit.at(times).to_pylist()}
        for row in rows:
            group, cause = row["group"].rsplit(" ", 1)
            got = read[group, int(cause), row["time"]]
            yield row, got["std_err"] ** 2 if row["statistic"] == "cuminc_var" else got["estimate"]

    return answers
