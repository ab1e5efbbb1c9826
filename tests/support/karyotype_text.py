"""Karyotypes as structure, and the ISCN text of one, without the parser of the project."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One change; `times` to `most` copies; `origin` is the chromosome that a derivative is of."""

    kind: str
    chromosomes: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    sign: str = ""
    times: int = 1
    most: int = 1
    cells: int | None = None
    constitutional: bool = False
    uncertain: bool = False
    origin: tuple[str, ...] = ()

    @property
    def key(self) -> tuple:
        """What makes two mentions the same change."""
        return (self.kind, self.sign, self.chromosomes, self.bands, self.origin)


@dataclass(frozen=True)
class Clone:
    """One clone as written: own items only; `takes_over` is the place of the clone it starts from."""

    items: tuple[Item, ...] = ()
    cells: int | None = None
    composite: bool = False
    takes_over: int | None = None
    word: str = ""
    incomplete: bool = False
    tetraploid: bool = False
    spread: int = 0
    ploidy: bool = False


@dataclass(frozen=True)
class Karyotype:
    """A patient's clones and sex, and the cells of a donor (0: none)."""

    sex: str
    clones: tuple[Clone, ...]
    donor_cells: int = 0


def effective(karyotype: Karyotype, place: int) -> list[Item]:
    """Return every change of a clone, those taken over first."""
    clone = karyotype.clones[place]
    before = [] if clone.takes_over is None else effective(karyotype, clone.takes_over)
    return before + list(clone.items)


def printed(item: Item, plain: bool = False) -> str:
    """Print a change as ISCN does; `plain` leaves out copies, cells and the mark of a constitutional one."""
    sign, name = item.sign, {"number": "", "mar": "mar", "dmin": "dmin"}.get(item.kind, item.kind)
    bands = "" if not item.bands else f"({(';' if len(item.chromosomes) > 1 else '').join(item.bands)})"
    if item.kind == "ins":
        bands = f"({item.bands[0]};{''.join(item.bands[1:])})"
    if item.kind == "number":
        text = sign + item.chromosomes[0]
    elif item.kind == "qh+":
        text = f"{item.chromosomes[0]}qh+"
    elif item.kind == "der":
        text = f"{sign}der({item.origin[0]})t({';'.join(item.chromosomes)}){bands}"
    elif item.kind in ("mar", "dmin") or not item.chromosomes:
        number = f"{item.times}~{item.most}" if item.most > item.times else str(item.times)
        text = sign + ("" if plain or number == "1" else number) + name
    else:
        text = f"{sign}{name}({';'.join(item.chromosomes)}){bands}"
    copies = f"x{item.times}" if item.times > 1 and item.chromosomes and not plain else ""
    mark = "c" if item.constitutional and not plain else ""
    return ("?" if item.uncertain else "") + text + mark + copies


def modal(karyotype: Karyotype, place: int) -> int:
    """Count the chromosomes of a clone: a dicentric stands for two."""
    number = 92 if karyotype.clones[place].tetraploid else 46
    for item in effective(karyotype, place):
        if item.kind == "dic":
            number -= 1
        elif item.sign and item.kind != "dmin":
            number += item.times if item.sign == "+" else -item.times
    return number


def iscn(karyotype: Karyotype) -> str:
    """Print a karyotype as ISCN text."""
    text = "/".join(_clone(karyotype, place) for place in range(len(karyotype.clones)))
    return text + (f"//46,XX[{karyotype.donor_cells}]" if karyotype.donor_cells else "")


def _clone(karyotype: Karyotype, place: int) -> str:
    clone = karyotype.clones[place]
    number = modal(karyotype, place)
    head = f"{number - clone.spread}~{number}" if clone.spread else str(number)
    lost = [i.chromosomes[0] for i in effective(karyotype, place) if i.sign == "-" and i.chromosomes]
    sex = karyotype.sex
    for chromosome in [c for c in lost if c in "XY"]:
        sex = sex[::-1].replace(chromosome, "", 1)[::-1]
    if clone.tetraploid:
        sex = "".join(letter * 2 for letter in karyotype.sex)
    parts = [head + ("<2n>" if clone.ploidy else ""), clone.word or sex, *map(printed, clone.items)]
    text = ",".join(parts + (["inc"] if clone.incomplete else []))
    if clone.cells is None:
        return text
    return f"{text}[{'cp' if clone.composite else ''}{clone.cells}]"


def listed_copies(listed: str) -> list[str]:
    """Return the abnormalities of a list in order; copies written as `2x`, `x2` or `+2mar` are repeated."""
    items: list[str] = []
    for item in filter(None, listed.split("; ")):
        before = re.fullmatch(r"([+-]?)(\d)(?:x|(?=mar|r|dmin))([a-z].*)", item)
        after = re.fullmatch(r"(.*)x(\d)", item)
        if before:
            items += [before[1] + before[3]] * int(before[2])
        elif after:
            items += [after[1]] * int(after[2])
        else:
            items.append(item)
    return items
