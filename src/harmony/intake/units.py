"""
Units of a layout: the declared unit of a column against the unit of its field, and the values against both.

What a unit means is `notation.units`; here its refusals get the field's name, and a column whose values are
plausible only in another unit gets a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from harmony.dictionary.model import Field
from harmony.errors import LayoutRefused, UsageError
from harmony.notation.units.conversion import IDENTITY, Factor, conversions
from harmony.notation.units.conversion import factor as factor_between
from harmony.notation.units.suspicion import suspicious
from harmony.stages.problems import Problem

#: Rule of form: values that only another unit makes plausible.
UNIT_RULE: Final = "FRM-UNIT"

#: Share of a column's known values from which the unit is doubted. House choice: below it stand true
#: extremes, such as 450 leukocytes, which each get the warning of the plausible range anyway.
DOUBTED_SHARE: Final = 0.1


def factor(item: Field, unit: str) -> Factor:
    """
    Return scale and offset that turn `unit`, in any listed writing, into the field's own unit.

    Raises
    ------
    LayoutRefused
        When the unit is not on the list for this field or measures something else.
    """
    if unit in ("", item.unit):
        return IDENTITY
    try:
        return factor_between(unit, item.unit, item.key)
    except UsageError as error:
        raise LayoutRefused(
            f"{item.key} cannot be converted. {error.what}", "Mend the unit in the layout.", error.allowed
        ) from None


class UnitDoubts:
    """Counts, column by column and batch by batch, the values that only another unit makes plausible."""

    def __init__(self) -> None:
        self._known: Counter[tuple[str, str]] = Counter()
        self._doubted: dict[tuple[str, str], Counter[str]] = {}

    def add(self, item: Field, column: str, unit: str, values: pa.Array) -> None:
        """
        Count one batch of a column.

        Parameters
        ----------
        item : Field
            The field that the column became.
        column, unit : str
            The source column and its declared unit.
        values : pyarrow.Array
            The converted values.
        """
        if item.type != "number" or not item.unit or item.plausible == (None, None):
            return
        units = suspicious(values, *item.plausible, _other_units(item, factor(item, unit)))
        place = (column, item.key)
        self._known[place] += len(values) - values.null_count
        found = self._doubted.setdefault(place, Counter())
        for pair in pc.value_counts(units.drop_null()).to_pylist():
            found[pair["values"]] += pair["counts"]

    def problems(self, file: str) -> Iterator[Problem]:
        """Yield one warning for each column whose unit is doubted; it names counts and the unit, no value."""
        for (column, key), found in self._doubted.items():
            known = self._known[column, key]
            for unit, count in found.most_common(1):
                if count >= DOUBTED_SHARE * known:
                    what = f"{count} of {known} values are plausible only in {unit}; "
                    what += "check the unit of the column with the laboratory."
                    yield Problem("warning", UNIT_RULE, file, 0, column, what, f"plausible in {unit}")


def _other_units(item: Field, declared: Factor) -> dict[str, Factor]:
    found: dict[str, Factor] = {}
    for unit, other in ((item.unit, IDENTITY), *((row.written, row.factor) for row in conversions(item.key))):
        scale = other.scale / declared.scale
        by = Factor(scale, other.offset - declared.offset * scale)
        if other != declared and by not in found.values():
            found[unit] = by
    return found
