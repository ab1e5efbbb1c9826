"""From a section of a report to its pictures, each in four forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harmony.reporting.document import IncidenceFigure, ModelTable, Section, SurvivalFigure
from harmony.reporting.figures.forest import draw_forest
from harmony.reporting.figures.incidence import draw_incidence
from harmony.reporting.figures.look import CURVES_PER_PICTURE, LOOKS, MOST_GROUPS, Look
from harmony.reporting.figures.survival import draw_survival


@dataclass(frozen=True)
class Picture:
    """
    One picture in four forms.

    Attributes
    ----------
    svg : mapping of (scheme, width) to str
        SVG text of light and dark, wide and narrow.
    groups : tuple of str
        Groups that this picture shows.
    """

    svg: dict[tuple[str, str], str]
    groups: tuple[str, ...]


def draw(section: Section) -> tuple[Picture, ...]:
    """
    Return the pictures of a section; none for tables and notes.

    More than four curves become several pictures on the same axes; more than eight groups become none,
    because nobody can tell them apart: then the table of numbers stands alone.
    """
    if isinstance(section, ModelTable):
        return (_picture((), lambda look: draw_forest(section, look)),)
    if isinstance(section, SurvivalFigure):
        names = [curve.group for curve in section.curves]
        return tuple(_survival(section, names, part) for part in _parts(len(names)))
    if isinstance(section, IncidenceFigure):
        names = [curve.group for curve in max(section.panels.values(), key=len, default=())]
        return tuple(_incidence(section, names, part) for part in _parts(len(names)))
    return ()


def _survival(section: SurvivalFigure, names: Sequence[str], part: slice) -> Picture:
    curves = section.curves[part]
    return _picture(names[part], lambda look: draw_survival(section, curves, part.start, look))


def _incidence(section: IncidenceFigure, names: Sequence[str], part: slice) -> Picture:
    return _picture(names[part], lambda look: draw_incidence(section, part, look))


def _parts(groups: int) -> list[slice]:
    if groups > MOST_GROUPS:
        return []
    starts = range(0, groups, CURVES_PER_PICTURE)
    return [slice(start, min(start + CURVES_PER_PICTURE, groups)) for start in starts]


def _picture(groups: Sequence[str], drawing: Callable[[Look], str]) -> Picture:
    from altair.utils.schemapi import debug_mode

    # Altair checks every chart against its whole schema, which costs a third of a report's time; the charts
    # are ours, and the tests draw each of them.
    with debug_mode(False):
        return Picture({(look.scheme, look.width): drawing(look) for look in LOOKS}, tuple(groups))
