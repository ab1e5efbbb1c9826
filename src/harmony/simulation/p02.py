"""
The shape of the files that synthetic provider P02 ("Hospital B (IT)") exports, and the writer of them.

Writer and documentation read the same table, `P02_COLUMNS`. Files are ISO 8859-1 with CRLF line ends,
semicolons, decimal commas and dates DD/MM/YYYY; an empty cell is "not known" unless a column's codes
say more.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from harmony.dictionary.model import load
from harmony.errors import UsageError
from harmony.simulation.disease import LESIONS
from harmony.simulation.p02_text import written_karyotypes, written_variants

ENCODING: Final = "iso-8859-1"
DELIMITER: Final = ";"
DECIMAL: Final = ","
DATE_FORMAT: Final = "%d/%m/%Y"

#: File of each common table.
P02_FILES: Final = {
    "patient": "pazienti.synthetic.csv",
    "diagnosis": "diagnosi.synthetic.csv",
    "biochemistry": "esami_sangue.synthetic.csv",
    "cytogenetics": "citogenetica.synthetic.csv",
    "gene_test": "genetica.synthetic.csv",
    "treatment": "terapia.synthetic.csv",
    "transplant": "trapianti.synthetic.csv",
    "response": "risposte.synthetic.csv",
    "mrd": "malattia_residua.synthetic.csv",
    "follow_up": "controlli.synthetic.csv",
}

#: Fields that every row of P02 has and no column tells.
P02_CONSTANTS: Final = {
    "patient.provider_id": "SYN-P02",
    "patient.country": "IT",
    "patient.disease": "AML",
    "patient.pediatric": "false",
    "diagnosis.diagnosis_role": "index",
    "diagnosis.disease_group": "AML",
    "diagnosis.classification_edition": "WHO2022",
    "biochemistry.timepoint": "diagnosis",
    "cytogenetics.timepoint": "diagnosis",
    "cytogenetics.method": "combined",
    "gene_test.timepoint": "diagnosis",
    "transplant.type": "allogeneic",
    "response.criteria": "ELN2022",
    "mrd.timepoint": "end_induction",
    "follow_up.contact_source": "visit",
}

#: Fusions that P02 reports in columns of their own: FISH and PCR find them too, and some that banding cannot.
P02_FUSIONS: Final = (
    "pml_rara", "runx1_runx1t1", "cbfb_myh11", "dek_nup214", "kmt2a_r", "kmt2a_mllt3", "mecom_r", "nup98_r",
    "bcr_abl1",
)  # fmt: skip

#: Fields that are read from the karyotype in column `cariotipo`, the string itself aside.
P02_PARSED: Final = (
    "cytogenetics.karyotype_result",
    *(f"cytogenetics.{name}" for name in LESIONS if name not in P02_FUSIONS),
)

GENE_CODES: Final = {"MUT": "mutated", "WT": "wild_type", "": "not_tested"}
TRISTATE: Final = {"1": "present", "0": "absent", "9": "not_assessed"}
YES_NO: Final = {"1": "true", "0": "false"}

#: Genes of P02's files; RAD21 is on none of its panels.
P02_GENES: Final = (
    "tp53", "npm1", "flt3_itd", "flt3_tkd", "cebpa", "asxl1", "bcor", "ezh2", "runx1", "sf3b1",
    "srsf2", "stag2", "u2af1", "zrsr2", "dnmt3a", "tet2", "idh1", "idh2", "nras", "kras",
    "ptpn11", "kit", "wt1", "gata2", "phf6",
)  # fmt: skip


@dataclass(frozen=True)
class SourceColumn:
    """
    One column of a P02 file and the common field it fills.

    Attributes
    ----------
    key : str
        Common field, table.field.
    name : str
        Column as the file heads it.
    form : str
        text, date (DD/MM/YYYY), integer, decimal, code, karyotype or variants (as a laboratory writes them).
    unit : str
        UCUM unit in the file; empty where there is none.
    factor : float
        File value = common value x factor.
    digits : int
        Digits after the decimal comma.
    codes : mapping of str to str
        Code in the file to code of the dictionary.
    """

    key: str
    name: str
    form: str = "text"
    unit: str = ""
    factor: float = 1.0
    digits: int = 0
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Common table of the column."""
        return self.key.partition(".")[0]


def _code(key: str, name: str, codes: Mapping[str, str]) -> SourceColumn:
    return SourceColumn(key, name, "code", codes=codes)


def _number(key: str, name: str, unit: str, digits: int, factor: float = 1.0) -> SourceColumn:
    return SourceColumn(key, name, "decimal", unit, factor, digits)


_CAUSES = {
    "malattia": "disease", "infezione": "infection", "GVHD": "gvhd", "emorragia": "bleeding",
    "tossicità": "organ_toxicity", "cardiovascolare": "cardiovascular", "altro": "other",
}  # fmt: skip
_ENTITIES = {
    "LAP": "aml_pml_rara", "t(8;21)": "aml_runx1_runx1t1", "inv(16)": "aml_cbfb_myh11",
    "t(6;9)": "aml_dek_nup214", "KMT2A": "aml_kmt2a", "MECOM": "aml_mecom", "NUP98": "aml_nup98",
    "BCR::ABL1": "aml_bcr_abl1", "NPM1": "aml_npm1", "CEBPA": "aml_cebpa", "mielodisplasia": "aml_mr",
    "M0": "aml_m0", "M1": "aml_m1", "M2": "aml_m2", "M4": "aml_m4", "M5": "aml_m5", "M6": "aml_m6",
    "M7": "aml_m7", "NAS": "aml_nos",
}  # fmt: skip
_REGIMENS = {
    "3+7 DNR": "7_3d", "3+7 IDA": "7_3i", "3+7+GO": "7_3d_and_go", "3+7+MIDO": "7_3d_and_midostaurin",
    "3+7+QUIZ": "7_3d_and_quizartinib", "CPX-351": "cpx_351_monotherapy", "FLAG-IDA": "flag_ida",
    "AIDA": "atra_and_idarubicin", "ATRA+ATO": "arsenic_trioxide_and_atra",
    "AZA": "azacitidine_monotherapy", "DEC": "decitabine_monotherapy",
    "AZA+VEN": "azacitidine_and_venetoclax", "LDAC+VEN": "lodac_and_venetoclax",
}  # fmt: skip

P02_COLUMNS: Final[tuple[SourceColumn, ...]] = (
    SourceColumn("patient.patient_id", "codice_paz"),
    _code("patient.sex", "sesso", {"1": "male", "2": "female"}),
    SourceColumn("patient.year_of_birth", "anno_nascita", "integer", "a"),
    SourceColumn("patient.age_at_diagnosis", "età_diagnosi", "integer", "a"),
    SourceColumn("patient.index_diagnosis_date", "data_diagnosi", "date"),
    _code("patient.consent_status", "consenso", {"ampio": "consent_broad", "deroga": "waiver"}),
    _code("patient.vital_status", "stato", {"0": "alive", "1": "dead"}),
    SourceColumn("patient.death_date", "data_decesso", "date"),
    _code("patient.cause_of_death", "causa_decesso", _CAUSES),
    SourceColumn("patient.last_contact_date", "data_ult_contatto", "date"),
    _code("patient.lost_to_follow_up", "perso", YES_NO),
    _code(
        "patient.censor_reason",
        "fine_osservazione",
        {"chiusura": "data_cutoff", "perso": "lost", "decesso": "death"},
    ),
    SourceColumn("patient.data_cutoff_date", "data_chiusura", "date"),
    SourceColumn("diagnosis.diagnosis_id", "id_diagnosi"),
    SourceColumn("diagnosis.patient_id", "codice_paz"),
    SourceColumn("diagnosis.diagnosis_date", "data_diagnosi", "date"),
    _code(
        "diagnosis.disease_origin",
        "origine",
        {"de novo": "de_novo", "secondaria": "secondary", "terapia": "therapy_related"},
    ),
    _code("diagnosis.aml_entity", "entità", _ENTITIES),
    _code(
        "diagnosis.eln2022_risk",
        "rischio_ELN2022",
        {"FAV": "favourable", "INT": "intermediate", "AVV": "adverse", "NV": "not_assessable"},
    ),
    SourceColumn("biochemistry.sample_id", "id_campione"),
    SourceColumn("biochemistry.patient_id", "codice_paz"),
    SourceColumn("biochemistry.sample_date", "data_prelievo", "date"),
    _number("biochemistry.haemoglobin", "emoglobina", "g/dL", 1),
    _number("biochemistry.wbc", "GB", "/uL", 0, 1000),
    _number("biochemistry.neutrophils", "neutrofili", "/uL", 0, 1000),
    _number("biochemistry.platelets", "PLT", "/uL", 0, 1000),
    _number("biochemistry.pb_blast_pct", "blasti_SP", "%", 0),
    _number("biochemistry.bm_blast_pct", "blasti_MO", "%", 0),
    _number("biochemistry.ldh", "LDH", "U/L", 0),
    _number("biochemistry.albumin", "albumina", "g/dL", 1, 0.1),
    _number("biochemistry.creatinine", "creatinina", "mg/dL", 2),
    SourceColumn("cytogenetics.report_id", "id_referto"),
    SourceColumn("cytogenetics.patient_id", "codice_paz"),
    SourceColumn("cytogenetics.sample_date", "data_prelievo", "date"),
    SourceColumn("cytogenetics.karyotype_iscn", "cariotipo", "karyotype"),
    *(_code(f"cytogenetics.{lesion}", lesion, TRISTATE) for lesion in P02_FUSIONS),
    SourceColumn("gene_test.test_id", "id_test"),
    SourceColumn("gene_test.patient_id", "codice_paz"),
    SourceColumn("gene_test.sample_date", "data_prelievo", "date"),
    _code("gene_test.method", "metodica", {"NGS": "ngs_panel", "PCR": "pcr", "FRAG": "fragment"}),
    *(_code(f"gene_test.{gene}_status", gene.upper(), GENE_CODES) for gene in P02_GENES),
    SourceColumn("gene_test.variants", "varianti", "variants"),
    SourceColumn("treatment.treatment_id", "id_terapia"),
    SourceColumn("treatment.patient_id", "codice_paz"),
    SourceColumn("treatment.line_number", "linea", "integer"),
    _code(
        "treatment.treatment_type",
        "tipo_terapia",
        {
            "chemio": "chemotherapy", "ipomet": "hypomethylating", "mirata": "targeted",
            "supporto": "supportive",
        },
    ),
    _code("treatment.phase", "fase", {"induzione": "induction", "palliativa": "palliative"}),
    _code(
        "treatment.intensity",
        "intensità",
        {"intensiva": "intensive", "non intensiva": "non_intensive", "supporto": "supportive"},
    ),
    SourceColumn("treatment.start_date", "data_inizio", "date"),
    _code("treatment.regimen", "schema_terapia", _REGIMENS),
    SourceColumn("transplant.transplant_id", "id_trapianto"),
    SourceColumn("transplant.patient_id", "codice_paz"),
    SourceColumn("transplant.transplant_date", "data_trapianto", "date"),
    SourceColumn("transplant.transplant_number", "numero", "integer"),
    _code(
        "transplant.donor_type",
        "donatore",
        {"fratello": "msd", "MUD": "mud", "MMUD": "mmud", "aplo": "haplo", "cordone": "cord"},
    ),
    _code("transplant.graft_source", "fonte", {"PBSC": "pbsc", "midollo": "bm", "cordone": "cord"}),
    _code("transplant.disease_status", "stato_malattia", {"RC1": "CR1"}),
    SourceColumn("response.response_id", "id_risposta"),
    SourceColumn("response.patient_id", "codice_paz"),
    SourceColumn("response.assessment_date", "data_valutazione", "date"),
    _code(
        "response.response",
        "risposta",
        {
            "RC": "CR", "RCh": "CRh", "RCi": "CRi", "MLFS": "MLFS", "RP": "PR", "NR": "NR",
            "recidiva": "relapse",
        },
    ),
    SourceColumn("response.line_number", "linea", "integer"),
    _code("response.timepoint", "momento", {"fine induzione": "end_induction", "recidiva": "relapse"}),
    SourceColumn("mrd.mrd_id", "id_mrd"),
    SourceColumn("mrd.patient_id", "codice_paz"),
    SourceColumn("mrd.sample_date", "data_prelievo", "date"),
    _code("mrd.specimen", "materiale", {"MO": "bone_marrow"}),
    _code("mrd.method", "metodica", {"citofluorimetria": "mfc", "RT-qPCR": "rtqpcr_fusion"}),
    _code("mrd.status", "esito", TRISTATE),
    _number("mrd.level", "livello", "1", 6),
    SourceColumn("follow_up.follow_up_id", "id_controllo"),
    SourceColumn("follow_up.patient_id", "codice_paz"),
    SourceColumn("follow_up.contact_date", "data_controllo", "date"),
    _code("follow_up.alive", "vivo", YES_NO),
    _code(
        "follow_up.disease_status",
        "stato_malattia",
        {
            "remissione": "remission", "parziale": "partial", "progressione": "progressive",
            "non valutato": "not_assessed",
        },
    ),
)  # fmt: skip


def not_supplied() -> list[str]:
    """Return the AML fields of P02's tables that its records never had, in dictionary order."""
    supplied = {column.key for column in P02_COLUMNS} | set(P02_CONSTANTS) | set(P02_PARSED)
    return [
        item.key
        for item in load().fields
        if item.table in P02_FILES
        and item.key not in supplied
        and (not item.diseases or "AML" in item.diseases)
    ]


def write_provider_files(tables: Mapping[str, pa.Table], folder: Path, seed: int = 0) -> dict[str, int]:
    """
    Write common tables as P02 exports them, one file a table.

    Parameters
    ----------
    tables : mapping of str to Arrow table
        The ten tables of `observe`.
    folder : Path
        Existing folder; files of the same name are replaced.
    seed : int
        Seed of how karyotypes and variants are written.

    Returns
    -------
    dict of str to int
        Rows written by file name, the header not counted.

    Raises
    ------
    UsageError
        When a table is missing or a value has no code at P02.
    """
    missing = sorted(set(P02_FILES) - set(tables))
    if missing:
        raise UsageError(
            f"P02's files need the tables {', '.join(missing)}.", "Pass what observe() returned."
        )
    return {name: _write(tables[table], table, folder / name, seed) for table, name in P02_FILES.items()}


def _write(table: pa.Table, name: str, path: Path, seed: int) -> int:
    columns = [column for column in P02_COLUMNS if column.table == name]
    cells = [_column_cells(table, column, seed) for column in columns]
    with path.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.writer(file, delimiter=DELIMITER, lineterminator="\r\n")
        writer.writerow([column.name for column in columns])
        writer.writerows(zip(*cells, strict=True))
    return table.num_rows


def _column_cells(table: pa.Table, column: SourceColumn, seed: int) -> list[str]:
    if column.form == "karyotype":
        return written_karyotypes(table, seed)
    if column.form == "variants":
        return written_variants(table, seed)
    return _cells(table.column(column.key.partition(".")[2]), column)


def _cells(values: pa.ChunkedArray, column: SourceColumn) -> list[str]:
    if column.form == "code":
        return _coded(values, column)
    write: dict[str, Callable[[Any], str]] = {
        "text": str,
        "integer": lambda value: f"{value:.0f}",
        "date": lambda value: value.strftime(DATE_FORMAT) if isinstance(value, datetime.date) else "",
        "decimal": lambda value: f"{value * column.factor:.{column.digits}f}".replace(".", DECIMAL),
    }
    return ["" if value is None else write[column.form](value) for value in values.to_pylist()]


def _coded(values: pa.ChunkedArray, column: SourceColumn) -> list[str]:
    codes: dict[Any, str] = {common: code for code, common in column.codes.items()}
    if pa.types.is_boolean(values.type):
        codes = {common == "true": code for common, code in codes.items()}
    unknown = {
        str(value) for value in values.unique().to_pylist() if value is not None and value not in codes
    }
    if unknown:
        raise UsageError(
            f"P02 has no code in column {column.name} for {', '.join(sorted(unknown))}.",
            "Add the code to P02_COLUMNS.",
        )
    return ["" if value is None else codes[value] for value in values.to_pylist()]
