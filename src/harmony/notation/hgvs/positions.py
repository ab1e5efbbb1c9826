"""Positions of DNA and RNA and the spans between them."""

from __future__ import annotations

from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.model import Point, Span

LANDMARKS = ("pter", "qter", "cen")


def read_point(cursor: Cursor) -> Point | None:
    """Read a position: `123`, `-12`, `*5`, `123+1`, `124-?`, `?`, `pter`."""
    landmark = cursor.take_word(*LANDMARKS)
    if landmark:
        return Point(None, landmark)
    if cursor.take("?"):
        return Point(None)
    region = "-" if cursor.take("-") else "*" if cursor.take("*") else ""
    number = cursor.number()
    if not number:
        return None
    sign = cursor.next
    if sign and sign in "+-" and cursor.text[cursor.at + 1 : cursor.at + 2] not in ("", ">", "-"):
        cursor.at += 1
        if cursor.take("?"):
            return Point(number, region, 0, sign + "?")
        offset = cursor.number()
        if not offset:
            return None
        return Point(number, region, offset if sign == "+" else -offset)
    return Point(number, region)


def _border(cursor: Cursor) -> tuple[Point, Point | None] | None:
    """Read `123` or `(120_123)`: the outer points of a border as written, left first."""
    if not cursor.take("("):
        point = read_point(cursor)
        return None if point is None else (point, None)
    left = read_point(cursor)
    if left is None or not cursor.take("_"):
        return None
    right = read_point(cursor)
    if right is None or not cursor.take(")"):
        return None
    return left, right


def read_span(cursor: Cursor) -> Span | None:
    """Read one position, a range, or a span with uncertain borders."""
    first = _border(cursor)
    if first is None:
        return None
    if not cursor.take("_"):
        left, right = first
        return Span(left, left) if right is None else Span(left, right, uncertain=True)
    second = _border(cursor)
    if second is None:
        return None
    end = second[0] if second[1] is None else second[1]
    return Span(first[0], end, first[1], second[0] if second[1] is not None else None)


def span_length(span: Span) -> int | None:
    """Return the number of bases of a span when both ends are sure and can be counted between."""
    start, end = span.start, span.end
    if span.uncertain or span.start_inner or span.end_inner or start.number is None or end.number is None:
        return None
    if start.vague or end.vague or start.region != end.region:
        return None
    if start.intronic or end.intronic:
        return end.offset - start.offset + 1 if start.number == end.number else None
    distance = end.number - start.number
    return (distance if start.region != "-" else -distance) + 1


def adjacent(span: Span) -> bool:
    """Tell whether nothing lies between the two ends, as far as this can be counted."""
    length = span_length(span)
    return length is None or length == 2


def widened(span: Span, length: int) -> Span | None:
    """Return the span of `length` bases from a position; None where counting is unsafe, as in introns."""
    point = span.start
    if point.number is None or point.intronic or point.region:
        return None
    return Span(point, Point(point.number + length - 1))
