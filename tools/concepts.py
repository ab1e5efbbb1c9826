"""
Appends the concepts that the dictionary needs and the pack lacks: `python tools/concepts.py`.

Lines that exist never change. `--check` writes nothing and ends with 1 when a concept is missing.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from harmony.dictionary.model import load
from harmony.omop.concepts import FIRST_ID, needed_concepts

PACK = Path(__file__).parent.parent / "src" / "harmony" / "omop" / "concepts.csv"
HEADER = ("concept_id", "concept_code", "concept_name")


def append_missing(pack: Path, needed: list[tuple[str, str]]) -> int:
    """
    Append missing concepts with ids above the highest one.

    Parameters
    ----------
    pack : Path
        The pack's CSV file; made with its header when it does not exist.
    needed : list of (str, str)
        Code and name of each concept that must exist.

    Returns
    -------
    int
        Number of concepts appended.
    """
    if not pack.exists():
        pack.write_text(",".join(HEADER) + "\n", encoding="utf-8")
    known = _known(pack)
    missing = missing_concepts(pack, needed)
    first = max(known.values(), default=FIRST_ID - 1) + 1
    with pack.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, (code, name) in enumerate(missing, start=first):
            writer.writerow((number, code, name))
    return len(missing)


def missing_concepts(pack: Path, needed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return code and name of the needed concepts that the pack lacks; an absent pack lacks all."""
    known = _known(pack) if pack.exists() else {}
    return [(code, name) for code, name in needed if code not in known]


def _known(pack: Path) -> dict[str, int]:
    with pack.open(encoding="utf-8", newline="") as file:
        return {row["concept_code"]: int(row["concept_id"]) for row in csv.DictReader(file)}


def main() -> None:
    """Append what is missing, or with --check only say it."""
    parser = argparse.ArgumentParser(description="Append missing concepts to the pack.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if one is missing")
    needed = list(needed_concepts(load()))
    if not parser.parse_args().check:
        print(f"{append_missing(PACK, needed)} concepts added")
    elif missing := missing_concepts(PACK, needed):
        sys.exit(f"{len(missing)} concepts are missing from the pack. Run python tools/concepts.py.")


if __name__ == "__main__":
    main()
