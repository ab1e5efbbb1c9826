"""Let a released result out: verify both signatures and the files, then hand a public folder over."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmony.errors import FormatRefused, SignatureInvalid
from harmony.files import parse_json
from harmony.governance.acting import Case, Step, check_may_act
from harmony.governance.audit import changing
from harmony.governance.ids import check_id
from harmony.governance.members import find
from harmony.governance.output_requests import check_files, file_hashes, output_case
from harmony.governance.procedure import load
from harmony.governance.refusal import refusal
from harmony.governance.signatures import verify_signature
from harmony.store.control import governance as records
from harmony.store.control.audit import AuditEvent

if TYPE_CHECKING:
    from harmony.store.control.database import Control

RESULT_FILE = "result.json"

_DO_NOT_USE = "Do not use this copy; publish it again."

#: What the statement beside the files says and each decision was signed over.
STATED = ("result", "study", "release", "report_sha256")


def publish(
    control: Control,
    result: str,
    person: str,
    folder: Path,
    destination: Path,
    keys: Mapping[str, str],
    today: dt.date,
) -> Path:
    """
    Publish a released result.

    Parameters
    ----------
    result, person : str
        RES id, and MEM id of a publication officer.
    folder : Path
        The files as they were released.
    destination : Path
        Folder on the way to the public zone; `<destination>/<RES>/` gets the files and `result.json` with
        both signed decisions, so that anybody verifies it offline.
    keys : mapping of str to str
        Pinned public keys by MEM id, hex.

    Returns
    -------
    Path
        The published folder. A second call makes it again when a crash lost it.

    Raises
    ------
    NotPermitted
        When the result is not released, two valid decisions are missing, or the person may not publish.
    SignatureInvalid, HashMismatch, Tampered
        When a signature, a file or a decision is not what was signed.
    """
    final = destination / check_id(result, "RES")
    with changing(control, person, "publish", result) as connection:
        row = records.select_output(connection, result)
        if row is None:
            raise refusal(f"There is no output request {result}.", "P-STATE")
        case = output_case(connection, row)
        member = find(connection, person)
        # A crash after the commit leaves a published result without its folder: the same checks, no new step.
        again = case.state == "published"
        step = Step("publish", member, "", today, keys=keys)
        transition, role = check_may_act(replace(case, state="released") if again else case, step)
        check_files(folder, case)
        temporary = _prepare(case, folder, destination)
        if not again:
            detail = {"files": [f["sha256"] for f in case.files], "report_sha256": case.report_sha256}
            event = AuditEvent(person, role, transition.event, result, detail | {"to": transition.to})
            records.update_output(connection, row, transition.to, event)
    if final.exists():
        shutil.rmtree(final)
    os.rename(temporary, final)
    return final


def verify_published(folder: Path, keys: Mapping[str, str]) -> dict[str, Any]:
    """
    Verify a published result from its files alone and return its statement.

    Raises
    ------
    SignatureInvalid
        When there are fewer than two valid decisions of two people, or a decision was signed over another
        result, study, release, disclosure report or other files than the statement and folder show.
    FormatRefused
        When the statement or a decision is not in its form.
    HashMismatch
        When a link stands among the files.
    """
    try:
        return _verify_statement(folder, keys)
    except (AttributeError, KeyError, TypeError, OSError, RecursionError) as error:
        raise FormatRefused(f"{RESULT_FILE} of {folder.name} is not in its form.", _DO_NOT_USE) from error


def _verify_statement(folder: Path, keys: Mapping[str, str]) -> dict[str, Any]:
    raw = (folder / RESULT_FILE).read_bytes()
    statement: dict[str, Any] = parse_json(raw, RESULT_FILE, FormatRefused, _DO_NOT_USE)
    files = [entry for entry in file_hashes(folder) if entry["path"] != RESULT_FILE]
    shown = {name: statement[name] for name in STATED} | {"files": files, "decision": "release"}
    people = set()
    for decision in statement["decisions"]:
        body = parse_json(decision["signed"], "a decision", FormatRefused, _DO_NOT_USE)
        verify_signature(keys.get(body["person"], ""), decision["signed"].encode(), decision["signature"])
        if {name: body[name] for name in shown} != shown:
            raise SignatureInvalid(
                f"A decision about {statement['result']} was signed over something else.",
                _DO_NOT_USE,
            )
        people.add(body["person"])
    if len(people) < load().checkers.people:
        raise SignatureInvalid(
            f"{statement['result']} is not signed by two checkers as it lies here.", _DO_NOT_USE
        )
    return statement


def _prepare(case: Case, folder: Path, destination: Path) -> Path:
    temporary = destination / f".{case.id}.partial"
    if temporary.exists():
        shutil.rmtree(temporary)
    shutil.copytree(folder, temporary)
    decisions = [
        {"signed": act["signed"], "signature": act["signature"]}
        for act in case.acts
        if act["action"] == "release" and act["version"] == case.version
    ]
    statement = {
        "schema": 1,
        "result": case.id,
        "study": case.study,
        "release": case.release,
        "report_sha256": case.report_sha256,
        "decisions": decisions,
    }
    (temporary / RESULT_FILE).write_text(
        json.dumps(statement, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    for path in temporary.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    return temporary
