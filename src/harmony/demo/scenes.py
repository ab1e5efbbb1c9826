"""The demo told in six scenes: a claim, the command to repeat it, and what it really printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from harmony import __version__
from harmony.demo.steps import Done, Runner
from harmony.demo.summary import read_strings
from harmony.reporting.public_files import read_catalogue
from harmony.reporting.scenes import Link, PartyHolding, Scene, render_index

#: How far a cell was read, in the words of the page.
STATUSES: Final = {
    "read": "read whole",
    "partly_read": "read in part",
    "no_result": "without result",
    "other_test": "of another test",
    "unreadable": "not read",
}


def write_index(folder: Path, runner: Runner, report: Path, summary: dict[str, Any]) -> Path:
    """Write `index.html` from the finished steps and return its path."""
    steps = {step.name: step for step in runner.steps}
    scenes = (
        _refused(steps),
        _sealed(steps),
        _separated(steps),
        _released(steps, folder),
        _unapproved(steps),
        _published(steps, report),
    )
    release = summary["releases"][0]
    facts = (
        ("Network", steps["network init"].answer["network"]),
        (
            "Separation level",
            steps["separation"].answer["message"].removeprefix("Separation level "),
        ),
        ("Release", f"{release['id']}, content {release['content_sha256'][:16]}"),
        ("Steps and seconds", f"{len(summary['stages'])} commands, {summary['seconds']:.0f} s"),
        ("Largest process", f"{summary['peak_mib']:.0f} MiB"),
        ("Code version", __version__),
    )
    path = folder / "index.html"
    path.write_text(render_index(scenes, _parties(steps), facts), encoding="utf-8")
    return path


def _told(*steps: Done) -> tuple[str, str]:
    commands = "\n".join(step.command for step in steps)
    outputs = "\n\n".join(f"$ {step.command}\n{step.output}" for step in steps)
    return commands, outputs


def _refused(steps: dict[str, Done]) -> Scene:
    command, output = _told(steps["check broken layout"], steps["check broken data"])
    found = steps["planted found"].answer
    claim = (
        "Two broken deliveries stop inside the hospital, without network. All "
        f"{found['planted']} problems planted in the second are in its report by file, line, column and "
        "rule, and no line shows a value."
    )
    planted = "\n".join(["Planted problems, looked up in the full report:", *found["lines"]])
    return Scene(1, "What is broken does not leave", claim, command, f"{output}\n\n{planted}", refused=True)


def _sealed(steps: dict[str, Done]) -> Scene:
    names = ["check P02", *[name for name in ("pack P02", "pack P01", "pack P03") if name in steps]]
    command, output = _told(*(steps[name] for name in names))
    claim = (
        "Repaired, the delivery passes; patient numbers become pseudonyms, and two files are sealed to one "
        f"reader each. {_read_claim(read_strings(steps))}"
    ).rstrip()
    lines = "\n".join(_string_line(entry) for entry in read_strings(steps))
    return Scene(2, "Repaired, pseudonymised, sealed", claim, command, f"{output}\n\n{lines}".rstrip())


def _read_claim(strings: Sequence[dict[str, Any]]) -> str:
    if not strings:
        return ""
    unread = sum(entry["partly_read"] + entry["other_test"] + entry["unreadable"] for entry in strings)
    return (
        "Karyotypes and variants leave only as our reader prints them: "
        f"{unread:,} of {sum(map(_cells, strings)):,} cells were not read whole, count as not assessed, and "
        "their text stays."
    )


def _cells(entry: dict[str, Any]) -> int:
    return sum(entry[status] for status in STATUSES)


def _string_line(entry: dict[str, Any]) -> str:
    told = ", ".join(f"{entry[status]:,} {word}" for status, word in STATUSES.items())
    return f"{entry['provider']} {entry['kind']} in {entry['column']}: {_cells(entry):,} cells, {told}"


def _separated(steps: dict[str, Done]) -> Scene:
    command, output = _told(steps["relay P02"], steps["ttp opens payload"])
    claim = (
        "The trusted third party gives each handle a person and relays the payload. It tries to open it and "
        "cannot. The table below shows what each party holds; on one account this shows formats and "
        "refusals, no secrecy."
    )
    return Scene(3, "The third party cannot look inside", claim, command, output, refused=True)


def _released(steps: dict[str, Done], folder: Path) -> Scene:
    command, output = _told(steps["privacy assess"], steps["release make"], steps["release verify"])
    rows = read_catalogue(folder / "network" / "platform" / "public").rows
    counts = "\n".join(f"{row.provider} {row.disease} {row.mark}: {_six(row.counts)}" for row in rows)
    gate = "\n".join(_gate_lines(steps["privacy assess"].answer["sources"]))
    claim = (
        "Six counts that are never merged, what the anonymity gate did, and an estimate before and after it."
    )
    title = "identified / agreed / delivered / quality-passed / harmonised / analysable"
    return Scene(4, "What was released", claim, command, f"{output}\n\n{title}\n{counts}\n\n{gate}")


def _six(counts: Sequence[Any]) -> str:
    return " / ".join(str(count) for count in counts)


def _gate_lines(sources: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for source in sources:
        levels = ", ".join(f"{field} {level}" for field, level in source["levels"].items())
        lines.append(f"{source['provider']} ({source['mark']}): {levels}; cells blanked: {source['blanked']}")
        for name, (before, after) in source["estimates"].items():
            lines.append(f"  {name}: before {_interval(before)}, after {_interval(after)}")
    return lines


def _interval(estimate: Sequence[float] | None) -> str:
    if estimate is None:
        return "not estimable"
    value, lower, upper = estimate[:3]
    return f"{value:.3f} (95% CI {lower:.3f} to {upper:.3f})"


def _unapproved(steps: dict[str, Done]) -> Scene:
    command, output = _told(steps["study propose"], steps["run without approval"])
    claim = "A study that nobody approved does not run; the refusal names the clause (exit 30)."
    return Scene(5, "No approval, no data", claim, command, output, refused=True)


def _published(steps: dict[str, Done], report: Path) -> Scene:
    names = (
        "approve by chair", "open by steward", "study run", "output request", "first check by checker_a",
        "sent back", "study run corrected", "output request corrected", "released by checker_a",
        "released by checker_b", "output publish", "public update", "audit verify",
    )  # fmt: skip
    command, output = _told(*(steps[name] for name in names if name in steps))
    told = (
        "A table shows a class of 0 or 100 per cent: a person must judge it, one checker sends it back, and "
        "the corrected report leaves"
        if "sent back" in steps
        else "No table tells a whole group's value, so nothing is sent back, and the report leaves"
    )
    claim = f"Approved by three reviewers and the chair, the study runs. {told} with two signatures."
    links = (Link("Read the published report", report.name),)
    return Scene(6, "Approved, checked, corrected, published", claim, command, output, links=links)


def _parties(steps: dict[str, Done]) -> tuple[PartyHolding, ...]:
    hospital = _holding(steps["attest P02"].answer)
    third = _holding(steps["attest ttp"].answer)
    platform = _holding(steps["attest restricted"].answer)
    return (
        PartyHolding(
            "Hospital P02",
            hospital,
            ("Learns no person id of the platform.", "Sees no other provider's data."),
        ),
        PartyHolding(
            "Trusted third party",
            third,
            ("Has no key for any payload.", "Has no code that reads a clinical table."),
        ),
        PartyHolding(
            "Platform, restricted zone",
            platform,
            ("Never sees a local number.", "Never sees a first pseudonym."),
        ),
    )


def _holding(statement: dict[str, Any]) -> tuple[str, ...]:
    keys = ", ".join(key["name"] for key in statement["keys"])
    stages = ", ".join(f"{name} ({count})" for name, count in statement["stages"].items())
    columns = statement["columns"].get("patient", [])
    shown = ", ".join(columns) if columns else "no table at all"
    return (f"Keys: {keys}.", f"Finished stages: {stages}.", f"Columns of its table patient: {shown}.")
