"""What the anonymity gate did to the estimates: before, after, loss and patients with blanked cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harmony.disclosure.results import RawComparison, RawEstimate
from harmony.stages.journey import StudyView
from harmony.studies.explain import Explainer


def gate_comparison(view: StudyView, sources: tuple[str, ...], words: Explainer) -> RawComparison:
    """
    Return the gate's own estimates of some sources before and after it.

    Parameters
    ----------
    sources : tuple of str
        Providers of the block.
    """
    gate = json.loads(view.release.path("gate.json").read_text(encoding="utf-8"))
    chosen = [source for source in gate["sources"] if source["provider"] in sources]
    rows = tuple(row for source in chosen for row in _rows(source))
    explanation = words.explain(
        "The same estimate on the tables before and after the anonymity gate. "
        + " ".join(_what_was_done(source) for source in chosen),
        "Patients of the source with all variables of the estimate known.",
        "Blanked cells count as not known after the gate.",
    )
    return RawComparison(
        "Estimates before and after the anonymity gate", ("Before", "After"), rows, explanation
    )


def _rows(source: Mapping[str, Any]) -> list[RawEstimate]:
    rows = []
    for name, estimates in source["estimates"].items():
        ratio = name.startswith("Hazard")
        before, after = (_on_scale(estimate, 1 if ratio else 100) for estimate in estimates)
        rows.append(
            RawEstimate(
                label=f"{source['provider']}: {name}",
                unit="ratio" if ratio else "%",
                patients=source["patients_out"],
                events=None,
                first=before[0] if before else None,
                second=after[0] if after else None,
                lower=after[1] if after else None,
                upper=after[2] if after else None,
                verdict=_change(before, after),
            )
        )
    return rows


def _on_scale(estimate: list[float] | None, factor: int) -> list[float] | None:
    return None if estimate is None else [value * factor for value in estimate]


def _change(before: list[float] | None, after: list[float] | None) -> str:
    if before is None or after is None:
        return "not estimable after the gate" if before else "not estimable"
    if before[0] == after[0]:
        return "unchanged"
    return f"changed by {abs(after[0] / before[0] - 1):.1%}" if before[0] else "changed"


def _what_was_done(source: Mapping[str, Any]) -> str:
    levels = ", ".join(f"{field.split('.')[1]} {level}" for field, level in source["levels"].items())
    share = source["blanked"] / source["patients_out"]
    horizon = (
        "follow-up ends up to 90 days before the data cut" if source["horizon"] else "no follow-up horizon"
    )
    return (
        f"{source['provider']}: levels {levels}; loss {source['loss']:.2f} of 1; cells blanked in "
        f"{share:.1%} of patients; {horizon}; smallest class {source['risk']['k']}."
    )
