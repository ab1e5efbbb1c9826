"""Fine and Gray's regression of the subdistribution hazard: covariates and cumulative incidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox_maximum import Likelihood, Maximum, maximise
from harmony.statistics.cox_tests import quadratic_form
from harmony.statistics.cox_warnings import REFUSED_BELOW, TOLD_BELOW
from harmony.statistics.design_matrix import Column, DesignMatrix, design_matrix, named_columns
from harmony.statistics.distributions import ChiSquare, chi_square, limit_width, normal_two_sided
from harmony.statistics.fine_gray_likelihood import Point, evaluate
from harmony.statistics.fine_gray_risk import SubdistributionRisk, subdistribution_risk
from harmony.statistics.fine_gray_variance import add_estimated_censoring, of_patients, of_weighted_rows
from harmony.statistics.partial_likelihood import Evaluation
from harmony.statistics.samples import (
    Flags,
    Floats,
    FollowUp,
    Groups,
    Integers,
    follow_up,
    levels,
    same_length,
)
from harmony.statistics.samples import strata as strata_of

if TYPE_CHECKING:
    import pyarrow as pa

Variant = Literal["crr", "finegray"]


@dataclass(frozen=True, eq=False)
class FineGray:
    """
    A fitted model; arrays have shape (p,), one entry per term.

    Attributes
    ----------
    terms : tuple of str
        A category has one term per level but the reference, spelt `variable` + `level`.
    coef, se, robust_se : float arrays
        Log subdistribution hazard ratio, its model-based and its sandwich standard error.
    z, p : float arrays
        coef / robust_se and its two-sided p-value.
    hazard_ratio, lower, upper : float arrays
        exp(coef) and its limits, from robust_se.
    covariance, robust_covariance : float arrays of shape (p, p)
    loglik, loglik_null : float
        Log pseudo-likelihood at the estimate and without covariates.
    lr_test, wald_test, score_test : ChiSquare
        Tests that all coefficients are 0; wald_test uses the robust covariance, the others take the
        pseudo-likelihood for a likelihood.
    aic : float
        2 df - 2 loglik.
    df, n, events, competing, iterations : int
        Terms, patients, events of the cause, competing events, Newton steps.
    cause : int
    variant : crr or finegray
    warnings : tuple of str
        What a reader of the model must know.
    """

    terms: tuple[str, ...]
    coef: Floats
    se: Floats
    robust_se: Floats
    z: Floats
    p: Floats
    hazard_ratio: Floats
    lower: Floats
    upper: Floats
    covariance: Floats
    robust_covariance: Floats
    loglik: float
    loglik_null: float
    lr_test: ChiSquare
    wald_test: ChiSquare
    score_test: ChiSquare
    aic: float
    df: int
    n: int
    events: int
    competing: int
    iterations: int
    cause: int
    variant: Variant
    warnings: tuple[str, ...]

    def table(self) -> pa.Table:
        """Return one row per term: term, coef, se, robust_se, z, p, hazard_ratio, lower, upper."""
        import pyarrow as pa

        names = ("coef", "se", "robust_se", "z", "p", "hazard_ratio", "lower", "upper")
        return pa.table({"term": pa.array(self.terms)} | {n: pa.array(getattr(self, n)) for n in names})


@dataclass(frozen=True, eq=False)
class _Data:
    """Checked rows: patients of weight above 0, their covariates and groups."""

    sample: FollowUp
    design: DesignMatrix
    stratum: Groups
    censoring: Groups
    cluster: Integers | None


def fine_gray(
    time: ArrayLike,
    event: ArrayLike,
    covariates: Any,
    cause: int = 1,
    variant: Variant = "crr",
    strata: Any = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    reference: Mapping[str, object] | None = None,
    cengroup: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> FineGray:
    """
    Fit a proportional subdistribution hazards model of one of several competing causes.

    Parameters
    ----------
    time, event : arrays of shape (n,)
        As in `cumulative_incidence`; one row per patient.
    covariates : mapping of str to array of shape (n,), Arrow table or pandas table
        As in `cox`.
    cause : int
        Event code of interest; the other codes above 0 are competing.
    variant : crr or finegray
        crr: Breslow ties; robust_se is cmprsk's, with the part of the estimated censoring distribution.
        finegray: Efron ties; robust_se is the sandwich over the weighted rows of R survival's `finegray`.
    strata : array of shape (n,), or a mapping or table of several, optional
        Each combination has its own baseline hazard, and its own censoring distribution unless `cengroup`
        says otherwise.
    weights : array of shape (n,), optional
        Case weights, 0 or more; a weight of 0 counts as absent.
    cluster : array of shape (n,), optional
        Patients of one centre or family: robust_se sums their residuals.
    reference : mapping of str to level, optional
        Reference level of categories.
    cengroup : array of shape (n,), optional
        Groups with a censoring distribution of their own, as in `crr`.
    entry : array of shape (n,), optional
        Delayed entry, for finegray: at risk after it; the weights then hold the distribution of entry too.
    conf_level : float
        Coverage of the limits.

    Raises
    ------
    UnsoundAnalysis
        When nobody had the event of the cause, fewer than 5 per term, a covariate is constant, missing
        somewhere or a combination of others, or the likelihood has no maximum; and as `cumulative_incidence`.
        One patient alone is refused (a covariate does not vary).
    UsageError
        When shapes, names or options are wrong.

    References
    ----------
    Fine and Gray, J Am Stat Assoc 1999;94:496. R cmprsk 2.2.11 `crr`; R survival 3.5.3 `finegray`.
    """
    width = limit_width(conf_level)
    _check_variant(variant, entry)
    data = _read(time, event, covariates, cause, strata, weights, cluster, reference, cengroup, entry)
    efron = variant == "finegray"
    risk = subdistribution_risk(data.sample, cause, data.stratum, data.censoring, efron, efron)
    standard, x = _standard(data.design, risk.order)

    def likelihood(coef: Floats) -> Evaluation:
        found = evaluate(risk, x, coef)
        return Evaluation(found.loglik, found.score, found.information)

    found = _maximum(likelihood, standard)
    _refuse_few_events(len(risk.dead), len(x))
    point = evaluate(risk, x, found.coef)
    covariance = np.linalg.inv(point.information)
    robust = covariance @ _spread(data, risk, x, point, variant) @ covariance
    scale = data.design.scale
    back = np.outer(scale, scale)
    return FineGray(
        terms=data.design.terms,
        **_per_term(found.coef / scale, covariance / back, robust / back, width),
        **_tests(found, robust),
        n=len(data.sample.day),
        events=len(risk.dead),
        competing=sum(len(group.competing) for group in risk.groups),
        iterations=found.iterations,
        cause=cause,
        variant=variant,
        warnings=_warnings(len(risk.dead), data.design),
    )


def _maximum(likelihood: Likelihood, design: DesignMatrix) -> Maximum:
    try:
        return maximise(likelihood, design, np.zeros(len(design.columns)), firth=False)
    except UnsoundAnalysis as error:
        # What helps a Cox model, such as Firth's penalty, is not all at hand here.
        step = "Leave out that covariate, or merge levels that few patients have."
        raise UnsoundAnalysis(error.what, step, error.allowed) from error


def _check_variant(variant: str, entry: ArrayLike | None) -> None:
    if variant not in get_args(Variant):
        raise UsageError("The variant of the model is unknown.", "Choose another.", "crr, finegray")
    if entry is not None and variant == "crr":
        raise UsageError(
            "The variance of crr is not defined for delayed entry.", 'Choose variant="finegray".', "finegray"
        )


def _standard(design: DesignMatrix, order: Integers) -> tuple[DesignMatrix, Floats]:
    """
    Return the terms of the sorted patients, centred and scaled, as a design and as one array.

    The size of a unit then decides neither convergence nor the tests for collinear covariates.
    """
    x = design.x[:, order]
    x -= design.centre[:, np.newaxis]
    x /= design.scale[:, np.newaxis]
    columns = tuple(
        Column(column.term, column.variable, row, None) for column, row in zip(design.columns, x, strict=True)
    )
    return DesignMatrix(columns, {}, design.n), x


def _read(
    time: ArrayLike,
    event: ArrayLike,
    covariates: Any,
    cause: int,
    strata: Any,
    weights: ArrayLike | None,
    cluster: ArrayLike | None,
    reference: Mapping[str, object] | None,
    cengroup: ArrayLike | None,
    entry: ArrayLike | None,
) -> _Data:
    sample = follow_up(time, event, causes=True, entry=entry, weights=weights)
    n = len(sample.day)
    stratum = strata_of(strata, n)
    censoring = stratum if cengroup is None else strata_of(cengroup, n, "cengroup")
    code = None if cluster is None else levels(cluster, "cluster")[0]
    if code is not None:
        same_length(sample.day, code, "cluster")
    if sample.weight is not None and sample.weight.min() == 0.0:
        keep = sample.weight > 0.0
        covariates = _kept(covariates, keep)
        sample, stratum, censoring = sample.part(keep), stratum.part(keep), censoring.part(keep)
        code = None if code is None else code[keep]
    if cause < 1 or not np.any(sample.event == cause):
        raise UnsoundAnalysis(
            "Nobody had the event of this cause.", "Choose a cause that occurs, or lengthen the follow-up."
        )
    design = design_matrix(covariates, reference, len(sample.day))
    return _Data(sample, design, stratum, censoring, code)


def _kept(covariates: Any, keep: Flags) -> dict[str, Any]:
    columns = {name: np.asarray(values) for name, values in named_columns(covariates)}
    for name, values in columns.items():
        same_length(keep, values, name)
    return {name: values[keep] for name, values in columns.items()}


def _spread(data: _Data, risk: SubdistributionRisk, x: Floats, point: Point, variant: Variant) -> Floats:
    """Return the sum of squared residuals that the sandwich has inside, shape (p, p)."""
    if variant == "finegray" and data.cluster is None:
        return of_weighted_rows(risk, x, point)
    residuals = of_patients(risk, x, point)
    if variant == "crr":
        add_estimated_censoring(residuals, risk, x, point, data.sample, data.censoring)
    if data.cluster is not None:
        cluster = data.cluster[risk.order]
        residuals = np.array([np.bincount(cluster, row) for row in residuals])
    return np.asarray(residuals @ residuals.T, dtype=np.float64)


def _per_term(coef: Floats, covariance: Floats, robust: Floats, width: float) -> dict[str, Any]:
    robust_se = np.sqrt(np.diag(robust))
    z = coef / robust_se
    return {
        "coef": coef,
        "se": np.sqrt(np.diag(covariance)),
        "robust_se": robust_se,
        "z": z,
        "p": np.array([normal_two_sided(value) for value in z]),
        "hazard_ratio": np.exp(coef),
        "lower": np.exp(coef - width * robust_se),
        "upper": np.exp(coef + width * robust_se),
        "covariance": covariance,
        "robust_covariance": robust,
    }


def _tests(found: Maximum, robust: Floats) -> dict[str, Any]:
    df, null, end = len(found.coef), found.null, found.end
    return {
        "loglik": end.loglik,
        "loglik_null": null.loglik,
        "lr_test": chi_square(max(2.0 * (end.loglik - null.loglik), 0.0), df),
        "wald_test": chi_square(quadratic_form(found.coef, robust)[0], df),
        "score_test": chi_square(float(null.score @ np.linalg.solve(null.information, null.score)), df),
        "aic": 2.0 * df - 2.0 * end.loglik,
        "df": df,
    }


def _refuse_few_events(events: int, terms: int) -> None:
    if events < REFUSED_BELOW * terms:
        raise UnsoundAnalysis(
            "The model has fewer than 5 events of the cause per term: its ratios would be mostly chance.",
            "Leave out covariates, or merge levels.",
            "5 or more events per term",
        )


def _warnings(events: int, design: DesignMatrix) -> tuple[str, ...]:
    told = []
    if events < TOLD_BELOW * len(design.columns):
        told.append("Fewer than 10 events per term: hazard ratios and their limits are unreliable.")
    for name, labels in design.categories.items():
        codes = next(column.values for column in design.columns if column.variable == name)
        for level, count in zip(labels, np.bincount(codes, minlength=len(labels)), strict=True):
            if count == 1:
                told.append(f"One patient only has {name} {level}: the ratio rests on that one.")
    return tuple(told)
