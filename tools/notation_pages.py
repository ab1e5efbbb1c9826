"""
Writes the pages about karyotypes from code and test tables: `python tools/notation_pages.py`, or `--check`.

One page per finding, twenty strings explained, and the agreement with strings that were read by hand.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harmony.notation.iscn.explain import explain
from harmony.notation.iscn.findings import COLUMNS, FINDINGS, Finding
from harmony.notation.iscn.read import Reading, read_karyotype

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
SPEC: Final = ROOT / "tests" / "spec"
#: Examples of each kind on a finding's page.
EXAMPLES: Final = 6

#: Columns of the test tables that are compared, besides the findings.
COMPARED: Final = (
    "status", "karyotype_result", "abnormalities", "count", "count_is_minimum", "complex_count_ge3",
    "complex_eln2022", "monosomal", "ipss_r_group", "eln2022_lesions",
)  # fmt: skip

#: Strings of rarer changes, for the pages of findings that no test table holds.
RARE: Final = (
    "46,XX,t(17;19)(q22;p13)[10]",
    "46,XY,t(5;14)(q31;q32)[12]/46,XY[8]",
    "46,XX,t(14;16)(q32;q23)[6]/46,XX[14]",
    "46,XY,t(14;20)(q32;q12)[7]/46,XY[13]",
    "46,XX,t(6;14)(p21;q32)[9]/46,XX[11]",
)

EXPLAINED: Final = (
    "46,XX[20]",
    "45,X,-Y,t(8;21)(q22;q22)[18]/46,XY[2]",
    "47,XX,inv(16)(p13.1q22),+22[20]",
    "46,XX,t(9;22;15)(q34;q11;q22)[20]",
    "42~44,XX,-5,-7,der(12)t(12;13)(p11;q14),-17,-18,+mar[cp12]",
    "47,XY,+8[10]/48,sl,+21[6]/46,XY[4]",
    "45,XX,-7[10]/47,XX,+8[5]/46,XX[5]",
    "51,XX,+4,+8,+13,+19,+21[20]",
    "46,XY,+1,der(1;7)(q10;p10)[12]/46,XY[8]",
    "47,XY,+21c[20]",
    "46,XY,inv(9)(p12q13)[20]",
    "46,XY,del(5)(q13q33)[1]/46,XY[19]",
    "46,XY,?del(20)(q12)[6]/46,XY[14]",
    "47,XY,+8,inc[5]",
    "46,XY,t(9;22)(q34;q11.2)[4]//46,XX[16]",
    "46,XX[20].nuc ish(MYC)x2[200]",
    "44,XX",
    "46,XX,t(8;21)(q22;q22)[18/46,XX[2]",
    "del7",
    "keine Metaphasen",
)


def pages() -> dict[Path, str]:
    """Return every generated page: path under docs, text."""
    readings = {text: read_karyotype(text) for text in sorted(_strings(), key=lambda text: (len(text), text))}
    found = {Path("findings") / f"{finding.name}.md": _finding(finding, readings) for finding in FINDINGS}
    return {
        **found,
        Path("findings") / "README.md": _index(),
        Path("explanation") / "karyotypes_explained.md": _explained(),
        Path("measured") / "karyotype_agreement.md": _agreement(),
    }


def outdated() -> list[str]:
    """Return the pages that differ from what the code would write."""
    return [str(path) for path, text in pages().items() if _on_disk(path) != text]


def _on_disk(path: Path) -> str:
    return (DOCS / path).read_text(encoding="utf-8") if (DOCS / path).exists() else ""


def _rows(name: str) -> list[dict[str, str]]:
    with (SPEC / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _strings() -> set[str]:
    texts = {row["iscn"] for name in ("karyotypes.csv", "karyotype_tests.csv") for row in _rows(name)}
    return set(RARE) | {
        text for text in texts if text.strip() and len(text) < 90 and text.isascii() and "\n" not in text
    }


def _index() -> str:
    lines = [
        "# Findings that a karyotype can show",
        "",
        "Written from `harmony.notation.iscn.findings` by `python tools/notation_pages.py`. A finding is",
        "*present*, *absent* or *not assessed*: absent is said only of a banding result that was read whole.",
        "Those with a column are in the output of `harmony karyotype read`, all in that of",
        "`harmony karyotype explain`.",
        "",
        "| finding | what | column |",
        "|---|---|---|",
    ]
    lines += [
        f"| [{item.name}]({item.name}.md) | {item.title} | {'yes' if item.column else ''} |"
        for item in FINDINGS
    ]
    return "\n".join([*lines, ""])


def _finding(finding: Finding, readings: dict[str, Reading]) -> str:
    present = [text for text, reading in readings.items() if finding.name in reading.reasons]
    lines = [f"# {finding.title} (`{finding.name}`)", "", f"**Present**: {finding.present}.", ""]
    lines += [f"Source of the definition: {finding.source}.", ""]
    lines += _examples("Strings that make it present", present, finding, readings)
    if finding.column:
        near = [text for text in readings if _is_near(text, finding, readings)]
        lines += _examples("Strings that look near and leave it absent", near, finding, readings)
        unread = [
            text
            for text, reading in readings.items()
            if reading.findings[finding.name] == "not_assessed" and reading.status == "partly_read"
        ]
        lines += _examples(
            "Strings that leave it not assessed",
            unread[:: max(len(unread) // EXAMPLES, 1)],
            finding,
            readings,
        )
        lines += [
            "It is *not assessed* wherever a part of the string was not read, where there was no result, and",
            "where only another method was reported; it is never absent then.",
            "",
        ]
    return "\n".join([*lines, "[All findings](README.md)", ""])


def _examples(title: str, texts: list[str], finding: Finding, readings: dict[str, Reading]) -> list[str]:
    if not texts:
        return []
    lines = [f"## {title}", ""]
    for text in texts[:EXAMPLES]:
        reading = readings[text]
        remark = "; ".join(reading.problems[:1])
        lines.append(f"- `{text}` (confidence {reading.confidence}{': ' + remark if remark else ''})")
    return [*lines, ""]


def _is_near(text: str, finding: Finding, readings: dict[str, Reading]) -> bool:
    """Return whether a string names a chromosome of the finding and was read without showing it."""
    reading = readings[text]
    if reading.findings[finding.name] != "absent" or reading.counted is None:
        return False
    wanted = {word for word in _chromosomes(finding.present)}
    for item, _ in reading.counted.changes:
        named = {name for part in item.parts for name in part.chromosomes} | {item.chromosome}
        if wanted <= named and wanted:
            return True
    return False


def _chromosomes(words: str) -> Iterator[str]:
    first = words.split(",")[0]
    inside = first.partition("(")[2].partition(")")[0]
    if inside:
        yield from (piece.strip("pqv") for piece in inside.split(";") if piece.strip("pqv").isdigit())
    else:
        yield from (
            piece for piece in ("".join(sign for sign in first if sign.isdigit() or sign in "XY"),) if piece
        )


def _explained() -> str:
    lines = [
        "# Twenty karyotypes explained",
        "",
        "Written by `python tools/notation_pages.py`; each block is what the command prints.",
        "",
    ]
    for text in EXPLAINED:
        lines += [f"## `{text}`", "", "```text", *explain(text), "```", ""]
    return "\n".join(lines)


def _agreement() -> str:
    lines = [
        "# Karyotypes: agreement with strings read by hand",
        "",
        "Written by `python tools/notation_pages.py` from the tables in `tests/spec`, which are tests, too.",
        "A cell that the table leaves open (laboratories differ) counts when ours is among the choices.",
        "",
        "| column | 58 strings of the definition | our own strings |",
        "|---|---|---|",
    ]
    defined, own = _rows("karyotype_tests.csv"), _rows("karyotypes.csv")
    for name in COMPARED:
        lines.append(f"| {name} | {_share(name, defined)} | {_share(name, own)} |")
    lines.append(f"| findings ({len(COLUMNS)} columns) | | {_finding_share(own)} |")
    return "\n".join([*lines, ""])


def _share(name: str, rows: list[dict[str, str]]) -> str:
    asked = [row for row in rows if name in row and row[name] != "*"]
    if not asked:
        return ""
    agreed = sum(_agrees(name, row) for row in asked)
    return f"{agreed} of {len(asked)}"


def _agrees(name: str, row: dict[str, str]) -> bool:
    got = read_karyotype(row["iscn"], row.get("sex") or None).row()[name]
    wanted = ["" if cell.startswith("(") else cell for cell in row[name].split("|")]
    return "*" in wanted or sorted(filter(None, got.split("; "))) in [
        sorted(filter(None, cell.split("; "))) for cell in wanted
    ]


def _finding_share(rows: list[dict[str, str]]) -> str:
    agreed = asked = 0
    for row in rows:
        got = read_karyotype(row["iscn"], row["sex"] or None).row()
        named = dict(token.split("=") for token in row["findings"].split())
        rest = named.pop("rest", "absent" if got["status"] == "read" else "not_assessed")
        for finding in COLUMNS:
            wanted = named.get(finding.name, rest).split("|")
            if wanted != ["any"]:
                asked += 1
                agreed += got[finding.name] in wanted
    return f"{agreed} of {asked}"


def main() -> None:
    """Write the pages, or with --check say which are outdated."""
    parser = argparse.ArgumentParser(description="Write the pages about karyotypes.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; end with 1 if a page is outdated"
    )
    if parser.parse_args().check:
        if old := outdated():
            sys.exit(f"Outdated: {', '.join(old)}. Run python tools/notation_pages.py.")
        return
    for path, text in pages().items():
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
