"""The separation level of an installation: computed, never typed in (protocol section 1)."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from harmony.settings import ZONE_FOLDERS

ONE_ACCOUNT: Final = "S0"
ACCOUNTS: Final = "S1"


def zone_roots(network: Path) -> list[Path]:
    """Return the roots of all zones that can be seen in a network's folder."""
    patterns = (folder.format(owner="*") for folder in ZONE_FOLDERS.values())
    return sorted(root for pattern in patterns for root in network.glob(pattern) if root.is_dir())


def level(network: Path) -> str:
    """
    Return what one host can show about itself.

    Returns
    -------
    str
        S1 when at least two zones lie here, each owned by an account of its own and closed to others
        (0700); else S0. Hosts (S2) and organisations (S3) cannot be seen from one file system: they need
        the zones' merged attestations, so that nothing here ever returns them.
    """
    facts = [root.stat() for root in zone_roots(network)]
    owners = {fact.st_uid for fact in facts}
    apart = len(facts) > 1 and len(owners) == len(facts) and 0 not in owners
    closed = all(stat.S_IMODE(fact.st_mode) & 0o077 == 0 for fact in facts)
    return ACCOUNTS if apart and closed else ONE_ACCOUNT
