"""
Writes the reference pages from the code: `python tools/reference.py`, or `--check` in `make check`.

Nothing in these pages is typed by hand: commands come from the command line, errors, rules, fields and the
procedure from the definitions that run.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import typer

from harmony.cli.main import app
from harmony.dictionary.model import Dictionary, Field
from harmony.dictionary.model import load as load_dictionary
from harmony.errors import HarmonyError, all_errors
from harmony.governance import procedure
from harmony.quality.rules import Rule, load_rules

FOLDER: Final = Path(__file__).parent.parent / "docs" / "reference"
SOURCE: Final = Path(__file__).parent.parent / "src" / "harmony"
#: Options that every command has; the page names them once.
COMMON: Final = ("--network", "--json", "--quiet")


#: First paragraph of each page.
COMMANDS_INTRO: Final = """\
Printed from the command line itself. Most commands also take `--network DIR` (folder of the network,
`network` by default), `--json` (one JSON document on standard output; progress stays on standard error) and
`--quiet` (nothing but the answer). A command ends with 0, or with the exit code of its [error](errors.md).
"""
ERRORS_INTRO: Final = """\
Printed from `harmony.errors`. An error says what is wrong, what is allowed and what to do next; it never
shows a patient's value, name or pseudonym. With `--json` it is one document: `code`, `exit`, `what`,
`allowed`, `next`, and for a refused delivery the list of problems. Exit 0 means done. A code marked
*reserved* keeps its number for a later version: nothing in this one raises it.
"""
RULES_INTRO: Final = """\
`HQ-` rules are written down one by one, `GEN-` rules follow from a field's code list, limits and
requirement. The condition is SQL (DuckDB) and true for a violating row; a comparison with a missing value
is no violation. *fatal*: the row, or in table patient the patient, is set aside. *error*: the value stays
and is flagged. *warning*: a query to the provider. A rule of the axis *calendar* needs true dates and is
not applicable on the days axis.
"""
DICTIONARY_INTRO: Final = """\
NULL means not known; `unknown`, `not_tested` and `not_assessed` are values. Units are UCUM. Limits: outside
*plausible* is a warning, outside *possible* an error. The OMOP column is where the exchange copy stands;
every field also has an own fact `HMY:table.field` where that place cannot give the value back.
"""
#: Rules of form, which intake reports while it reads; severity and what they mean.
FORM_RULES: Final = (
    (
        "LAY-COLUMN",
        "structure",
        "A column is not declared by the layout, or a declared one is missing (exit 12).",
    ),
    (
        "FRM-FILE",
        "structure",
        "A file is empty (exit 10), or missing, too large or in another encoding (exit 11).",
    ),
    ("FRM-EMPTY", "structure", "A file gives no patient."),
    (
        "FRM-MARK",
        "structure",
        "Patient numbers begin with SYN- under an agreement of another kind than synthetic, "
        "or do not under one.",
    ),
    ("FRM-CELLS", "structure", "A line has more or fewer cells than the header."),
    ("FRM-DATES", "structure", "More than 2 % of a column's dates are not of the declared form."),
    ("FRM-IDENTIFIER", "structure", "A cell of a column that would leave looks like a person's name."),
    ("FRM-VALUE", "error", "A cell cannot be read as the layout declares it; the value is not used."),
    ("FRM-UNIT", "warning", "A tenth or more of a column's values are plausible only in another unit."),
    (
        "FRM-ISCN",
        "warning",
        "A karyotype was not read whole; what was not read counts as not assessed and no string travels.",
    ),
    ("FRM-HGVS", "warning", "Variants were not read whole; they do not travel."),
)


def rows(header: Sequence[str], content: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in content]
    return "\n".join(lines) + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command of the command line as its words and the command, in alphabetical order."""
    yield from _below(typer.main.get_command(app), "harmony")


def _below(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name in sorted(command.commands):
        yield from _below(command.commands[name], f"{words} {name}")


def commands_page() -> str:
    """Return docs/reference/commands.md: every command with arguments, options and defaults."""
    parts = [f"# Commands\n\n{COMMANDS_INTRO}"]
    for words, command in commands():
        parts.append(f"## {words}\n\n{command.help}\n\n```text\n{_usage(words, command)}\n```\n")
        own = [p for p in command.params if p.opts[0] not in COMMON]
        if own:
            parts.append(rows(("name", "what it is", "default"), map(_parameter, own)))
    return "\n".join(parts)


def _usage(words: str, command: Any) -> str:
    own = [p for p in command.params if p.opts[0] not in COMMON]
    arguments = [p for p in own if not p.opts[0].startswith("-")]
    options = [p for p in own if p.opts[0].startswith("-")]
    shown = [_optional(p.name.upper(), p.required) for p in arguments]
    shown += [_optional(f"{p.opts[0]} {p.name.upper()}", p.required) for p in options]
    return " ".join([words, *shown])


def _optional(text: str, required: bool) -> str:
    return text if required else f"[{text}]"


def _parameter(parameter: Any) -> tuple[str, str, str]:
    option = parameter.opts[0].startswith("-")
    name = parameter.opts[0] if option else parameter.name.upper()
    default = "required" if parameter.required else str(parameter.default or "none")
    return f"`{name}`", parameter.help or "", default


def errors_page() -> str:
    """Return docs/reference/errors.md: every error with its exit code."""
    header = ("code", "exit", "meaning", "when")
    return f"# Errors and exit codes\n\n{ERRORS_INTRO}\n" + rows(header, map(_error, all_errors()))


def _error(error: type[HarmonyError]) -> tuple[str, str, str, str]:
    when = (error.__doc__ or "").strip().splitlines()[0]
    reserved = "" if error is HarmonyError or _is_raised(error) else " *Reserved.*"
    return f"`{error.code}`", str(error.exit_code), error.meaning, when + reserved


def _is_raised(error: type[HarmonyError]) -> bool:
    name = re.compile(rf"\b{error.__name__}\b")
    files = [path for path in SOURCE.rglob("*.py") if path.name != "errors.py"]
    return any(name.search(path.read_text(encoding="utf-8")) for path in files)


def rules_page() -> str:
    """Return docs/reference/rules.md: every quality rule by table."""
    dictionary = load_dictionary()
    found = load_rules(dictionary)
    head = f"# Quality rules\n\n{found.id} {found.version}, {len(found.rules)} rules of content, printed from"
    parts = [f"{head} `rules.csv` and the dictionary.\n\n{RULES_INTRO}"]
    form = [(f"`{name}`", severity, what) for name, severity, what in FORM_RULES]
    parts.append("## Form\n\n" + rows(("rule", "severity", "what is wrong"), form))
    for table in dictionary.tables:
        own = [rule for rule in found.rules if rule.table == table]
        header = ("rule", "severity", "axis", "disease", "what is wrong", "condition")
        parts.append(f"## {table}\n\n" + rows(header, map(_rule, own)))
    return "\n".join(parts)


def _rule(rule: Rule) -> tuple[str, ...]:
    axis = "calendar" if rule.calendar else "any"
    disease = ", ".join(rule.diseases) or "all"
    return f"`{rule.id}`", rule.severity, axis, disease, rule.what, _code(rule.expression)


def _code(expression: str) -> str:
    # A code list is in the dictionary's page; here it would make a line of a thousand signs.
    head, separator, _ = expression.partition(" NOT IN (")
    return f"`{head} NOT IN (its codes)`" if separator and len(expression) > 120 else f"`{expression}`"


def dictionary_page() -> str:
    """Return docs/reference/dictionary.md: every field of the common tables."""
    dictionary = load_dictionary()
    size = f"{len(dictionary.fields)} fields in {len(dictionary.tables)} tables"
    head = f"# Dictionary\n\n{dictionary.id} {dictionary.version}, {size}, printed from `fields.csv`."
    parts = [f"{head}\n\n{DICTIONARY_INTRO}"]
    for table, fields in dictionary.tables.items():
        parts.append(f"## {table}\n\n" + _fields(dictionary, fields))
    return "\n".join(parts)


def _fields(dictionary: Dictionary, fields: Sequence[Field]) -> str:
    header = (
        "field",
        "label",
        "type",
        "unit",
        "codes",
        "plausible",
        "possible",
        "required",
        "disease",
        "OMOP",
    )
    return rows(header, (_field(field) for field in fields))


def _field(field: Field) -> tuple[str, ...]:
    place = f"{field.omop_table}.{field.omop_field}" if field.omop_field else field.omop_table
    concept = f" {field.concept_id}" if field.concept_id else ""
    return (
        f"`{field.key}`",
        field.label,
        field.type,
        field.unit,
        ", ".join(field.codes),
        _limits(field.plausible),
        _limits(field.hard),
        field.required,
        ", ".join(field.diseases) or "all",
        place + concept,
    )


def _limits(limits: tuple[float | None, float | None]) -> str:
    low, high = limits
    if low is None and high is None:
        return ""
    words = ["" if value is None else f"{value:g}" for value in (low, high)]
    return " to ".join(words).strip()


def procedure_page() -> str:
    """Return docs/reference/procedure.md: clauses, roles, states and steps of the governance."""
    return procedure.reference_page(procedure.load())


PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "procedure.md": procedure_page,
    "rules.md": rules_page,
    "dictionary.md": dictionary_page,
}


def outdated(folder: Path) -> list[str]:
    """Return the names of pages in a folder that differ from what the code says now."""
    return [name for name, page in PAGES.items() if _read(folder / name) != page()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


def main() -> None:
    """Write the pages, or with --check end with 1 when one is not current."""
    parser = argparse.ArgumentParser(description="Write the reference pages from the code.")
    parser.add_argument("--check", action="store_true", help="only compare; end with 1 when a page differs")
    if not parser.parse_args().check:
        write(FOLDER)
        return
    old = outdated(FOLDER)
    if old:
        sys.exit(f"Not current: {', '.join(old)}. Run python tools/reference.py.")


if __name__ == "__main__":
    main()
