"""
The one way out: a raw result becomes a section of a report, or nothing leaves.

The checkers see the result with its counts, never a picture or a text made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from harmony.disclosure.attrition import make_attrition_safe
from harmony.disclosure.characteristics import make_characteristics_safe
from harmony.disclosure.comparisons import make_comparison_safe
from harmony.disclosure.decision import Decision
from harmony.disclosure.figures import make_incidence_safe, make_survival_safe
from harmony.disclosure.models import make_model_safe
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import (
    RawAttrition,
    RawCharacteristics,
    RawComparison,
    RawIncidence,
    RawModel,
    RawResult,
    RawSurvival,
)
from harmony.disclosure.text import small_counts
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Explanation

#: One checker per type of result; a type that is not listed does not leave.
CHECKERS: Final[dict[type, Callable[[Any, OutputPolicy], Decision]]] = {
    RawAttrition: make_attrition_safe,
    RawCharacteristics: make_characteristics_safe,
    RawSurvival: make_survival_safe,
    RawIncidence: make_incidence_safe,
    RawModel: make_model_safe,
    RawComparison: make_comparison_safe,
}


def make_safe(raw: RawResult, policy: OutputPolicy, within: Sequence[float] = ()) -> Decision:
    """
    Make a raw result safe for the way out that the policy describes.

    Parameters
    ----------
    raw : RawResult
        A result with its exact counts.
    policy : OutputPolicy
        Thresholds of the way out.
    within : sequence of float
        For incidence by cause: cuts in years of a released figure of the same events, which it keeps to.

    Returns
    -------
    Decision
        The safe section (None when nothing may leave), what was done, and what a person must judge.

    Raises
    ------
    DisclosureRefused
        When the type of the result has no checker, or its counts contradict each other.
    """
    checker = CHECKERS.get(type(raw))
    if checker is None:
        raise DisclosureRefused(
            f"Results of the type {type(raw).__name__} have no disclosure check.",
            "Hand over one of the checked types; another one needs a checker first.",
            ", ".join(kind.__name__ for kind in CHECKERS),
        )
    if isinstance(raw, RawIncidence):
        decision = make_incidence_safe(raw, policy, within)
    else:
        decision = checker(raw, policy)
    more = [*decision.to_person, *_of_explanation(raw.explanation, policy), *_of_policy(policy)]
    return replace(decision, to_person=tuple(more))


def _of_explanation(explanation: Explanation, policy: OutputPolicy) -> list[str]:
    texts = (explanation.definition, explanation.denominator, explanation.missing)
    return [one for text in texts for one in small_counts(text, policy.least_cell)]


def _of_policy(policy: OutputPolicy) -> list[str]:
    if not policy.loosened:
        return []
    return [f"The policy protects less than the packaged one: {', '.join(policy.loosened)}."]
