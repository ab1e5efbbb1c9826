"""
Find the least lossy generalisation that meets the policy, then blank the cells of classes still too small.

The whole lattice of levels is looked at (it is small), so that the answer is the best one and not the first.
Levels belong to a source and a release line: once found they stay, because a search that answers anew for
every release tells which finer level failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmony.anonymity.policy import Generalisation, Policy
from harmony.anonymity.risk import class_of, sizes
from harmony.errors import AnonymityRefused

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Generalised:
    """
    One source after the search.

    Attributes
    ----------
    levels : mapping of str to str or int
        Chosen level by field.
    loss : float
        0 = nothing coarsened, 1 = everything blank.
    columns : dict of str to array
        The quasi-identifiers as text; None = blank or missing.
    blanked : bool array, shape (patients,)
        Patients with at least one blanked cell.
    """

    levels: Mapping[str, str | int]
    loss: float
    columns: Columns
    blanked: NDArray[np.bool_]


def generalise(
    columns: Columns,
    policy: Policy,
    fixed_levels: Mapping[str, str | int] | None = None,
    max_mean: float = 1.0,
) -> Generalised:
    """
    Generalise one source's quasi-identifiers.

    Parameters
    ----------
    columns : dict of str to array, shape (patients,)
        Exact quasi-identifiers by table.field; numbers or text, None = missing.
    fixed_levels : mapping, optional
        Levels of an earlier release of the line; the search is skipped.
    max_mean : float
        Largest mean risk inside this source, 0 to 1. The gate asks for one only where the mark of the source
        would be over the policy's: measured inside a source of a hundred patients it would blank what k
        protects already.

    Raises
    ------
    AnonymityRefused
        When there is no patient, a level of the line is not in the policy any more, or even the coarsest
        levels need more blanked cells than the policy allows.
    """
    if not len(next(iter(columns.values()))):
        raise AnonymityRefused(
            "A source has no patient with a known index event.", "Leave the source out of the release."
        )
    steps = [step for step in policy.generalisation if step.field in columns]
    _refuse_lost_levels(steps, fixed_levels or {})
    nodes = [fixed_levels] if fixed_levels is not None else None
    candidates = nodes or [
        dict(zip((s.field for s in steps), levels, strict=True))
        for levels in product(*(s.levels for s in steps))
    ]
    best: Generalised | None = None
    for levels in sorted(candidates, key=lambda node: _loss(node, policy)):
        loss = _loss(levels, policy)
        found = _blank_small_classes(_apply(columns, levels), policy)
        result = Generalised(levels, loss, *found)
        if _meets(result, policy, max_mean):
            best = result
            break
    if best is None:
        raise AnonymityRefused(
            "No generalisation of this source meets the policy.",
            "Ask the committee for coarser fields or a larger source.",
            f"k {policy.k}, blanked {policy.max_blanked:.0%}",
        )
    return best


def _refuse_lost_levels(steps: Sequence[Generalisation], fixed: Mapping[str, str | int]) -> None:
    for step in steps:
        if step.field in fixed and fixed[step.field] not in step.levels:
            raise AnonymityRefused(
                f"The release line has {step.field} at a level that the policy does not have.",
                "Keep the level in the policy, or begin a new release line.",
                ", ".join(map(str, step.levels)),
            )


def _loss(levels: Mapping[str, str | int], policy: Policy) -> float:
    total = weight = 0.0
    for step in policy.generalisation:
        if step.field in levels:
            total += step.weight * step.levels.index(levels[step.field]) / (len(step.levels) - 1)
            weight += step.weight
    return total / weight if weight else 0.0


def _apply(columns: Columns, levels: Mapping[str, str | int]) -> Columns:
    return {name: coarsen(values, levels.get(name, "exact")) for name, values in columns.items()}


def coarsen(values: NDArray[Any], level: str | int) -> NDArray[Any]:
    """
    Return values at a level: "exact" as text, "blank" as None, a number as bands of that width.

    A band of width 10 holding 67 reads "60-69"; of width 1, "67".
    """
    if level == "blank":
        return np.full(len(values), None, dtype=object)
    if level == "exact":
        return np.array([None if v is None else str(v) for v in values], dtype=object)
    return np.array([None if v is None else band(float(v), int(level)) for v in values], dtype=object)


def band(value: float, width: int) -> str:
    """Return the band that a number falls into, for example 60-69 for 67.4 at width 10."""
    low = int(np.floor(value / width)) * width
    return str(low) if width == 1 else f"{low}-{low + width - 1}"


def middle(text: str | None) -> float:
    """Return the middle of a band in the field's unit (60-69 covers 60 up to 70, so 65); NaN for None."""
    if text is None:
        return float("nan")
    low, _, high = text.partition("-")
    return (float(low) + float(high or low) + 1.0) / 2.0


def _blank_small_classes(columns: Columns, policy: Policy) -> tuple[Columns, NDArray[np.bool_]]:
    columns = {name: values.copy() for name, values in columns.items()}
    blanked = np.zeros(len(next(iter(columns.values()))), bool)
    order = [name for name in policy.blank_order if name in columns]
    for name in order:
        small = sizes(class_of(columns, policy.quasi_identifiers)) < policy.k
        if not small.any():
            return columns, blanked
        columns[name][small] = None
        blanked |= small
    _fill_last_class(columns, blanked, order, policy)
    return columns, blanked


def _fill_last_class(
    columns: Columns, blanked: NDArray[np.bool_], order: Sequence[str], policy: Policy
) -> None:
    # Everything of a few patients is blank and they are still fewer than k: they would be recognised as "the
    # blank ones". Blank the smallest class of the same disease too, until the blank class is large enough.
    while True:
        classes = class_of(columns, policy.quasi_identifiers)
        size = sizes(classes)
        small = size < policy.k
        if not small.any():
            return
        same = np.ones(len(classes), bool)
        first = int(np.flatnonzero(small)[0])
        for name in policy.fixed:
            same &= columns[name] == columns[name][first]
        others = same & ~small
        if not others.any():
            return
        smallest = classes[others][np.argmin(size[others])]
        chosen = classes == smallest
        for name in order:
            columns[name][chosen] = None
        blanked |= chosen


def _meets(found: Generalised, policy: Policy, max_mean: float) -> bool:
    size = sizes(class_of(found.columns, policy.quasi_identifiers))
    mean_risk = float((1.0 / size).mean())
    return bool(
        size.min() >= policy.k and mean_risk <= max_mean and found.blanked.mean() <= policy.max_blanked
    )
