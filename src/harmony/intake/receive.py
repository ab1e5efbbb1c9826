"""
Receive a delivery in the restricted zone: manifest, answer and payload become tables under person ids
(protocol section 6, column H).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harmony.dictionary.model import Dictionary
from harmony.errors import FormatRefused, HandlesBroken, HarmonyError, HashMismatch, NotPermitted
from harmony.identity import strict
from harmony.identity.checks import check_handles, check_manifest, read_envelope, was_accepted
from harmony.identity.keys import opening_key, private_id, signing_key
from harmony.identity.messages import (
    ANSWER,
    ANSWER_CONTENT,
    ANSWER_SEALED,
    FACTS,
    MANIFEST,
    PAYLOAD,
    RECEIPT,
    Answer,
    Manifest,
    answer_binding,
    binding,
    check_binding,
    check_recipient,
    read_answer,
    sign_receipt,
)
from harmony.identity.peers import Peers, check_agreement, read_peers
from harmony.identity.pseudonyms import withdrawn
from harmony.identity.scratch import scratch
from harmony.identity.seal import Opened, check_sealed, open_sealed
from harmony.intake.layouts.form import plain_text
from harmony.intake.received_tables import read_patients, write_received
from harmony.settings import Zone
from harmony.stages.journey import ReceivedDelivery
from harmony.stages.record import Definition, Input, Outcome
from harmony.stages.run import open_stage, run, stage_folder
from harmony.store.control import exchange
from harmony.store.control.database import Control

STAGE: Final = "receive"
SIGNER: Final = "h.sign"
#: Kind of the marks of people who withdrew, in the control records.
WITHDRAWN: Final = "withdrawn"

_FACTS: Final = {
    "provider": strict.text(".+"),
    "disease_groups": strict.each(strict.text(".+")),
    "mark": strict.text("patient|public|synthetic"),
    "axis": strict.text("calendar|days"),
    "index_event": strict.text("|diagnosis|transplant|registration"),
    "not_supplied": strict.each(strict.text(r"[a-z0-9_]+\.[a-z0-9_]+")),
    "agreement": strict.text("AGR-[0-9a-f]{12}"),
    "data_cutoff": lambda value: value == "" or strict.day(value),
    "identified": lambda value: _declared(value),
    "agreed": lambda value: _declared(value),
    "source": lambda value: plain_text(value),
    "dictionary": strict.record(
        {"id": strict.text(".+"), "version": strict.text(".+"), "sha256": strict.hexadecimal(32)}
    ),
    "patients": strict.integer(),
}


def _declared(value: Any) -> bool:
    # Patients by disease group, as the provider declared them; undeclared is a word and never 0.
    if isinstance(value, dict):
        return all(strict.text(".+")(name) and strict.integer()(count) for name, count in value.items())
    return bool(value == "not declared")


def waiting(folder: Path) -> list[Path]:
    """
    Return the deliveries in the platform's post in the order of the TTP's answers.

    The order is only a hint for whoever calls `receive` one by one; it is verified there.
    """
    numbered = []
    for path in folder.glob(f"*/{ANSWER}"):
        numbered.append((_sequence(path), path.parent))
    return [parent for _, parent in sorted(numbered)]


def receive(
    zone: Zone,
    folder: Path,
    dictionary: Dictionary,
    level: str,
    control: Control,
    today: dt.date | None = None,
) -> ReceivedDelivery:
    """
    Check a relayed delivery, open it and write its tables under person ids.

    Parameters
    ----------
    folder : Path
        manifest.json, answer.json, answer.age, payload.age.
    dictionary : Dictionary
        Decides which tables, columns and types may come in.
    level, today : str, date
        Separation level, S0 to S3; the platform's clock, the system's by default.

    Returns
    -------
    ReceivedDelivery
        `tables/*.parquet` with patient_id = person id and columns _delivery, _part, _row; manifest, answer,
        receipt. For a delivery accepted before, the stored one.

    Raises
    ------
    EnvelopeError, UnknownSender, SignatureInvalid, FormatRefused, WrongRecipient, AgreementRefused, Replay,
    HashMismatch, SealBroken, BindingBroken, HandlesBroken, LayoutRefused, IdentifierFound, Busy,
    NotPermitted (declared void)
        In the order of protocol section 6. Nothing changes, except that a forked stream is frozen.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    peers = read_peers(zone)
    manifest = check_manifest(zone, folder, "h.open", peers, level, today)
    answer = read_answer(read_envelope(folder / ANSWER), peers, today)
    check_recipient(answer.recipient, private_id("h.open", zone.key("h.open")))
    if was_accepted(control, manifest):
        _refuse_void(control, manifest)
        return open_stage(ReceivedDelivery, zone, STAGE, manifest.id, control.journal())
    work = _Receiving(zone, folder, manifest, answer, peers, dictionary, level, control, today)
    journal = exchange.ExchangeJournal(control, work.commit)
    inputs = (Input("manifest", manifest.sha256), Input("answer", answer.sha256))
    return run(ReceivedDelivery, zone, STAGE, manifest.id, inputs, work.make, journal)


@dataclass
class _Receiving:
    """One delivery while it is received."""

    zone: Zone
    folder: Path
    manifest: Manifest
    answer: Answer
    peers: Peers
    dictionary: Dictionary
    level: str
    control: Control
    today: dt.date

    def make(self, out: Path) -> Outcome:
        """Do steps 7 to 13 and write tables and receipt."""
        self._check_order()
        self._check_hashes()
        persons, withheld = self._open_answer()
        with scratch(self.zone, f"open-{self.manifest.id}") as folder:
            opened = self._open_payload(folder)
            patients = read_patients(opened)
            self._check_sets(patients, persons, withheld, opened.header["patients"])
            kept = self._without_withdrawn(persons)
            (out / "tables").mkdir(mode=0o700)
            rows = write_received(opened, set(patients), kept, self.dictionary, self.manifest, out / "tables")
        for name in (MANIFEST, ANSWER):
            shutil.copyfile(self.folder / name, out / name)
        envelope = sign_receipt(self.manifest, len(patients), len(withheld), signing_key(self.zone, SIGNER))
        (out / RECEIPT).write_bytes(envelope)
        return self._outcome(opened.header, len(patients), len(kept), rows)

    def commit(self, connection: exchange.Connection) -> None:
        """Write chains and receipt in the transaction of the stage's row (step 14)."""
        manifest = self.manifest
        receipt = (stage_folder(self.zone, STAGE, manifest.id) / RECEIPT).read_bytes()
        exchange.add_delivery(connection, manifest.sha256, manifest.id, manifest.stream, manifest.counter)
        exchange.advance(connection, exchange.ANSWERS, self.answer.sequence, self.answer.sha256)
        exchange.add_receipt(connection, manifest.sha256, SIGNER, receipt)

    def _check_order(self) -> None:
        one, two = self.manifest, self.answer
        # Part of step 8, but first: else a swapped answer would look like a missing one.
        if two.manifest != one.sha256:
            raise HashMismatch("The answer belongs to another manifest.", "Have the delivery relayed again.")
        exchange.check_next(self.control, one.stream, one.counter, one.previous, one.sha256)
        exchange.check_next(self.control, exchange.ANSWERS, two.sequence, two.previous, two.sha256)

    def _check_hashes(self) -> None:
        check_sealed(self.folder / PAYLOAD, self.manifest.payload, "payload")
        check_sealed(self.folder / ANSWER_SEALED, self.answer.sealed, "answer")

    def _open_answer(self) -> tuple[dict[str, str], list[str]]:
        with scratch(self.zone, f"open-{self.manifest.id}") as folder:
            opened = open_sealed(self.folder / ANSWER_SEALED, opening_key(self.zone, "h.open"), folder)
            check_binding(opened.header, answer_binding(self.answer), "answer")
            if set(opened.parts) != {"answer"}:
                raise FormatRefused("The answer has other parts than allowed.", "Ask the TTP.")
            content = strict.parse(opened.parts["answer"].read_bytes())
        strict.check_fields(content, ANSWER_CONTENT, "answer")
        rows, withheld, counts = content["rows"], content["withheld"], content["counts"]
        stated = (counts["in"], counts["out"], counts["withheld"])
        if stated != (len(rows) + len(withheld), len(rows), len(withheld)):
            raise HandlesBroken("The answer's counts do not add up.", "Have the delivery relayed again.")
        persons = dict(rows)
        if len(persons) != len(rows) or len(set(persons.values())) != len(rows):
            raise HandlesBroken(
                "The answer has a handle or person twice.", "Have the delivery relayed again."
            )
        return persons, withheld

    def _open_payload(self, folder: Path) -> Opened:
        opened = open_sealed(self.folder / PAYLOAD, opening_key(self.zone, "h.open"), folder)
        expected = binding(self.manifest, self.manifest.h_open)
        check_binding(opened.header, expected, "payload")
        facts = {name: value for name, value in opened.header.items() if name not in expected}
        strict.check_fields(facts, _FACTS, "payload header")
        own = {"provider": self.manifest.provider, "agreement": self.manifest.agreement}
        check_binding(facts, own, "payload")
        self._check_diseases(facts)
        check_agreement(
            self.peers, facts["agreement"], facts["provider"], self.today, self.level, facts["mark"]
        )
        return opened

    def _check_diseases(self, facts: dict[str, Any]) -> None:
        declared = [facts[name] for name in ("identified", "agreed") if isinstance(facts[name], dict)]
        named = {disease for names in (facts["disease_groups"], *declared) for disease in names}
        if named - set(self.dictionary.field("patient.disease").codes):
            raise FormatRefused("The payload names a disease that is not known here.", "Ask the provider.")

    def _check_sets(
        self, patients: list[str], persons: dict[str, str], withheld: list[str], stated: int
    ) -> None:
        check_handles(patients, self.manifest)
        check_handles([*persons, *withheld], self.manifest)
        if stated != len(patients):
            raise HandlesBroken("The payload's patients are not as many as stated.", "Ask the provider.")

    def _without_withdrawn(self, persons: dict[str, str]) -> dict[str, str]:
        master = self.zone.key("h.master")
        marks = {handle: withdrawn(master, bytes.fromhex(person)).hex() for handle, person in persons.items()}
        with self.control.transaction() as connection:
            left = exchange.gone(connection, WITHDRAWN, list(marks.values()))
        return {handle: person for handle, person in persons.items() if marks[handle] not in left}

    def _outcome(self, header: dict[str, Any], patients: int, kept: int, rows: dict[str, int]) -> Outcome:
        manifest = self.manifest
        agreement = self.peers.agreement(manifest.agreement)
        details = {
            **{name: header[name] for name in (*FACTS, "dictionary")},
            "delivery": manifest.id,
            "stream": manifest.stream,
            "counter": manifest.counter,
            "manifest": manifest.sha256,
            "max_set_aside": agreement.max_set_aside,
            "clause": f"{agreement.id}, kind {agreement.kind}, {agreement.valid_from} to {agreement.until}",
            "level": self.level,
        }
        counts = {"in": patients, "out": kept, "set_aside": patients - kept, "refused": 0}
        used = Definition(**header["dictionary"])
        return Outcome("passed", counts, (used,), rows, details)


def _refuse_void(control: Control, manifest: Manifest) -> None:
    if control.journal().find(STAGE, manifest.id) is None:
        raise NotPermitted(f"{manifest.id} was declared void.", "The provider packs a new delivery.")


def _sequence(path: Path) -> int:
    try:
        body = json.loads(base64.b64decode(json.loads(read_envelope(path))["payload"]))
        return int(body["sequence"])
    except (HarmonyError, ValueError, KeyError, TypeError):
        # Something that is no answer comes last and is refused by `receive` with the right error.
        return strict.MAX_INTEGER
