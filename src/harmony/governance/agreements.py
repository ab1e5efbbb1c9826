"""The sources of a release and the agreements that allow their use today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harmony.errors import UsageError
from harmony.identity.peers import Agreement


@dataclass(frozen=True)
class Source:
    """One source of a release: provider, mark, the agreement it came under, its last day if one was set."""

    provider: str
    mark: str
    agreement: str
    until: dt.date | None


def release_sources(details: Mapping[str, Any]) -> tuple[Source, ...]:
    """Return the sources that a release's record lists; raise `UsageError` when it lists none."""
    sources = tuple(
        Source(
            entry["provider"],
            entry["mark"],
            entry["agreement"],
            dt.date.fromisoformat(entry["until"]) if entry.get("until") else None,
        )
        for entry in details.get("sources", ())
    )
    if not sources:
        raise UsageError("This release lists no sources.", "Make a release first: harmony release make.")
    return sources


def why_not(source: Source, agreements: Sequence[Agreement], today: dt.date) -> str:
    """
    Return why a source's data may not be used on a day, or an empty text when they may.

    The agreement is looked up at the moment of use: what was in force at release time does not count.
    """
    found = next((a for a in agreements if a.id == source.agreement), None)
    if found is None:
        return f"agreement {source.agreement} is not on file"
    if source.provider not in found.parties or found.kind != source.mark:
        return f"agreement {found.id} binds another provider or is of another kind"
    if today < found.valid_from:
        return f"agreement {found.id} begins on {found.valid_from.isoformat()}"
    last = min(found.until, source.until or found.until)
    if today > last:
        return f"agreement {found.id} ended on {last.isoformat()}"
    return ""


def split_sources(
    sources: Sequence[Source],
    approved: Collection[tuple[str, str]],
    agreements: Sequence[Agreement],
    today: dt.date,
) -> tuple[tuple[Source, ...], dict[str, str]]:
    """
    Return the sources that a study may use today, and why each other approved one is left out.

    Parameters
    ----------
    sources : sequence of Source
        Sources of the release.
    approved : collection of (str, str)
        Provider and mark of each source that the plan names.

    Returns
    -------
    (tuple of Source, dict of str to str)
        The second maps `provider/mark` to the reason.
    """
    allowed: list[Source] = []
    present = {(source.provider, source.mark) for source in sources}
    left_out = {
        f"{name}/{mark}": "not in this release" for name, mark in approved if (name, mark) not in present
    }
    for source in sources:
        if (source.provider, source.mark) in approved:
            reason = why_not(source, agreements, today)
            if reason:
                left_out[f"{source.provider}/{source.mark}"] = reason
            else:
                allowed.append(source)
    return tuple(allowed), left_out
