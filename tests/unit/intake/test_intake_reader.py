"""Rows keep the line they stand on, whatever stands between them, across blocks of the reader."""

import pytest

from harmony.errors import SizeOrEncoding
from harmony.intake.readers.delimited import BLOCK_BYTES, batches, header
from harmony.stages.problems import ProblemList


def read(path, encoding="utf-8", delimiter=","):
    """Rows as (line, cells), and the lines of problems."""
    problems = ProblemList()
    names = header(path, encoding, delimiter)
    rows = []
    for batch in batches(path, encoding, delimiter, names, problems):
        columns = [batch.columns[name].to_pylist() for name in names]
        rows += list(zip(batch.lines.to_pylist(), *columns, strict=True))
    return rows, [problem.line for problem in problems.listed]


#: Content, rows with their lines, lines with a wrong number of cells.
CONTENTS = (
    ("a,b\n1,2\n3,4\n", [(2, "1", "2"), (3, "3", "4")], []),
    ("a,b\r\n1,2\r\n3,4\r\n", [(2, "1", "2"), (3, "3", "4")], []),
    ("\ufeffa,b\n1,2\n", [(2, "1", "2")], []),
    ("a,b\n1,2\n\n3,4\n\n\n", [(2, "1", "2"), (4, "3", "4")], []),
    ("a,b\n1,2\n,\n3,4\n", [(2, "1", "2"), (4, "3", "4")], []),
    ("a,b\n1,2\n3\n4,5,6\n7,8\n", [(2, "1", "2"), (5, "7", "8")], [3, 4]),
    ('a,b\n1,"x,y"\n3,4\n', [(2, "1", "x,y"), (3, "3", "4")], []),
    ('a,b\n1,"say ""x"""\n3,4\n', [(2, "1", 'say "x"'), (3, "3", "4")], []),
    ('a,b\n1,"x\ny\nz"\n3,4\n5\n', [(2, "1", "x\ny\nz"), (5, "3", "4")], [6]),
    ('a,b\n"p\nq"\n3,4\n', [(4, "3", "4")], [2]),
    ('"a,1",b\n1,2\n', [(2, "1", "2")], []),
    ("a,b\n", [], []),
    ("a,b", [], []),
    ("a\n1\n\n2\n", [(2, "1"), (4, "2")], []),
)


@pytest.mark.parametrize(("content", "rows", "wrong"), CONTENTS)
def test_every_row_keeps_its_line(content, rows, wrong, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(content.encode())
    assert read(path) == (rows, wrong)


def test_latin_1_letters_are_read_as_declared(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("età;b\nè;ü\n".encode("iso-8859-1"))
    assert header(path, "iso-8859-1", ";") == ["età", "b"]
    assert read(path, "iso-8859-1", ";")[0] == [(2, "è", "ü")]


def test_lines_are_right_behind_a_block(tmp_path):
    """Every 1,000th row has a cell too many, every 1,700th a cell over three lines."""
    path, expected, wrong, line = tmp_path / "x.csv", [], [], 2
    with path.open("w", encoding="utf-8") as file:
        file.write("a,b\n")
        for number in range(250_000):
            if number % 1000 == 999:
                wrong.append(line)
                file.write(f"{number},{'x' * 60},1\n")
            elif number % 1700 == 1699:
                expected.append((line, str(number)))
                file.write(f'{number},"{"y" * 60}\n\n"\n')
                line += 2
            else:
                expected.append((line, str(number)))
                file.write(f"{number},{'x' * 60}\n")
            line += 1
    assert path.stat().st_size > 2 * BLOCK_BYTES
    rows, problems = read(path)
    assert [(at, cell) for at, cell, _ in rows] == expected
    assert problems == wrong


def test_a_cell_larger_than_a_block_is_refused_without_its_content(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n1," + "CANARY" * (BLOCK_BYTES // 3) + "\n3,4\n", encoding="utf-8")
    with pytest.raises(SizeOrEncoding, match="cannot be read as rows") as caught:
        read(path)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
