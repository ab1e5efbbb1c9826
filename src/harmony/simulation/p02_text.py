"""How the laboratory of P02 writes karyotypes and variants: mostly well, some in old forms, with slips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from harmony.simulation.definitions import definition
from harmony.simulation.streams import Streams

#: Share of the string that is left where it was cut.
KEPT: Final = 0.7


def written_karyotypes(table: pa.Table, seed: int) -> list[str]:
    """
    Return the cell of each cytogenetic report.

    Parameters
    ----------
    table : Arrow table
        With `karyotype_result` and `karyotype_iscn`.
    seed : int
        Seed of words and slips; the same draws whatever the rest of the cohort draws.
    """
    words, streams = definition("p02_writing"), Streams(seed, table.num_rows)
    slips = _slips("karyotype", streams)
    failed = np.array(words["failed"])[streams.index("p02 failed words", [1] * len(words["failed"]))]
    cells = []
    for place, row in enumerate(table.select(["karyotype_result", "karyotype_iscn"]).to_pylist()):
        if row["karyotype_iscn"]:
            cells.append(_slipped(row["karyotype_iscn"], slips[place], words["karyotype_remark"], ""))
        else:
            known = {"failed": str(failed[place]), "not_done": words["not_done"][0]}
            cells.append(known.get(row["karyotype_result"], ""))
    return cells


def written_variants(table: pa.Table, seed: int) -> list[str]:
    """Return the cell of each gene test; `table` has `variants`, decimals are written with a comma."""
    words, streams = definition("p02_writing"), Streams(seed, table.num_rows)
    slips = _slips("variant", streams)
    old = streams.below("p02 old form", definition("aml_variants")["old_share"]["p"])
    names = _old_forms()
    cells = []
    for place, text in enumerate(table.column("variants").to_pylist()):
        if not text:
            cells.append(words["none_found"])
            continue
        whole = "; ".join(_written(part, names if old[place] else {}) for part in text.split("; "))
        cells.append(_slipped(whole, slips[place], words["variant_remark"], words["variant_elsewhere"]))
    return cells


def _old_forms() -> dict[str, str]:
    law = definition("aml_variants")
    known = [item for items in law["genes"].values() for item in items] + [law["cebpa_bzip"]]
    return {item["hgvs"]: item["old"] for item in known}


def _written(part: str, old: dict[str, str]) -> str:
    form, _, percent = part.rpartition(" ")
    shown = percent.replace(".", ",")
    return f"{old[form]} (VAF {shown})" if form in old else f"{form} {shown}"


def _slips(what: str, streams: Streams) -> Sequence[str]:
    kinds: list[dict[str, Any]] = definition("p02_writing")[f"{what}_slips"]
    weights = {item["kind"]: item["p"] for item in kinds}
    return list(streams.name(f"p02 {what} slips", {"": 1 - sum(weights.values()), **weights}))


def _slipped(text: str, slip: str, remark: str, elsewhere: str) -> str:
    changed = {
        "bracket_lost": text.removesuffix("]"),
        "blanks": text.replace(",", " , ").replace("/", " / "),
        "lower_case": text.lower(),
        "cut": text[: max(1, int(KEPT * len(text)))],
        "remark": text + remark,
        "elsewhere": elsewhere,
    }
    return changed.get(slip, text)
