"""What may stand in the public zone, and that it is read back as it was written."""

import json
from dataclasses import replace

import public_example
import pytest
import report_example

from harmony.errors import FormatRefused, HashMismatch, UsageError
from harmony.reporting import public_files
from harmony.reporting.public import (
    HIDDEN,
    NOT_DECLARED,
    TRACK,
    Catalogue,
    Deliveries,
    PublishedReport,
    StageStatus,
)

ROW = public_example.rows()[2]
DELIVERY = public_example.deliveries()[1]


def test_the_catalogue_is_read_as_it_was_written(tmp_path):
    catalogue = Catalogue(public_example.NOW, public_example.rows())
    public_files.write_catalogue(tmp_path, catalogue)
    assert public_files.read_catalogue(tmp_path) == catalogue


def test_deliveries_are_read_as_they_were_written(tmp_path):
    deliveries = Deliveries(public_example.NOW, public_example.deliveries())
    public_files.write_deliveries(tmp_path, deliveries)
    assert public_files.read_deliveries(tmp_path) == deliveries


def test_an_empty_zone_is_an_empty_catalogue_and_not_an_error(tmp_path):
    assert public_files.read_catalogue(tmp_path) == Catalogue("", ())
    assert public_files.read_deliveries(tmp_path) == Deliveries("", ())
    assert public_files.list_reports(tmp_path) == ()


def test_undeclared_is_allowed_only_where_the_provider_declares():
    assert replace(ROW, identified=NOT_DECLARED).counts[0] == "not declared"
    with pytest.raises(UsageError, match="cannot be undeclared"):
        replace(ROW, delivered=NOT_DECLARED)


@pytest.mark.parametrize("count", [-1, 1.5, True, "many", None])
def test_a_count_that_is_no_count_is_refused(count):
    with pytest.raises(UsageError):
        replace(ROW, analysable=count)


def test_counts_that_rise_from_one_step_to_the_next_are_refused():
    with pytest.raises(UsageError, match="rise"):
        replace(ROW, harmonised=ROW.quality_passed + 1)
    assert replace(ROW, quality_passed=HIDDEN).quality_passed == HIDDEN


def test_exact_counts_of_real_patients_are_refused():
    with pytest.raises(UsageError, match="exact"):
        replace(ROW, mark="patient", rounded=False)
    assert replace(ROW, mark="patient", rounded=True).mark == "patient"


def test_a_row_that_stands_twice_is_refused():
    with pytest.raises(UsageError, match="twice"):
        Catalogue(public_example.NOW, (ROW, ROW))


def test_a_track_without_all_ten_stages_is_refused():
    assert len(TRACK) == 10
    with pytest.raises(UsageError, match="ten stages"):
        replace(DELIVERY, stages=DELIVERY.stages[:9])


def test_a_stage_done_behind_a_stopped_one_is_refused():
    stages = list(DELIVERY.stages)
    stages[9] = StageStatus(TRACK[9], "done")
    with pytest.raises(UsageError, match="not done"):
        replace(DELIVERY, stages=tuple(stages))


def test_the_current_stage_is_the_first_that_is_not_done():
    assert DELIVERY.current.name == "Quality gate"
    assert public_example.deliveries()[0].current == StageStatus(
        "Release", "done", "2026-11-11T08:00:00+00:00"
    )


@pytest.mark.parametrize("text", ["RES-XYZ", "../../secret", "RES-0123456789AB", "RES-0123456789abc"])
def test_an_id_that_is_none_never_becomes_a_path(tmp_path, text):
    with pytest.raises(UsageError):
        public_files.read_report(tmp_path, text)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"schema": 2, "counted_at": "", "rows": []}', '{"schema": 1, "rows": []}',
     '{"schema": 1, "counted_at": "", "rows": [{"provider": "A"}]}'],
)  # fmt: skip
def test_a_catalogue_file_in_another_form_is_refused(tmp_path, content):
    (tmp_path / "catalogue.json").write_text(content)
    with pytest.raises(FormatRefused):
        public_files.read_catalogue(tmp_path)


def test_a_published_report_is_listed_and_read_and_a_changed_one_refused(tmp_path):
    report = report_example.report()
    entry = public_example.publish_report(
        tmp_path, report, "<p>æ</p>", report_example.RELEASE, public_example.NOW
    )
    assert public_files.list_reports(tmp_path) == (entry,)
    assert entry.marks == ("public", "synthetic")
    assert public_files.read_report(tmp_path, entry.result) == "<p>æ</p>"
    (tmp_path / "reports" / entry.result / "report.html").write_text("<p>other</p>")
    with pytest.raises(HashMismatch):
        public_files.read_report(tmp_path, entry.result)


def test_reports_are_listed_newest_first(tmp_path):
    report = report_example.report()
    for result, at in (("RES-000000000001", "2026-01-01"), ("RES-000000000002", "2026-03-01")):
        public_example.publish_report(
            tmp_path, replace(report, result=result), "x", report_example.RELEASE, at
        )
    assert [entry.published_at for entry in public_files.list_reports(tmp_path)] == [
        "2026-03-01", "2026-01-01",
    ]  # fmt: skip


def test_an_entry_that_lies_under_another_id_is_refused(tmp_path):
    entry = public_example.publish_report(
        tmp_path, report_example.report(), "x", report_example.RELEASE, "now"
    )
    folder = tmp_path / "reports" / entry.result
    folder.rename(tmp_path / "reports" / "RES-ffffffffffff")
    with pytest.raises(FormatRefused):
        public_files.list_reports(tmp_path)


def test_hidden_problems_are_a_count_and_other_words_or_negative_ones_are_not():
    shown = replace(public_example.deliveries()[0], mark="patient", problems="[c]")
    assert shown.problems == "[c]"
    for wrong in (-1, "not declared", "many", True):
        with pytest.raises(UsageError, match="problems"):
            replace(shown, problems=wrong)


def test_the_files_hold_exactly_the_published_fields(tmp_path):
    public_example.fill(tmp_path)
    zone = tmp_path / "platform" / "public"
    body = json.loads((zone / "reports" / report_example.RESULT / "result.json").read_text())
    assert set(body) == {"schema", *PublishedReport.__dataclass_fields__}
    assert not list(zone.rglob("*.partial"))
