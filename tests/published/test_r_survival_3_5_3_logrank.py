"""Log-rank and Peto tests against R survival 3.5-3 (`survdiff`); tests/data/reference/logrank.csv."""

import pytest
import r_reference
from r_reference import Case, check
from r_survfit import called, survdiff, wrong

from harmony.statistics.logrank import logrank

#: Analysis, numbers, table, time, event, group, strata.
ANALYSES = [
    ("lr_mgus2_sex", 14, ("survival", "mgus2"), "futime", "death", "sex", ()),
    ("lr_myeloid_trt", 14, ("survival", "myeloid"), "futime", "death", "trt", ()),
    ("lr_myeloid_trt_strat", 14, ("survival", "myeloid"), "futime", "death", "trt", ("flt3",)),
    ("lr_myeloid_trt_strat2", 14, ("survival", "myeloid"), "futime", "death", "trt", ("flt3", "sex")),
    ("lr_ebmt3_dissub", 18, ("mstate", "ebmt3"), "rfstime", "rfsstat", "dissub", ()),
    ("lr_ebmt3_dissub_strat", 18, ("mstate", "ebmt3"), "rfstime", "rfsstat", "dissub", ("age",)),
    ("lr_leukemia_x", 14, ("survival", "leukemia"), "time", "status", "x", ()),
    ("lr_bmt_group", 18, ("KMsurv", "bmt"), "t2", "d3", "group", ()),
    ("lr_ebmt2_tcd_strat", 18, "ebmt2", "time", "died", "tcd", ("dissub",)),
    ("lr_alloauto", 14, ("KMsurv", "alloauto"), "time", "delta", "type", ()),
]


def differences(source, time, event, group, strata, only=(0, 1)):
    def answers(rows):
        frame = r_reference.ebmt2() if source == "ebmt2" else r_reference.table(*source)
        within = {name: frame[name] for name in strata} or None
        for rho in only:
            test = logrank(frame[time], frame[event], frame[group], rho=rho, strata=within)
            for row in called(rows, f"rho={rho}"):
                yield row, survdiff(test, row)

    return answers


CASES = [
    Case("logrank", "logrank.csv", analysis, numbers, differences(*columns))
    for analysis, numbers, *columns in ANALYSES
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_survdiff_is_met(case):
    check(case)


def test_the_cases_cover_every_row_of_the_file():
    with (r_reference.FOLDER / "logrank.csv").open() as source:
        assert sum(case.numbers for case in CASES) == len(source.readlines()) - 1


def test_a_test_without_its_strata_is_noticed():
    plain = differences(("survival", "myeloid"), "futime", "death", "trt", ())
    assert len(wrong(Case("logrank", "logrank.csv", "lr_myeloid_trt_strat", 14, plain))) == 10


def test_fewer_numbers_than_before_are_noticed():
    half = differences(("survival", "myeloid"), "futime", "death", "trt", (), only=(0,))
    with pytest.raises(AssertionError):
        check(Case("logrank", "logrank.csv", "lr_myeloid_trt", 14, half))
