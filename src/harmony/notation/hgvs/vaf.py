"""Variant allele fraction: per cent and fraction are never confused; what could be either is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harmony.errors import UsageError
from harmony.notation.hgvs.cleaning import clean
from harmony.notation.hgvs.words import clean_word, read_phrase

if TYPE_CHECKING:
    import pyarrow as pa

VafStatus = Literal["read", "unclear", "no_value", "unreadable"]
Unit = Literal["fraction", "percent"]
#: Spellings of a declared unit.
UNITS: dict[str, Unit] = {
    "fraction": "fraction",
    "1": "fraction",
    "{fraction}": "fraction",
    "percent": "percent",
    "per cent": "percent",
    "%": "percent",
}
PERCENT_WORDS = ("%", "percent", "per cent", "pct", "prozent", "pour cent", "por ciento", "per cento", "v.h.")
#: Words in front of the number.
NAMES = ("vaf", "maf", "fav", "fva", "af")
BOUNDS = {
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "≤": "<=",
    "≥": ">=",
    "~": "~",
    "≈": "~",
    "ca.": "~",
    "ca": "~",
    "about": "~",
}
LONGEST_FIRST = tuple(sorted(BOUNDS, key=len, reverse=True))
#: Numbers without a unit that a column needs before its range may speak for a unit.
ENOUGH = 3
#: Share of numbers below 1 in a column with numbers over 1 above which two units may be mixed.
MIXED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Vaf:
    """
    One allele fraction.

    Attributes
    ----------
    status : str
        read; unclear (a number whose unit cannot be told); no_value (`n.d.`, empty); unreadable.
    fraction : float or None
        From 0 to 1; None unless read.
    bound : str
        `<`, `<=`, `>`, `>=`, `~`, or empty for an exact number.
    number : float or None
        As written, before any unit; for a column's decision.
    reason : str
        sign, declared, over_1, zero, column, no_unit, over_100, over_1_as_fraction, word, empty, range,
        not_a_number.
    """

    status: VafStatus
    fraction: float | None
    bound: str
    number: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class VafColumn:
    """
    A column of allele fractions.

    Attributes
    ----------
    table : Arrow table
        One row per row in: vaf (fraction or null), bound, status, reason.
    unit : str or None
        What numbers without a sign were taken as; None when the column does not tell.
    reason : str
        One sentence that says why.
    """

    table: pa.Table
    unit: Unit | None
    reason: str


def declared_unit(unit: str | None) -> Unit | None:
    """
    Return the unit of a declaration.

    Raises
    ------
    UsageError
        When it is neither a fraction nor per cent.
    """
    if unit is None:
        return None
    found = UNITS.get(unit.strip().casefold())
    if found is None:
        raise UsageError("The declared unit of an allele fraction is not known.", "", "fraction, percent, %")
    return found


def read_vaf(text: str, unit: str | None = None) -> Vaf:
    """
    Read one allele fraction.

    Parameters
    ----------
    text : str
        `41 %`, `0.41`, `41,5 %`, `<1%`, `VAF 41%`, `n.d.`.
    unit : fraction, percent or None
        What a number without a sign is. A `%` sign in the text goes before it.

    Returns
    -------
    Vaf
        Without sign and unit a number over 1 is per cent, because no fraction is; 0 is 0; a number from
        above 0 to 1 is `unclear`.

    Raises
    ------
    UsageError
        When the unit is not known.
    """
    declared = declared_unit(unit)
    cleaned = clean(text)[0].strip()
    if not cleaned:
        return Vaf("no_value", None, "", None, "empty")
    if len(cleaned) > 60:
        return Vaf("unreadable", None, "", None, "not_a_number")
    words = [clean_word(word) for word in cleaned.split()]
    phrase = read_phrase(words, 0)
    if (
        phrase is not None
        and phrase[0] in ("unknown", "not_tested", "failed", "wild_type")
        and phrase[1] == len(words)
    ):
        return Vaf("no_value", None, "", None, "word")
    return _number(cleaned.casefold(), declared)


def _number(text: str, declared: Unit | None) -> Vaf:
    for name in NAMES:
        if text.startswith(name):
            text = text[len(name) :].lstrip(" :=")
            break
    text, bound = _bound(text)
    sign = False
    for word in PERCENT_WORDS:
        if text.endswith(word):
            text, sign = text[: -len(word)].rstrip(), True
            break
    number = plain_number(text)
    if number is None:
        parts = text.replace("%", "").split("-")
        is_range = len(parts) == 2 and all(plain_number(p.strip()) is not None for p in parts)
        return Vaf("unreadable", None, bound, None, "range" if is_range else "not_a_number")
    return _with_unit(number, bound, "percent" if sign else declared, "sign" if sign else "declared")


def _bound(text: str) -> tuple[str, str]:
    for sign in LONGEST_FIRST:
        if text.startswith(sign):
            return text[len(sign) :].lstrip(), BOUNDS[sign]
    return text, ""


def plain_number(text: str) -> float | None:
    """Return a number written with digits and at most one decimal point or comma; None for anything else."""
    whole, _, part = text.replace(",", ".", 1).partition(".")
    if not (whole or part) or len(text) > 12:
        return None
    if not all(c in "0123456789" for c in whole + part):
        return None
    return float(f"{whole or '0'}.{part or '0'}")


def _with_unit(number: float, bound: str, unit: Unit | None, reason: str) -> Vaf:
    if unit is None:
        if number == 0:
            return Vaf("read", 0.0, bound, number, "zero")
        if number <= 1:
            return Vaf("unclear", None, bound, number, "no_unit")
        unit, reason = "percent", "over_1"
    if number > (100 if unit == "percent" else 1):
        wrong = "over_100" if unit == "percent" else "over_1_as_fraction"
        return Vaf("unreadable", None, bound, number, wrong)
    return Vaf("read", round(number / 100, 12) if unit == "percent" else number, bound, number, reason)


def fraction_of(written: str, unit: Unit | None) -> float | None:
    """
    Return the fraction of a plain number in a column whose unit is known.

    Parameters
    ----------
    written : str
        `41.5%` or `0.41`; without a bound.
    unit : fraction, percent or None
        What numbers without a sign are in the column; without it they have no fraction.
    """
    percent = written.endswith("%")
    number = plain_number(written.removesuffix("%"))
    taken: Unit | None = "percent" if percent else unit
    return None if number is None or taken is None else _with_unit(number, "", taken, "column").fraction


def column_unit(numbers: list[float], unit: str | None = None) -> tuple[Unit | None, str]:
    """
    Decide what a column's numbers without a sign are.

    Parameters
    ----------
    numbers : list of float
        All numbers that were written without `%`.
    unit : fraction, percent or None
        The declared unit; it decides alone.

    Returns
    -------
    unit, reason
        `percent` when any number is over 1; `fraction` when all are at most 1, at least `ENOUGH` are there
        and some lie strictly between 0 and 1; None otherwise. The reason is one sentence.
    """
    declared = declared_unit(unit)
    if declared is not None:
        return declared, f"Declared as {declared}."
    if not numbers:
        return None, "No number without a sign."
    over, between = sum(n > 1 for n in numbers), sum(0 < n < 1 for n in numbers)
    if over:
        if between > MIXED_SHARE * len(numbers):
            return None, f"{over} numbers over 1 beside {between} below 1: two units may be mixed."
        return "percent", f"{over} of {len(numbers)} numbers are over 1."
    if between and len(numbers) >= ENOUGH:
        return "fraction", f"All {len(numbers)} numbers are at most 1, {between} of them below 1."
    return None, f"{len(numbers)} numbers of at most 1 are no evidence for a unit."


def read_vaf_column(values: pa.Array | pa.ChunkedArray, unit: str | None = None) -> VafColumn:
    """
    Read a column of allele fractions and decide its unit by the whole column.

    Parameters
    ----------
    values : Arrow array of shape (n,)
        Text or numbers.
    unit : fraction, percent or None
        What numbers without a sign are, where that is known.

    Raises
    ------
    UsageError
        When the unit is not known.
    """
    import pyarrow as pa

    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = array.cast(pa.string()).dictionary_encode()
    first = [read_vaf(text) for text in coded.dictionary.to_pylist()]
    used = [code for code in coded.indices.to_pylist() if code is not None]
    numbers = [n for n in (_unsigned(first[code]) for code in used) if n is not None]
    decided, reason = column_unit(numbers, unit)
    final = [_decide(vaf, decided, unit is not None) for vaf in first]
    empty = Vaf("no_value", None, "", None, "empty")
    fields = {
        "vaf": pa.array([v.fraction for v in (*final, empty)], pa.float64()),
        "bound": pa.array([v.bound for v in (*final, empty)], pa.string()),
        "status": pa.array([v.status for v in (*final, empty)], pa.string()),
        "reason": pa.array([v.reason for v in (*final, empty)], pa.string()),
    }
    take = coded.indices.fill_null(len(final))
    return VafColumn(pa.table({name: column.take(take) for name, column in fields.items()}), decided, reason)


def _unsigned(vaf: Vaf) -> float | None:
    return vaf.number if vaf.number is not None and vaf.reason not in ("sign", "over_100") else None


def _decide(vaf: Vaf, unit: Unit | None, declared: bool) -> Vaf:
    """Apply the column's unit to a number without a sign; without a unit such a number is unclear."""
    number = _unsigned(vaf)
    if number is None or vaf.reason == "zero":
        return vaf
    if unit is None:
        return Vaf("unclear", None, vaf.bound, number, "no_unit")
    return _with_unit(number, vaf.bound, unit, "declared" if declared else "column")
