"""Survival and incidence figures from merged counts: what `curves` releases, as a report draws it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from harmony.disclosure.curves import MergedCurves, MergedGroup, Times, carried_curves, days_in_years
from harmony.disclosure.decision import Action, Decision, explained, rounded_count, significant
from harmony.disclosure.estimates import Interval
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import IncidenceGroup, RawIncidence, RawSurvival, RawTest, SurvivalGroup
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Curve, CurvePoint, IncidenceFigure, SurvivalFigure

#: Below this many patients a curve of a rare marker goes to a person.
RARE_GROUP: Final = 20
DAYS_PER_YEAR: Final = 365.25
OTHER_CAUSES: Final = "Other causes"


def make_survival_safe(raw: RawSurvival, policy: OutputPolicy) -> Decision:
    """
    Draw Kaplan-Meier curves from merged counts, all groups over the same cuts.

    Returns
    -------
    Decision
        The figure; with no curves and the reason in `withheld` when no interval holds enough events, or a
        group is smaller than the minimum cell.

    Raises
    ------
    DisclosureRefused
        When a time is negative or not finite, or a group has no patients or another number of events.
    """
    groups = {one.name: _times(one, np.asarray(one.event, dtype=np.int64)) for one in raw.groups}
    merged = _merged(groups, policy)
    actions = _actions(merged, policy)
    curves = tuple(
        Curve(name, rounded_count(group.patients, policy.rounding_base), _events(group), points)
        for name, group in merged.groups.items()
        for points in [_survival_points(group, policy)]
    )
    safe = SurvivalFigure(
        raw.title,
        raw.time_zero,
        raw.endpoint,
        curves,
        (merged.withheld,) if merged.withheld else (),
        _test(raw.test) if curves else "",
        _alt(f"Kaplan-Meier estimate of {raw.endpoint}", curves),
        explained(raw.explanation, actions),
    )
    return Decision(safe, tuple(actions), _to_person(merged, raw.missing, policy))


def make_incidence_safe(raw: RawIncidence, policy: OutputPolicy, within: Sequence[float] = ()) -> Decision:
    """
    Draw cumulative incidence curves from merged counts; all causes and groups share the cuts.

    Causes with fewer events than the minimum in a group that has them are pooled into *Other causes*.

    Parameters
    ----------
    within : sequence of float
        Cuts in years of a figure of the same events beside this one, which it keeps to; empty = any.

    Returns
    -------
    Decision
        As in `make_survival_safe`.

    Raises
    ------
    DisclosureRefused
        As in `make_survival_safe`, and when a cause has no label.
    """
    _check_causes(raw)
    pooled, labels, rare = _pooled(raw, policy)
    merged = _merged(pooled, policy, within)
    actions = _actions(merged, policy)
    if len(labels) < len(raw.causes):
        actions.append(Action("merged", f"Rare causes are shown together as {OTHER_CAUSES}."))
    panels = (
        {} if merged.withheld else {label: _panel(merged, code, policy) for code, label in labels.items()}
    )
    first = next(iter(panels.values()), ())
    safe = IncidenceFigure(
        raw.title,
        raw.time_zero,
        panels,
        (merged.withheld,) if merged.withheld else (),
        _alt(f"Cumulative incidence, {next(iter(panels), '')}", first),
        explained(raw.explanation, actions),
    )
    to_person = list(_to_person(merged, raw.missing, policy))
    if rare:
        to_person.append(f"A cause with fewer than {policy.least_events} events in total was pooled.")
    return Decision(safe, tuple(actions), tuple(to_person))


def _times(group: SurvivalGroup | IncidenceGroup, cause: np.ndarray) -> Times:
    days = np.asarray(group.days, dtype=np.float64)
    if days.ndim != 1 or len(days) == 0 or days.shape != cause.shape:
        raise DisclosureRefused(
            f"The group '{group.name}' has no patients, or times and events of different number.",
            "Correct the groups in the analysis.",
        )
    if not np.isfinite(days).all() or (days < 0).any():
        raise DisclosureRefused(
            f"A time of the group '{group.name}' is negative or not a number.",
            "Correct the endpoint.",
            "0 days or more",
        )
    # What happens on day 0 belongs to the first interval; a cut at time zero would be an exact day.
    return np.maximum(days, 1.0), cause


def _merged(groups: Mapping[str, Times], policy: OutputPolicy, within: Sequence[float] = ()) -> MergedCurves:
    small = [name for name, (days, _) in groups.items() if len(days) < policy.least_cell]
    if small:
        # The other groups go too: the size of the cohort, printed elsewhere, would give this one back.
        return MergedCurves((), {}, f"Group smaller than {policy.least_cell} patients: {', '.join(small)}.")
    if not groups:
        return MergedCurves((), {}, "No group.")
    days = [DAYS_PER_YEAR * year for year in within]
    merged = carried_curves(groups, policy.least_events, policy.grid_days, policy.least_left, days)
    if not merged.withheld:
        return merged
    reason = f"No interval holds at least {policy.least_events} events in each group."
    return MergedCurves((), {}, reason)


def _drawn(group: MergedGroup) -> tuple[Interval, ...]:
    # Where nobody was left a line would claim that nothing happened.
    return tuple(one for one in group.intervals if one.at_risk)


def _events(group: MergedGroup) -> int:
    # Only events up to the last cut: the few after it are not disclosed.
    return sum(one.all_events for one in group.intervals)


def _survival_points(group: MergedGroup, policy: OutputPolicy) -> tuple[CurvePoint, ...]:
    points = [CurvePoint(0.0, 1.0, 1.0, 1.0, group.patients if policy.risk_table else None)]
    for one in _drawn(group):
        points.append(_point(one, (one.survival, one.lower, one.upper), policy))
    return tuple(points)


def _point(one: Interval, numbers: tuple[float, float, float], policy: OutputPolicy) -> CurvePoint:
    estimate, lower, upper = (round(value, 6) for value in numbers)
    at_risk = one.left if policy.risk_table else None
    return CurvePoint(days_in_years(one.end), estimate, lower, upper, at_risk)


def _panel(merged: MergedCurves, cause: int, policy: OutputPolicy) -> tuple[Curve, ...]:
    curves: list[Curve] = []
    for name, group in merged.groups.items():
        points = [CurvePoint(0.0, 0.0, 0.0, 0.0, group.patients if policy.risk_table else None)]
        for one in _drawn(group):
            points.append(_point(one, one.incidence.get(cause, (0.0, 0.0, 0.0)), policy))
        events = sum(one.events.get(cause, 0) for one in group.intervals)
        patients = rounded_count(group.patients, policy.rounding_base)
        curves.append(Curve(name, patients, events, tuple(points)))
    return tuple(curves)


def _check_causes(raw: RawIncidence) -> None:
    used = {int(code) for one in raw.groups for code in np.unique(one.cause)} - {0}
    if used - set(raw.causes):
        raise DisclosureRefused(f"'{raw.title}': a cause has no label.", "Name every cause code that occurs.")


def _pooled(raw: RawIncidence, policy: OutputPolicy) -> tuple[dict[str, Times], dict[int, str], bool]:
    """Pool causes that are rare in some group, and the next rarest while the pool itself stays rare."""
    causes = {one.name: np.asarray(one.cause, dtype=np.int64) for one in raw.groups}
    totals = {code: sum(int((c == code).sum()) for c in causes.values()) for code in raw.causes}
    pool = {code for code in raw.causes if _is_rare({code}, causes.values(), policy)}
    others = sorted(set(raw.causes) - pool, key=lambda code: (totals[code], code))
    while pool and others and (len(pool) == 1 or _is_rare(pool, causes.values(), policy)):
        pool.add(others.pop(0))
    groups = {
        one.name: _times(one, np.where(np.isin(causes[one.name], list(pool)), -1, causes[one.name]))
        for one in raw.groups
    }
    labels = {code: label for code, label in raw.causes.items() if code not in pool}
    if pool:
        labels[-1] = OTHER_CAUSES if labels else "Any cause"
    return groups, labels, any(0 < total < policy.least_events for total in totals.values())


def _is_rare(codes: set[int], causes: Iterable[np.ndarray], policy: OutputPolicy) -> bool:
    counts = [int(np.isin(one, list(codes)).sum()) for one in causes]
    return any(0 < count < policy.least_events for count in counts)


def _actions(merged: MergedCurves, policy: OutputPolicy) -> list[Action]:
    if merged.withheld:
        return [Action("withheld", merged.withheld)]
    text = (
        f"Drawn from merged counts, at least {policy.least_events} events per interval, cuts on a grid of "
        f"{policy.grid_days:g} days; no marks for censoring; the curve ends while at least "
        f"{policy.least_left} patients are at risk, or nobody."
    )
    return [Action("merged", text)]


def _to_person(merged: MergedCurves, missing: int, policy: OutputPolicy) -> tuple[str, ...]:
    found = [f"{name}: {remark}." for name, group in merged.groups.items() for remark in group.to_person]
    found += [
        f"{name}: fewer than {RARE_GROUP} patients in a curve."
        for name, group in merged.groups.items()
        if group.patients < RARE_GROUP
    ]
    if merged.groups and 0 < missing < policy.least_cell:
        found.append(
            f"Fewer than {policy.least_cell} patients of the cohort are in no curve; "
            "the size of the cohort would tell how many."
        )
    return tuple(found)


def _test(test: RawTest | None) -> str:
    if test is None:
        return ""
    p = significant(test.p, 2)
    value = "not computable" if p is None else "p < 0.0001" if p < 0.0001 else f"p = {p:g}"
    return f"{test.name}: {value}"


def _alt(what: str, curves: Sequence[Curve]) -> str:
    if not curves:
        return f"{what}: not shown."
    ends = "; ".join(
        f"{one.group}: {one.patients} patients, {100 * one.points[-1].estimate:.0f} % "
        f"at {one.points[-1].time:.1f} years"
        for one in curves
    )
    return f"{what}, drawn to the last released cut. {ends}."
