"""
Pack a passed delivery: fresh handles, two seals, one signature (protocol section 4).

Local keys stay home. Only fields that the caller names leave, and of texts only codes.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from harmony.errors import Busy, UsageError
from harmony.identity import strict
from harmony.identity.envelope import sign
from harmony.identity.keys import private_id, signing_key
from harmony.identity.messages import (
    FACTS,
    LIST,
    MANIFEST,
    PAYLOAD,
    Manifest,
    binding,
    check_size,
    read_manifest,
)
from harmony.identity.payload import Shape, write_parts
from harmony.identity.peers import Peers, check_agreement, read_peers
from harmony.identity.provider import ProviderSettings, read_provider
from harmony.identity.pseudonyms import handles_hash, p1
from harmony.identity.scratch import scratch
from harmony.identity.seal import Part, SealedFile, seal
from harmony.settings import Zone
from harmony.stages.journey import PassedTables, SealedDelivery
from harmony.stages.record import Definition, Input, Outcome
from harmony.stages.run import run, stage_folder
from harmony.store.control import exchange
from harmony.store.control.database import Control
from harmony.store.tables import read_table, table_files

STAGE: Final = "pack"
#: A hospital without news from the platform stops here, so that lost deliveries are seen (flow A).
MAX_OPEN: Final = 3
_UNSEALED: Final = SealedFile("", 0)


def pack(
    zone: Zone,
    passed: PassedTables,
    shape: Shape,
    level: str,
    control: Control,
    today: dt.date | None = None,
) -> SealedDelivery:
    """
    Seal a delivery and sign its manifest.

    Parameters
    ----------
    passed : PassedTables
        Checked tables in `tables/`; its details must have all of `messages.FACTS` and dictionary (id,
        version, sha256).
    shape : Shape
        Key of each table and the fields that may leave.
    level, today : str, date
        Separation level, S0 to S3; the hospital's clock, the system's by default.

    Returns
    -------
    SealedDelivery
        manifest.json, payload.age, list.age; packing the same stage again gives the stored one.

    Raises
    ------
    Busy, AgreementRefused, LevelTooLow
        When more than three receipts are missing, or no agreement in force covers it.
    DataRefused, IdentifierFound, UsageError
        When a number or code is not of its form, or a fact is missing or not the provider's own.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    peers, provider = read_peers(zone), read_provider(zone)
    facts = travelling_facts(passed.details, provider)
    agreement = check_agreement(peers, facts["agreement"], provider.provider, today, level, facts["mark"])
    key = passed.record.key
    if control.journal().find(STAGE, key) is None:
        check_open(control)
    work = _Packing(zone, passed, shape, facts, peers, provider, control, today, agreement.max_bytes)
    journal = exchange.ExchangeJournal(control, work.commit)
    inputs = (Input(passed.record.stage, passed.record.sha256),)
    return run(SealedDelivery, zone, STAGE, key, inputs, work.make, journal)


def check_open(control: Control) -> None:
    """Raise `Busy` while more than three deliveries are without the platform's receipt."""
    with control.transaction() as connection:
        waiting = exchange.open_deliveries(connection, "h.sign")
    if len(waiting) > MAX_OPEN:
        raise Busy(
            f"{len(waiting)} deliveries are without the platform's receipt.",
            "Import the receipts: harmony provider receipt.",
            f"{MAX_OPEN} at most",
        )


def travelling_facts(details: Mapping[str, Any], provider: ProviderSettings) -> dict[str, Any]:
    """
    Return what travels in the payload's inner header.

    Raises
    ------
    UsageError
        When a fact is missing or the provider is another one than that of `provider.toml`.
    """
    missing = [name for name in (*FACTS, "dictionary") if name not in details]
    if missing:
        raise UsageError(f"The checked delivery lacks {', '.join(missing)}.", "Run the check again.")
    if details["provider"] != provider.provider:
        raise UsageError("The delivery names another provider.", "Correct the layout or provider.toml.")
    facts = {name: _plain(name, details[name]) for name in FACTS}
    return {**facts, "dictionary": {n: details["dictionary"][n] for n in ("id", "version", "sha256")}}


def _plain(name: str, value: Any) -> Any:
    # A message has no null: what a provider did not declare is a word or an empty text.
    if value is None:
        return "not declared" if name in ("identified", "agreed") else ""
    return list(value) if isinstance(value, tuple) else value


@dataclass
class _Packing:
    """One delivery while it is packed: all that its two seals and its signature need."""

    zone: Zone
    passed: PassedTables
    shape: Shape
    facts: dict[str, Any]
    peers: Peers
    provider: ProviderSettings
    control: Control
    today: dt.date
    max_bytes: int

    def make(self, out: Path) -> Outcome:
        """Write payload, list and manifest."""
        files = table_files(self.passed.folder / "tables")
        if "patient" not in files:
            raise UsageError("The checked delivery has no table patient.", "Run the conversion again.")
        numbers = read_table(files["patient"]).column("patient_id").to_pylist()
        self.provider.check_numbers(numbers)
        handles = {number: secrets.token_hex(16) for number in numbers}
        draft = self._draft(list(handles.values()))
        with scratch(self.zone, "packing") as folder:
            packed = write_parts(files, handles, self.shape, folder)
            header = {**binding(draft, draft.h_open), **self.facts, "patients": len(handles)}
            payload = seal(self._key("h.open"), header, packed.parts, out / PAYLOAD)
        sealed_list = self._seal_list(handles, draft, out / LIST)
        manifest = replace(draft, payload=payload, list=sealed_list)
        self._check_size(manifest)
        (out / MANIFEST).write_bytes(sign("manifest", manifest.body(), signing_key(self.zone, "p.sign")))
        return self._outcome(manifest, len(handles), packed.dropped)

    def commit(self, connection: exchange.Connection) -> None:
        """Make the manifest in the stage's folder the head of its stream, in the stage's transaction."""
        folder = stage_folder(self.zone, STAGE, self.passed.record.key)
        raw = (folder / MANIFEST).read_bytes()
        manifest = read_manifest(raw, self.peers, self.today)
        exchange.add_delivery(connection, manifest.sha256, manifest.id, manifest.stream, manifest.counter)

    def _key(self, role: str) -> str:
        return self.peers.recipient(role, self.today).public

    def _draft(self, handles: list[str]) -> Manifest:
        with self.control.transaction() as connection:
            last = exchange.head(connection, self.provider.stream)
        return Manifest(
            network=self.zone.network,
            stream=self.provider.stream,
            delivery=secrets.token_hex(16),
            counter=last.position + 1,
            previous=last.sha256,
            agreement=self.facts["agreement"],
            t_open=self.peers.recipient("t.open", self.today).id,
            h_open=self.peers.recipient("h.open", self.today).id,
            payload=_UNSEALED,
            list=_UNSEALED,
            handles=handles_hash(handles),
            day=self.today.isoformat(),
            provider=self.provider.provider,
            sender=private_id("p.sign", self.zone.key("p.sign")),
        )

    def _seal_list(self, handles: Mapping[str, str], draft: Manifest, target: Path) -> SealedFile:
        secret, own = self.zone.key("p.secret"), self.provider
        rows = sorted(
            [handle, p1(secret, own.provider, own.number_space, number).hex()]
            for number, handle in handles.items()
        )
        part = Part("list", strict.dump({"rows": rows}), len(rows))
        return seal(self._key("t.open"), binding(draft, draft.t_open), [part], target)

    def _check_size(self, manifest: Manifest) -> None:
        check_size(max(manifest.payload.size, manifest.list.size), self.max_bytes)

    def _outcome(self, manifest: Manifest, patients: int, dropped: list[str]) -> Outcome:
        details = {**self.facts, "delivery": manifest.id, "counter": manifest.counter, "kept_home": dropped}
        counts = {"in": patients, "out": patients, "set_aside": 0, "refused": 0}
        used = Definition(**self.facts["dictionary"])
        return Outcome("passed", counts, (used,), {PAYLOAD: patients, LIST: patients}, details)
