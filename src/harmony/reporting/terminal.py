"""An actor's answer or error in words, as a terminal shows it; the demo's page shows the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Keys that only `--json` shows: too long for a screen.
JSON_ONLY: Final = ("message", "sources", "records", "zones", "rules", "columns", "planted")


def words(found: Mapping[str, Any]) -> str:
    """Return an answer as lines: its sentence first, then its facts."""
    lines = [str(found.get("message", ""))]
    for key, value in found.items():
        if key not in JSON_ONLY and value not in ("", None, [], {}):
            lines.extend(_entry(key.replace("_", " "), value))
    return "\n".join(lines)


def error_words(error: Mapping[str, Any]) -> str:
    """Return an error as lines: problems first, then what is wrong, what is allowed, what to do next."""
    lines = [problem_line(problem) for problem in error.get("listed", ())]
    if error.get("not_shown"):
        lines.append(f"  ... and {error['not_shown']} more lines in the report")
    if error.get("report"):
        lines.append(f"Full report: {error['report']}")
    lines.append(f"{error['code']}: {error['what']}")
    lines += [f"  Allowed: {error['allowed']}"] if error.get("allowed") else []
    lines += [f"  Next: {error['next']}"] if error.get("next") else []
    return "\n".join([*lines, f"(exit {error['exit']})"])


def problem_line(problem: Mapping[str, Any]) -> str:
    """Return one problem as a line: severity, rule, file, line, column, what is wrong."""
    place = f"{problem['file']}:{problem['line']}" if problem["line"] else problem["file"]
    column = f" [{problem['column']}]" if problem["column"] else ""
    return f"{problem['severity']:9} {problem['rule']:14} {place}{column}: {problem['what']}"


def _entry(name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"  {name}: " + ", ".join(f"{key} {item}" for key, item in value.items())]
    if isinstance(value, list):
        return [f"  {name}:", *(f"    {_item(item)}" for item in value)]
    return [f"  {name}: {value}"]


def _item(item: Any) -> str:
    if isinstance(item, Mapping) and "rule" in item and "file" in item:
        return problem_line(item)
    if isinstance(item, Mapping):
        return ", ".join(f"{key} {value}" for key, value in item.items())
    return str(item)
