"""The words under every number: definition, denominator, who is missing, sources, level, release, version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harmony import __version__
from harmony.reporting.document import Explanation, Mark
from harmony.stages.journey import StudyView


@dataclass(frozen=True)
class Explainer:
    """
    Writes explanations for one block of a study.

    Attributes
    ----------
    mark : str
        Mark of the block.
    sources : tuple of str
        Providers of the block that the study may use today.
    release : str
        REL id with its fingerprint.
    level : str
        Lowest quality level among the sources.
    index_event : str
        What day 0 is, in words.
    """

    mark: Mark
    sources: tuple[str, ...]
    release: str
    level: str
    index_event: str

    def explain(self, definition: str, denominator: str, missing: str) -> Explanation:
        """Return the explanation of one table or figure."""
        return Explanation(
            definition=definition,
            denominator=denominator,
            missing=missing,
            sources=self.sources,
            mark=self.mark,
            quality_level=self.level,
            release=self.release,
            code_version=__version__,
        )


def counted(
    words: Explanation, inside: int, size: int, place: str, reason: str, least_cell: int
) -> Explanation:
    """
    Return an explanation that says how many patients a number stands on, and how many it does not.

    Parameters
    ----------
    inside, size : int
        Patients in the table, figure or model, and in the cohort.
    place, reason : str
        "in a curve"; why the others are not there.
    least_cell : int
        The policy's minimum cell; a smaller number is written as "fewer than".
    """

    def said(count: int) -> str:
        return f"fewer than {least_cell}" if 0 < count < least_cell else f"{count:,}"

    text = f"{said(inside)} of {said(size)} patients are {place}"
    others = f"; {said(size - inside)} are not: {reason}." if size > inside else "."
    return replace(words, missing=f"{words.missing} {text[0].upper()}{text[1:]}{others}")


def explainer(view: StudyView, mark: Mark, sources: tuple[str, ...]) -> Explainer:
    """Return the explainer of a block over the sources that the view really has."""
    details: Mapping[str, Any] = view.release.details
    used = [s for s in details["sources"] if s["provider"] in sources and s["provider"] in view.sources]
    named = tuple(f"{s['provider']}: {s.get('source', 'source not named')}" for s in used)
    levels = [s.get("level", "D") for s in used]
    release = f"{view.release.record.key}, content {details['content_sha256'][:16]}"
    events = sorted({s.get("index_event", "index event") for s in used})
    return Explainer(mark, named, release, max(levels, default="D"), " or ".join(events) or "index event")
