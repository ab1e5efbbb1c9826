"""
Steps of the demo: each is one command as a user types it, in a process of its own, with its real output kept.

A finished step is remembered, so that a second run says so and an interrupted run goes on where it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from harmony.errors import HarmonyError

STATE_FILE: Final = "steps.json"
#: The step that makes the network; what follows it stands or falls with the folder.
NETWORK_STEP: Final = "network init"

#: Independent steps run at once: the demo is made for two cores.
AT_ONCE: Final = 2

#: Last lines of standard error that the message about a failed step repeats.
ERROR_LINES: Final = 5

#: Longest output of one step that the page shows, characters.
SHOWN_CHARACTERS: Final = 6000


@dataclass(frozen=True)
class Done:
    """
    A finished step: name, command as typed, exit code, output, answer, seconds, peak memory in MiB, errors.

    `errors` is the end of what the command wrote to standard error.
    """

    name: str
    command: str
    exit: int
    output: str
    answer: dict[str, Any]
    seconds: float
    peak_mib: float
    errors: str = ""


class Runner:
    """
    Run steps one after the other and remember them.

    Parameters
    ----------
    folder : Path
        The demo's folder; steps are remembered in `steps.json` below it.
    total : int
        How many steps there will be, for the share done and the time left.
    """

    def __init__(self, folder: Path, total: int) -> None:
        self._folder = folder
        self._total = total
        self._state = folder / STATE_FILE
        self._done: dict[str, Done] = {}
        self._started: set[str] = set()
        self._lock = threading.Lock()
        self._clock = time.monotonic()
        self._worked = 0.0
        self._before = 0.0
        self._repeated: set[str] = set()
        if self._state.is_file():
            content = json.loads(self._state.read_text(encoding="utf-8"))
            # Somebody removed the network: what was done in it is gone, so the demo begins anew.
            if NETWORK_STEP in content["done"] and not (folder / "network").is_dir():
                content = {"done": {}, "started": []}
            self._done = {name: Done(**item) for name, item in content["done"].items()}
            self._started = set(content["started"])
            self._before = float(content.get("seconds", 0))
        self._earlier = frozenset(self._done)

    @property
    def repeated(self) -> int:
        """How many steps an earlier run had finished."""
        return len(self._repeated)

    @property
    def steps(self) -> list[Done]:
        """All finished steps in order."""
        return list(self._done.values())

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of all runs up to the last step that each of them finished or noted."""
        return self._before + self._worked

    def run(self, name: str, words: Sequence[str], expected: int = 0, once: bool = False) -> Done:
        """
        Run one command, or return what it printed when it was finished before.

        Parameters
        ----------
        name : str
            Name of the step, unique in the demo.
        words : sequence of str
            The command without `harmony` and without `--network`.
        expected : int
            Exit code that belongs to the story; another one stops the demo.
        once : bool
            The act counts once: after an interruption, *not permitted* means that it was done before.

        Raises
        ------
        HarmonyError
            When the command ended with another exit code.
        """
        with self._lock:
            if name in self._done:
                if name in self._earlier:
                    self._repeated.add(name)
                return self._done[name]
            interrupted = name in self._started
            self._started.add(name)
            self._save()
        done = self._call(name, words)
        if done.exit != expected and not (once and interrupted and done.exit == 30):
            raise HarmonyError(
                f"Step '{name}' ended with exit {done.exit} instead of {expected}: {done.output[:2000]}"
                + (f"\n{done.errors}" if done.errors else ""),
                "Run make demo again; it goes on here. If it stops again, report this.",
            )
        with self._lock:
            self._done[name] = done
            self._save()
        return done

    def run_all(self, steps: Sequence[tuple[str, Sequence[str]]]) -> dict[str, Done]:
        """Run steps that do not depend on each other, two at a time, and return them by name in order."""
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            futures = {name: pool.submit(self.run, name, words) for name, words in steps}
            return {name: future.result() for name, future in futures.items()}

    def note(self, name: str, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Remember something that was made without a command, such as source files."""
        if name not in self._done:
            self._done[name] = Done(name, "", 0, "", dict(answer), 0.0, 0.0)
            self._save()
        return self._done[name].answer

    def known(self, name: str) -> bool:
        """Tell whether a step is finished."""
        return name in self._done

    def _call(self, name: str, words: Sequence[str]) -> Done:
        network = self._folder / "network"
        typed = ["harmony", *words, "--network", str(network)]
        real = [sys.executable, "-m", "harmony", *typed[1:]]
        if words[0] == "simulate":
            typed, real = typed[:-2], real[:-2]
        self._say(name)
        start = time.monotonic()
        # The words are what a reader would see; the same call once more as JSON would do the work twice.
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [*real, "--json"], stdout=subprocess.PIPE, stderr=errors, text=True, env=_environment()
            )
            text = process.stdout.read() if process.stdout else ""
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            last = _last_lines(errors)
        answer = _parse(text)
        return Done(
            name,
            _typed(typed),
            process.returncode,
            _as_words(answer, text),
            answer,
            round(time.monotonic() - start, 2),
            round(usage.ru_maxrss / 1024, 1),
            last if process.returncode else "",
        )

    def _say(self, name: str) -> None:
        done = sum(bool(step.command) for step in self._done.values())
        elapsed = time.monotonic() - self._clock
        fresh = max(1, done - self.repeated)
        left = elapsed / fresh * (self._total - done)
        time_left = f", about {left:.0f} s left" if done > self.repeated else ""
        line = f"[{done + 1}/{self._total}] {done / self._total:4.0%} {name}{time_left}"
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def _save(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._worked = time.monotonic() - self._clock
        content = {
            "done": {n: asdict(d) for n, d in self._done.items()},
            "started": sorted(self._started),
            "seconds": round(self.seconds, 1),
        }
        partial = self._state.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
        partial.rename(self._state)


def _environment() -> dict[str, str]:
    # Compiled modules are kept: without them every command compiles a thousand modules again.
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _last_lines(errors: IO[bytes]) -> str:
    errors.seek(0)
    return "\n".join(errors.read().decode(errors="replace").splitlines()[-ERROR_LINES:])


def _parse(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _typed(words: Sequence[str]) -> str:
    return " ".join(f"'{word}'" if " " in word else word for word in words)


def _as_words(answer: Mapping[str, Any], text: str) -> str:
    # The same words as on a terminal: one function makes them from the answer for both.
    from harmony.reporting.terminal import error_words, words

    if "code" in answer and "exit" in answer:
        return error_words(answer)[:SHOWN_CHARACTERS]
    return words(answer)[:SHOWN_CHARACTERS] if answer else text[:SHOWN_CHARACTERS]
