"""
Conversion of laboratory units: stored value = source value x factor + offset.

`units.csv` is an allow-list per measurement. A unit that is not listed is refused: reading a unit by its
letters goes wrong (G/L is gauss per litre to a unit parser and 10*9/L to a laboratory).
"""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib import resources

from harmony.dictionary.model import Field
from harmony.errors import LayoutRefused


@cache
def _factors() -> dict[tuple[str, str], tuple[float, float]]:
    text = resources.files("harmony.intake").joinpath("units.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text))
    return {(row["analyte"], row["from_unit"]): (float(row["factor"]), float(row["offset"])) for row in rows}


def factor(item: Field, unit: str) -> tuple[float, float]:
    """
    Return factor and offset that turn `unit` into the field's own unit.

    Raises
    ------
    LayoutRefused
        When the unit is not listed for this field.
    """
    if unit in ("", item.unit):
        return 1.0, 0.0
    try:
        return _factors()[(item.key, unit)]
    except KeyError:
        known = [item.unit, *(source for analyte, source in _factors() if analyte == item.key)]
        raise LayoutRefused(
            f"{item.key} cannot be converted from '{unit}'.", "Mend the unit in the layout.", ", ".join(known)
        ) from None
