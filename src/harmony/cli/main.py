"""
The command line: each command turns its words into one call of an actor, and nothing else.

Actors are imported inside the commands, so that `harmony --help` answers at once and a command of one zone
loads no code of another.
"""

from __future__ import annotations

import typer

from harmony.cli import anyone, platform, provider, studies

app = typer.Typer(
    help="The HARMONY platform: partner files in, a trustworthy published study report out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)
anyone.register(app)
for name, commands in {**provider.GROUPS, **platform.GROUPS, **studies.GROUPS}.items():
    app.add_typer(commands, name=name)
studies.register(app)


def main() -> None:
    """Run the command line."""
    app()
