"""Coarser bands for a table: what may be merged before a small count is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harmony.disclosure.results import Merge

#: Widths that neighbouring bands grow to, one after the other.
WIDTHS: Final = (10, 20, 40)

Band = tuple[int, int]


def band_merges(levels: Sequence[str]) -> tuple[Merge, ...]:
    """
    Return the merges of a variable in bands: neighbours into bands of 10, then of 20 and of 40.

    Parameters
    ----------
    levels : sequence of str
        Labels such as 15-19; with any other label among them there are no merges.

    Returns
    -------
    tuple of Merge
        A merged label says its own limits: 10-14 and 15-19 become 10-19.
    """
    bands = [limits for level in levels if (limits := _limits(level)) is not None]
    if len(bands) != len(levels):
        return ()
    merges: list[Merge] = []
    for width in WIDTHS:
        groups: dict[int, list[Band]] = {}
        for band in bands:
            groups.setdefault(band[0] // width, []).append(band)
        bands = [(min(low for low, _ in group), max(high for _, high in group)) for group in groups.values()]
        for group, merged in zip(groups.values(), bands, strict=True):
            if len(group) > 1:
                merges.append(Merge(tuple(_label(band) for band in group), _label(merged)))
    return tuple(merges)


def _limits(level: str) -> Band | None:
    low, _, high = level.partition("-")
    return (int(low), int(high)) if low.isdigit() and high.isdigit() else None


def _label(band: Band) -> str:
    return f"{band[0]}-{band[1]}"
