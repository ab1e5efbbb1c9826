"""Blocks of a study on small tables: marks stay apart, what is unsound is said, words follow the numbers."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from harmony.disclosure.results import RawAttrition, RawCharacteristics, RawSurvival
from harmony.errors import UnsoundAnalysis
from harmony.reporting.document import (
    Block,
    ComparedEstimate,
    Comparison,
    Curve,
    CurvePoint,
    Explanation,
    ModelTable,
    ModelTerm,
    Note,
    SurvivalFigure,
)
from harmony.studies.answer import answer, headline
from harmony.studies.explain import explainer
from harmony.studies.gate_effect import gate_comparison
from harmony.studies.plan import Plan, VariablePart
from harmony.studies.planted import effect_columns
from harmony.studies.sections import open_block, results

WORDS = Explanation("d", "n", "m", ("P01",), "public", "A", "REL-0", "0")
DETAILS = {
    "content_sha256": "c" * 64,
    "sources": [
        {"provider": "P01", "mark": "public", "level": "B", "source": "Table", "index_event": "transplant"},
        {
            "provider": "P02",
            "mark": "synthetic",
            "level": "A",
            "source": "Cohort",
            "index_event": "diagnosis",
        },
    ],
}


def of(*values):
    return np.array(values, dtype=object)


def view(sources=("P01", "P02"), gate=None):
    """A study view's own facts, without files."""
    release = SimpleNamespace(
        details=DETAILS, record=SimpleNamespace(key="REL-0123456789ab"), path=lambda _: gate
    )
    return SimpleNamespace(release=release, sources=sources)


def tables(count=120, dead=0.5):
    """Half of the patients from P01, half from P02; P02 has no cause of death."""
    draw = np.random.default_rng(3)
    people = np.array([f"p{i}" for i in range(count)], dtype=object)
    source = np.array(["P01" if i % 2 else "P02" for i in range(count)], dtype=object)
    died = draw.random(count) < dead
    days = np.ceil(draw.exponential(300, count)) + 1
    patient = {
        "person": people,
        "provider_id": source,
        "mark": np.where(source == "P01", "public", "synthetic").astype(object),
        "disease": np.array(draw.choice(["AML", "ALL"], count), dtype=object),
        "sex": np.array(draw.choice(["male", "female", None], count), dtype=object),
        "vital_status": np.where(died, "dead", "alive").astype(object),
        "death_day": np.where(died, days, np.nan),
        "last_contact_day": days,
        "cause_of_death": np.array(
            ["gvhd" if d and s == "P01" else None for d, s in zip(died, source, strict=True)], dtype=object
        ),
    }
    return {"patient": patient}


def plan(**block):
    content = {
        "title": "T", "question": "Q", "lay_summary": "L", "tables": {"patient": ["sex"]},
        "variables": {"patient.disease": {"label": "Disease"}, "patient.sex": {"label": "Sex"}},
        "blocks": [{
            "mark": "public", "heading": "H", "intro": "I", "sources": ["P01", "P02"], "start": "Delivered",
            "group": "patient.disease", "table1": ["patient.sex"],
            "survival": [{"title": "OS", "endpoint": "OS", "by": "patient.disease"}],
            "incidence": [{"title": "Causes", "endpoint": "DEATH_CAUSE", "by": "patient.disease"}],
            **block,
        }],
    }  # fmt: skip
    return Plan.model_validate(content)


def computed(own_plan, data, leave_out=frozenset()):
    block = own_plan.blocks[0]
    words = explainer(view(), block.mark, block.sources)
    return list(results(open_block(own_plan, block, data, words, leave_out, 10)))


def test_a_block_holds_patients_of_its_own_mark_only():
    attrition, table, survival, causes = computed(plan(), tables())
    assert isinstance(attrition, RawAttrition)
    assert attrition.steps[0].remaining == sum(table.sizes) == 60
    assert sum(len(group.days) for group in survival.groups) == 60
    assert list(causes.causes.values()) == ["Graft-versus-host disease"]


def test_what_a_source_does_not_supply_is_said_and_not_shown_as_nobody():
    *_, causes = computed(plan(mark="synthetic"), tables())
    assert isinstance(causes, Note)
    assert causes.title == "Not computed: Causes"
    assert "cause_of_death" in causes.text


def test_too_few_events_become_a_note_and_the_rest_stands():
    _, table, survival, _ = computed(plan(), tables(dead=0.05))
    assert isinstance(table, RawCharacteristics)
    assert isinstance(survival, Note)
    assert "too few events" in survival.text


def test_a_variable_left_out_is_in_no_table():
    _, table, survival, _ = computed(plan(), tables(), leave_out=frozenset({"Sex"}))
    assert table.variables == ()
    assert isinstance(survival, RawSurvival)


def test_every_number_says_how_many_are_not_in_it():
    data = tables()
    last = data["patient"]["last_contact_day"]
    data["patient"]["death_day"][1], last[1] = np.nan, np.nan
    _, table, survival, _ = computed(plan(), data)
    assert table.explanation.missing.endswith("60 of 60 patients are in a column.")
    assert survival.missing == 1
    assert survival.explanation.missing.endswith(
        "59 of 60 patients are in a curve; fewer than 10 are not: their group or their time is not known."
    )


def test_a_code_that_the_study_does_not_name_is_said():
    own = plan()
    variables = {**own.variables, "patient.sex": VariablePart(label="Sex", levels={"male": "Men"})}
    _, table, *_ = computed(own.model_copy(update={"variables": variables}), tables())
    assert isinstance(table, Note)
    assert "Sex: a code of the release stands in no level" in table.text
    assert "female" not in table.text


def test_the_columns_of_a_table_are_not_sensitive_in_it():
    field = "transplant.t_cell_depletion"
    data = tables()
    own = {name: data["patient"][name] for name in ("person", "provider_id", "mark")}
    data["transplant"] = {**own, "t_cell_depletion": of(*(["present", "absent", "absent", "present"] * 30))}
    base = plan(survival=[], incidence=[])
    variables = {**base.variables, field: VariablePart(label="Depletion")}

    def row(group):
        block = base.blocks[0].model_copy(update={"group": group, "table1": (field,)})
        changed = base.model_copy(update={"variables": variables, "blocks": (block,)})
        return computed(changed, data)[1].variables[0]

    assert row("patient.disease").sensitive
    assert not row(field).sensitive


def test_an_empty_cohort_stops_the_block():
    nobody = plan(cohort=[{"label": "CLL", "reason": "Other", "field": "patient.disease", "values": ["CLL"]}])
    with pytest.raises(UnsoundAnalysis, match="Nobody remains"):
        computed(nobody, tables())


def test_pooled_causes_are_counted_together_and_named_in_the_definition():
    data = tables()
    patient = data["patient"]
    died = patient["vital_status"] == "dead"
    patient["cause_of_death"] = np.where(
        died, np.where(np.arange(120) % 3 == 0, "gvhd", "infection"), None
    ).astype(object)
    own = plan(incidence=[{
        "title": "Causes", "endpoint": "DEATH_CAUSE", "by": "patient.disease",
        "pool": {"Transplant-related": ["Graft-versus-host disease", "Infection, not specified"]},
    }])  # fmt: skip
    *_, causes = computed(own, data)
    assert list(causes.causes.values()) == ["Transplant-related"]
    assert "Transplant-related: Graft-versus-host disease" in causes.explanation.definition
    (code,) = causes.causes
    public = died & (patient["mark"] == "public")
    assert sum(int((group.cause == code).sum()) for group in causes.groups) == int(public.sum())


def test_an_explanation_names_only_sources_open_to_the_study():
    both = explainer(view(), "public", ("P01", "P02")).explain("d", "n", "m")
    one = explainer(view(sources=("P02",)), "synthetic", ("P01", "P02")).explain("d", "n", "m")
    assert (both.sources, both.quality_level) == (("P01: Table", "P02: Cohort"), "B")
    assert (one.sources, one.quality_level) == (("P02: Cohort",), "A")
    assert both.release == f"REL-0123456789ab, content {'c' * 16}"


#: Estimates before and after the gate, the verdict, the smallest counts behind them.
VERDICTS = (
    ([2.0, 1.5, 2.5, 50, 20], [2.0, 1.5, 2.5, 48, 19], "unchanged", (48, 19)),
    ([2.0, 1.5, 2.5, 50, 20], [1.9, 1.4, 2.4, 50, 20], "changed by 5.0%", (50, 20)),
    ([0.0, 0.0, 0.1, 50, None], [0.1, 0.0, 0.2, 9, None], "changed", (9, None)),
    ([2.0, 1.5, 2.5, 50, 20], None, "not estimable after the gate", (50, 20)),
    (None, [2.0, 1.5, 2.5, 50, 20], "not estimable", (50, 20)),
    # A release made before the counts were kept: nobody can say what the estimate stands on.
    ([2.0, 1.5, 2.5], [2.0, 1.5, 2.5], "unchanged", (0, 0)),
)


def cost(before, after, blanked, tmp_path, sources=("P01", "P02"), wanted=("P01",)):
    source = {
        "provider": "P01", "mark": "public", "levels": {"patient.sex": "blank"}, "loss": 0.25,
        "blanked": blanked, "patients_out": 60,
        "horizon": False, "risk": {"k": 7}, "estimates": {"Hazard ratio of death": [before, after]},
    }  # fmt: skip
    path = tmp_path / "gate.json"
    other = source | {"provider": "P02", "mark": "synthetic"}
    path.write_text(json.dumps({"sources": [source, other]}), encoding="utf-8")
    own = view(sources, path)
    return gate_comparison(own, wanted, explainer(own, "public", wanted), 10)


@pytest.mark.parametrize(("before", "after", "verdict", "behind"), VERDICTS)
def test_the_cost_of_the_gate_is_put_into_words(before, after, verdict, behind, tmp_path):
    found = cost(before, after, 12, tmp_path)
    (row,) = found.rows
    assert (row.verdict, row.unit, (row.patients, row.events)) == (verdict, "ratio", behind)
    assert (
        "levels sex blank; loss 0.25 of 1; cells blanked in 20.0% of patients" in found.explanation.definition
    )
    assert "smallest class 7" in found.explanation.definition


#: Patients with blanked cells, and how they are written.
BLANKED = ((0, "in 0.0% of patients"), (1, "in fewer than 10"), (9, "in fewer than 10"), (10, "in 16.7%"))


@pytest.mark.parametrize(("blanked", "words"), BLANKED)
def test_few_patients_with_blanked_cells_are_not_counted_out(blanked, words, tmp_path):
    text = cost(VERDICTS[0][0], VERDICTS[0][1], blanked, tmp_path).explanation.definition
    assert f"cells blanked {words}" in text
    assert ("%" in text.split("blanked")[1].split(";")[0]) is (not 0 < blanked < 10)


def test_the_cost_names_no_source_that_is_closed_or_of_another_mark(tmp_path):
    gates = VERDICTS[0][:2]
    both = cost(*gates, 0, tmp_path, wanted=("P01", "P02"))
    assert [row.label for row in both.rows] == ["P01: Hazard ratio of death"]
    assert cost(*gates, 0, tmp_path, sources=("P02",)).rows == ()


def figure(endpoint="Overall survival", last=8.0):
    points = (CurvePoint(0.0, 1.0, 1.0, 1.0), CurvePoint(4.0, 0.6, 0.5, 0.7), CurvePoint(last, 0.4, 0.3, 0.5))
    return SurvivalFigure("S", "transplant", endpoint, (Curve("Treated", 60, 30, points),), (), "", "", WORDS)


def model(ratio, lower, upper, outcome="Death of any cause"):
    terms = (ModelTerm("Arm", "Old", 30, 10), ModelTerm("Arm", "New", 30, 10, ratio, lower, upper, 0.04))
    return ModelTable("M", outcome, terms, 60, 20, (), WORDS)


def block(*sections):
    return Block("public", "H", "I", sections)


def test_the_answer_reads_survival_on_the_line_between_released_cuts():
    text = answer([block(figure())])
    assert text == "Overall survival at 5 years was 55% (95% CI 45% to 65%) treated."
    assert headline([block(figure())])[0][2].definition == "d Read on the line between the released cuts."
    assert headline([block(figure())])[0][:2] == ("Alive at 5 years, treated", "55% (95% CI 45% to 65%)")


#: Hazard ratio with limits, and what the answer calls it.
DIRECTIONS = (
    ((1.5, 1.1, 2.0), "a higher risk of death"),
    ((0.7, 0.5, 0.9), "a lower risk of death"),
    ((0.9, 0.7, 1.2), "compatible with no difference"),
)


@pytest.mark.parametrize(("ratio", "words"), DIRECTIONS)
def test_the_direction_follows_the_interval(ratio, words):
    text = answer([block(model(*ratio))])
    assert words in text
    assert f"{ratio[0]:.2f} (95% CI {ratio[1]:.2f} to {ratio[2]:.2f})" in text
    assert "new against old" in text


#: Sections that must not be put into words of survival or death.
SILENT = (
    figure(last=4.5),
    figure("Relapse-free survival"),
    model(1.5, 1.1, 2.0, "Relapse or death of any cause"),
)


@pytest.mark.parametrize("section", SILENT)
def test_nothing_else_is_called_survival_or_death(section):
    assert answer([block(section)]).startswith("The released data do not answer the question")
    assert headline([block(section)]) == []


def test_recovered_effects_are_counted():
    rows = tuple(
        ComparedEstimate("E", "ratio", 1.0, 1.0, 0.9, 1.1, verdict=v) for v in ("holds", "does not hold")
    )
    planted = Comparison("Planted", ("Planted", "Found"), rows, WORDS)
    assert "Of 2 effects planted in the synthetic cohort, 1 were recovered" in answer([block(planted)])


def test_not_tested_is_not_known_and_never_wild_type():
    data = tables(count=4)
    people = data["patient"]["person"]
    data["patient"]["age_at_diagnosis"] = of("60-69", None, "5-9", "70-79")
    data["gene_test"] = {
        "person": people, "sample_day": np.zeros(4),
        "tp53_status": of("mutated", "wild_type", "not_tested", None),
        "npm1_status": of("mutated", "wild_type", "not_tested", None),
        "dnmt3a_status": of("mutated", "wild_type", "not_tested", None),
    }  # fmt: skip
    data["mrd"] = {"person": people, "status": of("present", "absent", "not_assessed", None)}
    data["response"] = {
        "person": of("p0", "p1", "p2", "p0", "p3"), "response": of("CR", "NR", "relapse", "NR", "NE"),
        "line_number": np.array([1.0, 1.0, 1.0, 2.0, 1.0]),
        "assessment_day": np.array([1.0, 1.0, 1.0, 2.0, 1.0]),
    }  # fmt: skip
    data["diagnosis"] = {"person": people, "aml_entity": of("aml_pml_rara", "aml_npm1", None, "aml_npm1")}
    found = effect_columns(data)
    for name in ("tp53", "npm1", "dnmt3a", "mrd_positive"):
        np.testing.assert_array_equal(found[name], [1.0, 0.0, np.nan, np.nan])
    np.testing.assert_array_equal(found["complete_remission"], [1.0, 0.0, np.nan, np.nan])
    np.testing.assert_array_equal(found["apl"], [1.0, 0.0, np.nan, 0.0])
    np.testing.assert_array_equal(found["age"], [65.0, np.nan, 7.5, 75.0])
