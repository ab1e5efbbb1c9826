"""
Words of everyday language beside a karyotype are parted from it: they hide changes from a reader of signs.

`trisomy 8` and its like are brought to signs first; what then is left in words becomes a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from harmony.notation.iscn.items import KINDS
from harmony.notation.iscn.model import OtherMethod
from harmony.notation.iscn.words import OTHER_METHOD

_NUMBER: Final = r"(?:chromosome?\w*\s*)?(?P<n>\d{1,2}|[xy])\b(?!\s*[,;]\s*[xy])"
_SPELT: Final = (
    (re.compile(rf"\btri(?:somy|somie|somia|somía|s)\.?\s*(?:of|del?|von)?\s*{_NUMBER}", re.I), r"+\g<n>"),
    (re.compile(rf"\bmono(?:somy|somie|somia|somía)\.?\s*(?:of|del?|von)?\s*{_NUMBER}", re.I), r"-\g<n>"),
    (
        re.compile(rf"\b(?:loss|verlust|perte|perdita|pérdida)\s*(?:of|von|du|de|di)?\s*{_NUMBER}", re.I),
        r"-\g<n>",
    ),
    (
        re.compile(rf"\btetra(?:somy|somie|somia|somía)\.?\s*(?:of|del?|von)?\s*{_NUMBER}", re.I),
        r"+\g<n>,+\g<n>",
    ),
    (re.compile(r"\b(?:deletion|delecion|deleción|delezione|délétion)\s*(?=\(?\d)", re.I), "del"),
    (re.compile(r"\b(?:inversion|inversione|inversión)\s*(?=\(?\d)", re.I), "inv"),
    (re.compile(r"\b(?:translocation|translokation|traslocazione|traslocación)\s*(?=\(?\d)", re.I), "t"),
    (re.compile(r"\biso(?:chromosome?|chromosom)?\s*(?=\(?\d)", re.I), "i"),
)
#: What may stand between letters of ISCN and is no word of a language.
_SIGNS: Final = re.compile(
    r"(?:x{1,5}|y{1,4}|xo|[xy]{2,5}|or|idem|stemline|same|ident|sdl|sl|cp|inc|mars?|markers?|dmins?|dms?|rings?|pter|qter|cen|qh|ph|cenh|stk"
    r"|dn|mat|pat|inh|dmat|dpat|dinh|psu|ss|ps|pss|pstk|pqter|"
    + "|".join(sorted(KINDS, key=len, reverse=True))
    + r"|[pqcnvxyu])+",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_COUNTED: Final = re.compile(
    r"(?<!\[)\b\d+\s*(?:of\s*\d+\s*)?(?=(?:cells?|metaphas|mitos|zell|cellul|celul|metafas|analy)\w*)", re.I
)
_INSIDE: Final = re.compile(r"\[[^\]]*\]|\([^()]*\)")
#: Where the banding result of a clone begins: 46,XX 45~46,XY,... 46XX 47,sl
CLONE: Final = re.compile(
    r"(?<![\d.;:(~pq+?-])(?P<low>\d{2,3})(?:\s*[~-]\s*\d{2,3})?\s*(?:<[^<>\n]{0,6}>)?\s*[,;.]?\s*"
    r"(?=(?:[xy]{1,5}|x[o0]|[xyu]\?|\?{1,2}(?=[,\[])|u{1,2}(?=[,\[]))c?(?:$|[^a-z]|del|der|t\(|inv|add|i\(|dup|cp|or)"
    r"|(?:sl|sdl|idem)(?![a-z]))",
    re.IGNORECASE,
)


#: A remark in brackets, (PML-RARA) or (confirmed by FISH): letters that are no signs of ISCN.
_REMARK: Final = re.compile(r"\(([^()\n]*[A-Za-z]{3}[^()\n]*)\)")


#: Quantifiers that give nothing back (`++`, `{0,5}+`) keep the search linear.
_CHANGE: Final = (
    r"\??(?:(?:t|del|inv|der|add|i|dup|ins|dic|abn)\s?\(?\d[^\s,\[\]/]{0,40}+"
    r"|[+-]\s?(?:\d{1,2}+|[XY])\b|\d{1,2}+[pq][+-]?+)"
)
_DENIED: Final = (
    re.compile(
        r"\b(?:no|not|without|kein\w{0,3}|ohne|pas de|sans|sin|senza|nessun\w?)\s+"
        r"(?:(?:evidence|sign|hinweis|nachweis)\w{0,3}\s+)?(?:(?:of|auf|f[uü]r|von)\s+)?"
        rf"{_CHANGE}(?:\s*(?:,|/|or|and|und|oder|ou|nor)\s*{_CHANGE}){{0,5}}+",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_CHANGE}(?:\s*(?:/|or|and|und|oder|ou)\s*{_CHANGE}){{0,5}}+\s*[:=]?\s*"
        r"(?:neg(?:ativ\w{0,2})?\b|absent\w?\b|not (?:detected|found|seen|present|identified)"
        r"|nicht (?:nachweisbar|nachgewiesen|gefunden))",
        re.IGNORECASE,
    ),
)

_IN_OTHER: Final = re.compile(r"(?:ish|arr|ogm|fish)\b[^\n]*$", re.IGNORECASE)


#: Groups of `OTHER_METHOD` and the method each stands for.
_METHODS: Final = {"ish": "FISH", "array": "array", "ogm": "optical mapping", "gene": "gene"}


@dataclass(frozen=True)
class Parted:
    """
    The signs of the banding result, words among them and glued to them, and sections of other methods.

    `aside` holds words in front of the first clone and behind the last cell count.
    """

    signs: str
    comments: tuple[str, ...]
    aside: tuple[str, ...]
    glued: tuple[str, ...]
    other_methods: tuple[OtherMethod, ...]


def part(text: str) -> Parted:
    """
    Part a clean text into banding signs, words and sections of other methods.

    Parameters
    ----------
    text : str
        As `text.clean` returns it.
    """
    for pattern, signs in _SPELT:
        text = pattern.sub(signs, text)
    remarks: list[str] = []
    text = _REMARK.sub(lambda found: _remark(found, remarks), text)
    text = re.sub(r"<\s*([A-Za-z][A-Za-z ]*)>", r" \1 ", text.replace("_", " "))
    text, others = _cut_other_methods(text)
    text, denied = _cut_denied(text)
    text, comments, aside, glued = _cut_words(text)
    return Parted(text, (*comments, *remarks), (*aside, *denied), glued, others)


def _remark(found: re.Match[str], remarks: list[str]) -> str:
    inside = found[1]
    words = [word for word in _WORD.findall(inside) if not _SIGNS.fullmatch(word)]
    before = found.string[max(found.start() - 4, 0) : found.start()]
    if (
        not words
        or before.rstrip().lower().endswith(("ish", "arr", "ogm"))
        or _IN_OTHER.search(found.string[: found.start()])
    ):
        return found.group()
    if not OTHER_METHOD.search(f" {inside}"):
        remarks.append(inside.strip())
    return ""


def _cut_other_methods(text: str) -> tuple[str, tuple[OtherMethod, ...]]:
    others: list[OtherMethod] = []
    kept: list[str] = []
    place = 0
    starts = [clone.start() for clone in CLONE.finditer(text)]
    while found := OTHER_METHOD.search(text, place):
        method = next(name for name in _METHODS if found[name])
        begin = found.start(method)
        if found["gene"] and text[:begin].count("(") > text[:begin].count(")"):
            # A gene's name inside a bracket is a remark on one change, no section.
            kept.append(text[place : found.end()])
            place = found.end()
            continue
        end = next((start for start in starts if start > begin), len(text))
        kept.append(text[place:begin])
        others.append(OtherMethod(_METHODS[method], text[begin:end].strip(" .,;:/\n")))
        place = end
        if end == len(text):
            break
        kept.append("\n")
    kept.append(text[place:])
    return "".join(kept).rstrip(" .;:/\n") if others else text, tuple(others)


def _cut_denied(text: str) -> tuple[str, tuple[str, ...]]:
    """Cut out changes that a report says it did not find: no t(8;21); del(5q) negative."""
    denied: list[str] = []
    for pattern in _DENIED:
        denied.extend(found.group() for found in pattern.finditer(text))
        text = pattern.sub(" ", text)
    return text, tuple(denied)


_Words = tuple[str, ...]


#: A word at the end that is not longer may be the beginning of a change: 46,XX,in.
_SHORTEST: Final = 3
#: What stands in front of the last words belongs to them: 46,XX, normal.
_LAST_COMMA: Final = re.compile(r"[ ,;:=.!]{0,9}(?: -)?[ ,;:=.!]{0,9}$")


def _cut_words(text: str) -> tuple[str, _Words, _Words, _Words]:
    """
    Cut words out of a text.

    Returns
    -------
    the text, words among the signs, words in front of them and behind the last cell count, and words glued
    to signs (which may have been signs)
    """
    bracketed = [found.span() for found in _INSIDE.finditer(text)]
    words: list[str] = []
    front: list[str] = []
    behind: list[str] = []
    glued: list[str] = []
    kept: list[str] = []
    place = index = 0
    cut = False
    text = _COUNTED.sub("", text)
    last = text.rfind("]")
    # Behind the last count nothing but words: a number there could belong to a change.
    last = -1 if re.search(r"\d", text[last + 1 :]) else last
    clone = CLONE.search(text)
    first = clone.start() if clone else 0
    for found in _WORD.finditer(text):
        begin, end = found.span()
        while index < len(bracketed) and bracketed[index][1] <= begin:
            index += 1
        inside = index < len(bracketed) and bracketed[index][0] <= begin
        if inside or _SIGNS.fullmatch(found.group()) or (end < len(text) and text[end] == "("):
            continue
        kept.append(text[place:begin])
        kept.append(" ")
        place = end
        cut = end - begin > _SHORTEST
        before = text[begin - 1 : begin]
        if before.isalnum() or (before and before in ")+-?"):
            glued.append(found.group())
        elif end <= first:
            front.append(found.group())
        else:
            (behind if 0 < last < begin else words).append(found.group())
    kept.append(text[place:])
    signs = re.sub(r" {2,}", " ", "".join(kept))
    if cut and not text[place:].strip(" .,;:!"):
        signs = _LAST_COMMA.sub("", signs)
    return signs, _sentence(words), (*_sentence(front), *_sentence(behind)), tuple(glued)


def _sentence(words: list[str]) -> _Words:
    return (" ".join(words),) if words else ()
