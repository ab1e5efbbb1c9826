"""A report becomes clones: separators are found, also where they were forgotten, and each clone is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from harmony.notation.iscn.comments import CLONE, part
from harmony.notation.iscn.items import read_items
from harmony.notation.iscn.labels import without_labels
from harmony.notation.iscn.model import Clone, Item, Karyotype
from harmony.notation.iscn.text import clean
from harmony.notation.iscn.words import is_harmless, speaks_of_failure

_ROUND_COUNT: Final = re.compile(r"(?<=[)\dxy])\s*\((cp)?(\d{1,3})\)(?=$|[/\n,;.\s])", re.IGNORECASE)
_ROUND: Final = re.compile(r"\(([\dpqxyvterc?.;:,/~>\-\sno]{1,80})\)", re.IGNORECASE)
_CURLY: Final = str.maketrans("{}", "[]", "\"'`")
_OR: Final = re.compile(r"\s+or\s+", re.IGNORECASE)
_BLANKS: Final = re.compile(r"[^\S\n]+")
_TOKEN: Final = re.compile(
    r"(?P<cells>\[(?:[^\]\[\n,(]{0,40}\]|[^\]\[\n,(\d]{0,3}\d{0,4}\]?))|(?P<donor>//)|(?P<clone>[/\n|])|(?P<comma>[,;])"
    r"|(?P<chunk>(?:\([^()\[\]/,\n]*\)?|[^()\[\]/,;\n|]|\))+)|(?P<other>.)",
    re.DOTALL,
)
_CELLS: Final = re.compile(
    r"\[[~.]?(?:cp|c\.p\.?|cb)?\.?(\d(?:\d|o(?![a-z])){0,3})\+?(?:cp|\.|(?:cel|met|mit|zel|mph|analy)[a-z.]*|[mc])?"
    r"(?:/\d+)?\]?"
)
_ABOUT: Final = re.compile(r"(?:^|(?<=[\s/;,\]]))[~≈]\s*(?=\d{2,3}\s*[,<])")
_MODAL: Final = re.compile(
    r"(?P<low>\d{2,3})(?:[~-](?P<high>\d{2,3}))?[?]?(?:<(?P<ploidy>\d)n?[^<>]*>)?(?P<rest>.*)", re.DOTALL
)
_SEX: Final = re.compile(
    r"(?P<sex>[xy]\?|x[o0]|[xy]{1,5}|\?{1,2}|uu?)(?P<c>c)?(?P<rest>$|[+\-?].*|(?:[a-z]+\().*|(?:y|\d{1,2})[pq]?h.*)"
)
_RELATED: Final = re.compile(
    r"(?P<name>idem|sdl\d{0,2}|sl\d?|stemline|same|ident)\.?(?:[x*](?P<times>\d))?(?P<rest>$|[+\-?].*)"
)
#: A text that was cut off: a bracket that is still open, or a sign after which something must follow.
_CUT: Final = re.compile(r"(?:\([^()\[\]/,\n]*|(?<!\])\s*,\s*[+~-]?|/\s*[+~-]?)\s*$")
#: A cell count that was cut off: [1 may be the beginning of [18].
_OPEN_COUNT: Final = re.compile(r"\[(?:cp)?[12]?$", re.IGNORECASE)
_TOGETHER: Final = "clones stood together without a separator"
RUN_TOGETHER: Final = "clones ran into each other"
_LOWEST, _HIGHEST = 20, 250


@dataclass
class _Raw:
    """Chunks of one clone as they are collected: text and the cell counts that follow each."""

    chunks: list[str] = field(default_factory=list)
    counts: dict[int, list[str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    donor: bool = False

    def add_count(self, text: str) -> None:
        self.counts.setdefault(len(self.chunks) - 1, []).append(text)
        if _number(text) is None:
            self.lost.append(text)


def read_clones(text: str) -> Karyotype:
    """
    Read a report into clones, without drawing conclusions.

    Parameters
    ----------
    text : str
        A report in ISCN form or near it.

    Returns
    -------
    Karyotype
        What no rule reads stands in `unread`; sections of other methods in `other_methods`.
    """
    cleaned = clean(text)
    parted = part(without_labels(cleaned.text))
    notes = list(cleaned.notes)
    unread: list[str] = list(parted.glued)
    remarks: list[str] = []
    for comments, others in ((parted.comments, unread), (parted.aside, remarks)):
        for comment in comments:
            if not is_harmless(comment):
                others.append(comment)
            elif speaks_of_failure(comment):
                remarks.append(comment)
                notes.append("the report speaks of failed metaphases")
            else:
                notes.append("a comment was left out")
    parted = replace(parted, signs=_OPEN_COUNT.sub("", parted.signs))
    if _CUT.search(parted.signs) or "..." in parted.signs:
        unread.append("the text ends in the middle")
    starts = [found.start() for found in CLONE.finditer(parted.signs)]
    if any(parted.signs[start - 1].isalnum() or parted.signs[start - 1] == ")" for start in starts if start):
        notes.append(RUN_TOGETHER)
    clones: list[Clone] = []
    for raw in _split(_signs(parted.signs), notes):
        clone, left = _clone(raw, notes)
        clones.extend(clone)
        unread.extend(left)
    shorthand = bool(clones) and not any(clone.low or clone.sex or clone.related for clone in clones)
    return Karyotype(
        tuple(clones),
        tuple(unread),
        parted.other_methods,
        tuple(dict.fromkeys(notes)),
        tuple(remarks),
        shorthand,
    )


def _signs(text: str) -> str:
    """Return the signs in lower case, without blanks, each clone on a line of its own."""
    text = _ABOUT.sub("", text.translate(_CURLY))
    text = _ROUND_COUNT.sub(lambda found: f"[{found[1] or ''}{found[2]}]", text)
    text = _ROUND.sub(_semicolons, text)
    text = _OR.sub("or", text)
    places = [found.start() for found in CLONE.finditer(text)]
    parts = [text[a:b].rstrip() for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    marked = "\n".join(piece for piece in parts if piece)
    kept = [line if CLONE.match(line) else line.replace("\n", " ") for line in _by_clone(marked)]
    return _BLANKS.sub("", "\n".join(kept)).lower()


def _by_clone(text: str) -> Iterator[str]:
    """Yield pieces that begin with a clone; other line breaks are wraps inside one."""
    piece = ""
    for line in text.split("\n"):
        if piece and CLONE.match(line.lstrip(" /")):
            yield piece
            piece = line.lstrip(" ")
        else:
            piece = f"{piece} {line}" if piece else line.lstrip(" ")
    yield piece


def _semicolons(found: re.Match[str]) -> str:
    inside = found[1].replace("\n", "")
    for sign in (",", "/", ":"):
        inside = inside.replace(sign, ";")
    return f"({inside})"


def _split(text: str, notes: list[str]) -> list[_Raw]:
    raws = [_Raw()]
    parted = ""
    for found in _TOKEN.finditer(text):
        kind, piece = found.lastgroup, found.group()
        if kind == "chunk":
            _add_chunk(raws, piece.strip(". "), parted, notes)
            parted = ""
        elif kind == "cells":
            _add_cells(raws[-1], piece, text[found.end() : found.end() + 1], notes)
        elif kind == "clone":
            parted = "/"
        elif kind == "donor":
            parted = "/"
            if raws[-1].chunks:
                raws.append(_Raw())
            raws[-1].donor = True
        elif kind == "comma":
            parted = piece if piece == ";" else ""
        else:
            raws[-1].lost.append(piece)
    return [raw for raw in raws if raw.chunks or raw.lost]


def _add_chunk(raws: list[_Raw], piece: str, parted: str, notes: list[str]) -> None:
    counted = bool(raws[-1].counts.get(len(raws[-1].chunks) - 1))
    behind_slash = parted == "/" and counted
    if raws[-1].chunks and (behind_slash or _starts_clone(piece, counted)):
        if not parted:
            notes.append(_TOGETHER if counted else RUN_TOGETHER)
        raws.append(_Raw(donor=raws[-1].donor))
    if piece:
        raws[-1].chunks.append(piece)


def _add_cells(raw: _Raw, piece: str, behind: str, notes: list[str]) -> None:
    raw.add_count(piece)
    if piece.endswith("]"):
        return
    if behind == ",":
        notes.append(RUN_TOGETHER)
    elif behind not in ("", "/", "\n", ";"):
        raw.lost.append(piece)


def _starts_clone(token: str, counted: bool) -> bool:
    found = _MODAL.fullmatch(token)
    if found and _LOWEST <= int(found["low"]) <= _HIGHEST:
        return not found["rest"] or _SEX.fullmatch(found["rest"]) is not None or bool(_related(found["rest"]))
    # sl,+8 or XX without a number, behind a clone that has its cells.
    return counted and (bool(_related(token)) or re.fullmatch(r"x[xy]", token) is not None)


def _related(token: str) -> re.Match[str] | None:
    return _RELATED.fullmatch(token)


def _clone(raw: _Raw, notes: list[str]) -> tuple[list[Clone], list[str]]:
    if not raw.chunks:
        return [], raw.lost
    cells, composite = _cells(raw)
    clone = Clone(0, 0, cells=cells, composite=composite, donor=raw.donor)
    clone, rest = _head(clone, list(enumerate(raw.chunks)), notes)
    items: list[Item] = []
    unread: list[str] = list(raw.lost)
    for item in _items(raw, rest):
        if item.kind == "unread":
            unread.extend([item.text] if item.text.strip(".,;:)'\" ") else [])
        elif item.kind == "related":
            clone = _take_related(clone, item, notes)
        elif _is_lost_again(item, items, clone):
            notes.append(f"{item.text} was written more often than it can be lost")
        else:
            items.append(item)
    empty = not (clone.low or clone.sex or clone.related or items)
    return ([] if empty else [replace(clone, items=tuple(items))]), unread


def _items(raw: _Raw, chunks: list[tuple[int, str]]) -> Iterator[Item]:
    """Yield the changes of a clone, each with its own cell count where one was written."""
    for place, chunk in chunks:
        counts = raw.counts.get(place, [])
        own = _number(counts[0]) if counts and not _is_last(raw, place, counts) else None
        for item in read_items(chunk):
            yield item if own is None else replace(item, cells=own)


def _is_lost_again(item: Item, items: list[Item], clone: Clone) -> bool:
    """Return whether a sex chromosome is lost a second time: one of two must stay."""
    lost = item.kind == "loss" and item.chromosome in ("X", "Y") and clone.ploidy <= 2
    return lost and any(other.kind == "loss" and other.chromosome == item.chromosome for other in items)


def _take_related(clone: Clone, item: Item, notes: list[str]) -> Clone:
    if clone.related:
        notes.append(f"{item.text} was written twice in one clone")
        return clone
    if clone.sex:
        notes.append(f"{item.text} stood behind the sex chromosomes")
    return replace(clone, related=item.text, times=item.copies)


def _head(
    clone: Clone, chunks: list[tuple[int, str]], notes: list[str]
) -> tuple[Clone, list[tuple[int, str]]]:
    """Read modal number, ploidy, sex chromosomes or `sl`; return the clone and the chunks behind."""
    rest = list(chunks)
    found = _MODAL.fullmatch(rest[0][1])
    if found and _LOWEST <= int(found["low"]) <= _HIGHEST and _head_rest(found["rest"]):
        low = int(found["low"])
        high = max(int(found["high"] or low), low)
        clone = replace(clone, low=low, high=high, ploidy=int(found["ploidy"] or 2))
        place = rest.pop(0)[0]
        if found["rest"]:
            rest.insert(0, (place, found["rest"]))
    clone, rest = _ploidy_apart(clone, rest)
    if not rest:
        return clone, rest
    place, chunk = rest[0]
    related, sex = _RELATED.fullmatch(chunk), _SEX.fullmatch(chunk)
    if related:
        name = related["name"]
        # Words that laboratories use for it.
        name = "idem" if name in ("stemline", "same", "ident") else name
        clone = replace(clone, related=name, times=int(related["times"] or 1))
    elif sex and (clone.low or "?" not in sex["sex"]):
        letters = sex["sex"].replace("o", "").replace("0", "").upper()
        clone = replace(clone, sex=letters, inborn_sex=bool(sex["c"]))
    else:
        if clone.low:
            notes.append("sex chromosomes are missing")
        return clone, rest
    behind = (related or sex)["rest"]  # type: ignore[index]
    rest = rest[1:]
    if behind:
        rest.insert(0, (place, behind))
    return _ploidy_apart(clone, rest)


def _ploidy_apart(clone: Clone, rest: list[tuple[int, str]]) -> tuple[Clone, list[tuple[int, str]]]:
    """Read `<3n>` that was parted from its number by a comma."""
    found = re.fullmatch(r"<(\d)n?[^<>]*>(.*)", rest[0][1]) if rest else None
    if not found:
        return clone, rest
    behind = [(rest[0][0], found[2])] if found[2] else []
    return replace(clone, ploidy=int(found[1])), [*behind, *rest[1:]]


def _head_rest(rest: str) -> bool:
    return not rest or bool(_SEX.fullmatch(rest)) or bool(_RELATED.fullmatch(rest))


def _cells(raw: _Raw) -> tuple[int | None, bool]:
    composite = any("cp" in text or "c.p" in text for texts in raw.counts.values() for text in texts)
    if not raw.counts:
        return None, composite
    last = max(raw.counts)
    if last < len(raw.chunks) - 1:
        return None, composite
    return _number(raw.counts[last][-1]), composite


def _is_last(raw: _Raw, place: int, counts: list[str]) -> bool:
    return place == len(raw.chunks) - 1 and len(counts) == 1


@lru_cache(maxsize=1024)
def _number(text: str) -> int | None:
    found = _CELLS.fullmatch(text)
    return int(found[1].replace("o", "0")) if found else None
