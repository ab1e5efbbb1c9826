"""The answer in short, written from the safe sections only: direction, size, certainty, and its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harmony.reporting.document import (
    Block,
    Comparison,
    Curve,
    CurvePoint,
    Explanation,
    ModelTable,
    ModelTerm,
    SurvivalFigure,
)

#: Only these are put into words: "alive" and "death" are true of no other endpoint.
SURVIVAL = "Overall survival"
DEATH = "Death of any cause"

#: Year at which survival is put into words, where every curve reaches it.
ANSWER_YEAR = 5.0
ON_THE_LINE = "Read on the line between the released cuts."


def answer(blocks: Sequence[Block]) -> str:
    """Return the answer to a study's question in two or three sentences."""
    sentences = []
    first = blocks[0]
    for section in first.sections:
        if isinstance(section, SurvivalFigure) and section.endpoint == SURVIVAL:
            sentences += _survival_sentence(section)
        if isinstance(section, ModelTable) and section.outcome == DEATH:
            sentences += _model_sentence(section)
    sentences += _planted_sentence(blocks)
    if not sentences:
        return "The released data do not answer the question; the sections below say why."
    return " ".join(sentences)


def headline(blocks: Sequence[Block]) -> list[tuple[str, str, Explanation]]:
    """Return up to three headline numbers: what it is, the number with its interval, how it was counted."""
    found = []
    for section in blocks[0].sections:
        if isinstance(section, SurvivalFigure) and section.endpoint == SURVIVAL:
            words = section.explanation
            words = replace(words, definition=f"{words.definition} {ON_THE_LINE}")
            found += [
                (f"Alive at {at.time:.0f} years, {curve.group.lower()}", _interval(at), words)
                for curve in section.curves
                if (at := _at(curve, ANSWER_YEAR)) is not None
            ]
        term = _first_estimate(section) if isinstance(section, ModelTable) else None
        if isinstance(section, ModelTable) and term is not None and section.outcome == DEATH:
            interval = f"{term.ratio:.2f} (95% CI {term.lower:.2f} to {term.upper:.2f})"
            found.append((f"Hazard ratio of death, {term.level.lower()}", interval, section.explanation))
    return found[:3]


def _interval(point: CurvePoint) -> str:
    return f"{point.estimate:.0%} (95% CI {point.lower:.0%} to {point.upper:.0%})"


def _survival_sentence(figure: SurvivalFigure) -> list[str]:
    parts = []
    for curve in figure.curves:
        point = _at(curve, ANSWER_YEAR)
        if point is not None:
            parts.append(f"{_interval(point)} {curve.group.lower()}")
    return [f"{figure.endpoint} at {ANSWER_YEAR:.0f} years was {' and '.join(parts)}."] if parts else []


def _at(curve: Curve, year: float) -> CurvePoint | None:
    # A year lies on the line between two released cuts; it is read there and nowhere finer.
    before = [p for p in curve.points if p.time <= year]
    after = [p for p in curve.points if p.time >= year]
    if not before or not after:
        return None
    left, right = before[-1], after[0]
    if right.time == left.time:
        return left
    share = (year - left.time) / (right.time - left.time)

    def between(a: float, b: float) -> float:
        return a + share * (b - a)

    return CurvePoint(
        year,
        between(left.estimate, right.estimate),
        between(left.lower, right.lower),
        between(left.upper, right.upper),
    )


def _model_sentence(model: ModelTable) -> list[str]:
    term = _first_estimate(model)
    if term is None or term.ratio is None or term.lower is None or term.upper is None:
        return []
    reference = next((t for t in model.terms if t.variable == term.variable and t.ratio is None), None)
    against = f" against {reference.level.lower()}" if reference else ""
    if term.lower <= 1.0 <= term.upper:
        direction = "compatible with no difference"
    else:
        direction = "a higher risk of death" if term.ratio > 1 else "a lower risk of death"
    return [
        f"With the other factors held equal, the hazard ratio of death {term.level.lower()}{against} was "
        f"{term.ratio:.2f} (95% CI {term.lower:.2f} to {term.upper:.2f}): {direction}. Treatment was not "
        "randomised, so this is an association and not an effect."
    ]


def _first_estimate(model: ModelTable) -> ModelTerm | None:
    return next((term for term in model.terms if term.ratio is not None), None)


def _planted_sentence(blocks: Sequence[Block]) -> list[str]:
    rows = [
        row
        for block in blocks
        for section in block.sections
        if isinstance(section, Comparison) and section.columns[0] == "Planted"
        for row in section.rows
    ]
    if not rows:
        return []
    holding = sum(row.verdict == "holds" for row in rows)
    return [f"Of {len(rows)} effects planted in the synthetic cohort, {holding} were recovered."]
