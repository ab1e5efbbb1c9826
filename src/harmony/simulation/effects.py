"""
The effects planted in the cohort, and whether an estimate has found them.

`estimate` reads plain columns, so that the platform holds its own results against the truth in the same
way. Columns are arrays of shape (n,), one entry a patient; NaN = not known or not applicable, and leaves the
patient out of the effects that need the column:

- 1 or 0: `intensive`; `apl` (acute promyelocytic leukaemia); `tp53`, `npm1`, `dnmt3a` (1 mutated, 0 wild
  type, NaN not tested); `mrd_positive` (at the end of induction, in remission); `complete_remission` (CR, CRh
  or CRi; NaN when no response was assessed); `eln_favourable`, `eln_adverse` (ELN 2022; both NaN when not
  assessable)
- `age`: years at diagnosis
- `os_time`, `rfs_time`, `cir_time`: years, the first from diagnosis, the others from remission (NaN without)
- `os_event`, `rfs_event`: 1 event, 0 censored; `cir_event`: 1 relapse, 2 death without relapse, 0 censored
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.simulation.definitions import definition
from harmony.simulation.terms import holds
from harmony.statistics.cox import cox
from harmony.statistics.cumulative_incidence import cumulative_incidence
from harmony.statistics.tables import odds_ratio, share

#: Distance from the planted value, in standard errors, at which an estimate no longer passes.
PASS_LIMIT: Final = 3.0

#: Distance that at most one in `RARE` of a disease's effects may exceed.
USUAL_LIMIT: Final = 2.0
RARE: Final = 20

Known = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class PlantedEffect:
    """
    One effect a study on the cohort must find.

    Attributes
    ----------
    id, label : str
        Identifier (AML-11 …) and what is estimated, in words.
    kind : str
        hazard_ratio, odds_ratio, share or cumulative_incidence_at.
    population : str
        Condition on columns, in the grammar of `harmony.simulation.terms`.
    value : float
        Planted ratio, or per cent.
    monte_carlo_se : float
        Error of the value itself, on the scale of the standard error.
    log_scale : bool
        True when standard errors belong to the logarithm (ratios).
    endpoint : str
        os, rfs or cir; empty where there is none.
    at : float
        Years; NaN where there is none.
    columns : tuple of str
        Terms: the first is the one estimated, the others are adjusted for or paired with it.
    """

    id: str
    label: str
    kind: str
    population: str
    value: float
    monte_carlo_se: float
    log_scale: bool
    endpoint: str
    at: float
    columns: tuple[str, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that must be known in a patient for the effect, those of the population not counted."""
        times = (f"{self.endpoint}_time", f"{self.endpoint}_event") if self.endpoint else ()
        return self.columns + times

    def distance(self, estimate: float, std_err: float) -> float:
        """
        Return how far an estimate lies from the planted value, in joint standard errors.

        Parameters
        ----------
        estimate, std_err : float
            As `estimate` returns them.
        """
        found, planted = (math.log(x) if self.log_scale else x for x in (estimate, self.value))
        return (found - planted) / math.hypot(std_err, self.monte_carlo_se)


def planted_effects() -> tuple[PlantedEffect, ...]:
    """Return the planted effects of the AML cohort, in the order of their ids."""
    return tuple(_parse(item) for item in definition("planted")["effects"])


def _parse(item: Mapping[str, Any]) -> PlantedEffect:
    terms = [item[name] for name in ("term", "a", "b", "of") if name in item]
    return PlantedEffect(
        id=item["id"],
        label=item["label"],
        kind=item["kind"],
        population=item["population"],
        value=item["value"],
        monte_carlo_se=item["monte_carlo_se"],
        log_scale=item["se_scale"] == "log",
        endpoint=item.get("endpoint", ""),
        at=item.get("at", math.nan),
        columns=(*terms, *item.get("adjust", ())),
    )


def passes(effect: PlantedEffect, estimate: float, std_err: float) -> bool:
    """
    Tell whether an estimate has found the planted effect.

    Parameters
    ----------
    estimate : float
        Ratio, or per cent.
    std_err : float
        Its standard error, of the logarithm for ratios.
    """
    return abs(effect.distance(estimate, std_err)) < PASS_LIMIT


def holds_together(distances: Collection[float]) -> bool:
    """
    Tell whether all planted effects of a disease are found, taken together.

    Parameters
    ----------
    distances : collection of float
        One `PlantedEffect.distance` an effect. Every one must lie within 3, and at most one in twenty may lie
        beyond 2: of fewer than twenty effects none.

    Raises
    ------
    UnsoundAnalysis
        When there is no distance.
    """
    if not distances:
        raise UnsoundAnalysis("There is no planted effect to judge.", "Pass one distance an effect.")
    beyond = sum(abs(distance) > USUAL_LIMIT for distance in distances)
    return all(abs(distance) < PASS_LIMIT for distance in distances) and RARE * beyond <= len(distances)


def estimate(effect: PlantedEffect, columns: Mapping[str, NDArray[Any]]) -> tuple[float, float]:
    """
    Estimate a planted effect with the platform's own statistics.

    Parameters
    ----------
    columns : mapping of str to array of shape (n,)
        Those named at the top of this module; the effect's `needs` and the columns of its population suffice.

    Returns
    -------
    estimate, std_err : float
        Ratio with the standard error of its logarithm, or per cent with its standard error.

    Raises
    ------
    UsageError
        When a column is missing.
    UnsoundAnalysis
        When nobody of the population has all columns known, or the statistics refuse.
    """
    missing = sorted(set(effect.needs) - set(columns))
    if missing:
        raise UsageError(f"Effect {effect.id} needs the columns {', '.join(missing)}.", "Add them.")
    values = {name: np.asarray(columns[name], dtype=float) for name in effect.needs}
    used = holds(effect.population, columns)
    used &= np.logical_and.reduce([~np.isnan(value) for value in values.values()])
    if not used.any():
        raise UnsoundAnalysis(f"Nobody is left for effect {effect.id}.", "Check which columns are known.")
    return _ESTIMATORS[effect.kind](effect, {name: value[used] for name, value in values.items()})


def _hazard_ratio(effect: PlantedEffect, known: Known) -> tuple[float, float]:
    time, event = known[f"{effect.endpoint}_time"], known[f"{effect.endpoint}_event"]
    fit = cox(time, event, {name: known[name] for name in effect.columns}, ties="breslow")
    place = fit.terms.index(effect.columns[0])
    return float(fit.hazard_ratio[place]), float(fit.se[place])


def _odds_ratio(effect: PlantedEffect, known: Known) -> tuple[float, float]:
    first, second = (known[name] for name in effect.columns)
    result = odds_ratio(first, second)
    return result.estimate, result.log_std_err


def _share(effect: PlantedEffect, known: Known) -> tuple[float, float]:
    result = share(known[effect.columns[0]])
    return 100 * result.estimate, 100 * result.std_err


def _incidence(effect: PlantedEffect, known: Known) -> tuple[float, float]:
    curves = cumulative_incidence(known[f"{effect.endpoint}_time"], known[f"{effect.endpoint}_event"])
    row = next(row for row in curves.at([effect.at]).to_pylist() if row["cause"] == 1)
    return 100 * row["estimate"], 100 * row["std_err"]


_ESTIMATORS: Final[dict[str, Callable[[PlantedEffect, Known], tuple[float, float]]]] = {
    "hazard_ratio": _hazard_ratio,
    "odds_ratio": _odds_ratio,
    "share": _share,
    "cumulative_incidence_at": _incidence,
}
