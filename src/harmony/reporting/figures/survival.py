"""Kaplan-Meier curves from released counts, with the numbers at risk under the same axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harmony.reporting.document import Curve, SurvivalFigure
from harmony.reporting.figures.axes import TimeAxis, numbers_at_risk, time_axis
from harmony.reporting.figures.curves import band_and_lines, label_marks
from harmony.reporting.figures.labels import Frame, place_labels
from harmony.reporting.figures.look import Look, to_svg

#: Space left of both plots, so that their time axes lie exactly above each other.
_AXIS_WIDTH = {"wide": 128, "narrow": 112}
#: Longest group name in the numbers at risk; longer ones are cut there and stand whole in the caption.
_NAME_PIXELS = {"wide": 104, "narrow": 88}


def draw_survival(figure: SurvivalFigure, curves: Sequence[Curve], first: int, look: Look) -> str:
    """
    Draw up to four Kaplan-Meier curves as SVG.

    Parameters
    ----------
    figure : SurvivalFigure
        Names end point and time zero.
    curves : sequence of Curve
        The curves of this picture, part of `figure.curves`.
    first : int
        Number of the first curve among all groups; it decides colour and dash.
    look : Look
        Which of the four forms.
    """
    import altair as alt

    width, height = look.sizes["km"]
    # All pictures of one figure share one axis, so that they can be compared.
    axis = time_axis(figure.curves, width)
    plot = _plot(figure, curves, first, axis, look).properties(width=width, height=height)
    risk = _risk_table(curves, axis, look).properties(
        width=width, height=look.sizes["risk_row"] * len(curves)
    )
    return to_svg(alt.vconcat(plot, risk, spacing=22), look)


def _plot(figure: SurvivalFigure, curves: Sequence[Curve], first: int, axis: TimeAxis, look: Look) -> Any:
    import altair as alt

    width, height = look.sizes["km"]
    extent = _AXIS_WIDTH[look.width]
    x = alt.X(
        "time:Q",
        title=f"{axis.unit} since {figure.time_zero}",
        scale=alt.Scale(domain=[0, axis.end], nice=False),
        axis=alt.Axis(values=list(axis.ticks), format="d"),
    )
    y_axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".0%", minExtent=extent, maxExtent=extent)
    scale = alt.Scale(domain=[0, 1], nice=False)
    y = alt.Y("estimate:Q", title=figure.endpoint, scale=scale, axis=y_axis)
    labels = place_labels(curves, Frame(width, height, axis.end / axis.factor, 1.0), first)
    return alt.layer(
        *band_and_lines(curves, first, axis.factor, x, y, look), *label_marks(labels, axis.factor, look)
    )


def _risk_table(curves: Sequence[Curve], axis: TimeAxis, look: Look) -> Any:
    import altair as alt

    extent = _AXIS_WIDTH[look.width]
    names = [curve.group for curve in curves]
    rows = [
        {"group": curve.group, "time": tick, "text": "·" if at_risk is None else f"{at_risk:,}"}
        for curve in curves
        for tick, at_risk in zip(axis.ticks, numbers_at_risk(curve, axis), strict=True)
    ]
    y_axis = alt.Axis(
        grid=False,
        domain=False,
        ticks=False,
        labelPadding=24,
        labelLimit=_NAME_PIXELS[look.width],
        labelColor=look.colours["text"],
        minExtent=extent,
        maxExtent=extent,
        titleX=-extent,
        titleAlign="left",
        titleFontSize=12,
    )
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_text(fontSize=12, color=look.colours["text"])
        .encode(
            x=alt.X("time:Q", scale=alt.Scale(domain=[0, axis.end], nice=False), axis=None),
            y=alt.Y("group:N", sort=names, title="Number at risk", axis=y_axis),
            text="text:N",
        )
    )
