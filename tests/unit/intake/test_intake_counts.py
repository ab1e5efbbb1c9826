"""read = converted + not_selected + repeated, with refused lines apart, for any file."""

import json

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_layouts import DICTIONARY, HEAD, write_layout
from zones import opened

from harmony.intake.convert import convert
from harmony.stages.problems import read_problems

LAYOUT = (
    HEAD.format(encoding="utf-8", decimal=".", axis="calendar")
    + """
[[table]]
name = "patient"
file = "one.csv"
rows = { distinct = ["id"] }
[table.columns]
patient_id = { column = "id" }
disease = { constant = "AML" }
sex = { column = "cell", codes = { M = "male", F = "female" } }
[[table]]
name = "response"
file = "one.csv"
only = { column = "cell", in = ["M"] }
[table.columns]
response_id = { row = true }
patient_id = { column = "id" }
"""
)

ROWS = st.lists(
    st.tuples(st.sampled_from("1234"), st.sampled_from(["M", "F", "?", "", "M;M"])), min_size=1, max_size=30
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_counts_add_up_for_any_file(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("counts")
    layout = write_layout(folder, LAYOUT)
    text = "id;cell\n" + "".join(f"{key};{cell}\n" for key, cell in rows)
    (folder / "one.csv").write_text(text, encoding="utf-8")
    with opened(folder) as (zone, journal):
        found = convert(zone, folder, layout, DICTIONARY, journal, {})
    totals = json.loads(found.path("conversion.json").read_text(encoding="utf-8"))
    whole = [(key, cell) for key, cell in rows if cell != "M;M"]
    refused = len(rows) - len(whole)
    first = dict(reversed(whole))
    assert totals["refused_lines"] == {"one.csv": refused}
    assert totals["tables"]["patient"] == {
        "read": len(whole), "converted": len(first), "not_selected": 0, "repeated": len(whole) - len(first)
    }  # fmt: skip
    chosen = sum(cell == "M" for _, cell in whole)
    assert totals["tables"]["response"] == {
        "read": len(whole), "converted": chosen, "not_selected": len(whole) - chosen, "repeated": 0
    }  # fmt: skip
    counts = found.record.counts
    assert counts["in"] == counts["out"] + counts["set_aside"] + counts["refused"] == len(rows)
    for name, table in totals["tables"].items():
        assert pq.read_metadata(found.path(f"tables/{name}.parquet")).num_rows == table["converted"]
    problems = read_problems(found.path("problems.csv"))
    assert problems.counts["error", "FRM-VALUE", "one.csv", "cell"] == sum(c == "?" for c in first.values())
    assert problems.counts["structure", "FRM-EMPTY", "one.csv", ""] == (0 if whole else 1)


def test_converting_the_same_files_again_is_the_stored_stage(tmp_path):
    layout = write_layout(tmp_path, LAYOUT)
    (tmp_path / "one.csv").write_text("id;cell\n1;M\n", encoding="utf-8")
    with opened(tmp_path) as (zone, journal):
        first = convert(zone, tmp_path, layout, DICTIONARY, journal, {})
        again = convert(zone, tmp_path, layout, DICTIONARY, journal, {})
        (tmp_path / "one.csv").write_text("id;cell\n1;F\n", encoding="utf-8")
        other = convert(zone, tmp_path, layout, DICTIONARY, journal, {})
    assert first.record.sha256 == again.record.sha256
    assert other.record.key != first.record.key


def test_an_excluded_cell_is_no_unreadable_date(tmp_path):
    """A date that a condition makes unknown, or a cell of blanks, must not count as another form."""
    rule = 'death_date = { column = "date", date = "%d/%m/%Y", when = { column = "dead", in = ["1"] } }'
    text = LAYOUT.split("[[table]]")[0] + (
        '[[table]]\nname = "patient"\nfile = "one.csv"\n[table.columns]\npatient_id = { column = "id" }\n'
        f'disease = {{ constant = "AML" }}\n{rule}\n'
    )
    layout = write_layout(tmp_path, text)
    rows = ["1;1;01/02/2015", "2;0;not dead", "3;0;alive", "4;1;   "]
    (tmp_path / "one.csv").write_text("\n".join(["id;dead;date", *rows]) + "\n", encoding="utf-8")
    with opened(tmp_path) as (zone, journal):
        found = convert(zone, tmp_path, layout, DICTIONARY, journal, {})
    assert read_problems(found.path("problems.csv")).listed == []
