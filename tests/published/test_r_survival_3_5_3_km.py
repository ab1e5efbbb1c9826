"""Kaplan-Meier against R survival 3.5-3 (`survfit`); tests/data/reference/km.csv."""

import re

import pytest
import r_reference

from harmony.statistics.kaplan_meier import kaplan_meier

QUANTILE = re.compile(r"time_quantile_(\d+)_(quantile|lower|upper)(?:\[(.*)\])?")
LIMIT = re.compile(r"(lower|upper)\[(.*)\]")
AT = {"surv": "survival", "std.err": "std_err", "n.risk": "n_risk"}
SUMMARY = {"records": "records", "events": "events"}


def samples():
    return {
        "km_ebmt2_tcd": lambda: columns(r_reference.ebmt2(), "time", "died", "tcd"),
        "km_bmt_group": lambda: columns(r_reference.table("mstate", "bmt"), "t2", "d3", "group"),
        "km_leukemia_x": lambda: columns(r_reference.table("survival", "leukemia"), "time", "status", "x"),
    }


def columns(frame, time, event, group):
    return frame[time], frame[event], frame[group]


def cell(table, column, **where):
    found = [row[column] for row in table.to_pylist() if all(row[k] == v for k, v in where.items())]
    assert len(found) == 1
    return found[0]


def ours(fits, row):
    group = row["group"].split("=")[1]
    statistic = row["statistic"]
    if statistic in SUMMARY:
        return cell(fits["log"].summary(), SUMMARY[statistic], group=group)
    if statistic in AT:
        return cell(fits["log"].at([row["time"]]), AT[statistic], group=group)
    if limit := LIMIT.fullmatch(statistic):
        return cell(fits[limit[2]].at([row["time"]]), limit[1], group=group)
    share, part, scale = QUANTILE.fullmatch(statistic).groups()
    column = "time" if part == "quantile" else part
    return cell(fits[scale or "log"].quantiles([int(share) / 100]), column, group=group)


@pytest.mark.parametrize("analysis", ["km_ebmt2_tcd", "km_bmt_group", "km_leukemia_x"])
def test_every_number_of_survfit_is_met(analysis):
    time, event, group = samples()[analysis]()
    fits = {scale: kaplan_meier(time, event, group, conf_type=scale) for scale in ("log", "log-log", "plain")}
    expected = r_reference.rows("km.csv", analysis)
    wrong = [r_reference.difference(ours(fits, row), row) for row in expected]
    assert [text for text in wrong if text] == []
    assert len(expected) in (177, 150, 154)


def test_a_shifted_time_is_noticed():
    time, event, group = samples()["km_bmt_group"]()
    fits = {"log": kaplan_meier(time + 400, event, group)}
    expected = [r for r in r_reference.rows("km.csv", "km_bmt_group") if r["statistic"] == "surv"]
    assert all(r_reference.difference(ours(fits, row), row) for row in expected)
