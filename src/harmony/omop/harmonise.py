"""
Standardise checked tables: OMOP CDM 5.4 beside them, proved to be without loss before anything stands.

The copy is written, read back from its files, turned into common tables again and compared cell by cell;
then the same rules count the same violations on both.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from harmony.dictionary.model import Dictionary
from harmony.errors import HarmonyError
from harmony.omop.canonical import require_equal
from harmony.omop.concepts import ConceptPack, load_concepts
from harmony.omop.mapping import MappedShare, mapped_share
from harmony.omop.read import from_omop
from harmony.omop.write import to_omop
from harmony.settings import Zone
from harmony.stages.journey import CheckedTables, HarmonisedTables
from harmony.stages.record import Definition, Input, Outcome
from harmony.stages.run import Journal, run
from harmony.store.tables import read_tables, table_files, write_table

STAGE: Final = "harmonise"
TABLES, OMOP, MAPPING = "tables", "omop", "mapping.json"

#: Counts the violations of each rule on common tables, by rule id.
Recheck = Callable[[dict[str, pa.Table]], Mapping[str, int]]


def harmonise(
    zone: Zone,
    checked: CheckedTables,
    dictionary: Dictionary,
    journal: Journal,
    recheck: Recheck,
    definitions: Path | None = None,
) -> HarmonisedTables:
    """
    Put the OMOP copy beside checked tables and prove it.

    Parameters
    ----------
    checked : CheckedTables
        In the restricted zone; `tables/` holds one Parquet file a table.
    dictionary : Dictionary
        The one that the tables were checked with.
    recheck : callable
        Gets common tables, returns the number of violations of each rule.
    definitions : Path, optional
        `NETWORK/definitions`; its `concepts.csv` adds concepts.

    Returns
    -------
    HarmonisedTables
        `tables/` (the checked files, byte by byte), `omop/` and `mapping.json`.

    Raises
    ------
    HarmonyError
        When the rebuilt tables or their rule counts differ: table and column, or rule; never a value.
    LayoutRefused, DataRefused
        When the tables are not the dictionary's, or the concept pack lacks a concept.
    """
    pack = load_concepts(definitions)
    inputs = [Input(checked.record.stage, checked.record.sha256)]

    def work(folder: Path) -> Outcome:
        return _work(folder, checked, dictionary, pack, recheck)

    return run(HarmonisedTables, zone, STAGE, checked.record.key, inputs, work, journal)


def rules_agree(original: Mapping[str, int], rebuilt: Mapping[str, int]) -> None:
    """
    Refuse rebuilt tables on which a rule counts other violations than on the original.

    Raises
    ------
    HarmonyError
        With the ids of the rules that disagree.
    """
    differ = sorted(r for r in original.keys() | rebuilt.keys() if original.get(r) != rebuilt.get(r))
    if differ:
        raise HarmonyError(
            f"Rules count differently on the tables rebuilt from OMOP: {', '.join(differ)}.",
            "Nothing was harmonised. Report this; it is a defect.",
        )


def prove(
    folder: Path, tables: dict[str, pa.Table], dictionary: Dictionary, pack: ConceptPack, recheck: Recheck
) -> dict[str, pa.Table]:
    """
    Rebuild the common tables from the OMOP files of a folder, compare cells and rule counts, and return them.

    Raises
    ------
    HarmonyError
        When anything differs.
    """
    rebuilt = from_omop(read_tables(folder), dictionary, pack)
    require_equal(tables, rebuilt, dictionary)
    rules_agree(recheck(tables), recheck(rebuilt))
    return rebuilt


def _work(
    folder: Path, checked: CheckedTables, dictionary: Dictionary, pack: ConceptPack, recheck: Recheck
) -> Outcome:
    tables = read_tables(checked.path(TABLES))
    rows = _copy_tables(checked.path(TABLES), folder / TABLES, tables)
    (folder / OMOP).mkdir(mode=0o700)
    for name, table in to_omop(tables, dictionary, checked.details, pack).items():
        rows[f"{OMOP}/{name}.parquet"] = write_table(folder / OMOP / f"{name}.parquet", table)
    rebuilt = prove(folder / OMOP, tables, dictionary, pack, recheck)
    share = mapped_share(tables, dictionary, pack)
    (folder / MAPPING).write_text(json.dumps(share.as_dict(), indent=1) + "\n", encoding="utf-8")
    return Outcome(
        verdict="passed",
        counts={
            "in": tables["patient"].num_rows,
            "out": rebuilt["patient"].num_rows,
            "set_aside": 0,
            "refused": 0,
        },
        definitions=[Definition(dictionary.id, dictionary.version, dictionary.sha256), pack.definition()],
        rows=rows,
        details={**checked.details, **_details(share)},
    )


def _copy_tables(source: Path, target: Path, tables: Mapping[str, pa.Table]) -> dict[str, int]:
    target.mkdir(mode=0o700)
    for path in table_files(source).values():
        shutil.copyfile(path, target / path.name)
    return {f"{TABLES}/{name}.parquet": table.num_rows for name, table in tables.items()}


def _details(share: MappedShare) -> dict[str, Any]:
    return {
        "harmonised_patients": share.patients,
        "mapped_rows": share.mapped_rows,
        "mappable_rows": share.rows,
        "mean_patient_share": share.mean_patient_share,
    }
