"""
Words that stand where a karyotype should: no result, normal, complex; and text that is no banding result.

Phrases stand in phrases.csv and are compared without case and accents: English, German, French, Spanish and
Italian, with the commonest of Dutch, Portuguese and Polish.
"""

from __future__ import annotations

import csv
import io
import re
from importlib import resources
from typing import Final, Literal

from harmony.notation.iscn.text import plain

Word = Literal["failed", "not_done", "unknown", "normal", "abnormal", "complex", ""]

_MEANINGS: Final[tuple[Word, ...]] = ("failed", "not_done", "unknown", "normal", "complex", "abnormal")


def _patterns() -> dict[str, str]:
    text = resources.files("harmony.notation.iscn").joinpath("phrases.csv").read_text(encoding="utf-8")
    patterns: dict[str, list[str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        patterns.setdefault(row["meaning"], []).append(row["pattern"])
    return {meaning: "|".join(found) for meaning, found in patterns.items()}


_PATTERNS: Final = _patterns()
_WHOLE: Final[tuple[tuple[Word, re.Pattern[str]], ...]] = (
    *((meaning, re.compile(rf"(?:{_PATTERNS[meaning]})[.!]?")) for meaning in _MEANINGS),
    ("normal", re.compile(rf"(?:{_PATTERNS['no_change']})[.!]?")),
)
_PART: Final = re.compile(rf"\b(?:{_PATTERNS['failed']})\b")
_NOT_DONE_PART: Final = re.compile(rf"\b(?:{_PATTERNS['not_done']})\b")

#: What may stand beside a karyotype without changing it. Every word of a comment must be one of these.
_HARMLESS: Final = frozenset(
    """
    24 24h 48 48h 72h all aml analysed analysees analysiert analyzed and apparently at banding blood
    blut bm bone cariotipo caryotype cell cells cellule cellules celulas chromosomensatz cll culture
    cultures diagnosis diploid et female femme frau g-banding gtg homme in initial iscn
    karyogramm karyotyp karyotype knochenmark male mann mannlich mannlicher marrow mds metafases
    metafasi metaphase metaphasen metaphases metaphasis mitosen mitoses mitosi mm normal normale
    normaler normales of pb q-banding r-banding rbg result stimulated study the total und
    unstimulated untersucht weiblich weiblicher with zellen
    mos mosaic ncsca
    km kmp beckenkamm peripheral peripheres sang moelle sangue midollo medula medulla osea periferica
    dg dx rel relapse rezidiv rechute recidiva remission cr follow-up day d0 pre post treatment
    therapy therapie
    clone clones klon klone karyotyping cytogenetics cytogenetic zytogenetik cytogenetik cytogenetique
    citogenetica cytogenetisch befund ergebnis resultat resultado resultato risultato analysis analyse
    conventional chromosome chromosomes chromosomal chromosomenanalyse sample probe date datum patient
    showed shows revealed zeigt
    """.split()  # noqa: SIM905
)
_COMPLEX: Final = re.compile(r"\b(?:complex|komplex|compless|complej)")
_COMPLEX_WORDS: Final = re.compile(
    r"\b(?:(?:complex|komplex|compless|complej)\w*|(?:highly|very|hoch|aberrant\w*|abnormal\w*|aberrations?|changes))\b"
)
_DENIED: Final = re.compile(r"\b(?:no|not|non|kein\w*|nicht|pas|sans|sin|senza|without|less|if|or)\b")
_WORDS: Final = re.compile(r"[^a-z0-9-]+")
_NOTHING_FOUND: Final = re.compile(rf"\b(?:{_PATTERNS['no_change']})")

#: Where text of another method begins: FISH, arrays, optical mapping, PCR and gene results.
OTHER_METHOD: Final = re.compile(
    r"(?:^|[\s.,;:/|)\]0-9(])(?:"
    r"(?P<ish>nuc\s*\.?\s*ish|ish(?=[\s.(,;:]|t\(|del|der)|fish\b)"
    r"|(?P<array>(?:oligo|snp|cgh)?\s*arr(?=[\s(\[]|\d)|snp[- ]?a?\b|cgh\b|a-?cgh\b|array\b)"
    r"|(?P<ogm>ogm\b)"
    r"|(?P<gene>(?:rt-?|q-?|rq-?)?pcr\b|(?:flt3|npm1|cebpa|idh[12]|dnmt3a|tp53|p53|kras|nras|wt1|kit|tet2|asxl1"
    r"|runx1(?!t1\))|mll(?:[- ]?ptd)?|kmt2a|bcr[-:/ ]*abl1?|pml[-:/ ]*rara?|aml1[-:/ ]*eto|cbfb?[-:/ ]*myh11"
    r"|evi1|mecom|jak2|ighv?|atm|notch1|sf3b1|etv6|tel[-:/ ]*aml1|baalc|erg|nup98)\b))",
    re.IGNORECASE,
)


def word_of(text: str) -> Word:
    """
    Return what a text says that is one phrase of the lists and nothing else.

    Returns
    -------
    failed, not_done, unknown, normal, complex, abnormal, or "" when it is none of them
    """
    bare = plain(text).strip(" .,;:!()[]'\"")
    for word, pattern in _WHOLE:
        if pattern.fullmatch(bare):
            return word
    return ""


def speaks_of_failure(text: str) -> bool:
    """Return whether a sentence holds a phrase of a failed culture (no metaphases, keine Mitosen ...)."""
    return _PART.search(plain(text)) is not None


def speaks_of_not_done(text: str) -> bool:
    """Return whether a sentence says that the karyotype was not done."""
    return _NOT_DONE_PART.search(plain(text)) is not None


def is_word_of_complex(text: str) -> bool:
    """Return whether a comment says that the karyotype is complex and nothing else."""
    return speaks_of_complex(text) and is_harmless(_COMPLEX_WORDS.sub(" ", plain(text)))


def is_harmless(text: str) -> bool:
    """Return whether a comment beside a karyotype holds only words that cannot change its meaning."""
    bare = _PART.sub(" ", _NOTHING_FOUND.sub(" ", plain(text)))
    if any(sign.isalpha() and not sign.isascii() for sign in bare):
        return False
    words = [word for word in _WORDS.split(bare) if word]
    return all(word in _HARMLESS or word.isdigit() for word in words)


def speaks_of_complex(text: str) -> bool:
    """Return whether a comment calls the karyotype complex, without a word that denies it."""
    bare = plain(text)
    return _COMPLEX.search(bare) is not None and not _DENIED.search(bare)
