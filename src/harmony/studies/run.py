"""
Run an approved study: compute each block, let disclosure control decide, put the report together.

Only safe sections reach the report. What disclosure control cannot decide by rule is listed for the output
checkers; what cannot leave is named with its reason, so that no reader takes absence for zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harmony.disclosure.control import make_safe
from harmony.disclosure.linked import link, shared_cuts
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import RawIncidence, RawResult, RawSurvival
from harmony.disclosure.text import check_text
from harmony.errors import UnsoundAnalysis
from harmony.reporting.document import Block, Note, Report, Section, SurvivalFigure
from harmony.stages.journey import StudyView
from harmony.store.columns import read_columns
from harmony.studies.answer import answer, headline
from harmony.studies.explain import explainer
from harmony.studies.gate_effect import gate_comparison
from harmony.studies.plan import BlockPart, Plan
from harmony.studies.planted import planted_comparison
from harmony.studies.sections import BlockData, Tables, open_block, results

NO_TRUTH = (
    "The truth of the synthetic cohort was not given. Run the study with --truth, made by harmony simulate."
)

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
    policy: OutputPolicy
    actions: list[str] = field(default_factory=list)
    to_person: list[str] = field(default_factory=list)

    def all_safe(self, results: Iterable[RawResult | Note], heading: str) -> tuple[Section, ...]:
        """Return the results of one block as safe sections that tell nothing together either."""
        drawn: list[tuple[RawSurvival, SurvivalFigure]] = []
        sections: list[Section] = []
        for result in results:
            within = shared_cuts(result, drawn) if isinstance(result, RawIncidence) else ()
            section = self._safe(result, heading, within)
            sections.append(section)
            if isinstance(result, RawSurvival) and isinstance(section, SurvivalFigure):
                drawn.append((result, section))
        linked = link(sections, self.policy)
        self.actions += [f"{heading}, {title}: {action.text}" for title, action in linked.actions]
        self.to_person += [f"{heading}: {finding}" for finding in linked.to_person]
        return linked.sections

    def _safe(self, result: RawResult | Note, heading: str, within: tuple[float, ...]) -> Section:
        if isinstance(result, Note):
            return result
        decision = make_safe(result, self.policy, within)
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
    findings = _Findings(policy)
    blocks = [
        block
        for part in plan.blocks
        if (block := _block(plan, part, view, tables, truth, leave_out, findings)) is not None
    ]
    if not blocks:
        raise UnsoundAnalysis(
            "No source of the study is open to it today.", "Ask the steward about the agreements."
        )
    findings.to_person += [
        f"{place}: {finding}"
        for place, text in plan.texts()
        for finding in check_text(text, (), policy.least_cell)
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
    truth: Path | None,
    leave_out: frozenset[str],
    findings: _Findings,
) -> Block | None:
    if not set(part.sources) & set(view.sources):
        return None
    words = explainer(view, part.mark, part.sources)
    least = findings.policy.least_cell
    try:
        data = open_block(plan, part, tables, words, leave_out, least)
    except UnsoundAnalysis as error:
        # One block without patients must not take the others with it.
        nobody = Note("Not computed: the whole block", f"{error.what} {error.next_step}".strip())
        return Block(part.mark, part.heading, part.intro, (nobody,))
    found = [*results(data)]
    if part.planted:
        found.append(_planted(data, truth))
    found.append(gate_comparison(view, part.sources, words, least))
    return Block(part.mark, part.heading, part.intro, findings.all_safe(found, part.heading))


def _planted(data: BlockData, truth: Path | None) -> RawResult | Note:
    if truth is None:
        return Note("Not computed: planted effects", NO_TRUTH)
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
