"""A public zone as the demo leaves it: three marks, hidden and undeclared counts, a stopped delivery."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import report_example as example

from harmony.reporting.document import Report
from harmony.reporting.pages import render_report
from harmony.reporting.public import (
    HIDDEN,
    NOT_DECLARED,
    TRACK,
    Catalogue,
    CatalogueRow,
    Deliveries,
    DeliveryStatus,
    PublishedReport,
    StageStatus,
)
from harmony.reporting.public_files import show_released, write_catalogue, write_deliveries

NOW = "2026-11-24T09:12:00+00:00"


def rows() -> tuple[CatalogueRow, ...]:
    return (
        CatalogueRow("EBMT tables", "Acute myeloid leukaemia", "public", NOT_DECLARED, NOT_DECLARED,
                     2279, 2279, 2279, 2204, example.RELEASE, False),
        CatalogueRow("Mayo tables", "Multiple myeloma", "public", 1384, 1384, 1384, 1384, 1384, 1338,
                     example.RELEASE, False),
        CatalogueRow("Hospital Norte", "Acute myeloid leukaemia", "synthetic", 18240, 15110, 13690, 12940,
                     12870, 11460, example.RELEASE, False),
        CatalogueRow("Hospital Norte", "Myelodysplastic syndromes", "synthetic", 8350, 6990, 6480, 5030,
                     4960, 4410, example.RELEASE, False),
        CatalogueRow("Gruppo Sud", "Childhood blood cancers", "synthetic", 420, 338, HIDDEN, HIDDEN, 276,
                     164, example.RELEASE, True),
        CatalogueRow("Registry North", "Non-Hodgkin lymphoma", "synthetic", 21430, 9860, 0, 0, 0, 0, "",
                     False),
    )  # fmt: skip


def track(done: int, state: str = "waiting", word: str = "") -> tuple[StageStatus, ...]:
    stages = []
    for index, name in enumerate(TRACK):
        if index < done:
            stages.append(StageStatus(name, "done", f"2026-11-{2 + index:02d}T08:00:00+00:00"))
        elif index == done and state != "waiting":
            stages.append(StageStatus(name, state, "2026-11-20T09:12:00+00:00", word))
        else:
            stages.append(StageStatus(name, "waiting"))
    return tuple(stages)


def deliveries() -> tuple[DeliveryStatus, ...]:
    return (
        DeliveryStatus("DLV-00aa11bb22cc", "Hospital Norte", "synthetic", track(10), 0),
        DeliveryStatus("DLV-11bb22cc33dd", "Gruppo Sud", "synthetic", track(6, "stopped", "1 fatal problem"),
                       8, "Write the year with four digits in follow_up.csv, then send the delivery again."),
        DeliveryStatus("DLV-22cc33dd44ee", "EBMT tables", "public", track(7, "running", "2,279 patients"), 1),
    )  # fmt: skip


def publish_report(public: Path, report: Report, html: str, release: str, at: str) -> PublishedReport:
    """Show a report as if its decisions had been verified, published at a given time."""
    marks = list(dict.fromkeys(block.mark for block in report.blocks))
    statement = {"result": report.result, "study": report.study, "release": release}
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "report.html").write_text(html, encoding="utf-8")
        (folder / "card.json").write_text(json.dumps({"title": report.title, "marks": marks}))
        (folder / "result.json").write_text(json.dumps(statement))
        entry = public / "reports" / report.result / "result.json"
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.write_text(json.dumps({"schema": 1, "published_at": at}))
        return show_released(public, folder, statement)


def fill(network: Path) -> Path:
    """Write catalogue, deliveries and one report into the public zone of a network; return the zone."""
    public = network / "platform" / "public"
    public.mkdir(parents=True)
    write_catalogue(public, Catalogue(NOW, rows()))
    write_deliveries(public, Deliveries(NOW, deliveries()))
    report = example.report()
    publish_report(public, report, render_report(report), example.RELEASE, NOW)
    return public
