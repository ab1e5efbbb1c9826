"""Whether the committed rows of a zone and its stage folders are still one chain, with none missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harmony.errors import Tampered
from harmony.settings import Zone
from harmony.stages.record import NOTHING_BEFORE, RECORD_FILE, read_signed
from harmony.stages.run import stage_folder

_RESTORE: Final = "Restore the zone from its backup and report it to the auditor."

#: stage, key, sha256, previous of one committed row.
Row = tuple[str, str, str, str]


def verify_stages(zone: Zone, rows: Sequence[Row]) -> int:
    """
    Verify that every row has its signed record and every record its row; the files are not read.

    Parameters
    ----------
    rows : sequence of Row
        The zone's committed rows, oldest first.

    Returns
    -------
    int
        Number of stages.

    Raises
    ------
    Tampered
        When a row was changed, a record is missing, or records stand that the zone's journal does not have:
        it was emptied or cut.
    """
    previous = NOTHING_BEFORE
    for stage, key, sha256, before in rows:
        record = read_signed(zone, stage_folder(zone, stage, key))
        if before != previous or record.previous != previous or record.sha256 != sha256:
            raise Tampered(f"Stage {stage} is not the one that was committed.", _RESTORE)
        previous = sha256
    known = {(stage, key) for stage, key, _, _ in rows}
    for path in sorted((zone.root / "stages").glob(f"*/*/{RECORD_FILE}")):
        place = (path.parent.parent.name, path.parent.name)
        # A run that was killed before its commit leaves one folder behind; the next run takes it up.
        if place not in known and read_signed(zone, path.parent).previous != previous:
            raise Tampered(f"A stage {place[0]} stands in no row of zone {zone.name}'s journal.", _RESTORE)
    return len(rows)
