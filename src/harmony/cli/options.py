"""Options that every command has, and the way from an actor's answer to the screen and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from harmony.errors import HarmonyError
from harmony.reporting.terminal import error_words, words

Network = Annotated[Path, typer.Option("--network", help="Folder of the network.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Nothing but the answer.")]
As = Annotated[str, typer.Option("--as", help="MEM id of the person who acts.")]

NETWORK: Final = Path("network")


def group(text: str) -> typer.Typer:
    """Return a group of commands; without Rich, so that `--help` is quick."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def answer(act: Callable[[], Mapping[str, Any]], as_json: bool, quiet: bool) -> None:
    """
    Run one act of an actor and print its answer, or its error with the exit code of its family.

    An error that is no `HarmonyError` is a defect of ours: exit 70, and no text of the exception, because it
    could hold a patient's value.
    """
    if quiet:
        sys.stderr = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115 - open for the process's life
    try:
        found = act()
    except HarmonyError as error:
        _print_error(error, as_json)
        raise typer.Exit(error.exit_code) from error
    except OSError as error:
        busy = HarmonyError(
            f"The file system refused: {error.strerror}.", "Check space and rights, then run again."
        )
        busy.code, busy.exit_code = "E-STATE", 60
        _print_error(busy, as_json)
        raise typer.Exit(60) from error
    except Exception as error:
        where = _where(error)
        defect = HarmonyError(f"Defect in {where}: {type(error).__name__}.", "Report it with this line.")
        _print_error(defect, as_json)
        raise typer.Exit(defect.exit_code) from error
    typer.echo(json.dumps(found, indent=1, default=str) if as_json else words(found))


def _where(error: BaseException) -> str:
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return (
        "an unknown place"
        if step is None
        else f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}"
    )


def _print_error(error: HarmonyError, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(error.as_dict(), indent=1, default=str))
    else:
        typer.echo(error_words(error.as_dict()), err=True)
