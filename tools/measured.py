"""
Takes the figures of the documentation from a finished demo: `python tools/measured.py DEMO`.

DEMO is the folder of `make demo`. Its figures go to docs/measured/demo.json, and from there into the block
of README.md between the two marks, so that no figure is typed by hand. `--check` ends with 1 when the block
differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
STORED: Final = ROOT / "docs" / "measured" / "demo.json"
README: Final = ROOT / "README.md"
START, END = "<!-- measured: tools/measured.py -->", "<!-- measured: end -->"
SIX: Final = ("identified", "agreed", "delivered", "quality_passed", "harmonised", "analysable")


def collect(demo: Path) -> dict[str, Any]:
    """Return the figures of a finished demo: counts, time, memory, risk, refusals, planted effects."""
    summary = json.loads((demo / "summary.json").read_text(encoding="utf-8"))
    steps = json.loads((demo / "steps.json").read_text(encoding="utf-8"))["done"]
    planted = steps["study run corrected"]["answer"]["planted"]
    by_mark = steps["privacy assess"]["answer"]["risk"]
    names = ("patients", "classes", "k", "prosecutor", "mean", "share_above")
    return {
        "counts": [{k: row[k] for k in ("provider", "disease", "mark", *SIX)} for row in summary["counts"]],
        "commands": len(summary["stages"]),
        "seconds": round(summary["last_run_seconds"]),
        "peak_mib": round(summary["peak_mib"]),
        "risk": {
            mark: {name: round(risk[name], 4) for name in names} for mark, risk in sorted(by_mark.items())
        },
        "refused": [{k: row[k] for k in ("what", "code", "exit")} for row in summary["refused"]],
        "planted": [
            {k: row[k] for k in ("label", "unit", "first", "second", "third", "verdict")} for row in planted
        ],
    }


def block(figures: Mapping[str, Any]) -> str:
    """Return the text between the two marks of README.md."""
    header = ("provider", "disease", "mark", *(name.replace("_", "-") for name in SIX))
    counts = [
        (row["provider"], row["disease"], row["mark"], *(_number(row[name]) for name in SIX))
        for row in figures["counts"]
    ]
    exits = "; ".join(f"{row['what']} (`{row['code']}`, exit {row['exit']})" for row in figures["refused"])
    held = "; ".join(
        f"{risk['patients']:,} {mark} patients (k {risk['k']}, mean risk {risk['mean']:g})"
        for mark, risk in figures["risk"].items()
    )
    found = sum(row["verdict"] == "holds" for row in figures["planted"])
    return "\n".join(
        [
            f"The demo runs {figures['commands']} commands in {figures['seconds']} s on two cores; the"
            f" largest process takes {figures['peak_mib']} MiB.",
            f"Its release holds {held}; marks have no total.",
            f"{found} of {len(figures['planted'])} planted effects are found again.",
            f"Refused on purpose: {exits}.",
            "",
            _table(header, counts),
        ]
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def with_block(text: str, content: str) -> str:
    """Return README's text with the block between the marks replaced."""
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n{content}\n{END}{tail}"


def main() -> None:
    """Store the figures of a demo and bring README up to date, or check README only."""
    parser = argparse.ArgumentParser(description="Take the documentation's figures from a demo.")
    parser.add_argument("demo", type=Path, nargs="?", default=ROOT / "demo", help="folder of make demo")
    parser.add_argument("--check", action="store_true", help="only compare README with the stored figures")
    arguments = parser.parse_args()
    if not arguments.check:
        STORED.parent.mkdir(parents=True, exist_ok=True)
        STORED.write_text(json.dumps(collect(arguments.demo), indent=1) + "\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    new = with_block(text, block(json.loads(STORED.read_text(encoding="utf-8"))))
    if arguments.check and text != new:
        sys.exit("README.md differs from docs/measured/demo.json. Run python tools/measured.py.")
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
