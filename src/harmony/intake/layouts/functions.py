"""
The functions beside a layout: a site's own code for what no rule can say, kept from stopping the program.

Whatever such code does on being loaded or called ends as a refusal of the layout. Its own words are not
repeated, because they could hold a cell.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harmony.errors import LayoutRefused
from harmony.files import read_text

Function = Callable[[Mapping[str, Sequence[str]]], list[str]]

_MEND = "Mend functions.py beside the layout."


def load_functions(path: Path) -> tuple[dict[str, Function], str]:
    """
    Load the functions of a `functions.py`.

    Returns
    -------
    (dict of str to callable, str)
        Public functions by name, each checking what it returns, and the text of the file; nothing and an
        empty text when there is no such file.

    Raises
    ------
    LayoutRefused
        When the file is not UTF-8, is no Python, or fails or ends the program while it is loaded.
    """
    if not path.exists():
        return {}, ""
    code = read_text(path, LayoutRefused, _MEND)
    module = types.ModuleType(f"layout_{path.parent.name}")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(code, path.name, "exec"), module.__dict__)  # noqa: S102 - the site's own code
    except SyntaxError as error:
        raise LayoutRefused(f"functions.py line {error.lineno} is no Python.", _MEND) from None
    except (Exception, SystemExit) as error:
        raise LayoutRefused(f"functions.py cannot be loaded ({type(error).__name__}).", _MEND) from None
    found = {name: value for name, value in vars(module).items() if callable(value) and name[0] != "_"}
    return {name: _checked(value) for name, value in found.items()}, code


def _checked(function: Function) -> Function:
    def call(columns: Mapping[str, Sequence[str]]) -> list[str]:
        # What is raised here is an ordinary exception: the conversion names the function and the file.
        try:
            with contextlib.redirect_stdout(sys.stderr):
                codes = function(columns)
        except SystemExit:
            raise RuntimeError("the function ended the program") from None
        if not isinstance(codes, list) or not all(code is None or isinstance(code, str) for code in codes):
            raise TypeError("the function gives no list of texts")
        return codes

    return call
