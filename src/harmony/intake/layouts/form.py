"""
The form of a layout: every key has the type that the program reads, whatever somebody wrote.

Asked before anything of a layout is used, so that a wrong one is refused by name and never a defect.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from harmony.errors import LayoutRefused
from harmony.files import is_control

#: Longest words that travel with a delivery and stand in its reports.
LONGEST_WORDS: Final = 200
LONGEST_NAME: Final = 100

#: One byte is one character below 128 in all of these, so that lines and cells can be told apart.
ENCODINGS: Final = frozenset(
    {"utf-8", "utf-8-sig", "ascii", "koi8-r", "koi8-u", "mac-roman", "mac-latin2"}
    | {"iso8859-1"}
    | {f"iso8859-{number}" for number in (*range(2, 12), *range(13, 17))}
    | {f"cp{number}" for number in (437, 737, 775, 850, 852, 855, 857, 858, *range(860, 867))}
    | {f"cp{number}" for number in range(1250, 1259)}
)

Check = Callable[[Any], bool]


def check_form(content: Mapping[str, Any]) -> None:
    """
    Check the types of all keys of a layout that was read from TOML; keys that are absent are not asked.

    Raises
    ------
    LayoutRefused
        Naming the key and what may stand there.
    """
    _check(content, _HEAD, "the layout")
    for number, table in enumerate(content.get("table", ()), start=1):
        where = f"table {number}"
        _check(table, _TABLE, where)
        for item in table.get("ignore", ()):
            _check(item, _IGNORE, f"{where}, ignore")
        if "only" in table:
            _check_condition(table["only"], f"{where}, only")
        for field, rule in table.get("columns", {}).items():
            _check(rule, _COLUMN, f"{where}, {field}")
            if "when" in rule:
                _check_condition(rule["when"], f"{where}, {field}, when")


def text_encoding(name: str) -> str | None:
    """Return the one name of a declared encoding when it is one that can be read, else None."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return found if found in ENCODINGS else None


def plain_text(value: object, longest: int = LONGEST_WORDS) -> bool:
    """Tell whether a value is plain text of 1 to `longest` characters on one line, without control ones."""
    if not isinstance(value, str) or not 0 < len(unicodedata.normalize("NFC", value)) <= longest:
        return False
    return value.isprintable() and not any(is_control(c) or c in "<>" for c in value)


def _check_condition(value: Any, where: str) -> None:
    _check(value, _CONDITION, where)
    if len({"in", "not_in"} & set(value)) != 1:
        raise LayoutRefused(f"{where} needs one of in or not_in; the layout is not whole.", "Mend it.")


def _check(content: Any, checks: Mapping[str, tuple[Check, str]], where: str) -> None:
    if not isinstance(content, Mapping):
        raise LayoutRefused(f"{where} is not whole: it has no keys.", "Mend the layout.", ", ".join(checks))
    for key, value in content.items():
        check, allowed = checks.get(key, (_anything, ""))
        if not check(value):
            raise LayoutRefused(f"{where} is not whole: {key} has another form.", "Mend the layout.", allowed)


def _anything(_: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _code(value: Any) -> bool:
    return isinstance(value, str | int | float) and not (isinstance(value, float) and value != value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _codes(value: Any) -> bool:
    return isinstance(value, list) and all(_code(item) for item in value)


def _mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(_code(item) for item in value.values())


def _tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _rows(value: Any) -> bool:
    return value == "each" or (
        isinstance(value, dict) and list(value) == ["distinct"] and _texts(value["distinct"])
    )


def _version(value: Any) -> bool:
    return plain_text(str(value), LONGEST_NAME) and isinstance(value, str | int | float)


def _name(value: Any) -> bool:
    return plain_text(value, LONGEST_NAME)


_TEXT: Final = (_text, "text")
_HEAD: Final[Mapping[str, tuple[Check, str]]] = {
    "id": (_name, f"plain text of 1 to {LONGEST_NAME} characters"),
    "version": (_version, f"plain text of 1 to {LONGEST_NAME} characters"),
    "author": (plain_text, f"plain text of 1 to {LONGEST_WORDS} characters"),
    "source": (plain_text, f"plain text of 1 to {LONGEST_WORDS} characters on one line"),
    "encoding": _TEXT,
    "delimiter": _TEXT,
    "decimal": _TEXT,
    "missing": (_texts, "a list of texts"),
    "axis": _TEXT,
    "index_event": _TEXT,
    "not_supplied": (_texts, "a list of fields"),
    "identified": (_mapping, "disease = whole number"),
    "agreed": (_mapping, "disease = whole number"),
    "table": (_tables, "one [[table]] for each common table"),
}
_TABLE: Final[Mapping[str, tuple[Check, str]]] = {
    "name": _TEXT,
    "file": (_name, "name of a file"),
    "rows": (_rows, '"each" or { distinct = [columns] }'),
    "columns": (lambda value: isinstance(value, dict), "field = { column = ... }"),
    "ignore": (_tables, "a list of { column = ..., reason = ... }"),
}
_IGNORE: Final[Mapping[str, tuple[Check, str]]] = {"column": _TEXT, "reason": _TEXT}
_COLUMN: Final[Mapping[str, tuple[Check, str]]] = {
    "column": _TEXT,
    "constant": (_code, "text or number"),
    "row": (lambda value: isinstance(value, bool), "true"),
    "function": _TEXT,
    "uses": (_texts, "a list of columns"),
    "codes": (_mapping, "source code = dictionary code"),
    "unit": _TEXT,
    "date": _TEXT,
    "interval": _TEXT,
    "parse": _TEXT,
    "sex": _TEXT,
}
_CONDITION: Final[Mapping[str, tuple[Check, str]]] = {
    "column": _TEXT,
    "in": (_codes, "a list of codes"),
    "not_in": (_codes, "a list of codes"),
}
