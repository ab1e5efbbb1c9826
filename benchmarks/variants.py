"""
Our reader of variant descriptions next to mavehgvs and hgvs in the same run: agreement and ratios of time.

Run `python benchmarks/variants.py [--write]`. The texts are those of tests/spec/variants.csv that name their
level (`c.`, `p.` ...). mavehgvs comes with the bench extra. hgvs 1.5.1 wants an environment of its own
(`python -m venv ENV && ENV/bin/pip install hgvs==1.5.1`); HARMONY_HGVS_PYTHON holds the path of its
Python, and without it hgvs is left out and the output says so. `--write` puts the tables into
docs/explanation/variants.md. Last comes the speed of a column: 1 M rows with 20,000
distinct descriptions and a random allele fraction in each cell, and 100,000 distinct descriptions; `--column`
prints that alone.
Exit 1 when a peer reads or prints something that benchmarks/variants_verdicts.csv does not judge.
"""

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from mavehgvs import MaveHgvsParseError
from mavehgvs import Variant as MaveVariant

from harmony.notation.hgvs.alleles import described
from harmony.notation.hgvs.read import read_variant
from harmony.notation.hgvs.table import read_column

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "tests" / "spec" / "variants.csv"
VERDICTS = Path(__file__).with_name("variants_verdicts.csv")
PAGE = ROOT / "docs" / "explanation" / "variants.md"
START, END = "<!-- agreement: benchmarks/variants.py -->", "<!-- agreement: end -->"
#: hgvs reads nothing without a reference sequence; one that fits the level is put in front.
ACCESSIONS = {
    "c": "NM_004972.4",
    "g": "NC_000009.12",
    "n": "NR_004972.4",
    "m": "NC_012920.1",
    "r": "NM_004972.4",
    "p": "NP_004963.1",
}
THEIRS = """
import json, sys, time
from hgvs.parser import Parser
from hgvs.exceptions import HGVSParseError
parser = Parser()
found = []
texts = json.load(sys.stdin)
start = time.process_time()
for text in texts:
    try:
        found.append(str(parser.parse_hgvs_variant(text)))
    except HGVSParseError:
        found.append("")
json.dump({"printed": found, "seconds": time.process_time() - start}, sys.stdout)
"""
SPEED_TEXTS = 2_000
COLUMN_ROWS, COLUMN_TEXTS, DISTINCT_TEXTS = 1_000_000, 20_000, 100_000


def texts() -> list[str]:
    """Return the spec's texts that are one description with its level."""
    rows = csv.DictReader(SPEC.read_text("utf-8").splitlines())
    found = []
    for row in rows:
        body = (
            row["text"].rpartition(":")[2]
            if row["text"][:3] in ("NM_", "NP_", "NC_", "ENS", "LRG")
            else row["text"]
        )
        if body[1:2] == "." and body[0] in ACCESSIONS and " " not in row["text"]:
            found.append(row["text"])
    return found


def ours(text: str) -> str:
    """Return our printed form, empty when we refuse."""
    reading = read_variant(text)
    if reading.status != "read":
        return ""
    first = reading.variants[0]
    if not first.allele:
        return first.hgvs
    return f"{first.reference}:{first.allele}" if first.reference else first.allele


def mave(text: str) -> str:
    """Return mavehgvs' printed form, empty when it refuses."""
    try:
        return str(MaveVariant(text))
    except (MaveHgvsParseError, ValueError):
        return ""


def hgvs(listed: list[str]) -> tuple[list[str], float] | None:
    """Return the printed forms of hgvs and its seconds; None when it is not installed."""
    python = os.environ.get("HARMONY_HGVS_PYTHON")
    if not python:
        return None
    asked = [t if ":" in t else f"{ACCESSIONS[t[0]]}:{t}" for t in listed]
    done = subprocess.run(
        [python, "-c", THEIRS], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    shown = [p if ":" in t else p.partition(":")[2] for t, p in zip(listed, answer["printed"], strict=True)]
    return shown, answer["seconds"]


def seconds(run: Callable[[str], object], listed: list[str]) -> float:
    """Return the processor time of one pass over texts that were not seen before."""
    described.cache_clear()
    start = time.process_time()
    for text in listed:
        run(text)
    return time.process_time() - start


def random_texts(count: int = SPEED_TEXTS) -> list[str]:
    """Return distinct substitutions, deletions and frameshifts that every peer reads."""
    rng = random.Random(11)
    made: set[str] = set()
    while len(made) < count:
        at = rng.randint(2, 9_000)
        old, new = rng.sample("ACGT", 2)
        made.add(rng.choice([f"c.{at}{old}>{new}", f"c.{at}_{at + 3}del", f"p.Arg{at}ProfsTer{at % 90 + 2}"]))
    return sorted(made)


def column_lines() -> list[str]:
    """Return the speed of whole columns, beside mavehgvs on the same distinct descriptions."""
    rng, distinct = random.Random(12), random_texts(COLUMN_TEXTS)
    cells = pa.array(f"{rng.choice(distinct)} {rng.uniform(0, 100):.2f}%" for _ in range(COLUMN_ROWS))
    found, taken = column_seconds(cells)
    read = sum(status == "read" for status in found["status"].to_pylist())
    many = random_texts(DISTINCT_TEXTS)
    return [
        f"{COLUMN_ROWS:,} rows, {COLUMN_TEXTS:,} distinct descriptions, a random allele fraction in "
        f"each cell ({len(cells.unique()):,} distinct cells): {taken:.1f} s of processor time, "
        f"{read:,} rows read whole; mavehgvs on the {COLUMN_TEXTS:,} distinct descriptions alone: "
        f"{seconds(mave, distinct):.1f} s.",
        f"{DISTINCT_TEXTS:,} distinct descriptions without allele fractions: "
        f"{column_seconds(pa.array(many))[1]:.1f} s; mavehgvs {seconds(mave, many):.1f} s.",
    ]


def column_seconds(cells: pa.Array) -> tuple[pa.Table, float]:
    """Return what a column is read as, and the processor time."""
    described.cache_clear()
    start = time.process_time()
    found = read_column(cells)
    return found, time.process_time() - start


def same(one: str, other: str) -> bool:
    """Tell whether two printed forms are the same but for the sign of the stop."""
    return one.replace("Ter", "*") == other.replace("Ter", "*")


def own_verdicts(name: str) -> dict[str, tuple[str, str]]:
    """Return the verdicts of the file for a peer, by text."""
    rows = csv.DictReader(VERDICTS.read_text("utf-8").splitlines())
    return {row["text"]: (row["right"], row["why"]) for row in rows if row["peer"] in ("any", name)}


def verdicts(name: str) -> dict[str, tuple[str, str]]:
    """Return who is right and why, by text: the file's word, else by the group of the spec."""
    found = {}
    for row in csv.DictReader(SPEC.read_text("utf-8").splitlines()):
        if row["group"] == "legacy":
            found[row["text"]] = (
                "both",
                "an old or loose form: a strict grammar refuses it, we mend and say so",
            )
        else:
            found[row["text"]] = ("ours", "a form of the recommendations")
    return found | own_verdicts(name)


def table(name: str, listed: list[str], theirs: list[str]) -> tuple[list[str], int]:
    """Return the lines of one comparison, and how many of the peer's own readings have no verdict."""
    counts: Counter[str] = Counter()
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    own, judged = own_verdicts(name), verdicts(name)
    unjudged = 0
    for text, printed in zip(listed, theirs, strict=True):
        mine = ours(text)
        if bool(mine) == bool(printed) and same(mine, printed):
            counts["in the same form" if mine else "refused by both"] += 1
            continue
        kind = "in another form" if mine and printed else "read by us only" if mine else "read by them only"
        counts[kind] += 1
        unjudged += kind != "read by us only" and text not in own
        shown = f"`{text}`" if kind != "in another form" else f"`{text}` (ours `{mine}`, theirs `{printed}`)"
        groups[kind, *judged[text]].append(shown)
    lines = [
        f"**{name}**, {len(listed)} texts: " + ", ".join(f"{n} {k}" for k, n in counts.most_common()) + "."
    ]
    lines += ["", "| difference | right | why | texts |", "|---|---|---|---|"]
    for (kind, right, why), members in sorted(groups.items(), key=lambda item: -len(item[1])):
        lines.append(f"| {kind} | {right} | {why} | {', '.join(members)} |")
    return lines, unjudged


def main() -> None:
    """Compare, print, and write the page when asked."""
    if "--column" in sys.argv:
        print("\n".join(column_lines()))
        return
    listed, fast = texts(), random_texts()
    lines, missing = table("mavehgvs 0.8.1", listed, [mave(t) for t in listed])
    mine = seconds(read_variant, fast)
    ratio = seconds(mave, fast) / mine
    speed = [f"Processor time for {len(fast)} distinct plain descriptions, ours = 1: mavehgvs {ratio:.1f}"]
    theirs = hgvs(listed)
    if theirs is None:
        lines.append("\nhgvs was not compared: HARMONY_HGVS_PYTHON is not set.")
    else:
        more, unjudged = table("hgvs 1.5.1", listed, theirs[0])
        lines, missing = [*lines, "", *more], missing + unjudged
        timed = hgvs(fast)
        speed.append(f"hgvs {timed[1] / mine:.0f}" if timed else "")
    lines += ["", "; ".join(speed) + ". Making the parser is not counted.", "", *column_lines()]
    print("\n".join(lines))
    if "--write" in sys.argv:
        page = PAGE.read_text("utf-8")
        head, _, rest = page.partition(START)
        PAGE.write_text(head + START + "\n" + "\n".join(lines) + "\n" + END + rest.partition(END)[2], "utf-8")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
