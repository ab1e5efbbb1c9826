"""
Words that stand where a karyotype should: no result, normal, complex; and text that is no banding result.

Phrases are compared without case and accents. English, German, French, Spanish and Italian, with the
commonest of Dutch, Portuguese and Polish.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from harmony.notation.iscn.text import plain

Word = Literal["failed", "not_done", "unknown", "normal", "abnormal", "complex", ""]

_FAILED: Final = (
    # English
    r"fail(?:ed|ure)?|no (?:\w+ )?(?:metaphases?|mitos[ei]s|growth|dividing cells?|divisions?|results?|cells?)"
    r"|without metaphases?|insufficient|inadequate|unsuccessful|not? (?:evaluable|analy[sz]able|assessable|"
    r"informative)|unevaluable|non[- ]?(?:evaluable|informative)|0 metaphases?|zero metaphases?|uninformative"
    r"|no analy[sz]able|poor (?:quality|morphology)|too few"
    # German
    r"|keine? (?:\w+ )?(?:metaphasen?|mitosen?|teilungen?|zellteilung|wachstum|ergebnis\w*|auswertung|zellen)"
    r"|nicht (?:auswertbar|beurteilbar|erfolgreich|moglich|gelungen|angewachsen)|misslungen|missgluckt"
    r"|fehlgeschlagen|zu wenige?|ohne metaphasen|unzureichend|nicht ausreichend"
    # French
    r"|pas de (?:\w+ )?(?:metaphases?|mitoses?|croissance|pousse|resultats?)|absence de (?:metaphases?|mitoses?|"
    r"resultats?)|aucune (?:metaphase|mitose)|echec|non (?:contributif|interpretable|analysable|informatif)"
    r"|insuffisante?"
    # Spanish
    r"|sin (?:metafases|mitosis|crecimiento|resultados?|divisiones)|no (?:se )?(?:obtuvieron|obtienen|hay|hubo)"
    r"(?: \w+)?|no (?:metafases|mitosis|crecimiento|crecio|valorable|evaluable|analizable|informativo|"
    r"concluyente)|ausencia de (?:metafases|mitosis|crecimiento)|fallid[oa]|fracaso|insuficientes?"
    # Italian
    r"|(?:assenza|mancanza) di (?:metafasi|mitosi|crescita)|nessuna (?:metafase|mitosi)|no (?:metafasi|mitosi|"
    r"crescita)|senza metafasi|non (?:valutabile|valutabili|analizzabile|informativo|riuscito|crescita)"
    r"|fallit[oa]|insufficiente|mancata crescita"
    # Dutch, Portuguese, Polish
    r"|geen (?:metafasen?|delingen|mitosen|groei|resultaat)|mislukt|niet (?:gelukt|beoordeelbaar)"
    r"|sem (?:metafases|mitoses|crescimento|resultado)|falha|ausencia de metafases|brak (?:metafaz|mitoz|"
    r"podzialow|wyniku)|nieudan[ey]|niediagnostyczn[ey]"
)
_NOT_DONE: Final = (
    r"not (?:done|performed|tested|carried out|requested|sent|analy[sz]ed|made)|nd|n\.d\.?|n/d|not? perf\w*"
    r"|nicht (?:durchgefuhrt|gemacht|untersucht|erfolgt|bestimmt|angefordert)|kein material|keine cytogenetik"
    r"|keine zytogenetik|non (?:fait|faite|realise|realisee|effectue|effectuee|eseguito|eseguita|fatto|fatta|"
    r"effettuato|effettuata)|pas (?:fait|faite|realise|realisee|effectue)|no (?:realizado|realizada|hecho|hecha|"
    r"efectuado|se realizo|se hizo|sample|material|done)|niet (?:gedaan|verricht|uitgevoerd)|nao (?:realizado|"
    r"feito)|nie wykonano|nicht vorhanden|dry tap"
)
_UNKNOWN: Final = (
    r"na|n\.a\.?|n/a|nan|null|none|nil|missing|unknown|unk|u|not (?:available|known|reported|recorded|specified)|"
    r"unavailable|unbekannt|unbek\.?|nicht bekannt|liegt nicht vor|ausstehend|pending|inconnue?|non connu|"
    r"non disponible|nr|desconocido|no disponible|no consta|sconosciuto|non disponibile|non noto|onbekend|"
    r"desconhecido|brak danych|nieznany|k\.?\s?a\.?|keine angaben?|nv|n\.v\.?|-+|\.+|x|\*+|_+"
)
_NORMAL: Final = (
    r"(?:cytogenetically )?normal(?:e[rs]?|es)?(?: (?:fe)?male)?(?: (?:karyotype?|caryotype|cariotipo|cytogenetics?|"
    r"study|result|chromosomes?|zytogenetik|cytogenetik|kariotyp))?|nk|cn|cn-aml|nka|(?:fe)?male,? normal"
    r"(?: karyotype)?|normal (?:diploid )?(?:fe)?male(?: karyotype)?|diploid(?:y|e)?|(?:karyotype?|caryotype|"
    r"cariotipo|kariotyp|karyotyp) (?:is )?normal[eny]?|normal karyotype?|normaler (?:(?:weiblicher|mannlicher) )?"
    r"(?:chromosomensatz|karyotyp)|unauffallig(?:er)?(?: (?:karyotyp|befund|chromosomensatz))?|no (?:clonal )?"
    r"abnormalit(?:y|ies)(?: (?:found|detected|seen))?|prawidlowy(?: kariotyp)?|normaal(?: karyotype)?"
)
_COMPLEX: Final = (
    r"(?:highly |very )?complex(?: (?:aberrant )?(?:karyotype?|cytogenetics|abnormalit(?:y|ies)|aberrations?|changes))?"
    r"|ck|cka|komplex(?:er?)?(?: aberrant(?:er)?)?(?: karyotyp)?|komplex aberrant\w*|(?:caryotype |cariotipo )?"
    r"complex[eo]|(?:caryotype |cariotipo )?complej[oa]|(?:cariotipo )?compless[oa]|kompleks\w*(?: kariotyp)?"
)
_ABNORMAL: Final = (
    r"abnormal(?: karyotype?)?|aberrant(?:er)?(?: karyotyp)?|anormale?|anormal|patologico|auffallig\w*|"
    r"pathologisch\w*|alterato|nieprawidlowy"
)

_WHOLE: Final[tuple[tuple[Word, re.Pattern[str]], ...]] = tuple(
    (word, re.compile(rf"(?:{pattern})[.!]?"))
    for word, pattern in (
        ("failed", _FAILED),
        ("not_done", _NOT_DONE),
        ("unknown", _UNKNOWN),
        ("normal", _NORMAL),
        ("complex", _COMPLEX),
        ("abnormal", _ABNORMAL),
    )
)
_PART: Final = re.compile(rf"\b(?:{_FAILED})\b")
_NOT_DONE_PART: Final = re.compile(rf"\b(?:{_NOT_DONE})\b")

#: What may stand beside a karyotype without changing it. Every word of a comment must be one of these.
_HARMLESS: Final = frozenset(
    "normal normale normaler normales female male weiblich weiblicher mannlich mannlicher frau mann femme homme "
    "karyotype karyotyp caryotype cariotipo karyogramm metaphase metaphases metaphasen metaphasis mitosen mitoses "
    "metafases metafasi mitosi cells cell zellen cellules cellule celulas cellule analysed analyzed analysiert "
    "untersucht analysees total and und et e y with of in the a iscn bm pb marrow blood bone knochenmark blut diploid chromosomensatz g-banding r-banding banding "
    "gtg q-banding rbg unstimulated stimulated culture cultures 24h 48h 72h h 24 48 result study apparently "
    "aml mds all cll mm diagnosis at dx initial".split()
)
_WORDS: Final = re.compile(r"[^a-z0-9-]+")
_NOTHING_FOUND: Final = re.compile(
    r"\bno (?:clonal )?abnormalit(?:y|ies)(?: (?:was|were))?(?: (?:found|detected|seen))?\b"
)

#: Where text of another method begins: FISH, arrays, optical mapping, PCR and gene results.
OTHER_METHOD: Final = re.compile(
    r"(?:^|[\s.,;:/|)\]0-9(])(?:"
    r"(?P<ish>nuc\s*\.?\s*ish|ish(?=[\s.(,;:]|t\(|del|der)|fish\b)"
    r"|(?P<array>(?:oligo|snp|cgh)?\s*arr(?=[\s(\[]|\d)|snp[- ]?a?\b|cgh\b|a-?cgh\b|array\b)"
    r"|(?P<ogm>ogm\b)"
    r"|(?P<gene>(?:rt-?|q-?|rq-?)?pcr\b|(?:flt3|npm1|cebpa|idh[12]|dnmt3a|tp53|p53|kras|nras|wt1|kit|tet2|asxl1"
    r"|runx1(?!t1\))|mll(?:[- ]?ptd)?|kmt2a|bcr[-:/ ]*abl1?|pml[-:/ ]*rara?|aml1[-:/ ]*eto|cbfb?[-:/ ]*myh11|evi1|mecom"
    r"|jak2|ighv?|atm|notch1|sf3b1|etv6|tel[-:/ ]*aml1|baalc|erg|nup98)\b))",
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


def is_harmless(text: str) -> bool:
    """Return whether a comment beside a karyotype holds only words that cannot change its meaning."""
    words = [word for word in _WORDS.split(_NOTHING_FOUND.sub(" ", plain(text))) if word]
    return all(word in _HARMLESS or word.isdigit() for word in words)
