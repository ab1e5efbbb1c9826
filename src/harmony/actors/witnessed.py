"""Where most of the platform's people work: the research zone beside the platform's records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harmony.actors.desk import Desk, at, governance
from harmony.governance.witness import require_witnessed, witness
from harmony.store.control.database import Control


@contextmanager
def recorded(network: Path) -> Iterator[tuple[Desk, Control]]:
    """
    Open the research zone and the platform's control records; on leaving, the zone signs the log's head.

    Raises
    ------
    Tampered
        When the log is shorter than the zone signed before, or another one.
    """
    with at(network, "research") as desk, governance(network) as control:
        require_witnessed(desk.zone, control)
        try:
            yield desk, control
        finally:
            # A refusal is an event too, and the one that somebody would like to see gone.
            witness(desk.zone, control)
