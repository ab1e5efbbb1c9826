"""A whole network on disk for each test."""

from __future__ import annotations

import pytest
from exchange_network import Network


@pytest.fixture
def network(tmp_path):
    """Two hospitals, TTP and platform, one synthetic agreement each."""
    made = Network(tmp_path / "network")
    yield made
    made.close()
