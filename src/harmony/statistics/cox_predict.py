"""Survival curves of given patients from a Cox model, and its baseline hazard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cox_data import BaselineSteps, baseline_steps
from harmony.statistics.limits import ConfType, check_conf_type, probability_limits
from harmony.statistics.samples import Flags, Floats, Integers, levels, named_columns, numbers
from harmony.statistics.steps import asked_times, before_first, step_index

if TYPE_CHECKING:
    import pyarrow as pa

    from harmony.statistics.cox import Cox


@dataclass(frozen=True, eq=False)
class StratumBaseline:
    """
    Baseline of one stratum at its k event times: cumulative sums of `BaselineSteps`.

    Attributes
    ----------
    begin : float
        First time at which a follow-up of the stratum ends, with or without event.
    time : float array of shape (k,)
    hazard, variance : float arrays of shape (k,)
        Cumulative hazard for covariates at their means and offset 0, and its variance with the coefficients
        taken as known.
    drift : float array of shape (p, k)
        Cumulative hazard times the mean of the centred covariates of those at risk.
    """

    begin: float
    time: Floats
    hazard: Floats
    variance: Floats
    drift: Floats

    def at(self, asked: Floats) -> StratumBaseline:
        """Read it at times as a step function, 0 before the first event; the last value is carried."""
        index = step_index(self.time, asked)
        return StratumBaseline(
            self.begin,
            asked,
            before_first(self.hazard, index, 0.0),
            before_first(self.variance, index, 0.0),
            np.concatenate((np.zeros((len(self.drift), 1)), self.drift), axis=1)[:, index + 1],
        )


def predict(
    fit: Cox,
    rows: Any,
    times: ArrayLike | None = None,
    conf_type: ConfType = "log",
    conf_level: float | None = None,
    offset: ArrayLike | None = None,
) -> pa.Table:
    """
    Return the survival curves of given patients.

    Parameters
    ----------
    fit : Cox
        Result of `cox`.
    rows : mapping of str to array of shape (m,) or to one value, Arrow table or pandas table
        A value of every covariate for each of m patients; further columns are passed over. The columns
        the model was stratified by (`strata` when it was one unnamed array) choose each patient's
        stratum; without them every patient gets a curve of every stratum.
    times : array of shape (t,), optional
        0 or more; without it the event times. After the last event time the last value is carried.
    conf_type, conf_level
        Limits as in `kaplan_meier`; the level is the fit's where it is not given.
    offset : array of shape (m,), optional
        Offset of these patients; 0 without it.

    Returns
    -------
    Arrow table
        row (0, 1 ... in the order of `rows`), stratum (of a stratified model only), time, survival, std_err
        (of S), lower, upper. The error counts that of the coefficients and that of the baseline.

    Raises
    ------
    UsageError
        When a covariate is absent, a level or stratum is not one of the model's, or lengths differ.
    UnsoundAnalysis
        When a value is missing, or so extreme that no survival follows.

    References
    ----------
    exp(-cumulative hazard) with the estimator that belongs to the model's ties, and Tsiatis' variance (Ann
    Stat 1981;9:93) with Efron's correction, as in R survival 3.5.3 `survfit.coxph`.
    """
    import pyarrow as pa

    check_conf_type(conf_type)
    columns = _columns(rows)
    x = fit.design.encode(columns)
    x = x - fit.design.centre[:, np.newaxis]
    predictor = fit.coef @ x + _offset(offset, x.shape[1])
    level = fit.conf_level if conf_level is None else conf_level
    parts = []
    wanted = _wanted_strata(fit, columns, x.shape[1])
    for stratum, steps in enumerate(stratum_baselines(fit)):
        row = np.flatnonzero(wanted[:, stratum])
        asked = steps.time if times is None else asked_times(times)
        survival, std_err = _curves(steps.at(asked), x[:, row], predictor[row], covariance_of(fit))
        limits = probability_limits(survival, std_err, conf_type, level)
        # As in R, limits are 1 before anybody's follow-up ends; after it, those of S = 1 depend on the scale.
        lower, upper = (np.where(asked < steps.begin, 1.0, limit) for limit in limits)
        time, of_row = np.tile(asked, len(row)), np.repeat(row, len(asked))
        values = (of_row, np.full(len(time), stratum), time, survival, std_err, lower, upper)
        parts.append([np.ravel(column) for column in values])
    names = ("row", "stratum", "time", "survival", "std_err", "lower", "upper")
    made = dict(zip(names, (np.concatenate(column) for column in zip(*parts, strict=True)), strict=True))
    order = np.argsort(made["row"], kind="stable")
    table = {name: pa.array(column[order], from_pandas=True) for name, column in made.items()}
    if len(fit.strata) > 1:
        table["stratum"] = pa.array(np.array(fit.strata, dtype=object)[made["stratum"][order]], pa.string())
    else:
        del table["stratum"]
    return pa.table(table)


def baseline(fit: Cox, times: ArrayLike | None = None) -> pa.Table:
    """
    Return the baseline cumulative hazard, that of a patient whose covariates are all 0.

    Parameters
    ----------
    fit : Cox
        Result of `cox`. Categories are 0 at their reference level.
    times : array of shape (t,), optional
        As in `predict`.

    Returns
    -------
    Arrow table
        stratum (of a stratified model only), time, cumulative_hazard; as R's `basehaz(centered = FALSE)`.
    """
    import pyarrow as pa

    tables, relative = [], np.exp(-fit.coef @ fit.design.centre)
    for label, steps in zip(fit.strata, stratum_baselines(fit), strict=True):
        read = steps if times is None else steps.at(asked_times(times))
        made = {"stratum": pa.array([label] * len(read.time), pa.string())} if len(fit.strata) > 1 else {}
        made |= {"time": pa.array(read.time), "cumulative_hazard": pa.array(read.hazard * relative)}
        tables.append(pa.table(made))
    return pa.concat_tables(tables)


def stratum_baselines(fit: Cox) -> list[StratumBaseline]:
    """Return the baseline of each stratum of a fitted model, in the order of `fit.strata`."""
    steps = baseline_steps(fit.data, fit.coef)
    return [_stratum(fit, steps, stratum) for stratum in range(len(fit.strata))]


def covariance_of(fit: Cox) -> Floats:
    """Return the covariance of the coefficients: the robust one where there is one, as R does."""
    return fit.covariance if fit.robust_covariance is None else fit.robust_covariance


def _stratum(fit: Cox, steps: BaselineSteps, stratum: int) -> StratumBaseline:
    of_it = fit.data.cells.cell_stratum == stratum
    ending = fit.sample.day[fit.stratum == stratum]
    return StratumBaseline(
        float(fit.sample.times[ending.min()]),
        fit.data.cell_times[of_it],
        np.cumsum(steps.hazard[of_it]),
        np.cumsum(steps.variance[of_it]),
        np.cumsum(steps.mean_hazard[:, of_it], axis=1),
    )


def _curves(read: StratumBaseline, x: Floats, predictor: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Return survival and its standard error, shape (rows, times), of covariates `x` of shape (p, rows)."""
    with np.errstate(over="ignore"):
        relative = np.exp(predictor)[:, np.newaxis]
    if not np.isfinite(relative).all():
        raise UnsoundAnalysis(
            "A row's covariates are so far from those of the model that no survival follows.",
            "Give values as they occur among the patients of the model.",
        )
    survival = np.exp(-relative * read.hazard)
    # How the patient's covariates differ from those at risk, weighted by the hazard lived through: the square
    # of (x H - B) in the covariance of the coefficients, multiplied out.
    own = np.einsum("pm,pq,qm->m", x, covariance, x, optimize=True)[:, np.newaxis]
    risk = np.einsum("pt,pq,qt->t", read.drift, covariance, read.drift, optimize=True)
    apart = own * read.hazard**2 - 2.0 * (x.T @ covariance @ read.drift) * read.hazard + risk
    variance = read.variance + np.maximum(apart, 0.0)
    return survival, survival * relative * np.sqrt(variance)


def _columns(rows: Any) -> dict[str, Any]:
    columns = named_columns(rows)
    if columns is None:
        raise UsageError("The rows came without names.", "Give a mapping of names to values, or a table.")
    length = max((len(np.atleast_1d(np.asarray(v))) for v in columns.values()), default=1)
    made = {name: np.atleast_1d(np.asarray(values)) for name, values in columns.items()}
    return {name: np.repeat(v, length) if len(v) == 1 else v for name, v in made.items()}


def _offset(offset: ArrayLike | None, m: int) -> Floats:
    if offset is None:
        return np.zeros(m)
    given = numbers(np.atleast_1d(np.asarray(offset)), "offset")
    if len(given) != m:
        raise UsageError("offset has another length than the rows.", "Give one value per row.")
    return given


def _wanted_strata(fit: Cox, columns: dict[str, Any], m: int) -> Flags:
    """Return which curves are wanted, shape (rows, strata)."""
    named = [name for name in fit.strata_names if name in columns]
    if len(named) < len(fit.strata_names) or len(fit.strata) == 1:
        return np.ones((m, len(fit.strata)), dtype=bool)
    labels = np.array(_labels(columns, fit.strata_names, m), dtype=object)
    if not set(labels) <= set(fit.strata):
        raise UsageError(
            "A row belongs to a stratum that the model does not know.",
            "Choose one of the model's.",
            "; ".join(fit.strata),
        )
    return labels[:, np.newaxis] == np.array(fit.strata, dtype=object)


def _labels(columns: dict[str, Any], names: tuple[str, ...], m: int) -> list[str]:
    parts: list[tuple[str, Integers, tuple[str, ...]]] = [(n, *levels(columns[n], n)) for n in names]
    if len(parts) == 1:
        return [parts[0][2][code] for code in parts[0][1]]
    return [", ".join(f"{name}={found[code[row]]}" for name, code, found in parts) for row in range(m)]
