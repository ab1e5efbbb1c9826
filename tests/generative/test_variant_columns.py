"""A column is read as its cells are, and the plain forms as the grammar reads them."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmony.notation.hgvs import table
from harmony.notation.hgvs.alleles import Description, read_description
from harmony.notation.hgvs.cursor import Cursor
from harmony.notation.hgvs.parting import ASIS, STAND_INS, part, taken
from harmony.notation.hgvs.plain import plain_dna, plain_protein
from harmony.notation.hgvs.read import read_variant
from harmony.notation.hgvs.residues import ONE_TO_THREE
from harmony.notation.hgvs.rows import EMPTY, KEPT, Rows
from harmony.notation.hgvs.table import read_column
from harmony.notation.hgvs.words import _phrases

SPEC = Path(__file__).parents[1] / "spec" / "variants.csv"
TEXTS = [row["text"] for row in csv.DictReader(SPEC.read_text("utf-8").splitlines())]
WELL = settings(max_examples=150, deadline=None)
UNITS = [None, "percent", "fraction"]
NUMBERS = st.one_of(
    st.integers(0, 120).map(str),
    st.floats(0, 110).map("{:.2f}".format),
    st.floats(0, 1).map("{:.4f}".format),
    st.floats(0, 1).map(lambda n: f"{n:.2f}".replace(".", ",")),
    st.sampled_from(["0", "1", "1.0", "0.0", "100", "100.0", "00.5", "97", "17.0903", "0.170903"]),
)
#: Where an allele fraction stands, and places where a number is none.
LAYOUTS = st.sampled_from(
    [
        "{d} {n}%",
        "{d} {n} %",
        "{d}  {n}% ",
        "{d} ({n}%)",
        "{d} ({n} %)",
        "{d} VAF {n}%",
        "{d} VAF {n}",
        "{d} VAF={n}",
        "{d} (VAF {n} %)",
        "{d}, {n}%",
        "{d}; {n}",
        "{d}: {n}",
        "{d} {n}",
        "{d} exon {n} %",
        "{d} exon {n}",
        "{d} VAF exon {n}",
        "{d} type {n} %",
        "{d} ratio {n}",
        "{d} <{n}%",
        "{d} > {n}%",
        "{d} c. {n}%",
        "{d} {n} bp",
        "{d} {n} {n}",
        "{d} {n}% 17.0903%",
        "{d} 41% {n}",
        "{d} 0.170903 {n}",
        "{d} {n}%; JAK2 12%",
        "{n}% {d}",
        "{n} % {d}",
        "{n} {d}",
        "{n}% X {d}",
        "é {d} {n}%",
    ]
)
PIECES = st.lists(
    st.sampled_from(
        [
            "JAK2",
            "NPM1",
            "FLT3-ITD",
            "VAF",
            "exon",
            "type",
            "wt",
            "not",
            "V617F",
            "c.1849G>T",
            "c.",
            "A",
            "2",
            "(",
            ")",
            "[",
            "]",
            "%",
            ";",
            ",",
            "/",
            "41%",
            "0.41",
            "=",
            "<",
            "~",
            "bp",
            "mutation",
            "ratio",
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)
CELLS = st.builds(
    lambda layout, d, n: layout.format(d=d, n=n), LAYOUTS, st.one_of(st.sampled_from(TEXTS), PIECES), NUMBERS
)


def cell_by_cell(cells, unit):
    """Read every cell as it stands and decide the unit over all, without parting anything."""
    rows = Rows()
    places = [rows.add(cell or "", read_variant(cell) if cell else EMPTY) for cell in cells]
    decided, _ = table.column_unit(rows.numbers(np.ones(rows.count)), unit)
    whole, order = rows.table(decided)
    return whole.take(pa.array(order[places])).to_pylist()


@WELL
@given(st.lists(st.one_of(CELLS, st.none(), st.just("")), min_size=1, max_size=30), st.sampled_from(UNITS))
def test_a_column_of_random_cells_is_read_as_its_cells_are(cells, unit):
    found = read_column(pa.array(cells, pa.string()), unit).drop_columns(["row"])
    assert found.to_pylist() == cell_by_cell(cells, unit)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "layout", ["{d}", "{d} {n}%", "{n}% {d}", "{d} (VAF {n} %)", "{d} {n}", "{d} VAF 0{n}"]
)
def test_the_whole_spec_with_a_number_in_each_cell_is_read_as_its_cells_are(layout, unit):
    cells = [layout.format(d=text, n=f"{at % 90}.{at}") for at, text in enumerate(TEXTS, 1)]
    found = read_column(pa.array(cells), unit).drop_columns(["row"])
    assert found.to_pylist() == cell_by_cell(cells, unit)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("JAK2 V617F 41.5%", "JAK2 V617F 17.0903%"),
        ("JAK2 V617F (VAF 41 %)", "JAK2 V617F (VAF 97 %)"),
        ("JAK2 V617F VAF=0,41", "JAK2 V617F VAF=0.170903"),
        ("41% JAK2 V617F", "97% JAK2 V617F"),
        ("JAK2 V617F 41%, 12%", None),
        ("JAK2 V617F 101%", None),
        ("JAK2 V617F 1.0", None),
        ("JAK2 V617F <41%", None),
        ("JAK2 p. 41%", None),
        ("NPM1 type 1 %", None),
        ("é 41%", None),
        ("JAK2 17.0903 0.3", None),
        ("JAK2 V617F percent 3.3%", None),
    ],
)
def test_only_a_number_that_reading_copies_is_replaced_by_its_stand_in(cell, text):
    parted = part(pa.array([cell]))
    assert parted.texts.to_pylist() == [text or cell]
    assert (parted.kinds[0] == ASIS) == (text is None)


def test_a_stand_in_that_was_not_taken_or_met_a_second_number_is_refused():
    assert taken(read_variant("JAK2 V617F VAF 17.0903"), 4)
    assert not taken(read_variant("JAK2 exon 17.0903"), 4)
    assert not taken(read_variant("JAK2 V617F 0.25 0.170903"), 3)
    assert not taken(read_variant("JAK2 V617F; NPM1 wt 97%"), 1)


def test_no_phrase_holds_a_number_and_none_begins_like_a_level():
    words = {word for phrases in _phrases().values() for phrase, _ in phrases for word in phrase}
    assert not [word for word in words if word.strip("0123456789.,%") == "" and word.strip(".,")]
    assert not [first for first in _phrases() if first.startswith(("c.", "p."))]
    assert len(set(STAND_INS)) == len(STAND_INS) - 1


def test_a_column_with_a_number_in_every_cell_reads_each_description_once(monkeypatch):
    read = []
    monkeypatch.setattr(table, "read_variant", lambda text: read.append(text) or read_variant(text))
    cells = [f"JAK2 c.{1849 + at % 5}G>T {at / 100:.2f}%" for at in range(1, 5001)]
    found = read_column(pa.array(cells))
    assert len(read) == 5
    assert found["vaf"].to_pylist() == [round(at / 10_000, 12) for at in range(1, 5001)]


def test_readings_that_are_not_kept_are_read_again_once_the_unit_is_known(monkeypatch):
    cells = [f"JAK2 V617F <0.{at}" for at in range(1, 40)]
    wanted = read_column(pa.array(cells)).to_pylist()
    monkeypatch.setattr("harmony.notation.hgvs.rows.KEPT", 5)
    assert KEPT > 5
    assert read_column(pa.array(cells)).to_pylist() == wanted


RESIDUES = st.sampled_from([*ONE_TO_THREE, *ONE_TO_THREE.values(), "Ter", "Xaa", "*", "X", "Sto", "", "="])
PLACES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", "-", "*"]),
    st.one_of(st.integers(0, 30), st.integers(1, 9999), st.integers(10**8, 10**10)),
    st.sampled_from(["", "", "", "+1", "-12", "+0", "-?"]),
)
EDITS = st.sampled_from(
    [
        "G>T",
        "A>A",
        "C>N",
        "g>t",
        "G>TT",
        "del",
        "dup",
        "ins",
        "insACGT",
        "delinsT",
        "delTC",
        "dupA",
        "delins",
        "con",
        "inv",
        "insUG",
        "delCinsA",
        "=",
        "[4]",
    ]
)
TAILS = st.sampled_from(
    [
        "",
        "",
        "",
        *["fs", "fsTer12", "fs*3", "fs*", "fsX2", "Fs", "fsTer", "fs12", "fster5", "ext*5", "fsTer0", "del"],
    ]
)
DNA = st.one_of(
    st.builds("{}.{}{}".format, st.sampled_from("cgnmr"), PLACES, EDITS),
    st.builds("{}.{}_{}{}".format, st.sampled_from("cgnmr"), PLACES, PLACES, EDITS),
    st.builds(lambda at, edit: f"c.{at}_{at + 1}{edit}", st.integers(1, 5000), EDITS),
)
PROTEIN = st.builds("{}{}{}{}".format, RESIDUES, st.integers(0, 2000), RESIDUES, TAILS)


@settings(max_examples=3000, deadline=None)
@given(DNA)
def test_a_plain_dna_form_is_read_as_the_grammar_reads_it(text):
    plain = plain_dna(text)
    if plain is not None:
        assert by_grammar(text) == Description(plain.level, (plain,), "", ())


@settings(max_examples=3000, deadline=None)
@given(PROTEIN, st.booleans())
def test_a_plain_protein_form_is_read_as_the_grammar_reads_it(text, predicted):
    plain = plain_protein(text, predicted)
    if plain is not None:
        assert by_grammar(f"p.({text})" if predicted else f"p.{text}") == Description("p", (plain,), "", ())


@pytest.mark.parametrize(
    "text", ["c.1849G>T", "c.93+1G>A", "c.860_863dup", "c.863_864insTCTG", "c.5del", "g.7A>G"]
)
def test_the_commonest_dna_forms_are_plain(text):
    assert plain_dna(text) == by_grammar(text).changes[0]


@pytest.mark.parametrize("text", ["Arg882His", "R882H", "Trp288CysfsTer12", "W288fs", "R213*", "Arg213Ter"])
def test_the_commonest_protein_forms_are_plain(text):
    assert plain_protein(text) == by_grammar("p." + text).changes[0]


def by_grammar(text):
    """Read a whole description without the short way."""
    cursor = Cursor(text)
    description = read_description(cursor)
    assert cursor.done
    return description
