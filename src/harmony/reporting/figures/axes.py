"""Time axes and released numbers at risk, shared by the curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harmony.reporting.document import Curve

#: Follow-up shorter than this many years is drawn in months.
MONTHS_BELOW_YEARS = 3.0
#: Two ticks stand at least this many pixels apart, so that numbers at risk do not touch.
PIXELS_PER_TICK = 44.0


@dataclass(frozen=True)
class TimeAxis:
    """A time axis from 0: unit in words, factor from years, end and ticks in that unit."""

    unit: str
    factor: float
    end: float
    ticks: tuple[float, ...]


def time_axis(curves: Sequence[Curve], pixels: float) -> TimeAxis:
    """
    Choose years or months, the end and the ticks for these curves.

    Parameters
    ----------
    curves : sequence of Curve
        Times in years; the last released point ends the axis.
    pixels : float
        Length of the axis.
    """
    years = max((curve.points[-1].time for curve in curves if curve.points), default=1.0) or 1.0
    months = years < MONTHS_BELOW_YEARS
    factor = 12.0 if months else 1.0
    end = years * factor
    steps = (3, 6, 12) if months else (1, 2, 5, 10, 20)
    step = next((s for s in steps if pixels * s / end >= PIXELS_PER_TICK), steps[-1])
    ticks = tuple(float(t) for t in range(0, int(end + 1e-9) + 1, step))
    return TimeAxis("Months" if months else "Years", factor, end, ticks)


def numbers_at_risk(curve: Curve, axis: TimeAxis) -> list[int | None]:
    """
    Return the number at risk at each tick, or None where none was released since the tick before.

    A count released earlier is not carried on: it would look like a count at this tick.
    """
    found: list[int | None] = []
    before = -1.0
    for tick in axis.ticks:
        released = [
            point.at_risk
            for point in curve.points
            if point.at_risk is not None and before < point.time * axis.factor - 1e-9 <= tick
        ]
        first = tick == 0 and curve.points and curve.points[0].at_risk is None
        found.append(curve.patients if first else (released[-1] if released else None))
        before = tick - 1e-9
    return found
