"""
What the public zone holds for visitors: counts, where deliveries stand, and published reports.

Three kinds of files lie in `NETWORK/platform/public`: `catalogue.json`, `deliveries.json` and
`reports/RES-.../{report.html, result.json}`. Everything here was cleared by disclosure control before;
the dataclasses refuse what could not have been. `public_files` writes and reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from harmony.errors import UsageError
from harmony.reporting.document import Mark

#: A count that the provider never declared; it is not 0.
NOT_DECLARED: Final = "not declared"
#: A count that may not be shown; it is not 0 and not missing.
HIDDEN: Final = "[c]"

#: A published count: a number of patients, `NOT_DECLARED`, or `HIDDEN`.
Count = int | Literal["not declared", "[c]"]

#: The six counts in the order of the journey. They are shown together and never merged.
SIX_COUNTS: Final = ("identified", "agreed", "delivered", "quality_passed", "harmonised", "analysable")
#: Only these two are declared by the provider; the platform counts the others itself.
DECLARED_COUNTS: Final = ("identified", "agreed")

#: The ten stages of a delivery, in order.
TRACK: Final = (
    "Describe",
    "Convert",
    "Check",
    "Seal",
    "Third party",
    "Receive",
    "Quality gate",
    "Harmonise",
    "Anonymity gate",
    "Release",
)

State = Literal["done", "stopped", "running", "waiting"]

_MARKS: Final = get_args(Mark)
_STATES: Final = get_args(State)


@dataclass(frozen=True)
class CatalogueRow:
    """
    The six counts of one disease at one provider.

    Parameters
    ----------
    provider, disease : str
        Who delivered, and the disease group.
    mark : str
        patient, public or synthetic.
    identified, agreed : int or str
        Patients as the provider declared them, or `NOT_DECLARED`, or `HIDDEN`.
    delivered, quality_passed, harmonised, analysable : int or str
        Patients as the platform counted them, or `HIDDEN`.
    release : str
        REL id in which `analysable` was counted; empty before the first release.
    rounded : bool
        True when the counts were rounded. Counts of real patients always are.

    Raises
    ------
    UsageError
        When a count cannot be: negative, undeclared where the platform counts, more patients after a
        step than before it, exact for real patients.
    """

    provider: str
    disease: str
    mark: Mark
    identified: Count
    agreed: Count
    delivered: Count
    quality_passed: Count
    harmonised: Count
    analysable: Count
    release: str
    rounded: bool

    def __post_init__(self) -> None:
        _check_mark(self.mark)
        for name in SIX_COUNTS:
            _check_count(name, getattr(self, name))
        counted = [c for c in (getattr(self, name) for name in SIX_COUNTS[2:]) if isinstance(c, int)]
        if counted != sorted(counted, reverse=True):
            raise UsageError(
                f"The counts of {self.provider}, {self.disease} rise from one step to the next.",
                "Count each step among the patients of the step before.",
            )
        if self.mark == "patient" and not self.rounded:
            raise UsageError("Counts of real patients are exact.", "Round them before publication.")

    @property
    def counts(self) -> tuple[Count, ...]:
        """The six counts in the order of `SIX_COUNTS`."""
        return tuple(getattr(self, name) for name in SIX_COUNTS)


@dataclass(frozen=True)
class Catalogue:
    """
    All rows of the catalogue.

    Attributes
    ----------
    counted_at : str
        When it was counted, ISO 8601 with zone, or empty when nothing was counted yet.
    rows : tuple of CatalogueRow
        One row per provider, disease and mark, each once.
    """

    counted_at: str
    rows: tuple[CatalogueRow, ...]

    def __post_init__(self) -> None:
        keys = [(row.provider, row.disease, row.mark) for row in self.rows]
        if len(keys) != len(set(keys)):
            raise UsageError("A provider, disease and mark stand in the catalogue twice.", "Count them once.")


@dataclass(frozen=True)
class StageStatus:
    """
    One stage of a delivery's track.

    Attributes
    ----------
    name : str
        One of `TRACK`.
    state : str
        done, stopped, running or waiting.
    at : str
        When the stage reached this state, ISO 8601; empty while it waits.
    word : str
        A few words under the name, such as "1,384 patients"; may be empty.
    """

    name: str
    state: State
    at: str = ""
    word: str = ""

    def __post_init__(self) -> None:
        if self.state not in _STATES:
            raise UsageError(f"A stage cannot be '{self.state}'.", "", ", ".join(_STATES))


@dataclass(frozen=True)
class DeliveryStatus:
    """
    Where one delivery stands.

    Parameters
    ----------
    id : str
        DLV id.
    provider : str
        Who sent it.
    mark : str
        patient, public or synthetic.
    stages : tuple of StageStatus
        All ten of `TRACK` in order: done ones, then at most one stopped or running, then waiting ones.
    problems : int or str
        Open problems of all severities, or `HIDDEN`.
    next_step : str
        What happens next and who does it; empty when nothing is to do.

    Raises
    ------
    UsageError
        When the stages are not such a track, or the id is not a delivery's.
    """

    id: str
    provider: str
    mark: Mark
    stages: tuple[StageStatus, ...]
    problems: Count
    next_step: str = ""

    def __post_init__(self) -> None:
        check_id("DLV", self.id)
        _check_mark(self.mark)
        if tuple(stage.name for stage in self.stages) != TRACK:
            raise UsageError(f"Delivery {self.id} has not the ten stages in order.", "", ", ".join(TRACK))
        states = "".join({"done": "d", "waiting": "w"}.get(stage.state, "x") for stage in self.stages)
        if not re.fullmatch("d*x?w*", states):
            raise UsageError(
                f"Delivery {self.id} goes on behind a stage that is not done.",
                "Give done stages first, then at most one stopped or running, then waiting ones.",
            )
        _check_count("problems", self.problems)

    @property
    def current(self) -> StageStatus:
        """The stage where the delivery stands: the first that is not done, else the last."""
        return next((stage for stage in self.stages if stage.state != "done"), self.stages[-1])


@dataclass(frozen=True)
class Deliveries:
    """All deliveries at one moment; `as_of` is ISO 8601 with zone, or empty when there is none yet."""

    as_of: str
    rows: tuple[DeliveryStatus, ...]


@dataclass(frozen=True)
class PublishedReport:
    """
    One published report, as `result.json` describes it.

    Attributes
    ----------
    result, study, release : str
        RES, STU and REL ids.
    title : str
        Title of the study.
    published_at : str
        ISO 8601 with zone.
    marks : tuple of str
        Marks of the report's blocks.
    report_sha256 : str
        SHA-256 of `report.html` in hex.
    """

    result: str
    study: str
    title: str
    published_at: str
    release: str
    marks: tuple[Mark, ...]
    report_sha256: str

    def __post_init__(self) -> None:
        for prefix, text in (("RES", self.result), ("STU", self.study), ("REL", self.release)):
            check_id(prefix, text)
        for mark in self.marks:
            _check_mark(mark)


def check_id(prefix: str, text: str) -> None:
    """Raise `UsageError` unless `text` is `prefix`, a hyphen and 12 lower-case hex digits."""
    if not re.fullmatch(rf"{prefix}-[0-9a-f]{{12}}", text):
        raise UsageError(f"This is not an id of kind {prefix}.", "", f"{prefix}- and 12 hex digits")


def _check_mark(mark: str) -> None:
    if mark not in _MARKS:
        raise UsageError(f"There is no mark '{mark}'.", "", ", ".join(_MARKS))


def _check_count(name: str, count: Count) -> None:
    if isinstance(count, bool) or not isinstance(count, int | str):
        raise UsageError(f"The count {name} is no count.", "", "0 or more, not declared, [c]")
    if isinstance(count, int) and count < 0:
        raise UsageError(f"The count {name} is below 0.", "", "0 or more")
    if count == NOT_DECLARED and name not in DECLARED_COUNTS:
        raise UsageError(f"The platform counts {name} itself; it cannot be undeclared.", "Count it.")
    if isinstance(count, str) and count not in (NOT_DECLARED, HIDDEN):
        raise UsageError(f"The count {name} is no count.", "", "0 or more, not declared, [c]")
