"""Commands of the provider and of the trusted third party."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harmony.cli.options import NETWORK, Json, Network, Quiet, answer, group

Provider = Annotated[str, typer.Option("--provider", help="Id of the provider, for example P02.")]
Layout = Annotated[str, typer.Option("--layout", help="Id of a packaged layout, or path of a layout.toml.")]
AgreementId = Annotated[
    str, typer.Option("--agreement", help="AGR id of the agreement that covers the delivery.")
]

provider = group("Inside the hospital, offline: describe, check, pack, read receipts.")
ttp = group("The trusted third party: give persons to pseudonyms, relay what it cannot open.")
dictionary = group("The dictionary of fields.")

GROUPS = {"provider": provider, "ttp": ttp, "dictionary": dictionary}


@provider.command("init")
def provider_init(
    provider: Provider,
    network_id: Annotated[str, typer.Option("--network-id", help="32 hex digits from the steward.")],
    number_space: Annotated[str, typer.Option(help="Whose numbering the local numbers are.")] = "main",
    pattern: Annotated[str, typer.Option(help="Pattern of a local patient number.")] = "[0-9A-Za-z-]{1,32}",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the hospital's zone with its keys."""

    def act() -> dict[str, object]:
        from harmony.actors.provider import init

        return init(network, network_id, provider, number_space, pattern)

    answer(act, as_json, quiet)


@provider.command("check")
def provider_check(
    folder: Annotated[Path, typer.Argument(help="Folder with the delivery's files.")],
    provider: Provider,
    layout: Layout,
    agreement: AgreementId,
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check a delivery and list everything that is wrong with it."""

    def act() -> dict[str, object]:
        from harmony.actors.provider import check

        return check(network, provider, folder, layout, agreement)

    answer(act, as_json, quiet)


@provider.command("pack")
def provider_pack(
    folder: Annotated[Path, typer.Argument(help="Folder with the delivery's files.")],
    provider: Provider,
    layout: Layout,
    agreement: AgreementId,
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check, pseudonymise and seal a delivery, and put it into the post."""

    def act() -> dict[str, object]:
        from harmony.actors.provider import pack

        return pack(network, provider, folder, layout, agreement)

    answer(act, as_json, quiet)


@provider.command("receipt")
def provider_receipt(
    provider: Provider, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Import the receipts that came back."""

    def act() -> dict[str, object]:
        from harmony.actors.provider import receipt

        return receipt(network, provider)

    answer(act, as_json, quiet)


@ttp.command("init")
def ttp_init(
    network_id: Annotated[str, typer.Option("--network-id", help="32 hex digits from the steward.")],
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the TTP's zone with its keys."""

    def act() -> dict[str, object]:
        from harmony.actors.ttp import init

        return init(network, network_id)

    answer(act, as_json, quiet)


@ttp.command("relay")
def ttp_relay(
    delivery: Annotated[Path, typer.Argument(help="Folder of the delivery in the TTP's post.")],
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer a delivery and send it on unopened."""

    def act() -> dict[str, object]:
        from harmony.actors.ttp import relay

        return relay(network, delivery)

    answer(act, as_json, quiet)


@ttp.command("open")
def ttp_open(
    payload: Annotated[Path, typer.Argument(help="A sealed payload.")],
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Try to open a payload with the TTP's own key; this must fail."""

    def act() -> dict[str, object]:
        from harmony.actors.ttp import open_payload

        return open_payload(network, payload)

    answer(act, as_json, quiet)


@dictionary.command("show")
def dictionary_show(
    table: Annotated[str, typer.Option(help="Only this table.")] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the fields with type, unit and codes."""

    def act() -> dict[str, object]:
        from harmony.actors.anyone import dictionary_show

        return dictionary_show(table)

    answer(act, as_json, quiet)
