"""Every line of tests/spec/variants.csv: one text, and what a person reads in it."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from harmony.notation.hgvs.read import read_variant
from harmony.notation.hgvs.table import read_column

SPEC = Path(__file__).parents[2] / "spec" / "variants.csv"
CASES = list(csv.DictReader(SPEC.read_text("utf-8").splitlines()))
FIELDS = {
    "gene": "gene",
    "kind": "kind",
    "consequence": "consequence",
    "hgvs": "hgvs",
    "protein": "protein_change",
}
#: Every class of example of the recommendations and every kind of report form has its lines.
GROUPS = {
    "dna substitution",
    "dna deletion",
    "dna duplication",
    "dna insertion",
    "dna inversion",
    "dna conversion",
    "dna repeat",
    "dna allele",
    "dna uncertain",
    "rna",
    "protein substitution",
    "protein deletion",
    "protein duplication",
    "protein insertion",
    "protein delins",
    "protein repeat",
    "protein frameshift",
    "protein extension",
    "protein allele",
    "legacy",
    "report",
    "not found",
    "not tested",
    "unclear",
    "other",
}


def test_the_spec_has_200_lines_and_every_group():
    assert len(CASES) >= 200
    assert {case["group"] for case in CASES} == GROUPS
    assert len({case["text"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_a_text_is_read_as_the_spec_says(case):
    row = read_column(pa.array([case["text"]])).to_pylist()[0]
    found = {name: row[column] or "" for name, column in FIELDS.items()}
    wanted = {name: case[name] for name in FIELDS}
    assert {"status": row["status"], "result": row["result"], **found} == {
        "status": case["status"],
        "result": case["result"],
        **wanted,
    }


@pytest.mark.parametrize("case", [c for c in CASES if c["hgvs"]], ids=lambda case: case["text"])
def test_a_printed_form_is_read_and_printed_again_unchanged(case):
    for printed in case["hgvs"].split("; "):
        again = read_variant(printed)
        assert (again.status, again.hgvs) == ("read", printed)
        assert not [code for v in again.variants for code in v.problems if code not in ("gene_missing",)]
