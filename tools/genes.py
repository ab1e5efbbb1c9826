"""
Fills src/harmony/notation/hgvs/genes.csv from a table of HGNC: python tools/genes.py TABLE.tsv DATE SOURCE.

The symbols to keep are those already in the first column; add a line with a new symbol and run it again.
TABLE is a custom download of genenames.org with HGNC ID, Approved symbol, Status, Previous symbols and Alias
symbols. A symbol that the table does not approve keeps its old line with verified = no.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

GENES = Path(__file__).parents[1] / "src" / "harmony" / "notation" / "hgvs" / "genes.csv"
FIELDS = ["symbol", "hgnc_id", "previous", "alias", "ambiguous", "verified"]
#: Clone names of sequencing projects; no report uses them.
CLONES = ("FLJ", "DKFZ", "MGC", "HSPC", "LOC", "bA", "dJ", "RP1-", "RP11-")
#: Aliases that reports use as words.
WORDS = frozenset(
    [
        "WT",
        "POS",
        "NEG",
        "HET",
        "HOM",
        "DEL",
        "INS",
        "DUP",
        "INV",
        "VAF",
        "MAF",
        "DNA",
        "RNA",
        "CDNA",
        "TYPE",
        "EXON",
        "ITD",
        "PTD",
        "TKD",
        "MUT",
        "AND",
        "NOT",
        "THE",
        "NON",
        "PAS",
        "CON",
        "SIN",
        "VUS",
        "SNP",
        "SNV",
        "TIER",
        "CASE",
        "NORMAL",
        "HIGH",
        "LOW",
        "GENE",
        "LOSS",
        "GAIN",
        "TEST",
        "TUMOR",
        "LYMPHOMA",
        "AML",
        "ALL",
        "CLL",
        "CML",
        "MDS",
        "NHL",
        "MPN",
        "CMML",
        "JMML",
        "APL",
        "DLBCL",
        "MCL",
        "PMF",
        "AMM",
        "HCL",
        "LPL",
        "AITL",
        "PTCL",
        "PHL",
        "FAB",
        "TER",
        "MAR",
        "PER",
        "VAN",
        "LIP",
        "SUP",
        "TRIP",
        "EMT",
        "FAF",
    ]
)


def names(text: str) -> list[str]:
    """Return the names of a list of the table."""
    return [name.strip() for name in text.split(",") if name.strip()]


def usable(name: str) -> bool:
    """Tell whether a former or other name can stand in a report without being taken for something else."""
    if len(name) < 3 or len(name) > 15 or not name.isascii() or " " in name or name.upper() in WORDS:
        return False
    if name.startswith(CLONES) or not any(c.isalpha() for c in name) or set(name) & set(",;:()[]/'|="):
        return False
    # `A20B` would be read as a protein change; E2A, the first name of the TCF3 gene, is the exception.
    return name == "E2A" or not (name[0].isalpha() and name[1:-1].isdigit() and name[-1].isalpha())


def main() -> None:
    """Rewrite the file and print what was verified."""
    table, date, source = sys.argv[1:4]
    rows = list(csv.DictReader(Path(table).read_text("utf-8").splitlines(), delimiter="\t"))
    approved = {r["Approved symbol"]: r for r in rows if r["Status"] == "Approved"}
    upper = {symbol.upper() for symbol in approved}
    owners: dict[str, set[str]] = defaultdict(set)
    for symbol, row in approved.items():
        for name in names(row["Previous symbols"]) + names(row["Alias symbols"]):
            owners[name.upper()].add(symbol)
    lines = [line for line in GENES.read_text("utf-8").splitlines() if not line.startswith("#")]
    kept = {row["symbol"]: row for row in csv.DictReader(lines)}
    out = []
    for symbol in sorted(kept):
        row = approved.get(symbol)
        if row is None:
            out.append({**kept[symbol], "verified": "no"})
            continue
        previous, alias = (
            [n for n in names(row[field]) if usable(n) and n.upper() not in upper]
            for field in ("Previous symbols", "Alias symbols")
        )
        alias = [n for n in alias if n.upper() not in {p.upper() for p in previous}]
        shared = {n: sorted(owners[n.upper()] - {symbol}) for n in previous + alias}
        ambiguous = [f"{n}={'/'.join(others)}" for n, others in shared.items() if others]
        out.append(
            {
                "symbol": symbol,
                "hgnc_id": row["HGNC ID"],
                "previous": " ".join(previous),
                "alias": " ".join(alias),
                "ambiguous": " ".join(ambiguous),
                "verified": "yes",
            }
        )
    with GENES.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# HGNC (genenames.org), state of {date}; source: {source}. Written by tools/genes.py.\n")
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(out)
    verified = sum(row["verified"] == "yes" for row in out)
    print(
        f"{len(out)} genes, {verified} verified, {sum(bool(r['ambiguous']) for r in out)} with shared names"
    )


if __name__ == "__main__":
    main()
