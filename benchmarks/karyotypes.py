"""
Speed of reading karyotypes: one million rows, and how it grows with the number of distinct strings.

Run `python benchmarks/karyotypes.py [ROWS]` (default 1,000,000). The strings are those of `tests/spec` with
cell counts drawn anew, so that many are distinct. No other open Python library reads ISCN into counts and
calls; the limit beside it is merely walking over the text once with a compiled pattern.
"""

import csv
import platform
import random
import re
import sys
import time
from pathlib import Path

import pyarrow as pa

from harmony.notation.iscn.table import read_column

SPEC = Path(__file__).parents[1] / "tests" / "spec"
#: The issue's bar: seconds for a million rows on one core.
BAR = 60.0


def strings(rows: int) -> list[str]:
    """Return rows drawn from the test tables, each cell count drawn anew from 2 to 30."""
    texts = []
    for name in ("karyotypes.csv", "karyotype_tests.csv"):
        with (SPEC / name).open(encoding="utf-8", newline="") as file:
            texts += [row["iscn"] for row in csv.DictReader(file) if row["iscn"] and len(row["iscn"]) < 300]
    rng = random.Random(11)
    counts = re.compile(r"\[(\d+)\]")
    return [counts.sub(lambda _: f"[{rng.randint(2, 30)}]", rng.choice(texts)) for _ in range(rows)]


def main() -> None:
    """Print seconds, distinct strings and the ratio to a mere walk over the text."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"Python {platform.python_version()}, {platform.machine()}")
    drawn = strings(rows)
    for size in sorted({rows // 100, rows // 10, rows}):
        part = drawn[:size]
        begin = time.process_time()
        read_column(pa.array(part))
        ours = time.process_time() - begin
        begin = time.process_time()
        walk = re.compile(r"[^,/\[\]]+")
        for text in part:
            walk.findall(text)
        limit = time.process_time() - begin
        print(
            f"{size:>9,} rows, {len(set(part)):>7,} distinct: {ours:6.1f} s processor time, "
            f"{ours / limit:5.1f} times a walk over every row"
        )
    print(f"bar: {BAR:.0f} s for 1,000,000 rows")


if __name__ == "__main__":
    main()
