"""
What a visitor may do: read the counts, see where deliveries stand, and read published reports.

Every function reads the public zone's folder only; it opens no key and no other zone.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Final

from harmony.errors import Busy, UsageError
from harmony.reporting import public_files
from harmony.reporting.public import Catalogue, Deliveries, PublishedReport
from harmony.settings import zone_root

#: Ports that a program without special rights may take.
PORTS: Final = (1024, 65_535)


def ready_to_serve(network: Path, port: int) -> dict[str, Any]:
    """
    Say where the portal will be, after asking whether it can be there.

    Raises
    ------
    UsageError
        When the port is out of its range or there is no network.
    Busy
        When another program has the port.
    """
    if not PORTS[0] <= port <= PORTS[1]:
        raise UsageError(f"Port {port} cannot be taken.", "", f"{PORTS[0]} to {PORTS[1]}")
    if not zone_root(network, "public").is_dir():
        raise UsageError(f"There is no network at {network}.", "Make it first: harmony network init.")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Busy(f"Port {port} is taken.", "Give another one with --port.") from error
    return {"message": f"The portal is at http://127.0.0.1:{port} until you stop it with Ctrl-C."}


def catalogue(network: Path) -> Catalogue:
    """Return the six counts of every provider, disease and mark; empty before the first delivery."""
    return public_files.read_catalogue(zone_root(network, "public"))


def deliveries(network: Path) -> Deliveries:
    """Return where every delivery stands; empty before the first delivery."""
    return public_files.read_deliveries(zone_root(network, "public"))


def reports(network: Path) -> tuple[PublishedReport, ...]:
    """Return the published reports, newest first."""
    return public_files.list_reports(zone_root(network, "public"))


def report(network: Path, result: str) -> str | None:
    """
    Return a report as it was published, or None when there is none of this id.

    Raises
    ------
    UsageError
        When `result` is not a RES id.
    HashMismatch
        When the file was changed after its publication.
    """
    return public_files.read_report(zone_root(network, "public"), result)
