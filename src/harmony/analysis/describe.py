"""Who was studied: attrition and table 1, as raw results with exact counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harmony.analysis.bands import band_merges
from harmony.analysis.groups import Variable, as_levels
from harmony.cohorts.frame import Cohort
from harmony.disclosure.results import RawAttrition, RawCharacteristics, RawStep, RawVariable
from harmony.reporting.document import Explanation


def attrition(cohort: Cohort, title: str, explanation: Explanation) -> RawAttrition:
    """Return who remains after each step of the cohort."""
    steps = tuple(RawStep(label, remaining, reason) for label, remaining, reason in cohort.steps)
    return RawAttrition(title, steps, explanation)


def characteristics(
    cohort: Cohort, group: Variable, variables: Sequence[Variable], title: str, explanation: Explanation
) -> RawCharacteristics:
    """
    Count every level of every variable by group.

    Parameters
    ----------
    group : Variable
        Columns of the table; patients without a known group are not in it.
    variables : sequence of Variable
        Rows of the table. Not known and not examined are counted as missing, never as negative.
    """
    grouped, groups = as_levels(group, cohort.frame[group.field])
    groups = tuple(name for name in groups if (grouped == name).any())
    sizes = tuple(int((grouped == name).sum()) for name in groups)
    rows = []
    for variable in variables:
        values, levels = as_levels(variable, cohort.frame[variable.field])
        counts = tuple(tuple(int(((grouped == g) & (values == v)).sum()) for g in groups) for v in levels)
        unknown = np.array([value is None for value in values], bool)
        missing = tuple(int(((grouped == g) & unknown).sum()) for g in groups)
        merges = band_merges(levels)
        rows.append(RawVariable(variable.label, levels, counts, missing, variable.sensitive, merges))
    return RawCharacteristics(title, groups, sizes, tuple(rows), explanation)
