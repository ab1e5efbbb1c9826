"""
What laboratories write around a karyotype is brought to signs or taken off, before it is split into clones.

In front: sample, date, number of the clone. Behind: cells in words, as a share or as a fraction, brackets
that got lost. A label is taken off only where a clone begins right behind it and nothing in it is a change.
"""

from __future__ import annotations

import re
from typing import Final

_UNIT: Final = (
    r"(?:cells?|cellules|cellule|celulas|células|zellen|metaphases?|metaphasen|metafases|metafasi|mitoses|mitosis"
    r"|mitosen|mitosi|met|mit|mph)\b\.?"
)
_OF: Final = r"\s*(?:/|of|out of|von|sur|su|de|van)\s*"
_END: Final = r"\s*(?=$|[/\n,;.])"
#: What a cell count stands behind: a bracket, a chromosome or the sex chromosomes.
_BEHIND: Final = r"(?:(?<=[)\d])|(?<=[,Xx-][XYxy])|(?<=mar))"

#: A share of cells says that there is a clone and not how many cells it has.
_SHARE: Final = re.compile(
    rf"\[\s*\d{{1,3}}(?:[.,]\d{{1,2}})?\s*%\s*\]|{_BEHIND}\s*\(\s*\d{{1,3}}(?:[.,]\d{{1,2}})?\s*%\s*\)"
    rf"|{_BEHIND}[ ]\d{{1,3}}\s?%(?=\s*(?:$|[/\n,;]))"
)
_NO_NUMBER: Final = re.compile(r"\[\s*(?:\?{1,2}|n{1,2}|x{1,2})?\s*\]", re.IGNORECASE)
_ABOUT: Final = re.compile(r"\[\s*(?:[<>≥≤~]=?|n\s*=|ca\.?)\s*(?=\d)", re.IGNORECASE)
_COUNTS: Final = (
    (re.compile(rf"{_BEHIND}\s*\(\s*n\s*=\s*(\d{{1,3}})\s*\)", re.IGNORECASE), r"[\1]"),
    (re.compile(rf"{_BEHIND}\s*\(\s*(\d{{1,3}})\s*M\s*\)"), r"[\1]"),
    (re.compile(rf"\[\s*(\d{{1,3}}){_OF}\d{{1,3}}[^\[\]\d]{{0,12}}\]", re.IGNORECASE), r"[\1]"),
    (re.compile(rf"{_BEHIND}\s*\(\s*(\d{{1,3}}){_OF}\d{{1,3}}\s*(?:{_UNIT}\s*)?\)", re.IGNORECASE), r"[\1]"),
    (re.compile(rf"{_BEHIND}\s+in\s+(\d{{1,3}}){_OF}\d{{1,3}}\s*(?:{_UNIT})?", re.IGNORECASE), r"[\1]"),
    (
        re.compile(rf"{_BEHIND}\s+(\d{{1,2}})\s*/\s*(?!4[3-8])\d{{2}}\s*(?:{_UNIT})?{_END}", re.IGNORECASE),
        r"[\1]",
    ),
    (re.compile(rf"{_BEHIND}\s*[,;]?\s+(?:in\s+)?(\d{{1,3}})\s*{_UNIT}", re.IGNORECASE), r"[\1]"),
    # A number behind the last bracket of a change can only be its cells; behind XX it could be a chromosome.
    (re.compile(r"(?<=[\dpq]\))\s*(\d\d(?=\s*$)|(?:[2-9]|\d\d)(?=\s*/))"), r"[\1]"),
)
_COMPOSITE: Final = re.compile(
    r"cp\s*(?:\[\s*(\d{1,3})\s*\]|\(\s*(\d{1,3})\s*\)|(\d{2,3}|[2-9])\b)", re.IGNORECASE
)
_OPENING: Final = (
    # t8;21)(q22;q22): the first bracket is missing; t(8;21)q22;q22): the third is.
    (
        re.compile(r"\b(t|del|inv(?!9)|add|dup|ins|der|dic)([1-9]\d?(?:;\d{1,2})?\)\()", re.IGNORECASE),
        r"\1(\2",
    ),
    (
        re.compile(r"(\(\d{1,2}(?:;\d{1,2})?\))([pq]\d{1,2}(?:\.\d)?(?:;?[pq]\d{1,2}(?:\.\d)?)?\))", re.I),
        r"\1(\2",
    ),
    # q11,2 is written with a decimal comma.
    (re.compile(r"(?<=[pq]\d\d),(?=\d(?:[;pq)]))", re.IGNORECASE), "."),
    # [10]+46,XY and [10]:46,XY part clones; normal (46,XX) holds one.
    (re.compile(r"\]\s*[+&:-]\s*(?=\d\d\s*,\s*[XY])", re.IGNORECASE), "]/"),
    (re.compile(r"\(\s*(46\s*,?\s*X[XY])\s*\)", re.IGNORECASE), r" \1 "),
    (re.compile(r"(?<=[A-Za-z])\s?[:=](?=\d\d\s*,\s*[XY])", re.IGNORECASE), ": "),
    (re.compile(r"\(?\bISCN[ ,(]{0,3}(?:19|20)\d\d\b\)?", re.IGNORECASE), " "),
)

#: Where a clone begins, as far as a label in front of it needs to know.
_CLONE: Final = re.compile(
    r"(?<![\w.:;(~+?-])\d{2,3}(?:[~-]\d{2,3})?(?:<[^<>\n]{0,6}>)?\s?[,;]?\s?(?=[XxYy]|sd?l\b|idem)"
)
_LABELS: Final = (
    re.compile(
        r"(?<![\w.(+-])(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?![\w./-])[:;,]?"
    ),
    re.compile(r"(?<![\w.(+-])#?[A-Za-z]{0,4}[ -]?\d{2,4}[/.-]\d{3,7}(?![\w./-])[:;,]?"),
    re.compile(r"(?<![\w.(+-])(?:#\d{1,7}|[A-Za-z]{1,4}\d{4,8})(?![\w./-])[:;,]?"),
    re.compile(
        r"(?<![\w(+-])(?:clones?|klone?|clono?|linea|line|cell ?line|zelllinie|karyotype?|caryotype|probe"
        r"|kt|sample)\s*(?:no\.?|nr\.?|#)?\s*(?:\d{1,2}|[a-h]|i{1,3})?\s*(?:[:.)=-]|$)",
        re.IGNORECASE,
    ),
    re.compile(r"(?<![\w(+-])(?:CR\d?|PR|Dx|Dg|Rel)\s*[:=]", re.IGNORECASE),
    re.compile(r"(?<![\w(+-])\(?(?:\d|[a-h])[):.](?=\s*$)", re.IGNORECASE),
)
_LONGEST_LABEL: Final = 80


def without_labels(text: str) -> str:
    """
    Return a report without labels, with every cell count in square brackets.

    Parameters
    ----------
    text : str
        As `text.clean` returns it.
    """
    for pattern, signs in _OPENING:
        text = pattern.sub(signs, text)
    text = _with_counts(text)
    kept: list[str] = []
    place = 0
    for clone in _CLONE.finditer(text):
        begin = _begin_of_label(text, place, clone.start())
        label = text[begin : clone.start()]
        if len(label) <= _LONGEST_LABEL and not set(label) & set("[]+"):
            kept.extend((text[place:begin], _bare(label)))
            place = clone.start()
    kept.append(text[place:])
    return "".join(kept)


def _begin_of_label(text: str, place: int, clone: int) -> int:
    """Return where a label may begin: behind the last count or line, or at the start of the text."""
    found = max(
        text.rfind("]", place, clone), text.rfind("\n", place, clone), text.rfind(");", place, clone) + 1
    )
    if found > place or text[place : place + 1] in ("]", "\n"):
        return found + 1
    return place if place == 0 else clone


def _bare(label: str) -> str:
    for pattern in _LABELS:
        label = pattern.sub(" ", label)
    return label


def _with_counts(text: str) -> str:
    text = _ABOUT.sub("[", _NO_NUMBER.sub("", _SHARE.sub("", text)))
    for pattern, signs in _COUNTS:
        text = pattern.sub(signs, text)
    return _COMPOSITE.sub(_composite, text)


def _composite(found: re.Match[str]) -> str:
    before = found.string[: found.start()].rstrip()[-4:]
    if before.endswith("[") or (
        before[-1:].isalpha() and not before.lower().endswith(("mar", "r", "x", "y"))
    ):
        return found.group()
    return f"[cp{found[1] or found[2] or found[3]}]"
