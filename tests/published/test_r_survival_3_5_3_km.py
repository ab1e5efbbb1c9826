"""Kaplan-Meier against R survival 3.5-3 (`survfit`); tests/data/reference/km.csv."""

import pytest
import r_reference
from r_reference import Case, check
from r_survfit import curves, survset, wrong

#: Analysis, numbers, table, time, event, group.
ANALYSES = [
    ("km_mgus2_sex", 136, ("survival", "mgus2"), "futime", "death", "sex"),
    ("km_mgus2_pcm", 31, ("survival", "mgus2"), "ptime", "pstat", None),
    ("km_myeloid_trt", 118, ("survival", "myeloid"), "futime", "death", "trt"),
    ("km_ebmt3_rfs_dissub", 204, ("mstate", "ebmt3"), "rfstime", "rfsstat", "dissub"),
    ("km_leukemia_x", 154, ("survival", "leukemia"), "time", "status", "x"),
    ("km_leuksurv_sex", 118, "LeukSurv", "time", "event", "fac_sex"),
    ("km_bmt_group", 150, ("KMsurv", "bmt"), "t2", "d3", "group"),
    ("km_alloauto", 118, ("KMsurv", "alloauto"), "time", "delta", "type"),
    ("km_gehan", 100, ("MASS", "gehan"), "time", "cens", "treat"),
    ("km_ebmt2_tcd", 177, "ebmt2", "time", "died", "tcd"),
]


def load(source):
    if source == "ebmt2":
        return r_reference.ebmt2()
    return survset(source) if isinstance(source, str) else r_reference.table(*source)


def sample(source, time, event, group, shift=0):
    def columns():
        frame = load(source)
        return frame[time] + shift, frame[event], None if group is None else frame[group], {}

    return columns


CASES = [
    Case("kaplan_meier", "km.csv", analysis, numbers, curves(sample(*columns)))
    for analysis, numbers, *columns in ANALYSES
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_survfit_is_met(case):
    check(case)


def test_the_cases_cover_every_row_of_the_file():
    with (r_reference.FOLDER / "km.csv").open() as source:
        assert sum(case.numbers for case in CASES) == len(source.readlines()) - 1


def test_a_shifted_time_is_noticed():
    shifted = curves(sample(("KMsurv", "bmt"), "t2", "d3", "group", shift=400))
    assert len(wrong(Case("kaplan_meier", "km.csv", "km_bmt_group", 150, shifted))) > 100
