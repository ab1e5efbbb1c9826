"""Compared estimates: each row stands on enough patients and events, or shows no estimate."""

from __future__ import annotations

from harmony.disclosure.decision import Action, Decision, explained, significant
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import RawComparison, RawEstimate
from harmony.disclosure.text import small_counts
from harmony.reporting.document import ComparedEstimate, Comparison


def make_comparison_safe(raw: RawComparison, policy: OutputPolicy) -> Decision:
    """Hide estimates that stand on too few patients or events; round the others to three digits."""
    few = [_stands_on_few(row, policy) for row in raw.rows]
    actions = [Action("rounded", "Estimates are rounded to three significant digits.")]
    if any(few):
        least, events = policy.least_cell, policy.least_events
        text = f"Estimates from fewer than {least} patients or {events} events are hidden."
        actions.append(Action("hidden", text))
    rows = tuple(_row(row, hidden) for row, hidden in zip(raw.rows, few, strict=True))
    words = [text for row in raw.rows for text in (row.verdict, row.note)]
    to_person = tuple(one for text in words for one in small_counts(text, policy.least_cell))
    safe = Comparison(raw.title, raw.columns, rows, explained(raw.explanation, actions))
    return Decision(safe, tuple(actions), to_person)


def _stands_on_few(row: RawEstimate, policy: OutputPolicy) -> bool:
    few_events = row.events is not None and row.events < policy.least_events
    return row.patients < policy.least_cell or few_events


def _row(row: RawEstimate, hidden: bool) -> ComparedEstimate:
    if hidden:
        return ComparedEstimate(row.label, row.unit, None, None, None, None, note="[c] too few")
    return ComparedEstimate(
        row.label,
        row.unit,
        significant(row.first),
        significant(row.second),
        significant(row.lower),
        significant(row.upper),
        significant(row.third),
        significant(row.third_lower),
        significant(row.third_upper),
        row.verdict,
        row.note,
    )
