"""
Prepares the sections of a report for the templates: numbers, pictures, and which markers need a legend.

Everything shown about a section is decided here, so that templates only write it down.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import groupby
from typing import Any, Final

from harmony.reporting import words
from harmony.reporting.document import (
    Attrition,
    Block,
    Cell,
    CharacteristicRow,
    Characteristics,
    Comparison,
    Curve,
    IncidenceFigure,
    Mark,
    ModelTable,
    Note,
    Report,
    Section,
    SurvivalFigure,
)
from harmony.reporting.figures.draw import Picture, draw
from harmony.reporting.figures.incidence import scale_end

#: Template of each kind of section, and whether it is counted as a figure or a table.
TEMPLATES: Final[dict[type, tuple[str, str]]] = {
    Attrition: ("attrition", ""),
    Characteristics: ("characteristics", "Table"),
    SurvivalFigure: ("survival", "Figure"),
    IncidenceFigure: ("incidence", "Figure"),
    ModelTable: ("model", "Figure"),
    Comparison: ("comparison", "Table"),
    Note: ("note", ""),
}


@dataclass(frozen=True)
class ShownPicture:
    """A picture as `data:` addresses by form, its groups, and its size in pixels in the wide form."""

    sources: dict[str, str]
    groups: tuple[str, ...]
    width: str
    height: str


@dataclass(frozen=True)
class ShownSection:
    """
    A section with everything that its template writes.

    Attributes
    ----------
    section : Section
        The published values.
    mark : str
        Mark of its block, named in every caption.
    template : str
        File name without ending under `templates/sections`.
    name : str
        "Figure 2", "Table 1" or empty.
    anchor : str
        Id of the element.
    pictures : tuple of ShownPicture
        Its pictures.
    markers : tuple of (str, str)
        Markers used, with their words, for the legend.
    details : dict
        Values that only this kind of section needs.
    """

    section: Section
    mark: Mark
    template: str
    name: str
    anchor: str
    pictures: tuple[ShownPicture, ...]
    markers: tuple[tuple[str, str], ...]
    details: dict[str, Any]


@dataclass(frozen=True)
class ShownBlock:
    """A block with its prepared sections."""

    block: Block
    anchor: str
    sections: tuple[ShownSection, ...]


def show_blocks(report: Report) -> tuple[ShownBlock, ...]:
    """Prepare all blocks of a report; figures and tables are numbered through the whole report."""
    numbers = {"Figure": 0, "Table": 0}
    shown = []
    for place, block in enumerate(report.blocks, start=1):
        anchor = f"block-{place}"
        sections = tuple(
            _show(section, block.mark, f"{anchor}-{index}", numbers)
            for index, section in enumerate(block.sections, start=1)
        )
        shown.append(ShownBlock(block, anchor, sections))
    return tuple(shown)


def _show(section: Section, mark: Mark, anchor: str, numbers: dict[str, int]) -> ShownSection:
    template, kind = TEMPLATES[type(section)]
    name = ""
    if kind:
        numbers[kind] += 1
        name = f"{kind} {numbers[kind]}"
    pictures = tuple(_picture(picture) for picture in draw(section))
    return ShownSection(
        section, mark, template, name, anchor, pictures, markers_of(section), _details(section)
    )


def _picture(picture: Picture) -> ShownPicture:
    sources = {
        f"{scheme}_{width}": "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
        for (scheme, width), svg in picture.svg.items()
    }
    head = picture.svg["light", "wide"][:400]
    return ShownPicture(sources, picture.groups, _attribute(head, "width"), _attribute(head, "height"))


def _attribute(svg: str, name: str) -> str:
    return svg.split(f' {name}="', 1)[1].split('"', 1)[0]


def markers_of(section: Section) -> tuple[tuple[str, str], ...]:
    """Return the markers that a section shows, with their words; zero joins when it stands beside one."""
    used = {cell.marker for cell in _cells(section) if cell.marker}
    if isinstance(section, Characteristics) and any(
        _unreliable(row, section.missing.get(row.variable, ())) for row in section.rows
    ):
        used.add("u")
    legend = [(f"[{marker}]", text) for marker, text in words.MARKER_WORDS.items() if marker in used]
    if legend and any(cell.value == 0 for cell in _cells(section)):
        legend.append(("0", words.ZERO_WORDS))
    return tuple(legend)


def _unreliable(row: CharacteristicRow, missing: tuple[Cell, ...]) -> bool:
    hidden = missing or (None,) * len(row.counts)
    cells = zip(row.counts, row.percents, hidden, strict=True)
    return any(words.percent(percent, count, gone) == "[u]" for count, percent, gone in cells)


def _cells(value: Any) -> Iterator[Cell]:
    if isinstance(value, Cell):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _cells(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from _cells(tuple(value.values()))
    elif isinstance(value, tuple):
        for item in value:
            yield from _cells(item)


def _details(section: Section) -> dict[str, Any]:
    if isinstance(section, Characteristics):
        return {"variables": [_variable(*group) for group in groupby(section.rows, lambda row: row.variable)]}
    if isinstance(section, ModelTable):
        return {"variables": [(v, tuple(t)) for v, t in groupby(section.terms, lambda term: term.variable)]}
    if isinstance(section, SurvivalFigure):
        return {"curves": [(curve, _points(curve)) for curve in section.curves]}
    if isinstance(section, IncidenceFigure):
        panels = {cause: [(c, _points(c)) for c in curves] for cause, curves in section.panels.items()}
        return {"panels": panels, "scale_end": words.share(scale_end(section))}
    return {}


def _variable(name: str, rows: Iterable[CharacteristicRow]) -> dict[str, Any]:
    return {"name": name, "rows": tuple(rows)}


def _points(curve: Curve) -> list[tuple[str, str, str]]:
    # Time, estimate with interval, number at risk: the same values as the picture, readable and copyable.
    return [
        (
            words.decimal(point.time, 2),
            words.estimate(100 * point.estimate, 100 * point.lower, 100 * point.upper, "%"),
            "" if point.at_risk is None else words.number(point.at_risk),
        )
        for point in curve.points
    ]
