"""What a researcher does: propose a question, run the approved study, ask for its results to leave."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from harmony.actors.desk import Desk, today
from harmony.actors.witnessed import recorded
from harmony.anonymity.floor import network_policy
from harmony.dictionary.model import load
from harmony.disclosure.policy import load_policy
from harmony.errors import NotPermitted, UsageError
from harmony.governance import airlock, proposals
from harmony.governance.access import open_view
from harmony.governance.ids import check_id, new_id
from harmony.governance.output_requests import get_request
from harmony.governance.results import (
    ResultRecord,
    put_on_record,
    read_result,
    require_as_written,
    sign_result,
)
from harmony.identity.peers import read_peers
from harmony.identity.pseudonyms import mac
from harmony.releases.assemble import STAGE as RELEASE
from harmony.releases.assemble import open_release
from harmony.reporting.pages import render_report
from harmony.reporting.public_files import read_catalogue
from harmony.settings import Zone, zone_root
from harmony.stages.journey import Release, StudyView
from harmony.stages.record import sha256_file
from harmony.store.control.database import Control
from harmony.studies.askable import check_askable
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

    Raises
    ------
    UsageError
        When the file is no study, or asks for a table, column or source that there is not.
    NotPermitted
        When the person may not propose it, or somebody of its team audits.
    """
    plan, _ = load_plan(study_file)
    with recorded(network) as (desk, control):
        policy = network_policy("workspace", desk.definitions)
        check_askable(plan, load(desk.definitions), policy, _sources(desk))
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
    with recorded(network) as (desk, control):
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
        folder = _write_result(desk.zone, facts, found, partial(put_on_record, control, person))
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
    HashMismatch, SignatureInvalid
        When the folder of the result is not exactly what its run wrote and signed.
    """
    check_id(result, "RES")
    with recorded(network) as (desk, control):
        folder = desk.zone.root / "results" / result
        record = read_result(desk.zone, folder)
        require_as_written(control, folder, record)
        files, report = folder / "files", folder / DISCLOSURE_FILE
        if _is_returned(control, result):
            state = airlock.resubmit(control, result, person, files, report, record.to_person, note, today())
        else:
            airlock.request(
                control,
                record.study,
                record.release,
                person,
                files,
                report,
                record.to_person,
                today(),
                result,
            )
            state = get_request(control, result).state
    return {
        "message": f"{result} is {state}; two output checkers see it next.",
        "result": result,
        "state": state,
    }


def _sources(desk: Desk) -> set[tuple[str, str]]:
    agreed = {(party, item.kind) for item in read_peers(desk.zone).agreements for party in item.parties}
    counted = read_catalogue(zone_root(desk.network, "public")).rows
    return agreed | {(row.provider, row.mark) for row in counted}


def _require_correctable(desk: Desk, control: Control, result: str, study: str) -> None:
    folder = desk.zone.folder("results") / check_id(result, "RES")
    if not folder.exists() and _beside(folder, "old").exists():
        # A run was killed between its two renames: the version before it still counts.
        _beside(folder, "old").rename(folder)
    if read_result(desk.zone, folder).study != study:
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


def _write_result(
    zone: Zone, facts: Mapping[str, str], found: StudyResult, put: Callable[[ResultRecord], None]
) -> Path:
    folder = zone.folder("results") / facts["result"]
    new, old = _beside(folder, "partial"), _beside(folder, "old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    (new / "files").mkdir(parents=True, mode=0o700)
    report = new / "files" / REPORT_FILE
    report.write_text(render_report(found.report), encoding="utf-8")
    card = {"title": found.report.title, "marks": sorted({block.mark for block in found.report.blocks})}
    (new / "files" / CARD_FILE).write_text(json.dumps(card, indent=1), encoding="utf-8")
    disclosure = {
        **facts,
        "report_sha256": sha256_file(report),
        "actions": found.actions,
        "to_person": found.to_person,
        "planted": _planted(found.report),
    }
    (new / DISCLOSURE_FILE).write_text(json.dumps(disclosure, indent=1), encoding="utf-8")
    # On record first: a run that is killed here leaves a version that cannot be asked out and is run again.
    put(sign_result(zone, new, facts, found.to_person))
    # Report and findings change together: a person must never judge findings of another version.
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def _beside(folder: Path, end: str) -> Path:
    return folder.with_name(f".{folder.name}.{end}")


def _is_returned(control: Control, result: str) -> bool:
    try:
        return get_request(control, result).state == "returned"
    except UsageError:
        return False


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
