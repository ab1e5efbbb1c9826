"""
The signed record of a stage: `stage.json`.

It names inputs, outputs with their hashes, verdict, definitions, counts and the record before it in the
same zone, and carries the zone's Ed25519 signature. It never leaves its zone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harmony import __version__
from harmony.errors import Tampered
from harmony.settings import Zone

SCHEMA: Final = 1
#: `previous` of the first record of a zone.
NOTHING_BEFORE: Final = "0" * 64
RECORD_FILE: Final = "stage.json"


@dataclass(frozen=True)
class Output:
    """One file of a stage: path inside its folder, SHA-256 of its bytes, rows (0 for files without rows)."""

    path: str
    sha256: str
    rows: int = 0


@dataclass(frozen=True)
class Input:
    """What a stage was made from: name of the stage or message, and its hash."""

    stage: str
    sha256: str


@dataclass(frozen=True)
class Definition:
    """A definition that was used: id, version and SHA-256 of its text."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """
    What the work of a stage reports.

    Attributes
    ----------
    verdict : str
        passed or refused.
    counts : mapping of str to int
        in, out, set_aside, refused; in = out + set_aside + refused.
    definitions : sequence of Definition
        Dictionary, layout, rules, policy ... that decided.
    rows : mapping of str to int
        Rows by output path.
    details : mapping
        Small facts for later stages: mark, axis, disease, provider. Never a patient's value.
    """

    verdict: str
    counts: Mapping[str, int]
    definitions: Sequence[Definition] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StageRecord:
    """The content of `stage.json` (docs/reference/formats.md)."""

    schema: int
    stage: str
    key: str
    zone: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    verdict: str
    definitions: tuple[Definition, ...]
    code_version: str
    counts: dict[str, int]
    details: dict[str, Any]
    previous: str
    key_id: str
    signature: str = ""

    def body(self) -> bytes:
        """Return what is signed: the record without its signature in canonical JSON (RFC 8785)."""
        content = asdict(self)
        del content["signature"]
        return rfc8785.dumps(json.loads(json.dumps(content)))

    @property
    def sha256(self) -> str:
        """SHA-256 of the signed body; what the next record and the journal hold."""
        return hashlib.sha256(self.body()).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_id(public: Ed25519PublicKey) -> str:
    """Return a key's id: the first 16 bytes of SHA-256 of the DER public key, in hex."""
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:32]


def read_record(zone: Zone, folder: Path) -> StageRecord:
    """
    Read a folder's `stage.json` and verify signature and output hashes.

    Raises
    ------
    Tampered
        When the record or a file was changed, is missing or was added.
    """
    record = read_signed(zone, folder)
    _check_outputs(record, folder)
    return record


def read_signed(zone: Zone, folder: Path) -> StageRecord:
    """Read a folder's `stage.json` and verify its signature only; raises `Tampered` as `read_record` does."""
    record = _parse(folder / RECORD_FILE)
    public = _signer(zone).public_key()
    try:
        public.verify(bytes.fromhex(record.signature), record.body())
    except (InvalidSignature, ValueError) as error:
        raise Tampered(
            f"The record of stage {record.stage} was changed.", "Restore the zone from its backup."
        ) from error
    return record


def _check_outputs(record: StageRecord, folder: Path) -> None:
    listed = {output.path for output in record.outputs} | {RECORD_FILE}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    # A reader of `tables/` takes every file there, so that an added file is as bad as a changed one.
    if present - listed:
        raise Tampered(
            f"Stage {record.stage} has {len(present - listed)} files that its record does not list.",
            "Restore the zone from its backup.",
        )
    for output in record.outputs:
        path = folder / output.path
        if not path.is_file() or sha256_file(path) != output.sha256:
            raise Tampered(
                f"{output.path} of stage {record.stage} was changed.", "Restore the zone from its backup."
            )


def sign_record(
    zone: Zone, stage: str, key: str, inputs: tuple[Input, ...], folder: Path, outcome: Outcome, previous: str
) -> StageRecord:
    """Return the signed record of the files that stand in `folder`."""
    signer = _signer(zone)
    outputs = tuple(
        Output(
            path.relative_to(folder).as_posix(),
            sha256_file(path),
            outcome.rows.get(path.relative_to(folder).as_posix(), 0),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
    record = StageRecord(
        schema=SCHEMA,
        stage=stage,
        key=key,
        zone=zone.name,
        inputs=inputs,
        outputs=outputs,
        verdict=outcome.verdict,
        definitions=tuple(outcome.definitions),
        code_version=__version__,
        counts=dict(outcome.counts),
        details=dict(outcome.details),
        previous=previous,
        key_id=key_id(signer.public_key()),
    )
    return replace(record, signature=signer.sign(record.body()).hex())


def _parse(path: Path) -> StageRecord:
    if not path.is_file():
        raise Tampered(f"{path.parent.name} has no {RECORD_FILE}.", "Restore the zone from its backup.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        schema = content["schema"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(path) from error
    if schema != SCHEMA:
        raise Tampered(
            f"{RECORD_FILE} has another schema.", "Use the version that wrote it.", f"schema {SCHEMA}"
        )
    try:
        content["inputs"] = tuple(Input(**i) for i in content["inputs"])
        content["outputs"] = tuple(Output(**o) for o in content["outputs"])
        content["definitions"] = tuple(Definition(**d) for d in content["definitions"])
        return StageRecord(**content)
    except (KeyError, TypeError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> Tampered:
    return Tampered(
        f"{RECORD_FILE} of {path.parent.name} is not a stage record.", "Restore the zone from its backup."
    )


def _signer(zone: Zone) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(zone.key("zone.sign"))
