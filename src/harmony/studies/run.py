"""
Run an approved study: compute each block, let disclosure control decide, put the report together.

Only safe sections reach the report. What disclosure control cannot decide by rule is listed for the output
checkers; what cannot leave is named with its reason, so that no reader takes absence for zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harmony.disclosure.control import make_safe
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import RawResult
from harmony.disclosure.text import check_text
from harmony.errors import UnsoundAnalysis
from harmony.reporting.document import Block, Note, Report, Section
from harmony.stages.journey import StudyView
from harmony.store.columns import read_columns
from harmony.studies.answer import answer, headline
from harmony.studies.explain import explainer
from harmony.studies.gate_effect import gate_comparison
from harmony.studies.plan import BlockPart, Plan
from harmony.studies.planted import planted_comparison
from harmony.studies.sections import BlockData, Tables, open_block, results

BANNER = {
    "public": "Demonstration. Public teaching tables and synthetic patients; not for clinical use.",
    "synthetic": "Demonstration. The patients on this page are synthetic; no real person is described.",
    "patient": "",
}


@dataclass
class StudyResult:
    """
    What a run gives.

    Attributes
    ----------
    report : Report
        Safe sections only.
    actions : list of str
        What disclosure control did.
    to_person : list of str
        What output checkers must judge.
    """

    report: Report
    actions: list[str] = field(default_factory=list)
    to_person: list[str] = field(default_factory=list)


@dataclass
class _Findings:
    actions: list[str] = field(default_factory=list)
    to_person: list[str] = field(default_factory=list)

    def safe(self, result: RawResult | Note, policy: OutputPolicy, heading: str) -> Section:
        if isinstance(result, Note):
            return result
        decision = make_safe(result, policy)
        self.actions += [f"{heading}, {result.title}: {action.text}" for action in decision.actions]
        self.to_person += [f"{heading}, {result.title}: {finding}" for finding in decision.to_person]
        if decision.safe is None:
            reasons = " ".join(action.text for action in decision.actions)
            return Note(f"Withheld: {result.title}", reasons)
        return decision.safe


def run_study(
    plan: Plan,
    view: StudyView,
    policy: OutputPolicy,
    result_id: str,
    truth: Path | None = None,
    leave_out: frozenset[str] = frozenset(),
    provenance: tuple[tuple[str, str], ...] = (),
) -> StudyResult:
    """
    Run a plan on the view that was opened for it.

    Parameters
    ----------
    policy : OutputPolicy
        Thresholds of the output release.
    result_id : str
        RES id.
    truth : Path, optional
        `truth.json` of a synthetic cohort, for planted effects.
    leave_out : frozenset of str
        Labels of variables that are computed but not published (a correction asked for by a checker).
    provenance : tuple of (str, str)
        Further rows of the report's footer.

    Raises
    ------
    UnsoundAnalysis
        When no block of the plan has a source in the view.
    """
    tables = read_columns(view.folder)
    findings = _Findings()
    blocks = [
        block
        for part in plan.blocks
        if (block := _block(plan, part, view, tables, policy, truth, leave_out, findings)) is not None
    ]
    if not blocks:
        raise UnsoundAnalysis(
            "No source of the study is open to it today.", "Ask the steward about the agreements."
        )
    findings.to_person += [
        f"Lay summary: {text}" for text in check_text(plan.lay_summary, (), policy.least_cell)
    ]
    marks = {block.mark for block in blocks}
    numbers = headline(blocks)
    report = Report(
        study=view.study,
        result=result_id,
        title=plan.title,
        question=plan.question,
        lay_summary=plan.lay_summary,
        answer=answer(blocks),
        headline=tuple((label, number) for label, number, _ in numbers),
        blocks=tuple(blocks),
        limits=(*plan.limits, *_left_out(leave_out)),
        provenance=(*_provenance(view, policy), *provenance),
        banner=BANNER["public" if "public" in marks else "synthetic" if "synthetic" in marks else "patient"],
        headline_counted=tuple(explanation for _, _, explanation in numbers),
    )
    return StudyResult(report, findings.actions, findings.to_person)


def _left_out(labels: frozenset[str]) -> tuple[str, ...]:
    # Without the name: it would tell which row showed all or none of a group.
    if not labels:
        return ()
    return (f"Left out at the check of the output: {len(labels)} variable of the plan.",)


def _block(
    plan: Plan,
    part: BlockPart,
    view: StudyView,
    tables: Tables,
    policy: OutputPolicy,
    truth: Path | None,
    leave_out: frozenset[str],
    findings: _Findings,
) -> Block | None:
    if not set(part.sources) & set(view.sources):
        return None
    words = explainer(view, part.mark, part.sources)
    data = open_block(plan, part, tables, words, leave_out)
    sections = [findings.safe(result, policy, part.heading) for result in results(data)]
    if part.planted and truth is not None:
        sections.append(findings.safe(_planted(data, truth), policy, part.heading))
    cost = gate_comparison(view, part.sources, words)
    sections.append(findings.safe(cost, policy, part.heading))
    return Block(part.mark, part.heading, part.intro, tuple(sections))


def _planted(data: BlockData, truth: Path) -> RawResult:
    words = data.words.explain(
        "Planted: limit of the estimator in 400,000 simulated patients. Found: the same estimator on the "
        "released tables, tested patients only, and on the true values of the cohort. An effect holds when "
        "both lie within three standard errors of the planted value.",
        "Patients of the effect's population with all its variables known.",
        "Patients never tested are not in the released estimate; they are in the true one.",
    )
    return planted_comparison(data.tables, data.block.planted, truth, words)


def _provenance(view: StudyView, policy: OutputPolicy) -> tuple[tuple[str, str], ...]:
    record: Mapping[str, Any] = view.release.details
    return (
        ("Release", view.release.record.key),
        ("Content fingerprint", record["content_sha256"]),
        ("Release fingerprint", record.get("release_sha256", "")),
        ("Witness", "unwitnessed: no cosigned log proof yet"),
        ("Allowed by", view.clause),
        ("Disclosure policy", f"{policy.definition.id}, version {policy.definition.version}"),
        ("Code version", view.release.record.code_version),
    )
