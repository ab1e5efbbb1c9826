"""Turns catalogue rows into what the table writes: texts, bar lengths, losses and the largest loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, get_args

from harmony.reporting import words
from harmony.reporting.document import Mark
from harmony.reporting.public import HIDDEN, NOT_DECLARED, CatalogueRow, Count

#: Heading and explanation of each of the six counts.
HEADINGS: Final = (
    ("Identified", "known to exist"),
    ("Agreed", "agreement in force"),
    ("Delivered", "received and opened"),
    ("Quality passed", "no fatal problem"),
    ("Harmonised", "mapped to OMOP"),
    ("Analysable", "in the release"),
)


@dataclass(frozen=True)
class Step:
    """
    One cell: count in words, bar length from 0 to 100 or None, loss against the count before in words or
    empty, and whether it is the row's largest loss.
    """

    text: str
    bar: str | None
    loss: str
    largest: bool


@dataclass(frozen=True)
class Row:
    """One row of the catalogue table."""

    provider: str
    disease: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class MarkBlock:
    """The rows of one mark, with caption, legend and releases; marks never share a table."""

    mark: Mark
    rows: tuple[Row, ...]
    rounding: str
    legend: tuple[tuple[str, str], ...]
    releases: str


def blocks(rows: Iterable[CatalogueRow]) -> tuple[MarkBlock, ...]:
    """Return one block per mark that has rows, patients' data first."""
    found = list(rows)
    return tuple(
        _block(mark, [row for row in found if row.mark == mark])
        for mark in get_args(Mark)
        if any(row.mark == mark for row in found)
    )


def _block(mark: Mark, rows: list[CatalogueRow]) -> MarkBlock:
    rounded = {row.rounded for row in rows}
    rounding = {
        frozenset({True}): "Counts are rounded.",
        frozenset({False}): "Counts are exact.",
    }.get(frozenset(rounded), "Counts of some rows are rounded.")
    releases = sorted({row.release for row in rows if row.release})
    return MarkBlock(
        mark,
        tuple(Row(row.provider, row.disease, steps(row.counts)) for row in rows),
        f"Each patient is counted once per provider and disease. {rounding}",
        _legend(rows),
        ", ".join(releases) or "no release yet",
    )


def _legend(rows: list[CatalogueRow]) -> tuple[tuple[str, str], ...]:
    used = {count for row in rows for count in row.counts}
    legend = []
    if HIDDEN in used:
        legend.append((HIDDEN, words.MARKER_WORDS["c"]))
    if NOT_DECLARED in used:
        legend.append((NOT_DECLARED, "the provider gave no number; it is not 0."))
    if legend and 0 in used:
        legend.append(("0", words.ZERO_WORDS))
    return tuple(legend)


def steps(counts: tuple[Count, ...]) -> tuple[Step, ...]:
    """
    Return the six cells of a row.

    A loss is shown only between two neighbouring numbers: across a hidden count it would give it away.
    """
    base = next((count for count in counts if isinstance(count, int) and count > 0), None)
    losses = [_loss(before, after) for before, after in zip((None, *counts), counts, strict=False)]
    largest = max((loss for loss in losses if loss is not None), default=0)
    place = losses.index(largest) if largest > 0 else -1
    return tuple(
        Step(
            words.count(count),
            _bar(count, base),
            _loss_words(loss, counts[index - 1]),
            index == place,
        )
        for index, (count, loss) in enumerate(zip(counts, losses, strict=True))
    )


def _loss(before: Count | None, after: Count) -> int | None:
    return before - after if isinstance(before, int) and isinstance(after, int) else None


def _loss_words(loss: int | None, before: Count) -> str:
    if loss is None:
        return ""
    if loss <= 0 or not isinstance(before, int) or before == 0:
        return "none lost" if loss == 0 else f"+{words.number(-loss)}"
    return f"−{words.number(loss)} ({words.share(loss / before)})"


def _bar(count: Count, base: int | None) -> str | None:
    if not isinstance(count, int) or base is None:
        return None
    return f"{min(100.0, 100 * count / base):.1f}"
