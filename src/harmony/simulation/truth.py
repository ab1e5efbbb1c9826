"""The truth of a cohort as columns for `harmony.simulation.effects`, and what the tests left of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harmony.simulation.cohort import Cohort
from harmony.simulation.rows import patient_ids
from harmony.simulation.terms import Columns
from harmony.store.tables import write_table

_ENDPOINTS: Final = ("os_time", "os_event", "rfs_time", "rfs_event", "cir_time", "cir_event")
_GENES: Final = ("tp53", "npm1", "dnmt3a")
_ANSWERS: Final = {"mutated": 1.0, "wild_type": 0.0, "present": 1.0, "absent": 0.0}


def truth_columns(cohort: Cohort) -> Columns:
    """
    Return the true columns that the planted effects need, as `harmony.simulation.effects` names them.

    Returns
    -------
    dict of str to float array of shape (n,)
        All tests done; NaN only where the course gave nothing to see (no assessment, no remission).
    """
    columns = cohort.columns
    assessed, remission = np.isfinite(columns["day_assessed"]), np.isfinite(columns["day_response"])
    flags = {
        "intensive": columns["fit"],
        "apl": columns["e:pml"],
        "age": columns["age"],
        "eln_favourable": columns["eln:fav"],
        "eln_adverse": columns["eln:adv"],
        "complete_remission": np.where(assessed, columns["remission"], np.nan),
        "mrd_positive": np.where(remission, columns["mrd_pos"], np.nan),
        **{gene: columns[gene.upper()] for gene in _GENES},
        **{name: columns[name] for name in _ENDPOINTS},
    }
    return {name: np.asarray(values, dtype=float) for name, values in flags.items()}


def known_columns(cohort: Cohort, tables: Mapping[str, pa.Table]) -> Columns:
    """
    Return the columns as far as the provider's records know them: NaN where nobody tested.

    Parameters
    ----------
    tables : mapping of str to Arrow table
        What `observe` returned for this cohort; genes, residual disease and ELN 2022 risk are read from it.
    """
    columns = truth_columns(cohort)
    for gene in _GENES:
        columns[gene] = _answers(cohort.size, tables["gene_test"], f"{gene}_status")
    columns["mrd_positive"] = _answers(cohort.size, tables["mrd"], "status")
    group = _text(cohort.size, tables["diagnosis"], "eln2022_risk")
    unknown = group == "not_assessable"
    for name in ("favourable", "adverse"):
        columns[f"eln_{name}"] = np.where(unknown, np.nan, group == name)
    return columns


def _text(size: int, table: pa.Table, field: str) -> NDArray[Any]:
    order = np.searchsorted(patient_ids(size), np.array(table.column("patient_id").to_pylist(), dtype=str))
    result = np.full(size, "", dtype=object)
    result[order] = np.array(table.column(field).to_pylist(), dtype=object)
    return result


def _answers(size: int, table: pa.Table, field: str) -> NDArray[np.float64]:
    text = _text(size, table, field)
    result = np.full(size, np.nan)
    for answer, number in _ANSWERS.items():
        result[text == answer] = number
    return result


def write_truth(cohort: Cohort, path: Path) -> int:
    """
    Write the truth as Parquet, one row a patient, and return its rows: `patient_id`, then `truth_columns`.

    Parameters
    ----------
    path : Path
        File to write or replace. It belongs beside the provider's files, never into a delivery.
    """
    known = {name: pa.array(values, from_pandas=True) for name, values in truth_columns(cohort).items()}
    return write_table(path, pa.table({"patient_id": patient_ids(cohort.size)} | known))
