"""What a stage refuses: changed files and records, a wrong key, two processes at once, a full disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import toy_stage
from namespaces import UNSHARE
from toy_stage import STAGE, Toy, child, journal_of, make_zone, run_toy, wait_for

from harmony.errors import Busy, NotPermitted, Tampered
from harmony.stages.record import Outcome, read_record
from harmony.stages.run import open_stage, run

#: Size of the small disk, bytes; the toy stage writes twice this.
DISK = 1 << 20


@pytest.fixture
def zone(tmp_path):
    return make_zone(tmp_path / "zone")


@pytest.fixture
def made(zone):
    return run_toy(zone)


def opened(zone):
    return open_stage(Toy, zone, STAGE, "one", journal_of(zone))


def change_record(made, **changes):
    path = made.path("stage.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_finished_stage_opens_as_it_was_made(zone, made):
    assert opened(zone).record == made.record
    assert made.details == {"mark": "synthetic"}


def test_finished_stage_is_not_worked_again(zone, made):
    def refuse(folder: Path) -> Outcome:
        raise AssertionError("worked again")

    again = run(Toy, zone, STAGE, "one", [toy_stage.INPUT], refuse, journal_of(zone))
    assert again.record.sha256 == made.record.sha256


@pytest.mark.parametrize("name", ["notes.json", "tables/patient.parquet"])
def test_changed_file_is_refused_and_named(zone, made, name):
    made.path(name).write_bytes(b"XXXX")
    with pytest.raises(Tampered, match=name):
        opened(zone)
    with pytest.raises(Tampered):
        run_toy(zone)


def test_missing_file_is_refused(zone, made):
    made.path("notes.json").unlink()
    with pytest.raises(Tampered, match=r"notes\.json"):
        opened(zone)


def test_added_file_is_refused(zone, made):
    made.path("tables/intruder.parquet").write_bytes(b"")
    with pytest.raises(Tampered, match="1 files that its record does not list"):
        opened(zone)


@pytest.mark.parametrize(
    "changes",
    [{"verdict": "refused"}, {"counts": {"in": 9}}, {"details": {"mark": "patient"}}, {"key": "two"}],
)
def test_changed_record_is_refused(zone, made, changes):
    change_record(made, **changes)
    with pytest.raises(Tampered, match="was changed"):
        opened(zone)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"schema": 1}', '{"schema": 2}'])
def test_record_that_is_no_record_is_refused(zone, made, text):
    made.path("stage.json").write_text(text)
    with pytest.raises(Tampered):
        opened(zone)


def test_record_with_another_schema_says_what_to_use(zone, made):
    change_record(made, schema=2)
    with pytest.raises(Tampered) as refused:
        opened(zone)
    assert refused.value.allowed == "schema 1"


def test_record_without_its_file_is_refused(zone, made):
    made.path("stage.json").unlink()
    with pytest.raises(Tampered, match=r"has no stage\.json"):
        opened(zone)


def test_older_record_of_another_stage_put_in_its_place_is_refused(zone, made):
    other = run_toy(zone, "two")
    for path in other.folder.rglob("*"):
        if path.is_file():
            made.path(str(path.relative_to(other.folder))).write_bytes(path.read_bytes())
    assert read_record(zone, made.folder).key == "two"
    with pytest.raises(Tampered, match="not the one that was committed"):
        opened(zone)


def test_record_signed_with_another_key_is_refused(zone, made):
    key = zone.root / "keys" / "zone.sign"
    key.write_text("11" * 32 + "\n")
    with pytest.raises(Tampered):
        opened(zone)


def test_key_file_that_others_can_read_is_refused_and_nothing_is_left(zone):
    (zone.root / "keys" / "zone.sign").chmod(0o644)
    with pytest.raises(NotPermitted, match="read by others"):
        run_toy(zone)
    assert not any((zone.root / "work").iterdir()) and journal_of(zone).find(STAGE, "one") is None


def test_two_processes_at_once_the_second_is_told_to_wait(zone):
    first = child(zone.root, "wait", "worked")
    wait_for(zone.root / "waiting")
    with pytest.raises(Busy, match="Another command works") as refused:
        run_toy(zone, "two")
    assert (refused.value.exit_code, refused.value.code) == (60, "E-STATE")
    _, errors = first.communicate(timeout=60)
    assert first.returncode == 0, errors
    assert opened(zone).record.key == "one"
    assert run_toy(zone, "two").record.previous == opened(zone).record.sha256


def test_row_of_another_stage_committed_meanwhile_is_refused_not_forked(zone, made):
    with pytest.raises(Busy, match="in between"):
        journal_of(zone).append("toy", "two", "b" * 64, "0" * 64)
    assert journal_of(zone).head() == made.record.sha256


def test_work_that_fails_leaves_nothing_and_can_run_again(zone):
    def fail(folder: Path) -> Outcome:
        (folder / "half.parquet").write_bytes(b"half")
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        run(Toy, zone, STAGE, "one", [toy_stage.INPUT], fail, journal_of(zone))
    assert not any((zone.root / "work").iterdir())
    assert not (zone.root / "stages").exists()
    assert run_toy(zone).record.counts["out"] == 2


def test_file_above_the_systems_limit_leaves_nothing_and_a_second_run_is_whole(zone):
    process = child(zone.root, "size", str(DISK), limit=DISK // 2)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "File too large" in errors
    assert not any((zone.root / "work").iterdir())
    assert run_toy(zone, size=DISK).path("notes.json").stat().st_size == DISK


FULL_DISK = """
import sys
from pathlib import Path
import toy_stage
zone = toy_stage.make_zone(Path(sys.argv[1]) / "zone")
toy_stage.journal_of(zone)
try:
    toy_stage.run_toy(zone, size=int(sys.argv[2]))
except OSError as error:
    left = [p for p in (zone.root / "work").iterdir()]
    made = toy_stage.run_toy(zone, "small")
    print(error.strerror, len(left), made.record.counts["out"])
"""


@pytest.mark.needs("namespaces")
def test_full_disk_leaves_nothing_and_the_space_is_free_again(tmp_path):
    # The mount lives in a namespace of the child and ends with it.
    disk = tmp_path / "disk"
    disk.mkdir()
    shell = f'mount -t tmpfs -o size={DISK} none "$1" && exec "$2" -c "$3" "$1" {DISK}'
    command = [*UNSHARE, "-m", "sh", "-c", shell, "sh", str(disk), sys.executable, FULL_DISK]
    environment = os.environ | {"PYTHONPATH": str(Path(toy_stage.__file__).parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "No space left on device 0 2"
