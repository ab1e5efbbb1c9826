"""What one zone holds: key names with fingerprints, finished stages, columns of its tables; no values."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harmony.actors.desk import Desk
from harmony.identity.keys import private_id
from harmony.settings import ZONE_KEYS


def describe(desk: Desk) -> dict[str, Any]:
    """
    Return what a zone says about itself.

    Returns
    -------
    dict
        zone, owner, keys [{name, fingerprint}], stages {name: how many}, columns {table: names}.
    """
    zone = desk.zone
    keys = [{"name": name, "fingerprint": private_id(name, zone.key(name))} for name in ZONE_KEYS[zone.name]]
    folders = sorted(path for path in (zone.root / "stages").glob("*/*") if path.is_dir())
    stages = Counter(path.parent.name for path in folders)
    return {
        "zone": zone.name,
        "owner": zone.owner,
        "keys": keys,
        "stages": dict(sorted(stages.items())),
        "columns": _columns(folders),
    }


def _columns(folders: list[Any]) -> dict[str, list[str]]:
    files = {path.stem: path for folder in folders for path in sorted((folder / "tables").glob("*.parquet"))}
    if not files:
        # The trusted third party has no table, and must not load the code that reads one.
        return {}
    from harmony.store.tables import column_names

    return {name: column_names(path) for name, path in files.items()}
