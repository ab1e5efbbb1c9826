"""Progress: the share done and the time left, silent for short steps."""

import io

import pytest

from harmony import progress
from harmony.progress import Progress, track

#: Units done of 200, seconds so far, the line.
LINES = (
    (50, 10.0, "Reading: 25%, 30 s left"),
    (200, 10.0, "Reading: 100%, 0 s left"),
    (0, 10.0, "Reading: 0%, time left unknown"),
    (1, 1.0, "Reading: 0%, 199 s left"),
)


@pytest.mark.parametrize(("done", "seconds", "line"), LINES)
def test_a_line_says_the_share_done_and_the_time_left(done, seconds, line):
    step = Progress("Reading", 200, None)
    step.advance(done)
    assert step.line(seconds) == line


def test_more_than_everything_is_everything():
    step = Progress("Reading", 10, None)
    step.advance(25)
    assert step.done == 10


def test_a_step_without_work_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Progress("Reading", 0)


def test_a_short_step_prints_nothing():
    stream = io.StringIO()
    assert list(track(range(5), "Reading", 5, stream)) == [0, 1, 2, 3, 4]
    assert stream.getvalue() == ""
    assert list(track([], "Reading", 0, stream)) == []


def test_a_long_step_prints_one_line_a_second(monkeypatch):
    clock = iter([0.0, 1.0, 2.5, 2.9, 3.6])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    step = Progress("Reading", 4, stream)
    for _ in range(4):
        step.advance()
    assert stream.getvalue() == "Reading: 50%, 2 s left\nReading: 100%, 0 s left\n"
