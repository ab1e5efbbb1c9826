"""Append the concepts that the dictionary needs and the pack lacks; lines that exist never change."""

from __future__ import annotations

import csv
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
    with pack.open(encoding="utf-8", newline="") as file:
        known = {row["concept_code"]: int(row["concept_id"]) for row in csv.DictReader(file)}
    missing = [(code, name) for code, name in needed if code not in known]
    first = max(known.values(), default=FIRST_ID - 1) + 1
    with pack.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, (code, name) in enumerate(missing, start=first):
            writer.writerow((number, code, name))
    return len(missing)


if __name__ == "__main__":
    print(f"{append_missing(PACK, list(needed_concepts(load())))} concepts added")
