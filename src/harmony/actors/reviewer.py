"""What reviewers, the chair and the steward do with a study: one step of the procedure at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harmony.actors.desk import governance, today
from harmony.actors.witnessed import recorded
from harmony.governance import proposals


def study_act(
    network: Path,
    study: str,
    action: str,
    person: str,
    note: str = "",
    study_file: Path | None = None,
    role: str = "",
) -> dict[str, Any]:
    """
    Take one step: review, return, resubmit, approve, reject, open, suspend, resume, close or withdraw.

    Raises
    ------
    NotPermitted
        When role, state or the procedure do not allow it; names the clause.
    """
    with recorded(network) as (_, control):
        state = proposals.act(control, study, action, person, note, today(), study_file, role)
    return {"message": f"{study} is {state}.", "study": study, "action": action, "state": state}


def study_show(network: Path, study: str) -> dict[str, Any]:
    """Return a study's title, state and author."""
    with governance(network) as control:
        found = proposals.get_study(control, study)
    return {
        "message": f"{found.id} is {found.state}.",
        "study": found.id,
        "title": found.plan.title,
        "state": found.state,
    }
