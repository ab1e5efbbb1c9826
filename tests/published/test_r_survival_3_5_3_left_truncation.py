"""Delayed entry against R survival 3.5-3; tests/data/reference/left_truncation.csv."""

import numpy as np
import pytest
import r_reference
from r_coxph import fitted
from r_reference import Case, check
from r_survfit import curves, wrong

from harmony.statistics.cox import cox


def myeloma(year=0):
    frame = r_reference.table("survival", "myeloma")
    return frame[(frame["entry"] < frame["futime"]) & (frame["year"] >= year)]


def mgus2():
    """Age in months as the time scale."""
    frame = r_reference.table("survival", "mgus2")
    return frame.assign(a0=frame["age"] * 12, a1=frame["age"] * 12 + frame["futime"])


def naive():
    frame = r_reference.table("survival", "myeloma")
    return frame["futime"], frame["death"], None, {}


def truncated(year=0):
    def sample():
        frame = myeloma(year)
        return frame["futime"], frame["death"], None, {"entry": frame["entry"]}

    return sample


def by_age():
    frame = mgus2()
    frame = frame[frame["age"] >= 60]
    return frame["a1"], frame["death"], frame["sex"], {"entry": frame["a0"]}


def decades():
    frame = myeloma()
    names = np.array(["before 60", "60-69", "70-79", "80+"])
    dec = names[np.digitize(frame["year"], [59.5, 69.5, 79.5])]
    return cox(
        frame["futime"],
        frame["death"],
        {"dec": dec},
        entry=frame["entry"],
        reference={"dec": "before 60"},
    )


def age_model():
    frame = mgus2()
    frame = frame[frame["hgb"].notna()]
    return cox(frame["a1"], frame["death"], frame[["sex", "hgb"]], entry=frame["a0"])


FILE = "left_truncation.csv"
CASES = [
    Case("kaplan_meier", FILE, "lt_myeloma_naive", 26, curves(naive)),
    Case("kaplan_meier", FILE, "lt_myeloma", 38, curves(truncated())),
    Case("kaplan_meier", FILE, "lt_myeloma_70", 50, curves(truncated(70))),
    Case("kaplan_meier", FILE, "lt_mgus2_age", 72, curves(by_age)),
    Case("cox", FILE, "lt_myeloma_cox", 28, fitted(decades)),
    Case("cox", FILE, "lt_mgus2_age", 22, fitted(age_model)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_under_delayed_entry_is_met(case):
    check(case)


def test_the_cases_cover_every_row_but_iterations():
    with (r_reference.FOLDER / FILE).open() as source:
        lines = [line for line in source.readlines()[1:] if '"iterations"' not in line]
    assert sum(case.numbers for case in CASES) == len(lines)


def test_ignored_entries_are_noticed():
    ignored = Case("kaplan_meier", FILE, "lt_myeloma", 38, curves(naive))
    assert len(wrong(ignored)) > 30
