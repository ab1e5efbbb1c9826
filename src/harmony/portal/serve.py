"""Run the portal on the loopback interface."""

from __future__ import annotations

from pathlib import Path


def serve(network: Path, port: int) -> None:
    """
    Serve a network's public zone on 127.0.0.1 until it is interrupted.

    Parameters
    ----------
    port : int
        1024 to 65535.
    """
    import uvicorn

    from harmony.portal.app import create_app

    uvicorn.run(create_app(network), host="127.0.0.1", port=port, log_level="warning")
