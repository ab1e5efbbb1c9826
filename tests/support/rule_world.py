"""
Two patients on whom every rule passes, A with AML and L with ALL, and changes written as text.

`patient.A.sex=` makes A's sex unknown, `response.A2.assessment_date=2015-07-01` changes A's second response,
`+treatment.A line_number=2, start_date=2015-03-01` adds a changed copy of a row, `-treatment.A` removes all.
"""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa

from harmony.dictionary.model import Dictionary
from harmony.quality.evaluate import RuleResult, Violation, evaluate
from harmony.quality.rules import Rule, RuleSet
from harmony.store.tables import ARROW_TYPES, write_table

World = dict[str, list[dict[str, Any]]]

DETAILS = {"axis": "calendar", "mark": "patient", "not_supplied": []}

_BLOOD = {
    "haemoglobin": "9.5", "wbc": "12", "neutrophils": "1.2", "platelets": "60", "pb_blast_pct": "20",
    "bm_blast_pct": "60", "ldh": "300", "albumin": "38", "creatinine": "0.9", "timepoint": "diagnosis",
}  # fmt: skip
_GENES = {"timepoint": "diagnosis", "method": "ngs_panel", "npm1_status": "mutated"}

#: Rows by table: owner, then the fields as text; every field not named here is not known.
_ROWS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "patient": [
        ("A", {
            "country": "IT", "disease": "AML", "pediatric": "false", "year_of_birth": "1960", "sex": "male",
            "index_diagnosis_date": "2015-03-01", "age_at_diagnosis": "55", "consent_status": "consent_broad",
            "vital_status": "dead", "death_date": "2017-03-01", "cause_of_death": "disease",
            "last_contact_date": "2017-03-01", "lost_to_follow_up": "false", "censor_reason": "death",
        }),
        ("L", {
            "country": "IT", "disease": "ALL", "pediatric": "false", "year_of_birth": "1985", "sex": "female",
            "index_diagnosis_date": "2015-05-01", "age_at_diagnosis": "30", "consent_status": "consent_broad",
            "vital_status": "alive", "last_contact_date": "2020-06-01", "lost_to_follow_up": "false",
            "censor_reason": "data_cutoff",
        }),
    ],
    "diagnosis": [
        ("A", {
            "diagnosis_role": "index", "diagnosis_date": "2015-03-01", "disease_group": "AML",
            "classification_edition": "WHO2022", "disease_origin": "de_novo", "aml_entity": "aml_npm1",
            "eln2022_risk": "favourable",
        }),
        ("L", {
            "diagnosis_role": "index", "diagnosis_date": "2015-05-01", "disease_group": "ALL",
            "classification_edition": "WHO2022", "disease_origin": "de_novo", "all_entity": "b_all_bcr_abl1",
            "immunophenotype_all": "common",
        }),
    ],
    "biochemistry": [("A", {**_BLOOD, "sample_date": "2015-03-01"}),
                     ("L", {**_BLOOD, "sample_date": "2015-05-01"})],
    "cytogenetics": [
        ("A", {"sample_date": "2015-03-01", "karyotype_result": "normal", "bcr_abl1": "absent"}),
        ("L", {"sample_date": "2015-05-01", "karyotype_result": "abnormal", "bcr_abl1": "present"}),
    ],
    "gene_test": [("A", {**_GENES, "sample_date": "2015-03-01", "flt3_itd_status": "wild_type"}),
                  ("L", {**_GENES, "sample_date": "2015-05-01", "flt3_itd_status": "wild_type"})],
    "treatment": [
        ("A", {"line_number": "1", "treatment_type": "chemotherapy", "phase": "induction",
               "intensity": "intensive", "start_date": "2015-03-05", "end_date": "2015-04-05",
               "regimen": "7_3d"}),
        ("L", {"line_number": "1", "treatment_type": "chemotherapy", "phase": "induction",
               "intensity": "intensive", "start_date": "2015-05-05", "end_date": "2015-06-05",
               "regimen": "hyper_cvad"}),
    ],
    "transplant": [
        ("A", {"transplant_date": "2015-08-01", "transplant_number": "1", "type": "allogeneic",
               "donor_type": "mud", "graft_source": "pbsc", "disease_status": "CR1"}),
    ],
    "response": [
        ("A", {"assessment_date": "2015-04-10", "criteria": "ELN2022", "response": "CR", "line_number": "1",
               "timepoint": "end_induction"}),
        ("A", {"assessment_date": "2016-06-01", "criteria": "ELN2022", "response": "relapse",
               "line_number": "1", "timepoint": "relapse"}),
        ("L", {"assessment_date": "2015-06-15", "criteria": "OTHER", "response": "CR", "line_number": "1",
               "timepoint": "end_induction"}),
    ],
    "mrd": [
        ("A", {"sample_date": "2015-04-10", "timepoint": "end_induction", "specimen": "bone_marrow",
               "method": "mfc", "status": "absent", "level": "0.0001"}),
        ("L", {"sample_date": "2015-06-15", "timepoint": "end_induction", "specimen": "bone_marrow",
               "method": "mfc", "status": "present", "level": "0.01"}),
    ],
    "follow_up": [
        ("A", {"contact_date": "2016-01-01", "contact_source": "visit", "alive": "true",
               "disease_status": "remission"}),
        ("L", {"contact_date": "2020-06-01", "contact_source": "visit", "alive": "true",
               "disease_status": "remission"}),
    ],
}  # fmt: skip


def make_world(dictionary: Dictionary) -> World:
    """Return the rows of A and L with every dictionary field, typed."""
    world: World = {}
    for table, rows in _ROWS.items():
        made = []
        for owner, given in rows:
            row: dict[str, Any] = {item.name: None for item in dictionary.tables[table]}
            number = sum(other["patient_id"] == owner for other in made) + 1
            row[dictionary.key_of(table)] = f"{table}-{owner}{number if number > 1 else ''}"
            row["patient_id"] = owner
            if table == "patient":
                row |= {"provider_id": "P01", "data_cutoff_date": dt.date(2020, 12, 31)}
            if table == "cytogenetics":
                row |= {"timepoint": "diagnosis", "method": "combined"}
            made.append(row | {name: typed(dictionary, table, name, text) for name, text in given.items()})
        world[table] = made
    return world


def typed(dictionary: Dictionary, table: str, name: str, text: str) -> Any:
    """Return a value written as text in the field's type; an empty text is None."""
    if text == "":
        return None
    kind = dictionary.field(f"{table}.{name}").type
    if kind == "date":
        return dt.date.fromisoformat(text)
    if kind == "boolean":
        return text == "true"
    return {"integer": int, "number": float}.get(kind, str)(text)


def changed(dictionary: Dictionary, world: World, changes: str) -> World:
    """Return a copy of a world with changes written as in the module's docstring."""
    new = copy.deepcopy(world)
    for change in (part.strip() for part in changes.split(";")):
        if change.startswith("-"):
            table, owner = change[1:].split(".")
            new[table] = [row for row in new[table] if row["patient_id"] != owner]
        elif change.startswith("+"):
            place, _, values = change[1:].partition(" ")
            table, owner = place.split(".")
            row = dict(_row(new, table, owner)) | {dictionary.key_of(table): f"{table}-added"}
            for value in filter(None, values.split(", ")):
                name, text = value.split("=")
                row[name] = typed(dictionary, table, name, text)
            new[table].append(row)
        else:
            place, text = change.split("=")
            table, owner, name = place.split(".")
            _row(new, table, owner)[name] = typed(dictionary, table, name, text)
    return new


def _row(world: World, table: str, owner: str) -> dict[str, Any]:
    number = int(owner[1:] or 1)
    rows = [row for row in world[table] if row["patient_id"] == owner[0]]
    return rows[number - 1]


def write_world(dictionary: Dictionary, world: World, folder: Path) -> Path:
    """Write a world as the tables of a delivery with `_file` and `_row`; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in world.items():
        fields = [(item.name, ARROW_TYPES[item.type]) for item in dictionary.tables[table]]
        schema = pa.schema([*fields, ("_file", pa.string()), ("_row", pa.int64())])
        placed = [row | {"_file": f"{table}.csv", "_row": line} for line, row in enumerate(rows, start=2)]
        write_table(folder / f"{table}.parquet", pa.Table.from_pylist(placed, schema))
    return folder


def run_rules(
    dictionary: Dictionary, world: World, folder: Path, rules: tuple[Rule, ...], **details: Any
) -> tuple[list[RuleResult], list[Violation]]:
    """Run some rules on a world; `details` replace axis, mark or not_supplied."""
    tables = write_world(dictionary, world, folder / "tables")
    chosen = RuleSet("test", "1", "0" * 64, rules)
    place = ("_file", "_row")
    return evaluate(tables, folder / "scratch", dictionary, chosen, {**DETAILS, **details}, place)
