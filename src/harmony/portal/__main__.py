"""`python -m harmony.portal NETWORK PORT`: serve a network's public zone on the loopback interface."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from harmony.portal.app import create_app


def main(network: str, port: str) -> None:
    """Serve until interrupted; `port` is 1024 to 65535."""
    uvicorn.run(create_app(Path(network)), host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:3])
