"""Finds the Chromium that takes pictures and tests the portal: Debian's, Ubuntu's, or Playwright's own."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path


@cache
def find_chromium() -> str | None:
    """Return the path of a Chromium that starts, or None."""
    for name in ("chromium", "chromium-browser"):
        found = shutil.which(name)
        # Without snap, Ubuntu's chromium-browser is a script that only says how to get one.
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return found
    return _own_of_playwright()


def _own_of_playwright() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None
