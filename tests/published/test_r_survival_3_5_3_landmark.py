"""Landmark analyses against R survival 3.5-3; tests/data/reference/landmark.csv."""

import pytest
import r_reference
from r_coxph import fitted
from r_reference import Case, check
from r_survfit import called, curves, survdiff, wrong

from harmony.statistics.cox import cox
from harmony.statistics.landmark import landmark
from harmony.statistics.logrank import logrank

#: Name, table, time, event, landmark, what is known at it, covariates beside it, reference levels.
MYELOID = (("survival", "myeloid"), "futime", "death")
ANALYSES = {
    "lm_myeloid_90": (*MYELOID, 90, "tx", ["trt", "flt3"], {}),
    "lm_myeloid_180": (*MYELOID, 180, "tx", ["trt", "flt3"], {}),
    "lm_ebmt3_30": (
        ("mstate", "ebmt3"),
        "rfstime",
        "rfsstat",
        30,
        "pr",
        ["dissub", "age"],
        {"dissub": "AML", "age": "<=20"},
    ),
    "lm_mgus2_60": (("survival", "mgus2"), "futime", "death", 60, "p", ["age", "sex"], {}),
}
KNOWN = {
    "tx": lambda frame, at: frame["txtime"] <= at,
    "pr": lambda frame, at: (frame["prstat"] == 1) & (frame["prtime"] <= at),
    "p": lambda frame, at: (frame["pstat"] == 1) & (frame["ptime"] <= at),
}


def patients(analysis, later=0):
    """Those at the landmark: table, their time and event, name of the flag known by then."""
    source, time, event, at, flag, _, _ = ANALYSES[analysis]
    frame = r_reference.table(*source)
    frame[flag] = KNOWN[flag](frame, at).astype(int)
    found = landmark(frame[time], frame[event], at + later)
    return frame[found.keep], found.time, found.event, flag


def survival(analysis, later=0):
    def sample():
        frame, time, event, flag = patients(analysis, later)
        return time, event, frame[flag], {}

    return curves(sample)


def differences(analysis):
    def answers(rows):
        frame, time, event, flag = patients(analysis)
        test = logrank(time, event, frame[flag])
        return [(row, survdiff(test, row)) for row in called(rows, "survdiff")]

    return answers


def model(analysis):
    def fit():
        frame, time, event, flag = patients(analysis)
        *_, others, reference = ANALYSES[analysis]
        return cox(time, event, frame[[flag, *others]], reference=reference)

    return fitted(fit)


SIZES = {
    "kaplan_meier": (
        survival,
        {"lm_myeloid_90": 62, "lm_myeloid_180": 62, "lm_ebmt3_30": 42, "lm_mgus2_60": 48},
    ),
    "logrank": (differences, {"lm_myeloid_90": 7, "lm_myeloid_180": 7}),
    "cox": (model, {"lm_myeloid_90": 34, "lm_myeloid_180": 34, "lm_ebmt3_30": 40, "lm_mgus2_60": 28}),
}
CASES = [
    Case(function, "landmark.csv", analysis, numbers, answers(analysis))
    for function, (answers, sizes) in SIZES.items()
    for analysis, numbers in sizes.items()
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_after_the_landmark_is_met(case):
    check(case)


def test_the_cases_cover_every_row_but_iterations():
    with (r_reference.FOLDER / "landmark.csv").open() as source:
        lines = [line for line in source.readlines()[1:] if '"iterations"' not in line]
    assert sum(case.numbers for case in CASES) == len(lines)


def test_another_landmark_is_noticed():
    late = survival("lm_myeloid_90", later=30)
    assert len(wrong(Case("kaplan_meier", "landmark.csv", "lm_myeloid_90", 62, late))) > 40
