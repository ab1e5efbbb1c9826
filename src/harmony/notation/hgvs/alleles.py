"""Descriptions with their level: `c.1849G>T`, `p.(Arg882His)`, and alleles such as `c.[35G>A;38G>A]`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.dna import read_dna_change
from harmony.notation.hgvs.model import Change, Level
from harmony.notation.hgvs.plain import plain_dna, plain_protein
from harmony.notation.hgvs.protein import read_protein_change

#: Changes of one bracket; more than any report lists.
MAX_MEMBERS = 200
LEVELS = "cgnmrp"


@dataclass(frozen=True, slots=True)
class Description:
    """
    One or more changes of one level.

    Attributes
    ----------
    level : str
        c, g, n, m, r or p.
    changes : tuple of Change
        In the order of the text; members such as `=` and `?` of the other allele are among them.
    allele : str
        The whole printed form when brackets or `(;)` were used, else empty.
    legacy : tuple of str
        What was mended in the prefix.
    """

    level: Level
    changes: tuple[Change, ...]
    allele: str
    legacy: tuple[str, ...]


def has_prefix(text: str) -> bool:
    """Tell whether a text begins with `c.`, `p.` or the like, in any case."""
    return text[1:2] == "." and text[0].lower() in LEVELS


@lru_cache(maxsize=20_000)
def described(text: str) -> tuple[Description | None, int]:
    """Return the description a word begins with, and its length; the same few recur in a column."""
    plain = _plain(text)
    if plain is not None:
        return Description(plain.level, (plain,), "", ()), len(text)
    cursor = Cursor(text)
    description = read_description(cursor)
    return description, cursor.at


def _plain(text: str) -> Change | None:
    if text[0] != "p":
        return plain_dna(text)
    in_brackets = text[2:3] == "(" and text[-1] == ")"
    return plain_protein(text[3:-1], True) if in_brackets else plain_protein(text[2:])


def read_description(cursor: Cursor) -> Description | None:
    """
    Read a level and its change or changes; the cursor is left after them.

    Returns
    -------
    Description or None
        None when the part after the level could not be read; the cursor then stands anywhere.
    """
    written = cursor.next
    level = cast(Level, written.lower())
    cursor.at += 2
    legacy = () if written == level else ("case_of_level",)
    if cursor.sees("["):
        return _brackets(cursor, level, legacy)
    opened = cursor.sees("([")
    if opened:
        cursor.at += 1
        inner = _brackets(cursor, level, legacy)
        return inner if inner is not None and cursor.take(")") else None
    first = read_change(cursor, level)
    if first is None:
        return None
    members = [first]
    while cursor.take("(;)"):
        following = read_change(cursor, level)
        if following is None or len(members) >= MAX_MEMBERS:
            return None
        members.append(following)
    allele = f"{level}." + "(;)".join(_member(m) for m in members) if len(members) > 1 else ""
    return Description(level, tuple(members), _whole(allele, members), legacy)


def read_change(cursor: Cursor, level: Level) -> Change | None:
    """Read one change of the level."""
    return read_protein_change(cursor) if level == "p" else read_dna_change(cursor, level)


def _brackets(cursor: Cursor, level: Level, legacy: tuple[str, ...]) -> Description | None:
    groups: list[str] = []
    members: list[Change] = []
    while True:
        group = _group(cursor, level)
        if group is None or len(members) + len(group[0]) > MAX_MEMBERS:
            return None
        members += group[0]
        groups.append(group[1])
        if not cursor.sees(";[") and not cursor.sees("(;)["):
            break
        groups.append("(;)" if cursor.take("(;)") else ";")
        cursor.take(";")
    allele = f"{level}." + "".join(groups)
    return Description(level, tuple(members), _whole(allele, members), legacy)


def _group(cursor: Cursor, level: Level) -> tuple[list[Change], str] | None:
    """Read `[35G>A;38G>A]` or `[(Ser68Arg;Asn594del)]`; the changes and the printed bracket."""
    if not cursor.take("["):
        return None
    start = cursor.at
    members = _members(cursor, level, "]")
    if members is not None:
        return members[0], f"[{members[1]}]"
    cursor.at = start
    if not cursor.take("("):
        return None
    inside = _members(cursor, level, ")")
    if inside is None or not cursor.take("]"):
        return None
    return [replace(m, predicted=True) for m in inside[0]], f"[({inside[1]})]"


def _members(cursor: Cursor, level: Level, close: str) -> tuple[list[Change], str] | None:
    changes: list[Change] = []
    printed = ""
    while len(changes) < MAX_MEMBERS:
        cursor.run(" ")
        change = read_change(cursor, level)
        if change is None:
            return None
        changes.append(change)
        printed += _member(change)
        cursor.run(" ")
        if cursor.take(close):
            return changes, printed
        joint = "(;)" if cursor.take("(;)") else cursor.next
        if joint not in (";", ",", "(;)"):
            return None
        if joint != "(;)":
            cursor.at += 1
        printed += joint
    return None


def _member(change: Change) -> str:
    return f"({change.body})" if change.predicted else change.body


def _whole(allele: str, members: list[Change]) -> str:
    """Return the printed allele, empty when a member cannot be printed without a guess."""
    return allele if all(m.body for m in members) else ""
