"""Amino acids: three letters for print, one letter as reports have it."""

from __future__ import annotations

from harmony.notation.hgvs.cursor import Cursor

#: IUPAC-IUB 1983; Sec and Pyl later. `X` is not here: reports mean a stop by it.
ONE_TO_THREE = {
    "A": "Ala",
    "R": "Arg",
    "N": "Asn",
    "D": "Asp",
    "C": "Cys",
    "Q": "Gln",
    "E": "Glu",
    "G": "Gly",
    "H": "His",
    "I": "Ile",
    "L": "Leu",
    "K": "Lys",
    "M": "Met",
    "F": "Phe",
    "P": "Pro",
    "S": "Ser",
    "T": "Thr",
    "W": "Trp",
    "Y": "Tyr",
    "V": "Val",
    "U": "Sec",
    "O": "Pyl",
    "B": "Asx",
    "Z": "Glx",
}
THREE = frozenset(ONE_TO_THREE.values()) | {"Xaa"}
STOP = "Ter"


def three_letter_next(cursor: Cursor) -> bool:
    """Tell whether a three-letter residue comes next, in any case; after a `*` the new residue decides."""
    at = cursor.at
    if cursor.next == "*":
        at += 1
        while cursor.text[at : at + 1].isdigit() and at < cursor.at + 10:
            at += 1
    word = cursor.text[at : at + 3].title()
    return word in THREE or word == STOP


def read_residue(cursor: Cursor, three: bool, legacy: list[str]) -> str:
    """
    Take one residue or a stop; empty when none comes next.

    Parameters
    ----------
    three : bool
        Three-letter form; otherwise one letter.
    legacy : list of str
        Receives the codes of what was mended.

    Returns
    -------
    str
        Three letters; `Ter` for a stop.
    """
    if cursor.take("*"):
        return STOP
    if cursor.take_word("stop"):
        legacy.append("stop_as_word")
        return STOP
    if three:
        return _three(cursor, legacy)
    sign = cursor.next
    residue = ONE_TO_THREE.get(sign.upper(), "") if sign else ""
    if residue:
        cursor.at += 1
        if sign.islower():
            legacy.append("case_of_residues")
    elif sign in ("X", "x"):
        cursor.at += 1
        legacy.append("x_as_stop")
        return STOP
    return residue


def _three(cursor: Cursor, legacy: list[str]) -> str:
    written = cursor.text[cursor.at : cursor.at + 3]
    residue = written.title()
    if residue in THREE or residue == STOP:
        cursor.at += 3
        if residue != written:
            legacy.append("case_of_residues")
        return residue
    # `Arg97X` mixes three letters with the old one-letter stop.
    if cursor.next == "X" and cursor.text[cursor.at + 1 : cursor.at + 2] in ("", ")", "]", ";"):
        cursor.at += 1
        legacy.append("x_as_stop")
        return STOP
    return ""
