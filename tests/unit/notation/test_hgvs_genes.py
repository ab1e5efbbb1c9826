"""The gene table: size, verified rows, withdrawn and shared names."""

import csv

import pytest

from harmony.notation.hgvs.genes import TABLE, about_genes, find_gene, symbols

LINES = TABLE.read_text("utf-8").splitlines()
ROWS = list(csv.DictReader(LINES[1:]))


def test_the_table_says_its_date_and_source():
    assert LINES[0].startswith("# HGNC")
    assert about_genes().startswith("HGNC (genenames.org), state of 2024-07-23")


def test_every_row_says_whether_it_was_verified():
    assert len(ROWS) >= 400
    assert {row["verified"] for row in ROWS} <= {"yes", "no"}
    assert all(row["hgnc_id"].startswith("HGNC:") for row in ROWS if row["verified"] == "yes")
    assert len({row["hgnc_id"] for row in ROWS}) == len({row["symbol"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("gene", "number"),
    [("JAK2", 6192), ("TP53", 11998), ("NPM1", 7910), ("FLT3", 3765), ("KMT2A", 7132), ("SRSF2", 10783)],
)
def test_known_identifiers_stand_at_their_genes(gene, number):
    assert [row["hgnc_id"] for row in ROWS if row["symbol"] == gene] == [f"HGNC:{number}"]


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("SFRS2", "SRSF2"),
        ("MLL", "KMT2A"),
        ("MLL3", "KMT2C"),
        ("FAM46C", "TENT5C"),
        ("WHSC1", "NSD2"),
        ("HIST1H1E", "H1-4"),
        ("HIST1H1C", "H1-2"),
        ("AML1", "RUNX1"),
        ("EVI1", "MECOM"),
        ("MYST3", "KAT6A"),
        ("UTX", "KDM6A"),
        ("H3F3A", "H3-3A"),
        ("MKL1", "MRTFA"),
        ("C20orf112", "NOL4L"),
        ("SEPT6", "SEPTIN6"),
        ("MRE11A", "MRE11"),
    ],
)
def test_a_withdrawn_symbol_gives_the_current_one(written, symbol):
    found = find_gene(written)
    assert (found.symbol, found.note) == (symbol, "previous")


@pytest.mark.parametrize(
    ("written", "symbol"),
    [("ETO", "RUNX1T1"), ("TEL", "ETV6"), ("E2A", "TCF3"), ("p53", "TP53"), ("MMSET", "NSD2")],
)
def test_an_alias_gives_the_symbol_and_says_so(written, symbol):
    found = find_gene(written)
    assert (found.symbol, found.note) == (symbol, "alias")


def test_a_withdrawn_symbol_that_others_use_too_is_flagged():
    found = find_gene("MLL2")
    assert (found.symbol, found.note, found.others) == ("KMT2D", "ambiguous", ("KMT2B",))


def test_an_alias_of_two_genes_is_not_decided():
    found = find_gene("MLL4")
    assert (found.symbol, found.note, found.others) == ("", "ambiguous", ("KMT2B", "KMT2D"))


@pytest.mark.parametrize(
    "word", ["was", "set", "kit", "max", "rest", "met", "can", "fas", "the", "WT", "pos", "neg"]
)
def test_a_word_of_a_sentence_is_no_gene(word):
    assert find_gene(word) is None


@pytest.mark.parametrize(
    ("written", "symbol", "note"),
    [
        ("jak2", "JAK2", "case"),
        ("Kras", "KRAS", "case"),
        ("FLT-3", "FLT3", "hyphen"),
        ("c-kit", "KIT", "alias"),
    ],
)
def test_loose_spellings_of_a_symbol_are_found(written, symbol, note):
    found = find_gene(written)
    assert (found.symbol, found.note) in ((symbol, note), (symbol, "hyphen"))


def test_the_genes_of_the_panels_are_in_the_table():
    wanted = [
        "ASXL1",
        "BCOR",
        "BCORL1",
        "BRAF",
        "CALR",
        "CBL",
        "CEBPA",
        "CSF3R",
        "DDX41",
        "DNMT3A",
        "ETNK1",
        "ETV6",
        "EZH2",
        "FLT3",
        "GATA2",
        "IDH1",
        "IDH2",
        "JAK2",
        "KIT",
        "KRAS",
        "KMT2A",
        "MPL",
        "NF1",
        "NPM1",
        "NRAS",
        "PHF6",
        "PPM1D",
        "PTPN11",
        "RAD21",
        "RUNX1",
        "SETBP1",
        "SF3B1",
        "SMC1A",
        "SMC3",
        "SRSF2",
        "STAG2",
        "TET2",
        "TP53",
        "U2AF1",
        "U2AF2",
        "WT1",
        "ZRSR2",
        "ATM",
        "BIRC3",
        "BTK",
        "NOTCH1",
        "PLCG2",
        "POT1",
        "XPO1",
        "MYD88",
        "CXCR4",
        "CREBBP",
        "CARD11",
        "CD79B",
        "KMT2D",
        "TNFAIP3",
        "B2M",
        "CIITA",
        "DIS3",
        "TENT5C",
        "CCND1",
        "CCND3",
        "NSD2",
        "FGFR3",
        "MAF",
        "MAFB",
        "CRBN",
        "IKZF1",
        "IKZF3",
        "PAX5",
        "CDKN2A",
        "CDKN2B",
        "CRLF2",
        "FBXW7",
        "PHF6",
        "TAL1",
        "TLX1",
        "TLX3",
        "LMO2",
        "TCL1A",
        "TCF3",
        "PBX1",
        "HLF",
        "ZNF384",
        "MEF2D",
        "DUX4",
        "UBTF",
        "RHOA",
        "VAV1",
        "CCR4",
        "STAT3",
        "STAT5B",
        "DNM2",
        "IL7R",
        "NT5C2",
        "SAMD9",
        "SAMD9L",
    ]
    assert sorted(set(wanted) - set(symbols())) == []
