"""
ELN 2022 genetic risk of the synthetic patients, from true values and from what was tested.

The group is never drawn. The platform's own score (`harmony.hematology`) is written apart from this one, so
that each can be held against the other.

Reference: Döhner H et al. Blood 2022;140(12):1345-1377, doi 10.1182/blood.2022016867.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FAVOURABLE, INTERMEDIATE, ADVERSE, NOT_ASSESSABLE = 0, 1, 2, 3
GROUPS: Final = np.array(["favourable", "intermediate", "adverse", "not_assessable"])

#: Genes whose mutation marks myelodysplasia-related AML.
MYELODYSPLASIA_GENES: Final = (
    "ASXL1", "BCOR", "EZH2", "RUNX1", "SF3B1", "SRSF2", "STAG2", "U2AF1", "ZRSR2",
)  # fmt: skip

#: Lowest allele fraction at which a TP53 mutation counts.
TP53_FRACTION: Final = 0.10

#: Lesions that are adverse whatever stands beside them, a core-binding factor excepted.
ADVERSE_LESIONS: Final = (
    "dek_nup214", "bcr_abl1", "mecom_r", "minus5_del5q", "minus7", "minus17_abn17p", "monosomal_karyotype",
)  # fmt: skip

_GENES: Final = ("NPM1", "FLT3_ITD", "cebpa_bzip", "mr_genes", "tp53_adverse")
Booleans = NDArray[np.bool_]


def risk_group(lesions: Mapping[str, NDArray[Any]], genes: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """
    Return the risk group when everything is known: 0 favourable, 1 intermediate, 2 adverse.

    Parameters
    ----------
    lesions : mapping of str to boolean array of shape (n,)
        The cytogenetic lesions of the dictionary.
    genes : mapping of str to boolean array of shape (n,)
        NPM1, FLT3_ITD, cebpa_bzip (in frame), mr_genes (any of nine), tp53_adverse (fraction 10 % or more).
    """
    adverse = np.logical_or.reduce([lesions[name] for name in ADVERSE_LESIONS])
    adverse |= lesions["kmt2a_r"] & ~lesions["kmt2a_mllt3"]
    adverse |= lesions["complex_karyotype"] & ~lesions["kmt2a_mllt3"]
    rules: list[tuple[Booleans, int]] = [
        (lesions["runx1_runx1t1"] | lesions["cbfb_myh11"], FAVOURABLE),
        (adverse, ADVERSE),
        (lesions["kmt2a_mllt3"], INTERMEDIATE),
        (genes["tp53_adverse"], ADVERSE),
        (genes["NPM1"] & ~genes["FLT3_ITD"], FAVOURABLE),
        (genes["cebpa_bzip"], FAVOURABLE),
        (genes["mr_genes"], ADVERSE),
    ]
    return np.select([test for test, _ in rules], [group for _, group in rules], INTERMEDIATE)


def risk_group_of_tested(
    lesions: Mapping[str, NDArray[Any]],
    genes: Mapping[str, NDArray[Any]],
    karyotype_known: Booleans,
    gene_known: Mapping[str, Booleans],
) -> NDArray[np.int64]:
    """
    Return the risk group as far as the tests decide it; 3 where untested genes could change it.

    Parameters
    ----------
    lesions, genes : mappings of str to boolean array of shape (n,)
        True values, as in `risk_group`.
    karyotype_known : boolean array of shape (n,)
        False makes the group not assessable: an unseen karyotype can be favourable or adverse.
    gene_known : mapping of str to boolean array of shape (n,)
        Which of the five gene inputs the tests decide.
    """
    lowest = np.full(karyotype_known.shape, ADVERSE)
    highest = np.full(karyotype_known.shape, FAVOURABLE)
    for guess in product((False, True), repeat=len(_GENES)):
        completed = {
            name: np.where(gene_known[name], genes[name], assumed)
            for name, assumed in zip(_GENES, guess, strict=True)
        }
        group = risk_group(lesions, completed)
        lowest, highest = np.minimum(lowest, group), np.maximum(highest, group)
    return np.where(karyotype_known & (lowest == highest), lowest, NOT_ASSESSABLE)
