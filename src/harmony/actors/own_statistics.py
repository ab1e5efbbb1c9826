"""Survival statistics on one's own table, outside any network: a file and options in, a table out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from harmony.actors.own_functions import FUNCTIONS, MODEL, MODEL_OPTIONS, Function
from harmony.errors import UsageError
from harmony.store.own_columns import Missing, OwnTable, Wanted, column_names_of, read_typed
from harmony.store.own_files import check_file, check_output, write_csv

#: Columns that are numbers; those of `_LABELS` are categories, `covariates` whichever they are.
_NUMBERS: Final = frozenset(
    {"time", "event", "entry", "weights", "score", "offset", "risk", "predictions", "start", "stop"}
)
_LABELS: Final = frozenset({"group", "strata", "cluster", "id", "from_state", "to_state", "cengroup"})
#: Options that name several columns, joined by commas.
_SEVERAL: Final = frozenset({"covariates", "strata", "predictions"})
#: Options whose parameter has another name.
_PARAMETER: Final = {"predictions": "survival_predictions"}
_MISSING: Final = ("refuse", "drop")


def compute(
    function: str,
    file: Path | None,
    given: Mapping[str, Any],
    output: Path | None = None,
    missing: Missing = "refuse",
) -> dict[str, Any]:
    """
    Compute one function on a file.

    Parameters
    ----------
    function : str
        One of `own_functions.FUNCTIONS`.
    file : Path, optional
        CSV or Parquet; only `power_logrank` needs none.
    given : mapping of str to value
        Options under the names of the function's parameters: a column option holds the column's name, and
        `covariates`, `strata`, `predictions` several by comma; `changes` maps flags to columns.
    output : Path, optional
        CSV for the function's table; without it the answer holds the table.
    missing : refuse or drop
        What to do with rows in which a column that is used has no value.

    Raises
    ------
    UsageError
        When the function or an option is unknown to it, or one it needs is absent; and as `read_typed`.
    """
    if function not in FUNCTIONS:
        raise UsageError(f"There is no function {function}.", "", ", ".join(FUNCTIONS))
    if missing not in _MISSING:
        raise UsageError(f"--missing {missing} is unknown.", "", ", ".join(_MISSING))
    what = FUNCTIONS[function]
    _check_options(function, what, given)
    if output is not None and file is not None and file.resolve() == output.resolve():
        raise UsageError("The output would replace the file that is read.", "Name another file.")
    if output is not None:
        check_output(output)
    own = _read(function, file, what, given, missing)
    result = _result(function, what, own, given)
    table = _table(result, own)
    answer = _answer(function, own, table, output)
    answer |= _attributes(result)
    for name, make in (what.more or {}).items():
        more = make(result, given)
        if more is not None:
            answer[name] = _rows(more)
    if output is None:
        answer["table"] = _rows(table)
    else:
        write_csv(output, table)
        answer["output"] = str(output)
    return answer


def _check_options(function: str, what: Function, given: Mapping[str, Any]) -> None:
    takes = (*what.takes(), "categories") if "covariates" in what.needs else what.takes()
    taken = ", ".join(_spelt(name) for name in takes)
    for name in given:
        if name not in takes:
            raise UsageError(f"{function} takes no {_spelt(name)}.", "Leave it out.", taken)
    absent = [_spelt(name) for name in (*what.needs, *what.asked) if name not in given]
    if absent:
        raise UsageError(f"{function} needs {', '.join(absent)}.", "Add it.", taken)
    covariates = _split(given.get("covariates", ""))
    for name in given.get("categories", ()):
        if name not in covariates:
            raise UsageError(f"--categories names {name}, which is no covariate.", "", ", ".join(covariates))


def _spelt(name: str) -> str:
    return "--" + name.replace("_", "-")


def _read(
    function: str, file: Path | None, what: Function, given: Mapping[str, Any], missing: Missing
) -> OwnTable | None:
    if not what.needs:
        if file is not None:
            raise UsageError(f"{function} reads no file.", "Leave out the file.")
        return None
    if file is None:
        raise UsageError(f"{function} needs a file.", "Name a CSV or Parquet file after the function.")
    wanted: dict[str, Wanted] = {}
    for option in (*what.needs, *what.may):
        for name in _columns(given, option):
            wanted[name] = _joined(name, wanted.get(name), _wanted(option, name, given))
    return read_typed(file, wanted, missing)


def _columns(given: Mapping[str, Any], option: str) -> list[str]:
    """Return the columns that an option names."""
    value = given.get(option)
    if value is None:
        return []
    if option == "changes":
        return list(value.values())
    return _split(value) if option in _SEVERAL else [value]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _wanted(option: str, name: str, given: Mapping[str, Any]) -> Wanted:
    if option in ("changes", "to_state"):
        return Wanted("number" if option == "changes" else "category", may_be_missing=True)
    if option in _LABELS or name in given.get("categories", ()) or name in given.get("reference", {}):
        return Wanted("category")
    return Wanted("number" if option in _NUMBERS else "either")


def _joined(name: str, one: Wanted | None, other: Wanted) -> Wanted:
    """Return what a column must be that two options name: a number beats either, nothing beats both."""
    if one is None or one == other or one.kind == "either":
        return other
    if other.kind == "either":
        return one
    if one.may_be_missing != other.may_be_missing:
        raise UsageError(f"{name} is named by two options that need different columns.", "Name another.")
    # Codes that are whole numbers are read as such either way.
    return Wanted("category" if "category" in (one.kind, other.kind) else "number", one.may_be_missing)


def _result(function: str, what: Function, own: OwnTable | None, given: Mapping[str, Any]) -> Any:
    if function in ("cox_zph", "predict", "baseline", "predict_transitions"):
        return _of_model(function, what, _need(own), given)
    names = [name for name in (*what.needs, *what.may) if name in given]
    arguments: dict[str, Any] = {_PARAMETER.get(n, n): _argument(n, _need(own), given) for n in names}
    only_tables = set(what.more or {}) | {"at", "quantiles", "tau"}
    for name in (*what.options, *what.asked):
        if name in given and not (name in only_tables and name in _of_tables(what)):
            arguments[name] = given[name]
    if "at" in what.asked and function != "landmark":
        arguments["times"] = arguments.pop("at")
    elif function == "landmark":
        arguments["at"] = _one(arguments["at"])
    if function == "multistate" and "states" not in arguments:
        both = (*arguments["from_state"].tolist(), *arguments["to_state"].tolist())
        arguments["states"] = sorted({state for state in both if state is not None})
    if "train" in arguments:
        arguments["train"] = _train(arguments["train"], given)
    return what.call(function)(**arguments)


def _of_tables(what: Function) -> tuple[str, ...]:
    """Return the options that only choose what is read from a result."""
    more = what.more or {}
    found = [name for name in ("at", "quantiles") if name in more or (name == "at" and "baseline" in more)]
    return (*found, "tau") if "length_of_stay" in more else tuple(found)


def _need(own: OwnTable | None) -> OwnTable:
    if own is None:
        raise UsageError("The function needs a file.", "Name a CSV or Parquet file after the function.")
    return own


def _argument(option: str, own: OwnTable, given: Mapping[str, Any]) -> Any:
    columns, value = own.columns, given[option]
    if option in ("covariates", "strata"):
        return {name: _labels(columns[name], option, name, given) for name in _split(value)}
    if option == "predictions":
        return np.column_stack([columns[name] for name in _split(value)])
    if option == "changes":
        return {flag: columns[name] for flag, name in value.items()}
    if option in ("from_state", "to_state"):
        # Codes and names of states alike are text, so that --states can name them.
        return np.array([_state(label) for label in columns[value].tolist()], dtype=object)
    return columns[value]


def _labels(column: Any, option: str, name: str, given: Mapping[str, Any]) -> Any:
    """Return a covariate as text when it was named as a category and holds numbers."""
    named = option == "covariates" and name in given.get("categories", ())
    return column if not named or name in given.get("reference", {}) else column.astype(str).astype(object)


def _state(label: Any) -> str | None:
    if label is None or label != label:
        return None
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _one(times: list[float]) -> float:
    if len(times) != 1:
        raise UsageError("--at takes one time here.", "Name one landmark.")
    return times[0]


def _train(file: Any, given: Mapping[str, Any]) -> tuple[Any, Any]:
    number = Wanted("number")
    own = read_typed(Path(file), {given["time"]: number, given["event"]: number})
    return own.columns[given["time"]], own.columns[given["event"]]


def _of_model(function: str, what: Function, own: OwnTable, given: Mapping[str, Any]) -> Any:
    """Fit a Cox model and ask it what the function answers."""
    from harmony.statistics.cox import cox

    names = [name for name in ("time", "event", "covariates", *MODEL) if name in given]
    arguments = {name: _argument(name, own, given) for name in names}
    arguments |= {name: given[name] for name in MODEL_OPTIONS if name in given}
    fit = cox(**arguments)
    call, times = what.call(function), given.get("at")
    if function == "cox_zph":
        return call(fit, given.get("transform", "km"))
    if function == "baseline":
        return call(fit, times)
    rows = _new_rows(Path(given["rows"]), fit)
    if function == "predict":
        return call(fit, rows, times, **({"conf_type": given["conf_type"]} if "conf_type" in given else {}))
    pairs = given["transitions"]
    states = given.get("states") or sorted({end for pair in pairs.values() for end in pair})
    chosen: Any = pairs if set(pairs) <= set(fit.strata) else list(pairs.values())
    return call(fit, rows, states, chosen, given.get("start_time", 0.0), times)


def _new_rows(file: Path, fit: Any) -> dict[str, Any]:
    """Read the covariates of new patients, and their strata where the file has them."""
    wanted = {
        name: Wanted("category" if name in fit.design.categories else "number")
        for name in dict.fromkeys(fit.variables)
    }
    check_file(file)
    present = column_names_of(file)
    wanted |= {name: Wanted("category") for name in (*fit.strata_names, "strata") if name in present}
    own = read_typed(file, wanted)
    return dict(own.columns)


def _table(result: Any, own: OwnTable | None) -> pa.Table:
    if isinstance(result, pa.Table):
        return result
    if hasattr(result, "keep"):
        return _of_landmark(result, _need(own))
    if hasattr(result, "flags"):
        return result.table().append_column("row", pa.array(_need(own).row[result.patient]))
    if hasattr(result, "table"):
        return result.table()
    return pa.table({name: [value] for name, value in asdict(result).items()})


def _of_landmark(result: Any, own: OwnTable) -> pa.Table:
    """Return every row of the file that was read: kept or not, and time and event from the landmark."""
    place = np.cumsum(result.keep) - 1
    columns = {"time": result.time, "event": result.event}
    kept = {
        name: pa.array(values[np.maximum(place, 0)], mask=~result.keep) for name, values in columns.items()
    }
    return pa.table({"row": own.row, "keep": result.keep, **kept})


def _answer(function: str, own: OwnTable | None, table: pa.Table, output: Path | None) -> dict[str, Any]:
    read = "" if own is None else f" from {len(own.row):,} of {own.rows:,} rows"
    left = "" if own is None or not own.left_out else f"; {own.left_out:,} left out for missing values"
    answer: dict[str, Any] = {"message": f"{function}: {table.num_rows:,} lines{read}{left}."}
    if own is not None:
        answer |= {"rows_read": own.rows, "rows_used": len(own.row), "rows_left_out": own.left_out}
        answer["remarks"] = list(own.remarks)
    return answer | {"function": function}


def _attributes(result: Any) -> dict[str, Any]:
    """Return what a result says in single values: numbers, texts, tests, warnings."""
    found: dict[str, Any] = {"warnings": list(getattr(result, "warnings", ()))}
    if not is_dataclass(result):
        return found
    for name in [field.name for field in fields(result) if field.name != "data"]:
        value = getattr(result, name)
        if isinstance(value, (bool, int, float, str, np.number)):
            found[name] = _plain(value)
        elif is_dataclass(value) and {f.name for f in fields(value)} == {"statistic", "df", "p"}:
            found[name] = {key: _plain(part) for key, part in asdict(value).items()}  # type: ignore[arg-type]
    return found


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it; what is no number there is null."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
