"""How the rows of R's `survfit` and `survdiff` are answered by our curves and tests."""

import os
import re
import warnings

import pytest
import r_reference

from harmony.statistics.kaplan_meier import kaplan_meier

QUANTILE = re.compile(r"time_quantile_(\d+)_(quantile|lower|upper)(?:\[(.*)\])?")
LIMIT = re.compile(r"(lower|upper)\[(.*)\]")
AT = {"surv": "survival", "std.err": "std_err", "n.risk": "n_risk"}
SUMMARY = {"records": "records", "events": "events"}


def survset(name):
    """A table of SurvSet; skipped with the reason where that package is absent."""
    try:
        from SurvSet.data import SurvLoader
    except ImportError:
        if os.environ.get("HARMONY_REQUIRE_ALL") == "1":
            raise
        pytest.skip("SurvSet is not installed (extra: demo)")
    with warnings.catch_warnings():
        # Its pickles name a module of NumPy by its old name.
        warnings.simplefilter("ignore", DeprecationWarning)
        return SurvLoader().load_dataset(name)["df"]


def called(rows, word):
    """The rows whose R call holds a word."""
    return [row for row in rows if word in row["r_call"]]


def curves(sample):
    """
    The answers of Kaplan-Meier curves to every row of `survfit`.

    `sample` gives time, event, group (or None) and further options of `kaplan_meier`.
    """

    def answers(rows):
        time, event, group, options = sample()
        scales = {row["r_call"].split('conf.type="')[1].split('"')[0] for row in called(rows, "survfit")}
        fits = {s: kaplan_meier(time, event, group, conf_type=s, **options) for s in scales}
        tables = {scale: _Tables(fit, rows) for scale, fit in fits.items()}
        for row in called(rows, "survfit"):
            scale = row["r_call"].split('conf.type="')[1].split('"')[0]
            yield row, tables[scale].answer(row)

    return answers


class _Tables:
    """What one fit says at all times and shares that the rows ask for, read once."""

    def __init__(self, fit, rows):
        self.summary = {row["group"]: row for row in fit.summary().to_pylist()}
        times = sorted({row["time"] for row in rows if row["time"] is not None})
        self.at = {(row["group"], row["time"]): row for row in fit.at(times).to_pylist()}
        read = fit.quantiles([0.25, 0.5, 0.75]).to_pylist()
        self.quantiles = {(row["group"], row["probability"]): row for row in read}

    def answer(self, row):
        group = row["group"].split("=")[1] if "=" in row["group"] else None
        statistic = row["statistic"]
        if statistic in SUMMARY:
            return self.summary[group][SUMMARY[statistic]]
        if statistic in AT:
            return self.at[group, row["time"]][AT[statistic]]
        if limit := LIMIT.fullmatch(statistic):
            return self.at[group, row["time"]][limit[1]]
        share, part, _ = QUANTILE.fullmatch(statistic).groups()
        return self.quantiles[group, int(share) / 100]["time" if part == "quantile" else part]


def survdiff(test, row):
    """The number of a test that a row of `survdiff` asks for."""
    if row["group"]:
        return float(getattr(test, row["statistic"])[test.groups.index(row["group"].split("=")[1])])
    return {"chisq": test.statistic, "df": test.df, "p": test.p}[row["statistic"]]


def wrong(case):
    """What a case would report, for the tests that a mistake is noticed."""
    pairs = case.answers(r_reference.rows(case.file, case.analysis))
    found = [r_reference.difference(actual, row, r_reference.tolerance_of(row)) for row, actual in pairs]
    return [text for text in found if text]
