"""
Conversion of measured values: stored value = source value x scale + offset.

`conversions.csv` has the factors by analyte; `analytes.csv` the molar masses they rest on. Between units of
one quantity the factor also follows from the list of words, exactly; from mass to amount it exists only where
the table has the analyte.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harmony.errors import UsageError
from harmony.notation.units.reading import UnitReading, quantity_of, read_unit
from harmony.notation.units.ucum import ucum_ratio
from harmony.notation.units.vocabulary import rows

#: Significant digits that a converted value keeps: 5230 per uL becomes 5.23, not 5.2300000000000004.
DIGITS: Final = 12

#: Largest power of ten that float64 holds exactly; within it one division rounds correctly.
_EXACT_POWER: Final = 22


class Factor(NamedTuple):
    """Converted value = value x scale + offset."""

    scale: float
    offset: float


IDENTITY: Final = Factor(1.0, 0.0)


class Conversion(NamedTuple):
    """One row of `conversions.csv`: its unit as read, and as the table writes it."""

    reading: UnitReading
    written: str
    factor: Factor


@cache
def conversions(analyte: str) -> tuple[Conversion, ...]:
    """Return the rows of `conversions.csv` for an analyte, such as biochemistry.ldh, in the table's order."""
    found = []
    for row in rows("conversions.csv"):
        if row["analyte"] == analyte:
            reading = _read(row["from_unit"], own_quantity(row["to_unit"], analyte))
            found.append(
                Conversion(reading, row["from_unit"], Factor(float(row["factor"]), float(row["offset"])))
            )
    return tuple(found)


def _read(unit: str, own: str) -> UnitReading:
    # A row of the table may lead from another quantity (umol/L to mg/dL); its own comes first.
    reading = read_unit(unit, own)
    return reading if reading.code else read_unit(unit, quantity_of(unit) or own)


@cache
def own_quantity(to_unit: str, analyte: str = "") -> str:
    """Return the quantity of a stored unit, `analytes.csv` before the unit; empty when no list has it."""
    own = {row["analyte"]: row["quantity"] for row in rows("analytes.csv")}
    return own.get(analyte) or quantity_of(to_unit)


def allowed_units(to_unit: str, analyte: str = "") -> tuple[str, ...]:
    """Return the units to name when one is refused: the stored unit, then those of the table."""
    return (to_unit, *(row.written for row in conversions(analyte)))


def factor(unit: str, to_unit: str, analyte: str = "") -> Factor:
    """
    Return the factor from a unit, in any listed writing, to the stored unit.

    Parameters
    ----------
    unit : str
        As the source writes it.
    to_unit : str
        UCUM code of the stored unit.
    analyte : str, optional
        Full name of the field, table.field: decides the quantity, and the molar mass where one is needed.

    Raises
    ------
    UsageError
        When the unit is not on the list, or measures something else; names what is allowed.
    """
    if unit == to_unit:
        return IDENTITY
    own = own_quantity(to_unit, analyte)
    if not own:
        return _beyond_the_list(unit, to_unit)
    reading = read_unit(unit, own)
    for row in conversions(analyte):
        other = reading if reading.code else read_unit(unit, row.reading.quantity)
        if other.code and other.code == row.reading.code:
            return row.factor
    if reading.code:
        return _within(reading, read_unit(to_unit, own))
    return _through_the_analyte(unit, to_unit, analyte, reading.refused)


def _within(source: UnitReading, target: UnitReading) -> Factor:
    return Factor(float(source.scale / target.scale), float((source.offset - target.offset) / target.scale))


def _through_the_analyte(unit: str, to_unit: str, analyte: str, reason: str) -> Factor:
    for row in conversions(analyte):
        other = read_unit(unit, row.reading.quantity)
        if other.code:
            return Factor(row.factor.scale * float(other.scale / row.reading.scale), row.factor.offset)
    raise _refused(unit, reason, allowed_units(to_unit, analyte))


def _beyond_the_list(unit: str, to_unit: str) -> Factor:
    # A network's own dictionary may have a unit that no list knows: then only UCUM codes, by UCUM's rules.
    ratio = ucum_ratio(unit, to_unit)
    if ratio is None:
        raise _refused(unit, "it is no UCUM code of the same kind", (to_unit,))
    return Factor(ratio, 0.0)


def _refused(unit: str, reason: str, allowed: tuple[str, ...]) -> UsageError:
    return UsageError(f"The unit '{unit}' is refused: {reason}.", "", ", ".join(allowed))


def convert(values: pa.Array, unit: str, to_unit: str, analyte: str = "") -> pa.Array:
    """
    Convert a column of measured values.

    Parameters
    ----------
    values : pyarrow.Array
        Numbers, shape (n,), in `unit`; NULL stays NULL.
    unit, to_unit, analyte : str
        As for `factor`.

    Returns
    -------
    pyarrow.Array
        float64, shape (n,), in `to_unit`, rounded to 12 significant digits.

    Raises
    ------
    UsageError
        As for `factor`.
    """
    return apply(values, factor(unit, to_unit, analyte))


def apply(values: pa.Array, by: Factor) -> pa.Array:
    """Return values x scale + offset as float64, rounded to 12 significant digits; unchanged by 1 and 0."""
    values = values.cast(pa.float64())
    if by == IDENTITY:
        return values
    return significant(pc.add(pc.multiply(values, by.scale), by.offset))


def significant(values: pa.Array, digits: int = DIGITS) -> pa.Array:
    """
    Round numbers to some significant digits; NULL, NaN and infinity stay as they are.

    Parameters
    ----------
    values : pyarrow.Array
        float64, shape (n,).
    digits : int
        1 to 15.

    Returns
    -------
    pyarrow.Array
        float64, each the nearest number to its decimal writing: 5.23 and not 5.2300000000000004.
    """
    known = values.is_valid()
    numbers = np.nan_to_num(values.fill_null(0.0).to_numpy(zero_copy_only=False), posinf=0.0, neginf=0.0)
    with np.errstate(divide="ignore"):
        places = np.where(numbers == 0.0, 0.0, np.floor(np.log10(np.abs(numbers)))).astype(np.int64)
    rounded = _decimal(numbers, digits - 1 - places)
    finite = pc.and_(known, pc.is_finite(values))
    return pc.if_else(finite, pa.array(rounded), values)


def _decimal(numbers: NDArray[np.float64], shift: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the numbers rounded to `shift` places behind the point (before it, when negative)."""
    exact = np.abs(shift) <= _EXACT_POWER
    power = 10.0 ** np.abs(np.where(exact, shift, 0))
    whole = np.rint(np.where(shift < 0, numbers / power, numbers * power))
    rounded = np.where(shift < 0, whole * power, whole / power)
    for place in np.flatnonzero(~exact):
        # Below 1e-11 and above 1e33 no power of ten is exact; measured values are not there.
        rounded[place] = float(f"{numbers[place]:.{DIGITS}g}")
    return rounded
