"""
Risk of re-identification over classes of patients who share all quasi-identifiers.

A missing value is a value: who lacks it differs from who has it. Prosecutor risk of a patient is one over
the size of the class (the attacker knows that the patient is in); its mean is the marketer risk. Journalist
risk needs a dated table of the population and is reported as not known without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Risk:
    """
    Risk of one table.

    Attributes
    ----------
    patients, classes, k : int
        Patients, classes and the smallest class.
    prosecutor, mean : float
        Largest risk and mean risk, 0 to 1.
    share_above : float
        Share of patients whose risk is above the policy's `report_above`.
    unique : int
        Patients alone in their class.
    journalist : str
        Always "not known" here: there is no population table.
    """

    patients: int
    classes: int
    k: int
    prosecutor: float
    mean: float
    share_above: float
    unique: int
    journalist: str = "not known"

    def as_dict(self) -> dict[str, Any]:
        """Return the risk for the gate's report."""
        return asdict(self)


def class_of(columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.int64]:
    """
    Number the classes.

    Parameters
    ----------
    columns : mapping of str to array, shape (patients,)
        Text columns; None = missing, a value like others.
    names : sequence of str
        The quasi-identifiers.

    Returns
    -------
    int array, shape (patients,)
        Equal numbers for patients of one class.
    """
    present = [name for name in names if name in columns]
    length = len(next(iter(columns.values())))
    number = np.zeros(length, np.int64)
    for name in present:
        # With a mark in front, because a missing value and an empty text are two values.
        values = np.array(["" if value is None else f"={value}" for value in columns[name]])
        _, code = np.unique(values, return_inverse=True)
        _, number = np.unique(number * (code.max(initial=0) + 1) + code, return_inverse=True)
    return number.astype(np.int64)


def sizes(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each patient's class size, shape (patients,)."""
    return np.bincount(classes)[classes]


def measure(classes: NDArray[np.int64], report_above: float) -> Risk:
    """Return the risk of a table from its class numbers, shape (patients,), at least one patient."""
    size = sizes(classes)
    risk = 1.0 / size
    return Risk(
        patients=len(classes),
        classes=len(np.unique(classes)),
        k=int(size.min()),
        prosecutor=float(risk.max()),
        mean=float(risk.mean()),
        share_above=float((risk > report_above).mean()),
        unique=int((size == 1).sum()),
    )
