"""The generated pages about karyotypes are those the code would write, and every finding has its page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harmony.notation.iscn.explain import explain
from harmony.notation.iscn.findings import FINDINGS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import notation_pages  # noqa: E402


def test_the_pages_are_current():
    assert notation_pages.outdated() == [], "run python tools/notation_pages.py"


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.name)
def test_every_finding_has_its_page_with_strings_that_make_it_present(finding):
    page = (ROOT / "docs" / "findings" / f"{finding.name}.md").read_text(encoding="utf-8")
    assert "## Strings that make it present" in page and finding.source in page


@pytest.mark.parametrize("text", notation_pages.EXPLAINED)
def test_twenty_explained_strings_stand_on_the_page_as_the_command_says_them(text):
    page = (ROOT / "docs" / "explanation" / "karyotypes_explained.md").read_text(encoding="utf-8")
    assert "\n".join(explain(text)) in page


def test_twenty_strings_are_explained():
    assert len(notation_pages.EXPLAINED) == 20
