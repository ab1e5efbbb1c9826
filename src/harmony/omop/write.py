"""Common tables to OMOP CDM 5.4 without loss (docs/reference/formats.md, "OMOP without loss")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from harmony.dictionary.model import Dictionary
from harmony.omop import exchange, source
from harmony.omop.cdm import cdm_tables
from harmony.omop.concepts import ConceptPack, load_concepts
from harmony.omop.facts import add_anchors, add_facts
from harmony.omop.rows import Delivery, prepare
from harmony.omop.sheet import Sheet

#: CDM tables without a record id of their own.
WITHOUT_ID: Final = ("cdm_source", "death", "person")


def to_omop(
    tables: Mapping[str, pa.Table],
    dictionary: Dictionary,
    details: Mapping[str, Any],
    pack: ConceptPack | None = None,
) -> dict[str, pa.Table]:
    """
    Make the OMOP copy of a delivery.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Common tables with the dictionary's types; rows in any order, NULL for not known. They may carry
        the provenance columns `_delivery`, `_part`, `_row`.
    dictionary : Dictionary
        What the fields are.
    details : mapping
        Details of the stage; `axis`, `index_event`, `mark`, `provider` and `data_cutoff` are read.
    pack : ConceptPack, optional
        Concepts of the network; the packaged ones by default.

    Returns
    -------
    dict of str to pyarrow.Table
        Every CDM table of `cdm.csv`, an empty one when it has no rows. Equal deliveries give equal tables
        whatever the order of their rows.

    Raises
    ------
    LayoutRefused
        When a table, a column or a type is not the dictionary's, or the pack lacks a concept.
    DataRefused
        When a row has no patient or no origin, or a number is not finite.
    """
    pack = pack or load_concepts()
    delivery = prepare(tables, dictionary)
    sheets = {name: Sheet(name, "" if name in WITHOUT_ID else f"{name}_id") for name in cdm_tables()}
    _add_facts(sheets, delivery, pack)
    _add_exchange(sheets, delivery, pack)
    source.add_metadata(sheets["metadata"], delivery, details, pack)
    source.add_source(sheets["cdm_source"], delivery, details, pack)
    return {name: sheet.table() for name, sheet in sheets.items()}


def _add_facts(sheets: Mapping[str, Sheet], delivery: Delivery, pack: ConceptPack) -> None:
    observation, measurement = sheets["observation"], sheets["measurement"]
    for rows in delivery.tables.values():
        add_facts(observation, measurement, rows, add_anchors(observation, rows, pack), pack)


def _add_exchange(sheets: Mapping[str, Sheet], delivery: Delivery, pack: ConceptPack) -> None:
    observation, procedure = sheets["observation"], sheets["procedure_occurrence"]
    exchange.add_persons(sheets["person"], observation, delivery, pack)
    exchange.add_periods(sheets["observation_period"], observation, delivery, pack)
    exchange.add_deaths(sheets["death"], delivery, pack)
    exchange.add_conditions(sheets["condition_occurrence"], delivery, pack)
    if "treatment" in delivery.tables:
        rows = delivery.tables["treatment"]
        exchange.add_treatments(sheets["drug_exposure"], procedure, sheets["episode"], rows, pack)
    if "transplant" in delivery.tables:
        exchange.add_transplants(procedure, delivery.tables["transplant"], pack)
