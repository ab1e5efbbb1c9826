"""
Strings with hand-written readings, one row each: the 58 of the definition and our own.

In our table `|` parts readings of which either is right, because laboratories differ or a repair is as good
as a refusal; the note says why. `*` is not judged. `findings` names what is not `absent` (or, in a row that
was not wholly read, not `not_assessed`); `rest` stands for all that are not named.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from karyotype_rows import ALLOWED, broken_promises
from karyotype_text import listed_copies
from slow_karyotype import FINDINGS

from harmony.notation.iscn.read import read_karyotype

SPEC = Path(__file__).parents[2] / "spec"
#: Columns of our table that the command writes under the same name.
WRITTEN = (
    "status", "karyotype_result", "count", "count_is_minimum", "clones", "modal_number", "complex_count_ge3",
    "complex_eln2022", "monosomal", "ipss_r_group",
)  # fmt: skip
#: Columns that the definition's own table judges.
DEFINED = ("count", "complex_eln2022", "complex_count_ge3", "monosomal", "ipss_r_group", "eln2022_lesions")


def rows(name):
    with (SPEC / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


OURS = rows("karyotypes.csv")
DEFINITION = rows("karyotype_tests.csv")


def accepted(cell):
    """Return the values that a cell of the table allows, `None` for any."""
    return None if "*" in cell.split("|") else cell.split("|")


def wanted_findings(expected, status):
    """Return what each finding may be: the named ones as said, the rest absent if all was read."""
    named = dict(token.split("=") for token in expected["findings"].split())
    rest = named.pop("rest", "absent" if status == "read" else "not_assessed")
    return {f: named.get(f, rest).split("|") for f in FINDINGS}


def differences(expected, got):
    """Return every column that differs: (wanted, got)."""
    wrong = {}
    for name in WRITTEN:
        wanted = accepted(expected[name])
        if wanted is not None and got[name] not in wanted:
            wrong[name] = (wanted, got[name])
    wanted = accepted(expected["abnormalities"])
    if wanted is not None and listed_copies(got["abnormalities"]) not in map(listed_copies, wanted):
        wrong["abnormalities"] = (wanted, got["abnormalities"])
    wanted = accepted(expected["eln2022_lesions"])
    lesions = set(filter(None, got["eln2022_lesions"].split("; ")))
    if wanted is not None and lesions not in [set(filter(None, w.split("; "))) for w in wanted]:
        wrong["eln2022_lesions"] = (wanted, got["eln2022_lesions"])
    for name, values in wanted_findings(expected, got["status"]).items():
        if values != ["any"] and got[name] not in values:
            wrong[name] = (values, got[name])
    return wrong


@pytest.mark.parametrize("expected", OURS, ids=lambda row: row["test_id"])
def test_a_string_of_our_table_reads_as_written_by_hand(expected):
    got = read_karyotype(expected["iscn"], expected["sex"] or None).row()
    assert differences(expected, got) == {}, expected["iscn"]
    assert broken_promises(got) == [], expected["iscn"]


@pytest.mark.parametrize("expected", DEFINITION, ids=lambda row: row["test_id"])
def test_a_string_of_the_definition_reads_as_defined(expected):
    got = read_karyotype(expected["iscn"]).row()
    wanted = {name: expected[name] for name in DEFINED}
    # The table names in brackets what is seen and not counted.
    wanted["abnormalities"] = "" if expected["abnormalities"].startswith("(") else expected["abnormalities"]
    assert {name: got[name] for name in wanted} == wanted
    assert broken_promises(got) == []


@pytest.mark.parametrize("name", ["karyotypes.csv", "karyotype_tests.csv"])
def test_no_string_is_judged_twice(name):
    table = rows(name)
    assert len({row["test_id"] for row in table}) == len(table)
    assert len({(row["iscn"], row.get("sex")) for row in table}) == len(table)


def test_our_table_covers_more_than_the_definition():
    assert len(OURS) >= 200 and len(DEFINITION) == 58
    assert not {row["iscn"] for row in OURS} & {row["iscn"] for row in DEFINITION}


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_finding_is_wanted_present_and_wanted_absent_somewhere(finding):
    wanted = [wanted_findings(row, row["status"])[finding] for row in OURS]
    assert ["present"] in wanted and ["absent"] in wanted and ["not_assessed"] in wanted


def test_the_table_itself_asks_for_nothing_that_no_row_may_say():
    for row in OURS:
        for name in WRITTEN:
            assert name not in ALLOWED or set(accepted(row[name]) or []) <= ALLOWED[name], row
        if "read" not in row["status"].split("|"):
            assert "normal" not in (accepted(row["karyotype_result"]) or []), row
        for finding, values in wanted_findings(row, row["status"]).items():
            assert set(values) <= ALLOWED[finding] | {"any"}, row


def test_a_reading_that_differs_is_noticed():
    expected = next(row for row in OURS if row["iscn"] == "45,XY,-7")
    got = read_karyotype(expected["iscn"]).row() | {"minus7": "absent", "count": "0", "eln2022_lesions": ""}
    assert set(differences(expected, got)) == {"minus7", "count", "eln2022_lesions"}
