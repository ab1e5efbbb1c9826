"""A stage is whole or absent: kill -9 at every moment, then a second run. Real processes, SIGKILL."""

from __future__ import annotations

import signal

import pytest
import sqlalchemy as sa
from killing import MOMENTS
from toy_stage import STAGE, Toy, child, journal_of, make_zone, run_toy

from harmony.errors import Busy
from harmony.stages.record import NOTHING_BEFORE, sha256_file
from harmony.stages.run import open_stage, stage_folder
from harmony.store.control.schema import STAGE as ROWS


@pytest.fixture
def zone(tmp_path):
    return make_zone(tmp_path / "zone")


def rows(zone):
    """Return the committed rows (stage, key, sha256, previous), oldest first."""
    query = sa.select(ROWS.c.stage, ROWS.c.key, ROWS.c.sha256, ROWS.c.previous).order_by(ROWS.c.number)
    control = journal_of(zone)._control
    with control.transaction() as connection:
        return [tuple(row) for row in connection.execute(query)]


def killed(zone, moment, *words):
    process = child(zone.root, "kill", moment, *words)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def contents(folder):
    return {p.relative_to(folder).as_posix(): sha256_file(p) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("moment", MOMENTS)
def test_stage_killed_at_any_moment_and_run_again_equals_one_never_killed(zone, moment):
    run_toy(zone, "before")
    killed(zone, moment)
    assert len(rows(zone)) == (2 if moment == "committed" else 1)
    found = run_toy(zone)
    undisturbed = make_zone(zone.root.parent / "other")
    expected = run_toy(undisturbed).record
    assert (found.record.outputs, found.record.counts) == (expected.outputs, expected.counts)
    assert [output.path for output in found.record.outputs] == ["notes.json", "tables/patient.parquet"]
    assert set(contents(found.folder)) == {"notes.json", "tables/patient.parquet", "stage.json"}
    before, one = rows(zone)
    assert before[:2] == (STAGE, "before") and before[3] == NOTHING_BEFORE
    assert one == (STAGE, "one", found.record.sha256, before[2])
    assert not any((zone.root / "work").iterdir())


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_stage_is_not_open_to_readers_before_its_row_is_committed(zone, moment):
    killed(zone, moment)
    if moment == "committed":
        assert open_stage(Toy, zone, STAGE, "one", journal_of(zone)).record.key == "one"
        return
    with pytest.raises(Busy, match="not finished"):
        open_stage(Toy, zone, STAGE, "one", journal_of(zone))


def test_stage_killed_after_the_rename_keeps_its_files_and_gets_its_row(zone):
    killed(zone, "renamed")
    folder = stage_folder(zone, STAGE, "one")
    kept = contents(folder)
    made_at = folder.stat().st_mtime_ns
    found = run_toy(zone)
    assert contents(folder) == kept and folder.stat().st_mtime_ns == made_at
    assert rows(zone) == [(STAGE, "one", found.record.sha256, NOTHING_BEFORE)]


def test_renamed_stage_whose_record_is_not_the_next_of_the_chain_is_made_again(zone):
    killed(zone, "renamed")
    old = contents(stage_folder(zone, STAGE, "one"))["stage.json"]
    run_toy(zone, "two")
    found = run_toy(zone)
    two, one = rows(zone)
    assert (two[1], one[1]) == ("two", "one")
    assert found.record.previous == two[2]
    assert contents(found.folder)["stage.json"] != old


def test_renamed_stage_that_was_changed_before_its_commit_is_made_again(zone):
    killed(zone, "renamed")
    (stage_folder(zone, STAGE, "one") / "notes.json").write_text("changed")
    found = run_toy(zone)
    assert found.path("notes.json").read_bytes() == b"NNNN"
    assert len(rows(zone)) == 1


def test_what_a_killed_run_left_in_the_work_folder_is_removed_by_the_next_run_of_any_key(zone):
    killed(zone, "worked", "key", "never-run-again")
    left = zone.root / "work" / f"{STAGE}-never-run-again"
    assert (left / "tables" / "patient.parquet").is_file()
    run_toy(zone)
    assert not left.exists()


def test_stage_killed_twice_in_a_row_still_gives_one_row(zone):
    for moment in ("flushed", "renamed", "started"):
        process = child(zone.root, "kill", moment)
        process.communicate(timeout=60)
    found = run_toy(zone)
    assert [row[2] for row in rows(zone)] == [found.record.sha256]
