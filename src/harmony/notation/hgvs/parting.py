"""
Parts the allele fraction from a cell, so that a description is read once though its number differs.

The number is not cut off but replaced by a stand-in of the same kind. Reading asks of an allele fraction only
what the kinds below tell apart (sign, range, decimal or not), and copies its digits; so a cell and its cell
with the stand-in are read alike but for these digits. `taken` tells whether the reader took the stand-in for
an allele fraction at all; where it did not, the cell is read as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harmony.notation.hgvs.model import Reading

#: A number that is a whole word: not `1` or `2`, which are names of types, and not behind a bound.
NUMBER: Final = r"[0-9]{1,3}[.,][0-9]{1,6}|[0-9]{2,3}|[3-9]"
#: Cells of printable ASCII signs; the sign before the blank is none that joins words.
LAST: Final = (
    r"^ *(?P<before>[!-~](?:[ -~]{0,300}[A-Za-z0-9)\]=:,;])? +\(?(?:(?:VAF|vaf)[=:])?)"
    rf"(?P<number>{NUMBER})(?P<sign> ?%|)(?P<after>\)?) *$"
)
#: Two digits and a comma at the start are the chromosomes of a karyotype, so that a point is wanted here.
FIRST: Final = (
    r"^ *(?P<before>)(?P<number>[0-9]{1,3}\.[0-9]{1,6}|[0-9]{2,3}|[3-9])(?P<sign> ?%)"
    r"(?P<after> +[A-Za-z][ -~]{0,300})$"
)
#: By kind: as it stands; per cent, whole or decimal; without sign, below 1 or from above 1 to 100.
STAND_INS: Final = ("", "97", "17.0903", "0.170903", "17.0903")
WRITTEN: Final = ("", "97%", "17.0903%", "0.170903", "17.0903")
ASIS, WHOLE_PERCENT, PERCENT, BELOW_ONE, OVER_ONE = range(5)


@dataclass(frozen=True, slots=True)
class Parted:
    """
    Cells taken apart.

    Attributes
    ----------
    texts : text array
        Distinct texts to read, with stand-ins.
    kinds : int array
        Which stand-in each text has; 0 for none.
    place : int array of shape (n,)
        Which text belongs to a cell.
    written : text array of shape (n,)
        The allele fraction as the reader writes it, with its `%`; NULL where none was parted.
    """

    texts: pa.Array
    kinds: np.ndarray
    place: np.ndarray
    written: pa.Array


def part(cells: pa.Array) -> Parted:
    """
    Replace the allele fraction at the end or the start of each cell by the stand-in of its kind.

    Parameters
    ----------
    cells : text array of shape (n,)
        Without NULL.
    """
    last = pc.extract_regex(cells, LAST)
    pieces = pc.if_else(last.is_valid(), last, pc.extract_regex(cells, FIRST))
    before, number, sign, after = (pc.struct_field(pieces, i) for i in range(4))
    kind = _kinds(number, sign, pc.binary_join_element_wise(before, after, " "))
    parted = pc.not_equal(kind, ASIS)
    stand_in = pa.array(STAND_INS).take(kind)
    text = pc.if_else(parted, pc.binary_join_element_wise(before, stand_in, sign, after, ""), cells)
    # The kind goes in front, so that one text with two kinds is two texts.
    coded = pc.binary_join_element_wise(kind.cast(pa.string()), text, "").dictionary_encode()
    keys = coded.dictionary
    return Parted(
        pc.utf8_slice_codeunits(keys, 1),
        pc.utf8_slice_codeunits(keys, 0, 1).cast(pa.int8()).to_numpy(zero_copy_only=False),
        coded.indices.to_numpy(zero_copy_only=False),
        pc.if_else(parted, pc.binary_join_element_wise(number, pc.utf8_trim(sign, " "), ""), None),
    )


def _kinds(number: pa.Array, sign: pa.Array, rest: pa.Array) -> pa.Array:
    value = pc.replace_substring(number, ",", ".").cast(pa.float64())
    decimal = pc.match_substring_regex(number, "[.,]")
    signed = pc.not_equal(sign, "")
    again = pc.match_substring_regex(rest, "(?i)%|percent|prozent")
    up_to_100 = pc.less_equal(value, 100)
    per_cent = pc.and_(pc.and_(signed, up_to_100), pc.invert(again))
    # 0 and 1 are kinds of their own and so few that they are not worth it.
    plain = pc.and_(pc.invert(signed), pc.invert(pc.match_substring_regex(rest, "170903|17[.]0903")))
    between = pc.and_(pc.and_(pc.greater(value, 0), pc.less(value, 1)), decimal)
    over = pc.and_(pc.greater(value, 1), up_to_100)
    flags = [
        pc.and_(per_cent, pc.invert(decimal)),
        pc.and_(per_cent, decimal),
        pc.and_(plain, between),
        pc.and_(plain, over),
    ]
    cases = pa.StructArray.from_arrays([pc.fill_null(flag, False) for flag in flags], names=list("abcd"))
    return pc.case_when(cases, *(pa.scalar(kind, pa.int8()) for kind in range(1, 5)), pa.scalar(0, pa.int8()))


def taken(reading: Reading, kind: int) -> bool:
    """Tell whether the stand-in became the allele fraction of the only statement of a text."""
    if len(reading.variants) != 1 or reading.variants[0].vaf_written != WRITTEN[kind]:
        return False
    # A second number without sign may be equal to the real one and differ from the stand-in.
    return kind in (WHOLE_PERCENT, PERCENT) or "two_vafs" not in reading.variants[0].problems
