"""A study file that cannot be right is refused with every place that is wrong."""

import hashlib

import pytest

from harmony.errors import UsageError
from harmony.studies.plan import is_sensitive, load_plan

PLAN = """title: A study
question: Why?
lay_summary: Words.
until: 2030-12-31
tables:
  patient: [provider_id, mark, disease]
variables:
  patient.disease: {label: Disease}
  patient.sex: {label: Sex, levels: {male: Men, female: Women}}
  patient.age_at_diagnosis: {label: Age, cuts: [40, 60]}
blocks:
  - mark: public
    heading: Public
    intro: A table.
    sources: [P01]
    start: Delivered
    cohort:
      - {label: AML, reason: Another disease, field: patient.disease, values: [AML]}
    group: patient.disease
    table1: [patient.sex]
    survival:
      - {title: Survival, endpoint: OS, by: patient.disease}
    incidence:
      - {title: Relapse, endpoint: CIR, by: patient.disease}
    cox:
      - title: Model
        endpoint: RFS
        terms: [{field: patient.sex}, {field: patient.age_at_diagnosis, per: 10}]
"""

#: What is changed in a good plan, and what the refusal says.
WRONG = (
    ("title: A study\n", "", "title"),
    ("question: Why?", "question: ''", "question"),
    ("mark: public", "mark: secret", "blocks.0.mark"),
    ("    group: patient.disease", "    group: patient.country", "no entry for patient.country"),
    ("table1: [patient.sex]", "table1: [patient.height]", "no entry for patient.height"),
    ("terms: [{field: patient.sex}", "terms: [{field: mrd.status}", "no entry for mrd.status"),
    ("endpoint: OS", "endpoint: XFS", "unknown endpoints XFS; known: OS"),
    ("endpoint: OS", "endpoint: CIR", "CIR has competing causes"),
    ("endpoint: RFS", "endpoint: DEATH_CAUSE", "DEATH_CAUSE has competing causes"),
    ("label: Sex", "label: Disease", "two variables are called Disease"),
    ("{label: Disease}", "{label: Disease, sensitive: false}", "variables.patient.disease.sensitive"),
    ("values: [AML]", "values: [1]", "cohort.0.values.0"),
    ("lay_summary: Words.", "lay_summary: Words.\ncolour: red", "colour"),
    ("until: 2030-12-31", "until: soon", "until"),
    ("title: A study", "title: [unclosed", "no YAML"),
    (PLAN, "- a list", "not a study"),
)


def write(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("old", "new", "says"), WRONG, ids=[case[2] for case in WRONG])
def test_a_plan_that_cannot_be_right_is_refused(old, new, says, tmp_path):
    assert old in PLAN
    with pytest.raises(UsageError) as caught:
        load_plan(write(tmp_path, PLAN.replace(old, new, 1)))
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no study file nowhere\.yaml"):
        load_plan(tmp_path / "nowhere.yaml")


def test_a_good_plan_is_read_with_the_hash_of_its_bytes(tmp_path):
    plan, digest = load_plan(write(tmp_path, PLAN))
    assert digest == hashlib.sha256(PLAN.encode()).hexdigest()
    variable = plan.variable("patient.sex")
    assert (variable.label, dict(variable.levels), variable.sensitive) == (
        "Sex",
        {"male": "Men", "female": "Women"},
        False,
    )
    assert not plan.variable("patient.age_at_diagnosis").sensitive
    (step,) = plan.requirements(plan.blocks[0])
    assert (step.field, step.values, step.reason) == ("patient.disease", ("AML",), "Another disease")
    assert plan.frame_fields(plan.blocks[0]) == ("patient.disease", "patient.sex", "patient.age_at_diagnosis")


def test_a_plan_cannot_be_changed_after_it_was_read(tmp_path):
    plan, _ = load_plan(write(tmp_path, PLAN))
    with pytest.raises(ValueError, match="frozen"):
        plan.title = "Another"


#: Fields and whether the packaged policy calls them sensitive; a field without a role is.
SENSITIVE = (
    ("transplant.t_cell_depletion", True),
    ("transplant.donor_recipient_sex_match", False),
    ("diagnosis.immunophenotype_all", True),
    ("patient.sex", False),
    ("patient.shoe_size", True),
)


@pytest.mark.parametrize(("field", "sensitive"), SENSITIVE)
def test_the_policy_and_not_the_study_says_what_is_sensitive(field, sensitive):
    assert is_sensitive(field) is sensitive


def test_every_text_of_the_study_is_named_for_the_checkers(tmp_path):
    plan, _ = load_plan(write(tmp_path, PLAN))
    places = {place for place, _ in plan.texts()}
    assert {"Title", "Question", "Lay summary", "Heading", "Public, introduction"} <= places
    assert ("Public, titles and steps", "Another disease") in list(plan.texts())
