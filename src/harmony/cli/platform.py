"""Commands of the steward and of the quality committee."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from harmony.cli.options import NETWORK, As, Json, Network, Quiet, answer, group

network_group = group("Make a network and pin its peers.")
member = group("People and their roles.")
agreement = group("Data sharing agreements.")
delivery = group("Deliveries in the restricted zone.")
quality = group("The quality gate and the committee's level.")
privacy = group("The anonymity gate.")
release = group("Releases of research tables.")
public = group("The public zone.")

GROUPS = {
    "network": network_group,
    "member": member,
    "agreement": agreement,
    "delivery": delivery,
    "quality": quality,
    "privacy": privacy,
    "release": release,
    "public": public,
}

Delivery = Annotated[str, typer.Argument(help="DLV id.")]
Release = Annotated[str, typer.Argument(help="REL id.")]


@network_group.command("init")
def network_init(network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False) -> None:
    """Make a network: the platform's three zones."""

    def act() -> dict[str, object]:
        from harmony.actors.steward import network_init

        return network_init(network)

    answer(act, as_json, quiet)


@network_group.command("pin")
def network_pin(
    zone: Annotated[str, typer.Argument(help="hospital, ttp, restricted, research or public.")],
    fingerprint: Annotated[str, typer.Option(help="16 hex digits, compared with the steward by telephone.")],
    owner: Annotated[str, typer.Option(help="Provider, for zone hospital.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Pin the steward's list of keys and agreements in one zone."""

    def act() -> dict[str, object]:
        from harmony.actors.steward import pin

        return pin(network, zone, owner, fingerprint)

    answer(act, as_json, quiet)


@member.command("add")
def member_add(
    name: Annotated[str, typer.Argument(help="Name of the person.")],
    organisation: Annotated[str, typer.Option(help="Organisation the person belongs to.")],
    role: Annotated[list[str], typer.Option(help="Role; repeat for several.")],
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add a person with roles."""

    def act() -> dict[str, object]:
        from harmony.actors.steward import member_add

        return member_add(network, name, organisation, role)

    answer(act, as_json, quiet)


@agreement.command("add")
def agreement_add(
    party: Annotated[list[str], typer.Option(help="Party, a provider's id; repeat for several.")],
    kind: Annotated[str, typer.Option(help="patient, public or synthetic.")],
    valid_from: Annotated[
        dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day in force.")
    ],
    until: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day in force.")],
    max_bytes: Annotated[int, typer.Option(help="Largest file, bytes.")] = 2_000_000_000,
    max_set_aside: Annotated[int, typer.Option(help="Largest share of patients set aside, per cent.")] = 5,
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put an agreement into force."""

    def act() -> dict[str, object]:
        from harmony.actors.steward import agreement_add

        return agreement_add(network, party, kind, valid_from.date(), until.date(), max_bytes, max_set_aside)

    answer(act, as_json, quiet)


@agreement.command("show")
def agreement_show(network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False) -> None:
    """List the agreements."""

    def act() -> dict[str, object]:
        from harmony.actors.steward import agreement_show

        return agreement_show(network)

    answer(act, as_json, quiet)


@delivery.command("receive")
def delivery_receive(
    delivery: Delivery, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Receive a relayed delivery."""

    def act() -> dict[str, object]:
        from harmony.actors.platform import delivery_receive

        return delivery_receive(network, delivery)

    answer(act, as_json, quiet)


@delivery.command("void")
def delivery_void(
    delivery: Delivery, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Give up a delivery that cannot be received, so that those behind it can."""

    def act() -> dict[str, object]:
        from harmony.actors.platform import delivery_void

        return delivery_void(network, delivery)

    answer(act, as_json, quiet)


@delivery.command("status")
def delivery_status(network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False) -> None:
    """Say where every delivery stands."""

    def act() -> dict[str, object]:
        from harmony.actors.platform import delivery_status

        return delivery_status(network)

    answer(act, as_json, quiet)


@quality.command("run")
def quality_run(
    delivery: Delivery, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Run the quality gate and standardise what passed."""

    def act() -> dict[str, object]:
        from harmony.actors.committee import quality_run

        return quality_run(network, delivery)

    answer(act, as_json, quiet)


@quality.command("explain")
def quality_explain(
    delivery: Delivery, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List the failed rules of a delivery."""

    def act() -> dict[str, object]:
        from harmony.actors.committee import quality_explain

        return quality_explain(network, delivery)

    answer(act, as_json, quiet)


@quality.command("sign")
def quality_sign(
    delivery: Delivery,
    level: Annotated[str, typer.Option(help="A, B, C or D.")],
    person: As,
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Sign a delivery's quality level."""

    def act() -> dict[str, object]:
        from harmony.actors.committee import quality_sign

        return quality_sign(network, delivery, level, person)

    answer(act, as_json, quiet)


@privacy.command("assess")
def privacy_assess(network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False) -> None:
    """Run the anonymity gate over all signed deliveries."""

    def act() -> dict[str, object]:
        from harmony.actors.committee import privacy_assess

        return privacy_assess(network)

    answer(act, as_json, quiet)


@privacy.command("explain")
def privacy_explain(
    release: Release, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Say what the gate did for a release."""

    def act() -> dict[str, object]:
        from harmony.actors.committee import privacy_explain

        return privacy_explain(network, release)

    answer(act, as_json, quiet)


@release.command("make")
def release_make(
    release: Annotated[str, typer.Argument(help="REL id; the newest parcel by default.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a release of what the gate sent."""

    def act() -> dict[str, object]:
        from harmony.actors.platform import release_make

        return release_make(network, release)

    answer(act, as_json, quiet)


@release.command("show")
def release_show(
    release: Release, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Say what a release holds."""

    def act() -> dict[str, object]:
        from harmony.actors.platform import release_show

        return release_show(network, release)

    answer(act, as_json, quiet)


@release.command("verify")
def release_verify(
    release: Release, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Verify a release from its files."""

    def act() -> dict[str, object]:
        from harmony.actors.platform import release_verify

        return release_verify(network, release)

    answer(act, as_json, quiet)


@public.command("update")
def public_update(network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False) -> None:
    """Verify and show what waits for the public zone."""

    def act() -> dict[str, object]:
        from harmony.actors.platform import public_update

        return public_update(network)

    answer(act, as_json, quiet)
