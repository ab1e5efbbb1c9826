"""
Where a curve's name is written: on the picture, beside its curve, where it covers nothing.

The guide wants labels on the curves and no legend; with close curves this needs a search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from harmony.reporting.document import Curve

#: Height and mean width of a bold character at 12 px, in pixels, with the room around a label.
LINE_HEIGHT: Final = 17.0
CHARACTER_WIDTH: Final = 6.9

Line = Literal["estimate", "lower", "upper"]

#: Places of a label's length at which a curve's height is looked at.
_LOOKED_AT: Final = 8

#: Where along the plot a label may end, best first (1 is the right edge).
_ENDS: Final = (1.0, 0.8, 0.62, 0.45)


@dataclass(frozen=True)
class Label:
    """A label's text, the index of its curve, and where its right end stands, in data units."""

    text: str
    group: int
    time: float
    value: float


@dataclass(frozen=True)
class Frame:
    """The plot: pixels and the largest values of both axes, which begin at 0."""

    width: float
    height: float
    time: float
    value: float


@dataclass(frozen=True)
class _Box:
    left: float
    right: float
    middle: float

    def covers(self, other: _Box) -> bool:
        near = abs(self.middle - other.middle) < LINE_HEIGHT
        return near and self.left < other.right and other.left < self.right


def place_labels(curves: Sequence[Curve], frame: Frame, first: int = 0) -> list[Label]:
    """
    Find a place for each curve's name, at its curve and off the lines and the other names.

    Parameters
    ----------
    curves : sequence of Curve
        Curves of one plot; a curve without points gets no label.
    frame : Frame
        The plot.
    first : int
        Group number of the first curve, so that colours stay with their groups.
    """
    placed: list[Label] = []
    boxes: list[_Box] = []
    for index, curve in enumerate(curves):
        if not curve.points:
            continue
        box = min(_candidates(curve, frame), key=lambda box: _cost(curve, box, curves, boxes, frame))
        boxes.append(box)
        placed.append(
            Label(
                curve.group,
                first + index,
                box.right / frame.width * frame.time,
                (1 - box.middle / frame.height) * frame.value,
            )
        )
    return placed


def _candidates(curve: Curve, frame: Frame) -> list[_Box]:
    length = min(CHARACTER_WIDTH * len(curve.group), frame.width)
    last = curve.points[-1].time / frame.time * frame.width
    found = []
    for end in _ENDS:
        right = max(last * end, length)
        left = right - length
        # Off the band is best; where curves lie close, off the line must do.
        found.append(_Box(left, right, min(_heights(curve, left, right, frame, "upper")) - 0.6 * LINE_HEIGHT))
        found.append(_Box(left, right, max(_heights(curve, left, right, frame, "lower")) + 0.6 * LINE_HEIGHT))
        lines = _heights(curve, left, right, frame)
        found.append(_Box(left, right, min(lines) - 0.8 * LINE_HEIGHT))
        found.append(_Box(left, right, max(lines) + 0.8 * LINE_HEIGHT))
    inside = [box for box in found if LINE_HEIGHT / 2 <= box.middle <= frame.height - LINE_HEIGHT / 2]
    return inside or found


def _cost(
    own: Curve, box: _Box, curves: Sequence[Curve], boxes: Sequence[_Box], frame: Frame
) -> tuple[int, float]:
    hits = 3 * sum(box.covers(other) for other in boxes)
    distances = {}
    for curve in curves:
        heights = _heights(curve, box.left, box.right, frame)
        hits += any(abs(height - box.middle) < LINE_HEIGHT / 2 for height in heights)
        # A line may pass from above to below between two looked-at places.
        hits += any((a < box.middle) != (b < box.middle) for a, b in pairwise(heights))
        distances[curve.group] = min(abs(height - box.middle) for height in heights)
    # A name that stands nearer to another curve would be read as that curve's.
    hits += min(distances, key=lambda group: distances[group]) != own.group
    return hits, -box.right


def _heights(curve: Curve, left: float, right: float, frame: Frame, line: Line = "estimate") -> list[float]:
    steps = (left + (right - left) * i / _LOOKED_AT for i in range(_LOOKED_AT + 1))
    last = curve.points[-1].time
    times = [min(step / frame.width * frame.time, last) for step in steps]
    return [(1 - value_at(curve, time, line) / frame.value) * frame.height for time in times]


def value_at(curve: Curve, time: float, line: Line = "estimate") -> float:
    """Return the drawn height of a curve or an edge of its band: straight between released points."""
    for before, after in pairwise(curve.points):
        if time <= after.time:
            span = after.time - before.time
            part = (time - before.time) / span if span > 0 else 1.0
            low, high = getattr(before, line), getattr(after, line)
            return low + part * (high - low)
    return getattr(curve.points[-1], line)
