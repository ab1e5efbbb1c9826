"""The report as one file: complete, explained, and without a byte that it should not hold."""

import hashlib
import html
import re
from dataclasses import replace
from typing import get_args

import pytest
import report_example as example

from harmony.errors import UsageError
from harmony.reporting.document import Block, Cell, Section
from harmony.reporting.pages import render_report
from harmony.reporting.scenes import Link, PartyHolding, Scene, render_index
from harmony.reporting.sections import TEMPLATES, markers_of
from harmony.reporting.stylesheet import BASE_FILE, FONT_FILE, page_policy, static, stylesheet


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(example.report())


def words_of(page: str) -> str:
    body = page.split("<body>", 1)[1]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def one_section(section) -> str:
    report = example.report()
    return render_report(replace(report, blocks=(Block("public", "Block", "Intro.", (section,)),)))


@pytest.mark.parametrize("kind", get_args(Section))
def test_every_kind_of_section_is_shown_with_its_title(kind, page):
    sections = [s for block in example.report().blocks for s in block.sections if isinstance(s, kind)]
    assert sections, "the example lacks this kind"
    assert kind in TEMPLATES
    for section in sections:
        assert section.title in words_of(page)


def test_every_number_of_table_1_stands_in_the_page(page):
    table = example.characteristics("synthetic")
    text = words_of(page)
    for row in table.rows:
        cells = [f"{c.value:,}" if c.value is not None else f"[{c.marker}]" for c in row.counts]
        assert f"{row.level} {cells[0]}" in text
        assert all(cell in text for cell in cells)


def test_every_estimate_of_curves_and_model_can_be_read_as_text(page):
    text = words_of(page)
    for curve in example.survival("synthetic").curves:
        last = curve.points[-1]
        assert f"{100 * last.estimate:.1f}% ({100 * last.lower:.1f}% to {100 * last.upper:.1f}%)" in text
    assert "1.38 (1.21 to 1.57)" in text and "8.00" in text


def test_answer_headline_limits_and_provenance_are_shown(page):
    report, text = example.report(), words_of(page)
    for part in (report.answer, report.question, report.lay_summary, *report.limits):
        assert part in text
    assert "51% 95% CI 48% to 54%" in text
    for name, value in report.provenance:
        assert f"{name} {value}" in text


def test_the_banner_is_the_first_thing_in_the_page(page):
    banner = page.index(example.report().banner)
    assert banner < page.index("<header") < page.index("<h1>")


def test_each_table_and_figure_explains_how_it_was_counted(page):
    sections = [s for b in example.report().blocks for s in b.sections if hasattr(s, "explanation")]
    assert page.count("<summary>How this was counted</summary>") == len(sections) + 3 == 10
    for section in sections:
        assert section.explanation.definition in words_of(page)


def test_headline_numbers_explain_themselves_when_the_document_says_how(page):
    for counted in example.report().headline_counted:
        assert counted.definition in words_of(page)
    without = render_report(replace(example.report(), headline_counted=()))
    assert without.count("<summary>How this was counted</summary>") == 7


def test_marks_stand_in_separate_blocks_and_in_every_caption(page):
    starts = [page.index('class="block b-public"'), page.index('class="block b-synthetic"')]
    assert starts == sorted(starts)
    public = words_of("<body>" + page[starts[0] : starts[1]])
    assert "Synthetic data" not in public and "not a finding" in public
    synthetic = words_of("<body>" + page[starts[1] :])
    assert "Figure 2. Patients alive after diagnosis, by NPM1 Synthetic data" in synthetic


def test_a_hidden_count_appears_nowhere_in_the_page():
    # The number that a careless maker would have left in the per cent is hidden with its count.
    table = example.characteristics("public")
    rows = (replace(table.rows[0], counts=(Cell(None, "c"), Cell(None, "c")), percents=(7654.0, 8765.0)),)
    page = one_section(replace(table, rows=rows, missing={}))
    assert "7654" not in page and "7,654" not in page and "8,765" not in page
    assert words_of(page).count("[c]") == 5


def test_a_legend_explains_exactly_the_markers_in_use():
    assert [m for m, _ in markers_of(example.characteristics("public"))] == ["[c]", "[x]", "[z]", "[u]", "0"]
    assert [m for m, _ in markers_of(example.model("public"))] == ["[c]"]
    assert markers_of(example.survival("public")) == ()
    text = words_of(one_section(example.model("public")))
    assert "It is not zero and not missing." in text and "cannot exist" not in text


def test_withheld_groups_are_named_instead_of_left_out(page):
    assert "NPM1 not tested: fewer than 5 deaths in a step." in words_of(page)


def test_a_figure_with_too_many_groups_shows_its_numbers_open():
    page = one_section(example.survival("public", groups=9))
    assert "<picture>" not in page
    assert "9 groups are too many for one picture" in words_of(page)
    assert '<details class="data" open>' in page


def test_a_figure_without_curves_says_so():
    assert "No curve could be shown." in words_of(one_section(replace(example.survival("public"), curves=())))


def test_the_report_needs_no_network(page):
    for attribute in re.findall(r'(?:src|srcset|href)="([^"]*)"', page):
        assert attribute.startswith(("data:", "#"))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert all(
        address.strip("'\"").startswith("data:") for address in re.findall(r"url\(([^)]{1,40})", style)
    )
    assert "@import" not in style and "<script" not in page and "javascript:" not in page


def test_the_policy_allows_the_own_style_and_no_script(page):
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    assert policy == page_policy(page)
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "script-src" not in policy
    assert page_policy(page.replace("font-size", "font-sized", 1)) != policy


def test_there_is_no_style_attribute_that_the_policy_would_block(page):
    assert not re.search(r'\sstyle="', page.split("</style>", 1)[1])


def test_every_picture_has_an_alternative_text_and_four_forms(page):
    pictures = re.findall(r"<picture>.*?</picture>", page, re.DOTALL)
    assert len(pictures) == 4
    for picture in pictures:
        assert len(set(re.findall(r'(?:srcset|src)="data:image/svg\+xml;base64,([^"]+)"', picture))) == 4
        assert len(re.search(r'alt="([^"]*)"', picture)[1]) > 20


def test_text_from_the_document_cannot_become_markup():
    page = render_report(replace(example.report(), title="<script>alert(1)</script>", answer='"><img src=x>'))
    assert "<script>" not in page and "<img src=x>" not in page
    assert "&lt;script&gt;" in page


def test_the_same_report_gives_the_same_bytes_and_stays_small(page):
    assert render_report(example.report()) == page
    assert len(page.encode()) < 600_000


def test_every_printed_sheet_names_study_result_and_release(page):
    assert f'content:"{example.STUDY} · {example.RESULT} · {example.RELEASE}"' in page


def test_vendored_files_are_those_that_the_note_names():
    note = static("VENDORED.md").decode()
    for name in (BASE_FILE, FONT_FILE):
        assert f"`{name}`" in note and hashlib.sha256(static(name)).hexdigest() in note


def test_the_base_stylesheet_lies_in_a_layer_below_ours():
    css = stylesheet("font.woff2")
    assert css.startswith("@layer base,own;")
    assert f"@layer base{{{static(BASE_FILE).decode()}}}" in css


def scenes() -> list[Scene]:
    return [
        Scene(n, f"Scene {n}", f"Claim {n}.", f"harmony demo --scene {n}", f"line <{n}>\n  done",
              links=(Link("Read the report", "report.html"),), refused=n == 3)
        for n in range(1, 7)
    ]  # fmt: skip


def parties() -> list[PartyHolding]:
    return [
        PartyHolding(name, (f"{name} holds this",), (f"{name} cannot do that",))
        for name in ("Hospital", "Trusted third party", "Platform")
    ]


def test_the_demo_page_tells_each_scene_with_its_command_and_real_output():
    page = render_index(scenes(), parties(), [("Network", "demo")])
    for scene in scenes():
        assert scene.claim in page and scene.command in page and html.escape(scene.output) in page
    assert page.count("Refused, as it must be") == 1
    assert page.count('href="report.html"') == 6
    text = words_of(page)
    assert "Hospital Trusted third party Platform Holds" in text
    assert "Platform cannot do that" in text
    assert (
        "<script" not in page
        and "http" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).split("</head>")[1]
    )


@pytest.mark.parametrize("picture", ["curve.png", "data:image/svg+xml;base64,PHN2Zy8+"])
def test_a_scene_refuses_a_picture_that_its_page_could_not_show(picture):
    with pytest.raises(UsageError):
        Scene(1, "Title", "Claim.", "harmony demo", "output", picture=picture)
    if picture.startswith("data:"):
        scene = Scene(1, "Title", "Claim.", "harmony demo", "output", picture=picture, picture_alt="A curve.")
        assert f'<img src="{picture}" alt="A curve.">' in render_index([scene], parties(), [])
