"""A research zone's control records with people in them."""

import pytest
from governance_world import make_world

from harmony.store.control.database import open_control


@pytest.fixture
def control(tmp_path):
    """Empty control records on SQLite."""
    opened = open_control(f"sqlite:///{tmp_path / 'control.db'}")
    yield opened
    opened.close()


@pytest.fixture
def world(control):
    """People of all roles."""
    return make_world(control)
