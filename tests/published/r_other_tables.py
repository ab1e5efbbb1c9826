"""Tables of tests/data/reference/other_tables.csv as R was given them, and what is asked of them."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import r_reference
from r_other_answers import (
    agreement,
    having,
    log_rank,
    regression,
    subdistribution,
)
from r_survfit import survset

from harmony.statistics.multistate import multistate
from harmony.statistics.split_follow_up import split_follow_up

LOW_RISK = {"reference": {"score": "Low risk"}}
EBMT4 = {"agecl": "<=20", "match": "no gender mismatch"}


def survival_table(name):
    return r_reference.table("survival", name)


def ebmt(number):
    return r_reference.table("mstate", f"ebmt{number}")


def bmt():
    return r_reference.table("KMsurv", "bmt")


def hodg():
    frame = r_reference.table("KMsurv", "hodg")
    return frame["time"], frame["delta"], pa.table({name: frame[name] for name in ("gtype", "dtype")})


def leuk():
    frame = r_reference.table("MASS", "leuk")
    return frame["time"], np.ones(33), frame["ag"].astype("category")


def cmv():
    frame = r_reference.table("medicaldata", "cytomegalovirus")
    frame = frame[frame["diagnosis.type"].notna()]
    # 0.0 and 1.0: a whole number with gaps is a float column.
    return frame["time.to.cmv"], frame["cmv"], frame["diagnosis.type"]


def mgus1():
    frame = survival_table("mgus1")
    return frame, (frame["stop"], frame["event"] == "death"), {"entry": frame["start"]}


def of_mgus1(answer, sex=True):
    frame, sample, options = mgus1()
    more = (pa.chunked_array([frame["sex"].to_list()]),) if sex else ()
    return answer(*sample, *more, cluster=frame["id"], **options)


def mgus1_change(answer):
    frame, sample, options = mgus1()
    covariates = {"age": frame["age"], "sex": frame["sex"], "pcm": frame["enum"] == 2}
    return answer(*sample, covariates, cluster=frame["id"], **options)


def chop():
    frame = survset("chop")
    return frame["time"], frame["event"]


def weighted_bmt(answer):
    frame = bmt()
    return answer(frame["t1"], frame["d1"], frame["group"].astype(float), weights=frame["z2"] / 10)


def mgus():
    frame = survival_table("mgus")
    names = ["age", "sex", "alb", "creat", "hgb", "mspike"]
    frame = frame[frame[names].notna().all(axis=1)]
    return frame["futime"], frame["death"], frame[names]


MGUS = {
    "age": [60, 75],
    "sex": ["female", "male"],
    "alb": [3, 3.5],
    "creat": [1, 1.2],
    "hgb": [13, 11],
    "mspike": [1.5, 2],
}


def aml():
    frame = r_reference.table("Stat2Data", "Leukemia")
    names = ["Age", "Smear", "Infil", "Index", "Blasts", "Temp"]
    return frame["Time"], frame["Status"] == 0, frame[names]


AML = {
    "Age": [30, 60],
    "Smear": [60, 60],
    "Infil": [60, 60],
    "Index": [10, 10],
    "Blasts": [1, 50],
    "Temp": [985, 1000],
}


def myeloma():
    frame = survival_table("myeloma")
    return frame[frame["entry"] < frame["futime"]]


def of_myeloma(answer):
    frame = myeloma()
    entry = frame["entry"] / 365.25
    return answer(frame["futime"] / 365.25, frame["death"], {"year": frame["year"]}, entry=entry)


def by_age(answer):
    frame = survival_table("flchain")
    covariates = {"sex": frame["sex"], "mgus": frame["mgus"]}
    end = frame["age"] + (frame["futime"] + 1) / 365.25
    return answer(end, frame["death"], covariates, entry=frame["age"], strata=frame["sample.yr"])


def childhood():
    frame = r_reference.table("KMsurv", "drug6mp")
    state = np.tile(frame["remstat"], 2)
    event = np.concatenate((np.ones(21, dtype=int), frame["relapse"]))
    arm = np.repeat(["placebo", "6-MP"], 21)
    return np.concatenate((frame["t1"], frame["t2"])), event, {"arm": arm, "remstat": state}


def hospitals():
    frame = bmt()
    return frame["t2"], frame["d3"], frame[["group", "z1", "z2", "z8"]]


def weighted_hospitals():
    frame = bmt()
    return regression(
        frame["t1"], frame["d1"], frame[["z1", "z8"]],
        strata=frame["group"], weights=frame["z2"] / 7, cluster=frame["z9"],
    )  # fmt: skip


def districts(answer):
    frame = survset("LeukSurv")
    covariates = frame[["num_age", "fac_sex", "num_wbc"]]
    return answer(frame["time"], frame["event"], covariates, cluster=frame["fac_district"], ties="breslow")


def blocks(answer):
    frame = ebmt(4)
    columns = pa.Table.from_pandas(frame[["agecl", "match", "proph"]], preserve_index=False)
    cluster = frame["rownames"] // 50
    return answer(frame["srv"], frame["srv.s"], columns, cluster=cluster, reference=EBMT4)


def ebmt1(time, event, **options):
    frame = ebmt(1)
    columns = {name: frame[name] for name in options.pop("names")}
    return regression(frame[time], frame[event], columns, **options, **LOW_RISK)


def causes(frame):
    return np.where(frame["relstat"] == 1, 1, np.where(frame["srvstat"] == 1, 2, 0))


def by_score(cause, cengroup="score"):
    frame = ebmt(1)
    groups = None if cengroup is None else frame[cengroup]
    covariates = {"age": frame["age"], "score": frame["score"]}
    return subdistribution(frame["rel"], causes(frame), covariates, cause=cause, cengroup=groups, **LOW_RISK)


def ebmt4():
    frame = ebmt(4)
    cause = np.where(frame["rel.s"] == 1, 1, np.where(frame["srv.s"] == 1, 2, 0))
    return frame, frame["rel"], cause


def by_year():
    frame, time, cause = ebmt4()
    return subdistribution(
        time, cause, frame[["agecl", "proph"]], variant="finegray",
        strata=frame["year"], reference={"agecl": "<=20"},
    )  # fmt: skip


def follic():
    frame = survset("follic")
    return frame, (frame["time"], frame["event"])


def of_follic(answer):
    frame, sample = follic()
    group = frame["fac_clinstg"].astype(str) + "/" + frame["fac_ch"].astype(str)
    return answer(*sample, group)


def cgvhd(column):
    try:
        from sksurv.datasets import load_cgvhd
    except ImportError:
        if os.environ.get("HARMONY_REQUIRE_ALL") == "1":
            raise
        pytest.skip("scikit-survival is not installed (extra: test)")
    covariates, outcome = load_cgvhd()
    return outcome["ftime"], outcome["status"].astype(int), covariates[column]


def years_of_transplant(frame):
    return frame["year"].astype("category").cat.codes.astype(int) + 1


def uno(name):
    frame = survival_table("flchain") if name == "tau" else ebmt(4)
    if name == "tau":
        return agreement(frame["futime"], frame["death"], frame["age"], "uno", tau=2000)
    year = years_of_transplant(frame)
    return agreement(frame["srv"], frame["srv.s"], year, "uno", strata=frame["agecl"])


def harrell(name):
    if name == "weights":
        frame = bmt()
        return agreement(frame["t2"], frame["d3"], frame["z2"], weights=frame["z7"])
    if name == "tau":
        frame = myeloma()
        return agreement(frame["futime"], frame["death"], -frame["year"], entry=frame["entry"], tau=1826)
    if name == "cluster":
        frame, sample, options = mgus1()
        return agreement(*sample, frame["age"], cluster=frame["id"], **options)
    frame = ebmt(4)
    strata = frame[["agecl", "proph"]]
    return agreement(frame["srv"], frame["srv.s"], years_of_transplant(frame), strata=strata)


def pairs():
    frame = r_reference.table("MASS", "gehan")
    return log_rank(frame["time"], frame["cens"], frame["treat"], strata=frame["pair"])


def trend():
    frame = ebmt(1)
    numbers = {"Low risk": 0, "Medium risk": 1, "High risk": 5}
    strata = frame["yrel"].isna()
    return log_rank(frame["srv"], frame["srvstat"], frame["score"], 1, strata=strata, trend=numbers)


def two_strata():
    frame = ebmt(4)
    strata = frame[["agecl", "proph"]]
    return log_rank(frame["srv"], frame["srv.s"], frame["year"], rho=1, strata=strata)


def in_years():
    frame = survival_table("flchain")
    strata = {"sex": frame["sex"], "year": frame["sample.yr"]}
    return log_rank(frame["futime"] / 365.25, frame["death"], frame["mgus"], rho=1, strata=strata)


def gvhd():
    """Start-stop rows with three time-dependent covariates, and the arguments of a Cox model of them."""
    frame = bmt()
    changes = {
        name: frame[time].where(frame[flag] == 1)
        for name, time, flag in (("ag", "ta", "da"), ("cg", "tc", "dc"), ("pl", "tp", "dp"))
    }
    made = split_follow_up(frame["t2"], frame["d3"], changes)
    fixed = {name: frame[name].to_numpy()[made.patient] for name in ("group", "z2")}
    covariates = fixed | dict(made.flags)
    return made, (made.tstop, made.event, covariates), {"entry": made.tstart, "reference": {"group": 1}}


def changed(answer):
    _, sample, options = gvhd()
    return answer(*sample, **options)


def split(rows):
    made = gvhd()[0]
    days = {name: ((made.tstop - made.tstart) * flag).sum() for name, flag in made.flags.items()}
    for row in having(rows, ("rows", "person_time")):
        yield row, days[row["term"]] if row["term"] else len(made.event)


def prothrombin(rows):
    """Occupation of the states of a model in which patients go to and fro."""
    frame = r_reference.table("mstate", "prothr")
    frame = frame[frame["Tstart"] < frame["Tstop"]]
    names = {1: "low", 2: "normal", 3: "dead"}
    stay = ["id", "from", "Tstart", "Tstop", "treat"]
    moved = frame[frame["status"] == 1].set_index(stay)["to"]
    stays = frame[stay].drop_duplicates().sort_values(["id", "Tstart"])
    stays["to"] = moved.reindex(pd.MultiIndex.from_frame(stays[stay])).map(names).to_numpy()
    for treat, part in stays.groupby("treat"):
        fit = multistate(
            part["id"], part["Tstart"], part["Tstop"], part["from"].map(names), part["to"],
            states=list(names.values()), variance="jackknife",
        )  # fmt: skip
        occupied = fit.occupation().to_pylist()
        for row in (row for row in rows if row["group"] == treat):
            past = [r for r in occupied if r["state"] == row["term"] and r["time"] <= row["time"]]
            if past:
                yield row, past[-1]["probability" if row["statistic"] == "pstate" else "std_err"]


def late_entry(answer):
    frame = myeloma()
    return answer(frame["futime"], frame["death"], entry=frame["entry"])
