"""Raw results that several tests start from."""

from __future__ import annotations

import numpy as np

from harmony.disclosure.policy import load_policy
from harmony.disclosure.results import (
    IncidenceGroup,
    RawCharacteristics,
    RawIncidence,
    RawModel,
    RawSurvival,
    RawTerm,
    RawTest,
    RawVariable,
    SurvivalGroup,
)
from harmony.reporting.document import Explanation

POLICY = load_policy("output_release")
PUBLIC = load_policy("public")
EXPLANATION = Explanation(
    "All patients of the cohort", "Patients with a known value", "Shown as a row", ("AML table",),
    "synthetic", "B", "REL-0123456789ab", "0.1.0",
)  # fmt: skip


def survival_group(name, size, seed, censored=0.3, scale=700.0):
    random = np.random.default_rng(seed)
    days = np.ceil(random.exponential(scale, size))
    return SurvivalGroup(name, days, random.random(size) > censored)


def survival(*groups, missing=0):
    test = RawTest("Log-rank test", 0.01234)
    return RawSurvival("Survival", "Overall survival", "Diagnosis", groups, EXPLANATION, test, missing)


def incidence(causes, *groups):
    return RawIncidence("Relapse", "Remission", causes, groups, EXPLANATION)


def incidence_group(name, size, seed, shares):
    random = np.random.default_rng(seed)
    days = np.ceil(random.exponential(500.0, size))
    return IncidenceGroup(name, days, random.choice(len(shares), size, p=shares))


def characteristics(*variables, sizes, groups=None, total=""):
    names = groups or tuple(f"G{k}" for k in range(len(sizes)))
    return RawCharacteristics("Table 1", names, sizes, variables, EXPLANATION, total)


def variable(name, counts, missing, **more):
    levels = tuple(f"level {k}" for k in range(len(counts)))
    return RawVariable(name, levels, counts, missing, **more)


def term(variable, level, patients, events, **more):
    return RawTerm(variable, level, patients, events, **more)


def estimated(variable, level, patients, events, coefficient=0.5, error=0.2, **more):
    ratio = float(np.exp(coefficient))
    return RawTerm(
        variable, level, patients, events, False, coefficient, error, ratio,
        ratio * float(np.exp(-1.96 * error)), ratio * float(np.exp(1.96 * error)), 0.012345, **more,
    )  # fmt: skip


def model(*terms, patients, events, parameters=None, missing=0, checks=()):
    count = parameters or sum(one.coefficient is not None for one in terms)
    return RawModel("Cox model", "Death", terms, patients, events, count, checks, EXPLANATION, missing)
