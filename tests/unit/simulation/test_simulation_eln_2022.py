"""ELN 2022 risk of the synthetic patients against the reviewed vectors of the rule."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harmony.simulation.eln_2022 import GROUPS, risk_group, risk_group_of_tested

VECTORS = json.loads(Path(__file__).with_name("eln_2022_vectors.json").read_text(encoding="utf-8"))


def _lesions(inputs: dict) -> dict[str, np.ndarray]:
    named = {
        "runx1_runx1t1": inputs["t_8_21"],
        "cbfb_myh11": inputs["inv_16"],
        "kmt2a_mllt3": inputs["t_9_11"],
        "kmt2a_r": inputs["t_9_11"] or inputs["kmt2a_other"],
        "dek_nup214": inputs["t_6_9"],
        "bcr_abl1": inputs["bcr_abl1"],
        "mecom_r": inputs["inv_3"] or inputs["mecom_other"],
        "minus5_del5q": inputs["minus5_del5q"],
        "minus7": inputs["minus7"],
        "minus17_abn17p": inputs["minus17_abn17p"],
        "complex_karyotype": inputs["complex"],
        "monosomal_karyotype": inputs["monosomal"],
    }
    return {name: np.array([bool(value)]) for name, value in named.items()}


def _genes(inputs: dict) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    given = {
        "NPM1": inputs["NPM1"],
        "FLT3_ITD": inputs["flt3_itd"],
        "cebpa_bzip": inputs["cebpa_bzip_inframe"],
        "mr_genes": inputs["mr_genes"],
        "tp53_adverse": None if inputs["tp53_vaf"] is None else inputs["tp53_vaf"] >= 0.10,
    }
    true = {name: np.array([bool(value)]) for name, value in given.items()}
    return true, {name: np.array([value is not None]) for name, value in given.items()}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_the_group_is_that_of_the_vector(vector):
    genes, known = _genes(vector["inputs"])
    found = risk_group_of_tested(_lesions(vector["inputs"]), genes, np.array([True]), known)
    assert GROUPS[found[0]] == vector["expected"]
    if None not in vector["inputs"].values():
        assert GROUPS[risk_group(_lesions(vector["inputs"]), genes)[0]] == vector["expected"]


def test_without_a_karyotype_no_group_is_given():
    genes, known = _genes(VECTORS[0]["inputs"])
    found = risk_group_of_tested(_lesions(VECTORS[0]["inputs"]), genes, np.array([False]), known)
    assert GROUPS[found[0]] == "not_assessable"
