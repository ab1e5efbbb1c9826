"""Rows per second to OMOP and back, on random full tables; prints facts too, since a row is many facts."""

from __future__ import annotations

import sys
import time

import numpy as np
import pyarrow as pa

from harmony.dictionary.model import Dictionary, Field, load
from harmony.omop.canonical import require_equal
from harmony.omop.read import from_omop
from harmony.omop.write import to_omop
from harmony.store.tables import ARROW_TYPES


def random_tables(dictionary: Dictionary, patients: int, seed: int) -> dict[str, pa.Table]:
    """Return every table of the dictionary, two rows a patient (patient: one), three in four cells known."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"{n:032x}" for n in rng.integers(0, 2**62, patients)])
    tables = {}
    for name, fields in dictionary.tables.items():
        owners = ids if name == "patient" else np.repeat(ids, 2)
        columns = {f.name: _column(f, owners, fields[0].name, rng) for f in fields}
        count = len(owners)
        columns["_delivery"] = pa.repeat(pa.scalar("DLV-0123456789ab"), count)
        columns["_part"] = pa.repeat(pa.scalar(name), count)
        columns["_row"] = pa.array(np.arange(1, count + 1))
        tables[name] = pa.table(columns)
    return tables


def _column(field: Field, owners: np.ndarray, key: str, rng: np.random.Generator) -> pa.Array:
    count = len(owners)
    if field.name == "patient_id":
        return pa.array(owners, pa.string())
    if field.name == key:
        return pa.array(np.arange(1, count + 1)).cast(pa.string())
    missing = rng.random(count) < 0.25
    if field.type == "category":
        return pa.array(rng.choice(list(field.codes), count), pa.string(), mask=missing)
    values = {
        "date": lambda: np.datetime64("2000-01-01") + rng.integers(0, 9000, count),
        "integer": lambda: rng.integers(-5, 3000, count),
        "number": lambda: rng.normal(50, 20, count),
        "boolean": lambda: rng.random(count) < 0.5,
        "text": lambda: rng.choice(["CENTRE-01", "CENTRE-02"], count),
    }[field.type]()
    return pa.array(values, ARROW_TYPES[field.type], mask=missing)


def main(patients: int) -> None:
    """Print rows, facts, seconds and rows per second of both ways."""
    dictionary = load()
    tables = random_tables(dictionary, patients, seed=1)
    rows = sum(table.num_rows for table in tables.values())
    start = time.perf_counter()
    cdm = to_omop(tables, dictionary, {})
    written = time.perf_counter()
    rebuilt = from_omop(cdm, dictionary)
    read = time.perf_counter()
    require_equal(tables, rebuilt, dictionary)
    facts = cdm["observation"].num_rows + cdm["measurement"].num_rows
    print(f"{rows:,} rows, {facts:,} anchors and facts")
    print(f"to OMOP   {written - start:6.2f} s  {rows / (written - start):12,.0f} rows/s")
    print(f"from OMOP {read - written:6.2f} s  {rows / (read - written):12,.0f} rows/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 14_286)
