"""
Twenty cells explained: docs/explanation/variants_explained.md is what `explain` says today.

`python tests/unit/notation/test_hgvs_examples.py` writes the page again after a change of words.
"""

from pathlib import Path

import pytest

from harmony.notation.hgvs.explain import explain

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "variants_explained.md"
TEXTS = (
    "NM_004972.4(JAK2):c.1849G>T p.(Val617Phe) VAF 41 %",
    "JAK2 V617F 0.41",
    "JAK2 V617F not detected",
    "NPM1 type A / W288fs",
    "NPM1 c.860_863dupTCTG p.W288CfsX12",
    "FLT3-ITD 45bp, allelic ratio 0.62",
    "SFRS2 P95H; MLL-PTD",
    "MLL2 c.16360C>T",
    "IVS10+1G>A",
    "c.1849G→T",
    "TP53 c.743G>A p.Arg273His",
    "TP53 c.375+1G>A",
    "KRAS c.[35G>A;38G>A] p.[Gly12Asp;Gly13Asp]",
    "BCR-ABL1 positive",
    "JAK2 V617F, CALR negative",
    "IDH1/IDH2 wild type; TP53 not tested",
    "NPM1: n.d.",
    "c.863insTCTG",
    "46,XY,t(8;21)(q22;q22)[20]",
    "Bone marrow hypercellular",
)


def page() -> str:
    parts = ["# Twenty cells explained\n", "Printed by `tests/unit/notation/test_hgvs_examples.py`.\n"]
    parts += [f"`{text}`\n\n```text\n{explain(text)}\n```\n" for text in TEXTS]
    return "\n".join(parts)


def test_twenty_different_cells_are_explained():
    assert len(set(TEXTS)) == 20


def test_the_page_is_what_explain_says_today():
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("text", TEXTS)
def test_an_explanation_begins_with_the_status_and_ends_with_the_confidence(text):
    lines = explain(text).splitlines()
    assert lines[0].endswith(".") and lines[-1].startswith("Confidence: ")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
