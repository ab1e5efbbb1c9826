"""One million unit conversions and dates through Arrow, beside ucumvert and pint value by value."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pyarrow as pa
from ucumvert import PintUcumRegistry

from harmony.notation.dates.column import read_dates
from harmony.notation.dates.form import read_form
from harmony.notation.units.conversion import convert

#: Values that the peer converts one by one; it would take minutes for all.
PEER_VALUES = 20_000


def timed(what: Callable[[], object]) -> float:
    """Return the seconds that a call takes, the best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        what()
        times.append(time.perf_counter() - start)
    return min(times)


def report(name: str, ours: float, count: int, peer_name: str, peer: float, peer_count: int) -> None:
    """Print one line: our seconds, and how many times faster a value is than with the peer."""
    ratio = (peer / peer_count) / (ours / count)
    theirs = f"{peer_name} {peer_count:,} in {peer:6.3f} s"
    print(f"{name:28} {count:,} in {ours:6.3f} s; {theirs}; {ratio:.3g} times")


def main(count: int) -> None:
    """Print seconds and ratios for a factor, a molar mass, an offset, and two columns of dates."""
    rng = np.random.default_rng(1)
    registry = PintUcumRegistry()
    for unit, code, to_unit, analyte in (
        ("/mm³", "/uL", "10*9/L", "biochemistry.wbc"),
        ("g/L", "g/L", "g/dL", "biochemistry.haemoglobin"),
        ("µkat/l", "ukat/L", "U/L", "biochemistry.ldh"),
    ):
        values = pa.array(rng.lognormal(2, 1, count))
        few = values[:PEER_VALUES].to_pylist()
        source, target = registry.from_ucum(code).units, registry.from_ucum(to_unit).units
        ours = timed(lambda: convert(values, unit, to_unit, analyte))  # noqa: B023
        peer = timed(lambda: [registry.Quantity(v, source).to(target).magnitude for v in few])  # noqa: B023
        report(f"{unit} to {to_unit}", ours, count, "pint", peer, len(few))
        whole = registry.Quantity(values.to_numpy(), source)
        report("  as one array, unrounded", ours, count, "pint", timed(lambda: whole.to(target)), count)  # noqa: B023
    molar = timed(lambda: convert(values, "µmol/l", "mg/dL", "biochemistry.creatinine"))
    print(f"{'µmol/l to mg/dL':28} {count:,} in {molar:6.3f} s; no peer without the molar mass")
    days = np.datetime64("1950-01-01") + rng.integers(0, 25_000, count)
    text = pa.array([day.strftime("%d/%m/%Y") for day in days.tolist()])
    few_texts = text[:PEER_VALUES].to_pylist()
    form = read_form("%d/%m/%Y")
    peer = timed(lambda: [datetime.strptime(cell, "%d/%m/%Y").date() for cell in few_texts])
    report("dates", timed(lambda: read_dates(text, form)), count, "strptime", peer, len(few_texts))
    wrong = pa.array([f"{n}/13/{n}" for n in range(count // 10)])
    print(
        f"{'distinct texts, all wrong':28} {count // 10:,} in {timed(lambda: read_dates(wrong, form)):6.3f} s"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
