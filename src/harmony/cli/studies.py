"""Commands of researchers, reviewers, output checkers and auditors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harmony.cli.options import NETWORK, As, Json, Network, Quiet, answer, group

study = group("Research questions: propose, review, run.")
output = group("Results on their way out.")
audit = group("The record.")

GROUPS = {"study": study, "output": output, "audit": audit}

Study = Annotated[str, typer.Argument(help="STU id.")]
Result = Annotated[str, typer.Argument(help="RES id.")]
StudyFile = Annotated[Path, typer.Argument(help="Study file (YAML).")]


@study.command("propose")
def study_propose(
    study_file: StudyFile, person: As, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Propose a research question."""

    def act() -> dict[str, object]:
        from harmony.actors.researcher import study_propose

        return study_propose(network, study_file, person)

    answer(act, as_json, quiet)


@study.command("act")
def study_act(
    study: Study,
    action: Annotated[
        str, typer.Argument(help="review, return, resubmit, approve, reject, open, suspend, close ...")
    ],
    person: As,
    note: Annotated[str, typer.Option(help="The review, reason or answer in words.")] = "",
    study_file: Annotated[Path | None, typer.Option("--file", help="Corrected plan, with resubmit.")] = None,
    role: Annotated[str, typer.Option(help="Role to act in, where a person has several.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take one step of the procedure."""

    def act() -> dict[str, object]:
        from harmony.actors.reviewer import study_act

        return study_act(network, study, action, person, note, study_file, role)

    answer(act, as_json, quiet)


@study.command("show")
def study_show(study: Study, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False) -> None:
    """Say where a study stands."""

    def act() -> dict[str, object]:
        from harmony.actors.reviewer import study_show

        return study_show(network, study)

    answer(act, as_json, quiet)


@study.command("run")
def study_run(
    study: Study,
    study_file: StudyFile,
    person: As,
    truth: Annotated[Path | None, typer.Option(help="truth.json of a synthetic cohort.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Label of a variable not to be published.")
    ] = None,
    result: Annotated[str, typer.Option(help="RES id of a run to be corrected.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run an approved study on the newest release."""

    def act() -> dict[str, object]:
        from harmony.actors.researcher import study_run

        return study_run(network, study, study_file, person, truth, leave_out or (), result)

    answer(act, as_json, quiet)


@output.command("request")
def output_request(
    result: Result,
    person: As,
    note: Annotated[str, typer.Option(help="Answer to the reason of a return.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask for a result to leave, or bring its corrected version."""

    def act() -> dict[str, object]:
        from harmony.actors.researcher import output_request

        return output_request(network, result, person, note)

    answer(act, as_json, quiet)


@output.command("check")
def output_check(
    result: Result, person: As, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Open a result for a checker."""

    def act() -> dict[str, object]:
        from harmony.actors.checker import output_check

        return output_check(network, result, person)

    answer(act, as_json, quiet)


@output.command("decide")
def output_decide(
    result: Result,
    decision: Annotated[str, typer.Argument(help="release, return or refuse.")],
    person: As,
    note: Annotated[str, typer.Option(help="Reason, or answer to the findings.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Decide about a result, signed with one's own key."""

    def act() -> dict[str, object]:
        from harmony.actors.checker import output_decide

        return output_decide(network, result, person, decision, note)

    answer(act, as_json, quiet)


@output.command("publish")
def output_publish(
    result: Result, person: As, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Publish a released result."""

    def act() -> dict[str, object]:
        from harmony.actors.checker import output_publish

        return output_publish(network, result, person)

    answer(act, as_json, quiet)


@output.command("show")
def output_show(
    result: Result, network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Say where a result stands and who decided what."""

    def act() -> dict[str, object]:
        from harmony.actors.checker import output_show

        return output_show(network, result)

    answer(act, as_json, quiet)


@audit.command("verify")
def audit_verify(
    zone: Annotated[str, typer.Option(help="Verify this zone's own log and stages instead.")] = "",
    owner: Annotated[str, typer.Option(help="Provider, for zone hospital.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Verify that the audit log is whole and knows all that stands in the zone."""

    def act() -> dict[str, object]:
        from harmony.actors.auditor import audit_verify

        return audit_verify(network, zone, owner)

    answer(act, as_json, quiet)


@audit.command("attest")
def audit_attest(
    zone: Annotated[str, typer.Argument(help="hospital, ttp, restricted, research or public.")],
    owner: Annotated[str, typer.Option(help="Provider, for zone hospital.")] = "",
    network: Network = NETWORK,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let one zone say, signed, what it holds."""

    def act() -> dict[str, object]:
        from harmony.actors.auditor import audit_attest

        return audit_attest(network, zone, owner)

    answer(act, as_json, quiet)


@audit.command("separation")
def audit_separation(network: Network = NETWORK, as_json: Json = False, quiet: Quiet = False) -> None:
    """Merge the zones' attestations and compute the separation level."""

    def act() -> dict[str, object]:
        from harmony.actors.auditor import audit_separation

        return audit_separation(network)

    answer(act, as_json, quiet)


def register(app: typer.Typer) -> None:
    """Add the commands that stand without a group."""

    @app.command("trace")
    def trace(
        delivery: Annotated[str, typer.Argument(help="DLV id.")],
        table: Annotated[str, typer.Option(help="Common table.")],
        row: Annotated[int, typer.Option(help="Number of the row in the harmonised table, 1 or more.")],
        person: As,
        network: Network = NETWORK,
        as_json: Json = False,
        quiet: Quiet = False,
    ) -> None:
        """Follow a row of the restricted zone back to its delivery; audited."""

        def act() -> dict[str, object]:
            from harmony.actors.auditor import trace

            return trace(network, delivery, table, row, person)

        answer(act, as_json, quiet)
