"""Breakpoints: `q22`, `p13.1`, `p22~23`, `q13q33`, `q?12`, `qter`, in the forms laboratories write."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from harmony.notation.iscn.model import Arm, Band

_BAND: Final = re.compile(
    r"(?P<before>\?*)(?P<arm>[pq])(?P<after>\?*)"
    r"(?:(?P<band>\d\??\d?)(?:\.(?P<unsure>\?*)(?P<sub>\d{0,3}))?(?P<behind>\?*)|ter)?"
    r"(?:(?:[~;-]|or|to)(?P<upto_arm>[pq])?(?P<upto>\d{1,2})(?:\.\d{1,3})?)?"
)
_FILLING: Final = re.compile(r"[;:,.>\-\s/~?]|or|to|cen|v")
_WHOLE_ARM: Final = re.compile(r"cen|p10|q10")


@lru_cache(maxsize=8192)
def read_bands(text: str, chromosomes: int) -> tuple[tuple[tuple[Band, ...], ...], bool]:
    """
    Read the bands of a rearrangement.

    Parameters
    ----------
    text : str
        What stands between the brackets, in lower case and without blanks: `q22;q22`, `q13q33`.
    chromosomes : int
        How many chromosomes take part.

    Returns
    -------
    tuple of tuples of Band, one per chromosome, and whether all of the text was read
    """
    pieces = re.split(r"[;:,/]", text) if chromosomes > 1 else [text]
    if len(pieces) == 1 < chromosomes:
        pieces = re.split(r"[.-](?=[?pq])", text)
    read = [_piece(piece) for piece in pieces]
    whole = all(complete for _, complete in read)
    bands = [found for found, _ in read]
    if chromosomes > 1 and len(bands) == 1 and len(bands[0]) == chromosomes:
        # t(8;21)(q22q22): the semicolon is missing, one band for each chromosome.
        bands = [(band,) for band in bands[0]]
    if len(bands) != chromosomes:
        return ((),) * chromosomes, False
    return tuple(bands), whole


def _piece(text: str) -> tuple[tuple[Band, ...], bool]:
    bands: list[Band] = []
    rest: list[str] = []
    place = 0
    for found in _BAND.finditer(text):
        rest.append(text[place : found.start()])
        place = found.end()
        bands.extend(_of(found))
    rest.append(text[place:])
    left = _FILLING.sub("", "".join(rest))
    if not bands and "cen" in text:
        bands.append(Band("?", "10"))
    if not bands and text and set(text) <= {"?", "v"}:
        bands.append(Band("?"))
    return tuple(bands), not left and bool(bands)


def _of(found: re.Match[str]) -> tuple[Band, ...]:
    arm: Arm = "p" if found["arm"] == "p" else "q"
    written = found["band"] or ""
    doubt = bool(found["before"] or found["after"] or found["behind"] or found["unsure"] or "?" in written)
    band = written.replace("?", "") or ("ter" if found.group().endswith("ter") else "")
    upto = found["upto"] or ""
    if found["upto_arm"] and not ("~" in found.group() and found["upto_arm"] == arm):
        # q13-q33: from here to there, two breakpoints.
        other: Arm = "p" if found["upto_arm"] == "p" else "q"
        return Band(arm, band, found["sub"] or "", "", doubt), Band(other, upto)
    if upto and not (band and upto > band):
        upto = ""
    return (Band(arm, band, found["sub"] or "", upto, doubt),)
