"""
Writes docs/statistics/agreement.md: how far our numbers lie from those of R, counted by tests/published; and
its total into README.md.

Every module of tests/published with a list CASES is loaded and each case computed. `--check` ends with 1 when
the numbers compared differ from the page, or a difference lies in another order of magnitude (differences
below 1e-9 are rounding and differ between machines).
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
PUBLISHED: Final = ROOT / "tests" / "published"
PAGE: Final = ROOT / "docs" / "statistics" / "agreement.md"
README: Final = ROOT / "README.md"
TOTAL: Final = re.compile(r"[\d,]+ numbers of \d+ analyses")
#: Smaller differences are rounding; differences within this factor of each other are the same.
ROUNDING, FACTOR = 1e-9, 100.0


@dataclass
class Line:
    """One function on one file of the reference."""

    function: str
    file: str
    analyses: set[str]
    peers: set[str]
    numbers: int = 0
    nulls: int = 0
    estimate: float = 0.0
    p_value: float = 0.0


def cases() -> Iterable[Any]:
    """Give the cases of every published test."""
    for folder in (PUBLISHED, ROOT / "tests" / "support"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    for path in sorted(PUBLISHED.glob("test_*.py")):
        yield from getattr(importlib.import_module(path.stem), "CASES", ())


def measure(found: Iterable[Any]) -> list[Line]:
    """Compute every case and return one line per function and file."""
    lines: dict[tuple[str, str], Line] = {}
    for case in found:
        line = lines.setdefault((case.function, case.file), Line(case.function, case.file, set(), set()))
        line.analyses.add(case.analysis)
        _add(line, case)
    return [lines[key] for key in sorted(lines)]


def _add(line: Line, case: Any) -> None:
    reference = importlib.import_module("r_reference")
    for row, ours in case.answers(reference.rows(case.file, case.analysis)):
        line.numbers += 1
        line.peers.add(row["package"])
        wanted = row["value"]
        if wanted is None or ours is None:
            line.nulls += wanted is ours
            continue
        apart = abs(ours - wanted) / abs(wanted) if wanted else abs(ours)
        if reference.tolerance_of(row) == reference.P_VALUE:
            line.p_value = max(line.p_value, apart)
        else:
            line.estimate = max(line.estimate, apart)


def rows_of(file: str) -> int:
    """Return how many numbers a file of the reference holds."""
    with (PUBLISHED.parent / "data" / "reference" / file).open() as source:
        return len(source.readlines()) - 1


def text_of(lines: list[Line]) -> str:
    """Return the page."""
    numbers = sum(line.numbers for line in lines)
    analyses = len({(line.file, name) for line in lines for name in line.analyses})
    worst = max(line.estimate for line in lines)
    peers = sorted({peer for line in lines for peer in line.peers if peer})
    text = [
        "# Agreement with R",
        "",
        "Printed by `python tools/agreement.py`, not edited by hand. Each number of `tests/data/reference`,",
        "computed by R on public tables of haematology, is compared by a test under `tests/published`, which",
        "fails when it lies outside its tolerance, and when fewer are compared than before. Tolerances:",
        "1e-6 relative; log-likelihoods 1e-9; p-values 1e-4; Fine-Gray `crr` and `cox_zph` chi-square 2e-5,",
        "where R itself stops early; zeros absolute 1e-12; R's NA must be null.",
        "",
        f"**{numbers:,} numbers** of {analyses} analyses; worst relative difference {worst:.0e}. "
        f"Compared with {', '.join(peers)}.",
        "",
        "| function | reference | analyses | numbers | null | worst difference | of p-values |",
        "|---|---|---|---|---|---|---|",
    ]
    text += [_row(line) for line in lines]
    text += ["", "## Numbers of each file", "", "| file | numbers | compared |", "|---|---|---|"]
    for file in sorted({line.file for line in lines}):
        compared = sum(line.numbers for line in lines if line.file == file)
        text.append(f"| {file} | {rows_of(file):,} | {compared:,} |")
    text += [
        "",
        "A number may be answered by two functions and then counts for both; `iterations` is not compared.",
        "",
        "## Other programs",
        "",
        "On random data, where they implement the same estimator:",
        "",
    ]
    return "\n".join([*text, *_others(), ""])


def _row(line: Line) -> str:
    p_value = f"{line.p_value:.0e}" if line.p_value else ""
    cells = (f"`{line.function}`", line.file, len(line.analyses), f"{line.numbers:,}", line.nulls or "")
    return "| " + " | ".join([*map(str, cells), f"{line.estimate:.0e}", p_value]) + " |"


def _others() -> list[str]:
    found = []
    for path in sorted(PUBLISHED.glob("test_*.py")):
        if not any(word in path.stem for word in ("lifelines", "statsmodels", "sksurv", "scikit")):
            continue
        says = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        found.append(f"- `tests/published/{path.name}`: {says}")
    return found


def table(text: str) -> dict[tuple[str, ...], list[str]]:
    """Return the cells of the page's tables: (function, file, analyses, numbers, null) or (file, ...)."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 7:
            found[tuple(cells[:5])] = cells[5:]
    return found


def differs(page: str, now: str) -> list[str]:
    """Return what of the page is not so any more."""
    stored, measured = table(page), table(now)
    wrong = [f"{' '.join(key)}: not so any more" for key in stored.keys() - measured.keys()]
    wrong += [f"{' '.join(key)}: not on the page" for key in measured.keys() - stored.keys()]
    for key in stored.keys() & measured.keys():
        for old, new in zip(stored[key], measured[key], strict=True):
            sizes = [max(float(cell or 0.0), ROUNDING) for cell in (old, new)]
            if max(sizes) > FACTOR * min(sizes):
                wrong.append(f"{' '.join(key)}: difference {new} instead of {old}")
    return wrong


def with_total(readme: str, page: str) -> str:
    """Return the text of README.md with the total of the page."""
    total = TOTAL.search(page.replace("**", ""))
    return readme if total is None else TOTAL.sub(total[0], readme)


def main() -> int:
    """Write the page, or check it."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--check", action="store_true")
    check = reader.parse_args().check
    now = text_of(measure(cases()))
    if not check:
        PAGE.write_text(now, encoding="utf-8")
        README.write_text(with_total(README.read_text(encoding="utf-8"), now), encoding="utf-8")
        return 0
    wrong = differs(PAGE.read_text(encoding="utf-8") if PAGE.exists() else "", now)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
