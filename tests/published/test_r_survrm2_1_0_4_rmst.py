"""Restricted means against survRM2 1.0-4 (`rmst2`) and `survfit(rmean=)`; tests/data/reference/rmst.csv."""

import pytest
import r_reference
from r_reference import Case, check
from r_survfit import called, wrong

from harmony.statistics.restricted_mean import restricted_mean

#: Analysis, numbers, table, time, event, group.
ANALYSES = [
    ("rmst_myeloid", 72, ("survival", "myeloid"), "futime", "death", "trt"),
    ("rmst_ebmt3", 6, ("mstate", "ebmt3"), "rfstime", "rfsstat", "dissub"),
    ("rmst_mgus2", 36, ("survival", "mgus2"), "futime", "death", "sex"),
]
MEANS = {"rmst": "mean", "rmst_se": "std_err", "rmst_lower": "lower", "rmst_upper": "upper"}
SURVFIT = {"rmean": "mean", "rmean_se": "std_err"}
CONTRASTS = {
    "RMST (arm=1)-(arm=0)": "difference",
    "RMST (arm=1)/(arm=0)": "ratio",
    "RMTL (arm=1)/(arm=0)": "ratio_lost",
}


def means(source, time, event, group, longer=0.0):
    def answers(rows):
        frame = r_reference.table(*source)
        for tau in sorted({row["time"] for row in rows}):
            fit = restricted_mean(frame[time], frame[event], frame[group], tau=tau + longer)
            here = [row for row in rows if row["time"] == tau]
            by_label = {row["group"]: row for row in fit.table().to_pylist()}
            for row in called(here, "survfit"):
                yield row, by_label[row["group"].split("=")[1]][SURVFIT[row["statistic"]]]
            yield from ((row, survrm2(fit, row)) for row in called(here, "rmst2"))

    return answers


def survrm2(fit, row):
    if row["term"]:
        contrasts = {one["contrast"]: one for one in fit.contrasts().to_pylist()}
        return contrasts[CONTRASTS[row["term"]]][{"est": "estimate"}.get(row["statistic"], row["statistic"])]
    return fit.table().to_pylist()[int(row["group"].split()[1])][MEANS[row["statistic"]]]


CASES = [
    Case("restricted_mean", "rmst.csv", analysis, numbers, means(*columns))
    for analysis, numbers, *columns in ANALYSES
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_number_of_rmst2_and_survfit_is_met(case):
    check(case)


def test_the_cases_cover_every_row_of_the_file():
    with (r_reference.FOLDER / "rmst.csv").open() as source:
        assert sum(case.numbers for case in CASES) == len(source.readlines()) - 1


def test_another_window_is_noticed():
    longer = means(("mstate", "ebmt3"), "rfstime", "rfsstat", "dissub", longer=1.0)
    assert len(wrong(Case("restricted_mean", "rmst.csv", "rmst_ebmt3", 6, longer))) == 6
