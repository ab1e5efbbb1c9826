"""
What is done to the text of a unit before it is looked up: one form for each sign, nothing guessed.

Two micro signs, superscripts, multiplication points, blanks and words for *per* are brought to one writing.
The micro sign does not become a u: µ/L, where a letter was lost, is not U/L. Letters keep their case here,
because G and g, M and m are different units; `fold` forgets it where a list says that it does not matter.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Longest text that is looked at. The longest real one is about 30 characters.
LONGEST: Final = 64

_RAISED: Final = {ord(sign): plain for sign, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+", strict=True)}
_RAISED_RUN: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
_SIGNS: Final = {
    **dict.fromkeys(map(ord, "×✕✖⨯·⋅•∙∗"), "*"),
    **dict.fromkeys(map(ord, "÷⁄∕"), "/"),
    **dict.fromkeys(map(ord, "−–—‐‑"), "-"),
}
#: Words for *per* in the platform's languages; only between blanks, so that *per cent* stays whole.
_PER: Final = re.compile(r"(?:^|\s+)(?:per|pro|par|por|na|al|w|je)\s+(?!cent|cien)", re.IGNORECASE)
#: dL-1, dL^-1 behind a point, a star or a blank: the SI writing of a quotient.
_MINUS_ONE: Final = re.compile(r"[\s.*]+([^\W\d_]+3?)\^?-1(?!\d)")
_END_DOT: Final = re.compile(r"\.(?=\s|/|$)")
_DECIMAL_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")
_BLANKS: Final = re.compile(r"\s+")


def plain(text: str) -> str:
    """
    Return the text of a unit with one writing for each sign and without blanks; case is kept.

    Parameters
    ----------
    text : str
        At most `LONGEST` characters, as a laboratory writes them.
    """
    text = _RAISED_RUN.sub(lambda run: "^" + run.group().translate(_RAISED), text)
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).strip()
    text = _PER.sub("/", text)
    text = _MINUS_ONE.sub(r"/\1", text)
    text = _END_DOT.sub("", _DECIMAL_COMMA.sub(".", text))
    return _BLANKS.sub("", text)


def fold(text: str) -> str:
    """Return a plain text without case and accents: Días, dias and DIAS are one word."""
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))
