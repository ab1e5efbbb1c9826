"""Which variants the mutated genes carry, in the modern form that a reader of reports prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmony.simulation.definitions import definition
from harmony.simulation.disease import GENES
from harmony.simulation.laws import QUARTILE_DISTANCE, Floats, inverse_logit, logit
from harmony.simulation.streams import Streams
from harmony.simulation.terms import Columns

Booleans = NDArray[np.bool_]


def variants_found(columns: Columns, tested: Mapping[str, Booleans], streams: Streams) -> NDArray[np.str_]:
    """
    Return the variants of the mutated and tested genes, parted by `; `.

    Parameters
    ----------
    columns : dict of str to array of shape (n,)
        The cohort's truth: genes in upper case, `cebpa_bzip`, `tp53_fraction`.
    tested : mapping of str to boolean array of shape (n,)
        Gene to where it was tested.
    streams : Streams
        Of the cohort, not of the observation: a variant is true before anyone tests.

    Returns
    -------
    text array of shape (n,)
        `GENE:c. p. 41.2%`; empty where nothing was found.
    """
    found = np.full(streams.size, "", dtype=object)
    for gene in GENES:
        here = tested[gene] & columns[gene]
        fraction = columns["tp53_fraction"] if gene == "TP53" else _fraction(gene, streams)
        forms = _forms(gene, columns, streams)
        percents = np.round(100 * fraction, 1)
        for place in np.flatnonzero(here):
            joined = f"{found[place]}; " if found[place] else ""
            found[place] = f"{joined}{forms[place]} {percents[place]:.3g}%"
    return found.astype(str)


def _forms(gene: str, columns: Columns, streams: Streams) -> NDArray[Any]:
    law = definition("aml_variants")
    chosen = streams.name(f"variant {gene}", {item["hgvs"]: item["p"] for item in law["genes"][gene]})
    if gene == "CEBPA":
        chosen = np.where(columns["cebpa_bzip"], law["cebpa_bzip"]["hgvs"], chosen)
    return chosen


def _fraction(gene: str, streams: Streams) -> Floats:
    law = definition("aml_variants")
    quartiles = law["vaf"].get(gene, law["vaf"]["default"])
    first, middle, third = logit(np.array(quartiles) / 100)
    spread = (third - first) / QUARTILE_DISTANCE
    drawn = inverse_logit(middle + spread * streams.normal(f"variant fraction {gene}"))
    low, high = law["vaf_limits"]
    return np.clip(drawn, low / 100, high / 100)
