"""A real PostgreSQL 15 server for tests: own folder, own free port, loopback only, stopped at the end."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

_BINARIES = Path("/usr/lib/postgresql/15/bin")
_numbers = itertools.count()


def missing_component() -> str:
    """Return why PostgreSQL cannot be started here, or an empty text."""
    if not (_BINARIES / "initdb").is_file():
        return "PostgreSQL 15 is not installed"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed (extra postgres)"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "root cannot start PostgreSQL without runuser"
    return ""


def skip_or_fail_without_postgresql() -> None:
    """Skip with the reason; under HARMONY_REQUIRE_ALL=1 fail instead."""
    reason = missing_component()
    if reason and os.environ.get("HARMONY_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@contextlib.contextmanager
def running_server():
    """Start a server in a folder of its own and give its port."""
    folder = Path(tempfile.mkdtemp(prefix="harmony-postgres-"))
    data = folder / "data"
    # A root process cannot start PostgreSQL; everyone else starts it under the own account.
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres", "postgres")
    port = _free_port()
    try:
        made = ["-D", data, "-U", "harmony", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        _run([*as_owner, _BINARIES / "initdb", *made])
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        _run(
            [*as_owner, _BINARIES / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"]
        )
        try:
            yield port
        finally:
            _run([*as_owner, _BINARIES / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(port: int) -> str:
    """Make an empty database and return its SQLAlchemy address."""
    import psycopg

    name = f"control_{os.getpid()}_{next(_numbers)}"
    address = f"postgresql://harmony@127.0.0.1:{port}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://harmony@127.0.0.1:{port}/{name}"


def _run(command):
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
