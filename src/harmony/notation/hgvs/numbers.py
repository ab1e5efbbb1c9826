"""Figures beside a variant: allele fraction, allelic ratio, length of a duplication, numbers of exons."""

from __future__ import annotations

from harmony.notation.hgvs.tokens import Word
from harmony.notation.hgvs.vaf import plain_number

DIGITS = "0123456789"
#: Words that announce an allele fraction.
MARKERS = frozenset(
    [
        "vaf",
        "af",
        "maf",
        "fav",
        "fva",
        "frequency",
        "fraction",
        "allelfrequenz",
        "allelfraktion",
        "allellast",
        "variantenallelfrequenz",
        "vaf=",
        "burden",
        "frequence",
        "frecuencia",
        "frequenza",
    ]
)
#: Words that announce the ratio of mutated to normal signal, which is no fraction.
RATIOS = frozenset(
    ["ratio", "ar", "allelratio", "allelquotient", "quotient", "cociente", "rapporto", "mutant/wt"]
)
ROMAN = frozenset(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"])
#: What a number, or the word for an allele fraction glued to it, may begin with.
FIRST_SIGNS = frozenset([*DIGITS, *"<>=~.,VvAa"])


def is_marker(word: str) -> bool:
    """Tell whether an allele fraction is announced."""
    return word in MARKERS


def is_ratio(word: str) -> bool:
    """Tell whether an allelic ratio is announced."""
    return word in RATIOS


def is_numbered(word: str) -> bool:
    """Tell whether a word can be the number of an exon, a class or a tier: `12`, `1b`, `11-12`, `II`."""
    if word in ROMAN:
        return True
    digits = word.rstrip("abc").replace("-", "").replace("/", "")
    return 0 < len(digits) <= 6 and all(c in DIGITS for c in digits)


def read_number(words: list[Word], at: int, announced: bool) -> tuple[str, int] | None:
    """
    Read an allele fraction at a word.

    Parameters
    ----------
    announced : bool
        A word such as `VAF`, or a colon, stood before it.

    Returns
    -------
    written : str
        The number with its bound and, if written, `%`.
    used : int
        Words used up.
        None when the number may be something else: without `%` and without announcement only a decimal
        number from 0 to 1 is taken.
    """
    text = words[at].text.strip("().,;:")
    if text[:1] not in FIRST_SIGNS:
        return None
    name = _marker_length(text)
    announced = announced or name > 0
    text = text[name:].lstrip("=:")
    bound = text[: len(text) - len(text.lstrip("<>=~"))]
    number = text[len(bound) :]
    used = 1
    if bound and not number and at + 1 < len(words):
        number, used = words[at + 1].text.strip("().,;:"), 2
    if not number or number[0] not in DIGITS + ".,":
        return None
    percent = number.endswith("%")
    number = number.removesuffix("%")
    value = plain_number(number)
    if value is None:
        return None
    if (
        not percent
        and at + used < len(words)
        and words[at + used].text.strip("().,;:").casefold() in ("%", "percent", "prozent")
    ):
        percent, used = True, used + 1
    if percent:
        return f"{bound}{number}%", used
    decimal = "." in number or "," in number
    return (f"{bound}{number}", used) if announced or (decimal and value <= 1) else None


def _marker_length(text: str) -> int:
    lower = text[:4].casefold()
    for name in ("vaf", "af"):
        # `AF9` and `AF4` are genes, `VAF9%` is not.
        signs = "=:<>0123456789" if name == "vaf" else "=:<>"
        if lower.startswith(name) and text[len(name) : len(name) + 1] in tuple(signs):
            return len(name)
    return 0


def read_length(words: list[str], at: int) -> tuple[int, int] | None:
    """Read `45bp`, `45 bp` or `45 nt`: the length and the number of words used up."""
    word = words[at]
    digits = word.rstrip("abnpst")
    unit = word[len(digits) :]
    if not digits or len(digits) > 4 or not all(c in DIGITS for c in digits):
        return None
    if unit in ("bp", "nt", "bps"):
        return int(digits), 1
    if not unit and at + 1 < len(words) and words[at + 1] in ("bp", "nt", "bps", "basen", "bases"):
        return int(digits), 2
    return None
