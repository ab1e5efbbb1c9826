"""Signs that look alike made one: dashes, arrows, Cyrillic and Greek letters, control characters."""

from __future__ import annotations

import unicodedata

#: Letters of other scripts that print like a Latin one; kept as data so that each can be checked by eye.
CYRILLIC = dict(zip("АВЕКМНОРСТХІЈЅаеорсухіјѕ", "ABEKMHOPCTXIJSaeopcyxijs", strict=True))
GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοΔδ", "ABEZHIKMNOPTYXoDd", strict=True))
#: Signs that word processors put in place of the plain one.
DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")
ARROWS = dict.fromkeys("→⇒➔➝➞⟶›＞⟩", ">")
QUOTES = dict.fromkeys("‘’‚′´`“”„″«»", "'")
STARS = dict.fromkeys("∗＊⁎✱", "*")
UNDERSCORES = dict.fromkeys("＿‗", "_")
NAMED = (
    ("look_alike_letters", CYRILLIC | GREEK),
    ("typographic_minus", DASHES),
    ("typographic_arrow", ARROWS),
    ("typographic_sign", QUOTES | STARS | UNDERSCORES),
)
REPLACED = {ord(sign): (plain, code) for code, table in NAMED for sign, plain in table.items()}
SPACES = "\t\n\r\x0b\x0c"
BREAKS = "\n\r\x0b\x0c\x85\u2028\u2029"


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """
    Return the text in plain signs and what was replaced.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        The text; line breaks have become `;`, other spaces a blank, invisible characters nothing.
    tuple of str
        Codes, each once: look_alike_letters, typographic_minus, typographic_arrow, typographic_sign,
        control_characters.
    """
    if text.isascii() and text.isprintable():
        return text.strip(), ()
    table: dict[int, str] = {}
    found: set[str] = set()
    for sign in set(text):
        plain, code = _plain(sign)
        if plain != sign:
            table[ord(sign)] = plain
        if code:
            found.add(code)
    return text.translate(table).strip(" ;"), tuple(sorted(found))


def _plain(sign: str) -> tuple[str, str]:
    if sign in BREAKS:
        return ";", ""
    if ord(sign) in REPLACED:
        return REPLACED[ord(sign)]
    if sign.isspace():
        return " ", ""
    kind = unicodedata.category(sign)
    if kind in ("Cc", "Cf", "Cn", "Co", "Cs"):
        return "", "control_characters"
    # Full-width letters and superscript digits have a plain form; ligatures and fractions are left alone.
    folded = unicodedata.normalize("NFKC", sign)
    if len(folded) == 1 and folded.isascii() and folded != sign:
        return folded, "typographic_sign"
    return sign, ""
