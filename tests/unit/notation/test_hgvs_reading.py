"""What the spec table does not show: repairs, confidence, what was not checked, columns, words."""

import ast
import re
from pathlib import Path

import pyarrow as pa
import pytest

from harmony.errors import UsageError
from harmony.notation.hgvs import explain as explaining
from harmony.notation.hgvs.cleaning import CYRILLIC, DASHES, GREEK, clean
from harmony.notation.hgvs.explain import PROBLEMS, explain
from harmony.notation.hgvs.fusions import PAIRS
from harmony.notation.hgvs.genes import symbols
from harmony.notation.hgvs.names import AGREED
from harmony.notation.hgvs.read import MAX_LENGTH, read_variant
from harmony.notation.hgvs.table import OUTPUT, read_column

PACKAGE = Path(explaining.__file__).parent


def only(text, **options):
    reading = read_variant(text, **options)
    assert len(reading.variants) == 1
    return reading.variants[0]


@pytest.mark.parametrize("sign", sorted(CYRILLIC | GREEK))
def test_a_look_alike_letter_becomes_latin_and_is_reported(sign):
    assert clean(f"x{sign}x") == (f"x{(CYRILLIC | GREEK)[sign]}x", ("look_alike_letters",))


@pytest.mark.parametrize("dash", sorted(DASHES))
def test_every_dash_is_a_minus(dash):
    variant = only(f"c.{dash}12C>T")
    assert variant.hgvs == "c.-12C>T"
    assert "typographic_minus" in variant.problems


def test_control_characters_are_removed_and_reported():
    variant = only("JAK2\x00 V617\u200bF\x07")
    assert (variant.gene, variant.hgvs) == ("JAK2", "p.Val617Phe")
    assert "control_characters" in variant.problems


def test_nothing_but_control_characters_is_unreadable_and_not_empty():
    assert read_variant("\x00\x01").status == "unreadable"
    assert read_variant("  \t ").result == "empty"


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("NM_004972.4:c.1849G>T", "high"),
        ("JAK2 p.(Val617Phe)", "high"),
        ("JAK2 V617F", "medium"),
        ("SFRS2 p.(Pro95His)", "medium"),
        ("MLL2 p.(Arg5Ter)", "low"),
        ("1849G>T", "low"),
        ("G1849T", "low"),
        ("JAK2 c.1849G>T p.(Val618Phe)", "low"),
    ],
)
def test_confidence_falls_with_what_had_to_be_supposed(text, confidence):
    assert read_variant(text).confidence == confidence


def test_dna_and_protein_at_different_codons_are_kept_and_flagged():
    variant = only("JAK2 c.1849G>T p.(Val618Phe)")
    assert "levels_disagree" in variant.problems
    assert "levels_disagree" not in only("JAK2 c.1849G>T p.(Val617Phe)").problems


def test_two_variants_of_one_gene_are_not_joined_across_a_semicolon():
    reading = read_variant("TP53 c.743G>A; p.Arg273His")
    assert [v.hgvs for v in reading.variants] == ["c.743G>A", "p.Arg273His"]
    assert [v.gene for v in reading.variants] == ["TP53", "TP53"]


def test_what_needs_a_sequence_is_listed_as_unchecked():
    assert only("NM_004972.4:c.1849G>T").unchecked == ("position", "reference_allele", "protein_of_coding")
    assert only("NM_004972:c.1849G>T").unchecked[0] == "version"
    assert only("c.1849G>T").unchecked[0] == "transcript"
    assert "most_3prime" in only("c.860_863dup").unchecked
    assert only("FLT3-ITD").unchecked == ("inserted_sequence",)
    assert only("NPM1 wt").unchecked == ()


def test_a_change_that_was_not_found_is_never_printed_as_found():
    variant = only("JAK2 V617F not detected")
    assert (variant.result, variant.hgvs, variant.protein_change) == ("wild_type", "", "")
    assert variant.looked_for == "p.Val617Phe"
    assert read_variant("JAK2 V617F not detected").hgvs == ""


def test_parentheses_mean_predicted():
    assert only("p.(Val617Phe)").predicted is True
    assert only("p.Val617Phe").predicted is False
    assert only("c.1849G>T").predicted is None


def test_the_length_of_a_tandem_duplication_is_read_in_base_pairs_only():
    assert only("FLT3-ITD 45bp").length == 45
    assert only("FLT3-ITD (45 bp)").length == 45
    assert only("FLT3-ITD 45").length is None


def test_an_allelic_ratio_is_not_an_allele_fraction():
    variant = only("FLT3-ITD ratio 0.62", vaf_unit="fraction")
    assert variant.vaf is None
    assert "allelic_ratio_not_vaf" in variant.problems


@pytest.mark.parametrize(
    ("text", "unit", "vaf"),
    [
        ("JAK2 V617F 41%", None, 0.41),
        ("JAK2 V617F VAF 41,5 %", None, 0.415),
        ("JAK2 V617F (VAF: 41 %)", None, 0.41),
        ("41% JAK2 V617F", None, 0.41),
        ("JAK2 V617F 0.41", None, None),
        ("JAK2 V617F 0.41", "fraction", 0.41),
        ("JAK2 V617F VAF 0.41", "percent", 0.0041),
        ("JAK2:c.1849G>T:p.(Val617Phe):41:somatic", None, 0.41),
        ("JAK2 V617F VAF 141%", None, None),
    ],
)
def test_an_allele_fraction_beside_a_variant_is_read_by_the_same_rule(text, unit, vaf):
    assert only(text, vaf_unit=unit).vaf == vaf


def test_each_variant_keeps_its_own_allele_fraction():
    reading = read_variant("DNMT3A R882H 45%, IDH2 R140Q 30%; NPM1 type A")
    assert [(v.gene, v.vaf) for v in reading.variants] == [("DNMT3A", 0.45), ("IDH2", 0.3), ("NPM1", None)]


def test_a_cell_over_the_limit_is_not_read():
    reading = read_variant("R882H " * MAX_LENGTH)
    assert (reading.status, reading.problems) == ("unreadable", ("too_long",))


def test_agreed_names_stand_for_forms_that_agree_with_themselves():
    for gene, name in AGREED:
        variant = only(f"{gene} type {name}")
        assert variant.consequence == "frameshift"
        assert "levels_disagree" not in variant.problems


def test_fusion_pairs_are_current_symbols():
    known = set(symbols())
    assert [sorted(pair) for pair in PAIRS if not pair <= known] == []


def test_a_column_has_one_row_per_row_and_keeps_the_order():
    table = read_column(pa.chunked_array([["JAK2 V617F", None], ["", "JAK2 V617F", "NPM1 wt"]]))
    assert tuple(table.column_names) == OUTPUT
    assert table["row"].to_pylist() == [1, 2, 3, 4, 5]
    assert table["status"].to_pylist() == ["read", "no_result", "no_result", "read", "no_result"]
    assert table["result"].to_pylist() == ["variant", "empty", "empty", "variant", "wild_type"]
    assert table["hgvs"].to_pylist() == ["p.Val617Phe", None, None, "p.Val617Phe", None]


def test_an_empty_column_gives_an_empty_table():
    assert read_column(pa.array([], pa.string())).num_rows == 0


def test_entries_of_several_variants_keep_their_places():
    row = read_column(pa.array(["JAK2 c.1849G>T; TET2 p.(Arg550Ter) 12%"])).to_pylist()[0]
    assert row["coding_change"] == "c.1849G>T; "
    assert row["protein_change"] == "; p.(Arg550Ter)"
    assert (row["vaf"], row["vafs"]) == (None, "; 0.12")


def test_the_column_decides_the_unit_of_its_allele_fractions_and_says_why():
    fractions = read_column(pa.array(["R882H 0.41", "R882H 0.05", "R882H 0.5"]))
    assert fractions["vaf"].to_pylist() == [0.41, 0.05, 0.5]
    assert fractions.schema.metadata[b"vaf_unit"] == b"fraction"
    single = read_column(pa.array(["R882H 0.41"]))
    assert single["vaf"].to_pylist() == [None]
    assert single.schema.metadata[b"vaf_unit"] == b""
    mixed = read_column(pa.array(["R882H VAF 0.41", "R882H VAF 41", "R882H VAF 0.3"]))
    assert mixed["vaf"].to_pylist() == [None, None, None]


def test_an_unknown_unit_of_a_column_is_refused():
    with pytest.raises(UsageError):
        read_column(pa.array(["R882H"]), "ppm")


def test_every_code_of_the_source_has_a_sentence():
    """A code that a reader meets without a sentence would be a riddle."""
    noted = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".note", "legacy.append")):
                noted |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    assert len(noted) > 20
    assert sorted(noted - set(PROBLEMS)) == []


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("SFRS2 P95H", ["SRSF2: p.Pro95His.", "SFRS2: now SRSF2", "one residue is replaced by another"]),
        ("JAK2 V617F not detected", ["looked for and not found", "Only this change was denied"]),
        ("NPM1 not tested", ["NPM1: not tested."]),
        ("MLL2 c.5A>G", ["withdrawn symbol of KMT2D, also a name of KMT2B"]),
        ("FLT3-ITD 45bp", ["an internal tandem duplication of 45 base pairs"]),
        ("hello", ["not taken as normal"]),
        ("", ["The cell is empty."]),
        ("JAK2 V617F 0.41", ["it may be per cent or not"]),
        ("n.d.", ["can mean not tested as well as not found"]),
    ],
)
def test_the_explanation_says_what_was_read_and_why(text, sentences):
    said = explain(text)
    assert [s for s in sentences if s not in said] == []
    assert re.search(r"Confidence: (high|medium|low)\.$", said)
