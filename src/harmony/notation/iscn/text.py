"""
What a keyboard, a word processor or a web page did to a karyotype is undone, and every change is reported.

Nothing here knows what a karyotype means: it only brings signs to the ones ISCN uses.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

#: No karyotype is longer; what is longer is a document pasted by mistake and is not read at all.
LONGEST: Final = 20_000

_MINUS: Final = "‐‑‒–—―−﹣－˗⁻"
_TIMES: Final = "×✕✖⨯∗"
_TILDE: Final = "～∼˜〜"
_ARROWS: Final = "→⇒➔"

#: Letters of other scripts that look like the Latin ones ISCN uses.
_LOOK_ALIKE: Final = {
    "Х": "X", "х": "x", "У": "Y", "у": "y", "р": "p", "Р": "P", "с": "c", "С": "C", "а": "a", "А": "A",
    "е": "e", "Е": "E", "о": "o", "О": "O", "і": "i", "І": "I", "М": "M", "Т": "T", "т": "t", "ԛ": "q",
    "ѕ": "s", "Ѕ": "S", "Χ": "X", "χ": "x", "Υ": "Y", "υ": "y", "ρ": "p", "Ρ": "P", "ο": "o", "Ο": "O",
    "ι": "i", "τ": "t", "Τ": "T", "α": "a", "ν": "v",
}  # fmt: skip

_SIGNS: Final = (
    str.maketrans(
        {"\\": "/"} | dict.fromkeys(_MINUS, "-") | dict.fromkeys(_TIMES, "x") | dict.fromkeys(_TILDE, "~")
    )
    | str.maketrans(dict.fromkeys(_ARROWS, ">"))
    | str.maketrans({"…": "...", "“": '"', "”": '"', "‘": "'", "’": "'"})
)
_LETTERS: Final = str.maketrans(_LOOK_ALIKE)
_ASCII: Final = re.compile(r"[\n\x20-\x7e]*")
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]"
)
_BREAKS: Final = re.compile(r"[\r\n\v\f\x85]+")
_ENTITY: Final = re.compile(r"&(?:lt|gt|amp|nbsp|minus|times|#\d{1,5});", re.IGNORECASE)
_MARKUP: Final = re.compile(r"</?(?:br|p|b|i|em|sub|sup|span)\s*/?>", re.IGNORECASE)


@dataclass(frozen=True)
class CleanText:
    """Text in the signs of ISCN (ASCII where possible, lines parted by line feeds) and what was changed."""

    text: str
    notes: tuple[str, ...]


def clean(text: str) -> CleanText:
    """
    Bring the signs of a text to those of ISCN.

    Typographic minus, times and tilde signs, look-alike letters of other scripts, full-width forms, HTML
    entities and control characters are replaced or removed; each kind of replacement that could hide a
    mistake gives one note.

    Parameters
    ----------
    text : str
        Any text, also with bytes that were decoded wrongly.
    """
    if "&" not in text and "\\" not in text and "<b" not in text and _ASCII.fullmatch(text):
        return CleanText(text.strip(), ())
    notes: list[str] = []
    text = _BREAKS.sub("\n", text.replace("\t", " "))
    if _ENTITY.search(text) or _MARKUP.search(text):
        text = _MARKUP.sub("\n", html.unescape(_ENTITY.sub(lambda found: found.group().lower(), text)))
        notes.append("signs of a web page were replaced")
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
        notes.append("control characters were removed")
    replaced = unicodedata.normalize("NFKC", text.translate(_SIGNS))
    lettered = replaced.translate(_LETTERS)
    if lettered != replaced:
        notes.append("letters of another script that look like Latin ones were replaced")
    return CleanText(lettered.translate(_SIGNS).strip(), tuple(notes))


def plain(text: str) -> str:
    """Return lower-case text without accents, blanks single: for comparison with lists of words."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in bare if not unicodedata.combining(sign)).split())
