"""The Cox models of the reference as arguments of `cox`, for what is computed from a fit."""

import numpy as np
import r_reference
from r_coxph import start_stop
from r_survfit import survset

EBMT2_REFERENCE = {
    "dissub": "AML",
    "match": "No gender mismatch",
    "tcd": "No TCD",
    "year": "1985-1989",
    "age": "<=20",
}
EBMT3_REFERENCE = {"dissub": "AML", "age": "<=20", "drmatch": "No gender mismatch", "tcd": "No TCD"}
LEUKSURV = ("num_age", "fac_sex", "num_wbc", "num_tpi")
MGUS2 = ["age", "sex", "hgb", "creat", "mspike"]


def model(analysis):
    """Arguments of `cox` for the model of an analysis such as cox_myeloid_strata."""
    _, data, *options = analysis.split("_")
    arguments = DATA[data](options)
    if "breslow" in options or "exact" in options:
        arguments["ties"] = options[0]
    return arguments


def _mgus2(options):
    names = MGUS2
    if "strata" in options:
        names = ["age", "hgb"]
    elif "robust" in options:
        names = ["age", "sex", "hgb"]
    frame = r_reference.table("survival", "mgus2")
    frame = frame[frame[names].notna().all(axis=1)]
    more = {"robust": True} if "robust" in options else {}
    if "strata" in options:
        more = {"strata": frame["sex"]}
    return {"time": frame["futime"], "event": frame["death"], "covariates": frame[names], **more}


def _myeloid(options):
    frame = r_reference.table("survival", "myeloid")
    if {"tx", "three"} & set(options):
        columns = (
            {"tx": "txtime", "cr": "crtime", "rel": "rltime"} if "three" in options else {"tx": "txtime"}
        )
        changes = {name: frame[column].to_numpy() for name, column in columns.items()}
        names = ["trt"] if {"three", "cluster"} & set(options) else ["trt", "flt3"]
        made = _split(frame, "futime", "death", names, changes)
        patient = made.pop("patient")
        return made | ({"cluster": patient} if "cluster" in options else {})
    more = {"strata": frame["sex"]} if "strata" in options else {}
    return {
        "time": frame["futime"],
        "event": frame["death"],
        "covariates": frame[["trt", "flt3"]],
        **more,
    }


def _ebmt3(options):
    frame = r_reference.table("mstate", "ebmt3")
    if "platelet" in options:
        recovery = {"pr": frame["prtime"].where(frame["prstat"] == 1).to_numpy()}
        made = _split(frame, "rfstime", "rfsstat", list(EBMT3_REFERENCE), recovery)
        del made["patient"]
        return made | {"reference": EBMT3_REFERENCE}
    return {
        "time": frame["rfstime"],
        "event": frame["rfsstat"],
        "covariates": frame[list(EBMT3_REFERENCE)],
        "reference": EBMT3_REFERENCE,
    }


def _split(frame, stop, event, names, changes):
    patient, start, end, died, flags = start_stop(frame[stop], frame[event], changes)
    covariates = {name: frame[name].to_numpy()[patient] for name in names} | flags
    return {"time": end, "event": died, "covariates": covariates, "entry": start, "patient": patient}


def _ebmt2(options):
    frame = r_reference.ebmt2()
    return {
        "time": frame["time"],
        "event": frame["died"],
        "covariates": frame[list(EBMT2_REFERENCE)],
        "reference": EBMT2_REFERENCE,
    }


def _leuksurv(options):
    frame = survset("LeukSurv")
    covariates = {name: frame[name].astype(float).to_numpy() for name in LEUKSURV}
    return {"time": frame["time"], "event": frame["event"], "covariates": covariates}


def _leukemia(options):
    frame = r_reference.table("survival", "leukemia")
    more = {"weights": np.arange(1, len(frame) + 1)} if "weights" in options else {}
    return {"time": frame["time"], "event": frame["status"], "covariates": frame[["x"]], **more}


def _gehan(options):
    frame = r_reference.table("MASS", "gehan")
    more = {"cluster": frame["pair"]} if "cluster" in options else {}
    return {
        "time": frame["time"],
        "event": frame["cens"],
        "covariates": frame[["treat"]],
        "reference": {"treat": "control"},
        **more,
    }


def _bmt(options):
    frame = r_reference.table("KMsurv", "bmt")
    return {
        "time": frame["t2"],
        "event": frame["d3"],
        "covariates": frame[["group", "z1", "z8"]],
        "cluster": frame["z9"],
        "reference": {"group": 1},
    }


DATA = {
    "mgus2": _mgus2,
    "myeloid": _myeloid,
    "ebmt2": _ebmt2,
    "ebmt3": _ebmt3,
    "leuksurv": _leuksurv,
    "leukemia": _leukemia,
    "gehan": _gehan,
    "bmt": _bmt,
}
