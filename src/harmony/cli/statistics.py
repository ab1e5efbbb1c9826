"""
The command for one's own table: `harmony statistics FUNCTION FILE`; outside any network.

Its options are those of all functions of `harmony.statistics`, under the names of their parameters, so they
stand in a table here and the signature that Typer reads is made of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from harmony.actors.own_functions import FUNCTIONS
from harmony.cli.options import Json, Quiet, answer
from harmony.errors import UsageError

#: Longer tables are shown by `--json` or `--output` only.
LINES_ON_SCREEN: Final = 12


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"{text!r} is no list of numbers.", "Write them with commas, such as 365,730."
        ) from None


def _number(text: str) -> float:
    found = _numbers(text)
    if len(found) > 1:
        raise UsageError(f"{text!r} is more than one number.", "Write one, or name=number by comma.")
    return found[0]


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _number_or_names(text: str) -> float | dict[str, float]:
    """Return one number, or numbers by name (`age=1,sex=0.5`)."""
    if "=" not in text:
        return _number(text)
    return {name: _number(value) for name, value in _pairs(text).items()}


def _one_or_two(text: str) -> float | tuple[float, float]:
    found = _numbers(text)
    if len(found) > 2:
        raise UsageError(f"{text!r} is more than two numbers.", "Write one, or one per group.")
    return found[0] if len(found) == 1 else (found[0], found[1])


def _pairs(text: str) -> dict[str, str]:
    """Return `name=value,...` as a dict; a name alone stands for itself."""
    found = {}
    for part in _words(text):
        name, _, value = part.partition("=")
        found[name.strip()] = value.strip() or name.strip()
    return found


def _trend(text: str) -> bool | list[float] | dict[str, float]:
    """Return True for groups numbered in order, or their numbers in order or by name."""
    if text.lower() in ("yes", "true"):
        return True
    return {k: _numbers(v)[0] for k, v in _pairs(text).items()} if "=" in text else _numbers(text)


def _transitions(text: str) -> dict[str, tuple[str, ...]]:
    """Return `1=well>ill,2=well>dead`: stratum of the model to its two states."""
    found: dict[str, tuple[str, ...]] = {}
    for number, part in enumerate(_words(text), 1):
        stratum, equals, way = part.partition("=")
        states = tuple(state.strip() for state in (way if equals else part).split(">"))
        found[stratum.strip() if equals else str(number)] = states
    return found


@dataclass(frozen=True)
class Option:
    """One option: its type on the command line, what it says, how its text becomes the argument."""

    kind: Any
    says: str
    read: Callable[[Any], Any] | None = None
    #: A second name that means the same.
    also: str = ""


OPTIONS: Final[Mapping[str, Option]] = {
    "time": Option(str, "Column with the follow-up time, 0 or more, in any unit."),
    "event": Option(str, "Column with the event: 0 censored, 1, 2 ... causes."),
    "entry": Option(str, "Column with the time from which a row is under observation."),
    "group": Option(str, "Column with the group."),
    "covariates": Option(str, "Columns with covariates, by comma; text is a category."),
    "categories": Option(str, "Covariates that are categories although they hold numbers, by comma.", _words),
    "reference": Option(
        list[str],
        "Reference level of a category, name=level; may be repeated.",
        lambda t: _pairs(",".join(t)),
    ),
    "strata": Option(str, "Columns with strata, by comma."),
    "weights": Option(str, "Column with case weights."),
    "cluster": Option(str, "Column with clusters for the robust variance."),
    "id": Option(str, "Column with the patient."),
    "offset": Option(str, "Column with an offset of the linear predictor."),
    "score": Option(str, "Column with a score; higher means an earlier event."),
    "risk": Option(str, "Column with the predicted risk at the horizon, 0 to 1."),
    "predictions": Option(str, "Columns with predicted survival at each time of --at, by comma."),
    "cengroup": Option(str, "Column with groups of equal censoring."),
    "start": Option(str, "Column with the start of a row."),
    "stop": Option(str, "Column with the stop of a row."),
    "from_state": Option(str, "Column with the state during a row."),
    "to_state": Option(str, "Column with the state entered at its stop; empty = censored."),
    "changes": Option(
        str, "Columns with the time of each change, by comma, or flag=column; empty = never.", _pairs
    ),
    "at": Option(
        str, "Times, by comma; a landmark, horizons, or times to read curves at.", _numbers, "--times"
    ),
    "quantiles": Option(str, "Shares of patients, by comma, such as 0.25,0.5.", _numbers),
    "tau": Option(float, "Time up to which is counted."),
    "cause": Option(int, "Cause of interest."),
    "rho": Option(float, "Power of the pooled survival in the weights of the test."),
    "gamma": Option(float, "Power of one minus the pooled survival in the weights."),
    "trend": Option(str, "Test for a trend: yes, or a number per group by comma, or group=number.", _trend),
    "transform": Option(str, "Time scale of the test: km, rank, identity or log."),
    "ties": Option(str, "Tied events: efron, breslow or exact."),
    "conf_type": Option(str, "Scale of limits: log, log-log or plain."),
    "conf_level": Option(float, "Level of limits, such as 0.95."),
    "penalty": Option(str, "Ridge penalty: a number, or name=number by comma.", _number_or_names),
    "firth": Option(bool, "Firth's penalty."),
    "robust": Option(bool, "Sandwich variance."),
    "variance": Option(str, "Form of the variance: aalen, greenwood or jackknife."),
    "variant": Option(str, "Fine-Gray as crr or as finegray."),
    "method": Option(str, "Concordance: harrell or uno. Sample size: schoenfeld or freedman."),
    "states": Option(str, "All states, by comma.", _words),
    "start_time": Option(float, "Time at which the patient is known to be in a state."),
    "transitions": Option(str, "Transitions of the model, by comma: stratum=from>to.", _transitions),
    "rows": Option(Path, "File with the covariates of new patients.", str),
    "train": Option(Path, "File with the patients the model was fitted to: same columns.", str),
    "horizon": Option(float, "Time at which risk is judged."),
    "groups": Option(int, "Number of groups of equal size."),
    "given": Option(str, "Times survived so far, by comma.", _numbers),
    "further": Option(str, "Further times, by comma.", _numbers),
    "hazard_ratio": Option(float, "Hazard ratio to be found."),
    "power": Option(float, "Wanted power."),
    "events": Option(int, "Events."),
    "n": Option(int, "Patients."),
    "alpha": Option(float, "Level of the test."),
    "sides": Option(int, "1 or 2 sides."),
    "ratio": Option(float, "Patients per patient of the control group."),
    "event_probability": Option(str, "Probability of the event, one or two by comma.", _one_or_two),
    "hazard_control": Option(float, "Hazard of the control group."),
    "accrual": Option(float, "Duration of accrual."),
    "follow_up": Option(float, "Follow-up after accrual."),
    "dropout_hazard": Option(float, "Hazard of leaving the study."),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    listed = "\b\n" + "\n".join(f"{name:22}{what.says}" for name, what in FUNCTIONS.items())
    says = "Compute survival statistics on a CSV or Parquet file of one's own."
    app.command("statistics", help=f"{says}\n\n{listed}")(_statistics)


def _statistics(**words: Any) -> None:
    function, file, output = words.pop("function"), words.pop("file"), words.pop("output")
    missing, as_json, quiet = words.pop("missing"), words.pop("as_json"), words.pop("quiet")

    def act() -> Mapping[str, Any]:
        from harmony.actors.own_statistics import compute

        given = {name: value for name, value in words.items() if value not in (None, [], ())}
        for name, value in given.items():
            read = OPTIONS[name].read
            given[name] = value if read is None else read(value)
        found = compute(function, file, given, output, missing)
        return found if as_json else _for_screen(found)

    answer(act, as_json, quiet)


def _for_screen(found: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out long tables and what has no value; what is left out is named."""
    shown, long = {}, []
    for name, value in found.items():
        if isinstance(value, list) and len(value) > LINES_ON_SCREEN:
            long.append(name)
        elif value is not None and name not in ("function", "rows_read", "rows_used", "rows_left_out"):
            shown[name] = _rounded(value)
    return shown | ({"in_json_only": ", ".join(long)} if long else {})


def _rounded(value: Any) -> Any:
    """Return a value with six significant digits; files and `--json` keep all."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items() if part is not None}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def _signature() -> inspect.Signature:
    fixed: dict[str, tuple[Any, Any]] = {
        "function": (Annotated[str, typer.Argument(help="What to compute; listed above.")], inspect._empty),
        "file": (Annotated[Path | None, typer.Argument(help="CSV (UTF-8) or Parquet file.")], None),
        "output": (Annotated[Path | None, typer.Option(help="CSV file to write the table to.")], None),
        "missing": (
            Annotated[str, typer.Option(help="Rows with missing values: refuse, or drop and count them.")],
            "refuse",
        ),
    }
    for name, option in OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        names = [f"{flag}/--no-{flag[2:]}"] if option.kind is bool else [flag]
        names += [option.also] if option.also else []
        kind = option.kind | None if option.kind is not list[str] else list[str] | None
        fixed[name] = (Annotated[kind, typer.Option(*names, help=option.says, show_default=False)], None)
    fixed |= {"as_json": (Json, False), "quiet": (Quiet, False)}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in fixed.items()
    ]
    return inspect.Signature(parameters)


_statistics.__signature__ = _signature()  # type: ignore[attr-defined]
_statistics.__annotations__ = {name: p.annotation for name, p in _signature().parameters.items()}
