"""
The command line: each command turns its words into one call of an actor, and nothing else.

Actors are imported inside the commands, so that `harmony --help` answers at once and a command of one zone
loads no code of another.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

from harmony.cli import anyone, notation, platform, provider, statistics, studies
from harmony.cli.options import print_error, unprinted
from harmony.errors import UsageError

app = typer.Typer(
    help="The HARMONY platform: partner files in, a trustworthy published study report out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)
anyone.register(app)
statistics.register(app)
for name, commands in {**notation.GROUPS, **provider.GROUPS, **platform.GROUPS, **studies.GROUPS}.items():
    app.add_typer(commands, name=name)
studies.register(app)


def main() -> None:
    """Run the command line; wrong use ends with exit 2, under `--json` with one document like every error."""
    try:
        code = _run()
        sys.stdout.flush()
    except typer.Exit as end:
        code = end.exit_code
    except OSError as error:
        code = unprinted(error)
    sys.exit(code)


def _run() -> int:
    try:
        code = app(standalone_mode=False)
    except Exception as error:
        # Typer's errors of use are its own classes; this method is what they have in common.
        if not hasattr(error, "format_message"):
            raise
        _wrong_use(error)
        return UsageError.exit_code
    return code if isinstance(code, int) else 0


def _wrong_use(error: Any) -> None:
    if "--json" not in sys.argv[1:]:
        error.show()
        return
    command = error.ctx.command_path if getattr(error, "ctx", None) else "harmony"
    print_error(UsageError(error.format_message(), f"{command} --help"), as_json=True)
