"""What the anonymity gate did to the estimates: before, after, loss and patients with blanked cells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harmony.disclosure.results import RawComparison, RawEstimate
from harmony.stages.journey import StudyView
from harmony.studies.explain import Explainer


def gate_comparison(
    view: StudyView, sources: tuple[str, ...], words: Explainer, least_cell: int
) -> RawComparison:
    """
    Return the gate's own estimates of a block's sources before and after it.

    Parameters
    ----------
    view : StudyView
        The study's view: a source that is not open to it today is not named.
    sources : tuple of str
        Providers of the block; a source counts only with the block's own mark.
    least_cell : int
        The policy's minimum cell; fewer patients with blanked cells are not counted out.
    """
    gate = json.loads(view.release.path("gate.json").read_text(encoding="utf-8"))
    open_to_study = set(sources) & set(view.sources)
    chosen = [s for s in gate["sources"] if s["provider"] in open_to_study and s["mark"] == words.mark]
    rows = tuple(row for source in chosen for row in _rows(source))
    explanation = words.explain(
        "The same estimate on the tables before and after the anonymity gate. "
        + " ".join(_what_was_done(source, least_cell) for source in chosen),
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
        patients, events = _behind(estimates)
        before, after = (_on_scale(estimate, 1 if ratio else 100) for estimate in estimates)
        rows.append(
            RawEstimate(
                label=f"{source['provider']}: {name}",
                unit="ratio" if ratio else "%",
                patients=patients,
                events=events,
                first=before[0] if before else None,
                second=after[0] if after else None,
                lower=after[1] if after else None,
                upper=after[2] if after else None,
                verdict=_change(before, after),
            )
        )
    return rows


def _on_scale(estimate: list[float] | None, factor: int) -> list[float] | None:
    return None if estimate is None else [value * factor for value in estimate[:3]]


def _behind(estimates: Sequence[Sequence[Any] | None]) -> tuple[int, int | None]:
    """Return the smallest numbers of patients and of events behind the estimates; without counts, nobody."""
    counts = [estimate[3:5] or (0, 0) for estimate in estimates if estimate is not None]
    events = [number for _, number in counts if number is not None]
    return min((number for number, _ in counts), default=0), min(events, default=None)


def _change(before: list[float] | None, after: list[float] | None) -> str:
    if before is None or after is None:
        return "not estimable after the gate" if before else "not estimable"
    if before[0] == after[0]:
        return "unchanged"
    return f"changed by {abs(after[0] / before[0] - 1):.1%}" if before[0] else "changed"


def _what_was_done(source: Mapping[str, Any], least_cell: int) -> str:
    levels = ", ".join(f"{field.split('.')[1]} {level}" for field, level in source["levels"].items())
    blanked = source["blanked"]
    share = f"{blanked / max(1, source['patients_out']):.1%} of"
    if 0 < blanked < least_cell:
        share = f"fewer than {least_cell}"
    horizon = (
        "follow-up ends up to 90 days before the data cut" if source["horizon"] else "no follow-up horizon"
    )
    return (
        f"{source['provider']}: levels {levels}; loss {source['loss']:.2f} of 1; cells blanked in "
        f"{share} patients; {horizon}; smallest class {source['risk']['k']}."
    )
