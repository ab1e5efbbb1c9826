"""The documentation keeps up with the code: links, commands, generated pages, decision records, figures."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import measured  # noqa: E402
import reference  # noqa: E402

from harmony.dictionary.model import load  # noqa: E402
from harmony.errors import all_errors  # noqa: E402
from harmony.governance import procedure  # noqa: E402
from harmony.intake.layouts.model import load_layout  # noqa: E402
from harmony.quality.rules import load_rules  # noqa: E402

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?<![\w/.-])harmony ((?:[a-z]+)(?: [a-z]+)?)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
#: Words behind `harmony` that are no command: the package's name in a sentence, and the package itself.
WORDS = {"command", "zone"}


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    kept = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(FENCE.sub("", text)))
    return {title.replace(" ", "-") for title in kept}


def broken_links(path: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    broken = []
    for target in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    return broken


def unknown_commands(text: str) -> list[str]:
    """Return the `harmony ...` commands inside code of a page that the command line does not have."""
    code = "\n".join([*FENCE.findall(text), *re.findall(r"`[^`\n]+`", text)])
    known = {words.removeprefix("harmony ") for words, _ in reference.commands()}
    groups = {words.split(" ")[0] for words in known if " " in words}
    found = []
    for words in COMMAND.findall(code):
        first = words.split(" ")[0]
        right = words in known if first in groups else first in known
        if not right and first not in WORDS:
            found.append(words)
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path):
    assert broken_links(path) == []


def test_a_broken_link_and_a_wrong_anchor_are_found(tmp_path):
    file = tmp_path / "page.md"
    file.write_text(
        "# Here\n[a](gone.md) [b](#here) [c](#there) [d](https://example.org/x)\n", encoding="utf-8"
    )
    assert broken_links(file) == ["gone.md", "#there"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_named_in_the_documentation_exists(path):
    assert unknown_commands(path.read_text(encoding="utf-8")) == []


def test_a_command_that_does_not_exist_is_found():
    assert unknown_commands("`harmony provider withdraw` and `harmony provider pack`") == [
        "provider withdraw"
    ]
    assert unknown_commands("```sh\nharmony nothing\n```") == ["nothing"]


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_generated_page_is_current(name):
    assert page(f"docs/reference/{name}") == reference.PAGES[name](), "run python tools/reference.py"


def test_an_outdated_page_is_found(tmp_path):
    reference.write(tmp_path)
    assert reference.outdated(tmp_path) == []
    (tmp_path / "errors.md").write_text("old", encoding="utf-8")
    assert reference.outdated(tmp_path) == ["errors.md"]


def test_every_command_has_its_entry():
    text = page("docs/reference/commands.md")
    missing = [words for words, _ in reference.commands() if f"## {words}\n" not in text]
    assert missing == []


def test_every_error_has_its_entry():
    text = page("docs/reference/errors.md")
    assert [e.code for e in all_errors() if f"| `{e.code}` | {e.exit_code} |" not in text] == []


def test_every_field_and_every_rule_has_its_entry():
    dictionary = load()
    fields, rules = page("docs/reference/dictionary.md"), page("docs/reference/rules.md")
    assert [f.key for f in dictionary.fields if f"| `{f.key}` |" not in fields] == []
    assert [r.id for r in load_rules(dictionary).rules if f"| `{r.id}` |" not in rules] == []


def test_every_rule_of_form_has_its_entry():
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    used = set(re.findall(r'"((?:FRM|LAY)-[A-Z]+)"', code))
    assert used == {name for name, *_ in reference.FORM_RULES}


def test_every_state_mark_and_sign_is_in_the_glossary():
    text = page("docs/glossary.md")
    machines = procedure.load().machines.values()
    states = [state for machine in machines for state in machine.states]
    words = [*states, "patient", "public", "synthetic", "`[c]`", "`[u]`", "not declared", "unwitnessed"]
    assert [word for word in words if word not in text] == []


def test_every_decision_record_has_date_status_and_a_line_in_the_list():
    folder = ROOT / "docs" / "adr"
    records = sorted(path for path in folder.glob("[0-9]*.md"))
    assert [path.name[:4] for path in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.search(r"^Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE), path.name
        assert re.search(r"^Status: (accepted|replaced by \d{4})$", text, re.MULTILINE), path.name
        assert f"({path.name})" in page("docs/adr/README.md"), path.name


def test_readme_has_the_figures_of_the_last_measured_demo():
    stored = json.loads(page("docs/measured/demo.json"))
    text = page("README.md")
    assert text == measured.with_block(text, measured.block(stored)), "run python tools/measured.py"
    changed = {**stored, "commands": stored["commands"] + 1}
    assert text != measured.with_block(text, measured.block(changed))


def test_readme_names_the_size_of_the_dictionary():
    dictionary = load()
    assert f"[{len(dictionary.fields)} in {len(dictionary.tables)} tables]" in page("README.md")


def test_ratios_of_the_performance_page_are_those_of_the_stored_runs():
    runs = page("docs/measured/survival.txt")
    text = page("docs/explanation/performance.md")
    for name in ("Kaplan-Meier", "cumulative incidence", "Cox"):
        ratios = [float(x) for x in re.findall(rf"^\s+([\d.]+)  {name}", runs, re.MULTILINE)]
        assert f"{min(ratios)} to {max(ratios)}" in text, name


def test_coverage_of_the_statistics_page_is_that_of_the_stored_run():
    parts = page("docs/measured/planted_coverage.md").split("Synthetic data")[1:]
    assert len(parts) == 4
    text = page("docs/explanation/statistics.md")
    for effect in ("AML-11", "AML-12", "AML-16", "AML-19", "AML-21"):
        cells = [re.search(rf"{effect} \| [\d.]+ \| (\S+) \| (\S+) \|", part).groups() for part in parts]
        shares = " | ".join(", ".join(pair) for pair in cells)
        assert re.search(rf"\| {effect} \| [^|]+ \| {re.escape(shares)} \|", text), effect


def test_tolerances_named_are_those_of_the_tests():
    source = page("tests/published/r_reference.py")
    for name, value in (("RELATIVE", "1e-6"), ("P_VALUE", "1e-4"), ("ZERO", "1e-12")):
        assert re.search(rf"^{name} = {value}$", source, re.MULTILINE), name
        assert value in page("docs/explanation/statistics.md")


def test_example_of_a_layout_can_be_loaded(tmp_path):
    (example,) = re.findall(
        r"^```toml\n(.*?)^```$", page("docs/reference/formats.md"), re.MULTILINE | re.DOTALL
    )
    path = tmp_path / "layout.toml"
    path.write_text(example, encoding="utf-8")
    layout = load_layout(path, load())
    assert layout.id == tomllib.loads(example)["id"]
    assert dict(layout.identified) == {"AML": 310}


def test_thresholds_named_are_those_of_the_policies():
    from harmony.anonymity.policy import load_policy
    from harmony.disclosure.policy import load_policy as load_output_policy

    policy, text = load_policy(), page("docs/explanation/anonymity.md")
    assert f"| k | {policy.k} |" in text
    assert f"| largest prosecutor risk | {policy.max_prosecutor:.2f} |" in text
    assert f"| mean risk | {policy.max_mean:.2f} |" in text
    assert f"| blanked patients per source | {policy.max_blanked:.0%}".replace("%", " %") in text
    output, text = load_output_policy("output_release"), page("docs/explanation/disclosure.md")
    assert f"| Counts | 1 to {output.least_cell - 1} are hidden" in text
    assert f"at least {output.least_events} events and 0 or at least {output.least_events} censorings" in text


def test_documentation_names_no_registry_and_no_path_of_a_machine():
    words = re.compile(r"(pypi\.org|npmjs|debian\.org|/root/|/home/|/tmp/|/work/)")
    assert [str(path) for path in PAGES if words.search(path.read_text(encoding="utf-8"))] == []
