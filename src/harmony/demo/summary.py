"""`demo/summary.json`: the six counts, the release, what was refused, what was read, how long it took."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harmony.demo.steps import Done, Runner
from harmony.reporting.public import SIX_COUNTS
from harmony.reporting.public_files import read_catalogue

#: Steps that end with a refusal on purpose, in the words of the summary.
REFUSED: Final = {
    "check broken layout": "a delivery whose layout does not cover a column",
    "check broken data": "a delivery with wrong units, a death before diagnosis and a name",
    "ttp opens payload": "the trusted third party opening the payload",
    "run without approval": "a study that nobody approved",
    "trace refused": "a researcher following a row back to its hospital",
}


#: Steps whose answers say how far a provider's karyotypes and variants were read.
PACKED: Final = "pack "


def read_strings(steps: Mapping[str, Done]) -> list[dict[str, Any]]:
    """
    Return how far karyotypes and variants were read: one entry a provider and source column.

    Each has provider, kind, file, column, and cells by status: read, partly_read, no_result, other_test,
    unreadable.
    """
    return [
        {"provider": name.removeprefix(PACKED), **entry}
        for name, step in steps.items()
        if name.startswith(PACKED)
        for entry in step.answer.get("strings", ())
    ]


def write_summary(folder: Path, runner: Runner, report: Path, seconds: float) -> dict[str, Any]:
    """Write the summary of a finished demo and return it."""
    steps = {step.name: step for step in runner.steps}
    release = steps["release verify"].answer
    catalogue = read_catalogue(folder / "network" / "platform" / "public")
    counts = [
        {"provider": row.provider, "disease": row.disease, "mark": row.mark}
        | {name: getattr(row, name) for name in SIX_COUNTS}
        for row in catalogue.rows
    ]
    summary = {
        "counts": counts,
        "releases": [
            {
                "id": release["release"],
                "content_sha256": release["content_sha256"],
                "release_sha256": release["release_sha256"],
            }
        ],
        "report": report.name,
        "stages": [{"name": step.name, "seconds": step.seconds} for step in runner.steps if step.command],
        "seconds": round(runner.seconds, 1),
        "peak_mib": max(step.peak_mib for step in runner.steps),
        "refused": [
            {
                "what": what,
                "code": steps[name].answer["code"],
                "exit": steps[name].exit,
                "why": steps[name].answer["what"],
            }
            for name, what in REFUSED.items()
        ],
        "strings": read_strings(steps),
        "last_run_seconds": seconds,
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary
