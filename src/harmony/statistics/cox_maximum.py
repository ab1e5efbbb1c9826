"""The maximum of a (penalised) partial likelihood by Newton's method, and what keeps it from existing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harmony.errors import UnsoundAnalysis
from harmony.statistics.design_matrix import DesignMatrix
from harmony.statistics.partial_likelihood import Evaluation
from harmony.statistics.samples import Floats

#: Newton stops when the next step could raise the log-likelihood by less than this; R stops at 1e-9 of it,
#: which leaves coefficients right to about 1e-6 only.
CONVERGED = 1e-16

#: A last step shorter than this, per standard deviation of each covariate, is taken without looking again:
#: it changes the information by no more than that.
SHORT = 1e-8

#: The likelihood is flat when a step gains less than this ...
FLAT = 1e-6
#: ... and monotone when a coefficient still moves by more than this per standard deviation of its covariate.
STILL_MOVING = 0.01

#: Firth's steps learn how the penalty bends on the way, so that they need more of them.
MOST_STEPS = 40
MOST_STEPS_FIRTH = 200
MOST_HALVINGS = 30

#: A step must raise the likelihood by this share of what its slope promises.
LEAST_RISE = 1e-4

#: A term is a combination of the others when its information, those given, is below this share of its own.
COLLINEAR = 1e-9
#: Another term takes part in the combination when its share is at least this, per standard deviation.
TAKES_PART = 1e-6

Likelihood = Callable[[Floats], Evaluation]


@dataclass(frozen=True, eq=False)
class Maximum:
    """
    Where Newton's method ended.

    Attributes
    ----------
    coef : float array of shape (p,)
        Coefficients on the covariates' own scale.
    null, end : Evaluation
        The likelihood at 0 and at the maximum, without the ridge, with Firth's penalty.
    iterations : int
        Newton steps.
    """

    coef: Floats
    null: Evaluation
    end: Evaluation
    iterations: int


def maximise(likelihood: Likelihood, design: DesignMatrix, ridge: Floats, firth: bool) -> Maximum:
    """
    Find the maximum of `likelihood` less half the sum of ridge times squared coefficients.

    Parameters
    ----------
    likelihood : function of a float array of shape (p,)
        Returns log-likelihood, score and information at the coefficients.
    design : DesignMatrix
        Terms, for their scale and their names in messages.
    ridge : float array of shape (p,)
        0 for no penalty.
    firth : bool
        Whether the score holds the gradient of Firth's penalty, which makes the maximum finite.

    Raises
    ------
    UnsoundAnalysis
        When a term is a combination of others, when the likelihood has no maximum because a coefficient
        runs off to infinity, or when the steps do not settle.
    """
    coef = np.zeros(len(ridge))
    null = here = likelihood(coef)
    _refuse_collinear(_standard(null.information + np.diag(ridge), design), design)
    bounded = firth or bool(ridge.all())
    curvature = null.information
    for iteration in range(MOST_STEPS_FIRTH if firth else MOST_STEPS):
        if not firth:
            curvature = here.information + np.diag(ridge)
        step, gain = _newton_step(here.score - ridge * coef, curvature, design)
        moves = np.abs(step) * design.scale
        if not bounded and gain < FLAT and moves.max() > STILL_MOVING:
            _refuse_monotone(design.columns[int(moves.argmax())].variable)
        if gain < CONVERGED:
            return Maximum(coef, null, here, iteration)
        if not firth and moves.max() < SHORT:
            nearly = Evaluation(here.loglik + gain / 2.0, here.score, here.information)
            return Maximum(coef + step, null, nearly, iteration + 1)
        start, before = coef, here
        coef, here = _climb(likelihood, ridge, coef, step, here, gain)
        if firth:
            curvature = _learnt(curvature, coef - start, before.score - here.score)
    raise _not_converged()


def _standard(information: Floats, design: DesignMatrix) -> Floats:
    """Return the information per standard deviation: the size of a unit decides nothing then."""
    return np.asarray(information / np.outer(design.scale, design.scale), dtype=np.float64)


def _newton_step(score: Floats, curvature: Floats, design: DesignMatrix) -> tuple[Floats, float]:
    """Return the step, and what it gains twice over in a likelihood shaped like a parabola."""
    try:
        step = np.linalg.solve(_standard(curvature, design), score / design.scale) / design.scale
    except np.linalg.LinAlgError as error:
        raise _not_converged() from error
    return step, float(step @ score)


def _learnt(curvature: Floats, step: Floats, change: Floats) -> Floats:
    """
    Return the curvature of Firth's likelihood with what the last step showed of it (BFGS).

    The information leaves out how the penalty bends, which is much where a coefficient would run off; steps
    by it alone jump to and fro over the maximum.
    """
    along = float(step @ change)
    if along <= 0.0:
        return curvature
    turned = curvature @ step
    bent = np.outer(change, change) / along - np.outer(turned, turned) / float(step @ turned)
    return np.asarray(curvature + bent, dtype=np.float64)


def _climb(
    likelihood: Likelihood, ridge: Floats, coef: Floats, step: Floats, here: Evaluation, gain: float
) -> tuple[Floats, Evaluation]:
    """Take the step, halved until the likelihood rises by a part of what was promised (beyond rounding)."""
    start = here.loglik - float(ridge @ coef**2) / 2.0
    for halving in range(MOST_HALVINGS):
        # A step may lead so far out that numbers overflow; it is not a rise then, and is halved.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            there = likelihood(coef + step)
        floor = start + LEAST_RISE * gain / 2.0**halving - 1e-12 * abs(start)
        if there.loglik - float(ridge @ (coef + step) ** 2) / 2.0 >= floor:
            return coef + step, there
        step = step / 2.0
    return coef, here


def _not_converged() -> UnsoundAnalysis:
    return UnsoundAnalysis(
        "The regression did not converge: the data do not decide between very different hazard ratios.",
        "Leave out covariates, merge levels that few patients have, or use firth=True.",
    )


def _refuse_monotone(variable: str) -> None:
    raise UnsoundAnalysis(
        f"The coefficient of {variable} runs off to infinity: a value of it has no events, or all.",
        f"Merge levels of {variable}, leave it out, or use firth=True, which keeps it finite.",
    )


def _refuse_collinear(information: Floats, design: DesignMatrix) -> None:
    # Elimination term by term: what is left of a term's information once the terms before it are known.
    left = information.copy()
    largest = float(np.diag(information).max())
    for term, column in enumerate(design.columns):
        if information[term, term] <= COLLINEAR * largest or largest == 0.0:
            raise UnsoundAnalysis(
                f"{column.variable} does not vary among the patients at risk when an event happens.",
                f"Leave out {column.variable}.",
            )
        if left[term, term] <= COLLINEAR * information[term, term]:
            others = _partners(information, term, design)
            raise UnsoundAnalysis(
                f"{column.variable} is a combination of {others}: their hazard ratios cannot be told apart.",
                f"Leave out {column.variable}, or one of {others}.",
            )
        left -= np.outer(left[term], left[term]) / left[term, term]


def _partners(information: Floats, term: int, design: DesignMatrix) -> str:
    share = np.linalg.lstsq(information[:term, :term], information[:term, term], rcond=None)[0]
    part = np.abs(share) > TAKES_PART * np.abs(share).max()
    names = dict.fromkeys(c.variable for c, takes in zip(design.columns, part, strict=False) if takes)
    own = design.columns[term].variable
    return ", ".join(name for name in names if name != own) or f"other levels of {own}"
