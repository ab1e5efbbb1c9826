import random

import pytest
from disclosure_examples import POLICY, PUBLIC, characteristics, variable

from harmony.disclosure.audit import audit
from harmony.disclosure.characteristics import count_table, make_characteristics_safe
from harmony.disclosure.collapse import merged_groups, merged_levels
from harmony.disclosure.results import Merge
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Cell

HIDDEN = Cell(None, "c")


def row(decision, level):
    return next(one for one in decision.safe.rows if one.level == level)


def test_a_table_of_large_counts_stays_as_it_is_with_per_cents_of_the_known():
    sex = variable("Sex", ((40, 60), (44, 20)), (16, 0))
    decision = make_characteristics_safe(characteristics(sex, sizes=(100, 80)), POLICY)
    assert row(decision, "level 0").counts == (Cell(40), Cell(60))
    assert row(decision, "level 0").percents == (47.6, 75.0)
    assert decision.safe.missing == {"Sex": (Cell(16), Cell(0))}
    assert decision.actions == () and decision.to_person == ()


def test_a_small_cell_takes_another_with_it_so_that_the_size_gives_nothing_back():
    stage = variable("Stage", ((3,), (40,), (57,)), (0,))
    decision = make_characteristics_safe(characteristics(stage, sizes=(100,)), POLICY)
    assert [one.counts for one in decision.safe.rows] == [(HIDDEN,), (HIDDEN,), (Cell(57),)]
    assert [one.percents for one in decision.safe.rows] == [(None,), (None,), (57.0,)]
    assert "hidden [c]" in decision.safe.explanation.disclosure[0]


def test_few_missing_are_a_small_cell_and_take_the_per_cents_with_them():
    sex = variable("Sex", ((40,), (57,)), (3,))
    decision = make_characteristics_safe(characteristics(sex, sizes=(100,)), POLICY)
    assert decision.safe.missing["Sex"] == (HIDDEN,)
    assert sum(one.counts == (HIDDEN,) for one in decision.safe.rows) == 1
    assert all(one.percents == (None,) for one in decision.safe.rows)


def test_no_per_cent_of_fewer_than_twenty_known():
    sex = variable("Sex", ((19,), (0,)), (40,))
    decision = make_characteristics_safe(characteristics(sex, sizes=(59,)), POLICY)
    assert row(decision, "level 0").counts == (Cell(19),)
    assert row(decision, "level 0").percents == (None,)


def test_the_total_column_cannot_give_a_hidden_cell_back():
    stage = variable("Stage", ((3, 40, 43), (97, 60, 157)), (0, 0, 0))
    raw = characteristics(stage, sizes=(100, 100, 200), groups=("A", "B", "All"), total="All")
    decision = make_characteristics_safe(raw, POLICY)
    hidden = {
        f"{one.level}|{k}" for one in decision.safe.rows for k, c in enumerate(one.counts) if c == HIDDEN
    }
    found = audit(count_table(raw, raw.variables[0], POLICY), hidden)
    assert found.safe
    assert len(hidden) == 4


def test_declared_merges_come_before_hiding():
    merges = (Merge(("level 1", "level 2"), "later"),)
    stage = variable("Stage", ((40,), (4,), (56,)), (0,), merges=merges)
    decision = make_characteristics_safe(characteristics(stage, sizes=(100,)), POLICY)
    assert [(one.level, one.counts[0].value) for one in decision.safe.rows] == [
        ("level 0", 40),
        ("later", 60),
    ]
    assert decision.actions[0].kind == "merged"


def test_levels_that_are_large_enough_are_not_merged():
    merges = (Merge(("level 0", "level 1"), "any"),)
    stage = variable("Stage", ((40,), (60,)), (0,), merges=merges)
    assert merged_levels(stage, POLICY) == (stage, [])


def test_a_group_that_is_too_small_is_shown_together_with_the_next_smallest():
    sex = variable("Sex", ((3, 20, 40), (4, 30, 60)), (0, 0, 0))
    raw = characteristics(sex, sizes=(7, 50, 100), groups=("A", "B", "C"))
    table, actions = merged_groups(raw, POLICY)
    assert (table.groups, table.sizes) == (("A or B", "C"), (57, 100))
    assert table.variables[0].counts == ((23, 40), (34, 60))
    assert [one.kind for one in actions] == ["merged"]


def test_a_cohort_that_is_too_small_does_not_leave():
    decision = make_characteristics_safe(
        characteristics(variable("Sex", ((3,), (4,)), (0,)), sizes=(7,)), POLICY
    )
    assert decision.safe is None
    assert decision.to_person and decision.actions[0].kind == "withheld"


def test_a_variable_without_a_safe_pattern_is_hidden_whole():
    sex = variable("Sex", ((3,), (7,)), (0,))
    decision = make_characteristics_safe(characteristics(sex, sizes=(10,)), POLICY)
    assert all(one.counts == (HIDDEN,) for one in decision.safe.rows)
    assert decision.safe.missing["Sex"] == (HIDDEN,)
    assert [one.kind for one in decision.actions] == ["hidden", "withheld"]


def test_all_or_none_of_a_group_in_a_sensitive_variable_goes_to_a_person():
    hiv = variable("HIV", ((30, 0), (0, 40)), (0, 0), sensitive=True)
    decision = make_characteristics_safe(characteristics(hiv, sizes=(30, 40)), POLICY)
    assert decision.safe is not None
    assert len(decision.to_person) == 4


def test_all_or_none_in_another_variable_does_not():
    sex = variable("Sex", ((30, 0), (0, 40)), (0, 0))
    assert make_characteristics_safe(characteristics(sex, sizes=(30, 40)), POLICY).to_person == ()


def test_a_structural_zero_is_marked_and_never_hidden():
    zeros = frozenset({("level 1", "G0")})
    pregnant = variable("Pregnant", ((50,), (0,), (4,)), (20,), structural_zeros=zeros)
    decision = make_characteristics_safe(characteristics(pregnant, sizes=(74,)), POLICY)
    assert row(decision, "level 1").counts == (Cell(None, "z"),)
    assert row(decision, "level 2").counts == (HIDDEN,)


def test_the_public_policy_hides_zeros_and_rounds_to_five():
    stage = variable("Stage", ((0,), (41,), (63,)), (20,))
    decision = make_characteristics_safe(characteristics(stage, sizes=(124,)), PUBLIC)
    assert row(decision, "level 0").counts == (HIDDEN,)
    shown = [c.value for one in decision.safe.rows for c in one.counts if c.value is not None]
    assert shown and all(n % 5 == 0 for n in shown)
    assert decision.safe.group_sizes == (Cell(125),)


@pytest.mark.parametrize(
    "raw",
    [
        characteristics(variable("Sex", ((40,), (44,)), (3,)), sizes=(88,)),
        characteristics(variable("Sex", ((-1,), (44,)), (3,)), sizes=(46,)),
        characteristics(
            variable("Sex", ((40, 41),), (0, 0)), sizes=(40, 41), groups=("A", "All"), total="All"
        ),
        characteristics(
            variable("Sex", ((40,), (44,)), (0,), structural_zeros=frozenset({("level 0", "G0")})),
            sizes=(84,),
        ),
    ],
    ids=["missing lost", "negative", "total is no sum", "structural zero with patients"],
)
def test_counts_that_do_not_add_up_are_refused(raw):
    with pytest.raises(DisclosureRefused):
        make_characteristics_safe(raw, POLICY)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("policy", [POLICY, PUBLIC], ids=["output release", "public"])
def test_every_shown_table_passes_the_exact_audit(seed, policy):
    choice = random.Random(seed)
    counts = [[choice.choice([0, 1, 3, 8, 15, 40, 90]) for _ in range(3)] for _ in range(4)]
    missing = [choice.choice([0, 2, 12, 30]) for _ in range(3)]
    for row_ in (*counts, missing):
        row_.append(sum(row_))
    sizes = tuple(sum(column) for column in zip(*counts, missing, strict=True))
    raw = characteristics(
        variable("V", tuple(map(tuple, counts)), tuple(missing)),
        sizes=sizes, groups=("A", "B", "C", "All"), total="All",
    )  # fmt: skip
    decision = make_characteristics_safe(raw, policy)
    if min(sizes) < policy.least_cell:
        return
    hidden = {
        f"{one.level}|{k}" for one in decision.safe.rows for k, c in enumerate(one.counts) if c == HIDDEN
    }
    table = count_table(raw, raw.variables[0], policy)
    missing_ids = [cell for cell in table.cells if cell.startswith("\0missing")]
    hidden |= {c for c, cell in zip(missing_ids, decision.safe.missing["V"], strict=True) if cell == HIDDEN}
    whole = any(one.kind == "withheld" for one in decision.actions)
    assert whole or audit(table, hidden).safe
