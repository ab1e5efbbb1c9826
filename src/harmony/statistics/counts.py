"""Counts per group, time and cause instead of rows: what a query or another site hands to the estimators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.columns import named_columns
from harmony.statistics.risk_sets import RiskSets, from_totals
from harmony.statistics.samples import (
    MOST_CAUSES,
    Floats,
    Integers,
    groups,
    numbers,
    same_length,
    tied,
)

#: Columns of a table with one row per group and time, and the cause that each counts.
WIDE = {"n_event": 1, "n_censor": 0}


@dataclass(frozen=True, eq=False)
class Counts:
    """
    Checked counts of g groups in s strata on k distinct times of exit; made by `counts` only.

    Attributes
    ----------
    labels : tuple of str or None, length g
        Groups, sorted; (None,) when the table names none.
    strata : tuple of str or None, length s
        Strata, sorted; (None,) when the table names none.
    causes : tuple of int, length c
        Event codes that occur, ascending, without 0 (censored); (1,) when there is no event.
    times : float array of shape (k,)
        Distinct times at which anybody ends, ascending.
    ended : int array of shape (s, g, c + 1, k)
        Patients who end at the time: censored first, then one row per cause.
    entered : int array of shape (s, g, k) or None
        Patients for whom the time is the first one at which they are at risk. None without delayed entry.
    """

    labels: tuple[str | None, ...]
    strata: tuple[str | None, ...]
    causes: tuple[int, ...]
    times: Floats
    ended: Integers
    entered: Integers | None

    def risk_sets(self, code: int) -> RiskSets:
        """Return the risk sets of group number `code`, all strata together, on the times of this group."""
        ended = self.ended[:, code].sum(axis=0)
        entered = None if self.entered is None else self.entered[:, code].sum(axis=0)
        return from_totals(self.times, ended.sum(axis=0), ended[1:], entered)

    def n_risk(self) -> Integers:
        """Return those at risk at each of `times`: int array of shape (s, g, k)."""
        ended = self.ended.sum(axis=2)
        n_risk: Integers = ended[..., ::-1].cumsum(axis=-1)[..., ::-1]
        if self.entered is not None:
            n_risk = n_risk - (self.entered.sum(axis=-1, keepdims=True) - self.entered.cumsum(axis=-1))
        return n_risk


def counts(table: Any) -> Counts:
    """
    Check counts of patients and put them in order.

    Parameters
    ----------
    table : dict of arrays, Arrow or pandas table, or a list of such
        One row per group, time and cause, in any order; rows of the same group, time and cause add up,
        and so do the tables of a list (several sites). Columns:

        - `time`: 0 or more; `cause`: 0 censored, 1, 2 ... causes; `count`: patients, 0 or more;
        - or instead of `cause` and `count`: `n_event` (cause 1) and `n_censor`;
        - `group`, `stratum` (optional): text, numbers or booleans;
        - `entered` or `n_entered` (optional, for delayed entry): patients whose observation begins at
          `time`; they are at risk after it. Rows that only count entries have count 0. When the column is
          there, every patient enters somewhere: those under observation from the start enter at 0.

    Raises
    ------
    UsageError
        When a column is missing, of another length or holds no numbers.
    UnsoundAnalysis
        When nobody is in it, a count or time is negative or no whole number, or more end than entered.
    """
    rows = _Rows.of(table)
    values, index = tied(rows.time)
    ends = np.bincount(index, rows.count, len(values)) > 0
    if not ends.any():
        raise UnsoundAnalysis(
            "Nobody is left to analyse.", "Widen the cohort or check its filters.", "n >= 1"
        )
    last_exit = np.cumsum(ends) - 1
    causes = tuple(np.unique(rows.cause[(rows.count > 0) & (rows.cause > 0)]).tolist()) or (1,)
    by, strata = groups(rows.group, len(rows.time)), groups(rows.stratum, len(rows.time))
    shape = (len(strata.labels), len(by.labels), len(causes) + 1, int(ends.sum()))
    ended = np.zeros(shape, dtype=np.int64)
    used = rows.count > 0
    place = np.searchsorted(np.array((0, *causes)), rows.cause[used])
    np.add.at(ended, (strata.code[used], by.code[used], place, last_exit[index[used]]), rows.count[used])
    entered = None
    if rows.entered is not None:
        # One place more for entries after the last exit, which `_check_balance` refuses.
        room = np.zeros((*shape[:2], shape[3] + 1), dtype=np.int64)
        np.add.at(room, (strata.code, by.code, last_exit[index] + 1), rows.entered)
        entered = room[..., :-1]
    found = Counts(by.labels, strata.labels, causes, values[ends], ended, entered)
    _check_balance(found)
    return found


def single_event(found: Counts) -> Counts:
    """Return the counts when they have one kind of event; several causes are refused as in rows."""
    if found.causes != (1,):
        raise UnsoundAnalysis(
            "The counts have more than one cause.",
            "Count any event as cause 1, or one cause as 1 and the others as 0 (censored).",
            "0 censored, 1 event",
        )
    return found


@dataclass(frozen=True, eq=False)
class _Rows:
    """Columns of the tables, one below the other, in the form with `cause` and `count`."""

    time: Floats
    cause: Integers
    count: Integers
    entered: Integers | None
    group: Any
    stratum: Any

    @classmethod
    def of(cls, table: Any) -> _Rows:
        tables = table if isinstance(table, (list, tuple)) else [table]
        parts = [part for one in tables for part in _long(one)]
        if not parts or any(part.keys() != parts[0].keys() for part in parts):
            raise UsageError(
                "The tables of counts have not the same columns.", "Give each table the same columns."
            )
        columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        columns["time"] = _times(columns["time"])
        columns["cause"] = _whole(columns["cause"], "cause", MOST_CAUSES)
        for name in {"count", "entered"} & columns.keys():
            columns[name] = _whole(columns[name], name)
        # A group of nobody is no group.
        used = columns["count"] + columns.get("entered", 0) > 0
        if not np.any(columns["count"]):
            raise UnsoundAnalysis(
                "Nobody is left to analyse.", "Widen the cohort or check its filters.", "n >= 1"
            )
        filled: dict[str, Any] = {"entered": None, "group": None, "stratum": None}
        return cls(**filled | {name: values[used] for name, values in columns.items()})


def _long(table: Any) -> Iterable[dict[str, Any]]:
    columns = named_columns(table)
    if columns is None:
        raise UsageError("Counts are no table.", "Give a dict of arrays, an Arrow table or a list of such.")
    columns = {name: np.asarray(values) for name, values in columns.items()}
    if "n_entered" in columns:
        columns["entered"] = columns.pop("n_entered")
    wide = set(WIDE) <= columns.keys()
    _need(columns, ("time", *WIDE) if wide else ("time", "cause", "count"))
    keep: list[str] = [name for name in ("time", "group", "stratum", "entered") if name in columns]
    for name in columns:
        same_length(columns["time"], columns[name], name)
    if not wide:
        return [{name: columns[name] for name in (*keep, "cause", "count")}]
    parts = []
    for number, (name, cause) in enumerate(WIDE.items()):
        part = {key: columns[key] for key in keep}
        part |= {"count": columns[name], "cause": np.full(len(columns[name]), cause)}
        if number and "entered" in part:
            part["entered"] = np.zeros(len(columns[name]), dtype=np.int64)
        parts.append(part)
    return parts


def _need(columns: dict[str, Any], names: Sequence[str]) -> None:
    missing = [name for name in names if name not in columns]
    if missing:
        raise UsageError(
            f"The table of counts has no column {', '.join(missing)}.",
            "Add it.",
            "time, cause, count or time, n_event, n_censor; optional group, stratum, entered",
        )


def _times(values: Any) -> Floats:
    times = numbers(values, "time")
    if times.min() < 0.0:
        raise UnsoundAnalysis("A time of the counts is negative.", "Correct these rows.", "time >= 0")
    return times


def _whole(values: Any, name: str, most: float = 2.0**53) -> Integers:
    column = numbers(values, name)
    whole = column.astype(np.int64)
    if np.any(whole != column) or column.min() < 0.0 or column.max() > most:
        raise UnsoundAnalysis(
            f"{name} holds something else than whole numbers of 0 or more.",
            "Count patients; hidden or rounded counts give no estimate.",
            f"0, 1, 2 ... {most:.0f}",
        )
    return whole


def _check_balance(found: Counts) -> None:
    if found.entered is None:
        return
    ended = found.ended.sum(axis=2)
    if np.any(found.entered.sum(axis=-1) != ended.sum(axis=-1)) or np.any(found.n_risk() < ended):
        raise UnsoundAnalysis(
            "The counts of entries and exits do not fit: some end who never entered, or never end.",
            "Count for every patient one entry and, later, one end.",
            "entry < time",
        )
