"""What a row of `harmony karyotype read` must look like, and which strings may be called normal at all."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from slow_karyotype import FINDINGS

COLUMNS: Final = (
    "status", "karyotype_result", "abnormalities", "count", "count_is_minimum", "clones", "modal_number",
    "complex_count_ge3", "complex_eln2022", "monosomal", "ipss_r_group", "eln2022_lesions", "confidence",
    "problems", *FINDINGS,
)  # fmt: skip
ALLOWED: Final = {
    "status": {"read", "partly_read", "not_banding", "no_result", "unreadable"},
    "karyotype_result": {"normal", "abnormal", "failed", "not_done", ""},
    "count_is_minimum": {"yes", "no", ""},
    "complex_count_ge3": {"yes", "no", ""},
    "complex_eln2022": {"yes", "no", ""},
    "monosomal": {"yes", "no", ""},
    "ipss_r_group": {"very_good", "good", "intermediate", "poor", "very_poor", ""},
    "confidence": {"high", "medium", "low", ""},
    **{finding: {"present", "absent", "not_assessed"} for finding in FINDINGS},
}
DERIVED: Final = ("complex_count_ge3", "complex_eln2022", "monosomal", "ipss_r_group")


def broken_promises(row: dict[str, str]) -> list[str]:
    """
    List what a row says that no row may say.

    Returns
    -------
    list of str
        One sentence per broken promise; empty for an honest row.
    """
    wrong = []
    if set(row) - {"row"} != set(COLUMNS):
        return [f"columns differ: {sorted(set(row) ^ set(COLUMNS))}"]
    wrong += [f"{name} is {row[name]!r}" for name, values in ALLOWED.items() if row[name] not in values]
    status, found = row["status"], [f for f in FINDINGS if row[f] == "present"]
    assessed = [f for f in FINDINGS if row[f] != "not_assessed"]
    if row["count"] and not re.fullmatch(r"[0-9]+", row["count"]):
        wrong.append(f"count is {row['count']!r}")
    if status in ("no_result", "unreadable", "not_banding"):
        wrong += [f"{name} of a string that is {status}" for name in (*DERIVED, "count") if row[name]]
        wrong += [f"{name} assessed though {status}" for name in assessed]
    if status in ("unreadable", "not_banding") and row["karyotype_result"] not in ("", "failed", "not_done"):
        wrong.append(f"a result though {status}")
    if row["karyotype_result"] in ("failed", "not_done") and status != "no_result":
        wrong.append("failed or not done without that status")
    if row["karyotype_result"] == "normal":
        if status != "read":
            wrong.append(f"normal though {status}")
        if found or row["count"] != "0":
            wrong.append("normal with findings or a count")
    lesions = row["eln2022_lesions"].split("; ")
    for word, name in (("complex", "complex_eln2022"), ("monosomal", "monosomal")):
        if (word in lesions) != (row[name] == "yes"):
            wrong.append(f"{word} in one of two columns only")
    if status == "partly_read" and row["count"] and row["count_is_minimum"] != "yes":
        wrong.append("a full count though partly read")
    if not row["count"]:
        wrong += [f"{name} says no without a count" for name in DERIVED[:3] if row[name] == "no"]
    return wrong


LOOK_ALIKE: Final = str.maketrans(
    "АВЕКМНОРСТХУавекмнорстхуΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTXYabekmhopctxyABEZHIKMNOPTYX"
)
SAME_SIGN: Final = {"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "﹣": "-", "×": "x", "∼": "~", "⁓": "~"}
#: How many cells a normal clone has does not matter; what stands in the bracket must hold no change.
_CELLS = r"(\[((?![-+][\dxy]|[](/]).){0,24}|\(\d+\))?\]*"
_INHERITED = r"(?!inc)[^,\[\]/]+(c\??|mat|pat|dmat|dpat|dn|inh|dinh)"
_HARMLESS = (
    r"(inv\(9\)?(\(?\??p1[123](\.\d)?;?q(12|13|21)(\.\d)?\)*)?|\d+[pq]?(qh|ph|ps|pstk|cenh)[+-]?"
    r"|inv\(y\)?(\([^()]*\)?)?|yqh[+-]?)c?"
)
_NORMAL = re.compile(
    rf"(?P<modal>0*\d\d)(<2n>)?[,;.?]*(?P<sex>(xxy|xyx|xyy|xxx|xx|xy|yx|x|u)c?)([,;.?]*(?P<items>({_INHERITED}|{_HARMLESS})"
    rf"(,({_INHERITED}|{_HARMLESS}))*))?,*{_CELLS}\.?"
)
_FEW_CELLS = re.compile(r"\d\d.*\[(cp)?0*(?P<n>[012])(\|\d+)?[,.;]?([cm][a-z]*)?[\])]*\.?")
_NONE_COUNTED = re.compile(r"[\[(]0+\D")
SEX_CHROMOSOMES: Final = {
    "xx": 46,
    "xy": 46,
    "yx": 46,
    "u": 46,
    "x": 45,
    "xxy": 47,
    "xyx": 47,
    "xyy": 47,
    "xxx": 47,
}


def is_normal_clone(clone: str) -> bool:
    """Say whether a clone of normalised text has no acquired change and a fitting number of chromosomes."""
    # A comma with nothing behind it was cut off: what followed is not known.
    fits = _NORMAL.fullmatch(clone)
    if not fits or clone.endswith(",") or _NONE_COUNTED.search(clone + " "):
        return False
    items = (fits["items"] or "").split(",")
    if fits["sex"] == "x" and not any("(y)" in i or i.startswith("yqh") for i in items):
        return False
    base = 46 if fits["sex"] == "x" else SEX_CHROMOSOMES[fits["sex"].rstrip("c")]
    number = base + sum(i.startswith("+") for i in items) - sum(i[:1] == "-" for i in items)
    number -= sum(bool(re.match(r"(dic|rob|der)\(\d+;\d+", i)) for i in items)
    return int(fits["modal"]) == number


def may_be_normal(text: str) -> bool:
    """
    Say by a literal rule whether a karyotype string holds normal metaphases only.

    Clones with one metaphase (or two, all of whose changes are losses) do not count against it; what stands
    after `//` is the donor's.
    """
    text = unicodedata.normalize("NFKC", html.unescape(text)).translate(LOOK_ALIKE)
    text = "".join(
        SAME_SIGN.get(c, c) for c in text if unicodedata.category(c) not in ("Cc", "Cf") or c in "\r\n"
    )
    text = re.sub(r"\[[^\[\]]*\]", lambda cells: re.sub(r"\s", "", cells[0]).replace("/", "|"), text)
    text = re.sub(r"[\r\n]+(?=\s*\d\d[,;x])", "/", text.strip().casefold())
    text = re.sub(r"[\s\"'`:]|/(?=[^\d/])(?<!//)", "", text)
    text = re.sub(r"/+(?=/)", "/", text.split("//")[0])
    clones = re.split(r"/(?=.)|(?<=\]);|(?<=\]),?(?=\d\d)|,(?=46,x)|(?<=[xy])(?=46,?[xu])", text)
    if all(_NONE_COUNTED.search(clone + " ") for clone in clones):
        return False
    for clone in filter(None, clones):
        single = _FEW_CELLS.fullmatch(clone)
        if single and (single["n"] in "01" or "-" in clone or re.match("45,?x\\[", clone)):
            continue
        if not is_normal_clone(clone):
            return False
    return any(clones)
