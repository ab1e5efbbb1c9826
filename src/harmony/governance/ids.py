"""Ids of governance: a prefix and twelve random hex digits."""

from __future__ import annotations

import re
import secrets
from typing import Final

from harmony.errors import UsageError

KINDS: Final = ("DLV", "REL", "STU", "RES", "AGR", "MEM")


def new_id(kind: str) -> str:
    """Return a fresh id; `kind` is one of `KINDS`."""
    return f"{kind}-{secrets.token_hex(6)}"


def is_id(text: str, kind: str) -> bool:
    """Tell whether a text is an id of this kind."""
    return re.fullmatch(rf"{kind}-[0-9a-f]{{12}}", text) is not None


def check_id(text: str, kind: str) -> str:
    """Return an id unchanged; raise `UsageError` when it is not of this kind."""
    if not is_id(text, kind):
        raise UsageError(f"This is not an id of kind {kind}.", "", f"{kind}- and 12 lower-case hex digits")
    return text
