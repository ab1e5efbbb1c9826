"""The answer in short, written from the safe sections only: direction, size, certainty, and its limit."""

from __future__ import annotations

from collections.abc import Sequence

from harmony.reporting.document import (
    Block,
    Comparison,
    Curve,
    CurvePoint,
    ModelTable,
    ModelTerm,
    SurvivalFigure,
)

#: Year at which survival is put into words, where every curve reaches it.
ANSWER_YEAR = 5.0


def answer(blocks: Sequence[Block]) -> str:
    """Return the answer to a study's question in two or three sentences."""
    sentences = []
    first = blocks[0]
    for section in first.sections:
        if isinstance(section, SurvivalFigure):
            sentences += _survival_sentence(section)
        if isinstance(section, ModelTable):
            sentences += _model_sentence(section)
    sentences += _planted_sentence(blocks)
    if not sentences:
        return "The released data do not answer the question; the sections below say why."
    return " ".join(sentences)


def headline(blocks: Sequence[Block]) -> tuple[tuple[str, str], ...]:
    """Return up to three headline numbers as (number, what it is)."""
    found = []
    for section in blocks[0].sections:
        if isinstance(section, SurvivalFigure):
            found += [
                (f"{at.estimate:.0%}", f"alive at {at.time:.0f} years, {curve.group.lower()}")
                for curve in section.curves
                if (at := _at(curve, ANSWER_YEAR)) is not None
            ]
        if isinstance(section, ModelTable) and (term := _first_estimate(section)) is not None:
            found.append((f"{term.ratio:.2f}", f"hazard ratio of death, {term.level.lower()}"))
    return tuple(found[:3])


def _survival_sentence(figure: SurvivalFigure) -> list[str]:
    parts = []
    for curve in figure.curves:
        point = _at(curve, ANSWER_YEAR)
        if point is not None:
            interval = f"95% CI {point.lower:.0%} to {point.upper:.0%}"
            parts.append(f"{point.estimate:.0%} ({interval}) {curve.group.lower()}")
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
    if term.lower <= 1.0 <= term.upper:
        direction = "compatible with no difference"
    else:
        direction = "a higher risk of death" if term.ratio > 1 else "a lower risk of death"
    return [
        f"{term.level} was associated with a hazard ratio of {term.ratio:.2f} (95% CI {term.lower:.2f} to "
        f"{term.upper:.2f}), {direction}; treatment was not randomised, so this is no effect of it."
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
