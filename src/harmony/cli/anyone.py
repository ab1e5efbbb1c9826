"""Commands for anyone: what is installed, the demo, synthetic files, the portal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from harmony.cli.options import NETWORK, Json, Network, Quiet, answer


def register(app: typer.Typer) -> None:
    """Add the commands that stand without a group."""

    @app.command("doctor")
    def doctor(as_json: Json = False, quiet: Quiet = False) -> None:
        """Say what is installed, what is missing, and what that switches off."""

        def act() -> dict[str, object]:
            from harmony.actors.anyone import doctor

            return doctor()

        answer(act, as_json, quiet)

    @app.command("demo")
    def demo(
        folder: Annotated[Path, typer.Option(help="Where the demo is built.")] = Path("demo"),
        patients: Annotated[int, typer.Option(help="Synthetic patients.")] = 2000,
        all_file: Annotated[Path | None, typer.Option("--all-file", help="ALL.rda of r-bioc-all.")] = None,
        as_json: Json = False,
        quiet: Quiet = False,
    ) -> None:
        """Run the whole journey and tell it in six scenes."""

        def act() -> dict[str, object]:
            from harmony.demo.journey import run_demo

            return run_demo(folder, patients, all_file)

        answer(act, as_json, quiet)

    @app.command("simulate")
    def simulate(
        folder: Annotated[Path, typer.Argument(help="Folder for the provider's files.")],
        truth: Annotated[Path, typer.Option(help="File for the estimates on the truth.")],
        patients: Annotated[int, typer.Option(help="Number of patients.")] = 2000,
        seed: Annotated[int, typer.Option(help="Seed; equal seeds give equal files.")] = 2026,
        as_json: Json = False,
        quiet: Quiet = False,
    ) -> None:
        """Write a synthetic AML cohort in the shape of provider P02."""

        def act() -> dict[str, object]:
            from harmony.actors.anyone import simulate

            return simulate(folder, truth, patients, seed)

        answer(act, as_json, quiet)

    _register_serve(app)


def _register_serve(app: typer.Typer) -> None:
    @app.command("serve")
    def serve(
        port: Annotated[int, typer.Option(help="Port on 127.0.0.1, 1024 to 65535.")] = 8321,
        network: Network = NETWORK,
    ) -> None:
        """Serve the portal's public pages on this computer."""

        def act() -> dict[str, object]:
            from harmony.actors.visitor import ready_to_serve

            return ready_to_serve(network, port)

        answer(act, False, False)
        # The portal is a program of its own: this process becomes it.
        os.execv(sys.executable, [sys.executable, "-m", "harmony.portal", str(network), str(port)])
