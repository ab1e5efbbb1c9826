"""Gene symbols: current, withdrawn and alias, from the HGNC table beside this module."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "genes.csv"
#: Current symbols that are also words of a report; they count only in capitals.
ALSO_WORDS = frozenset({"REST", "STIL", "MAST", "SRSF"})
#: Longest symbol or alias that is looked up.
MAX_SYMBOL = 15


@dataclass(frozen=True, slots=True)
class Gene:
    """
    A gene as found in the table.

    Attributes
    ----------
    symbol : str
        Current HGNC symbol; empty when the written name is shared and cannot be told.
    note : str
        Empty for the current symbol; else `previous`, `alias`, `case`, `hyphen`, or `ambiguous` for a name
        that several genes had or have.
    others : tuple of str
        The other genes of an ambiguous name; with an empty symbol all of them.
    """

    symbol: str
    note: str = ""
    others: tuple[str, ...] = ()


@cache
def _table() -> tuple[dict[str, Gene], dict[str, Gene], str]:
    """Return the names as written, the names in capitals, and the line that says state and source."""
    text = TABLE.read_text(encoding="utf-8")
    about, _, rest = text.partition("\n")
    exact: dict[str, Gene] = {}
    rows = list(csv.DictReader(rest.splitlines()))
    for row in rows:
        shared = dict(item.split("=") for item in row["ambiguous"].split())
        for name in row["alias"].split():
            if name in shared:
                others = tuple(sorted({row["symbol"], *shared[name].split("/")}))
                exact.setdefault(name, Gene("", "ambiguous", others))
            else:
                exact.setdefault(name, Gene(row["symbol"], "alias"))
    for row in rows:
        shared = dict(item.split("=") for item in row["ambiguous"].split())
        for name in row["previous"].split():
            # HGNC records a withdrawn symbol with the one gene that carried it, so that gene is proposed.
            others = tuple(shared[name].split("/")) if name in shared else ()
            exact[name] = Gene(row["symbol"], "ambiguous" if others else "previous", others)
    for row in rows:
        exact[row["symbol"]] = Gene(row["symbol"])
    upper: dict[str, Gene] = {}
    for name, gene in exact.items():
        key = name.upper()
        if not gene.note or key not in upper:
            upper[key] = gene
    return exact, upper, about.lstrip("# ")


def about_genes() -> str:
    """Return the sentence that says the date and the source of the table."""
    return _table()[2]


def symbols() -> tuple[str, ...]:
    """Return every current symbol of the table in alphabetical order."""
    return tuple(sorted(name for name, gene in _table()[0].items() if not gene.note))


@cache
def _memory() -> dict[str, Gene | None]:
    return {}


def find_gene(name: str) -> Gene | None:
    """
    Return the gene of a written name; None when the table has none.

    Parameters
    ----------
    name : str
        As written: `JAK2`, `SFRS2`, `MLL`, `jak2`, `c-kit`, `FLT-3`.

    Returns
    -------
    Gene or None
        Letters alone are taken in capitals only, because `was`, `set` and `kit` are words too; names with a
        digit in any case. A hyphen before digits or after a leading c is looked past.
    """
    if len(name) > MAX_SYMBOL or len(name) < 2:
        return None
    memory = _memory()
    if name not in memory:
        if len(memory) > 20_000:
            memory.clear()
        memory[name] = _find(name)
    return memory[name]


def _find(name: str) -> Gene | None:
    exact, upper, _ = _table()
    if name in exact:
        return exact[name]
    key = name.upper()
    has_digit = any(c.isdigit() for c in name)
    if key in upper and (has_digit or _written_as_symbol(name, upper[key])):
        found = upper[key]
        return Gene(found.symbol, found.note or "case", found.others)
    joined = key.removeprefix("C-") if key.startswith("C-") else key.replace("-", "")
    if joined != key and joined in upper and not upper[joined].others:
        return Gene(upper[joined].symbol, "hyphen")
    return None


def _written_as_symbol(name: str, found: Gene) -> bool:
    """Tell whether letters alone, not in capitals, may be taken for a current symbol: Kras, Nras."""
    return len(name) >= 4 and not found.note and found.symbol not in ALSO_WORDS
