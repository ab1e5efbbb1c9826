"""
Writes and reads the files of the public zone.

A file appears whole or not at all: it is written beside its place and renamed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from harmony.errors import FormatRefused, HashMismatch, UsageError
from harmony.reporting.public import (
    Catalogue,
    CatalogueRow,
    Deliveries,
    DeliveryStatus,
    PublishedReport,
    StageStatus,
    check_id,
)

SCHEMA: Final = 1
CATALOGUE_FILE: Final = "catalogue.json"
DELIVERIES_FILE: Final = "deliveries.json"
REPORTS_FOLDER: Final = "reports"


def write_catalogue(public: Path, catalogue: Catalogue) -> Path:
    """Write `catalogue.json` into the public zone's folder and return its path."""
    return _write_json(public / CATALOGUE_FILE, asdict(catalogue))


def read_catalogue(public: Path) -> Catalogue:
    """
    Read `catalogue.json`; a missing file is an empty catalogue.

    Raises
    ------
    FormatRefused
        When the file does not have the form that `write_catalogue` gives it.
    """
    body = _read_json(public / CATALOGUE_FILE)
    if body is None:
        return Catalogue("", ())
    try:
        return Catalogue(body["counted_at"], tuple(CatalogueRow(**row) for row in body["rows"]))
    except (KeyError, TypeError, UsageError) as error:
        raise _wrong_form(CATALOGUE_FILE) from error


def write_deliveries(public: Path, deliveries: Deliveries) -> Path:
    """Write `deliveries.json` into the public zone's folder and return its path."""
    return _write_json(public / DELIVERIES_FILE, asdict(deliveries))


def read_deliveries(public: Path) -> Deliveries:
    """
    Read `deliveries.json`; a missing file means that no delivery arrived yet.

    Raises
    ------
    FormatRefused
        When the file does not have the form that `write_deliveries` gives it.
    """
    body = _read_json(public / DELIVERIES_FILE)
    if body is None:
        return Deliveries("", ())
    try:
        return Deliveries(body["as_of"], tuple(_delivery(row) for row in body["rows"]))
    except (KeyError, TypeError, UsageError) as error:
        raise _wrong_form(DELIVERIES_FILE) from error


def show_released(public: Path, folder: Path, statement: Mapping[str, Any]) -> PublishedReport:
    """
    Put a report into the public zone whose signed decisions were verified.

    Parameters
    ----------
    folder : Path
        `report.html`, `card.json` (title, marks) and `result.json` with both signed decisions.
    statement : mapping
        The verified content of `result.json`: result, study, release.

    Returns
    -------
    PublishedReport
        The entry; the decisions stand beside it as `decisions.json`, so that a reader verifies them offline.
    """
    card = _read_card(folder / "card.json")
    html = (folder / "report.html").read_bytes()
    target = public / REPORTS_FOLDER / str(statement["result"])
    known = _read_json(target / "result.json")
    now = dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()
    entry = PublishedReport(
        str(statement["result"]),
        str(statement["study"]),
        card["title"],
        known["published_at"] if known else now,
        str(statement["release"]),
        tuple(card["marks"]),
        hashlib.sha256(html).hexdigest(),
    )
    target.mkdir(parents=True, exist_ok=True)
    _write(target / "report.html", html)
    _write(target / "decisions.json", (folder / "result.json").read_bytes())
    _write_json(target / "result.json", asdict(entry))
    return entry


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(card["title"], str) and all(isinstance(mark, str) for mark in card["marks"]):
            return dict(card)
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise _wrong_form(path.name) from error
    raise _wrong_form(path.name)


def list_reports(public: Path) -> tuple[PublishedReport, ...]:
    """Return the published reports, newest first; raises `FormatRefused` when an entry is broken."""
    entries = [_entry(path) for path in sorted((public / REPORTS_FOLDER).glob("RES-*/result.json"))]
    return tuple(sorted(entries, key=lambda entry: (entry.published_at, entry.result), reverse=True))


def read_report(public: Path, result: str) -> str | None:
    """
    Return a published report's HTML, or None when there is none.

    Parameters
    ----------
    result : str
        RES id.

    Raises
    ------
    UsageError
        When `result` is not a RES id.
    HashMismatch
        When the file is not the one that was published.
    """
    check_id("RES", result)
    folder = public / REPORTS_FOLDER / result
    if not (folder / "result.json").is_file():
        return None
    content = (folder / "report.html").read_bytes()
    if hashlib.sha256(content).hexdigest() != _entry(folder / "result.json").report_sha256:
        raise HashMismatch(f"The file of {result} is not the one that was published.", "Publish it again.")
    return content.decode()


def _entry(path: Path) -> PublishedReport:
    body = _read_json(path) or {}
    body.pop("schema", None)
    try:
        entry = PublishedReport(**{**body, "marks": tuple(body["marks"])})
    except (KeyError, TypeError, UsageError) as error:
        raise _wrong_form(path.name) from error
    if entry.result != path.parent.name:
        raise _wrong_form(path.name)
    return entry


def _delivery(row: Mapping[str, Any]) -> DeliveryStatus:
    return DeliveryStatus(**{**row, "stages": tuple(StageStatus(**stage) for stage in row["stages"])})


def _read_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _wrong_form(path.name) from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise _wrong_form(path.name)
    return body


def _write_json(path: Path, body: Mapping[str, Any]) -> Path:
    text = json.dumps({"schema": SCHEMA, **body}, indent=1, sort_keys=True, ensure_ascii=False)
    return _write(path, (text + "\n").encode())


def _write(path: Path, content: bytes) -> Path:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    return path


def _wrong_form(name: str) -> FormatRefused:
    return FormatRefused(f"{name} in the public zone is not in its form.", "Publish it again.")
