"""The list of problems: exact counts, a bounded list, and the same again after writing and reading."""

import csv

from harmony.stages.problems import COLUMNS, LISTED_PER_RULE, Lines, Problem, ProblemList, read_problems


def problem(severity="error", rule="FRM-VALUE", line=2, column="a"):
    return Problem(severity, rule, "x.csv", line, column, "wrong", "no number")


def test_problems_are_ordered_worst_first_then_by_place():
    problems = ProblemList()
    problems.extend(
        [problem(line=9), problem("warning"), problem("fatal"), problem("structure"), problem(line=3)]
    )
    assert [(p.severity, p.line) for p in problems.in_order()] == [
        ("structure", 2), ("fatal", 2), ("error", 3), ("error", 9), ("warning", 2)
    ]  # fmt: skip


def test_counts_stay_exact_behind_the_list(tmp_path):
    problems = ProblemList()
    for line in range(LISTED_PER_RULE + 7):
        problems.add(problem(line=line))
    problems.add(problem(column="b"))
    problems.add_lines("fatal", "X", "y.csv", "c", "wrong", Lines([4, 5], ["one", "two"]))
    assert (len(problems.listed), problems.total("error")) == (LISTED_PER_RULE + 3, LISTED_PER_RULE + 8)
    assert problems.write(tmp_path / "problems.csv") == LISTED_PER_RULE + 3
    again = read_problems(tmp_path / "problems.csv")
    assert again.counts == problems.counts
    assert again.in_order() == problems.in_order()


def test_lines_added_together_or_one_by_one_are_the_same():
    together, single = ProblemList(), ProblemList()
    together.add_lines("error", "FRM-VALUE", "x.csv", "a", "wrong", Lines([2, 3], ["no number"] * 2))
    single.extend([problem(line=2), problem(line=3)])
    assert (together.listed, together.counts) == (single.listed, single.counts)


def test_a_list_that_is_whole_has_one_file_with_the_columns_of_the_contract(tmp_path):
    problems = ProblemList()
    problems.add(problem())
    problems.write(tmp_path / "problems.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["problems.csv"]
    with (tmp_path / "problems.csv").open(newline="", encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS


def test_a_cell_that_two_tables_read_is_one_problem():
    problems = ProblemList()
    for numbers in ([2, 3], [3, 5], [9], [9, 11]):
        problems.add_lines(
            "error", "FRM-VALUE", "x.csv", "a", "wrong", Lines(numbers, ["no number"] * len(numbers))
        )
    problems.add_lines("error", "FRM-VALUE", "x.csv", "b", "wrong", Lines([9], ["no number"]))
    assert [(p.line, p.column) for p in problems.listed] == [
        (2, "a"),
        (3, "a"),
        (5, "a"),
        (9, "a"),
        (11, "a"),
        (9, "b"),
    ]
    assert problems.total("error") == 6
