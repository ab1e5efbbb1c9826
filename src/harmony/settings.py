"""
Where a zone lies and which keys it holds.

A command is started for one zone. Opening a zone refuses a root that others can read, a key that
belongs to another zone, and a key file that others can read, so that no process holds two zones' keys.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from harmony.errors import Busy, NotPermitted, Tampered, UsageError

#: Keys that may lie in each zone (protocol section 2). `zone.sign` signs the zone's stage records.
ZONE_KEYS: Final = {
    "hospital": ("p.sign", "p.open", "p.secret", "zone.sign"),
    "ttp": ("t.sign", "t.open", "t.table", "zone.sign"),
    "restricted": ("h.open", "h.sign", "h.master", "zone.sign"),
    "research": ("h.release", "r.study", "zone.sign"),
    "public": ("zone.sign",),
    "person": ("c.sign",),
}

#: Bytes of the shortest key; a pseudonym under an empty one could be computed by anybody.
SHORTEST_KEY: Final = 32

#: Where each zone lies under the network's folder; `{owner}` is the provider's or the person's id.
ZONE_FOLDERS: Final = {
    "hospital": "hospital/{owner}",
    "ttp": "ttp",
    "restricted": "platform/restricted",
    "research": "platform/research",
    "public": "platform/public",
    "person": "people/{owner}",
}

#: An owner's id is also a folder's name, so that it may hold no separator and no dot.
_OWNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

#: Sealed files on their way between zones; belongs to nobody and holds nothing in clear.
POST_FOLDER: Final = "post"


#: Most threads of one command, and the least memory with which the engine does its work, MiB.
MOST_THREADS: Final = 256
LEAST_MEMORY_MIB: Final = 100
_MEMORY: Final = re.compile(r"([0-9]{1,9})(MB|GB|TB|MiB|GiB|TiB)")
_MIB: Final = {"MB": 0.953674, "GB": 953.674, "TB": 953_674.0, "MiB": 1.0, "GiB": 1024.0, "TiB": 1_048_576.0}
#: Addresses of control records that this version can open; a database in memory would be lost at once.
_CONTROL_URL: Final = re.compile(r"(sqlite:///.+|postgresql\+psycopg://.+)?")

#: What each variable may hold.
_ALLOWED: Final = {
    "memory_limit": f"a whole number with MB, MiB, GB, GiB, TB or TiB, {LEAST_MEMORY_MIB} MiB or more",
    "threads": f"a whole number from 1 to {MOST_THREADS}",
    "control_url": "sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE",
}


class Settings(BaseSettings):
    """What the environment may set, each with the prefix `HARMONY_`; read it with `read_settings`."""

    model_config = SettingsConfigDict(env_prefix="HARMONY_")

    memory_limit: str = "1GiB"
    threads: int = 2
    control_url: str = ""

    @field_validator("memory_limit")
    @classmethod
    def _memory(cls, value: str) -> str:
        found = _MEMORY.fullmatch(value)
        if found is None or int(found[1]) * _MIB[found[2]] < LEAST_MEMORY_MIB:
            raise ValueError("no amount of memory")
        return value

    @field_validator("threads")
    @classmethod
    def _threads(cls, value: int) -> int:
        if not 1 <= value <= MOST_THREADS:
            raise ValueError("no number of threads")
        return value

    @field_validator("control_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if _CONTROL_URL.fullmatch(value) is None:
            raise ValueError("no address of control records")
        return value


def read_settings() -> Settings:
    """
    Return what the environment sets.

    Raises
    ------
    UsageError
        Naming the variable that holds something else, and what it may hold; never what it holds.
    """
    try:
        return Settings()
    except ValidationError as error:
        # What was written may hold a password and is not repeated.
        name = str(error.errors()[0]["loc"][0])
        raise UsageError(
            f"The environment variable HARMONY_{name.upper()} holds what cannot be used.",
            "Correct it or take it out of the environment.",
            _ALLOWED[name],
        ) from None


@dataclass(frozen=True)
class Zone:
    """
    One opened zone.

    Attributes
    ----------
    root : Path
        Folder of the zone, mode 0700.
    name : str
        hospital, ttp, restricted, research, public or person.
    owner : str
        Provider, organisation or person the zone belongs to.
    network : str
        Id of the network, 32 hex digits.
    """

    root: Path
    name: str
    owner: str
    network: str

    def key(self, name: str) -> bytes:
        """
        Read one private key of this zone.

        Raises
        ------
        NotPermitted
            When the key belongs to another zone or its file can be read by others.
        UsageError
            When the key is missing.
        Tampered
            When the file holds something else.
        """
        if name not in ZONE_KEYS[self.name]:
            raise NotPermitted(
                f"Key {name} does not belong to zone {self.name}.", "Start the command for its own zone."
            )
        path = self.root / "keys" / name
        if not path.is_file():
            raise UsageError(
                f"Zone {self.name} has no key {name}.", "Make the zone again or restore its keys."
            )
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise NotPermitted(f"Key file {name} can be read by others.", f"chmod 600 {path}", "mode 0600")
        try:
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except ValueError as error:
            raise Tampered(f"Key file {name} holds no key.", "Restore the zone's keys.") from error
        if len(secret) < SHORTEST_KEY:
            raise Tampered(f"Key file {name} is cut short.", "Restore the zone's keys.")
        return secret

    def folder(self, *parts: str) -> Path:
        """Return a folder below the root, made when it is missing, mode 0700."""
        path = self.root.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    @property
    def control_url(self) -> str:
        """Address of the zone's own control records: a SQLite file in its root."""
        return f"sqlite:///{self.root / 'control.db'}"


def platform_control_url(network: Path) -> str:
    """
    Return the address of the platform's control records (members, studies, airlock, audit).

    They belong to no zone: a SQLite file under `platform/`, or `HARMONY_CONTROL_URL` for a PostgreSQL server.
    """
    return read_settings().control_url or f"sqlite:///{network / 'platform' / 'control.db'}"


def zone_root(network: Path, name: str, owner: str = "") -> Path:
    """
    Return the folder of a zone inside a network.

    Parameters
    ----------
    name, owner : str
        A zone of `ZONE_FOLDERS`; the provider's or person's id, for hospital and person only.

    Raises
    ------
    UsageError
        When there is no such zone or the owner is no id.
    """
    if name not in ZONE_FOLDERS:
        raise UsageError("There is no zone of this name.", "Name one of them.", ", ".join(ZONE_FOLDERS))
    if "{owner}" in ZONE_FOLDERS[name] and not _OWNER.fullmatch(owner):
        raise UsageError(f"Zone {name} needs its owner's id.", "Add it.", "letters, digits, - and _")
    return network / ZONE_FOLDERS[name].format(owner=owner)


def create_zone(root: Path, name: str, owner: str, network: str, keys: dict[str, bytes]) -> Zone:
    """
    Make a zone's root with its keys, mode 0700 and 0600.

    Parameters
    ----------
    keys : dict of str to bytes
        Exactly the keys of `ZONE_KEYS[name]`.

    Raises
    ------
    UsageError
        When the zone exists already or the keys are not those of the zone.
    """
    if (root / "zone.toml").exists():
        raise UsageError(f"Zone {name} of {owner} exists already.", "Choose another network folder.")
    if set(keys) != set(ZONE_KEYS[name]):
        raise UsageError(f"Zone {name} was given other keys than its own.", "", ", ".join(ZONE_KEYS[name]))
    (root / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chmod(root, 0o700)
    os.chmod(root / "keys", 0o700)
    for key_name, secret in keys.items():
        path = root / "keys" / key_name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret.hex() + "\n")
    text = f'zone = "{name}"\nowner = "{owner}"\nnetwork = "{network}"\n'
    # zone.toml comes last and by rename: a zone without it was never finished and is made again.
    partial = root / "zone.toml.partial"
    partial.write_text(text, encoding="utf-8")
    partial.rename(root / "zone.toml")
    return open_zone(root, name)


def open_zone(root: Path, expected: str) -> Zone:
    """
    Open a zone and refuse every sign that it is not alone.

    Raises
    ------
    UsageError
        When there is no zone or it is another one than `expected`.
    NotPermitted
        When others can read the root or a key of another zone lies in it.
    Tampered
        When `zone.toml` cannot be read.
    """
    path = root / "zone.toml"
    if not path.is_file():
        raise UsageError(
            f"There is no zone '{expected}' at {root}.", "Make the network first: harmony network init."
        )
    content = _read_zone_file(path)
    if content.get("zone") != expected:
        raise UsageError(
            f"{root} is zone '{content.get('zone')}', not '{expected}'.",
            "Start the command for its own zone.",
        )
    if stat.S_IMODE(root.stat().st_mode) & 0o077:
        raise NotPermitted(f"Zone {expected} can be read by others.", f"chmod 700 {root}", "mode 0700")
    _refuse_foreign_keys(root, expected)
    return Zone(root, expected, content["owner"], content["network"])


def _read_zone_file(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Tampered(f"{path} is not a zone's file.", "Restore the zone from its backup.") from error
    if not all(isinstance(content.get(name), str) for name in ("zone", "owner", "network")):
        raise Tampered(f"{path} lacks zone, owner or network.", "Restore the zone from its backup.")
    return content


def _refuse_foreign_keys(root: Path, expected: str) -> None:
    keys = root / "keys"
    if not keys.is_dir():
        raise Busy(f"Zone {expected} has no keys folder.", "Restore the zone's keys.")
    foreign = sorted(p.name for p in keys.iterdir() if p.name not in ZONE_KEYS[expected])
    if foreign:
        raise NotPermitted(
            f"Zone {expected} holds keys of another zone: {', '.join(foreign)}.",
            "Remove them from this host and report it: separation was broken.",
        )
