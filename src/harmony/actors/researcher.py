"""What a researcher does: propose a question, run the approved study, ask for its results to leave."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harmony.actors.desk import Desk, at, governance, today
from harmony.disclosure.policy import load_policy
from harmony.errors import HashMismatch, NotPermitted, UsageError
from harmony.governance import airlock, proposals
from harmony.governance.access import open_view
from harmony.governance.ids import check_id, new_id
from harmony.governance.output_requests import get_request
from harmony.identity.peers import read_peers
from harmony.identity.pseudonyms import mac
from harmony.releases.assemble import STAGE as RELEASE
from harmony.releases.assemble import open_release
from harmony.reporting.pages import render_report
from harmony.settings import Zone
from harmony.stages.journey import Release, StudyView
from harmony.stages.record import sha256_file
from harmony.store.control.database import Control
from harmony.studies.plan import load_plan
from harmony.studies.run import StudyResult, run_study

REPORT_FILE = "report.html"
CARD_FILE = "card.json"
DISCLOSURE_FILE = "disclosure.json"


def study_propose(network: Path, study_file: Path, person: str) -> dict[str, Any]:
    """
    Propose a study; the file is checked whole before anybody reviews it.

    Returns
    -------
    dict
        study (STU id); the stored one when the same plan was proposed before.
    """
    load_plan(study_file)
    with governance(network) as control:
        study = proposals.propose(control, study_file, person, today())
        state = proposals.get_study(control, study).state
    return {"message": f"{study} is {state}.", "study": study, "state": state}


def study_run(
    network: Path,
    study: str,
    study_file: Path,
    person: str,
    truth: Path | None = None,
    leave_out: Sequence[str] = (),
    result: str = "",
) -> dict[str, Any]:
    """
    Run an approved study on the newest release.

    Parameters
    ----------
    truth : Path, optional
        `truth.json` of the synthetic cohort, for planted effects.
    leave_out : sequence of str
        Labels of variables not to be published, as a checker asked.
    result : str
        RES id of an earlier run to be corrected; empty for a new result.

    Returns
    -------
    dict
        result (RES id), report (path inside the research zone), to_person, actions, left_out sources.

    Raises
    ------
    NotPermitted
        When the study is not approved and open, the plan is another one, or the person is not of the team
        (names the clause); or the result to be corrected is of another study or on its way out.
    UsageError
        When an id is no id, the result is unknown, or a label is none of the plan's.
    """
    check_id(study, "STU")
    plan, _ = load_plan(study_file)
    with at(network, "research") as desk, governance(network) as control:
        release = _newest(desk)
        view = _view(desk, control, study, person, study_file, release)
        known = {variable.label for variable in plan.variables.values()}
        unknown = sorted(set(leave_out) - known)
        if unknown:
            raise UsageError(f"The study has no variable {', '.join(unknown)}.", "", ", ".join(sorted(known)))
        if result:
            _require_correctable(desk, control, result, study)
        name = result or new_id("RES")
        policy = load_policy("output_release", desk.definitions / "policies")
        found = run_study(plan, view, policy, name, truth, frozenset(leave_out))
        facts = {"result": name, "study": study, "release": release.record.key}
        folder = _write_result(desk.zone, facts, found)
    return {
        "message": f"{name} is computed; {len(found.to_person)} findings go to the output checkers.",
        "result": name,
        "release": release.record.key,
        "report": str(folder / "files" / REPORT_FILE),
        "allowed_by": view.clause,
        "actions": found.actions,
        "to_person": found.to_person,
        "planted": _planted(found.report),
    }


def output_request(network: Path, result: str, person: str, note: str = "") -> dict[str, Any]:
    """
    Ask for a computed result to leave, or bring a corrected version after a checker sent it back.

    Parameters
    ----------
    note : str
        Answer to the checker's reason; needed for a corrected version.

    Raises
    ------
    UsageError
        When there is no such result.
    HashMismatch
        When the report is not the one that the run wrote and judged.
    """
    check_id(result, "RES")
    with at(network, "research") as desk, governance(network) as control:
        folder = desk.zone.root / "results" / result
        facts = _judged(folder)
        files, report = folder / "files", folder / DISCLOSURE_FILE
        if _is_returned(control, result):
            state = airlock.resubmit(
                control, result, person, files, report, facts["to_person"], note, today()
            )
        else:
            airlock.request(
                control,
                facts["study"],
                facts["release"],
                person,
                files,
                report,
                facts["to_person"],
                today(),
                result,
            )
            state = get_request(control, result).state
    return {
        "message": f"{result} is {state}; two output checkers see it next.",
        "result": result,
        "state": state,
    }


def _require_correctable(desk: Desk, control: Control, result: str, study: str) -> None:
    folder = desk.zone.folder("results") / check_id(result, "RES")
    if not folder.exists() and _beside(folder, "old").exists():
        # A run was killed between its two renames: the version before it still counts.
        _beside(folder, "old").rename(folder)
    if _facts(folder)["study"] != study:
        raise NotPermitted(f"{result} is of another study.", "Correct it in its own study.")
    try:
        state = get_request(control, result).state
    except UsageError:
        return
    if state != "returned":
        # The checkers look at files that are frozen: a new run would take them away.
        raise NotPermitted(
            f"{result} is {state}; its files stay as they were asked out.",
            "Run the study without a result id for a new one.",
            "returned, or not yet asked out",
        )


def _write_result(zone: Zone, facts: Mapping[str, str], found: StudyResult) -> Path:
    folder = zone.folder("results") / facts["result"]
    partial, old = _beside(folder, "partial"), _beside(folder, "old")
    for left in (partial, old):
        shutil.rmtree(left, ignore_errors=True)
    (partial / "files").mkdir(parents=True, mode=0o700)
    report = partial / "files" / REPORT_FILE
    report.write_text(render_report(found.report), encoding="utf-8")
    card = {"title": found.report.title, "marks": sorted({block.mark for block in found.report.blocks})}
    (partial / "files" / CARD_FILE).write_text(json.dumps(card, indent=1), encoding="utf-8")
    disclosure = {
        **facts,
        "report_sha256": sha256_file(report),
        "actions": found.actions,
        "to_person": found.to_person,
        "planted": _planted(found.report),
    }
    (partial / DISCLOSURE_FILE).write_text(json.dumps(disclosure, indent=1), encoding="utf-8")
    # Report and findings change together: a person must never judge findings of another version.
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def _beside(folder: Path, end: str) -> Path:
    return folder.with_name(f".{folder.name}.{end}")


def _is_returned(control: Control, result: str) -> bool:
    try:
        return get_request(control, result).state == "returned"
    except UsageError:
        return False


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / DISCLOSURE_FILE
    if not path.is_file():
        raise UsageError(f"There is no result {folder.name}.", "Run harmony study run first.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _judged(folder: Path) -> dict[str, Any]:
    content = _facts(folder)
    if sha256_file(folder / "files" / REPORT_FILE) != content["report_sha256"]:
        raise HashMismatch(
            f"The report of {folder.name} is not the one that was judged.", "Run the study again."
        )
    return content


def _newest(desk: Desk) -> Release:
    keys = desk.journal.keys(RELEASE)
    if not keys:
        raise UsageError("There is no release yet.", "The steward makes one: harmony release make.")
    return open_release(desk.zone, keys[-1], desk.journal)


def _view(
    desk: Desk, control: Control, study: str, person: str, study_file: Path, release: Release
) -> StudyView:
    # The study's key never leaves the research zone: rows of two studies cannot be joined by pseudonym.
    key = desk.zone.key("r.study")
    agreements = read_peers(desk.zone).agreements

    def pseudonym(who: str) -> str:
        return mac(key, "harmony/view/v1", study, release.record.key, who).hex()

    return open_view(desk.zone, control, study, person, study_file, release, agreements, today(), pseudonym)


def _planted(report: Any) -> list[dict[str, Any]]:
    from harmony.reporting.document import Comparison

    return [
        asdict(row)
        for block in report.blocks
        for section in block.sections
        if isinstance(section, Comparison) and section.columns[0] == "Planted"
        for row in section.rows
    ]
