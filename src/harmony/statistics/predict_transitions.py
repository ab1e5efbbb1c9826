"""Transition probabilities of one patient from a Cox model stratified by transition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox_predict import StratumBaseline, covariance_of, stratum_baselines
from harmony.statistics.multistate_products import RunningProducts
from harmony.statistics.samples import Floats, Integers, levels, named_columns
from harmony.statistics.steps import asked_times, step_index

if TYPE_CHECKING:
    import pyarrow as pa

    from harmony.statistics.cox import Cox

#: Which column of the rows says whose stratum a transition has, where it is not the transition's own.
STRATUM_COLUMN = "strata"


@dataclass(frozen=True, eq=False)
class TransitionProbabilities:
    """
    Probabilities of being in each state, from each state at the start.

    Attributes
    ----------
    states : tuple of str
        s states.
    start_time : float
        When the patient is in the state he starts from.
    time : float array of shape (t,)
        Times asked for.
    probability, std_err : float arrays of shape (t, s, s)
        [time, from, to].
    warnings : tuple of str
        What to know before the numbers are used.
    """

    states: tuple[str, ...]
    start_time: float
    time: Floats
    probability: Floats
    std_err: Floats
    warnings: tuple[str, ...]

    def table(self) -> pa.Table:
        """Return one row per state at the start, state and time: from, to, time, probability, std_err."""
        import pyarrow as pa

        s, t = len(self.states), len(self.time)
        names = np.array(self.states, dtype=object)
        return pa.table(
            {
                "from": pa.array(np.repeat(names, s * t), pa.string()),
                "to": pa.array(np.tile(np.repeat(names, t), s), pa.string()),
                "time": pa.array(np.tile(self.time, s * s)),
                "probability": pa.array(np.moveaxis(self.probability, 0, 2).ravel()),
                "std_err": pa.array(np.moveaxis(self.std_err, 0, 2).ravel()),
            }
        )


def predict_transitions(
    fit: Cox,
    rows: Any,
    states: Sequence[object],
    transitions: Sequence[tuple[object, object]] | Mapping[Any, tuple[object, object]],
    start_time: float = 0.0,
    times: ArrayLike | None = None,
) -> TransitionProbabilities:
    """
    Predict one patient's way through the states.

    Parameters
    ----------
    fit : Cox
        Cox model of start-stop rows, one per patient and transition at risk, stratified by transition.
    rows : mapping of str to array of shape (k,), Arrow table or pandas table
        The patient's covariates, one row per transition: with transition-specific covariates
        (`age.1`, `age.2` ...) those of the row's transition hold the values and the others are 0.
        A column `strata` names the stratum of each row, for transitions that share a baseline hazard.
    states : sequence of s names
    transitions : sequence of k (from, to), or mapping of stratum to (from, to)
        Which transition each row is. A sequence goes with the strata of the model in sorted order.
    start_time : float
        The patient is in his state at this time; transitions after it count.
    times : array of shape (t,), optional
        From `start_time` on; without it every event time after it.

    Raises
    ------
    UsageError
        When rows, transitions, states and strata do not fit together, or a time is before the start.
    UnsoundAnalysis
        When a covariate's value is missing, or so extreme that no probability follows.

    References
    ----------
    de Wreede, Fiocco and Putter, Comput Methods Programs Biomed 2010;99:261: product integral of the
    predicted hazards, with the variance of Aalen's type as mstate's `probtrans(method = "aalen")` has it.
    """
    names = tuple(str(state) for state in states)
    columns = named_columns(rows)
    if columns is None:
        raise UsageError("The rows came without names.", "Give a mapping of names to values, or a table.")
    ends, stratum = _transitions(fit, columns, names, transitions)
    x = fit.design.encode(columns) - fit.design.centre[:, np.newaxis]
    if x.shape[1] != len(ends):
        raise UsageError("Rows and transitions differ in number.", "Give one row per transition.")
    baselines = stratum_baselines(fit)
    jumps = np.unique(np.concatenate([baselines[s].time for s in stratum]))
    asked = jumps[jumps > start_time] if times is None else asked_times(times)
    if start_time < 0.0 or asked.min(initial=start_time) < start_time:
        raise UsageError(
            "A prediction was asked for a time before its start.",
            "Ask from start_time on.",
            "times >= start_time",
        )
    # The wildest extrapolation overflows; it is refused below with words.
    with np.errstate(over="ignore", invalid="ignore"):
        curves = _predicted_hazards([baselines[s].at(jumps) for s in stratum], stratum, x, fit)
        begin = int(step_index(jumps, np.array([start_time]))[0]) + 1
        d_hazard, d_covariance = (_steps(curve)[begin:] for curve in curves)
        index = step_index(jumps[begin:], asked)
        probability, std_err, warnings = _through_states(d_hazard, d_covariance, ends, len(names), index)
    if not np.isfinite(probability).all() or not np.isfinite(std_err).all():
        raise UnsoundAnalysis(
            "The patient's covariates lie so far from those of the model that no probability follows.",
            "Check their values and units.",
        )
    return TransitionProbabilities(names, float(start_time), asked, probability, std_err, warnings)


def _predicted_hazards(
    read: list[StratumBaseline], stratum: Integers, x: Floats, fit: Cox
) -> tuple[Floats, Floats]:
    """Return the cumulative hazards at each jump, shape (jumps, k), and their covariance (jumps, k, k)."""
    relative = np.exp(fit.coef @ x)
    hazard = np.array([r * one.hazard for r, one in zip(relative, read, strict=True)]).T
    # Through the coefficients, which all transitions share ...
    apart = np.array(
        [r * (np.outer(row, one.hazard) - one.drift) for r, row, one in zip(relative, x.T, read, strict=True)]
    )
    shared = np.einsum("ipt,pq,jqt->tij", apart, covariance_of(fit), apart, optimize=True)
    # ... and through the baseline hazard of a stratum, to transitions of that stratum only.
    variance = np.array([one.variance for one in read]).T
    same = (stratum[:, np.newaxis] == stratum) * np.outer(relative, relative)
    return hazard, shared + variance[:, :, np.newaxis] * same


def _steps(curve: Floats) -> Floats:
    return np.diff(curve, axis=0, prepend=np.zeros_like(curve[:1]))


def _through_states(
    d_hazard: Floats, d_covariance: Floats, ends: Integers, s: int, index: Integers
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return probabilities and standard errors [time, from, to] at the asked steps (-1: before the first)."""
    steps = np.zeros((len(d_hazard), s, s))
    steps[:] = np.eye(s)
    move = np.zeros((len(ends), s))
    for (origin, target), hazard, out in zip(ends, d_hazard.T, move, strict=True):
        steps[:, origin, target] += hazard
        steps[:, origin, origin] -= hazard
        out[target], out[origin] = 1.0, -1.0
    warnings: tuple[str, ...] = ()
    if np.any(np.einsum("tii->ti", steps[: index.max(initial=-1) + 1]) < 0.0):
        warnings = (
            "The patient's predicted hazard exceeds 1 at a time with few patients at risk: probabilities "
            "from then on may lie outside 0 to 1.",
        )
    running = RunningProducts(steps)
    probability, std_err = np.empty((2, len(index), s, s))
    place, started = np.maximum(index, 0), (index >= 0)[:, np.newaxis]
    for state in range(s):
        row = running.products[:, state]
        # The share in the origin of each transition after the jump, as mstate has it.
        weight = row[:, ends[:, 0], np.newaxis] * move
        added = np.swapaxes(weight, 1, 2) @ d_covariance @ weight
        variance = np.einsum("tii->ti", running.covariance(added))
        at_start = np.eye(s)[state]
        probability[:, state] = np.where(started, row[place], at_start)
        # Rounding can leave a variance of 0 just below it.
        std_err[:, state] = np.where(started, np.sqrt(np.maximum(variance, 0.0))[place], 0.0)
    return probability, std_err, warnings


def _transitions(
    fit: Cox,
    columns: dict[str, Any],
    states: tuple[str, ...],
    transitions: Sequence[tuple[object, object]] | Mapping[Any, tuple[object, object]],
) -> tuple[Integers, Integers]:
    """Return origin and target of each row as places among the states, shape (k, 2), and its stratum."""
    by_stratum = isinstance(transitions, Mapping)
    pairs = list(transitions.values()) if isinstance(transitions, Mapping) else list(transitions)
    unknown = {str(end) for pair in pairs for end in pair} - set(states)
    if unknown or not pairs or any(len(pair) != 2 or pair[0] == pair[1] for pair in pairs):
        raise UsageError(
            "A transition does not lead from one of the states to another.",
            "Give each transition as (from, to).",
            ", ".join(states),
        )
    if STRATUM_COLUMN in columns:
        code, found = levels(np.atleast_1d(np.asarray(columns[STRATUM_COLUMN])), STRATUM_COLUMN)
        wanted = [found[c] for c in code]
    else:
        wanted = [str(s) for s in transitions] if by_stratum else list(fit.strata)
    if len(wanted) != len(pairs) or not set(wanted) <= set(fit.strata):
        raise UsageError(
            "The transitions are not the strata of the model.",
            "Stratify the model by transition and name one transition per stratum, in their order; or name "
            "each row's stratum in a column strata.",
            "; ".join(fit.strata),
        )
    ends = np.array([[states.index(str(a)), states.index(str(b))] for a, b in pairs], dtype=np.int64)
    return ends, np.array([fit.strata.index(label) for label in wanted], dtype=np.int64)
