"""Progress of long steps on standard error: the share done and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")

#: A line is printed at most this often, so that a log of a long run stays readable.
SECONDS_BETWEEN_LINES = 1.0

#: Steps shorter than this print nothing at all.
QUIET_SECONDS = 2.0


class Progress:
    """
    Report how much of one named step is done.

    Parameters
    ----------
    label : str
        What the step does, in words.
    total : int
        Units of work, 1 or more (rows, bytes, files).
    stream : text stream, optional
        Where lines go; standard error by default. `None` keeps silent.

    Raises
    ------
    ValueError
        When `total` is below 1.
    """

    def __init__(self, label: str, total: int, stream: TextIO | None = sys.stderr) -> None:
        if total < 1:
            raise ValueError(f"A step has at least 1 unit of work, not {total}.")
        self.label = label
        self.total = total
        self.done = 0
        self._stream = stream
        self._start = self._last = time.monotonic()

    def advance(self, units: int = 1) -> None:
        """Count `units` as done and print a line when one is due."""
        self.done = min(self.total, self.done + units)
        now = time.monotonic()
        due = now - self._last >= SECONDS_BETWEEN_LINES and now - self._start >= QUIET_SECONDS
        if self._stream is not None and due:
            self._last = now
            self._stream.write(self.line(now - self._start) + "\n")
            self._stream.flush()

    def line(self, elapsed: float) -> str:
        """Return the line after `elapsed` seconds: label, share done, time left."""
        share = self.done / self.total
        left = f"{elapsed / share - elapsed:.0f} s left" if share > 0 else "time left unknown"
        return f"{self.label}: {share:.0%}, {left}"


def track(items: Iterable[T], label: str, total: int, stream: TextIO | None = sys.stderr) -> Iterator[T]:
    """Yield `items` and report after each one; `total` is how many will come (0 prints nothing)."""
    if total < 1:
        yield from items
        return
    progress = Progress(label, total, stream)
    for item in items:
        yield item
        progress.advance()
