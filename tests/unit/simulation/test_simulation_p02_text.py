"""What P02's laboratory writes gives the truth when read; what was slipped is never read as another thing."""

from __future__ import annotations

import csv

import pyarrow as pa
import pytest

from harmony.intake.parsed import printed_karyotype, printed_variants
from harmony.notation.hgvs.read import read_variant
from harmony.notation.iscn.read import read_karyotype
from harmony.simulation.cohort import simulate
from harmony.simulation.definitions import definition
from harmony.simulation.observation import observe
from harmony.simulation.p02 import P02_FILES, P02_PARSED, write_provider_files
from harmony.simulation.p02_text import written_karyotypes, written_variants

SIZE, SEED = 3000, 7
CALLS = {"complex_karyotype": "complex_eln2022", "monosomal_karyotype": "monosomal"}
WORDS = {"yes": "present", "no": "absent", "": "not_assessed"}


@pytest.fixture(scope="module")
def tables():
    return observe(simulate(SIZE, SEED), SEED)


def _truth(table, *fields):
    return table.select(list(fields)).to_pylist()


@pytest.mark.parametrize("sex", ["male", "female"])
def test_flags_of_every_template_are_what_a_reader_finds_in_its_string(sex):
    for template in definition("aml_karyotypes")["templates"]:
        flags = template["flags"] if sex == "male" else template.get("flags_female", template["flags"])
        row = read_karyotype(template[sex]).row()
        if "failed" in flags:
            assert row["karyotype_result"] == "failed"
            continue
        for name in definition("aml_karyotypes")["flags"][1:]:
            found = WORDS.get(row[CALLS.get(name, name)], row[CALLS.get(name, name)])
            cryptic = name == "nup98_r" and template["id"] == "n98"
            assert (found == "present") == (name in flags) or cryptic, (template["id"], name)


def test_the_true_karyotype_and_variants_are_printed_by_the_readers_as_they_stand(tables):
    for text in set(tables["cytogenetics"].column("karyotype_iscn").to_pylist()) - {None}:
        assert printed_karyotype(read_karyotype(text)) == text
    for text in set(tables["gene_test"].column("variants").to_pylist()) - {None}:
        assert printed_variants(read_variant(text)) == text


def test_a_variant_is_on_record_exactly_for_the_genes_that_are_mutated(tables):
    for row in tables["gene_test"].to_pylist():
        found = {part.split(":")[0].split(" ")[0] for part in (row["variants"] or "").split("; ") if part}
        mutated = {name.removesuffix("_status") for name, value in row.items() if value == "mutated"}
        assert found == {
            {"flt3_itd": "FLT3-ITD", "flt3_tkd": "FLT3"}.get(gene, gene.upper()) for gene in mutated
        }


def test_written_karyotypes_give_the_truth_or_nothing_and_few_are_not_read_whole(tables):
    table = tables["cytogenetics"]
    cells, unread, wrong = written_karyotypes(table, SEED), 0, []
    fields = [key.partition(".")[2] for key in P02_PARSED]
    for cell, truth in zip(cells, _truth(table, *fields), strict=True):
        row = read_karyotype(cell).row()
        unread += row["status"] in ("partly_read", "unreadable")
        for field, want in truth.items():
            got = row[CALLS.get(field, field)]
            found = WORDS.get(got, got) if field != "karyotype_result" else got
            if found not in (want, "not_assessed", ""):
                wrong.append((cell, field, found, want))
    assert 0.001 < unread / SIZE < 0.03
    assert wrong == []


def test_written_variants_never_name_a_gene_that_is_not_mutated(tables):
    table, unread = tables["gene_test"], 0
    for cell, row in zip(written_variants(table, SEED), table.to_pylist(), strict=True):
        reading = read_variant(cell)
        unread += reading.status in ("partly_read", "unreadable")
        genes = {variant.gene for variant in reading.variants if variant.result == "variant"}
        mutated = {name.split("_")[0].upper() for name, value in row.items() if value == "mutated"}
        assert genes <= mutated, cell
    assert 0.003 < unread / table.num_rows < 0.03


def test_every_kind_of_slip_and_old_forms_occur(tables):
    cells = written_karyotypes(tables["cytogenetics"], SEED)
    true = tables["cytogenetics"].column("karyotype_iscn").to_pylist()
    changed = [(cell, text) for cell, text in zip(cells, true, strict=True) if text and cell != text]
    assert 0.015 < len(changed) / SIZE < 0.05
    assert any(cell == text.removesuffix("]") for cell, text in changed)
    assert any(cell == text.lower() for cell, text in changed)
    assert any(" , " in cell for cell, _ in changed)
    assert any(cell.endswith("vedi nota") for cell, _ in changed)
    variants = written_variants(tables["gene_test"], SEED)
    assert "nessuna mutazione" in variants and "come da referto allegato" in variants
    assert any("NPM1 tipo A (VAF" in cell for cell in variants)


def test_the_seed_decides_the_writing_and_nothing_else_of_the_files(tables, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        write_provider_files(tables, tmp_path / name, seed)
    for table, file in P02_FILES.items():
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b
        assert (a == c) == (table not in ("cytogenetics", "gene_test"))


def test_a_report_without_a_result_says_so_in_words(tables):
    table = pa.table({"karyotype_result": ["failed", "not_done", None], "karyotype_iscn": [None, None, None]})
    failed, not_done, unknown = written_karyotypes(
        table.set_column(1, "karyotype_iscn", pa.array([None] * 3, pa.string())), 1
    )
    assert read_karyotype(failed).result == "failed"
    assert read_karyotype(not_done).result == "not_done"
    assert unknown == ""


def test_the_files_hold_the_written_cells(tables, tmp_path):
    write_provider_files(tables, tmp_path, SEED)
    with (tmp_path / P02_FILES["cytogenetics"]).open(encoding="iso-8859-1", newline="") as file:
        cells = [row["cariotipo"] for row in csv.DictReader(file, delimiter=";")]
    assert cells == written_karyotypes(tables["cytogenetics"], SEED)
