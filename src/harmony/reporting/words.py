"""
How numbers, estimates, dates and marks are written, in one place, so that every page writes them alike.

No-break spaces (U+00A0) keep a number and its unit on one line; the minus sign is U+2212.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from harmony.reporting.document import Cell, ComparedEstimate, Mark
from harmony.reporting.public import Count

#: What each marker means, in full words; every table that uses one prints them below.
MARKER_WORDS: Final = {
    "c": "hidden to protect patients: the count is small, or would give away one that is. "
    "It is not zero and not missing.",
    "x": "not recorded or not tested.",
    "z": "cannot exist.",
    "u": "too few to be reliable: no per cent is given.",
}
ZERO_WORDS: Final = "counted, none."

#: Short words for a mark, as tags and captions carry them.
MARK_WORDS: Final[dict[Mark, str]] = {
    "patient": "Patients’ data",
    "public": "Public data",
    "synthetic": "Synthetic data",
}

#: What a reader must know about data that are not a hospital's own.
MARK_NOTES: Final[dict[Mark, str]] = {
    "patient": "",
    "public": "Openly published data of real patients, often simplified by their publishers. Shown to check "
    "the methods; not a finding, and not for clinical use.",
    "synthetic": "Made by a computer program. No real person is described.",
}

_MINUS: Final = "\u2212"
_NO_BREAK: Final = "\u00a0"


def number(value: int) -> str:
    """Write a whole number with thousands separators: 1,234 or −5."""
    return f"{value:,}".replace("-", _MINUS)


def decimal(value: float, digits: int) -> str:
    """Write a number with fixed decimals and thousands separators: 1,234.50 or −0.25."""
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", _MINUS)


def cell(value: Cell) -> str:
    """Write a published count, or its marker in square brackets."""
    return f"[{value.marker}]" if value.value is None else number(value.value)


def count(value: Count) -> str:
    """Write a count of the catalogue: a number, "not declared" or the marker."""
    return number(value) if isinstance(value, int) else value


def share(value: float) -> str:
    """Write a share from 0 to 1 in whole per cents; "< 1%" rather than 0% for a share above 0."""
    if 0 < value < 0.005:
        return f"<{_NO_BREAK}1%"
    return f"{decimal(100 * value, 0)}%"


def percent(value: float | None, counted: Cell, missing: Cell | None = None) -> str:
    """
    Write a level's per cent without its sign, for a column headed %.

    A hidden count hides its per cent, and so does a hidden number of missing patients, which the per cent
    would tell; any other count without a per cent has too small a denominator.
    """
    if counted.marker is not None:
        return f"[{counted.marker}]"
    if value is None:
        return "[c]" if missing is not None and missing.marker == "c" else "[u]"
    return f"<{_NO_BREAK}1" if 0 < value < 0.5 else decimal(value, 0)


def interval(lower: float, upper: float, digits: int, sign: str = "") -> str:
    """Write an interval with "to": 0.96 to 1.34."""
    return f"{decimal(lower, digits)}{sign} to {decimal(upper, digits)}{sign}"


def ratio(value: float | None, lower: float | None, upper: float | None) -> str:
    """Write a ratio with its 95% confidence interval, or "reference" where there is none."""
    if value is None:
        return "reference"
    if lower is None or upper is None:
        return decimal(value, 2)
    return f"{decimal(value, 2)} ({interval(lower, upper, 2)})"


def p_value(value: float | None) -> str:
    """Write a p value with two significant digits, "< 0.001" below that, nothing for a reference."""
    if value is None:
        return ""
    if value < 0.001:
        return f"<{_NO_BREAK}0.001"
    if value > 0.99:
        return f">{_NO_BREAK}0.99"
    digits = 2 if value >= 0.0995 else 3 if value >= 0.00995 else 4
    return f"{value:.{digits}f}"


def quantity(value: float | None, unit: str) -> str:
    """Write an estimate: one decimal and the sign for unit %, else two decimals."""
    if value is None:
        return "no estimate"
    return f"{decimal(value, 1)}%" if unit == "%" else decimal(value, 2)


def estimate(value: float | None, lower: float | None, upper: float | None, unit: str) -> str:
    """Write an estimate with its interval where it has one."""
    text = quantity(value, unit)
    if value is None or lower is None or upper is None:
        return text
    digits, sign = (1, "%") if unit == "%" else (2, "")
    return f"{text} ({interval(lower, upper, digits, sign)})"


def compared(row: ComparedEstimate) -> tuple[tuple[str, str], ...]:
    """Write the three columns of a comparison as estimate and interval; the first has no interval."""
    bounds = ((None, None), (row.lower, row.upper), (row.third_lower, row.third_upper))
    digits, sign = (1, "%") if row.unit == "%" else (2, "")
    return tuple(
        (
            quantity(value, row.unit),
            "" if lower is None or upper is None else interval(lower, upper, digits, sign),
        )
        for value, (lower, upper) in zip((row.first, row.second, row.third), bounds, strict=True)
    )


def day(text: str) -> str:
    """Write the date of an ISO 8601 text as "24 November 2026"; other text is returned unchanged."""
    moment = _moment(text)
    return text if moment is None else f"{moment.day}{_NO_BREAK}{moment:%B %Y}"


def short_day(text: str) -> str:
    """Write the date of an ISO 8601 text as "24 Nov 2026", for tables and tracks."""
    moment = _moment(text)
    return text if moment is None else f"{moment.day}{_NO_BREAK}{moment:%b}{_NO_BREAK}{moment:%Y}"


def moment(text: str) -> str:
    """Write an ISO 8601 instant as "24 November 2026, 09:12 UTC"; a bare date stays a date."""
    found = _moment(text)
    if found is None or "T" not in text:
        return day(text)
    if found.tzinfo is None:
        return f"{day(text)}, {found:%H:%M}"
    return f"{day(found.astimezone(dt.UTC).isoformat())}, {found.astimezone(dt.UTC):%H:%M}{_NO_BREAK}UTC"


def banner(marks: set[Mark]) -> str:
    """Return the sentence of the data banner for a page with these marks; empty for patients' data alone."""
    if marks in ({"synthetic"}, {"public"}):
        kind = "synthetic; no real person is described" if marks == {"synthetic"} else "openly published data"
        end = "" if marks == {"synthetic"} else " It is not for clinical use."
        return f"Demonstration. The patients on this page are {kind}.{end}"
    if "patient" in marks and len(marks) > 1:
        return "This page also shows data that are not a hospital’s own; each block says which."
    if marks == {"public", "synthetic"}:
        return "Demonstration. Synthetic patients and openly published data, each in its own block."
    return ""


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
