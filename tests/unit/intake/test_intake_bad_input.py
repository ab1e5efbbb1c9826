"""Bad deliveries through the provider's command: one clear message, the right exit code, no value shown."""

import csv
import json
import shutil

import pytest
from small_network import build

from harmony.actors import provider, steward
from harmony.actors.desk import at
from harmony.errors import HarmonyError
from harmony.store.control.database import SqlJournal

ENCODING = "iso-8859-1"
CANARY = "CANARYVALUE"
NAME = "Canarina Valeria"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return build(tmp_path_factory.mktemp("bad"), patients=120, rows=0, upto="network")


@pytest.fixture
def delivery(small, tmp_path):
    shutil.copytree(small.sources["P02"], tmp_path / "P02")
    return tmp_path / "P02"


def text_of(folder, name):
    return (folder / f"{name}.synthetic.csv").read_text(encoding=ENCODING)


def write(folder, name, text, encoding=ENCODING):
    (folder / f"{name}.synthetic.csv").write_bytes(text.encode(encoding))


def rows_of(folder, name):
    return list(csv.reader(text_of(folder, name).splitlines(), delimiter=";"))


def write_rows(folder, name, rows):
    write(folder, name, "".join(";".join(row) + "\r\n" for row in rows))


def edit(name, column, change, lines):
    """A change of one column at some 1-based lines of a file."""

    def apply(folder):
        rows = rows_of(folder, name)
        place = rows[0].index(column)
        for line in lines:
            rows[line - 1][place] = change(rows[line - 1][place])
        write_rows(folder, name, rows)

    return apply


def check(small, folder, agreement=None):
    """The answer of a good check, or the error."""
    return provider.check(small.network, "P02", folder, "p02_aml", agreement or small.agreements["P02"])


def refused(small, folder, agreement=None):
    with pytest.raises(HarmonyError) as caught:
        check(small, folder, agreement)
    return caught.value


def as_utf8_inside_latin(folder):
    (folder / "pazienti.synthetic.csv").write_bytes(text_of(folder, "pazienti").encode("utf-8"))


def empty(folder):
    (folder / "terapia.synthetic.csv").write_bytes(b"")


def missing(folder):
    (folder / "terapia.synthetic.csv").unlink()


def only_header(folder):
    write_rows(folder, "pazienti", rows_of(folder, "pazienti")[:1])


def no_header(folder):
    write_rows(folder, "pazienti", [[CANARY, *row[1:]] for row in rows_of(folder, "pazienti")[1:]])


def wrong_delimiter(folder):
    write(folder, "pazienti", text_of(folder, "pazienti").replace(";", "\t"))


def cells(folder):
    rows = rows_of(folder, "pazienti")
    rows[4].append(CANARY)
    write_rows(folder, "pazienti", rows)


def double_name(folder):
    rows = rows_of(folder, "pazienti")
    write_rows(folder, "pazienti", [[*rows[0], "sesso"], *([*row, CANARY] for row in rows[1:])])


def undeclared(folder):
    rows = rows_of(folder, "pazienti")
    write_rows(folder, "pazienti", [[*rows[0], "telefono"], *([*row, CANARY] for row in rows[1:])])


def dropped(folder):
    write_rows(folder, "pazienti", [row[1:] for row in rows_of(folder, "pazienti")])


def nul(folder):
    write(folder, "pazienti", text_of(folder, "pazienti").replace("ampio", "am\0pio", 1))


def open_quote(folder):
    write(folder, "pazienti", text_of(folder, "pazienti").replace("ampio", f'"{CANARY}', 1))


def three_forms(folder):
    rows = rows_of(folder, "pazienti")
    place = rows[0].index("data_diagnosi")
    for number, row in enumerate(rows[1:]):
        day, month, year = row[place].split("/")
        row[place] = (f"{day}/{month}/{year}", f"{year}-{month}-{day}", f"{month}.{day}.{year}")[number % 3]
    write_rows(folder, "pazienti", rows)


#: What is wrong, how the files are broken, exit code, words of the message.
REFUSALS = (
    ("another encoding than declared", as_utf8_inside_latin, 12, "column"),
    ("an empty file", empty, 10, "terapia.synthetic.csv is empty"),
    ("a missing file", missing, 11, "terapia.synthetic.csv is missing"),
    ("a header without rows", only_header, 10, "1 structure"),
    ("no header", no_header, 12, "not the header"),
    ("another delimiter", wrong_delimiter, 12, "not the header"),
    ("a line with one cell more", cells, 10, "1 structure"),
    ("a name that stands twice", double_name, 12, "stands 2 times"),
    ("a column nobody declared", undeclared, 12, "'telefono' is not declared"),
    ("a missing column", dropped, 12, "'codice_paz' is missing"),
    ("a NUL character", nul, 11, "line 2 has a NUL"),
    ("a quotation mark that is never closed", open_quote, 11, "never closed"),
    ("dates in three forms", three_forms, 10, "structure"),
    ("a name in a coded column", edit("pazienti", "consenso", lambda _: NAME, [3]), 10, "structure"),
    ("a name as patient's number", edit("pazienti", "codice_paz", lambda _: NAME, [3]), 10, "structure"),
)  # fmt: skip


@pytest.mark.parametrize(("what", "break_", "code", "words"), REFUSALS, ids=[case[0] for case in REFUSALS])
def test_a_bad_delivery_is_refused_with_one_clear_message(what, break_, code, words, small, delivery):
    break_(delivery)
    error = refused(small, delivery)
    assert (error.exit_code, words in error.what) == (code, True), error.what
    assert error.next_step
    assert error.details["listed"]


def test_a_latin_1_file_declared_as_utf_8_names_its_first_bad_line(tmp_path):
    from small_layouts import layout_text, write_layout

    from harmony.intake.convert import check_files

    layout = write_layout(tmp_path / "layout", layout_text("patient.sex"))
    (tmp_path / "one.csv").write_bytes("id;cell\n1;male\n2;f\u00e9male\n3;m\u00e4le\n".encode("iso-8859-1"))
    (fault,) = check_files(tmp_path, layout, 10**6)
    assert (fault.error.exit_code, fault.file, fault.line, fault.column) == (11, "one.csv", 3, "")
    assert fault.error.what == "one.csv line 3 is not utf-8."
    assert "iso-8859-1" in fault.error.next_step


def test_columns_of_a_readable_file_are_listed_beside_another_files_encoding_and_the_layout_decides(tmp_path):
    from small_layouts import layout_text, write_layout

    from harmony.intake.convert import check_files

    first, second = layout_text("gene_test.npm1_status").split('[[table]]\nname = "gene_test"')
    text = f'{first.replace("one.csv", "other file.csv")}[[table]]\nname = "gene_test"{second}'
    two = write_layout(tmp_path / "layout", text.replace("one.csv", "one 2.csv"))
    (tmp_path / "other file.csv").write_bytes(b"a\xff\n")
    (tmp_path / "one 2.csv").write_bytes(b"id;new column\n1;male\n")
    found = [(f.error.exit_code, f.file, f.line, f.column) for f in check_files(tmp_path, two, 10**6)]
    assert found == [
        (11, "other file.csv", 1, ""), (12, "one 2.csv", 1, "cell"), (12, "one 2.csv", 1, "new column"),
    ]  # fmt: skip


#: Bytes of a small UTF-8 file, and the first line that is wrong.
BAD_BYTES = (
    (b"a\nb\nc\xff\n", 3),
    (b"\xff\n", 1),
    (b"a\nb\xc3", 2),
    (b"a" * (8 * 1024 * 1024 - 2) + b"\n\xc3\nb", 2),
)


@pytest.mark.parametrize(("content", "line"), BAD_BYTES)
def test_the_first_bad_line_is_right_at_block_and_file_ends(content, line, tmp_path):
    from harmony.intake.readers.delimited import check_file

    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(HarmonyError, match=f"line {line} is not utf-8"):
        check_file(tmp_path / "x.csv", "utf-8", 10**9)


def test_a_file_above_the_limit_of_the_agreement_is_refused(small, delivery):
    import datetime as dt

    until = dt.date(2030, 12, 31)
    answer = steward.agreement_add(small.network, ["P02"], "synthetic", dt.date(2026, 1, 1), until, 1000, 5)
    steward.pin(small.network, "hospital", "P02", answer["fingerprint"])
    error = refused(small, delivery, answer["agreement"])
    assert (error.exit_code, error.allowed) == (11, "at most 1,000 bytes")
    assert len(error.details["listed"]) == 10


def test_a_layout_fault_is_worse_than_a_data_fault_and_all_are_listed(small, delivery):
    undeclared(delivery)
    dropped_too = rows_of(delivery, "terapia")
    write_rows(delivery, "terapia", [row[1:] for row in dropped_too])
    error = refused(small, delivery)
    assert error.exit_code == 12
    assert {(p["file"], p["rule"]) for p in error.details["listed"]} == {
        ("pazienti.synthetic.csv", "LAY-COLUMN"),
        ("terapia.synthetic.csv", "LAY-COLUMN"),
    }


def test_few_unreadable_dates_are_errors_and_not_refused(small, delivery):
    edit("pazienti", "data_ult_contatto", lambda _: "soon", [5, 77])(delivery)
    answer = check(small, delivery)
    unread = [p for p in answer["listed"] if p["rule"] == "FRM-VALUE"]
    assert [(p["line"], p["column"]) for p in unread] == [(5, "data_ult_contatto"), (77, "data_ult_contatto")]
    assert answer["verdict"] == "passed"


def test_more_than_two_per_cent_unreadable_dates_are_refused(small, delivery):
    edit("pazienti", "data_ult_contatto", lambda _: "soon", [5, 77, 80])(delivery)
    error = refused(small, delivery)
    assert error.exit_code == 10
    assert [p["column"] for p in error.details["listed"] if p["rule"] == "FRM-DATES"] == ["data_ult_contatto"]


#: How a good file may be written otherwise without a difference.
HARMLESS = (
    ("line ends of Unix", lambda text: text.replace("\r\n", "\n")),
    ("blank lines at the end", lambda text: text + "\r\n\r\n"),
    ("no line end at the end", lambda text: text.rstrip("\r\n")),
    ("quoted cells", lambda text: text.replace("ampio", '"ampio"')),
)


@pytest.mark.parametrize(("what", "rewrite"), HARMLESS, ids=[case[0] for case in HARMLESS])
def test_another_spelling_of_the_same_file_gives_the_same_answer(what, rewrite, small, delivery):
    plain = check(small, delivery)
    write(delivery, "pazienti", rewrite(text_of(delivery, "pazienti")))
    again = check(small, delivery)
    for name in ("patients", "level", "problems", "listed"):
        assert again[name] == plain[name]


def test_no_output_shows_a_cell(small, delivery, capfd):
    """Canaries in numbers, codes, dates, text and extra cells: none may stand in any message or report."""
    lines = [3, 4]
    for name, column in (
        ("pazienti", "sesso"), ("pazienti", "anno_nascita"), ("pazienti", "data_decesso"),
        ("esami_sangue", "emoglobina"), ("genetica", "TP53"), ("terapia", "schema_terapia"),
    ):  # fmt: skip
        edit(name, column, lambda _: CANARY, lines)(delivery)
    edit("terapia", "fase", lambda _: NAME, lines)(delivery)
    cells(delivery)
    error = refused(small, delivery)
    said = json.dumps(error.as_dict()) + str(error) + "".join(capfd.readouterr())
    reports = [p for p in (small.network / "hospital" / "P02").rglob("*") if p.is_file()]
    seen = [path for path in reports if _holds(path)]
    assert not _shows(said)
    assert [path.name for path in seen] == []
    assert len(error.details["listed"]) >= 14
    assert (delivery / "terapia.synthetic.csv").read_text(encoding=ENCODING).count(NAME) == 2


def _shows(text):
    return any(word in text for word in (CANARY, *NAME.split()))


def _holds(path):
    return _shows(path.read_bytes().decode("latin-1"))


def test_a_refused_delivery_leaves_no_tables_to_pack(small, delivery):
    def passed():
        with at(small.network, "hospital", "P02") as desk:
            journal: SqlJournal = desk.journal
            return journal.keys("pass")

    before = passed()
    cells(delivery)
    with pytest.raises(HarmonyError):
        provider.pack(small.network, "P02", delivery, "p02_aml", small.agreements["P02"])
    assert passed() == before
