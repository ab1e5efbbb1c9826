"""Forest plot of a model: names, counts, squares with intervals on a log axis, ratios and p values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal

from harmony.reporting import words
from harmony.reporting.document import ModelTable, ModelTerm
from harmony.reporting.figures.look import Look, to_svg

Align = Literal["left", "right"]

#: Axes from narrow to wide, symmetric around 1 on the log scale, with their ticks.
AXES: Final = (
    (0.5, 0.7, 1.0, 1.4, 2.0),
    (0.25, 0.5, 1.0, 2.0, 4.0),
    (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    (0.0625, 0.25, 1.0, 4.0, 16.0),
)

#: Width in pixels of the columns beside the plot.
_COLUMNS: Final = {"factor": 158, "patients": 56, "events": 56, "ratio": 132, "p": 52}


@dataclass(frozen=True)
class _Row:
    place: int
    head: str = ""
    name: str = ""
    term: ModelTerm | None = None


def ticks_for(table: ModelTable) -> tuple[float, ...]:
    """Return the ticks of the narrowest axis that holds every interval; the widest one when none does."""
    ends = [end for term in table.terms for end in (term.lower, term.upper) if end is not None and end > 0]
    widest = max((abs(math.log(end)) for end in ends), default=0.0)
    return next((axis for axis in AXES if math.log(axis[-1]) >= widest), AXES[-1])


def draw_forest(table: ModelTable, look: Look) -> str:
    """Draw a model as a forest plot in SVG; the narrow form has names, plot and ratios only."""
    import altair as alt

    rows = _rows(table)
    height = look.sizes["forest_row"] * len(rows)
    factor = 112 if look.narrow else _COLUMNS["factor"]
    columns = [_names(rows, factor, look)]
    if not look.narrow:
        columns.append(_column(rows, "patients", "Patients", look))
        columns.append(_column(rows, "events", "Events", look))
    columns.append(_plot(table, rows, look))
    columns.append(_column(rows, "ratio", "HR (95% CI)", look))
    if not look.narrow:
        columns.append(_column(rows, "p", "p", look))
    charts = [column.properties(height=height) for column in columns]
    return to_svg(alt.hconcat(*charts, spacing=4), look)


def _rows(table: ModelTable) -> list[_Row]:
    rows: list[_Row] = [_Row(0)]
    for variable, terms in groupby(table.terms, key=lambda term: term.variable):
        found = list(terms)
        if len(found) == 1:
            # A term on a scale stands in the heading's place; indented it would seem to belong above.
            name = ", ".join(part for part in (variable, found[0].level) if part)
            rows.append(_Row(len(rows), head=name, term=found[0]))
            continue
        rows.append(_Row(len(rows), head=variable))
        for term in found:
            rows.append(_Row(len(rows), name=term.level, term=term))
    return rows


def _y(rows: list[_Row], field: str = "place:Q") -> Any:
    import altair as alt

    scale = alt.Scale(domain=[-0.5, len(rows) - 0.5], reverse=True, nice=False, zero=False)
    return alt.Y(field, axis=None, scale=scale)


def _text(values: list[dict[str, Any]], rows: list[_Row], width: float, align: Align, **mark: Any) -> Any:
    import altair as alt

    x = width if align == "right" else 0
    return (
        alt.Chart(alt.Data(values=values))
        .mark_text(align=align, x=x, **mark)
        .encode(y=_y(rows), text="text:N")
        .properties(width=width)
    )


def _names(rows: list[_Row], width: float, look: Look) -> Any:
    import altair as alt

    heads = [{"place": row.place, "text": row.head} for row in rows if row.head]
    levels = [{"place": row.place, "text": row.name} for row in rows if row.name]
    return alt.layer(
        _text(heads, rows, width, "left", fontWeight="bold", limit=width + 30),
        _text(levels, rows, width, "left", dx=14, limit=width - 14),
    ).properties(width=width)


def _column(rows: list[_Row], field: str, title: str, look: Look) -> Any:
    import altair as alt

    width = 98 if look.narrow and field == "ratio" else _COLUMNS[field]
    align: Align = "left" if field == "ratio" else "right"
    values = [
        {"place": row.place, "text": _content(row.term, field, look.narrow)} for row in rows if row.term
    ]
    head = [{"place": 0, "text": title}]
    return alt.layer(
        _text(head, rows, width, align, fontWeight="bold"), _text(values, rows, width, align)
    ).properties(width=width)


def _content(term: ModelTerm, field: str, narrow: bool) -> str:
    if field == "patients":
        return words.cell(term.patients)
    if field == "events":
        return words.cell(term.events)
    if field == "p":
        return words.p_value(term.p)
    text = words.ratio(term.ratio, term.lower, term.upper)
    return text.replace(" to ", "–") if narrow else text


def _plot(table: ModelTable, rows: list[_Row], look: Look) -> Any:
    import altair as alt

    ticks = ticks_for(table)
    width = look.sizes["forest_plot_width"]
    shown = [tick for tick in ticks if tick in (ticks[0], 1.0, ticks[-1])] if look.narrow else list(ticks)
    axis = alt.Axis(values=shown, format="~g", grid=False)
    scale = alt.Scale(type="log", domain=[ticks[0], ticks[-1]], nice=False)
    x = alt.X(
        "ratio:Q", scale=scale, axis=axis, title="Hazard ratio" + ("" if look.narrow else " (log scale)")
    )
    estimates = [
        {"place": row.place, "ratio": row.term.ratio, "lower": row.term.lower, "upper": row.term.upper}
        for row in rows
        if row.term and row.term.ratio is not None
    ]
    references = [{"place": row.place, "ratio": 1.0} for row in rows if row.term and row.term.ratio is None]
    one = alt.Chart(alt.Data(values=[{"ratio": 1.0, "place": 0.5, "end": len(rows) - 0.5}]))
    found = alt.Chart(alt.Data(values=estimates))
    control, group = look.colours["control"], look.groups[0]
    square: dict[str, Any] = {"shape": "square", "size": 80, "clip": True}
    return alt.layer(
        one.mark_rule(strokeDash=[3, 3], color=control).encode(x=x, y=_y(rows), y2="end:Q"),
        found.mark_rule(strokeWidth=2.25, color=group, clip=True).encode(
            x=alt.X("lower:Q", scale=scale), x2="upper:Q", y=_y(rows)
        ),
        found.mark_point(filled=True, color=group, **square).encode(x=x, y=_y(rows)),
        alt.Chart(alt.Data(values=references))
        .mark_point(filled=True, fill=look.colours["bg"], stroke=control, strokeWidth=1.5, **square)
        .encode(x=x, y=_y(rows)),
    ).properties(width=width)
