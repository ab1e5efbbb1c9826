"""Reads the variant description of a cell of a report."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from harmony.notation.hgvs.cleaning import clean
from harmony.notation.hgvs.draft import confidence_of
from harmony.notation.hgvs.model import Confidence, Reading, Result, Status, Variant
from harmony.notation.hgvs.reader import CellReader
from harmony.notation.hgvs.tokens import balanced
from harmony.notation.hgvs.vaf import Vaf, read_vaf

#: Longest cell that is read; a page of a report has about 4,000 signs.
MAX_LENGTH = 10_000
#: Beginnings of FISH and array results, which have a reader of their own.
TEST_STARTS = ("ish ", "nuc ish", "arr[", "arr(", "ogm[")
#: Beginnings of a single abnormality; a gene may follow it, so that the cell is read first.
ABNORMALITIES = ("t(", "inv(", "del(", "dup(", "add(", "ins(", "i(", "der(")
RANK: dict[Confidence, int] = {"high": 0, "medium": 1, "low": 2}


def read_variant(text: str, vaf_unit: str | None = None) -> Reading:
    """
    Read one cell: one or several variants, or the statement that nothing was found or nothing was tested.

    Parameters
    ----------
    text : str
        Anything; `JAK2 c.1849G>T p.(Val617Phe) VAF 41 %`, `R882H`, `FLT3-ITD`, `not tested`.
    vaf_unit : fraction, percent or None
        What an allele fraction without a `%` sign is; without it such a number from 0 to 1 is not read.

    Returns
    -------
    Reading
        Never `wild_type` unless a word says so; what was not understood is `unreadable` or counted.

    Raises
    ------
    UsageError
        When the unit is not known. No text raises.
    """
    if not text.strip():
        return _without(text, "", "no_result", "empty", ())
    if len(text) > MAX_LENGTH:
        return _without(text, "", "unreadable", "unknown", ("too_long",))
    cleaned, repairs = clean(text)
    if not cleaned:
        return _without(text, cleaned, "unreadable", "unknown", repairs)
    cleaned, spaces = _close_up(cleaned)
    repairs += ("spaces_inside",) if spaces else ()
    repairs += () if balanced(cleaned) else ("bracket_not_closed",)
    foreign = _not_a_variant(cleaned)
    if foreign:
        return _without(text, cleaned, "not_variant", "unknown", (*repairs, foreign))
    reader = CellReader(cleaned)
    variants = tuple(_with_vaf(variant, vaf_unit) for variant in reader.read(repairs))
    return _reading(text, cleaned, variants, repairs, reader.unread)


def _without(text: str, cleaned: str, status: Status, result: Result, problems: tuple[str, ...]) -> Reading:
    confidence: Confidence = "high" if status == "no_result" else "low"
    return Reading(text, cleaned, status, result, (), problems, confidence)


def _close_up(text: str) -> tuple[str, bool]:
    """Remove blanks inside a description: `c. 1849 G > T`, `p. Val617Phe`."""
    if " " not in text:
        return text, False
    if " >" not in text and "> " not in text and ". " not in text:
        return _position_only(text)
    closed = text
    for loose, tight in ((" > ", ">"), (" >", ">"), ("> ", ">")):
        at = closed.find(loose)
        while at > 0:
            after = closed[at + len(loose) : at + len(loose) + 1]
            if closed[at - 1] not in "ACGTacgt" or after not in ("A", "C", "G", "T", "a", "c", "g", "t"):
                break
            closed = closed[:at] + tight + closed[at + len(loose) :]
            at = closed.find(loose)
    for level in "cgnmrp":
        closed = _tight_after(closed, f"{level}. ")
    return (_bases_to_position(closed), True) if closed != text else _position_only(text)


def _position_only(text: str) -> tuple[str, bool]:
    if "c." not in text and "g." not in text:
        return text, False
    closed = _bases_to_position(text)
    return closed, closed != text


def _tight_after(text: str, loose: str) -> str:
    parts = text.split(loose)
    whole = parts[0]
    for part in parts[1:]:
        starts = part[:1].isdigit() or part[:1].isupper() or part[:1] in "([*-?="
        alone = not whole or not whole[-1].isalnum()
        whole += (loose[:-1] if starts and alone else loose) + part
    return whole


def _bases_to_position(text: str) -> str:
    """Close the blank of `c.1849 G>T` and `c.863_864 insTCTG`."""
    words = text.split(" ")
    closed = words[:1]
    for word in words[1:]:
        before = closed[-1].lstrip("(")
        opens = (
            before[:2] in ("c.", "g.")
            and before[-1:].isdigit()
            and before[2:].lstrip("-*").replace("_", "").isdigit()
        )
        change = word.startswith(("del", "dup", "ins", "inv")) or word[1:2] == ">"
        if opens and change:
            closed[-1] += word
        else:
            closed.append(word)
    return " ".join(closed)


def _not_a_variant(text: str) -> str:
    """Return a code when the cell is a karyotype, another test, or the IGHV status."""
    lower = text.casefold()
    digits = len(text) - len(text.lstrip("0123456789"))
    if digits == 2 and text[2:3] in (",", "~", "-", "<") and any(c in text.upper()[:12] for c in "XY"):
        return "karyotype"
    if lower.startswith(TEST_STARTS):
        return "karyotype"
    if lower.startswith(("ighv", "igvh", "vh ")) and "c." not in lower and "p." not in lower:
        return "ighv_status"
    return ""


@lru_cache(maxsize=4_096)
def _known_vaf(written: str, unit: str | None) -> Vaf:
    return read_vaf(written, unit)


def _with_vaf(variant: Variant, unit: str | None) -> Variant:
    if not variant.vaf_written:
        return variant
    vaf = _known_vaf(variant.vaf_written, unit)
    if vaf.status == "read":
        return replace(variant, vaf=vaf.fraction)
    code = "vaf_unit_unclear" if vaf.status == "unclear" else "vaf_unreadable"
    problems = (*variant.problems, code)
    return replace(variant, problems=problems, confidence=confidence_of(problems))


def _reading(
    text: str, cleaned: str, variants: tuple[Variant, ...], repairs: tuple[str, ...], unread: int
) -> Reading:
    problems = repairs + (("words_not_read",) if unread else ())
    if not variants and cleaned.casefold().startswith(ABNORMALITIES):
        return _without(text, cleaned, "not_variant", "unknown", (*repairs, "karyotype"))
    if not variants:
        return _without(text, cleaned, "unreadable", "unknown", problems)
    worst = variants[0].confidence
    if len(variants) > 1:
        worst = max((v.confidence for v in variants), key=RANK.__getitem__)
    if unread and worst == "high":
        worst = "medium"
    if len(variants) > 1:
        problems += ("one_cell_several",)
    return Reading(text, cleaned, _status(variants, unread), _result(variants), variants, problems, worst)


def _status(variants: tuple[Variant, ...], unread: int) -> Status:
    found = {variant.status for variant in variants}
    if unread or "partly_read" in found:
        return "partly_read"
    return "read" if "read" in found else "no_result"


def _result(variants: tuple[Variant, ...]) -> Result:
    """Return what the whole cell says: a variant beats all; other statements that differ are unknown."""
    if len(variants) == 1:
        return variants[0].result
    found = {variant.result for variant in variants}
    for first in ("variant", "no_change"):
        if first in found:
            return first
    return found.pop() if len(found) == 1 else "unknown"
