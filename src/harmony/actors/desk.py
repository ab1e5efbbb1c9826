"""Where an actor works: one opened zone with its control records, closed again afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harmony.errors import UsageError
from harmony.settings import Zone, open_zone, platform_control_url, zone_root
from harmony.stages.journey import Stage
from harmony.stages.run import open_stage
from harmony.store.control.database import Control, SqlJournal, open_control

S = TypeVar("S", bound=Stage)


@dataclass(frozen=True)
class Desk:
    """One zone, its control records and its journal of stages."""

    network: Path
    zone: Zone
    control: Control
    journal: SqlJournal

    def finished(self, kind: type[S], stage: str, key: str, next_step: str) -> S:
        """
        Open a finished stage that a person named by its id; verified as `open_stage` does.

        Parameters
        ----------
        next_step : str
            What makes it, where it is not there.

        Raises
        ------
        UsageError
            When this zone has no such stage: another id was meant, or an earlier command was left out.
        """
        if self.journal.find(stage, key) is None:
            raise UsageError(f"There is nothing here of the name {key} for this command.", next_step)
        return open_stage(kind, self.zone, stage, key, self.journal)

    @property
    def definitions(self) -> Path:
        """Folder whose definitions override or add to the packaged ones."""
        return self.network / "definitions"


@contextmanager
def at(network: Path, zone: str, owner: str = "") -> Iterator[Desk]:
    """Open one zone of a network; raises as `open_zone` does."""
    opened = open_zone(zone_root(network, zone, owner), zone)
    control = open_control(opened.control_url)
    try:
        yield Desk(network, opened, control, control.journal())
    finally:
        control.close()


@contextmanager
def governance(network: Path) -> Iterator[Control]:
    """
    Open the platform's control records: members, studies, airlock, audit.

    Raises
    ------
    UsageError
        When there is no network: a mistyped folder would else get empty records of its own.
    """
    if not (network / "platform").is_dir():
        raise UsageError(f"There is no network at {network}.", "Make it first: harmony network init.")
    control = open_control(platform_control_url(network))
    try:
        yield control
    finally:
        control.close()


def today() -> dt.date:
    """Return today's date in UTC; agreements and permits are asked for this day."""
    return dt.datetime.now(dt.UTC).date()
