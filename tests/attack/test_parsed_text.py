"""Attacks by text in columns that are read: no remark, name or number leaves or arrives."""

from __future__ import annotations

import itertools
import re

import pyarrow as pa
import pytest
from exchange_network import refused, rows
from small_layouts import DICTIONARY, HEAD, PATIENT, write_layout
from test_payloads import patient, sent
from zones import opened

from harmony.actors.provider import _shape
from harmony.errors import IdentifierFound
from harmony.identity.payload import write_parts
from harmony.intake.convert import convert
from harmony.intake.parsed import printed_karyotype, printed_variants
from harmony.notation.hgvs.read import read_variant
from harmony.notation.iscn.read import read_karyotype
from harmony.store.tables import read_table, write_table

LAYOUT = (
    HEAD.format(encoding="utf-8", decimal=".", axis="calendar")
    + PATIENT
    + """
[[table]]
name = "cytogenetics"
file = "one.csv"
[table.columns]
report_id = { row = true }
patient_id = { column = "id" }
karyotype_result = { column = "cell", parse = "karyotype" }
karyotype_iscn = { column = "cell", parse = "karyotype" }
minus7 = { column = "cell", parse = "karyotype" }
[[table]]
name = "gene_test"
file = "one.csv"
[table.columns]
test_id = { row = true }
patient_id = { column = "id" }
variants = { column = "gene", parse = "variants" }
"""
)
SECRETS = (
    "Rossi Maria",
    "ROSSI",
    "Rossi",
    "MRN12345",
    "nata il 03/09/1961",
    "tel. 3331234567",
    "RSSMRA61P43F205X",
    "SARAH",
    "ANNA",
    "anna",
)
KARYOTYPES = (
    "{0}", "46,XX,-7[20] {0}", "{0} 45,XX,-7[20]", "45,XX,-7,{0}[20]", "45,XX,-7[20] ({0})",
    "45,XX,{0},-7[20]", "45,{0},-7[20]", "45,XX,-7[20];{0}", "45,XX,-7[{0}]", "45,XX,del({0})(q13)[3]",
    "45,XX,t({0};{0})(q1;q2)", "45,XX,-7[20]/{0}", "45,XX,-7[20]//{0}", "nuc ish({0}x2)[200]",
    "45,XX,-7[20].nuc ish({0}x2)[200]", "arr[hg19] {0}", "45,XX,der({0})t(1;2)(p1;q1)",
    "45,XX,-7 or {0}[20]", "45,XX,?{0}[20]", "45,XX,{0}x2[20]", "45,XX,-7[cp{0}]", "{0}c", "46,XX,+{0}[3]",
    "no metaphases {0}",
)  # fmt: skip
VARIANTS = (
    "{0}", "NPM1 {0}", "{0} p.(Arg882His)", "{0}:p.(Arg882His)", "DNMT3A:p.(Arg882His) {0}", "FLT3-ITD {0}",
    "{0}::ABL1", "BCR::{0}", "DNMT3A:c.1_2ins{0}", "NM_000001.1({0}):c.35G>A", "{0}(NPM1):c.35G>A",
    "NPM1 VAF {0}", "NPM1:p.({0})", "{0} mutato", "DNMT3A R882H; {0}", "DNMT3A:c.35_36ins[{0}:c.1_2]",
    "TP53:c.[35G>A;{0}]", "DNMT3A:c.35_36ins{0}:c.1_2", "{0}:c.35_36ins[{0}:g.1_2]", "DNMT3A:g.{0}",
)  # fmt: skip


def _traces(secret):
    return {word.casefold() for word in secret.replace("/", " ").split() if len(word) > 3}


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_any_place_of_a_cell_is_never_printed(secret):
    for template in KARYOTYPES:
        printed = printed_karyotype(read_karyotype(template.format(secret))).casefold()
        assert not any(trace in printed for trace in _traces(secret)), template
    for template in VARIANTS:
        printed = printed_variants(read_variant(template.format(secret))).casefold()
        assert not any(trace in printed for trace in _traces(secret)), template


def test_no_stage_record_table_or_problem_of_a_conversion_holds_a_secret(tmp_path):
    layout = write_layout(tmp_path, LAYOUT)
    cells = [template.format(secret) for template, secret in itertools.product(KARYOTYPES, SECRETS)]
    genes = list(
        itertools.islice(itertools.cycle(t.format(s) for t in VARIANTS for s in SECRETS), len(cells))
    )
    lines = [f'{n};"{cell}";"{gene}"' for n, (cell, gene) in enumerate(zip(cells, genes, strict=True))]
    (tmp_path / "one.csv").write_text("\n".join(["id;cell;gene", *lines, ""]), encoding="utf-8")
    with opened(tmp_path / "zone") as (zone, journal):
        found = convert(zone, tmp_path, layout, DICTIONARY, journal, {})
        tables = [read_table(path) for path in found.path("tables").glob("*.parquet")]
        told = "\n".join(path.read_text("utf-8") for path in found.path("problems.csv").parent.glob("*.*"))
    # Hashes, signatures and instants hold any four digits by chance, 1961 among them.
    told = re.sub(r"[A-Za-z0-9+/_-]{24,}=*|\d{2}:\d{2}:\d{2}\.\d+|\d+\.\d{3,}", "", told)
    shown = (told + "".join(str(table.to_pydict()) for table in tables)).casefold()
    for secret in SECRETS:
        assert not any(trace in shown for trace in _traces(secret)), secret


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("karyotype_iscn", "Rossi Maria"),
        ("karyotype_iscn", "46,XX[20] Rossi"),
        ("karyotype_iscn", "46,xx[20]"),
        ("karyotype_iscn", "RossiMaria"),
        ("karyotype_iscn", ""),
    ],
)
def test_packing_refuses_a_text_that_no_reader_printed(field, value, tmp_path):
    shape = _shape(DICTIONARY)
    tables = {
        "patient": pa.table({"patient_id": ["1"], "disease": ["AML"]}),
        "cytogenetics": pa.table({"report_id": ["1"], "patient_id": ["1"], field: [value]}),
    }
    files = {}
    for name, table in tables.items():
        files[name] = tmp_path / f"{name}.parquet"
        write_table(files[name], table)
    (tmp_path / "parts").mkdir()
    with pytest.raises(IdentifierFound, match="no reader printed") as caught:
        write_parts(files, {"1": "00" * 16}, shape, tmp_path / "parts")
    assert "Rossi" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "key", "field", "value"),
    [
        ("cytogenetics", "report_id", "karyotype_iscn", "Rossi Maria, nata il 03/09/1961"),
        ("cytogenetics", "report_id", "karyotype_iscn", "RossiMaria"),
        ("gene_test", "test_id", "variants", "NPM1:c.860_863dup p.(Trp288CysfsTer12) 41% Rossi"),
    ],
)
def test_the_platform_refuses_the_text_of_a_changed_program(network, tmp_path, table, key, field, value):
    listed = rows()
    handles = [handle for handle, _ in listed]
    forged = pa.table({"handle": handles[:1], key: ["1"], field: [value], "_row": pa.array([1], pa.int64())})
    folder = sent(network, tmp_path, {"patient": patient(handles), table: forged}, listed)
    error = refused(network, "platform", lambda: network.receive(folder), IdentifierFound)
    assert "Rossi" not in str(error)


def test_the_platform_takes_what_a_reader_printed(network, tmp_path):
    listed = rows()
    handles = [handle for handle, _ in listed]
    iscn = pa.array(["45,XX,-7[10]/46,XX[5]", None], pa.string())
    numbers = pa.array([1, 2], pa.int64())
    report = pa.table(
        {"handle": handles[:2], "report_id": ["1", "2"], "karyotype_iscn": iscn, "_row": numbers}
    )
    folder = sent(network, tmp_path, {"patient": patient(handles), "cytogenetics": report}, listed)
    received = network.receive(folder)
    assert read_table(received.path("tables/cytogenetics.parquet")).column("karyotype_iscn").to_pylist() == [
        "45,XX,-7[10]/46,XX[5]", None
    ]  # fmt: skip
