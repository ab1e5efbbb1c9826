"""What may not be found where: canaries, hashes, keys, sizes (protocol section 12, invariants)."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from exchange_network import TODAY, small_tables

from harmony.actors.ttp import open_payload
from harmony.errors import SealBroken
from harmony.identity import strict
from harmony.identity.keys import private_id
from harmony.identity.pseudonyms import withdrawn
from harmony.identity.seal import MIN_PLAINTEXT, check_stanzas, padded
from harmony.identity.table import PersonTable
from harmony.settings import ZONE_KEYS
from harmony.store.control import exchange
from harmony.store.tables import read_tables


def contents(*folders: Path) -> bytes:
    """All bytes of all files below some folders."""
    return b"\n".join(
        path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()
    )


def found(canaries: list[str], haystack: bytes) -> list[str]:
    """Canaries that occur as text or as the bytes of their hex digits."""
    hits = []
    for canary in canaries:
        forms = [canary.encode()]
        if len(canary) in (32, 64) and set(canary) <= set("0123456789abcdef"):
            forms.append(bytes.fromhex(canary))
        hits += [canary for form in forms if form in haystack]
    return hits


@pytest.fixture
def journey(network, tmp_path):
    """A whole journey and all that a thief would like to find."""
    posted = network.pack("P01")
    opened = network.opened(posted / "list.age", "ttp", "t.open", tmp_path / "list")
    rows = strict.parse(opened.parts["list"].read_bytes())["rows"]
    network.receive(network.relay(posted))
    return network, rows


def test_i1_canaries_stay_in_their_zone(journey):
    network, rows = journey
    root = network.root
    hospital, ttp, platform = (network.zones[name].root for name in ("P01", "ttp", "platform"))
    numbers = [f"01{n:06d}" for n in range(12)]
    p1s = [p1 for _, p1 in rows]
    assert sorted(p1s) == sorted(network.first_pseudonym("P01", number) for number in numbers)
    handles = [handle for handle, _ in rows]
    received = next((platform / "stages" / "receive").iterdir())
    persons = read_tables(received / "tables")["patient"]["patient_id"].to_pylist()
    local = [*numbers, "LAB-CANARY-1", "Ward of Dr Canary", "patients.csv"]

    outside = contents(ttp, platform, root / "post")
    assert found([*local, *p1s, *handles], outside) == []
    # Parquet compresses its pages, so that the tables are looked at again as values.
    values = json.dumps([t.to_pylist() for t in read_tables(received / "tables").values()], default=str)
    assert found([*local, *p1s, *handles], values.encode()) == []
    assert found([*persons, *handles], contents(hospital)) == []
    assert found(persons, contents(ttp, root / "post")) == []
    assert found(p1s, contents(hospital)) == []
    # The search itself finds what is there.
    assert len(found(persons, values.encode())) == 12
    assert found(p1s[:1], b"x" + bytes.fromhex(p1s[0])) == p1s[:1]


def test_1_no_hash_that_the_ttp_can_read_is_one_of_a_plain_record(journey, tmp_path):
    network, rows = journey
    readable = contents(network.zones["ttp"].root, network.root / "post" / "ttp")
    manifests = (network.root / "post").rglob("DLV-*/*.json")
    bodies = [base64.b64decode(json.loads(path.read_text())["payload"]) for path in manifests]
    readable += b"\n".join(bodies)
    folder = next((network.root / "post" / "ttp").iterdir())
    payload = network.opened(folder / "payload.age", "platform", "h.open", tmp_path / "payload")
    plain = [path.read_bytes() for path in payload.parts.values()]
    plain += [p.read_bytes() for p in network.zones["P01"].root.rglob("*.parquet")]
    plain += [strict.dump({"rows": rows})]
    years, diseases, sexes = range(1940, 1960), ("AML", "ALL", "MDS"), ("male", "female")
    small = itertools.product(years, diseases, sexes)
    plain += [strict.dump({"year": y, "disease": d, "sex": s}) for y, d, s in small]
    plain += [",".join(map(str, record)).encode() for record in itertools.product(years, diseases, sexes)]
    digests = [hashlib.sha256(text).hexdigest() for text in plain]
    assert found(digests, readable) == []
    assert found(digests[:1], readable + digests[0].encode()) == digests[:1]


def test_i2_in_is_out_plus_withheld_for_tombstones(network, tmp_path):
    network.receive(network.relay(network.pack("P01", "one")))
    gone = [network.first_pseudonym("P01", f"01{n:06d}") for n in (0, 1)]
    unknown = network.first_pseudonym("P01", "01999999")
    table = PersonTable(network.zones["ttp"].key("t.table"))
    with network.control["ttp"].transaction() as connection:
        table.bury(connection, "P01", [*gone, unknown])
    sent = network.relay(network.pack("P01", "two"))
    received = network.receive(sent)
    assert received.record.counts == {"in": 12, "out": 10, "set_aside": 2, "refused": 0}
    tables = read_tables(received.folder / "tables")
    assert sorted(tables["patient"]["year_of_birth"].to_pylist()) == list(range(1942, 1952))
    assert tables["biochemistry"].num_rows == 20
    # The same first pseudonym of another provider is somebody else.
    assert network.relay(network.pack("P02", tables=small_tables("P01"))).is_dir()


def test_withdrawn_person_is_dropped_before_staging(network):
    first = network.receive(network.relay(network.pack("P01", "one")))
    table = read_tables(first.folder / "tables")["patient"]
    person = table["patient_id"].to_pylist()[0]
    mark = withdrawn(network.zones["platform"].key("h.master"), bytes.fromhex(person)).hex()
    with network.control["platform"].transaction() as connection:
        exchange.add_gone(connection, "withdrawn", [mark])
    second = network.receive(network.relay(network.pack("P01", "two")))
    assert person not in read_tables(second.folder / "tables")["patient"]["patient_id"].to_pylist()
    assert second.record.counts["set_aside"] == 1


def test_i7_no_handle_occurs_in_two_deliveries(network, tmp_path):
    handles = []
    for key in ("one", "two"):
        folder = network.pack("P01", key)
        opened = network.opened(folder / "list.age", "ttp", "t.open", tmp_path / key)
        handles += [row[0] for row in strict.parse(opened.parts["list"].read_bytes())["rows"]]
    assert len(set(handles)) == len(handles) == 24


def test_i9_no_two_zones_share_a_key(network):
    prints = [
        private_id(name, zone.key(name)) for zone in network.zones.values() for name in ZONE_KEYS[zone.name]
    ]
    assert len(prints) == 16 and len(set(prints)) == 16


def test_i12_sealed_sizes_are_padme_values(network):
    sizes = []
    for provider, patients in (("P01", 3), ("P02", 12)):
        sent = network.relay(network.pack(provider, tables=small_tables(provider, patients)))
        files = [*sent.glob("*.age"), *(network.root / "post" / "ttp" / sent.name).glob("*.age")]
        sizes += [check_stanzas(path) for path in files]
    assert len(sizes) == 8 and set(sizes) == {MIN_PLAINTEXT}
    assert padded(MIN_PLAINTEXT) == MIN_PLAINTEXT


def test_ttp_reaches_nothing_clinical():
    code = "import sys, harmony.actors.ttp; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = loaded.stdout.split()
    clinical = ("store.tables", "dictionary", "intake", "quality", "omop", "hematology", "analysis")
    forbidden = ("pyarrow", "duckdb", "numpy", "harmony.identity.pack", "harmony.identity.payload")
    forbidden += tuple(f"harmony.{name}" for name in clinical)
    assert "harmony.identity.ttp" in modules
    assert [m for m in modules if any(m == f or m.startswith(f + ".") for f in forbidden)] == []


def test_manifest_names_no_disease_dictionary_file_or_row_count(network):
    folder = network.pack("P01")
    envelope = json.loads((folder / "manifest.json").read_text())
    body = json.loads(base64.b64decode(envelope["payload"]))
    assert sorted(body) == [
        "agreement",
        "counter",
        "day",
        "delivery",
        "handles",
        "list",
        "network",
        "payload",
        "prev",
        "recipients",
        "stream",
    ]
    assert body["day"] == TODAY.isoformat() and body["counter"] == 1


def test_ttp_cannot_open_a_payload_with_its_own_key(network):
    folder = network.pack("P01")
    with pytest.raises(SealBroken) as found:
        open_payload(network.root, folder / "payload.age")
    assert found.value.exit_code == 20
    # What is sealed to it does open, so that the refusal above is the seal's and not the command's.
    assert open_payload(network.root, folder / "list.age")["parts"] == ["list"]
    assert not any((network.zones["ttp"].root / "work").iterdir())
