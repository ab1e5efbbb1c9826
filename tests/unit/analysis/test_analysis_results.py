"""Raw results against counts and fits made directly on the same patients."""

import numpy as np
import pytest

from harmony.analysis.describe import attrition, characteristics
from harmony.analysis.groups import Variable
from harmony.analysis.model import ModelVariable, fit_cox
from harmony.analysis.survival import aligned, incidence, survival
from harmony.cohorts.frame import Cohort
from harmony.errors import UnsoundAnalysis
from harmony.hematology.endpoints.times import EndpointTimes
from harmony.reporting.document import Explanation
from harmony.statistics.cox import cox
from harmony.statistics.logrank import logrank

WORDS = Explanation("d", "n", "m", ("P01",), "public", "A", "REL-0", "0")
ARM = Variable("a.arm", "Arm", {"new": "New", "old": "Old"})
GENE = Variable("a.gene", "Gene", {"wt": "Wild type", "mut": "Mutated", "not_tested": "Not tested"})
AGE = Variable("a.age", "Age", {})
COUNT = 300


def made(seed=1):
    """A cohort of 300 and endpoint times of 290 of them in another order."""
    draw = np.random.default_rng(seed)
    people = np.array([f"p{i:03}" for i in range(COUNT)], dtype=object)
    frame = {
        "person": people,
        "a.arm": np.array(draw.choice(["new", "old", None], COUNT, p=[0.5, 0.45, 0.05]), dtype=object),
        "a.gene": np.array(draw.choice(["wt", "mut", "not_tested"], COUNT), dtype=object),
        "a.age": np.array([f"{5 * b}-{5 * b + 4}" for b in draw.integers(4, 16, COUNT)], dtype=object),
    }
    order = draw.permutation(COUNT)[:290]
    days = np.ceil(draw.exponential(500, 290))
    cause = draw.choice([0, 1, 2], 290, p=[0.3, 0.5, 0.2])
    times = EndpointTimes("OS", "2022", "Survival", "index", "death", people[order], days, cause,
                          {1: "Disease", 2: "Other", 3: "Nobody"}, 10)  # fmt: skip
    return Cohort(frame, (("All", COUNT, ""),)), times


def joined(cohort, times, field):
    value = dict(zip(cohort.frame["person"], cohort.frame[field], strict=True))
    return np.array([value[person] for person in times.person], dtype=object)


def test_cohort_and_times_are_matched_by_person():
    cohort, times = made()
    own, theirs = aligned(cohort, times)
    assert len(own) == 290
    assert cohort.frame["person"][own].tolist() == times.person[theirs].tolist()


def test_nobody_in_both_is_unsound():
    cohort, times = made()
    nobody = Cohort({name: values[:0] for name, values in cohort.frame.items()}, ())
    with pytest.raises(UnsoundAnalysis, match="No patient"):
        aligned(nobody, times)


def test_table_1_counts_every_patient_of_a_known_group_once():
    cohort, _ = made()
    table = characteristics(cohort, ARM, [GENE], "Table 1", WORDS)
    arm, gene = cohort.frame["a.arm"], cohort.frame["a.gene"]
    assert table.groups == ("New", "Old")
    (row,) = table.variables
    assert row.levels == ("Wild type", "Mutated")
    for place, code in enumerate(("new", "old")):
        counts = [level[place] for level in row.counts]
        assert counts == [int(((arm == code) & (gene == g)).sum()) for g in ("wt", "mut")]
        assert row.missing[place] == int(((arm == code) & (gene == "not_tested")).sum())
        assert sum(counts) + row.missing[place] == int((arm == code).sum())


def test_attrition_is_the_cohorts_steps():
    cohort, _ = made()
    found = attrition(cohort, "Who", WORDS)
    assert [(step.label, step.remaining) for step in found.steps] == [("All", COUNT)]


def test_survival_has_every_known_time_and_the_log_rank_test():
    cohort, times = made()
    arm = joined(cohort, times, "a.arm")
    found = survival(cohort, times, ARM, "OS", WORDS)
    for group, code in zip(found.groups, ("new", "old"), strict=True):
        assert sorted(np.asarray(group.days)) == sorted(times.days[arm == code])
        assert int(np.sum(group.event)) == int((times.cause[arm == code] > 0).sum())
    known = np.array([value is not None for value in arm])
    wanted = logrank(times.days[known], (times.cause[known] > 0).astype(int), arm[known].astype(str)).p
    assert found.test.p == pytest.approx(wanted, rel=1e-12)
    # Ten of the cohort have no time at all.
    assert found.missing == int((~known).sum()) + 10


def test_incidence_names_only_the_causes_that_occur():
    cohort, times = made()
    found = incidence(cohort, times, ARM, "By cause", WORDS)
    assert dict(found.causes) == {1: "Disease", 2: "Other"}
    assert sum(len(group.days) for group in found.groups) == COUNT - found.missing


def test_too_few_events_give_no_curve():
    cohort, times = made()
    few = EndpointTimes(**{**vars(times), "cause": np.where(np.arange(290) < 9, 1, 0)})
    with pytest.raises(UnsoundAnalysis, match="too few events") as caught:
        survival(cohort, few, ARM, "OS", WORDS)
    assert caught.value.allowed == "at least 10"


def test_the_model_is_the_cox_fit_of_complete_patients():
    cohort, times = made()
    found = fit_cox(
        cohort, times, [ModelVariable(ARM), ModelVariable(GENE), ModelVariable(AGE, 10)], "Cox", WORDS
    )
    arm, gene, age = (joined(cohort, times, f"a.{name}") for name in ("arm", "gene", "age"))
    complete = np.array([a is not None and g != "not_tested" for a, g in zip(arm, gene, strict=True)])
    middle = np.array([float(a.split("-")[0]) + 2.5 for a in age[complete]]) / 10
    covariates = {"arm": arm[complete] == "old", "gene": gene[complete] == "mut", "age": middle}
    wanted = cox(times.days[complete], (times.cause[complete] > 0).astype(int),
                 {name: np.asarray(values, float) for name, values in covariates.items()})  # fmt: skip
    estimated = [term for term in found.terms if not term.reference]
    assert [term.level for term in found.terms] == ["New", "Old", "Wild type", "Mutated", "per 10"]
    np.testing.assert_allclose([term.coefficient for term in estimated], wanted.coef, rtol=1e-9)
    np.testing.assert_allclose([term.standard_error for term in estimated], wanted.se, rtol=1e-9)
    assert (found.patients, found.missing) == (int(complete.sum()), COUNT - int(complete.sum()))
    assert found.events == int((times.cause[complete] > 0).sum())


def test_a_banded_number_can_be_a_factor():
    cohort, times = made()
    cut = Variable("a.age", "Age", {}, (40.0, 60.0))
    found = fit_cox(cohort, times, [ModelVariable(cut)], "Cox", WORDS)
    assert [term.level for term in found.terms] == ["under 40", "40 to under 60", "60 or more"]
    assert sum(term.patients for term in found.terms) == 290


def test_a_factor_with_one_level_is_unsound():
    cohort, times = made()
    cohort.frame["a.arm"][:] = "new"
    with pytest.raises(UnsoundAnalysis, match="one level only"):
        fit_cox(cohort, times, [ModelVariable(ARM)], "Cox", WORDS)


def test_a_variable_known_of_nobody_is_unsound():
    cohort, times = made()
    cohort.frame["a.gene"][:] = "not_tested"
    with pytest.raises(UnsoundAnalysis, match="No patient has all"):
        fit_cox(cohort, times, [ModelVariable(GENE)], "Cox", WORDS)
