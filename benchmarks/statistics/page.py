"""The page docs/measured/statistics_bench.md, from what was measured."""

import math
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
from plan import BARS, Comparison, MemoryBar, RatioBar, SecondsBar
from timing import Timed

PACKAGES = ("numpy", "duckdb", "pyarrow", "lifelines", "scikit-survival", "statsmodels")

Fits = dict[tuple[str, str], Timed]
Growth = dict[str, dict[int, float]]


def seconds(value: float) -> str:
    """Return a time in the unit that reads best."""
    return f"{value * 1000:.1f} ms" if value < 1.0 else f"{value:.2f} s"


def ratio(value: float) -> str:
    """Return a ratio with as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def environment(patients: int, runs: int, r_version: str) -> list[str]:
    """Return what the figures were measured with and on."""
    peers = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return [
        "# Speed of the estimators beside their peers",
        "",
        "Printed by `make bench-statistics`, not edited. Seconds belong to one machine, ratios travel.",
        "",
        f"- {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {peers}; {r_version}",
        f"- {platform.machine()}, {_processor()}, {os.cpu_count()} processors, load {load} at the end: "
        "other work ran beside it",
        f"- {patients:,} simulated patients; whole days up to 3,650, two causes, 13 continuous and 7 binary "
        f"covariates; one thread; every fit in a fresh process after a fit of 1,000 patients; "
        f"up to {runs} runs, ours and the peers in turn; a fit of more than 45 s is not repeated",
        "- Seconds are those of the processor (user and system): on one thread those of the wall on an idle "
        "machine, and other work does not lengthen them as the wall's. Limits of time count them too.",
        "- Each cell of seconds: lowest / median / highest. Ratio: the peer's time by ours, "
        "lowest by our highest / medians / highest by our lowest; above 1 ours is faster.",
        "- Memory: highest resident size above that before the fit. Difference: relative, of the one number "
        "compared (probability at day 1,000, statistic, first coefficient, concordance).",
        "- lifelines moves tied times of competing risks at random, so its cumulative incidence differs.",
        "",
    ]


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as facts:
            line = next(line for line in facts if line.startswith("model name"))
        return line.split(":")[1].strip()
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def comparison(plan: Comparison, fits: Fits) -> list[str]:
    """Return the table of one estimator."""
    lines = [f"## {plan.title}", "", "| engine | seconds | memory, MB | ratio to ours | difference |"]
    lines.append("|---|---|---|---|---|")
    for task, what in plan.ours:
        lines.append(_row(f"harmony, {what}", fits["harmony", task], None))
    for task, _ in plan.ours:
        for peer in plan.peers:
            found = fits.get((peer.engine, peer.task))
            if found is not None and peer.beside in ("", task):
                name = f"{peer.engine}, {peer.differs}" if peer.differs else peer.engine
                beside = f" (beside `{task}`)" if len(plan.ours) > 1 else ""
                lines.append(_row(name + beside, found, fits["harmony", task]))
    return [*lines, ""]


def _row(name: str, fit: Timed, ours: Timed | None) -> str:
    if not fit.seconds:
        at_least = ""
        if ours is not None and ours.seconds and fit.unfinished.startswith("unfinished"):
            limit = float(fit.unfinished.split()[-2])
            at_least = f"over {ratio(limit / ours.typical)}"
        return f"| {name} | {fit.unfinished} | | {at_least} | |"
    times = " / ".join(seconds(value) for value in (min(fit.seconds), fit.typical, max(fit.seconds)))
    return f"| {name} | {times} | {max(fit.extra):.0f} | {_spread(fit, ours)} | {_apart(fit, ours)} |"


def _apart(fit: Timed, ours: Timed | None) -> str:
    if ours is None or not ours.answer or fit.answer is None:
        return ""
    return f"{abs(fit.answer / ours.answer - 1.0):.0e}"


def _spread(fit: Timed, ours: Timed | None) -> str:
    if ours is None or not ours.seconds:
        return ""
    low, high = min(fit.seconds) / max(ours.seconds), max(fit.seconds) / min(ours.seconds)
    return " / ".join(ratio(value) for value in (low, fit.typical / ours.typical, high))


def bars(fits: Fits, patients: int) -> list[str]:
    """Return the table of bars, each with what was measured and whether it is met."""
    lines = [f"## Bars at {patients:,} patients", "", "| what | bar | measured | met |", "|---|---|---|---|"]
    for bar in BARS:
        found = fits.get(("harmony", bar.task))
        if found is None or not found.seconds:
            continue
        if isinstance(bar, SecondsBar):
            shown, met = seconds(found.typical), found.typical < bar.seconds
            lines.append(_bar(f"`{bar.task}`, time", f"under {seconds(bar.seconds)}", shown, met))
        elif isinstance(bar, MemoryBar):
            most = max(found.extra)
            lines.append(
                _bar(
                    f"`{bar.task}`, memory",
                    f"at most {bar.extra:.0f} MB",
                    f"{most:.0f} MB",
                    most <= bar.extra,
                )
            )
        else:
            lines += _ratio_bar(bar, found, fits.get(("R", bar.peer)))
    return [*lines, ""]


def _ratio_bar(bar: RatioBar, found: Timed, peer: Timed | None) -> list[str]:
    what, wanted = f"`{bar.task}` beside R `{bar.peer}`", f"at least {bar.ratio:g} times"
    if peer is None:
        return [f"| {what} | {wanted} | R is not installed | not measured |"]
    if not peer.seconds:
        return [_bar(what, wanted, f"R {peer.unfinished}", peer.unfinished.startswith("unfinished"))]
    value = peer.typical / found.typical
    return [_bar(what, wanted, f"{ratio(value)} times", value >= bar.ratio)]


def _bar(what: str, wanted: str, shown: str, met: bool) -> str:
    return f"| {what} | {wanted} | {shown} | {'yes' if met else '**no**'} |"


def growth(shortest: Growth) -> list[str]:
    """Return the table of cost against patients, with the exponent of the fitted power."""
    sizes = sorted({n for found in shortest.values() for n in found})
    lines = [
        "## Cost against the number of patients",
        "",
        "Shortest of the runs; cost grows as n to the exponent, ",
    ]
    lines[-1] += "fitted by least squares on logarithms: over all sizes, and from 100,000 on."
    lines += ["", "| estimator | " + " | ".join(f"{n:,}" for n in sizes) + " | exponent | from 100,000 |"]
    lines.append("|---" * (len(sizes) + 3) + "|")
    for task, found in shortest.items():
        cells = [seconds(found[n]) if n in found else "" for n in sizes]
        fitted = [_exponent(found, 0), _exponent(found, 100_000)]
        lines.append(f"| `{task}` | " + " | ".join(cells + fitted) + " |")
    return [*lines, ""]


def _exponent(found: dict[int, float], least: int) -> str:
    points = [(math.log(n), math.log(time)) for n, time in found.items() if n >= least]
    if len(points) < 2:
        return ""
    x, y = np.array(points).T
    return f"{np.polyfit(x, y, 1)[0]:.2f}"


def r_version() -> str:
    """Return R's and its packages' versions, or that it is not installed."""
    ask = 'cat(R.version.string, "survival", as.character(packageVersion("survival")), "cmprsk", '
    ask += 'tryCatch(as.character(packageVersion("cmprsk")), error = function(e) "absent"))'
    try:
        done = subprocess.run(["Rscript", "-e", ask], capture_output=True, text=True, timeout=60)
    except OSError:
        return "R is not installed"
    return done.stdout.strip() or "R without survival"
