"""One change of a clone, as laboratories write it: `+8`, `t(8;21)(q22;q22)`, `der(5)t(5;17)(q13;p11)`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from harmony.notation.iscn.bands import read_bands
from harmony.notation.iscn.model import AUTOSOMES, Band, Item, ItemKind, Part

#: Kinds of rearrangement, with the ways they are also written.
KINDS: Final = {
    "t": "t", "inv": "inv", "del": "del", "dup": "dup", "add": "add", "der": "der", "ins": "ins", "i": "i",
    "idic": "idic", "dic": "dic", "r": "r", "trp": "trp", "fra": "fra", "hsr": "hsr", "tas": "tas",
    "trc": "trc", "ider": "ider", "rec": "rec", "qdp": "qdp", "fis": "fis", "rob": "rob", "iso": "i",
    "ring": "r", "psudic": "psu dic", "psuidic": "idic", "tdic": "dic", "invdup": "dup", "dirdup": "dup",
    "invins": "ins", "dirins": "ins", "dirtrp": "trp", "invtrp": "trp", "isodic": "idic", "tt": "t",
    "dir": "dup", "neo": "neo", "trans": "t", "deletion": "del", "upd": "upd",
}  # fmt: skip

_KIND: Final = r"(?P<kind>" + "|".join(sorted(KINDS, key=len, reverse=True)) + ")"
_PREFIX: Final = re.compile(r"(?P<q1>\?*)(?P<sign>[+-]?)(?P<q2>\?*)(?:(?P<times>\d{1,2})[x*](?=[a-z]))?")
_NUMERICAL: Final = re.compile(r"(?P<chromosome>[xy]|\d{1,2})(?![\dpq~]|-\d+mar|mar|dmin|x[pq])(?:\?)?")
_OLD_STYLE: Final = re.compile(
    r"(?P<chromosome>[xy]|\d{1,2})(?P<bands>[pq][\dpq.]*)(?P<change>[+-])(?!\d)(?:\((?P<inside>[pq][^()]*)\))?(?!\()"
)
_VARIANT: Final = re.compile(
    r"(?P<text>(?:y|\d{1,2})(?:[pq](?:h|ss|s|stk|cenh)+|cenh|ph)(?:[+-]|(?=c?$|c?\[)))(?:var)?"
)
_MARKER: Final = re.compile(
    r"(?:(?P<low>\d{1,2})(?:[~-](?P<high>\d{1,2}))?)?x?(?P<name>markers?|mars?|dmins?|dms?|hsr|rings?|r)(?![a-wyz(])"
    r"(?P<number>\d{0,2})(?:(?<=\d)[~-](?P<last>[2-9])(?!\d))?"
)
_INCOMPLETE: Final = re.compile(r"inc(?:omplete)?(?![a-z])")
_RELATED: Final = re.compile(r"(?P<name>idem|sdl\d{0,2}|sl\d?|stemline)(?:x(?P<times>\d))?")
_STRUCTURAL: Final = re.compile(rf"(?P<before>\?*){_KIND}(?P<doubt>\?*)(?=[(\dxyv])")
_GROUP: Final = re.compile(r"\((?P<inside>[^()]*)\)?")
_BARE_CHROMOSOMES: Final = re.compile(
    r"(?:[1-9]\d?|[xy])(?:;(?:[1-9]\d?|[xy]))*(?![\d])(?P<bands>[pq][\dpq.;~]*)?"
)
_HYPHEN: Final = re.compile(r"(?<=\d)-(?=\d{1,2}$)")
_DOUBT: Final = re.compile(r"\?+(?=\()")
#: q22 of t(8q22;21q22): the chromosome stands in the brackets before.
_NAMED_BAND: Final = re.compile(r"(?:^|(?<=;))\d{1,2}(?=[pq])")
_BARE_BANDS: Final = re.compile(r"(?:[pq]\d{1,2}(?:\.\d+)?;?)+")
_CHROMOSOME: Final = re.compile(r"(?P<doubt>\?*)(?P<name>\d{1,2}|[xyv]|\?|)(?P<behind>\?*)(?P<bands>[pq].*)?")
_INHERITED: Final = re.compile(r"(?:c|mat|pat|dn|inh|dmat|dpat|dinh)(?![a-z(])|\(c\)")
_COPIES: Final = re.compile(r"[x*](?P<copies>\d)(?!\d)(?:[~-]\d{1,2})?")
_OR: Final = re.compile(r"or(?=[(?+\-\da-z])")
_EXTRA: Final = re.compile(r"[);.:\"'!]+")

#: A second rearrangement written directly behind these describes the same chromosome.
CHAINED: Final = ("der", "ider", "dic", "psu dic", "idic", "rec", "r", "add", "neo", "fis")

_ACROSS: Final = ("t", "tas", "trc", "rob", "ins")
_SEX: Final = {"x": "X", "y": "Y"}


@lru_cache(maxsize=65536)
def read_items(text: str) -> tuple[Item, ...]:
    """
    Read what stands between two commas: normally one change, more where commas are missing.

    Parameters
    ----------
    text : str
        Lower case, without blanks and cell counts.

    Returns
    -------
    tuple of Item
        Text that no rule reads is an item of kind `unread`, so that nothing gets lost.
    """
    items: list[Item] = []
    place = 0
    while place < len(text):
        item, end = _item(text, place)
        if item is None or end <= place:
            items.append(Item("unread", text[place:]))
            break
        items.append(item)
        place = end
        extra = _EXTRA.match(text, place)
        if extra and not _readable(text, place):
            place = extra.end()
    return tuple(items)


def _readable(text: str, place: int) -> bool:
    item, end = _item(text, place)
    return item is not None and end > place


def _item(text: str, place: int) -> tuple[Item | None, int]:
    prefix = _PREFIX.match(text, place)
    assert prefix is not None  # every part of the pattern may be empty
    head = prefix.end()
    for read in (_variant, _marker, _related, _incomplete, _structural, _old_style, _numerical):
        item, end = read(text, head, prefix["sign"])
        if item is not None:
            break
    else:
        return None, place
    doubt = bool(prefix["q1"] or prefix["q2"])
    times = int(prefix["times"] or 1)
    item = replace(item, uncertain=item.uncertain or doubt, copies=item.copies * times)
    if prefix["q1"]:
        item = replace(item, text=f"?{item.text}")
    elif prefix["q2"]:
        sign = prefix["sign"]
        item = replace(item, text=f"{sign}?{item.text.removeprefix(sign)}")
    return _suffix(item, text, end)


def _suffix(item: Item, text: str, place: int) -> tuple[Item, int]:
    inherited = _INHERITED.match(text, place)
    if inherited and item.kind != "related":
        item, place = replace(item, constitutional=True), inherited.end()
    if place < len(text) and text[place] == "?":
        item, place = replace(item, uncertain=True), place + 1
    copies = _COPIES.match(text, place)
    if copies and item.kind != "related":
        item, place = replace(item, copies=max(int(copies["copies"]), 1)), copies.end()
    other = _OR.match(text, place)
    if other:
        item, place = replace(item, alternative=text[other.end() :]), len(text)
    return item, place


def _name(text: str) -> str:
    name = _SEX.get(text, text.lstrip("0"))
    return name if name in AUTOSOMES or name in ("X", "Y") else ""


def _numerical(text: str, place: int, sign: str) -> tuple[Item | None, int]:
    found = _NUMERICAL.match(text, place)
    if not found or not sign or not _name(found["chromosome"]):
        return None, place
    name = _name(found["chromosome"])
    kind: ItemKind = "gain" if sign == "+" else "loss"
    doubt = found.group().endswith("?")
    return Item(kind, f"{sign}{'?' if doubt else ''}{name}", name, sign, uncertain=doubt), found.end()


def _old_style(text: str, place: int, sign: str) -> tuple[Item | None, int]:
    """Read `5q-` and `14q+`, the writing before 1978 that lives on."""
    found = _OLD_STYLE.match(text, place)
    if not found or not _name(found["chromosome"]):
        return None, place
    bands, whole = read_bands(found["inside"] or found["bands"], 1)
    if not whole:
        return None, place
    kind = "del" if found["change"] == "-" else "add"
    part = Part(kind, (_name(found["chromosome"]),), bands)
    return Item("structural", _spell((part,), sign), part.chromosomes[0], sign, (part,)), found.end()


def _variant(text: str, place: int, sign: str) -> tuple[Item | None, int]:
    found = _VARIANT.match(text, place)
    if not found:
        return None, place
    return Item("variant", found["text"].replace("y", "Y", 1)), found.end()


def _marker(text: str, place: int, sign: str) -> tuple[Item | None, int]:
    found = _MARKER.match(text, place)
    if not found:
        return None, place
    name = {"m": "mar", "d": "dmin", "h": "hsr", "r": "r"}[found["name"][0]]
    low, high = found["low"] or "", found["high"] or ""
    span = f"~{high}" if high else ""
    last = f"~{found['last']}" if found["last"] else ""
    label = f"{sign}{low}{span}{name}{found['number']}{last}"
    # Double minutes and amplified regions are one abnormality however many there are.
    copies = int(low or 1) if name in ("mar", "r") else 1
    return Item("marker", label, name, sign, copies=max(copies, 1)), found.end()


def _related(text: str, place: int, sign: str) -> tuple[Item | None, int]:
    found = _RELATED.match(text, place)
    if not found or sign:
        return None, place
    return Item("related", found["name"], copies=int(found["times"] or 1)), found.end()


def _incomplete(text: str, place: int, sign: str) -> tuple[Item | None, int]:
    found = _INCOMPLETE.match(text, place)
    return (Item("incomplete", "inc"), found.end()) if found and not sign else (None, place)


def _structural(text: str, place: int, sign: str) -> tuple[Item | None, int]:
    part, place, doubt = _part(text, place)
    if part is None:
        return None, place
    parts = [part]
    while parts[0].kind in CHAINED:
        further, end, more = _part(text, place)
        if further is None:
            break
        parts.append(further)
        place, doubt = end, doubt or more
    across = parts[0].kind in _ACROSS and len(parts[0].chromosomes) > 1
    bands = [band for p in parts for bands in p.breaks for band in bands]
    item = Item(
        "structural",
        ("?" if doubt else "") + _spell(tuple(parts), sign),
        "" if across else part.chromosomes[0],
        sign,
        tuple(parts),
        uncertain=doubt or any(band.doubt for band in bands),
    )
    return item, place


def _part(text: str, place: int) -> tuple[Part | None, int, bool]:
    """Read one `kind(chromosomes)(bands)`; also `del5q`, `del(5q)` and `inv16`."""
    found = _STRUCTURAL.match(text, place)
    if found:
        kind, end = KINDS[found["kind"]], found.end()
        doubt = bool(found["before"] or found["doubt"])
    else:
        # (8;21)(q22;q22): an exchange whose letter got lost.
        bare = re.compile(r"\((?:\d{1,2}|x);\d{1,2}\)\(").match(text, place)
        if not bare:
            return None, place, False
        kind, doubt, end = "t", False, place
    group = _GROUP.match(text, end)
    if group:
        inside, end = group["inside"], group.end()
    else:
        loose = _BARE_CHROMOSOMES.match(text, end)
        if not loose:
            return None, place, False
        inside, end = loose.group(), loose.end()
    chromosomes, within, unsure = _chromosomes(inside)
    if not chromosomes:
        return None, place, False
    bands, end, complete = _bands_after(text, end, within, len(chromosomes))
    if not complete:
        return None, place, False
    return Part(kind, chromosomes, bands), end, doubt or unsure


def _bands_after(
    text: str, place: int, within: str, chromosomes: int
) -> tuple[tuple[tuple[Band, ...], ...], int, bool]:
    nothing: tuple[tuple[Band, ...], ...] = ((),) * chromosomes
    doubt = _DOUBT.match(text, place)
    group = _GROUP.match(text, doubt.end() if doubt else place)
    inside = group["inside"] if group else ""
    inside = inside if ">" in inside else _NAMED_BAND.sub("", inside)
    if group and re.match(r"[?pqc;]", inside):
        bands, whole = read_bands(("?" if doubt else "") + inside, chromosomes)
        return bands, group.end(), whole or set(inside) <= set("?;")
    if within:
        bands, whole = read_bands(within, chromosomes)
        return bands, place, whole
    loose = _BARE_BANDS.match(text, place)
    if loose:
        bands, whole = read_bands(loose.group(), chromosomes)
        return bands, loose.end(), whole
    return nothing, place, True


def _chromosomes(inside: str) -> tuple[tuple[str, ...], str, bool]:
    """Return chromosomes, bands that stood among them (`del(5q)`), and whether one was doubtful."""
    names: list[str] = []
    bands: list[str] = []
    unsure = False
    inside = _HYPHEN.sub(";", inside.removesuffix(";"))
    for piece in re.split(r"[;:,.&]", inside):
        first, _, other = piece.partition("or")
        found = _CHROMOSOME.fullmatch(first)
        if not found:
            return (), "", False
        # The v of t(v;11q23) is any partner.
        doubt = found["doubt"] + found["behind"]
        unnamed = found["name"] in ("?", "", "v") and doubt + found["name"]
        name = "?" if unnamed else _name(found["name"])
        if not name:
            return (), "", False
        unsure = unsure or bool(other) or (bool(doubt) and name != "?")
        names.append(name)
        bands.append(found["bands"] or "")
    return tuple(names), ";".join(band or "?" for band in bands) if any(bands) else "", unsure


def _spell(parts: tuple[Part, ...], sign: str) -> str:
    return sign + "".join(spell(part) for part in parts)


def spell(part: Part) -> str:
    """Return a rearrangement in ISCN form; without bands where none were written."""
    text = f"{part.kind}({';'.join(part.chromosomes)})"
    if not any(part.breaks):
        return text
    return f"{text}({';'.join(''.join(map(str, bands)) for bands in part.breaks)})"
