"""Refusals that name the clause of the procedure they rest on."""

from __future__ import annotations

import re

from harmony.errors import HarmonyError, NotPermitted
from harmony.governance.procedure import load


def refusal(what: str, clause: str, next_step: str = "", allowed: str = "") -> NotPermitted:
    """
    Return the error for a step that a clause of the procedure forbids.

    Parameters
    ----------
    what : str
        What was tried, without a person's name or a patient's value.
    clause : str
        Key of the procedure's `clauses`.
    """
    return NotPermitted(f"{what} Refused by clause {clause}: {load().clauses[clause]}", next_step, allowed)


def clause_of(error: HarmonyError) -> str:
    """Return the clause or the agreement that a refusal names, or an empty text."""
    found = re.search(r"(?:clause|agreement) (P-[A-Z-]+|AGR-[0-9a-f]{12})", error.what)
    return found.group(1).rstrip("-") if found else ""
