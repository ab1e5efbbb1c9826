"""One small network for all tests here, shared with the tests of the command line."""

from __future__ import annotations

import pytest
from prepared_network import Prepared, shared_network


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Prepared:
    """Give the network as it was before each step; copy it before changing it."""
    return shared_network(tmp_path_factory)
