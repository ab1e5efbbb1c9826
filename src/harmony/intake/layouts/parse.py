"""Which readers a column rule may name with `parse`, and what is wrong with a rule that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harmony.dictionary.model import Field
from harmony.errors import LayoutRefused
from harmony.notation.iscn.findings import COLUMNS

if TYPE_CHECKING:
    from harmony.intake.layouts.model import ColumnRule

KARYOTYPE: Final = "karyotype"
VARIANTS: Final = "variants"

#: Fields that each reader gives, by full name.
GIVEN: Final = {
    KARYOTYPE: tuple(
        f"cytogenetics.{name}"
        for name in (
            "karyotype_result", "karyotype_iscn", "complex_karyotype", "monosomal_karyotype",
            *(finding.name for finding in COLUMNS),
        )
    ),
    VARIANTS: ("gene_test.variants",),
}  # fmt: skip

#: Units of an allele fraction without a per cent sign.
VAF_UNITS: Final = ("%", "1")


def check_parse(rule: ColumnRule, item: Field) -> None:
    """
    Check what a rule says of reading text.

    Raises
    ------
    LayoutRefused
        When parsed text comes another way, the reader is not known, does not give the field, or the rule has
        keys that mean nothing beside `parse`.
    """
    if not rule.parse:
        if item.parsed:
            what = f"{item.key} holds what our reader printed and is filled in no other way."
            raise LayoutRefused(what, f"Write parse = '{item.parsed}'.")
        if rule.sex:
            raise LayoutRefused(f"{item.key} has sex without parse.", "Leave sex out.", "parse = 'karyotype'")
        return
    if rule.parse not in GIVEN:
        raise LayoutRefused(f"{item.key} has parse '{rule.parse}'.", "Mend the layout.", ", ".join(GIVEN))
    if item.key not in GIVEN[rule.parse]:
        what = f"Reading {rule.parse} does not give {item.key}."
        raise LayoutRefused(what, "Name a column of its own for it.", ", ".join(GIVEN[rule.parse]))
    _check_beside(rule, item)


def _check_beside(rule: ColumnRule, item: Field) -> None:
    if rule.column is None or rule.codes or rule.date or rule.interval or rule.uses:
        what = f"{item.key} has parse and keys that mean nothing beside it."
        raise LayoutRefused(what, "Mend the layout.", "column, parse, sex, unit, when")
    if rule.sex and rule.parse != KARYOTYPE:
        raise LayoutRefused(f"{item.key} has sex, which only a karyotype needs.", "Leave sex out.")
    if rule.unit and (rule.parse != VARIANTS or rule.unit not in VAF_UNITS):
        what = f"{item.key} has a unit that is none of an allele fraction."
        raise LayoutRefused(what, "Mend the layout.", "parse = 'variants' with unit % or 1")
