"""Counts from DuckDB, Spark and PostgreSQL give the curves of the rows, and those of sites add up."""

import os
import shutil

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from postgres_server import running_server, skip_or_fail_without_postgresql

from harmony.errors import UnsoundAnalysis, UsageError
from harmony.statistics.cumulative_incidence import cumulative_incidence, cumulative_incidence_from_counts
from harmony.statistics.gray_test import gray_test, gray_test_from_counts
from harmony.statistics.kaplan_meier import kaplan_meier, kaplan_meier_from_counts
from harmony.statistics.logrank import logrank, logrank_from_counts
from harmony.store.counts import (
    CountColumns,
    counts_of_file,
    counts_on_postgresql,
    counts_on_spark,
    counts_sql,
)

#: Names that need quoting, on purpose.
COLUMNS = {
    "time": 'days "since" CR',
    "event": "cause of `death`",
    "entry": "days at registration",
    "group": "arm",
    "stratum": "site",
}
N = 3_000


def patients():
    rng = np.random.default_rng(11)
    time = np.ceil(rng.exponential(900, N)) + 3
    return {
        COLUMNS["time"]: time.astype(np.int32),
        COLUMNS["event"]: rng.integers(0, 3, N).astype(np.int32),
        COLUMNS["entry"]: np.floor(time * rng.random(N) * 0.5).astype(np.int32),
        COLUMNS["group"]: rng.choice(["A", "B"], N),
        COLUMNS["stratum"]: rng.choice(["north", "south"], N),
    }


@pytest.fixture(scope="module")
def rows():
    return patients()


@pytest.fixture(scope="module")
def file(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("counts") / "it's rows.parquet"
    pq.write_table(pa.table(rows), path)
    return path


@pytest.fixture(scope="module")
def on_duckdb(file):
    return lambda columns: counts_of_file(file, columns)


@pytest.fixture(scope="module")
def on_postgresql(rows):
    skip_or_fail_without_postgresql()
    with (
        running_server() as port,
        psycopg.connect(f"host=127.0.0.1 port={port} user=harmony dbname=postgres") as link,
    ):
        with link.cursor() as cursor:
            quoted = ['"' + name.replace('"', '""') + '"' for name in rows]
            kinds = ("integer", "integer", "integer", "text", "text")
            listed = ", ".join(f"{n} {k}" for n, k in zip(quoted, kinds, strict=True))
            cursor.execute(f'CREATE TABLE "follow up" ({listed})')
            with cursor.copy('COPY "follow up" FROM STDIN') as copy:
                for row in zip(*(values.tolist() for values in rows.values()), strict=True):
                    copy.write_row(row)
        yield lambda columns: counts_on_postgresql(link, "follow up", columns)


@pytest.fixture(scope="module")
def on_spark(file):
    spark = spark_session()
    try:
        spark.read.parquet(str(file)).createOrReplaceTempView("follow_up")
        yield lambda columns: counts_on_spark(spark, "follow_up", columns)
    finally:
        spark.stop()


def spark_session():
    """Start Spark on two threads of this machine, or skip with the reason."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        skip("pyspark is absent; extra spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        skip("java is absent; apt-get install openjdk-17-jre-headless")
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )


def skip(reason):
    if os.environ.get("HARMONY_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(params=["duckdb", "postgresql", "spark"])
def count(request):
    """Give each engine's way from columns to counts."""
    return request.getfixturevalue(f"on_{request.param}")


def columns(*names):
    return CountColumns(**{name: COLUMNS[name] for name in ("time", "event", *names)})


def same(one, other):
    assert one.column_names == other.column_names
    for name in one.column_names:
        mine, wanted = one[name].to_pylist(), other[name].to_pylist()
        if name == "group":
            assert mine == wanted
        else:
            np.testing.assert_allclose(
                np.array(mine, dtype=float), np.array(wanted, dtype=float), rtol=1e-12, err_msg=name
            )


def arrays(rows, *names):
    return {name: rows[COLUMNS[name]] for name in names}


def test_incidence_from_counts_is_that_of_the_rows(count, rows):
    found = cumulative_incidence_from_counts(count(columns("group")))
    same(found.table(), cumulative_incidence(**arrays(rows, "time", "event", "group")).table())


def test_incidence_with_delayed_entry_from_counts_is_that_of_the_rows(count, rows):
    found = cumulative_incidence_from_counts(count(columns("entry", "group")))
    same(found.table(), cumulative_incidence(**arrays(rows, "time", "event", "entry", "group")).table())


def test_grays_test_and_stratified_log_rank_from_counts_are_those_of_the_rows(count, rows):
    counted = count(columns("group", "stratum")).to_pylist()
    given = arrays(rows, "time", "event", "group")
    without = {k: [row[k] for row in counted] for k in ("group", "time", "cause", "count")}
    np.testing.assert_allclose(
        gray_test_from_counts(without).statistic, gray_test(**given).statistic, rtol=1e-9
    )
    of_any_cause = {k: [row[k] for row in counted] for k in counted[0]}
    of_any_cause["cause"] = [min(cause, 1) for cause in of_any_cause["cause"]]
    tested = logrank_from_counts(of_any_cause)
    wanted = logrank(**given | {"event": given["event"] > 0}, strata=rows[COLUMNS["stratum"]])
    assert tested.statistic == pytest.approx(wanted.statistic, rel=1e-9)


def test_counts_of_sites_add_up_to_the_pooled_curve(rows, tmp_path):
    parts, chosen = [], columns("entry")
    for number, site in enumerate(np.array_split(np.arange(N), 3)):
        path = tmp_path / f"{number}.parquet"
        died = {COLUMNS["event"]: (rows[COLUMNS["event"]][site] > 0).astype(np.int8)}
        pq.write_table(pa.table({name: v[site] for name, v in rows.items()} | died), path)
        parts.append(counts_of_file(path, chosen))
    given = arrays(rows, "time", "entry")
    pooled = kaplan_meier(**given, event=rows[COLUMNS["event"]] > 0)
    same(kaplan_meier_from_counts(parts).table(), pooled.table())


def test_missing_times_are_counted_and_refused_not_left_out(tmp_path):
    pq.write_table(pa.table({"t": [1, None, 3], "e": [1, 0, 1]}), tmp_path / "gaps.parquet")
    counted = counts_of_file(tmp_path / "gaps.parquet", CountColumns("t", "e"))
    assert sum(counted["count"].to_pylist()) == 3
    with pytest.raises(UnsoundAnalysis, match="missing"):
        kaplan_meier_from_counts(counted)


def test_column_that_is_not_there_is_refused(file):
    with pytest.raises(UsageError, match="no column days"):
        counts_of_file(file, CountColumns("days", COLUMNS["event"]))


def test_name_cannot_leave_its_quotation_marks():
    text = counts_sql('a"; DROP TABLE b; --', CountColumns('x"y', "e`f"))
    assert '"a""; DROP TABLE b; --"' in text and '"x""y"' in text
    assert "`e``f`" in counts_sql("a", CountColumns("x", "e`f"), "spark")
    with pytest.raises(UsageError, match="dialect"):
        counts_sql("a", CountColumns("x", "y"), "oracle")
