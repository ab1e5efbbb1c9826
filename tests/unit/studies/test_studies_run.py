"""A whole run on small files: one empty block, a missing truth and risky words do not pass in silence."""

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmony.disclosure.policy import load_policy
from harmony.reporting.document import Note, SurvivalFigure
from harmony.studies.plan import Plan
from harmony.studies.run import run_study

BLOCK = {
    "mark": "public", "heading": "H", "intro": "I", "sources": ["P01"], "start": "Delivered",
    "group": "patient.disease", "table1": [],
    "survival": [{"title": "OS", "endpoint": "OS", "by": "patient.disease"}],
}  # fmt: skip
NOBODY = [{"label": "CLL", "reason": "Other", "field": "patient.disease", "values": ["CLL"]}]


def plan(*blocks, **texts):
    content = {
        "title": "T", "question": "Q", "lay_summary": "L", "tables": {"patient": ["disease"]},
        "variables": {"patient.disease": {"label": "Disease"}}, "blocks": list(blocks), **texts,
    }  # fmt: skip
    return Plan.model_validate(content)


@pytest.fixture
def view(tmp_path):
    draw = np.random.default_rng(5)
    died, days = draw.random(300) < 0.7, np.ceil(draw.exponential(400, 300)) + 1
    patient = {
        "person": [f"p{i}" for i in range(300)],
        "provider_id": ["P01"] * 300,
        "mark": ["public"] * 300,
        "disease": draw.choice(["AML", "ALL"], 300).tolist(),
        "vital_status": np.where(died, "dead", "alive").tolist(),
        "death_day": pa.array(np.where(died, days, np.nan), from_pandas=True),
        "last_contact_day": days,
    }
    (tmp_path / "tables").mkdir()
    for folder in (tmp_path, tmp_path / "tables"):
        pq.write_table(pa.table(patient), folder / "patient.parquet")
    (tmp_path / "gate.json").write_text(json.dumps({"sources": []}), encoding="utf-8")
    record = SimpleNamespace(key="REL-0123456789ab", code_version="0")
    source = {"provider": "P01", "mark": "public", "level": "B", "source": "Table"}
    release = SimpleNamespace(
        record=record,
        path=lambda name: tmp_path / name,
        details={"content_sha256": "c" * 64, "sources": [source]},
    )
    return SimpleNamespace(
        study="STU-0123456789ab", release=release, sources=("P01",), folder=tmp_path / "tables", clause="C1"
    )


def run(own_plan, view):
    return run_study(own_plan, view, load_policy("output_release"), "RES-0123456789ab")


def test_an_empty_block_says_so_and_the_others_stand(view):
    empty, whole = run(plan({**BLOCK, "cohort": NOBODY}, BLOCK), view).report.blocks
    (note,) = empty.sections
    assert isinstance(note, Note)
    assert "Nobody remains" in note.text
    assert any(isinstance(section, SurvivalFigure) for section in whole.sections)


def test_planted_effects_without_the_truth_are_named_as_not_computed(view):
    asked = run(plan({**BLOCK, "planted": ["AML-11"]}), view).report.blocks[0].sections
    titles = [section.title for section in asked]
    assert "Not computed: planted effects" in titles
    without = run(plan(BLOCK), view).report.blocks[0].sections
    assert [title for title in titles if "planted" not in title] == [section.title for section in without]


#: Where the study writes risky words, and the place that the finding names.
RISKY = (
    ({"title": "The 7 patients"}, {}, "Title"),
    ({"question": "Why did three men die?"}, {}, "Question"),
    ({"limits": ["Only 4 patients."]}, {}, "Limits"),
    ({}, {"heading": "A single one"}, "Heading"),
    ({}, {"intro": "Five women."}, "H, introduction"),
    ({}, {"notes": [{"title": "N", "text": "15 of its 16 deaths have no date."}]}, "H, note"),
)


@pytest.mark.parametrize(("texts", "block", "place"), RISKY, ids=[case[2] for case in RISKY])
def test_every_text_of_the_study_goes_through_the_check(texts, block, place, view):
    found = run(plan({**BLOCK, **block}, **texts), view).to_person
    assert any(finding.startswith(f"{place}: ") for finding in found)
    assert not any(finding.startswith(f"{place}: ") for finding in run(plan(BLOCK), view).to_person)
