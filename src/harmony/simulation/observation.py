"""
What a hospital's records hold of the truth: tests not done, cultures not made, cells left empty.

Whether a test was done depends on provider and year, never on the result; empty never means negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harmony.dictionary.model import load
from harmony.errors import UsageError
from harmony.simulation.cohort import Cohort
from harmony.simulation.definitions import definition
from harmony.simulation.disease import ANALYTES, GENES, LESIONS
from harmony.simulation.eln_2022 import GROUPS, MYELODYSPLASIA_GENES, NOT_ASSESSABLE, risk_group_of_tested
from harmony.simulation.laws import logit
from harmony.simulation.rows import PATIENT, arrow_table, common_rows
from harmony.simulation.streams import Streams
from harmony.simulation.terms import Columns
from harmony.simulation.variants import variants_found

Booleans = NDArray[np.bool_]


def observe(cohort: Cohort, seed: int) -> dict[str, pa.Table]:
    """
    Return the common tables as the provider's own records know them; nothing in them is wrong.

    Parameters
    ----------
    cohort : Cohort
        All patients on record at one provider that `providers.yaml` describes (`Cohort.exported_by`).
    seed : int
        Seed of what was tested and what is missing, 0 or more.

    Raises
    ------
    UsageError
        When the cohort has several providers or one that is not described.
    """
    provider = _provider(cohort)
    columns, streams = cohort.columns, Streams(seed, cohort.size)
    rows = common_rows(columns, Streams(cohort.seed, cohort.size))
    tested = gene_coverage(cohort, seed)
    cultured = streams.below("karyotype done", provider["karyotype_done"])
    known = cultured & ~columns["failed"]
    _hide_genes(rows["gene_test"], columns, tested)
    rows["gene_test"]["variants"] = variants_found(columns, tested, Streams(cohort.seed, cohort.size))
    _hide_karyotype(rows["cytogenetics"], cultured)
    _hide_diagnosis(rows["diagnosis"], columns, known, tested)
    _hide_laboratory(rows["biochemistry"], columns, streams, provider)
    any_gene = np.logical_or.reduce(list(tested.values()))
    rows["gene_test"] = {name: values[any_gene] for name, values in rows["gene_test"].items()}
    rows["mrd"] = _sampled(rows["mrd"], streams)
    dictionary = load()
    return {name: arrow_table(name, part, cohort.size, dictionary) for name, part in rows.items()}


def _provider(cohort: Cohort) -> dict[str, Any]:
    described = definition("providers")["providers"]
    names = np.unique(cohort.columns["provider"])
    if len(names) != 1 or str(names[0]) not in described:
        raise UsageError(
            "Only a cohort of one described provider can be observed.",
            "Simulate with the provider's name, or use exported_by.",
            ", ".join(described),
        )
    return described[str(names[0])]


def gene_coverage(cohort: Cohort, seed: int) -> dict[str, Booleans]:
    """
    Return which gene was tested in which patient.

    Returns
    -------
    dict of str to boolean array of shape (n,)
        True where the panel of the year of diagnosis lists the gene and sequencing was done, or where the
        gene has an assay of its own (NPM1, FLT3-ITD) that was done.
    """
    provider, streams = _provider(cohort), Streams(seed, cohort.size)
    year, single = cohort.columns["year"], definition("providers")["single_gene_tested"]
    sequenced = streams.below("sequencing done", provider["sequencing_done_share"])
    alone = streams.below("single gene assays", single["share"])
    panel = _panel(provider, year)
    tested = {}
    for gene in GENES:
        listed = np.array([gene in genes for genes in definition("providers")["panels"].values()])
        tested[gene] = (sequenced & listed[panel]) | (alone & (gene in single["genes"]))
    return tested


def _panel(provider: dict[str, Any], year: NDArray[np.int64]) -> NDArray[np.int64]:
    names = list(definition("providers")["panels"])
    valid = np.array([names.index(name) for name, _ in provider["gene_panels"]])
    starts = [first for _, first in provider["gene_panels"]]
    return valid[np.searchsorted(starts, year, side="right") - 1]


def _hide_genes(rows: Columns, columns: Columns, tested: dict[str, Booleans]) -> None:
    for gene in GENES:
        field = f"{gene.lower()}_status"
        rows[field] = np.where(tested[gene], rows[field], "not_tested")
    # What one could order: fragment analysis of two genes, PCR of hot spots, a sequencing panel.
    rows["method"] = np.select([tested["TP53"], tested["IDH1"]], ["ngs_panel", "pcr"], "fragment")


def _hide_karyotype(rows: Columns, cultured: Booleans) -> None:
    for lesion in LESIONS:
        rows[lesion] = np.where(cultured, rows[lesion], "not_assessed")
    rows["karyotype_iscn"] = np.where(cultured, rows["karyotype_iscn"], "")
    rows["karyotype_result"] = np.where(cultured, rows["karyotype_result"], "not_done")


def _hide_diagnosis(rows: Columns, columns: Columns, known: Booleans, tested: dict[str, Booleans]) -> None:
    mutated_mr = [tested[gene] & columns[gene] for gene in MYELODYSPLASIA_GENES]
    all_mr = np.logical_and.reduce([tested[gene] for gene in MYELODYSPLASIA_GENES])
    seen_mr = np.logical_or.reduce(mutated_mr)
    # An entity is on record only where the finding that defines it was looked for.
    proof = {
        "e:npm1": tested["NPM1"],
        "e:cebpa": tested["CEBPA"],
        "e:mr_gene": seen_mr,
        "e:mr_tp53": known | tested["TP53"],
        "e:nos": np.ones_like(known),
    }
    proved = np.select([columns[name] for name in proof], list(proof.values()), known)
    rows["aml_entity"] = np.where(proved, rows["aml_entity"], "aml_nos")
    gene_known = {
        "NPM1": tested["NPM1"],
        "FLT3_ITD": tested["FLT3_ITD"],
        "cebpa_bzip": tested["CEBPA"],
        "mr_genes": all_mr | seen_mr,
        "tp53_adverse": tested["TP53"],
    }
    group = risk_group_of_tested(columns, columns, known, gene_known)
    rows["eln2022_risk"] = GROUPS[np.where(columns["e:pml"], NOT_ASSESSABLE, group)]


def _hide_laboratory(rows: Columns, columns: Columns, streams: Streams, provider: dict[str, Any]) -> None:
    mar = definition("providers")["mar"]
    log_odds = logit(provider["laboratory_mcar"]) + np.zeros(streams.size)
    log_odds += np.log(mar["over_75"]) * (columns["age"] > 75)
    log_odds += np.log(mar["before_2008"]) * (columns["year"] < 2008)
    for name in ANALYTES:
        rows[name] = np.where(streams.happens(f"missing {name}", log_odds), np.nan, rows[name])


def _sampled(rows: Columns, streams: Streams) -> Columns:
    keep = np.zeros(len(rows[PATIENT]), dtype=bool)
    for assay in definition("aml")["model"]["mrd"]["measurements"]["list"]:
        done = streams.below(f"mrd sample {assay['method']}", assay["tested"])
        keep |= (rows["method"] == assay["method"]) & done[rows[PATIENT]]
    return {name: values[keep] for name, values in rows.items()}
