"""A folder for opened content, emptied before and after use, so that nothing opened outlives its step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harmony.settings import Zone


@contextmanager
def scratch(zone: Zone, name: str) -> Iterator[Path]:
    """Give an empty folder inside the zone; what an earlier, killed run left in it is removed first."""
    folder = zone.root / "work" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
