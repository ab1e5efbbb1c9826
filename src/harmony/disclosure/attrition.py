"""Attrition: differences of consecutive boxes are cells, so small ones are merged into the next step."""

from __future__ import annotations

from collections.abc import Sequence

from harmony.disclosure.decision import Action, Decision, explained, is_small, shown
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import RawAttrition, RawStep
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Attrition, AttritionStep, Cell


def make_attrition_safe(raw: RawAttrition, policy: OutputPolicy) -> Decision:
    """
    Merge steps until every box and every difference is 0 or large enough; keep as many boxes as possible.

    First and last box stay. Where they alone differ by too few, or the last holds too few, only the larger
    of the two numbers is shown and the other is hidden.

    Raises
    ------
    DisclosureRefused
        When there is no step, or the number of patients rises from one step to the next.
    """
    _check(raw)
    kept = _most_boxes([step.remaining for step in raw.steps], policy)
    actions: list[Action] = []
    if len(kept) < len(raw.steps):
        text = f"Steps that fewer than {policy.least_cell} patients left by are merged with the next one."
        actions.append(Action("merged", text))
    steps, hidden = _steps(raw.steps, kept, policy)
    if hidden:
        text = f"A number below {policy.least_cell}, and what would give it back, is hidden [c]."
        actions.append(Action("hidden", text))
    if policy.rounding_base:
        actions.append(Action("rounded", f"Counts are rounded to {policy.rounding_base}."))
    to_person = tuple(
        f"Nobody left by the sensitive criterion '{step.label}'."
        for before, step in zip(raw.steps, raw.steps[1:], strict=False)
        if step.sensitive and before.remaining == step.remaining
    )
    safe = Attrition(raw.title, steps, explained(raw.explanation, actions))
    return Decision(safe, tuple(actions), to_person)


def _check(raw: RawAttrition) -> None:
    numbers = [step.remaining for step in raw.steps]
    if not numbers or numbers != sorted(numbers, reverse=True) or numbers[-1] < 0:
        raise DisclosureRefused(
            "An attrition has no steps, or its number of patients rises.",
            "Correct the order of the steps in the analysis.",
        )


def _most_boxes(numbers: Sequence[int], policy: OutputPolicy) -> list[int]:
    """Return the longest chain of boxes from first to last without a small difference or box."""
    small = policy.least_cell
    best: list[list[int] | None] = [[0]] + [None] * (len(numbers) - 1)
    for at in range(1, len(numbers)):
        inner = at < len(numbers) - 1
        if inner and 0 < numbers[at] < small:
            continue
        for before in range(at):
            chain, gap = best[before], numbers[before] - numbers[at]
            # That nobody left by a criterion is shown even where tables hide zeros: it names no group.
            if chain is None or 0 < gap < small:
                continue
            current = best[at]
            if current is None or len(chain) + 1 > len(current):
                best[at] = [*chain, at]
    return best[-1] or ([0, len(numbers) - 1] if len(numbers) > 1 else [0])


def _difference(before: Cell, after: Cell) -> Cell:
    # From the shown numbers, so that rounded boxes and their differences add up.
    if before.value is None or after.value is None:
        return Cell(None, "c")
    return Cell(before.value - after.value)


def _steps(
    raw: Sequence[RawStep], kept: Sequence[int], policy: OutputPolicy
) -> tuple[tuple[AttritionStep, ...], bool]:
    first, last = raw[0].remaining, raw[kept[-1]].remaining
    too_close = 0 < first - last < policy.least_cell
    cells = [shown(raw[at].remaining, policy) for at in kept]
    if too_close or is_small(first, policy):
        # The analysed number stands in every other table of the report, so the first one is hidden.
        cells[0] = Cell(None, "c")
    if is_small(last, policy):
        cells[-1] = Cell(None, "c")
    steps = [AttritionStep(raw[0].label, cells[0], None, raw[0].reason)]
    for k in range(1, len(kept)):
        before, at = kept[k - 1], kept[k]
        gone = _difference(cells[k - 1], cells[k])
        reasons = "; ".join(step.reason for step in raw[before + 1 : at + 1] if step.reason)
        steps.append(AttritionStep(raw[at].label, cells[k], gone, reasons))
    return tuple(steps), any(cell.value is None for cell in cells)
