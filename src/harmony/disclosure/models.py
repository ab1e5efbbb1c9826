"""Models: floors for the whole fit and for every level of every factor; estimates follow their counts."""

from __future__ import annotations

from collections.abc import Sequence

from harmony.disclosure.audit import CountTable, Need, Relation, audit
from harmony.disclosure.decision import Action, Decision, explained, ratio, shown, significant, withheld
from harmony.disclosure.policy import OutputPolicy
from harmony.disclosure.results import RawModel, RawTerm
from harmony.disclosure.suppression import suppress
from harmony.disclosure.text import small_counts
from harmony.errors import DisclosureRefused
from harmony.reporting.document import Cell, ModelTable, ModelTerm


def make_model_safe(raw: RawModel, policy: OutputPolicy) -> Decision:
    """
    Refuse a fit that is close to a table of single patients; hide levels that stand on too few.

    A level needs enough patients, and enough with and without the event; else its counts and its estimate
    are hidden, with as many other levels as protect it from subtraction. All estimates of a factor are
    hidden when its reference is. Estimates without limit (monotone likelihood) are hidden.

    Raises
    ------
    DisclosureRefused
        When the levels of a factor do not add up to the patients or events of the fit.
    """
    _check_sums(raw)
    reasons = refusals(raw, policy)
    if reasons:
        return withheld(f"'{raw.title}': {' '.join(reasons)}")
    hidden: set[tuple[str, str]] = set()
    for factor in factors(raw):
        hidden |= {_key(term) for term in _hidden_levels(raw, factor, policy)}
    unlimited = [term for term in raw.terms if _without_limit(term, policy)]
    actions = _actions(bool(hidden), bool(unlimited), policy)
    closed = {term.variable for term in raw.terms if term.reference and _key(term) in hidden}
    terms = tuple(
        _term(term, _key(term) in hidden, term.variable in closed or term in unlimited, policy)
        for term in raw.terms
    )
    patients, events = shown(raw.patients, policy), shown(raw.events, policy)
    explanation = explained(raw.explanation, actions)
    safe = ModelTable(raw.title, raw.outcome, terms, patients, events, raw.checks, explanation)
    return Decision(safe, tuple(actions), _to_person(raw, policy))


def _key(term: RawTerm) -> tuple[str, str]:
    return term.variable, term.level


def refusals(raw: RawModel, policy: OutputPolicy) -> list[str]:
    """Return why the whole fit may not leave, in sentences; empty when it may."""
    found: list[str] = []
    if not policy.models_allowed:
        found.append("A model reaches this page only after it passed output release.")
    if raw.patients < policy.least_cell:
        found.append(f"The fit has fewer than {policy.least_cell} patients.")
    if raw.residual_degrees_of_freedom < policy.least_residual_df:
        found.append(f"The fit has fewer than {policy.least_residual_df} residual degrees of freedom.")
    if raw.parameters > policy.largest_parameter_share * raw.patients:
        share = policy.largest_parameter_share
        found.append(f"The fit has more parameters than {share:g} times its patients.")
    floor = min(policy.person_events_per_parameter, policy.least_events_per_parameter)
    if _events_per_parameter(raw) < floor:
        found.append(f"The fit has fewer than {floor:g} events per parameter.")
    return found


def _events_per_parameter(raw: RawModel) -> float:
    return raw.events / max(1, raw.parameters)


def factors(raw: RawModel) -> list[list[RawTerm]]:
    """Return the levels of each factor of the model; numbers are no factors."""
    found: dict[str, list[RawTerm]] = {}
    for term in raw.terms:
        if not term.is_number:
            found.setdefault(term.variable, []).append(term)
    return list(found.values())


def _check_sums(raw: RawModel) -> None:
    for factor in factors(raw):
        patients, events = sum(t.patients for t in factor), sum(t.events for t in factor)
        if (patients, events) != (raw.patients, raw.events) or any(t.events > t.patients for t in factor):
            raise DisclosureRefused(
                f"'{raw.title}', {factor[0].variable}: the levels do not add up to the fit.",
                "Hand over every level, the reference too, counted among the patients of the fit.",
            )


def _fails(term: RawTerm, policy: OutputPolicy) -> bool:
    least = policy.least_level_events
    without = term.patients - term.events
    return term.patients < policy.least_level_patients or term.events < least or without < least


def _hidden_levels(raw: RawModel, factor: Sequence[RawTerm], policy: OutputPolicy) -> list[RawTerm]:
    """Return the levels to hide: those that fail, and those that would give them back."""
    if not any(_fails(term, policy) for term in factor):
        return []
    table = level_table(raw, factor, policy)
    pattern = suppress(table)
    if not pattern.safe:
        return list(factor)
    hidden = [
        term for term in factor if _fails(term, policy) or any(_id(k, term) in pattern.hidden for k in "pes")
    ]
    cells = {_id(kind, term) for term in hidden for kind in "pes"}
    return hidden if audit(table, cells).safe else list(factor)


def level_table(raw: RawModel, factor: Sequence[RawTerm], policy: OutputPolicy) -> CountTable:
    """Return patients (p), events (e) and patients without event (s) of a factor as linked counts."""
    cells = {"p": raw.patients, "e": raw.events, "s": raw.patients - raw.events}
    relations = [Relation("p", ("e", "s"))]
    least = policy.least_level_events
    floors = {"p": policy.least_level_patients, "e": least, "s": least}
    needs: dict[str, Need] = {}
    for term in factor:
        counts = {"p": term.patients, "e": term.events, "s": term.patients - term.events}
        for kind, count in counts.items():
            cells[_id(kind, term)] = count
            if count < floors[kind]:
                needs[_id(kind, term)] = Need(floors[kind], floors[kind] - 1)
        relations.append(Relation(_id("p", term), (_id("e", term), _id("s", term))))
    for kind in "pes":
        relations.append(Relation(kind, tuple(_id(kind, term) for term in factor)))
    # A hidden count may be 0 here: a level without an event is hidden too.
    return CountTable(cells, tuple(relations), needs, hidden_min=0, never_hidden=frozenset("pes"))


def _id(kind: str, term: RawTerm) -> str:
    return f"{kind}|{term.level}"


def _without_limit(term: RawTerm, policy: OutputPolicy) -> bool:
    large = abs(term.coefficient or 0.0) > policy.largest_coefficient
    return large or (term.standard_error or 0.0) > policy.largest_standard_error


def _term(term: RawTerm, hidden: bool, no_estimate: bool, policy: OutputPolicy) -> ModelTerm:
    patients = Cell(None, "c") if hidden else shown(term.patients, policy)
    events = Cell(None, "c") if hidden else shown(term.events, policy)
    if hidden or no_estimate or term.reference:
        return ModelTerm(term.variable, term.level, patients, events)
    return ModelTerm(
        term.variable,
        term.level,
        patients,
        events,
        ratio(term.hazard_ratio),
        ratio(term.lower),
        ratio(term.upper),
        significant(term.p, 2),
    )


def _actions(hidden: bool, unlimited: bool, policy: OutputPolicy) -> list[Action]:
    found = [Action("rounded", "Ratios are rounded to two decimals, p-values to two significant digits.")]
    if hidden:
        text = (
            f"Levels with fewer than {policy.least_level_patients} patients, or with fewer than "
            f"{policy.least_level_events} who had or had not the event, are hidden [c], and what would give "
            "them back."
        )
        found.append(Action("hidden", text))
    if unlimited:
        found.append(Action("hidden", "Estimates without limit (monotone likelihood) are hidden."))
    return found


def _to_person(raw: RawModel, policy: OutputPolicy) -> tuple[str, ...]:
    found: list[str] = []
    if _events_per_parameter(raw) < policy.least_events_per_parameter:
        found.append(f"The fit has fewer than {policy.least_events_per_parameter:g} events per parameter.")
    if 0 < raw.missing < policy.least_cell:
        found.append(
            f"Fewer than {policy.least_cell} patients of the cohort are not in the fit; "
            "the size of the cohort would tell how many."
        )
    for sentence in raw.checks:
        found += small_counts(sentence, policy.least_cell)
    return tuple(found)
