"""Policies, random quasi-identifiers and small dated tables for tests of the anonymity gate."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

from harmony.anonymity.policy import Policy, load_policy

POLICY = load_policy("workspace")


def policy(**changes: Any) -> Policy:
    """Return the packaged policy with some values changed."""
    return dataclasses.replace(POLICY, **changes)


def quasi_identifiers(
    count: int, seed: int, ages: tuple[int, int] = (20, 90), years: int = 12
) -> dict[str, Any]:
    """Return random exact quasi-identifiers of one source, shape (count,) each."""
    draw = np.random.default_rng(seed)

    def of(values: list[Any]) -> Any:
        return np.array(values, dtype=object)

    return {
        "patient.provider_id": of(["P09"] * count),
        "patient.disease": of(draw.choice(["AML", "ALL"], count, p=[0.8, 0.2]).tolist()),
        "patient.country": of(draw.choice(["IT", "ES", None], count, p=[0.8, 0.15, 0.05]).tolist()),
        "patient.sex": of(draw.choice(["male", "female"], count).tolist()),
        "patient.age_at_diagnosis": of(draw.integers(*ages, count).astype(float).tolist()),
        "patient.index_year": of(draw.integers(2010, 2010 + years, count).tolist()),
    }


def dated_patients(rows: list[dict[str, Any]]) -> pa.Table:
    """Return a patient table as the restricted zone has it; rows give what differs from a sound patient."""
    base = {
        "patient_id": "", "provider_id": "P09", "country": "IT", "disease": "AML", "pediatric": False,
        "year_of_birth": 1960, "sex": "male", "index_diagnosis_date": dt.date(2015, 3, 1),
        "age_at_diagnosis": 55.0, "consent_status": "consent_broad", "vital_status": "alive",
        "death_date": None, "cause_of_death": None, "last_contact_date": dt.date(2020, 6, 1),
        "lost_to_follow_up": False, "censor_reason": "data_cutoff", "data_cutoff_date": dt.date(2020, 12, 31),
        "_delivery": "DLV-0123456789ab", "_part": "patient",
    }  # fmt: skip
    made = [base | {"patient_id": f"{n:032x}", "_row": n + 1} | row for n, row in enumerate(rows)]
    schema = pa.schema(
        [
            (name, pa.date32() if name.endswith("_date") else pa.infer_type([row[name] for row in made]))
            for name in made[0]
        ]
    )
    schema = schema.set(schema.get_field_index("cause_of_death"), pa.field("cause_of_death", pa.string()))
    return pa.Table.from_pylist(made, schema)
