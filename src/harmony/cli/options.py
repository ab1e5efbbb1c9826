"""Options that every command has, and the way from an actor's answer to the screen and the exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from harmony.errors import Busy, HarmonyError
from harmony.reporting.terminal import error_words, words

Network = Annotated[Path, typer.Option("--network", help="Folder of the network.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Nothing but the answer.")]
As = Annotated[str, typer.Option("--as", help="MEM id of the person who acts.")]

NETWORK: Final = Path("network")

_SPACE: Final = "Check space and rights, then run again."


def group(text: str) -> typer.Typer:
    """Return a group of commands; without Rich, so that `--help` is quick."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def answer(act: Callable[[], Mapping[str, Any]], as_json: bool, quiet: bool) -> None:
    """
    Run one act of an actor and print its answer, or its error with the exit code of its family.

    An error that is no `HarmonyError` is a defect of ours: exit 70, and no text of the exception, because it
    could hold a patient's value.
    """
    try:
        with _silent() if quiet else nullcontext():
            found = act()
    except HarmonyError as error:
        _end(error, as_json, error)
    except OSError as error:
        why = error.strerror or type(error).__name__
        _end(Busy(f"The file system refused: {why}.", _SPACE), as_json, error)
    except Exception as error:
        what = f"Defect in {_where(error)}: {type(error).__name__}."
        _end(HarmonyError(what, "Report it with this line."), as_json, error)
    else:
        say(json.dumps(found, indent=1, default=str) if as_json else words(found))


def say(text: str) -> None:
    """
    Print an answer; end with exit 60 and a sentence when standard output takes nothing more.

    What the command did stands by then, and running it again is harmless.
    """
    try:
        typer.echo(text)
        sys.stdout.flush()
    except OSError as error:
        raise typer.Exit(unprinted(error)) from error


def unprinted(error: OSError) -> int:
    """Say on standard error that standard output takes nothing more, and return the exit code."""
    # The interpreter flushes once more at its end and would print a traceback of its own.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    what = f"The answer could not be printed: {error.strerror or type(error).__name__}."
    next_step = "Give it another place and run this again; what is done stands."
    with suppress(OSError):
        typer.echo(error_words(Busy(what, next_step).as_dict()), err=True)
    return Busy.exit_code


@contextmanager
def _silent() -> Iterator[None]:
    # Only the progress is silenced: an error must still be read. The stream stays open, because code that is
    # imported meanwhile may keep it as its own standard error.
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    with redirect_stderr(nowhere):
        yield


def _end(error: HarmonyError, as_json: bool, cause: Exception) -> NoReturn:
    print_error(error, as_json)
    raise typer.Exit(error.exit_code) from cause


def _where(error: BaseException) -> str:
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return (
        "an unknown place"
        if step is None
        else f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}"
    )


def print_error(error: HarmonyError, as_json: bool) -> None:
    """Print an error: as the one document on standard output, or in words on standard error."""
    if as_json:
        say(json.dumps(error.as_dict(), indent=1, default=str))
    else:
        # Standard error may be closed or full too; the exit code still says what happened.
        with suppress(OSError):
            typer.echo(error_words(error.as_dict()), err=True)
