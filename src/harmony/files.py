"""
Read files that people write or that came from elsewhere: UTF-8 text, YAML, JSON and tables of text.

Whatever such a file holds, its reader ends with a value or with the one error of its caller, never with a
defect: wrong bytes, two keys of one name, nesting without end, control characters.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from harmony.errors import HarmonyError

Refusal = type[HarmonyError]

#: Line ends and tabs may stand in a text of several lines; other control characters may stand in none.
_ALLOWED_CONTROLS: Final = frozenset("\n\t")
#: Control, format (text that runs backwards, invisible marks), surrogate, line and paragraph separators.
_CONTROL_CATEGORIES: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")


def read_text(path: Path, refusal: Refusal, next_step: str) -> str:
    """
    Return the text of a UTF-8 file.

    Parameters
    ----------
    refusal : class of HarmonyError
        Raised when there is no such file, it cannot be read, or it is not UTF-8.
    next_step : str
        What the reader of the error does next.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal(f"{path.name} is not UTF-8 text.", next_step, "a text file in UTF-8") from error
    except OSError as error:
        raise refusal(f"{path.name} cannot be read.", next_step, "a file that is there") from error


def parse_yaml(text: str, name: str, refusal: Refusal) -> Any:
    """
    Return the content of a YAML text.

    Raises
    ------
    HarmonyError
        Of class `refusal`: no YAML, a key that stands twice, a reference, a value that is none (a 31st of
        June), nesting too deep, or a control character; the line is named where it is known.
    """
    try:
        content = yaml.load(text, Loader=_UniqueKeys)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        what = f"{name}{line} is no YAML: {error.problem}."
        raise refusal(what, "Mend the line.", "YAML without references, each key once") from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise refusal(
            f"{name} is no YAML: {_kind(error)}.", "Mend the file.", "YAML in UTF-8 of a few levels"
        ) from error
    refuse_control_characters(content, name, refusal)
    return content


def parse_json(text: str | bytes, name: str, refusal: Refusal, next_step: str = "Mend the file.") -> Any:
    """Return the content of a JSON text; raise `refusal` when it is none, or has NaN or infinity."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise refusal(f"{name} is no JSON.", next_step, "JSON in UTF-8") from error


def parse_rows(text: str, name: str, columns: Sequence[str], refusal: Refusal) -> list[dict[str, str]]:
    """
    Return the rows of a CSV text, each cell as text.

    Parameters
    ----------
    columns : sequence of str
        Columns that must be there; further ones may be.

    Raises
    ------
    HarmonyError
        Of class `refusal`: a column is missing or stands twice, or a line has more or fewer cells.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        names = list(reader.fieldnames or ())
        missing = sorted(set(columns) - set(names))
        if missing or len(set(names)) < len(names):
            problem = f"has no column {', '.join(missing)}" if missing else "has two columns of one name"
            raise refusal(f"{name} {problem}.", "Mend its first line.", ", ".join(columns))
        rows = []
        for row in reader:
            if None in row or None in row.values():
                cells = f"{len(names)} cells in every line"
                raise refusal(f"{name} line {reader.line_num} has other cells.", "Mend the line.", cells)
            rows.append(dict(row))
    except csv.Error as error:
        what = f"{name} line {reader.line_num} is no CSV: {error}."
        raise refusal(what, "Mend the line.", "comma-separated, quoted cells closed") from error
    return rows


def refuse_control_characters(content: Any, name: str, refusal: Refusal) -> None:
    """Raise `refusal` when a key or a text of the content has a control or an invisible character."""
    for text in _texts(content):
        if any(is_control(character) for character in text):
            raise refusal(f"{name} has a control character in a text.", "Remove it.", "printable characters")


def is_control(character: str) -> bool:
    """Tell whether a character is a control or invisible one; line ends and tabs are not."""
    category = unicodedata.category(character)
    return category in _CONTROL_CATEGORIES and character not in _ALLOWED_CONTROLS


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(content, Sequence):
        for item in content:
            yield from _texts(item)


class _UniqueKeys(yaml.SafeLoader):
    # PyYAML takes the last of two equal keys: a reviewer reads the first, the program runs the second.
    # References are refused because a few lines of them unfold into gigabytes.

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "a reference stands here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is no text", key.start_mark)
            if key.value in seen:
                problem = f"key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _kind(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return "a value that cannot be read" if isinstance(error, ValueError) else "it cannot be parsed"
