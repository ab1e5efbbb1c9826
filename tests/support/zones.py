"""One zone with a journal in a test's own folder, and a way to make a finished stage by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harmony.identity.keys import generate
from harmony.settings import Zone, create_zone
from harmony.stages.record import Outcome
from harmony.stages.run import run
from harmony.store.control.database import SqlJournal, open_control

NOBODY = {"in": 0, "out": 0, "set_aside": 0, "refused": 0}


@contextmanager
def opened(folder: Path, name: str = "hospital", owner: str = "P01") -> Iterator[tuple[Zone, SqlJournal]]:
    """Make a zone and open its journal."""
    zone = create_zone(folder / name, name, owner, "ab" * 16, generate(name))
    control = open_control(zone.control_url)
    try:
        yield zone, control.journal()
    finally:
        control.close()


def finished(
    kind: type,
    zone: Zone,
    journal: SqlJournal,
    key: str,
    write: Callable[[Path], Any],
    details: Mapping[str, Any],
) -> Any:
    """Return a finished stage whose outputs `write` writes into the `tables` folder it is given."""

    def work(target: Path) -> Outcome:
        (target / "tables").mkdir()
        write(target / "tables")
        return Outcome("passed", NOBODY, (), {}, details)

    return run(kind, zone, f"made_{kind.__name__.lower()}", key, [], work, journal)
