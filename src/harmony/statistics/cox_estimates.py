"""What follows from the maximum of a Cox model's likelihood: variances, limits, tests, concordance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from harmony.errors import UnsoundAnalysis
from harmony.statistics.concordance import pooled_concordance
from harmony.statistics.cox_data import CoxData
from harmony.statistics.cox_maximum import Maximum
from harmony.statistics.cox_robust import score_products
from harmony.statistics.cox_tests import quadratic_form
from harmony.statistics.cox_warnings import model_warnings
from harmony.statistics.distributions import (
    ChiSquare,
    chi_square,
    fractional_chi_square,
    limit_width,
    normal_two_sided,
)
from harmony.statistics.partial_likelihood import linear_predictor
from harmony.statistics.samples import Floats


def estimates(
    data: CoxData, found: Maximum, ridge: Floats, sandwich: bool, conf_level: float
) -> dict[str, Any]:
    """
    Return the fields of `Cox` that are computed from the maximum.

    Parameters
    ----------
    data : CoxData
    found : Maximum
    ridge : float array of shape (p,)
        0 where there is none.
    sandwich : bool
        Whether the robust variance is wanted.
    conf_level : float
    """
    # Inverted per standard deviation: units of very different size would cost digits.
    scale = np.outer(data.design.scale, data.design.scale)
    covariance = np.linalg.inv((found.end.information + np.diag(ridge)) / scale) / scale
    robust, robust_test, rank = None, None, None
    if sandwich:
        robust = covariance @ score_products(data, found.coef)[1] @ covariance
        robust_test = chi_square(
            quadratic_form(*score_products(data, np.zeros_like(found.coef)))[0], len(found.coef)
        )
        rank = quadratic_form(found.coef, robust)[1]
    told = model_warnings(data, rank)
    agreement = _agreement(data, found.coef)
    if math.isnan(agreement["concordance"]):
        told += ("No two patients can be compared, so that there is no concordance.",)
    return {
        **_per_term(found.coef, covariance, robust, conf_level),
        **_tests(found, covariance, robust, ridge, data.design.variables),
        "robust_score_test": robust_test,
        **agreement,
        "warnings": told,
    }


def _per_term(coef: Floats, covariance: Floats, robust: Floats | None, conf_level: float) -> dict[str, Any]:
    se = np.sqrt(np.diag(covariance))
    robust_se = None if robust is None else np.sqrt(np.diag(robust))
    used, width = se if robust_se is None else robust_se, limit_width(conf_level)
    # A ratio per tiny unit may be beyond all numbers: infinite says so.
    with np.errstate(over="ignore"):
        ratio, lower, upper = (np.exp(coef + side * used) for side in (0.0, -width, width))
    return {
        "coef": coef,
        "se": se,
        "robust_se": robust_se,
        "z": coef / used,
        "p": np.array([normal_two_sided(z) for z in coef / used]),
        "hazard_ratio": ratio,
        "lower": lower,
        "upper": upper,
        "covariance": covariance,
        "robust_covariance": robust,
    }


def _tests(
    found: Maximum, covariance: Floats, robust: Floats | None, ridge: Floats, variables: tuple[str, ...]
) -> dict[str, Any]:
    terms, null, end = len(found.coef), found.null, found.end
    df: float = terms
    if ridge.any():
        df = _effective_df(end.information, covariance, ridge, variables)
    wald = quadratic_form(found.coef, covariance if robust is None else robust)[0]
    return {
        "loglik": end.loglik,
        "loglik_null": null.loglik,
        "lr_test": _test(max(2.0 * (end.loglik - null.loglik), 0.0), df),
        "wald_test": _test(wald, df),
        "score_test": chi_square(float(null.score @ np.linalg.solve(null.information, null.score)), terms),
        "aic": 2.0 * df - 2.0 * end.loglik,
        "df": df,
    }


def _effective_df(
    information: Floats, covariance: Floats, ridge: Floats, variables: tuple[str, ...]
) -> float:
    """
    Return what the ridge leaves of the terms (Gray, J Am Stat Assoc 1992;87:942).

    As R: the penalised terms together, and each free covariate by itself, are compared with their variance.
    """
    spread = covariance @ information @ covariance
    block = np.array(["" if theta else name for theta, name in zip(ridge, variables, strict=True)])
    total = 0.0
    for name in dict.fromkeys(block.tolist()):
        own = np.ix_(block == name, block == name)
        total += float(np.trace(np.linalg.solve(covariance[own], spread[own])))
    return total


def _agreement(data: CoxData, coef: Floats) -> dict[str, float]:
    predictor = linear_predictor(data.design, data.cells, coef)
    try:
        found = pooled_concordance(data.sample, predictor, data.strata.code, data.cluster)
    except UnsoundAnalysis:
        return {"concordance": math.nan, "concordance_se": math.nan}
    return {"concordance": found.concordance, "concordance_se": found.std_err}


def _test(statistic: float, df: float) -> ChiSquare:
    return chi_square(statistic, int(df)) if df == int(df) else fractional_chi_square(statistic, df)
