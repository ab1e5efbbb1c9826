"""Cumulative incidence: one panel per cause, all on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from harmony.reporting.document import Curve, IncidenceFigure
from harmony.reporting.figures.axes import TimeAxis, time_axis
from harmony.reporting.figures.curves import band_and_lines, label_marks
from harmony.reporting.figures.labels import Frame, place_labels
from harmony.reporting.figures.look import Look, to_svg


def scale_end(figure: IncidenceFigure) -> float:
    """Return where the shared scale ends: the next 10% above every interval, at least 20%, at most 100%."""
    highest = max((p.upper for curves in figure.panels.values() for c in curves for p in c.points), default=0)
    return min(1.0, max(0.2, math.ceil(highest * 10 - 1e-9) / 10))


def draw_incidence(figure: IncidenceFigure, part: slice, look: Look) -> str:
    """
    Draw the curves of `part` of every cause as SVG, one panel a cause.

    Two panels stand side by side, on a phone below each other.
    """
    import altair as alt

    width, _ = look.sizes["cif_panel"]
    axis = time_axis([curve for curves in figure.panels.values() for curve in curves], width)
    panels = [
        _panel(cause, curves[part], part.start, axis, figure, look) for cause, curves in figure.panels.items()
    ]
    return to_svg(alt.concat(*panels, columns=1 if look.narrow else 2, spacing=28), look)


def _panel(
    cause: str, curves: Sequence[Curve], first: int, axis: TimeAxis, figure: IncidenceFigure, look: Look
) -> Any:
    import altair as alt

    width, height = look.sizes["cif_panel"]
    end = scale_end(figure)
    step = 0.1 if end <= 0.6 else 0.25
    ticks = [round(step * i, 2) for i in range(int(end / step + 1e-9) + 1)]
    x = alt.X(
        "time:Q",
        title=f"{axis.unit} since {figure.time_zero}",
        scale=alt.Scale(domain=[0, axis.end], nice=False),
        axis=alt.Axis(values=list(axis.ticks), format="d"),
    )
    scale = alt.Scale(domain=[0, end], nice=False)
    y = alt.Y("estimate:Q", title=None, scale=scale, axis=alt.Axis(values=ticks, format=".0%"))
    labels = place_labels(curves, Frame(width, height, axis.end / axis.factor, end), first)
    layers = [
        *band_and_lines(curves, first, axis.factor, x, y, look),
        *label_marks(labels, axis.factor, look),
    ]
    return alt.layer(*layers).properties(width=width, height=height, title=cause)
