"""An actor's answer or error in words, as a terminal shows it; the demo's page shows the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Keys that only `--json` shows: too long for a screen.
JSON_ONLY: Final = (
    "message",
    "sources",
    "records",
    "zones",
    "rules",
    "columns",
    "planted",
    "listed",
    "not_shown",
)


def words(found: Mapping[str, Any]) -> str:
    """Return an answer as lines: its sentence first, then its facts."""
    lines = [str(found.get("message", ""))]
    for key, value in found.items():
        if key not in JSON_ONLY and value not in ("", None, [], {}):
            lines.extend(_entry(key.replace("_", " "), value))
    return "\n".join(lines)


def error_words(error: Mapping[str, Any]) -> str:
    """Return an error as lines: problems first, then what is wrong, what is allowed, what to do next."""
    lines = [summary_line(group) for group in error.get("summary", ())]
    if error.get("kinds_not_shown"):
        lines.append(f"  ... and {error['kinds_not_shown']} more kinds of problems in the report")
    if error.get("report"):
        lines.append(f"Full report: {error['report']}")
    lines.append(f"{error['code']}: {error['what']}")
    lines += [f"  Allowed: {error['allowed']}"] if error.get("allowed") else []
    lines += [f"  Next: {error['next']}"] if error.get("next") else []
    return "\n".join([*lines, f"(exit {error['exit']})"])


def summary_line(group: Mapping[str, Any]) -> str:
    """Return the problems of one rule and column as a line: severity, rule, place, lines, what is wrong."""
    column = f" [{group['column']}]" if group["column"] else ""
    start = f"{group['severity']:9} {group['rule']:14} {group['file']}{column}"
    lines, count = group["lines"], group["count"]
    if not lines:
        return f"{start}: {group['what']}"
    named = ", ".join(map(str, lines))
    more = f" and {count - len(lines):,} more" if count > len(lines) else ""
    return f"{start} line{'s' if count > 1 else ''} {named}{more}: {group['what']}"


def _entry(name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"  {name}: " + ", ".join(f"{key} {item}" for key, item in value.items())]
    if isinstance(value, list):
        return [f"  {name}:", *(f"    {_item(item)}" for item in value)]
    return [f"  {name}: {value}"]


def _item(item: Any) -> str:
    if isinstance(item, Mapping) and "rule" in item and "lines" in item:
        return summary_line(item)
    if isinstance(item, Mapping):
        return ", ".join(f"{key} {value}" for key, value in item.items())
    return str(item)
