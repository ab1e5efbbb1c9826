"""The marks that Kaplan-Meier and incidence pictures share: bands, lines and the names on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harmony.reporting.document import Curve
from harmony.reporting.figures.labels import Label
from harmony.reporting.figures.look import Look


def band_and_lines(
    curves: Sequence[Curve], first: int, factor: float, x: Any, y: Any, look: Look
) -> list[Any]:
    """
    Return the layers of confidence bands and lines, straight between released points.

    Parameters
    ----------
    curves : sequence of Curve
        In the order of their groups.
    first : int
        Number of the first curve among all groups.
    factor : float
        From years to the unit of the axis.
    x, y : altair channels
        Axes of the plot; fields `time` and `estimate`.
    look : Look
        Colours and dashes.
    """
    import altair as alt

    names = [curve.group for curve in curves]
    numbers = range(first, first + len(curves))
    colour = alt.Color(
        "group:N",
        sort=names,
        legend=None,
        scale=alt.Scale(domain=names, range=[look.groups[i] for i in numbers]),
    )
    dash = alt.StrokeDash(
        "group:N",
        sort=names,
        legend=None,
        scale=alt.Scale(domain=names, range=[look.dashes[i] for i in numbers]),
    )
    chart = alt.Chart(alt.Data(values=_rows(curves, factor)))
    band = chart.mark_area().encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q", color=colour)
    return [band, chart.mark_line().encode(x=x, y=y, color=colour, strokeDash=dash)]


def label_marks(labels: Sequence[Label], factor: float, look: Look) -> list[Any]:
    """Return one text layer per label; the colour is the group's readable one."""
    import altair as alt

    return [
        alt.Chart(alt.Data(values=[{"time": label.time * factor, "value": label.value, "text": label.text}]))
        .mark_text(align="right", baseline="middle", fontWeight="bold", color=look.labels[label.group])
        .encode(x="time:Q", y="value:Q", text="text:N")
        for label in labels
    ]


def _rows(curves: Sequence[Curve], factor: float) -> list[dict[str, Any]]:
    return [
        {
            "group": curve.group,
            "time": point.time * factor,
            "estimate": point.estimate,
            "lower": point.lower,
            "upper": point.upper,
        }
        for curve in curves
        for point in curve.points
    ]
