"""Invariant 10: killed at any write, then run again, is the same as never killed. Real processes, SIGKILL."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from exchange_network import state

from harmony.store.control import exchange
from harmony.store.tables import read_tables

#: Kills its own process when the stage reaches a moment (audit event of `harmony.stages.run`).
KILLED_RELAY = """
import os, signal, sys, datetime as dt
from pathlib import Path
from harmony.actors import ttp

def pull_the_plug(event, details):
    if event == "harmony.stages" and details == ("relay", sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(pull_the_plug)
ttp.relay(Path(sys.argv[1]), Path(sys.argv[2]), dt.date(2027, 3, 1))
"""

KILLED_RECEIVE = """
import os, signal, sys, datetime as dt
from pathlib import Path
from harmony.dictionary.model import load
from harmony.intake.receive import receive
from harmony.settings import open_zone
from harmony.store.control.database import open_control

def pull_the_plug(event, details):
    if event == "harmony.stages" and details == ("receive", sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(pull_the_plug)
zone = open_zone(Path(sys.argv[1]) / "platform/restricted", "restricted")
control = open_control(zone.control_url)
receive(zone, Path(sys.argv[2]), load(), "S0", control, dt.date(2027, 3, 1))
"""

MOMENTS = ("started", "worked", "flushed", "renamed", "committed")


def killed(code, network, folder, moment):
    """Run a step that is killed at a moment."""
    done = subprocess.run([sys.executable, "-c", code, str(network.root), str(folder), moment])
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", MOMENTS)
def test_relay_killed_at_any_moment_gives_each_patient_one_person(network, moment):
    posted = network.pack("P01", "one")
    killed(KILLED_RELAY, network, posted, moment)
    assert not (network.root / "post" / "platform").exists()
    with network.control["ttp"].transaction() as connection:
        before = connection.execute(exchange.PERSON.select()).all()
    assert len(before) == (12 if moment == "committed" else 0)
    sent = network.relay(posted)
    with network.control["ttp"].transaction() as connection:
        after = connection.execute(exchange.PERSON.select()).all()
        assert exchange.head(connection, exchange.ANSWERS).position == 1
    assert len(after) == 12 and (not before or before == after)
    first = network.receive(sent)
    second = network.receive(network.relay(network.pack("P01", "two")))
    ids = [
        sorted(read_tables(s.folder / "tables")["patient"]["patient_id"].to_pylist()) for s in (first, second)
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("moment", MOMENTS)
def test_receive_killed_at_any_moment_gives_the_same_tables(network, moment):
    sent = network.relay(network.pack("P01"))
    killed(KILLED_RECEIVE, network, sent, moment)
    received = network.receive(sent)
    assert received.record.counts == {"in": 12, "out": 12, "set_aside": 0, "refused": 0}
    chains, deliveries, receipts, *_ = state(network, "platform")
    assert (len(chains), len(deliveries), len(receipts)) == (2, 1, 1)
    names = sorted(path.name for path in received.folder.rglob("*") if path.is_file())
    assert names == [
        "answer.json",
        "biochemistry.parquet",
        "manifest.json",
        "patient.parquet",
        "receipt.json",
        "stage.json",
    ]
    assert not any((network.zones["platform"].root / "work").iterdir())


def test_packing_the_same_stage_again_gives_the_same_delivery(network):
    first, again = network.pack("P01", "one"), network.pack("P01", "one")
    assert first == again
    with network.control["P01"].transaction() as connection:
        assert len(connection.execute(exchange.DELIVERY.select()).all()) == 1


def test_pack_cut_off_between_rename_and_commit_is_adopted(network):
    def fail(event, details):
        if armed and event == "harmony.stages" and details == ("pack", "renamed"):
            armed.clear()
            raise KeyboardInterrupt

    armed = [True]
    sys.addaudithook(fail)
    with pytest.raises(KeyboardInterrupt):
        network.pack("P01", "one")
    folder = network.zones["P01"].root / "stages" / "pack" / "one"
    kept = (folder / "manifest.json").read_bytes()
    posted = network.pack("P01", "one")
    assert (posted / "manifest.json").read_bytes() == kept
    assert json.loads(network.relay_apart(posted).stdout)["handles"] == {"in": 12, "out": 12, "withheld": 0}
