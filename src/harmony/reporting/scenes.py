"""
The demo's start page: six scenes that each show a claim, how to repeat it, and what it printed.

A reader who opens `demo/index.html` sees the whole journey without running anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harmony.errors import UsageError


@dataclass(frozen=True)
class Link:
    """A link from a scene: words, and an address relative to the page."""

    text: str
    address: str


@dataclass(frozen=True)
class Scene:
    """
    One scene of the demo.

    Attributes
    ----------
    number : int
        1 to 6, in the order of the journey.
    title, claim : str
        What the scene shows, and the one sentence that its output proves.
    command : str
        What a reader types to see it again.
    output : str
        What the command really printed in this run.
    picture : str, optional
        `data:` address of a picture; the page's policy loads pictures from inside the file only.
    picture_alt : str
        What the picture shows; needed with a picture.
    links : tuple of Link
        Where to read on: the report, how to open the portal.
    refused : bool
        True when the scene shows a refusal, so that its output is not read as a failure of the demo.

    Raises
    ------
    UsageError
        When a picture is no `data:` address or has no words.
    """

    number: int
    title: str
    claim: str
    command: str
    output: str
    picture: str | None = None
    picture_alt: str = ""
    links: tuple[Link, ...] = ()
    refused: bool = False

    def __post_init__(self) -> None:
        if self.picture is not None and not (self.picture.startswith("data:image/") and self.picture_alt):
            raise UsageError(
                f"The picture of scene {self.number} is not inside the page or has no words.",
                "Give it as a data: address together with picture_alt.",
            )


@dataclass(frozen=True)
class PartyHolding:
    """What one party holds, and what it cannot do or see; one sentence per item."""

    party: str
    holds: tuple[str, ...]
    cannot: tuple[str, ...]


def render_index(
    scenes: Sequence[Scene], parties: Sequence[PartyHolding], network_facts: Sequence[tuple[str, str]]
) -> str:
    """
    Return the demo's start page as one HTML file that needs no network.

    Parameters
    ----------
    scenes : sequence of Scene
        In the order they are told.
    parties : sequence of PartyHolding
        Hospital, TTP, platform: one column each.
    network_facts : sequence of (str, str)
        Name and value for the footer: network, separation level, code version, seconds.
    """
    from harmony.reporting.pages import render_page

    return render_page(
        "index.html.j2",
        title="HARMONY demonstration",
        scenes=scenes,
        parties=parties,
        facts=network_facts,
    )
