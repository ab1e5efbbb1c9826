"""
Sealed files: age v1 to one recipient, padded, opened all or nothing (protocol section 3).

Plaintext is lp(header) ‖ parts ‖ zeros. The header names the parts with length and SHA-256, and repeats the
signed outer fields: a signature outside a seal can be replaced, what is inside cannot.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyrage

from harmony.errors import BindingBroken, Busy, HashMismatch, SealBroken
from harmony.identity import strict
from harmony.identity.pseudonyms import lp
from harmony.stages.record import sha256_file

#: No sealed file is smaller, so that small deliveries look alike.
MIN_PLAINTEXT: Final = 1 << 20
MAX_HEADER: Final = 1 << 20
#: age encrypts in chunks of this size, each with a tag of 16 bytes, after a nonce of 16 bytes.
_CHUNK: Final = 1 << 16
_TAG: Final = 16
_AGE_HEADER_LIMIT: Final = 1 << 14
_COPY: Final = 1 << 20

_PART: Final = {
    "name": strict.text(r"[a-z_]{1,40}"),
    "bytes": strict.integer(),
    "rows": strict.integer(),
    "sha256": strict.hexadecimal(32),
}


@dataclass(frozen=True)
class Part:
    """One part of a sealed file: name, content (a file or bytes) and its number of rows."""

    name: str
    content: Path | bytes
    rows: int


@dataclass(frozen=True)
class SealedFile:
    """Hash and size of a sealed file's bytes, as the signed body carries them."""

    sha256: str
    size: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields of the signed body."""
        return {"sha256": self.sha256, "size": self.size}


@dataclass(frozen=True)
class Opened:
    """What was inside a seal: header without `parts`, part files by name, declared rows by name."""

    header: dict[str, Any]
    parts: dict[str, Path]
    rows: dict[str, int]


def padded(length: int) -> int:
    """
    Return the Padmé length of a plaintext: at most 12 % longer, at least 1 MiB.

    Source: Nikitin et al., Reducing metadata leakage from encrypted files (PURBs), PoPETs 2019(4).
    """
    if length <= MIN_PLAINTEXT:
        return MIN_PLAINTEXT
    exponent = length.bit_length() - 1
    free_bits = exponent - exponent.bit_length()
    step = 1 << free_bits
    return (length + step - 1) // step * step


def seal(recipient: str, header: Mapping[str, Any], parts: Sequence[Part], target: Path) -> SealedFile:
    """
    Seal parts to one recipient, in pieces.

    Parameters
    ----------
    recipient : str
        `age1…` public key.
    header : mapping
        Inner header; the list of parts is added to it.
    target : Path
        File to write.

    Raises
    ------
    Busy
        When the file cannot be written, for example on a full disk.
    """
    listed = [_describe(part) for part in parts]
    head = lp(strict.dump({**header, "parts": listed}))
    length = len(head) + sum(item["bytes"] for item in listed)
    source = _Stream(_plaintext(head, parts, padded(length) - length))
    try:
        with target.open("wb") as file:
            pyrage.encrypt_io(source, file, [pyrage.x25519.Recipient.from_str(recipient)])
    except pyrage.EncryptError as error:
        # The library wraps what the file system said; a recipient is one that `from_str` took.
        raise Busy("A sealed file could not be written.", "Check the space and run this again.") from error
    return measure(target)


def measure(path: Path) -> SealedFile:
    """Return hash and size of a sealed file."""
    return SealedFile(sha256_file(path), path.stat().st_size)


def check_sealed(path: Path, expected: SealedFile, what: str) -> None:
    """
    Compare a sealed file with what was signed about it.

    Raises
    ------
    HashMismatch
        When it is missing or its size or hash differ.
    """
    if not path.is_file() or path.stat().st_size != expected.size or sha256_file(path) != expected.sha256:
        raise HashMismatch(f"The sealed {what} is not the one that was signed.", "Have it sent again.")


def open_sealed(path: Path, identity: str, folder: Path) -> Opened:
    """
    Open a sealed file into an empty folder; nothing is left there when a check fails.

    Parameters
    ----------
    identity : str
        Age identity of the one recipient.
    folder : Path
        Empty folder for the parts.

    Raises
    ------
    SealBroken
        When it is cut or changed, sealed to others (too), or not padded as agreed.
    BindingBroken
        When a part differs from the inner header.
    """
    check_stanzas(path)
    plain = folder / "plaintext.partial"
    written: list[Path] = [plain]
    try:
        _decrypt(path, identity, plain)
        with plain.open("rb") as file:
            header = _read_header(file)
            listed = header.pop("parts")
            written += [folder / item["name"] for item in listed]
            for item in listed:
                _extract(file, item, folder / item["name"])
            _check_padding(file)
    except BaseException:
        for item in written:
            item.unlink(missing_ok=True)
        raise
    plain.unlink()
    return Opened(
        header, {i["name"]: folder / i["name"] for i in listed}, {i["name"]: i["rows"] for i in listed}
    )


def check_stanzas(path: Path) -> int:
    """
    Check an age header from outside and return the plaintext's length.

    pyrage writes one random `*-grease` stanza beside the recipient's, so that a plain count would be wrong.

    Raises
    ------
    SealBroken
        When there is not exactly one X25519 stanza, any other stanza, or a length that is not a Padmé value.
    """
    with path.open("rb") as file:
        start = file.read(_AGE_HEADER_LIMIT)
    lines = start.split(b"\n")
    end = next((number for number, line in enumerate(lines) if line.startswith(b"--- ")), 0)
    kinds = [line.split(b" ")[1] for line in lines[1:end] if line.startswith(b"-> ")]
    others = [kind for kind in kinds if kind != b"X25519" and not kind.endswith(b"-grease")]
    if lines[0] != b"age-encryption.org/v1" or kinds.count(b"X25519") != 1 or others:
        raise _broken("it is not sealed to exactly one key")
    body = path.stat().st_size - sum(len(line) + 1 for line in lines[: end + 1]) - _TAG
    length = body - _TAG * -(-body // (_CHUNK + _TAG))
    if length < MIN_PLAINTEXT or padded(length) != length:
        raise _broken("its length is not a padded one")
    return length


class _Stream(io.RawIOBase):
    """A generator of bytes as the file that pyrage reads."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, none at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)


def _describe(part: Part) -> dict[str, Any]:
    if isinstance(part.content, bytes):
        digest, size = hashlib.sha256(part.content).hexdigest(), len(part.content)
    else:
        digest, size = sha256_file(part.content), part.content.stat().st_size
    return {"name": part.name, "bytes": size, "rows": part.rows, "sha256": digest}


def _plaintext(head: bytes, parts: Sequence[Part], zeros: int) -> Iterator[bytes]:
    yield head
    for part in parts:
        with io.BytesIO(part.content) if isinstance(part.content, bytes) else part.content.open("rb") as file:
            while piece := file.read(_COPY):
                yield piece
    while zeros:
        yield bytes(min(zeros, _COPY))
        zeros -= min(zeros, _COPY)


def _decrypt(path: Path, identity: str, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with path.open("rb") as source, os.fdopen(descriptor, "wb") as file:
            pyrage.decrypt_io(source, file, [pyrage.x25519.Identity.from_str(identity)])
    except pyrage.DecryptError as error:
        raise _broken("it is not sealed to this zone") from error
    except OSError as error:
        # age reports a cut or changed chunk as an OSError without number; a number is the disk's own trouble.
        if error.errno is not None:
            full = error.errno == errno.ENOSPC
            raise Busy(
                "The disk is full." if full else "The disk failed.", "Make room, run again."
            ) from error
        raise _broken("it is cut or changed") from error


def _read_header(file: BinaryIO) -> dict[str, Any]:
    length = int.from_bytes(file.read(4), "big")
    if length > MAX_HEADER:
        raise _broken("its inner header is too long")
    header = strict.parse(file.read(length))
    listed = header.get("parts")
    if not isinstance(listed, list) or not all(strict.record(_PART)(item) for item in listed):
        raise BindingBroken("The inner header lists no parts.", "Ask the sender to pack again.")
    if len({item["name"] for item in listed}) != len(listed):
        raise BindingBroken("The inner header lists a part twice.", "Ask the sender to pack again.")
    return header


def _extract(file: BinaryIO, item: Mapping[str, Any], target: Path) -> None:
    digest, left = hashlib.sha256(), item["bytes"]
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        while left and (piece := file.read(min(left, _COPY))):
            digest.update(piece)
            out.write(piece)
            left -= len(piece)
    if left or digest.hexdigest() != item["sha256"]:
        raise BindingBroken(f"Part {item['name']} is not the one listed.", "Ask the sender to pack again.")


def _check_padding(file: BinaryIO) -> None:
    while piece := file.read(_COPY):
        if piece.count(0) != len(piece):
            raise _broken("its padding is not zero")


def _broken(reason: str) -> SealBroken:
    return SealBroken(f"A sealed file was refused: {reason}.", "Ask the sender to seal and send it again.")
