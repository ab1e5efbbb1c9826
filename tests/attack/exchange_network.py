"""A whole network on disk: two hospitals, the TTP and the platform, with real keys, files and databases."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from harmony.actors import ttp as ttp_actor
from harmony.dictionary.model import load
from harmony.identity import peers as peers_module
from harmony.identity import post, separation, strict
from harmony.identity.envelope import sign
from harmony.identity.keys import generate, opening_key, private_id, signing_key
from harmony.identity.messages import Manifest, answer_binding, binding, read_answer
from harmony.identity.pack import pack
from harmony.identity.payload import Shape
from harmony.identity.peers import Agreement, Peers, make_card, read_card, write_peers
from harmony.identity.provider import ProviderSettings, read_provider, write_provider
from harmony.identity.pseudonyms import handles_hash, p1
from harmony.identity.seal import Part, SealedFile, measure, open_sealed, seal
from harmony.intake.receive import receive
from harmony.settings import create_zone, open_zone, zone_root
from harmony.stages.journey import PassedTables
from harmony.stages.record import Outcome
from harmony.stages.run import run
from harmony.store.control import exchange
from harmony.store.control.database import open_control
from harmony.store.tables import write_table

TODAY = dt.date(2027, 3, 1)
DICTIONARY = load()
SHAPE = Shape(
    {table: DICTIONARY.key_of(table) for table in DICTIONARY.tables},
    frozenset(field.key for field in DICTIONARY.fields if field.type != "text"),
)


class Network:
    """Runs each step as its actor does, through the zone's own root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.id = secrets.token_hex(16)
        self.controls = []
        until = TODAY + dt.timedelta(days=365)
        ttp_card = read_card(Path(ttp_actor.init(root, self.id, today=TODAY)["card"]))
        self.zones = {"ttp": open_zone(zone_root(root, "ttp"), "ttp")}
        cards = [ttp_card]
        for provider in ("P01", "P02"):
            zone = self._zone("hospital", provider)
            stream = secrets.token_hex(16)
            write_provider(zone, ProviderSettings(provider, stream, "main", "[0-9]{8}"))
            cards.append(make_card(zone, TODAY, until, [stream]))
            self.zones[provider] = zone
        self.zones["platform"] = self._zone("restricted", "platform")
        cards.append(make_card(self.zones["platform"], TODAY, until))
        self.agreements = {
            provider: Agreement(
                f"AGR-{number:012x}", (provider, "platform"), "synthetic", TODAY, until, 1 << 30, 5
            )
            for number, provider in enumerate(("P01", "P02"), start=1)
        }
        self.peers = Peers(
            self.id,
            1,
            tuple(key for card in cards for key in card.keys),
            {stream: card.owner for card in cards for stream in card.streams},
            tuple(self.agreements.values()),
        )
        self.pin(self.peers)
        self.control = {name: self._control(name) for name in self.zones}

    def _zone(self, name, owner):
        return create_zone(zone_root(self.root, name, owner), name, owner, self.id, generate(name))

    def _control(self, name):
        control = open_control(self.zones[name].control_url)
        self.controls.append(control)
        return control

    def pin(self, peers: Peers, *zones: str) -> None:
        """Pin peers in some zones, all by default."""
        for name in zones or self.zones:
            write_peers(self.zones[name].root / peers_module.FILE, peers)

    def passed(self, provider: str, key: str, tables: dict[str, pa.Table], **details) -> PassedTables:
        facts = {
            "provider": provider,
            "disease_groups": ["AML"],
            "mark": "synthetic",
            "axis": "calendar",
            "index_event": "",
            "not_supplied": [],
            "agreement": self.agreements[provider].id,
            "dictionary": {
                "id": DICTIONARY.id,
                "version": DICTIONARY.version,
                "sha256": DICTIONARY.sha256,
            },
            "data_cutoff": "2027-02-28",
            "identified": None,
            "agreed": {"AML": 40},
            "source": "registry",
            **details,
        }

        def work(folder: Path) -> Outcome:
            (folder / "tables").mkdir()
            for name, table in tables.items():
                write_table(folder / "tables" / f"{name}.parquet", table)
            counts = {"in": 1, "out": 1, "set_aside": 0, "refused": 0}
            return Outcome("passed", counts, details=facts)

        journal = self.control[provider].journal()
        return run(PassedTables, self.zones[provider], "gate", key, (), work, journal)

    def pack(self, provider: str, key: str = "first", tables=None, today=TODAY, **details):
        """Pack a delivery and put it into the TTP's post; return its folder there."""
        passed = self.passed(provider, key, tables or small_tables(provider), **details)
        level = separation.level(self.root)
        sealed = pack(self.zones[provider], passed, SHAPE, level, self.control[provider], today)
        files = {name: sealed.path(name) for name in ("payload.age", "list.age", "manifest.json")}
        return post.send(files, post.post_box(self.root, "ttp") / sealed.details["delivery"])

    def relay(self, folder: Path, today=TODAY) -> Path:
        """Relay in this process; return the folder in the platform's post."""
        return Path(ttp_actor.relay(self.root, folder, today)["sent"])

    def relay_apart(self, folder: Path) -> subprocess.CompletedProcess:
        """Relay in a process of its own, as the TTP's command does; exit code and JSON come back."""
        code = (
            "import sys, json, datetime as dt\n"
            "from pathlib import Path\n"
            "from harmony.actors import ttp\n"
            "from harmony.errors import HarmonyError\n"
            "try:\n"
            "    print(json.dumps(ttp.relay(Path(sys.argv[1]), Path(sys.argv[2]), dt.date(2027, 3, 1))))\n"
            "except HarmonyError as error:\n"
            "    print(json.dumps(error.as_dict())); sys.exit(error.exit_code)\n"
        )
        return subprocess.run(
            [sys.executable, "-c", code, str(self.root), str(folder)], capture_output=True, text=True
        )

    def receive(self, folder: Path, today=TODAY):
        """Receive at the platform."""
        level = separation.level(self.root)
        return receive(self.zones["platform"], folder, DICTIONARY, level, self.control["platform"], today)

    def first_pseudonym(self, provider: str, number: str) -> str:
        """Return p1 of a local number, as only the hospital can."""
        own = read_provider(self.zones[provider])
        secret = self.zones[provider].key("p.secret")
        return p1(secret, provider, own.number_space, number).hex()

    def opened(self, sealed: Path, zone: str, key: str, folder: Path):
        """Open a sealed file with a zone's key: the test knows all keys, as level S0 says."""
        folder.mkdir()
        return open_sealed(sealed, opening_key(self.zones[zone], key), folder)

    def forge(self, provider: str, rows, name="forged", payload: Path | None = None, **changes) -> Path:
        """
        Sign a delivery that the honest packer would never make, with a provider's real keys.

        `rows` is the list; `payload` a sealed file of somebody; `seal_list` and `seal_payload` write the
        seals another way; `handles_of` are the handles that the manifest claims; other changes replace
        manifest fields.
        """
        zone = self.zones[provider]
        folder = self.root / "post" / "ttp" / name
        folder.mkdir(parents=True)
        seal_list = changes.pop("seal_list", seal)
        seal_payload = changes.pop("seal_payload", seal_nothing)
        handles = changes.pop("handles_of", [row[0] for row in rows])
        draft = Manifest(
            network=self.id,
            stream=read_provider(zone).stream,
            delivery=secrets.token_hex(16),
            counter=1,
            previous="0" * 64,
            agreement=self.agreements[provider].id,
            t_open=self.peers.recipient("t.open", TODAY).id,
            h_open=self.peers.recipient("h.open", TODAY).id,
            payload=SealedFile("0" * 64, 1),
            list=SealedFile("0" * 64, 1),
            handles=handles_hash(handles),
            day=TODAY.isoformat(),
            sender=private_id("p.sign", zone.key("p.sign")),
        )
        draft = replace(draft, **changes)
        if payload is None:
            h_open = self.peers.recipient("h.open", TODAY).public
            seal_payload(h_open, binding(draft, draft.h_open), folder / "payload.age")
        else:
            shutil.copyfile(payload, folder / "payload.age")
        part = Part("list", strict.dump({"rows": rows}), len(rows))
        header = binding(draft, draft.t_open)
        seal_list(self.peers.recipient("t.open", TODAY).public, header, [part], folder / "list.age")
        draft = replace(draft, payload=measure(folder / "payload.age"), list=measure(folder / "list.age"))
        envelope = sign("manifest", draft.body(), signing_key(zone, "p.sign"))
        (folder / "manifest.json").write_bytes(envelope)
        return folder

    def forge_answer(self, sent: Path, change) -> None:
        """Replace the answer in a folder by one that the TTP signed over changed content."""
        zone = self.zones["ttp"]
        answer = read_answer((sent / "answer.json").read_bytes(), self.peers, TODAY)
        opened = self.opened(sent / "answer.age", "platform", "h.open", self.root / "peek-answer")
        content = strict.parse(opened.parts["answer"].read_bytes())
        change(content)
        part = Part("answer", strict.dump(content), 1)
        recipient = self.peers.recipient("h.open", TODAY).public
        sealed = seal(recipient, answer_binding(answer), [part], sent / "answer.age")
        body = replace(answer, sealed=sealed).body()
        (sent / "answer.json").write_bytes(sign("answer", body, signing_key(zone, "t.sign")))

    def close(self) -> None:
        for control in self.controls:
            control.close()


def seal_nothing(recipient, header, target):
    """Seal a payload that no platform would take."""
    seal(recipient, header, [Part("patient", b"nothing", 0)], target)


def small_tables(provider: str = "P01", patients: int = 12) -> dict[str, pa.Table]:
    """Tables with local keys, two samples a patient; numbers start with the provider's own digits."""
    numbers = [f"{provider[1:]}{n:06d}" for n in range(patients)]
    twice = [number for number in numbers for _ in range(2)]
    return {
        "patient": pa.table(
            {
                "patient_id": numbers,
                "provider_id": [provider] * patients,
                "centre_code": ["Ward of Dr Canary"] * patients,
                "disease": ["AML"] * patients,
                "year_of_birth": pa.array(range(1940, 1940 + patients), pa.int64()),
                "index_diagnosis_date": pa.array([dt.date(2020, 1, 1)] * patients, pa.date32()),
                "_file": ["patients.csv"] * patients,
                "_row": pa.array(range(2, 2 + patients), pa.int64()),
            }
        ),
        "biochemistry": pa.table(
            {
                "sample_id": [f"LAB-CANARY-{n}" for n in range(2 * patients)],
                "patient_id": twice,
                "haemoglobin": pa.array([8.0 + n / 10 for n in range(2 * patients)], pa.float64()),
                "_file": ["lab.csv"] * (2 * patients),
                "_row": pa.array(range(2, 2 + 2 * patients), pa.int64()),
            }
        ),
    }


def rows(number=3):
    """Return a list's rows that belong to nobody."""
    return sorted([secrets.token_hex(16), secrets.token_hex(32)] for _ in range(number))


def state(network, zone):
    """Everything that a zone's control records hold about the exchange."""
    tables = (exchange.CHAIN, exchange.DELIVERY, exchange.RECEIPT, exchange.PERSON, exchange.GONE)
    with network.control[zone].transaction() as connection:
        return [connection.execute(table.select()).all() for table in tables]


def refused(network, zone, action, *errors):
    """Check that an action is refused with one of these errors and that nothing changed."""
    before = state(network, zone)
    with pytest.raises(errors) as found:
        action()
    assert state(network, zone) == before
    return found.value


def error_of(process: subprocess.CompletedProcess) -> tuple[str, int]:
    """Return error code and exit code of a refused command."""
    return json.loads(process.stdout)["code"], process.returncode
