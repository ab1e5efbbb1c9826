"""Partial likelihood of the subdistribution hazard, with derivatives, without a loop over patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harmony.statistics.fine_gray_risk import SubdistributionRisk
from harmony.statistics.samples import Floats

#: Patients weighted at a time: one block of 20 covariates stays in the processor's cache.
BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Point:
    """
    The partial likelihood at some coefficients, with s steps and p terms.

    Attributes
    ----------
    loglik : float
    score : float array of shape (p,)
    information : float array of shape (p, p)
    hazard : float array of shape (n,)
        Weight times relative hazard of each sorted patient (up to a common factor, as `inverse`).
    inverse : float array of shape (s,)
        Weight of each step over the hazard of its risk set.
    means : float array of shape (p, s)
        Mean covariates of the risk set of each step.
    """

    loglik: float
    score: Floats
    information: Floats
    hazard: Floats
    inverse: Floats
    means: Floats


def evaluate(risk: SubdistributionRisk, x: Floats, coef: Floats) -> Point:
    """
    Return the partial likelihood with its derivatives.

    Parameters
    ----------
    risk : SubdistributionRisk
    x : float array of shape (p, n)
        Covariates of the sorted patients.
    coef : float array of shape (p,)

    References
    ----------
    Fine and Gray, J Am Stat Assoc 1999;94:496. Geskus, Biometrics 2011;67:39.
    """
    predictor = coef @ x
    shift = float(predictor.max())
    hazard = np.exp(predictor - shift) * risk.weight
    denominator = _less_share(risk, hazard)
    # Never 0 in exact arithmetic; the floor makes a trial step far out look bad, so that it is halved.
    denominator = np.maximum(denominator, 1e-300)
    inverse = risk.step_weight / denominator
    means = _means(risk, x, hazard, denominator)
    own = risk.weight[risk.dead]
    loglik = own @ (predictor[risk.dead] - shift) - risk.step_weight @ np.log(denominator)
    lived = hazard * exposure(risk, inverse)
    score = x[:, risk.dead] @ own - x @ lived
    information = weighted_product(x, lived) - (means * risk.step_weight) @ means.T
    return Point(float(loglik), score, information, hazard, inverse, means)


def exposure(risk: SubdistributionRisk, per_step: Floats) -> Floats:
    """
    Return for each sorted patient the sum of a value of each step over the risk sets he is in.

    A risk set counts with the patient's weight in it: 1 while he is under observation, less the share taken
    out when he has one of several tied events, and G(t-) / G(T-) after a competing event.
    """
    total = risk.per_cell(per_step)
    whole = risk.lived(total)
    if risk.step_share.any():
        whole[risk.dead] -= risk.per_cell(per_step * risk.step_share)[risk.cell[risk.dead]]
    for group in risk.groups:
        weighed = total * group.observed
        later = risk.from_here(weighed.copy()) - weighed
        whole[group.competing] += later[group.cell] / group.own
    return whole


def weighted_product(x: Floats, weight: Floats) -> Floats:
    """Return X diag(weight) X', in blocks with one reused buffer: fresh memory costs more than the sums."""
    total = np.zeros((len(x), len(x)))
    buffer = np.empty((len(x), min(BLOCK, x.shape[1])))
    for start in range(0, x.shape[1], BLOCK):
        block = x[:, start : start + BLOCK]
        weighted = buffer[:, : block.shape[1]]
        np.multiply(block, weight[start : start + BLOCK], out=weighted)
        total += weighted @ block.T
    return total


def _means(risk: SubdistributionRisk, x: Floats, hazard: Floats, denominator: Floats) -> Floats:
    means = np.empty((len(x), len(risk.step_cell)))
    buffer = np.empty_like(hazard)
    for row, mean in zip(x, means, strict=True):
        np.multiply(row, hazard, out=buffer)
        np.divide(_less_share(risk, buffer), denominator, out=mean)
    return means


def _less_share(risk: SubdistributionRisk, value: Floats) -> Floats:
    """Return sums of a value over each step's risk set, less the share of the tied events taken out."""
    total = risk.at_risk(value)[risk.step_cell]
    if risk.step_share.any():
        dying = np.bincount(risk.cell[risk.dead], value[risk.dead], len(risk.starts))
        total -= risk.step_share * dying[risk.step_cell]
    return total
