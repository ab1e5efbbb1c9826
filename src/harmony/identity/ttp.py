"""
The trusted third party: handles become person ids, the payload stays unopened (protocol section 6, column T).

This module reaches no code that reads a clinical table.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from harmony.errors import Busy, FormatRefused, HandlesBroken
from harmony.identity import strict
from harmony.identity.checks import check_handles, check_manifest, was_accepted
from harmony.identity.envelope import body_hash, sign
from harmony.identity.keys import opening_key, private_id, signing_key
from harmony.identity.messages import (
    ANSWER,
    ANSWER_CONTENT,
    ANSWER_SEALED,
    LIST,
    LIST_CONTENT,
    MANIFEST,
    PAYLOAD,
    RECEIPT,
    Answer,
    Manifest,
    answer_binding,
    binding,
    check_binding,
    sign_receipt,
)
from harmony.identity.peers import Peers, read_peers
from harmony.identity.scratch import scratch
from harmony.identity.seal import Part, SealedFile, check_sealed, open_sealed, seal
from harmony.identity.table import Assignment, PersonTable
from harmony.settings import Zone
from harmony.stages.journey import RelayedDelivery
from harmony.stages.record import Input, Outcome
from harmony.stages.run import only_one, open_stage, run, stage_folder
from harmony.store.control import exchange
from harmony.store.control.audit import AuditEvent, append_event
from harmony.store.control.database import Control

STAGE: Final = "relay"
SIGNER: Final = "t.sign"


def relay(
    zone: Zone, folder: Path, level: str, control: Control, today: dt.date | None = None
) -> RelayedDelivery:
    """
    Check a delivery, give each handle its person and seal the answer to the platform.

    Parameters
    ----------
    zone : Zone
        The TTP's zone.
    folder : Path
        Manifest, list and, when it travels this way, the sealed payload.
    level : str
        Separation level, S0 to S3.
    today : date, optional
        The TTP's clock; the system's by default.

    Returns
    -------
    RelayedDelivery
        manifest.json, answer.json, answer.age, receipt.json; for a delivery accepted before the stored one.

    Raises
    ------
    EnvelopeError, UnknownSender, SignatureInvalid, FormatRefused, WrongRecipient, AgreementRefused, Replay,
    HashMismatch, SealBroken, BindingBroken, HandlesBroken, Busy
        In the order of protocol section 6; nothing is opened before its check and nothing changes, except
        that a forked stream is frozen.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    peers = read_peers(zone)
    manifest = check_manifest(zone, folder, "t.open", peers, level, today)
    work = _Relay(zone, folder, manifest, peers, control, today)
    if was_accepted(control, manifest):
        # Else a replay with another payload would overwrite the good one that waits at the platform.
        check_payload(folder, manifest)
        return open_stage(RelayedDelivery, zone, STAGE, manifest.id, control.journal())
    discard_uncommitted(zone, manifest.id, control)
    journal = exchange.ExchangeJournal(control, work.commit)
    inputs = (Input("manifest", manifest.sha256),)
    return run(RelayedDelivery, zone, STAGE, manifest.id, inputs, work.make, journal)


def check_payload(folder: Path, manifest: Manifest) -> None:
    """Check the sealed payload's bytes when it travels by the TTP; raises `HashMismatch` when they differ."""
    if (folder / PAYLOAD).exists():
        check_sealed(folder / PAYLOAD, manifest.payload, "payload")


def discard_uncommitted(zone: Zone, key: str, control: Control) -> None:
    """
    Remove a folder that was renamed but never committed: its person ids were lost with the process.

    Nothing of it was ever sent, since files leave the zone only after the commit.
    """
    with only_one(zone):
        if control.journal().find(STAGE, key) is None:
            shutil.rmtree(stage_folder(zone, STAGE, key), ignore_errors=True)


class _Relay:
    """One delivery on its way through the TTP: files first, then one transaction for all state."""

    def __init__(
        self, zone: Zone, folder: Path, manifest: Manifest, peers: Peers, control: Control, today: dt.date
    ) -> None:
        self.zone = zone
        self.folder = folder
        self.manifest = manifest
        self.peers = peers
        self.control = control
        self.today = today
        self.assigned: Assignment | None = None
        self.answer: Answer | None = None
        self.receipt = b""

    def make(self, out: Path) -> Outcome:
        """Do steps 7 to 13 and write answer and receipt."""
        manifest = self.manifest
        exchange.check_next(
            self.control, manifest.stream, manifest.counter, manifest.previous, manifest.sha256
        )
        rows = self._open_list()
        with self.control.transaction() as connection:
            table = PersonTable(self.zone.key("t.table"))
            self.assigned = table.assign(connection, manifest.provider, rows)
            last = exchange.head(connection, exchange.ANSWERS)
        self._seal_answer(out, self.assigned, last, len(rows))
        withheld = len(self.assigned.withheld)
        self.receipt = sign_receipt(manifest, len(rows), withheld, signing_key(self.zone, SIGNER))
        (out / RECEIPT).write_bytes(self.receipt)
        shutil.copyfile(self.folder / MANIFEST, out / MANIFEST)
        return self._outcome(len(rows), withheld)

    def commit(self, connection: exchange.Connection) -> None:
        """Write table, chains and receipt in the transaction of the stage's row (step 14)."""
        if self.assigned is None or self.answer is None:
            # Only when another process was killed between two of our locks; the next run starts clean.
            raise Busy("Another relay of this delivery was cut off.", "Run this again.")
        manifest = self.manifest
        exchange.add_persons(connection, self.assigned.new_rows)
        exchange.add_delivery(connection, manifest.sha256, manifest.id, manifest.stream, manifest.counter)
        exchange.advance(connection, exchange.ANSWERS, self.answer.sequence, self.answer.sha256)
        exchange.add_receipt(connection, manifest.sha256, SIGNER, self.receipt)
        detail = {
            "agreements": [manifest.agreement],
            "document_sha256": manifest.sha256,
            "sources": [manifest.provider],
            "version": manifest.counter,
        }
        append_event(connection, AuditEvent("ttp", "", "delivery.relayed", manifest.id, detail))

    def _open_list(self) -> list[list[str]]:
        manifest = self.manifest
        check_sealed(self.folder / LIST, manifest.list, "list")
        check_payload(self.folder, manifest)
        with scratch(self.zone, f"open-{manifest.id}") as folder:
            opened = open_sealed(self.folder / LIST, opening_key(self.zone, "t.open"), folder)
            check_binding(opened.header, binding(manifest, manifest.t_open), "list")
            if set(opened.parts) != {"list"}:
                raise FormatRefused(
                    "The list has other parts than allowed.", "Ask the provider to pack again."
                )
            content = strict.parse(opened.parts["list"].read_bytes())
        strict.check_fields(content, {"rows": lambda rows: isinstance(rows, list)}, "list")
        _check_rows(content, manifest)
        return list(content["rows"])

    def _seal_answer(self, out: Path, assigned: Assignment, last: exchange.Head, handles: int) -> None:
        recipient = self.peers.recipient("h.open", self.today)
        signer = signing_key(self.zone, SIGNER)
        content = {
            "rows": sorted([handle, person] for handle, person in assigned.persons.items()),
            "withheld": sorted(assigned.withheld),
            "counts": {"in": handles, "out": len(assigned.persons), "withheld": len(assigned.withheld)},
        }
        strict.check_fields(content, ANSWER_CONTENT, "answer")
        draft = Answer(
            network=self.manifest.network,
            manifest=self.manifest.sha256,
            sequence=last.position + 1,
            previous=last.sha256,
            recipient=recipient.id,
            sealed=SealedFile("", 0),
            sender=private_id(SIGNER, self.zone.key(SIGNER)),
        )
        part = Part("answer", strict.dump(content), handles)
        sealed = seal(recipient.public, answer_binding(draft), [part], out / ANSWER_SEALED)
        envelope = sign("answer", replace(draft, sealed=sealed).body(), signer)
        (out / ANSWER).write_bytes(envelope)
        self.answer = replace(draft, sealed=sealed, sha256=body_hash(envelope))

    def _outcome(self, handles: int, withheld: int) -> Outcome:
        manifest = self.manifest
        agreement = self.peers.agreement(manifest.agreement)
        details = {
            "delivery": manifest.id,
            "manifest": manifest.sha256,
            "provider": manifest.provider,
            "stream": manifest.stream,
            "counter": manifest.counter,
            "agreement": manifest.agreement,
            "mark": agreement.kind,
        }
        counts = {"in": handles, "out": handles - withheld, "set_aside": withheld, "refused": 0}
        return Outcome("passed", counts, details=details)


def _check_rows(content: dict[str, object], manifest: Manifest) -> None:
    try:
        strict.check_fields(content, LIST_CONTENT, "list")
    except FormatRefused as error:
        raise HandlesBroken(
            "A handle is not 16 bytes or a first pseudonym not 32.", "Ask the provider to pack again."
        ) from error
    rows = content["rows"]
    assert isinstance(rows, list)
    check_handles([handle for handle, _ in rows], manifest)
    if len({p1 for _, p1 in rows}) != len(rows):
        raise HandlesBroken("A first pseudonym occurs twice in the list.", "Ask the provider to pack again.")
