"""Cox's proportional hazards regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import ArrayLike

from harmony.errors import UsageError
from harmony.statistics.cox_data import CoxData, read_rows
from harmony.statistics.cox_estimates import estimates
from harmony.statistics.cox_exact import evaluate_exact
from harmony.statistics.cox_firth import evaluate_firth
from harmony.statistics.cox_maximum import Likelihood, maximise
from harmony.statistics.cox_options import Penalty, check_combination, ridge_weights, robust_clusters
from harmony.statistics.cox_warnings import refuse_few_events
from harmony.statistics.design_matrix import DesignMatrix
from harmony.statistics.distributions import ChiSquare, limit_width
from harmony.statistics.partial_likelihood import Workspace, evaluate, linear_predictor
from harmony.statistics.risk_cells import Ties
from harmony.statistics.samples import Floats, FollowUp, Integers

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Cox:
    """
    A fitted model; arrays have shape (p,), one entry per term.

    Attributes
    ----------
    terms : tuple of str
        A category has one term per level but the reference, spelt `variable` + `level`.
    coef, se, robust_se : float arrays
        Log hazard ratio, its model-based standard error, and the sandwich one (None where none was asked).
    z, p : float arrays
        coef / standard error (the robust one where there is one), two-sided p-value.
    hazard_ratio, lower, upper : float arrays
        exp(coef) and its limits, from the same standard error.
    covariance, robust_covariance : float arrays of shape (p, p)
        Inverse information at the estimate (with the ridge where there is one), and the sandwich or None.
    loglik, loglik_null : float
        Log partial likelihood at the estimate and without covariates; it includes Firth's penalty, not the
        ridge.
    lr_test, wald_test, score_test, robust_score_test : ChiSquare
        Tests that all coefficients are 0; the Wald test uses the robust variance where there is one, the
        last is None without.
    aic : float
        2 df - 2 loglik.
    df : int or float
        Number of terms; the effective number under a ridge.
    concordance, concordance_se : float
        Harrell's concordance of the linear predictor within strata, and its standard error; NaN, with a
        warning, when no two rows can be compared.
    n, events, iterations : int
        Rows, events, Newton steps.
    warnings : tuple of str
        What must be told with the numbers.
    """

    terms: tuple[str, ...]
    coef: Floats
    se: Floats
    robust_se: Floats | None
    z: Floats
    p: Floats
    hazard_ratio: Floats
    lower: Floats
    upper: Floats
    covariance: Floats
    robust_covariance: Floats | None
    loglik: float
    loglik_null: float
    lr_test: ChiSquare
    wald_test: ChiSquare
    score_test: ChiSquare
    robust_score_test: ChiSquare | None
    aic: float
    df: float
    concordance: float
    concordance_se: float
    n: int
    events: int
    iterations: int
    warnings: tuple[str, ...]
    conf_level: float
    data: CoxData = field(repr=False)

    @property
    def sample(self) -> FollowUp:
        """The checked rows."""
        return self.data.sample

    @property
    def stratum(self) -> Integers:
        """Stratum of each row, an index into `strata`."""
        return self.data.strata.code

    @property
    def ties(self) -> Ties:
        """How tied events share their risk set."""
        return self.data.ties

    @property
    def predictor(self) -> Floats:
        """Coefficients times covariates, plus the offset, shape (n,); not centred."""
        centred = linear_predictor(self.design, self.data.cells, self.coef)
        return np.asarray(centred + self.coef @ self.design.centre, dtype=np.float64)

    @property
    def design(self) -> DesignMatrix:
        """The terms and how covariates become them."""
        return self.data.design

    @property
    def variables(self) -> tuple[str, ...]:
        """The covariate each term comes from."""
        return self.data.design.variables

    @property
    def strata(self) -> tuple[str, ...]:
        """Labels of the strata; one of a model without."""
        return tuple("" if label is None else label for label in self.data.strata.labels)

    @property
    def strata_names(self) -> tuple[str, ...]:
        """Names of the strata columns; empty without strata."""
        return self.data.strata_names

    def table(self) -> pa.Table:
        """Return one row per term: term, coef, se, robust_se, z, p, hazard_ratio, lower, upper."""
        import pyarrow as pa

        names = ("coef", "se", "robust_se", "z", "p", "hazard_ratio", "lower", "upper")
        columns = {"term": pa.array(self.terms, pa.string())}
        for name in names:
            values = getattr(self, name)
            columns[name] = pa.nulls(len(self.terms), pa.float64()) if values is None else pa.array(values)
        return pa.table(columns)

    def predict(self, rows: Any, times: ArrayLike) -> pa.Table:
        """Return predicted survival: row, time, survival, std_err, lower, upper; see `cox_predict`."""
        from harmony.statistics.cox_predict import predict

        return predict(self, rows, times)

    def baseline(self, times: ArrayLike) -> pa.Table:
        """Return the cumulative hazard of one whose covariates are all 0: time, cumulative_hazard."""
        from harmony.statistics.cox_predict import baseline

        return baseline(self, times)


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: Any,
    entry: ArrayLike | None = None,
    strata: Any = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    id: ArrayLike | None = None,
    ties: Ties = "efron",
    robust: bool | None = None,
    reference: Mapping[str, object] | None = None,
    penalty: Penalty = None,
    firth: bool = False,
    offset: ArrayLike | None = None,
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
        The result keeps numbers by reference: do not change them while it is in use.
    entry : array of shape (n,), optional
        Delayed entry, or the start of start-stop rows (time-dependent covariates): at risk after it.
    strata : array of shape (n,), or a mapping or table of several, optional
        Each combination has its own baseline hazard.
    weights : array of shape (n,), optional
        Case weights, 0 or more; a row of weight 0 is as if absent.
    cluster, id : arrays of shape (n,), optional
        Rows of one centre, family or patient: asks for the robust variance, with residuals summed within
        clusters. `id` serves where `cluster` is not given and the variance is robust: by `robust`, or
        because a patient has several events.
    ties : efron, breslow or exact
        How tied events share their risk set; exact is the discrete-time conditional likelihood.
    robust : bool, optional
        Sandwich variance. None: when there is a cluster, a weight that is no whole number, or a patient with
        several events, as R decides.
    reference : mapping of str to level, optional
        Reference level of categories; the first in sorted order where a category is not named.
    penalty : float, or mapping of covariate or term to float, optional
        Ridge: half of it times the squared coefficient times the term's variance (divisor n - 1) is taken
        off the log-likelihood, as R's `ridge(theta=)` does; 0 for none.
    firth : bool
        Firth's penalty: finite estimates with few events or a level without any.
    offset : array of shape (n,), optional
        Added to the linear predictor with coefficient 1.
    conf_level : float
        Coverage of the limits.

    Raises
    ------
    UnsoundAnalysis
        When there is no event, fewer than 5 per term without a penalty, a covariate is constant, missing
        somewhere or a combination of others, or the likelihood has no maximum because a coefficient runs off
        to infinity; and as `kaplan_meier`. One patient alone is refused (a covariate does not vary).
    UsageError
        When shapes, names or options are wrong, or exact ties are asked for with weights, robust or firth.

    References
    ----------
    Cox, J R Stat Soc B 1972;34:187. Conventions as in R survival 3.5.3 `coxph`.
    """
    if ties not in get_args(Ties):
        raise UsageError("The treatment of ties is unknown.", "Choose another.", "efron, breslow, exact")
    limit_width(conf_level)
    sandwich, groups = robust_clusters(robust, cluster, id, event, weights, entry)
    check_combination(ties, sandwich, weights, firth, penalty)
    data = read_rows(time, event, covariates, ties, reference, entry, strata, weights, groups, offset)
    ridge = ridge_weights(penalty, data.design)
    found = maximise(_likelihood(data, firth), data.design, ridge, firth)
    refuse_few_events(data, firth or bool(ridge.any()))
    return Cox(
        terms=data.design.terms,
        **estimates(data, found, ridge, sandwich, conf_level),
        n=len(data.sample.day),
        events=len(data.cells.died),
        iterations=found.iterations,
        conf_level=conf_level,
        data=data,
    )


def _likelihood(data: CoxData, firth: bool) -> Likelihood:
    design, cells = data.design, data.cells
    if firth:
        return lambda coef: evaluate_firth(design, cells, coef)
    if data.ties == "exact":
        return lambda coef: evaluate_exact(design, cells, coef)
    work = Workspace(design)
    return lambda coef: evaluate(design, cells, coef, work=work)
