"""
The types of the journey. A gate takes one type and returns another, so that a function that needs
checked data cannot be called with unchecked data. Each type has one maker, named in its docstring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmony.stages.record import StageRecord


@dataclass(frozen=True)
class Stage:
    """A finished stage: its folder and its verified record."""

    folder: Path
    record: StageRecord

    def path(self, name: str) -> Path:
        """Return the path of one output."""
        return self.folder / name

    @property
    def details(self) -> dict[str, Any]:
        """The small facts that the stage wrote into its record."""
        return self.record.details


class CommonTables(Stage):
    """Dictionary-shaped tables at the hospital. Made by `intake.convert` only."""


class QualityReport(Stage):
    """Verdict, every problem, numerator and denominator of every rule. Made by `quality.gate` only."""


class PassedTables(Stage):
    """Common tables without a fatal problem, set-aside rows removed. Made by `quality.gate` only."""


class SealedDelivery(Stage):
    """Manifest and two sealed files. Made by `identity.pack` only."""


class RelayedDelivery(Stage):
    """The TTP's answer beside the unopened payload. Made by `identity.ttp` only."""


class ReceivedDelivery(Stage):
    """Opened tables under person ids in the restricted zone. Made by `intake.receive` only."""


class CheckedTables(Stage):
    """Received tables that passed the platform's quality gate. Made by `quality.gate` only."""


class HarmonisedTables(Stage):
    """Checked tables with their OMOP copy, proved equal. Made by `omop.harmonise` only."""


class ResearchTables(Stage):
    """De-identified tables without dates and provenance. Made by `anonymity.gate` only."""


class Release(Stage):
    """Research tables of all sources as one immutable, hashed release. Made by `releases.assemble` only."""


@dataclass(frozen=True)
class StudyView:
    """
    A release cut down to what one approved study may see. Made by `governance.access` only.

    Attributes
    ----------
    release : Release
        Where the rows come from.
    study : str
        STU id.
    tables : tuple of str
        Approved tables.
    columns : mapping of str to tuple of str
        Approved columns by table; `person` is a pseudonym of this study.
    sources : tuple of str
        Approved providers.
    folder : Path
        Parquet files of the view, one a table.
    clause : str
        Why access is allowed: agreement and approval.
    """

    release: Release
    study: str
    tables: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    folder: Path
    clause: str
