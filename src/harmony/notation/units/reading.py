"""
A unit as a laboratory writes it becomes a UCUM code, within the quantity that is measured.

The quantity decides: G/L is giga per litre for cells and gram per litre for a protein, and gauss per litre
for nobody. What is not on the list is refused with the reason; nothing is read by its letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from harmony.errors import UsageError
from harmony.notation.units.spelling import LONGEST, fold, plain
from harmony.notation.units.vocabulary import (
    Quantity,
    Word,
    names_of_cells,
    quantities,
    refused_spellings,
    whole_units,
    words,
)


@dataclass(frozen=True)
class UnitReading:
    """
    How the text of a unit was understood.

    Attributes
    ----------
    code : str
        UCUM code; empty when the text was refused.
    quantity : str
        Quantity it was read as.
    scale, offset : Fraction
        Value in the quantity's base unit (gram, mol, litre, second, U, one) = value x scale + offset.
    note : str
        What the reader should know about this writing; often empty.
    refused : str
        Why it was refused; empty when it was read.
    """

    code: str
    quantity: str
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    note: str = ""
    refused: str = ""


@lru_cache(maxsize=4096)
def read_unit(text: str, quantity: str) -> UnitReading:
    """
    Read the text of a unit.

    Parameters
    ----------
    text : str
        Any text, in any of the writings of `words.csv`.
    quantity : str
        What is measured, a name of `quantities.csv` such as mass_per_volume.

    Returns
    -------
    UnitReading
        With a code, or with the reason of the refusal; never a code of another quantity.

    Raises
    ------
    UsageError
        When there is no such quantity.
    """
    if quantity not in quantities():
        raise UsageError(f"There is no quantity '{quantity}'.", "", ", ".join(quantities()))
    key = plain(text[: LONGEST + 1])
    if not key:
        return UnitReading("", quantity, refused="there is no unit")
    if len(text) > LONGEST:
        return UnitReading("", quantity, refused=f"it is longer than {LONGEST} characters")
    # A reason of its own comes first: M/L would be a million per litre by its parts.
    found = None if key in refused_spellings(quantity) else _match(quantities()[quantity], key)
    return found or UnitReading("", quantity, refused=_reason(quantity, key))


@lru_cache(maxsize=1024)
def quantity_of(code: str) -> str:
    """Return the quantity that a UCUM code of the dictionary measures; empty when no list has it."""
    found = {name: read_unit(code, name).code for name in quantities()}
    exact = [name for name, read in found.items() if read and read == code]
    # Cel is the code of the degree and, in capitals or not, a Spanish writing of cells: the code comes first.
    return next(iter([*exact, *(name for name, read in found.items() if read)]), "")


def _match(quantity: Quantity, key: str) -> UnitReading | None:
    whole = whole_units(quantity.name)
    code, note = whole.get(key) or whole.get(fold(key)) or ("", "")
    if code:
        found = _compose(quantity, code)
        return found and UnitReading(code, quantity.name, found.scale, found.offset, note)
    if quantity.suffix:
        bare = key.removesuffix(quantity.suffix).removesuffix(quantity.suffix.strip("{}"))
        return None if bare == key else _compose(quantity, bare)
    return _compose(quantity, key)


def _compose(quantity: Quantity, key: str) -> UnitReading | None:
    parts = [key] if len(quantity.kinds) == 1 else key.split("/")
    if len(parts) != len(quantity.kinds):
        return None
    found = [_word(kind, part) for kind, part in zip(quantity.kinds, parts, strict=True)]
    if any(word is None for word in found):
        return None
    units = [word for word in found if word is not None]
    scale = units[0].scale
    for below in units[1:]:
        scale /= below.scale
    code = "/".join(word.code for word in units) + quantity.suffix
    notes = "; ".join(word.note for word in units if word.note)
    return UnitReading(code or "{cells}", quantity.name, scale, units[0].offset, notes)


def _word(kind: str, key: str) -> Word | None:
    listed = words(kind)
    found = listed.find(key)
    if found is not None or kind != "count":
        return found
    # 10^9 cells, tys. komórek, cells x 10^9: a number and its noun.
    lower = fold(key)
    for name in names_of_cells():
        if lower.endswith(name):
            return listed.find(key[: -len(name)])
        if lower.startswith(name):
            return listed.find(key[len(name) :])
    return None


def _reason(quantity: str, key: str) -> str:
    reasons = refused_spellings(quantity)
    listed = reasons.get(key) or reasons.get(fold(key).replace("μ", "u"))
    if listed:
        return listed
    label = quantities()[quantity].label
    others = [q.label for q in quantities().values() if q.name != quantity and _match(q, key)]
    if others:
        return f"it is a unit of {' or of '.join(others)}, not of {label}"
    return f"it is not on the list of spellings for {label}"
