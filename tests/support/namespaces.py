"""Linux namespaces for tests that need a computer without network or with a disk of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from typing import Final

#: Command and options before those of a test; who is not root becomes root of a user namespace first.
UNSHARE: Final = ("unshare",) if os.geteuid() == 0 else ("unshare", "-r")


@cache
def can_unshare() -> bool:
    """Return whether this user may make a network namespace; some systems forbid it to users."""
    if shutil.which("unshare") is None:
        return False
    if os.geteuid() == 0:
        return True
    return subprocess.run([*UNSHARE, "-n", "true"], capture_output=True, check=False).returncode == 0
