"""A file of 2 GB is checked and converted in less than 1 GiB of memory, good or bad in every line."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from small_layouts import layout_text

TARGET_BYTES = 2 * 10**9
MEMORY_BYTES = 2**30

LAYOUT = (
    layout_text("patient.sex", 'codes = { M = "male", F = "female" }')
    .replace(
        'disease = { constant = "AML" }',
        'disease = { constant = "AML" }\nindex_diagnosis_date = { column = "date", date = "%d/%m/%Y" }\n'
        'age_at_diagnosis = { column = "age", unit = "a" }\n'
        'last_contact_date = { column = "last", date = "%d/%m/%Y" }',
    )
    .replace("[[table]]", '[[table]]\nignore = [ { column = "note", reason = "free text" } ]', 1)
)

#: Line behind the running number: read without a problem; every cell wrong; every line one cell too many.
KINDS = {
    "good": ";M;01/03/2015;55.5;01/06/2020;" + "x" * 40,
    "bad": ";?;2015-03-01;old;2020-06-01;" + "x" * 40,
    "cells": ";M;01/03/2015;55.5;01/06/2020;" + "x" * 40 + ";1",
}

SCRIPT = """
import json, resource, sys, time
from pathlib import Path
from harmony.dictionary.model import load
from harmony.intake.convert import check_files, convert
from harmony.intake.layouts.model import load_layout
from zones import opened
folder, dictionary = Path(sys.argv[1]), load()
layout = load_layout(folder / "layout.toml", dictionary)
clock = time.monotonic()
faults = check_files(folder, layout, 3 * 10**9)
with opened(folder) as (zone, journal):
    found = convert(zone, folder, layout, dictionary, journal, {})
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"peak": peak, "seconds": time.monotonic() - clock, "counts": found.record.counts,
                  "problems": dict((o.path, o.rows) for o in found.record.outputs)["problems.csv"],
                  "faults": len(faults)}))
"""


def write(path: Path, rest: str) -> int:
    """Write lines of one kind until the file has 2 GB; return how many."""
    block = 100_000
    lines = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("id;cell;date;age;last;note\n")
        while file.tell() < TARGET_BYTES:
            file.write("".join(f"{lines + i}{rest}\n" for i in range(block)))
            lines += block
    return lines


@pytest.mark.soak
@pytest.mark.parametrize("kind", list(KINDS))
def test_2_gb_are_converted_in_less_than_1_gib(kind, tmp_path):
    import json

    (tmp_path / "layout.toml").write_text(LAYOUT, encoding="utf-8")
    lines = write(tmp_path / "one.csv", KINDS[kind])
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "support")}
    try:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, env=environment,
            check=False,
        )  # fmt: skip
    finally:
        (tmp_path / "one.csv").unlink()
        for table in tmp_path.rglob("*.parquet"):
            table.unlink()
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    print(kind, lines, answer)
    counts = answer["counts"]
    assert answer["faults"] == 0
    assert counts["in"] == lines == counts["out"] + counts["set_aside"] + counts["refused"]
    assert counts["out"] == (0 if kind == "cells" else lines)
    assert answer["peak"] < MEMORY_BYTES
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < MEMORY_BYTES
