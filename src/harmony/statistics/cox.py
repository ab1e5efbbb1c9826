"""Cox's proportional hazards regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.concordance import pooled_concordance
from harmony.statistics.design_matrix import DesignMatrix, design_matrix, strata_codes
from harmony.statistics.distributions import ChiSquare, chi_square, limit_width, normal_two_sided
from harmony.statistics.partial_likelihood import Evaluation, RiskSets, evaluate, risk_sets
from harmony.statistics.samples import Floats, follow_up

if TYPE_CHECKING:
    import pyarrow as pa

Ties = Literal["efron", "breslow"]

#: Newton stops when the next step could raise the log-likelihood by less than this; R stops at 1e-9 of it,
#: which leaves coefficients right to about 1e-6 only.
CONVERGED = 1e-16

#: The likelihood is flat when a step gains less than this ...
FLAT = 1e-6
#: ... and monotone when a coefficient still moves by more than this per standard deviation of its covariate.
STILL_MOVING = 0.01

MOST_STEPS = 40
MOST_HALVINGS = 30

#: A term is a combination of the others when its information, those given, is below this share of its own.
COLLINEAR = 1e-9


@dataclass(frozen=True, eq=False)
class Cox:
    """
    A fitted model; arrays have shape (p,), one entry per term.

    Attributes
    ----------
    terms : tuple of str
        A category has one term per level but the reference, spelt `variable` + `level`.
    coef, se, z, p : float arrays
        Log hazard ratio, its model-based standard error, coef / se, two-sided p-value.
    hazard_ratio, lower, upper : float arrays
        exp(coef) and its limits.
    covariance : float array of shape (p, p)
        Inverse information at the estimate.
    loglik, loglik_null : float
        Log partial likelihood at the estimate and without covariates.
    lr_test, wald_test, score_test : ChiSquare
        Tests that all coefficients are 0.
    aic : float
        2 df - 2 loglik.
    df : int
        Number of terms.
    concordance, concordance_se : float
        Harrell's concordance of the linear predictor within strata, and its standard error.
    n, events, iterations : int
        Patients, events, Newton steps.
    """

    terms: tuple[str, ...]
    coef: Floats
    se: Floats
    z: Floats
    p: Floats
    hazard_ratio: Floats
    lower: Floats
    upper: Floats
    covariance: Floats
    loglik: float
    loglik_null: float
    lr_test: ChiSquare
    wald_test: ChiSquare
    score_test: ChiSquare
    aic: float
    df: int
    concordance: float
    concordance_se: float
    n: int
    events: int
    iterations: int

    def table(self) -> pa.Table:
        """Return one row per term: term, coef, se, z, p, hazard_ratio, lower, upper."""
        import pyarrow as pa

        names = ("coef", "se", "z", "p", "hazard_ratio", "lower", "upper")
        return pa.table({"term": pa.array(self.terms)} | {n: pa.array(getattr(self, n)) for n in names})


@dataclass(frozen=True, eq=False)
class _Maximum:
    """Where Newton's method ended: standardised coefficients and the likelihood there and at 0."""

    coef: Floats
    null: Evaluation
    end: Evaluation
    iterations: int


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: Any,
    strata: Any = None,
    ties: Ties = "efron",
    reference: Mapping[str, object] | None = None,
    conf_level: float = 0.95,
) -> Cox:
    """
    Fit a proportional hazards model by maximum partial likelihood.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `kaplan_meier`.
    covariates : mapping of str to array of shape (n,), Arrow table or pandas table
        Numbers and booleans are one term each; text, and anything named in `reference`, is a category.
    strata : array of shape (n,), or a mapping or table of several, optional
        Each combination has its own baseline hazard.
    ties : efron or breslow
        How tied events share their risk set.
    reference : mapping of str to level, optional
        Reference level of categories; the first in sorted order where a category is not named.
    conf_level : float
        Coverage of the limits.

    Raises
    ------
    UnsoundAnalysis
        When there is no event, a covariate is constant, missing somewhere or a combination of others, or
        the likelihood has no maximum because a coefficient runs off to infinity; and as `kaplan_meier`.
    UsageError
        When shapes, names, `ties` or `conf_level` are wrong.

    References
    ----------
    Cox, J R Stat Soc B 1972;34:187. Conventions as in R survival 3.5.3 `coxph`.
    """
    if ties not in ("efron", "breslow"):
        raise UsageError("The treatment of ties is unknown.", "Choose another.", "efron, breslow")
    width = limit_width(conf_level)
    sample = follow_up(time, event)
    if not sample.event.any():
        raise UnsoundAnalysis("Nobody had the event.", "Lengthen the follow-up or choose another endpoint.")
    n = len(sample.day)
    design, stratum = design_matrix(covariates, reference, n), strata_codes(strata, n)
    # Centred and scaled, so that the size of a unit decides neither convergence nor the tests for it.
    scale = design.x.std(axis=1)
    standard = (design.x - design.x.mean(axis=1, keepdims=True)) / scale[:, np.newaxis]
    sets = risk_sets(sample, stratum, standard, ties)
    found = _maximise(sets, design)
    agreement = pooled_concordance(sample, found.coef @ standard, stratum)
    return Cox(
        terms=design.terms,
        **_estimates(found, scale, width),
        **_tests(found),
        concordance=agreement.concordance,
        concordance_se=agreement.std_err,
        n=n,
        events=int(sample.event.sum()),
        iterations=found.iterations,
    )


def _estimates(found: _Maximum, scale: Floats, width: float) -> dict[str, Any]:
    """Return the coefficients and what follows from them, back on the covariates' own scale."""
    covariance = np.linalg.inv(found.end.information) / np.outer(scale, scale)
    coef, se = found.coef / scale, np.sqrt(np.diag(covariance))
    return {
        "coef": coef,
        "se": se,
        "z": coef / se,
        "p": np.array([normal_two_sided(z) for z in coef / se]),
        "hazard_ratio": np.exp(coef),
        "lower": np.exp(coef - width * se),
        "upper": np.exp(coef + width * se),
        "covariance": covariance,
    }


def _tests(found: _Maximum) -> dict[str, Any]:
    df, null, end = len(found.coef), found.null, found.end
    return {
        "loglik": end.loglik,
        "loglik_null": null.loglik,
        "lr_test": chi_square(max(2.0 * (end.loglik - null.loglik), 0.0), df),
        "wald_test": chi_square(float(found.coef @ end.information @ found.coef), df),
        "score_test": chi_square(float(null.score @ np.linalg.solve(null.information, null.score)), df),
        "aic": 2.0 * df - 2.0 * end.loglik,
        "df": df,
    }


def _maximise(sets: RiskSets, design: DesignMatrix) -> _Maximum:
    coef = np.zeros(len(sets.x))
    null = here = evaluate(sets, coef)
    _refuse_collinear(null.information, design)
    for iteration in range(MOST_STEPS):
        step = _newton_step(here)
        gain = float(step @ here.score)
        if gain < FLAT and np.abs(step).max() > STILL_MOVING:
            _refuse_monotone(design.variables[int(np.abs(step).argmax())])
        if gain < CONVERGED:
            return _Maximum(coef, null, here, iteration)
        coef, here = _climb(sets, coef, step, here)
    raise _not_converged()


def _newton_step(here: Evaluation) -> Floats:
    try:
        return np.asarray(np.linalg.solve(here.information, here.score), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise _not_converged() from error


def _not_converged() -> UnsoundAnalysis:
    return UnsoundAnalysis(
        "The regression did not converge.", "Leave out covariates, or merge levels that few patients have."
    )


def _climb(sets: RiskSets, coef: Floats, step: Floats, here: Evaluation) -> tuple[Floats, Evaluation]:
    """Take the Newton step, halved until the likelihood does not fall (beyond rounding)."""
    floor = here.loglik - 1e-12 * abs(here.loglik)
    for _ in range(MOST_HALVINGS):
        there = evaluate(sets, coef + step)
        if there.loglik >= floor:
            return coef + step, there
        step = step / 2.0
    return coef, here


def _refuse_monotone(variable: str) -> None:
    raise UnsoundAnalysis(
        f"The coefficient of {variable} runs off to infinity: a value of it has no events, or all.",
        f"Merge levels of {variable}, or leave it out.",
    )


def _refuse_collinear(information: Floats, design: DesignMatrix) -> None:
    # Elimination term by term: what is left of a term's information once the terms before it are known.
    left = information.copy()
    for term in range(len(left)):
        if left[term, term] <= COLLINEAR * max(information[term, term], 1e-300):
            raise UnsoundAnalysis(
                f"{design.variables[term]} is a combination of other covariates, "
                "or does not vary among the patients at risk.",
                f"Leave out {design.variables[term]}.",
            )
        left -= np.outer(left[term], left[term]) / left[term, term]
