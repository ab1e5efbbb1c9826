"""Every error class: code, exit code of the design, meaning; what a message holds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from harmony import errors
from harmony.errors import HarmonyError, UsageError, all_errors

#: Exit codes of the design, section 9.
EXIT_CODES = {2, 10, 11, 12, 20, 21, 22, 23, 30, 40, 41, 50, 60, 70}
#: Protocol errors and the code that the design gives them.
PROTOCOL = {
    "E-GONE": 10,
    "E-IDENTIFIER": 10,
    "E-ENVELOPE": 11,
    "E-SIGNATURE": 20,
    "E-FORMAT": 20,
    "E-HASH": 20,
    "E-SEAL": 20,
    "E-BINDING": 20,
    "E-HANDLES": 20,
    "E-REPLAY": 21,
    "E-GAP": 21,
    "E-FORK": 21,
    "E-KEY": 22,
    "E-RECIPIENT": 22,
    "E-AGREEMENT": 23,
    "E-LEVEL": 23,
    "E-STOPPED": 30,
    "E-STATE": 60,
}
SOURCE = Path(errors.__file__).parent
NAMES = {error.__name__ for error in all_errors()}


@pytest.mark.parametrize("error", all_errors())
def test_error_has_code_exit_code_and_meaning(error):
    assert re.fullmatch(r"E-[A-Z]+(-[A-Z]+)*", error.code)
    assert error.exit_code in EXIT_CODES
    assert error.meaning and not error.meaning.endswith(".")
    assert error.__doc__ and error.__doc__.strip().split("\n")[0].endswith(".")


def test_codes_are_unique_and_every_exit_code_has_an_error():
    codes = [error.code for error in all_errors()]
    assert len(codes) == len(set(codes)) == 28
    assert {error.exit_code for error in all_errors()} == EXIT_CODES


def test_protocol_errors_have_the_exit_codes_of_the_design():
    found = {error.code: error.exit_code for error in all_errors()}
    assert {code: found.get(code) for code in PROTOCOL} == PROTOCOL


def test_errors_of_one_family_share_its_exit_code():
    for error in all_errors():
        parent = error.__mro__[1]
        if parent not in (HarmonyError, Exception):
            assert error.exit_code == parent.exit_code


def test_message_says_what_is_allowed_and_what_to_do_next():
    error = UsageError("There is no level E.", "Choose another.", "A, B, C, D")
    assert str(error) == ("E-USAGE: There is no level E.\n  Allowed: A, B, C, D\n  Next: Choose another.")
    assert error.as_dict() == {
        "code": "E-USAGE",
        "exit": 2,
        "what": "There is no level E.",
        "allowed": "A, B, C, D",
        "next": "Choose another.",
    }


def test_details_are_added_to_the_document_and_never_replace_its_own_fields():
    error = UsageError("Wrong.", "Mend it.")
    error.details = {"problems": 3, "exit": 0, "code": "none"}
    assert error.as_dict() == {
        "problems": 3,
        "exit": 2,
        "code": "E-USAGE",
        "what": "Wrong.",
        "allowed": "",
        "next": "Mend it.",
    }


def test_allowed_values_are_a_next_step_of_their_own():
    assert UsageError("There is no level E.", "", "A, B").next_step == "Use what is allowed."
    assert UsageError("Wrong.").next_step == ""


def raised():
    """Give every place in the source that makes an error: file, line, call."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in NAMES:
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def says_what_next(call):
    """Tell whether a call gives a next step, or else what is allowed."""
    given = [ast.unparse(argument) for argument in call.args[1:]]
    given += [ast.unparse(keyword.value) for keyword in call.keywords]
    return any(text not in ("''", '""') for text in given)


def test_every_error_that_the_source_raises_says_what_to_do_next():
    calls = list(raised())
    assert len(calls) > 150
    assert [place for place, call in calls if not says_what_next(call)] == []


def test_an_error_without_a_next_step_would_be_found():
    bare, told = (
        ast.parse(text).body[0].value for text in ('UsageError("x")', 'UsageError("x", "", "1 to 3")')
    )
    assert not says_what_next(bare) and says_what_next(told)
