"""
UCUM codes by the rules of UCUM itself, for units that no list has; ucumvert is loaded only then.

Three traps are closed here. Annotations are dropped by the parser, so that {1.73_m2} would be nothing: both
codes must carry the same. G is gauss to UCUM: a code never reaches this module from a quantity that has a
list. `{ratio}` alone gives no quantity and is refused.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from harmony.notation.units.spelling import LONGEST

_ANNOTATION: Final = re.compile(r"\{[^{}]*\}")


@cache
def ucum_ratio(code: str, to_code: str) -> float | None:
    """
    Return how many of `to_code` one of `code` is.

    Returns
    -------
    float or None
        None when one is no UCUM code, they measure different things, carry different annotations, or the
        conversion needs an offset (temperatures).
    """
    if not code or not to_code or _ANNOTATION.findall(code) != _ANNOTATION.findall(to_code):
        return None
    source, target = _parsed(code), _parsed(to_code)
    if source is None or target is None:
        return None
    from pint.errors import PintError

    try:
        return float((source / target).to("").magnitude)
    except PintError:
        return None


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()


@cache
def _parsed(code: str) -> Any:
    from lark.exceptions import LarkError
    from pint.errors import PintError

    if len(code) > LONGEST:
        return None
    try:
        found = _registry().from_ucum(code)
    except (LarkError, PintError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if hasattr(found, "magnitude") else None
