"""
Patients counted per group, time and cause where the rows are: one query of DuckDB, Spark or PostgreSQL.

The estimators of `harmony.statistics` take the answer (`kaplan_meier_from_counts` and the like), so a curve
of a stored table never brings a row to Python, and several sites share counts only.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from harmony.errors import SizeOrEncoding, UsageError
from harmony.store.tables import Engine, engine, fetch

Dialect = Literal["duckdb", "spark", "postgresql"]

#: How a name is written in each dialect: Spark reads double quotation marks as text.
_QUOTES: Final = {"duckdb": '"', "postgresql": '"', "spark": "`"}

#: Name of the one table that `counts_of_file` reads.
_VIEW: Final = "follow_up"


@dataclass(frozen=True)
class CountColumns:
    """
    Columns of a table with one row per patient.

    Attributes
    ----------
    time, event : str
        Follow-up time, 0 or more; 0 censored, 1, 2 ... causes.
    entry : str, optional
        Time from which the patient is under observation.
    group, stratum : str, optional
        What the counts are split by.
    """

    time: str
    event: str
    entry: str | None = None
    group: str | None = None
    stratum: str | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names of the columns that are read, without those left out."""
        return tuple(
            n for n in (self.time, self.event, self.entry, self.group, self.stratum) if n is not None
        )


def counts_sql(relation: str, columns: CountColumns, dialect: Dialect = "duckdb") -> str:
    """
    Return the one query that counts.

    Parameters
    ----------
    relation : str
        Name of the table or view; quoted here.
    columns : CountColumns
        Its columns.
    dialect : str
        "duckdb", "spark" or "postgresql"; they differ only in how a name is quoted.

    Returns
    -------
    str
        Its answer has the columns `group` and `stratum` (when asked for), `time`, `cause`, `count` and,
        with an entry, `entered`: what `harmony.statistics.counts.counts` takes. Missing times and
        causes form a row of their own, which `counts` refuses: nothing is left out in silence.
    """
    if dialect not in _QUOTES:
        raise UsageError(f"There is no dialect {dialect}.", "", ", ".join(_QUOTES))
    mark = _QUOTES[dialect]

    def name(text: str) -> str:
        return mark + text.replace(mark, mark * 2) + mark

    labels = {"group": columns.group, "stratum": columns.stratum}
    split = {out: source for out, source in labels.items() if source is not None}
    named = [f"{name(source)} AS {name(out)}" for out, source in split.items()]
    keys = ", ".join([*map(name, split), name("time"), name("cause")])

    def side(time: str, cause: str, more: str = "") -> str:
        chosen = ", ".join([*named, f"{time} AS {name('time')}", f"{cause} AS {name('cause')}"])
        return f"SELECT {chosen}{more} FROM {name(relation)}"

    exits = (name(columns.time), name(columns.event))
    if columns.entry is None:
        return f"SELECT {keys}, COUNT(*) AS {name('count')} FROM ({side(*exits)}) t GROUP BY {keys}"
    came, left = name("came"), name("left")
    rows = " UNION ALL ".join(
        [
            side(*exits, f", 1 AS {left}, 0 AS {came}"),
            side(name(columns.entry), "0", f", 0 AS {left}, 1 AS {came}"),
        ]
    )
    sums = f"CAST(SUM({left}) AS BIGINT) AS {name('count')}, CAST(SUM({came}) AS BIGINT) AS {name('entered')}"
    return f"SELECT {keys}, {sums} FROM ({rows}) t GROUP BY {keys}"


def counts_of_view(connection: Engine, view: str, columns: CountColumns) -> pa.Table:
    """Count on an open DuckDB engine; see `counts_sql` for the columns of the answer."""
    return fetch(connection, counts_sql(view, columns))


def counts_of_file(file: Path, columns: CountColumns) -> pa.Table:
    """
    Count in one Parquet file without bringing its rows to Python.

    Returns
    -------
    Arrow table
        `group`, `stratum`, `time`, `cause`, `count`, `entered` as `counts_sql` says.

    Raises
    ------
    UsageError
        When the file is missing or has no such column.
    SizeOrEncoding
        When it is no Parquet file.
    """
    if not file.is_file():
        raise UsageError(f"There is no file {file}.", "Check the path.")
    try:
        present = pq.read_schema(file).names
    except pa.ArrowInvalid:
        raise SizeOrEncoding(f"{file.name} is no Parquet file.", "Write it again.") from None
    for name in columns.names():
        if name not in present:
            raise UsageError(f"{file.name} has no column {name}.", "", ", ".join(present[:40]))
    with (
        tempfile.TemporaryDirectory() as scratch,
        engine({_VIEW: file}, Path(scratch), counting=True) as connection,
    ):
        return counts_of_view(connection, _VIEW, columns)


def counts_on_spark(session: Any, relation: str, columns: CountColumns) -> pa.Table:
    """
    Count in a table or view of a Spark session: only the counts leave the cluster.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        An open session.
    relation, columns
        As in `counts_sql`.
    """
    return session.sql(counts_sql(relation, columns, "spark")).toArrow()


def counts_on_postgresql(connection: Any, relation: str, columns: CountColumns) -> pa.Table:
    """
    Count in a table of a PostgreSQL database: only the counts leave it.

    Parameters
    ----------
    connection : psycopg.Connection
        An open connection.
    relation, columns
        As in `counts_sql`.
    """
    with connection.cursor() as cursor:
        cursor.execute(counts_sql(relation, columns, "postgresql"))
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
