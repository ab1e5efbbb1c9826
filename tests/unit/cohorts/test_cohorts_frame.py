"""One row a patient: which row of several counts, who is in the cohort, and what unknown means."""

import numpy as np
import pytest

from harmony.cohorts.frame import Requirement, as_text, build_frame, first_rows, select
from harmony.errors import UnsoundAnalysis


def of(*values):
    return np.array(values, dtype=object)


TABLES = {
    "patient": {
        "person": of("a", "b", "c"),
        "disease": of("AML", "ALL", None),
        "age": np.array([50.0, np.nan, 7.0]),
    },
    "diagnosis": {
        "person": of("a", "a", "b"),
        "diagnosis_role": of("antecedent", "index", "antecedent"),
        "diagnosis_day": np.array([-300.0, 0.0, 0.0]),
        "disease_group": of("MDS", "AML", "MDS"),
    },
    "treatment": {
        "person": of("a", "a", "a", "b"),
        "start_day": np.array([90.0, 4.0, np.nan, np.nan]),
        "end_day": np.array([1.0, 2.0, 3.0, 4.0]),
        "intensity": of("second", "first", "undated", "only"),
    },
}


def test_the_index_row_or_the_first_by_day_counts():
    frame = build_frame(TABLES, ["diagnosis.disease_group", "treatment.intensity", "patient.disease"])
    assert frame["diagnosis.disease_group"].tolist() == ["AML", None, None]
    assert frame["treatment.intensity"].tolist() == ["first", "only", None]
    assert frame["patient.disease"].tolist() == ["AML", "ALL", None]


def test_a_field_that_no_source_has_is_unknown_for_everybody():
    frame = build_frame(TABLES, ["mrd.status", "treatment.regimen"])
    assert frame["mrd.status"].tolist() == frame["treatment.regimen"].tolist() == [None] * 3


def test_rows_without_a_day_keep_their_order():
    rows = {"person": of("a", "a"), "value": of("one", "two")}
    assert first_rows(rows, "value") == {"a": "one"}


#: Field, allowed values, patients that remain.
STEPS = (
    ("patient.disease", ("AML",), ["a"]),
    ("patient.disease", ("AML", "ALL"), ["a", "b"]),
    ("patient.disease", (), ["a", "b"]),
    ("patient.age", (), ["a", "c"]),
    ("patient.age", ("50",), ["a"]),
    ("treatment.intensity", ("first", "only"), ["a", "b"]),
)


@pytest.mark.parametrize(("field", "values", "remain"), STEPS)
def test_a_step_keeps_known_and_allowed_values(field, values, remain):
    frame = build_frame(TABLES, [field])
    cohort = select(frame, "Delivered", [Requirement("In", "Not in", field, values)])
    assert cohort.frame["person"].tolist() == remain
    assert cohort.steps == (("Delivered", 3, ""), ("In", len(remain), "Not in"))
    assert cohort.size == len(remain)


def test_steps_add_up_and_an_empty_cohort_is_refused():
    frame = build_frame(TABLES, ["patient.disease", "patient.age"])
    steps = [
        Requirement("AML", "Other", "patient.disease", ("AML",)),
        Requirement("Young", "Old", "patient.age", ("7",)),
    ]
    assert select(frame, "All", steps[:1]).size == 1
    with pytest.raises(UnsoundAnalysis, match="Nobody remains after 'Young'"):
        select(frame, "All", steps)


#: A value and how a study file writes it.
TEXTS = ((None, None), (float("nan"), None), (1.0, "1"), (2.5, "2.5"), (3, "3"), (True, "true"),
         (np.bool_(False), "false"), ("CR", "CR"), (np.float64(7), "7"))  # fmt: skip


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_a_value_is_compared_as_study_files_write_it(value, text):
    assert as_text(value) == text
