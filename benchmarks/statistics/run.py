"""
Our estimators beside lifelines, scikit-survival, statsmodels and R in the same run: `make bench-statistics`.

The page and the figures behind it are written after every estimator, so an interrupted run leaves what it
measured; figures of the same day and cohort that are not measured again stay (`--only`). A full run takes
about an hour, most of it peers that do not end within their limit.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import cohort
import page
import quote
from plan import COMPARISONS, GROWTH, SIZES, Comparison
from timing import Timed, run

PAGE = Path(__file__).parents[2] / "docs/measured/statistics_bench.md"
SMALL = 1_000


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--patients", type=int, default=1_000_000)
    reader.add_argument("--largest", type=int, default=10_000_000, help="last size of the growth of cost")
    reader.add_argument("--runs", type=int, default=3)
    reader.add_argument("--limit", type=float, default=120.0, help="seconds for a peer in Python")
    reader.add_argument("--limit-r", type=float, default=300.0, help="seconds for R")
    reader.add_argument("--only", default="", help="our tasks and `growth`, by comma; all when empty")
    reader.add_argument("--output", type=Path, default=PAGE)
    return reader.parse_args()


def measure(plan: Comparison, folder: Path, asked: argparse.Namespace, fits: page.Fits) -> None:
    """Time ours and the peers in turn."""
    place, small = cohort.make(folder, asked.patients), cohort.make(folder, SMALL)
    with_r = shutil.which("Rscript") is not None
    mine = [Timed("harmony", task) for task, _ in plan.ours]
    peers = [Timed(peer.engine, peer.task) for peer in plan.peers if peer.engine != "R" or with_r]
    for _ in range(asked.runs):
        for timed in mine + peers:
            if timed.wants_more(asked.runs):
                limit = asked.limit_r if timed.engine in ("R", "harmony") else asked.limit
                run(timed, place, small, limit)
                print(timed, file=sys.stderr, flush=True)
    fits.update({(timed.engine, timed.task): timed for timed in mine + peers})


def follow_growth(folder: Path, asked: argparse.Namespace, tasks: list[str], found: page.Growth) -> None:
    """Take the shortest time of each estimator of ours at each size."""
    for n in [size for size in SIZES if size <= asked.largest]:
        place = cohort.make(folder, n)
        for task in tasks:
            timed = Timed("harmony", task)
            while timed.wants_more(asked.runs):
                run(timed, place, cohort.make(folder, SMALL), asked.limit_r)
            print(n, timed, file=sys.stderr, flush=True)
            if timed.seconds:
                found.setdefault(task, {})[n] = min(timed.seconds)


def stored(asked: argparse.Namespace) -> tuple[page.Fits, page.Growth]:
    """Return what was measured today on the same cohort."""
    path = asked.output.with_suffix(".json")
    if not asked.only or not path.exists():
        return {}, {}
    found = json.loads(path.read_text())
    if (found["day"], found["patients"]) != (_today(), asked.patients):
        return {}, {}
    fits = {(fit["engine"], fit["task"]): Timed(**fit) for fit in found["fits"]}
    return fits, {task: {int(n): t for n, t in times.items()} for task, times in found["growth"].items()}


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def write(asked: argparse.Namespace, fits: page.Fits, growth: page.Growth) -> None:
    """Write the page and its figures with what was measured so far."""
    kept = {"day": _today(), "patients": asked.patients, "growth": growth}
    kept["fits"] = [asdict(timed) for timed in fits.values()]
    asked.output.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n")
    lines = page.environment(asked.patients, asked.runs, page.r_version())
    lines += page.bars(fits, asked.patients)
    for plan in COMPARISONS:
        if ("harmony", plan.ours[0][0]) in fits:
            lines += page.comparison(plan, fits)
    if growth:
        lines += page.growth(growth)
    asked.output.write_text("\n".join(lines).rstrip() + "\n")


def main() -> None:
    """Measure, print progress on standard error and write the page."""
    asked = options()
    only = set(asked.only.split(",")) - {""}
    fits, growth = stored(asked)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for plan in COMPARISONS:
            if not only or only & {task for task, _ in plan.ours}:
                measure(plan, folder, asked, fits)
                write(asked, fits, growth)
        if not only or "growth" in only:
            follow_growth(folder, asked, list(GROWTH), growth)
    write(asked, fits, growth)
    text = asked.output.read_text()
    if asked.output == PAGE and not only:
        quote.README.write_text(quote.with_sentence(quote.README.read_text(), text))
    print(text)


if __name__ == "__main__":
    main()
