"""What `harmony statistics` can compute: each function with its columns, options and further tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

#: Makes a further table of a result, or None when it was not asked for.
More = Callable[[Any, Mapping[str, Any]], Any]

LIMITS: Final = ("conf_type", "conf_level")
MODEL: Final = ("entry", "strata", "weights", "cluster", "id", "offset")
MODEL_OPTIONS: Final = ("ties", "reference", "penalty", "firth", "robust", "conf_level")


@dataclass(frozen=True)
class Function:
    """
    One function of `harmony.statistics` as the command reaches it.

    Attributes
    ----------
    says : str
        One sentence for the help.
    needs, may : tuple of str
        Options that name columns of the file: required ones and others.
    options : tuple of str
        Further options; those in `asked` are required.
    asked : tuple of str
    module : str
        Module of `harmony.statistics`; the function's own name when empty.
    more : mapping of str to function
        Further tables of the result.
    """

    says: str
    needs: tuple[str, ...] = ("time", "event")
    may: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    module: str = ""
    more: Mapping[str, More] | None = None

    def takes(self) -> tuple[str, ...]:
        """Return every option that it takes."""
        return (*self.needs, *self.may, *self.asked, *self.options)

    def call(self, name: str) -> Callable[..., Any]:
        """Return the function itself; modules are loaded only when they are used."""
        found: Callable[..., Any] = getattr(import_module(f"harmony.statistics.{self.module or name}"), name)
        return found


def _at(result: Any, given: Mapping[str, Any]) -> Any:
    return result.at(given["at"]) if "at" in given else None


def _quantiles(result: Any, given: Mapping[str, Any]) -> Any:
    return result.quantiles(given["quantiles"]) if "quantiles" in given else result.quantiles()


def _contrasts(result: Any, given: Mapping[str, Any]) -> Any:
    return result.contrasts() if len(result.groups) > 1 else None


def _stay(result: Any, given: Mapping[str, Any]) -> Any:
    return result.length_of_stay(given["tau"]) if "tau" in given else None


_STEPS: Final = {"at": _at}

FUNCTIONS: Final[Mapping[str, Function]] = {
    "kaplan_meier": Function(
        "Survival over time, with medians and quantiles.",
        may=("entry", "group", "weights", "cluster"),
        options=(*LIMITS, "robust", "at", "quantiles"),
        more={"at": _at, "quantiles": _quantiles, "summary": lambda result, _: result.summary()},
    ),
    "nelson_aalen": Function(
        "Cumulative hazard over time.",
        may=("entry", "group", "weights", "cluster"),
        options=(*LIMITS, "robust", "at"),
        more=_STEPS,
    ),
    "logrank": Function(
        "Comparison of groups: log-rank test and its weighted family, stratified or for a trend.",
        needs=("time", "event", "group"),
        may=("entry", "strata", "weights"),
        options=("rho", "gamma", "trend"),
    ),
    "cox": Function(
        "Proportional hazards regression.",
        needs=("time", "event", "covariates"),
        may=MODEL,
        options=(*MODEL_OPTIONS, "at"),
        more={"baseline": lambda fit, given: fit.baseline(given["at"]) if "at" in given else None},
    ),
    "cox_zph": Function(
        "Test of proportional hazards of a Cox model.",
        needs=("time", "event", "covariates"),
        may=MODEL,
        options=(*MODEL_OPTIONS, "transform"),
    ),
    "predict": Function(
        "Survival of new patients, predicted by a Cox model.",
        needs=("time", "event", "covariates"),
        may=MODEL,
        options=(*MODEL_OPTIONS, "at", "conf_type"),
        asked=("rows",),
        module="cox_predict",
    ),
    "baseline": Function(
        "Cumulative hazard of a Cox model where all covariates are 0.",
        needs=("time", "event", "covariates"),
        may=MODEL,
        options=(*MODEL_OPTIONS, "at"),
        module="cox_predict",
    ),
    "concordance": Function(
        "Concordance of a score with survival, Harrell's or Uno's.",
        needs=("time", "event", "score"),
        may=("entry", "strata", "weights", "cluster"),
        options=("method", "tau"),
    ),
    "cumulative_incidence": Function(
        "Probability of competing causes over time.",
        may=("entry", "group", "weights", "id"),
        options=(*LIMITS, "variance", "at"),
        more=_STEPS,
    ),
    "gray_test": Function(
        "Comparison of groups' cumulative incidences, cause by cause.",
        needs=("time", "event", "group"),
        may=("strata",),
        options=("rho",),
    ),
    "fine_gray": Function(
        "Regression on the cumulative incidence of one cause.",
        needs=("time", "event", "covariates"),
        may=("entry", "strata", "weights", "cluster", "cengroup"),
        options=("cause", "variant", "reference", "conf_level"),
    ),
    "restricted_mean": Function(
        "Mean survival time up to a time, with contrasts of two groups.",
        may=("entry", "group", "weights"),
        options=("tau", "conf_level"),
        more={"contrasts": _contrasts},
    ),
    "landmark": Function(
        "Patients still in follow-up at a time, with their clock started anew.",
        may=("entry",),
        asked=("at",),
    ),
    "multistate": Function(
        "Transition probabilities, state occupation and length of stay.",
        needs=("id", "start", "stop", "from_state", "to_state"),
        may=("weights",),
        options=("states", "start_time", "variance", "at", "tau"),
        more={
            "at": _at,
            "transitions": lambda result, _: result.transitions(),
            "cumulative_hazard": lambda result, _: result.cumulative_hazard(),
            "occupation": lambda result, _: result.occupation(),
            "length_of_stay": _stay,
        },
    ),
    "predict_transitions": Function(
        "One patient's transition probabilities from a Cox model stratified by transition.",
        needs=("time", "event", "covariates", "strata"),
        may=tuple(name for name in MODEL if name != "strata"),
        options=(*MODEL_OPTIONS, "states", "start_time", "at"),
        asked=("rows", "transitions"),
    ),
    "split_follow_up": Function(
        "Start-stop rows, split where something changes, for time-dependent covariates.",
        needs=("stop", "event", "changes"),
        may=("entry",),
    ),
    "brier": Function(
        "Brier score of predicted survival, and its integral.",
        needs=("time", "event", "predictions"),
        options=("train",),
        asked=("at",),
    ),
    "auc": Function(
        "Area under the time-dependent ROC curve of a score.",
        needs=("time", "event", "score"),
        options=("train",),
        asked=("at",),
    ),
    "calibration": Function(
        "Predicted beside observed risk at a horizon.",
        needs=("time", "event", "risk"),
        options=("cause", "groups", "conf_level"),
        asked=("horizon",),
    ),
    "followup": Function(
        "Follow-up by the reverse Kaplan-Meier method.",
        may=("entry", "group", "weights"),
        options=LIMITS,
    ),
    "conditional_survival": Function(
        "Survival for a further time, given that a time was survived.",
        may=("entry", "group", "weights"),
        options=LIMITS,
        asked=("given", "further"),
    ),
    "power_logrank": Function(
        "Power or sample size of a log-rank test; reads no file.",
        needs=(),
        options=(
            "power",
            "events",
            "n",
            "alpha",
            "sides",
            "ratio",
            "method",
            "event_probability",
            "hazard_control",
            "accrual",
            "follow_up",
            "dropout_hazard",
        ),
        asked=("hazard_ratio",),
    ),
}
