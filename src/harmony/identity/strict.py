"""
Strict JSON of signed and sealed messages (protocol section 3).

One value has one spelling: RFC 8785 form, no float, no null, no duplicate name, text in NFC without control
characters. Whatever else a parser might forgive would let two readers see two messages.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

import rfc8785

from harmony.errors import FormatRefused

#: Largest integer that every JSON reader keeps exactly.
MAX_INTEGER: Final = 2**53 - 1

Check = Callable[[Any], bool]


def dump(content: Any) -> bytes:
    """
    Return a message body in RFC 8785 form.

    Raises
    ------
    FormatRefused
        When it holds a float, null, or text that is not NFC or has control characters.
    """
    _check_values(content)
    return rfc8785.dumps(content)


def parse(raw: bytes) -> dict[str, Any]:
    """
    Parse a body and refuse everything that has not exactly one spelling.

    Raises
    ------
    FormatRefused
        For duplicate names, floats, null, integers over 2^53-1, text outside NFC, another order or spacing.
    """
    try:
        content = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
        _check_values(content)
        canonical = rfc8785.dumps(content)
    except (ValueError, RecursionError) as error:
        raise _refused("it is not strict JSON") from error
    if not isinstance(content, dict) or canonical != raw:
        raise _refused("it is not in canonical form")
    return content


def check_fields(content: Any, fields: Mapping[str, Check], what: str) -> None:
    """
    Check that an object has exactly these fields, each of its form.

    Parameters
    ----------
    content : object
        Parsed value.
    fields : mapping of str to callable
        Field name to a test of its value.
    what : str
        Name of the message in the error.

    Raises
    ------
    FormatRefused
        When a field is missing, unknown or of another form; the field is named, its value is not.
    """
    if not isinstance(content, dict):
        raise _refused(f"{what} is not an object")
    if set(content) != set(fields):
        odd = len(set(content) ^ set(fields))
        raise _refused(f"{what} has {odd} unknown or missing fields")
    for name, check in fields.items():
        if not check(content[name]):
            raise _refused(f"{what}: field {name} has another form")


def hexadecimal(length: int) -> Check:
    """Return a test for `length` bytes in lower-case hex."""
    pattern = re.compile(f"[0-9a-f]{{{2 * length}}}")
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def integer(lowest: int = 0) -> Check:
    """Return a test for an integer from `lowest`."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= lowest


def text(pattern: str = ".*") -> Check:
    """Return a test for a text that matches `pattern` as a whole."""
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def each(check: Check) -> Check:
    """Return a test for a list whose items all pass `check`."""
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def pair(first: Check, second: Check) -> Check:
    """Return a test for a list of exactly two items."""
    return lambda value: isinstance(value, list) and len(value) == 2 and first(value[0]) and second(value[1])


def record(fields: Mapping[str, Check]) -> Check:
    """Return a test for an object with exactly these fields."""
    return lambda value: (
        isinstance(value, dict) and set(value) == set(fields) and all(c(value[n]) for n, c in fields.items())
    )


def day(value: Any) -> bool:
    """Test for a calendar day, `2027-03-01`."""
    if not isinstance(value, str) or len(value) != 10:
        return False
    try:
        return dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("duplicate name")
    return content


def _refuse_number(_: str) -> Any:
    raise ValueError("a float is not allowed")


def _check_values(value: Any) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            _check_values(name)
            _check_values(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_values(item)
    elif isinstance(value, str):
        # ASCII is always NFC; only other text needs the slow look.
        if not value.isprintable() or not (value.isascii() or unicodedata.is_normalized("NFC", value)):
            raise _refused("a text is not NFC or has control characters")
    elif isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
        raise _refused("a value is neither text nor an integer from 0 to 2^53-1")


def _refused(reason: str) -> FormatRefused:
    return FormatRefused(f"A message was refused: {reason}.", "Ask its sender to send it again.")
