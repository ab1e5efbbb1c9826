"""
What a visitor may do: read the counts, see where deliveries stand, and read published reports.

Every function reads the public zone's folder only; it opens no key and no other zone.
"""

from __future__ import annotations

from pathlib import Path

from harmony.reporting import public_files
from harmony.reporting.public import Catalogue, Deliveries, PublishedReport
from harmony.settings import zone_root


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
