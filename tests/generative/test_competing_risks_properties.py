"""Competing risks and multi-state models on random tables: what must hold whatever the patients are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmony.statistics.cumulative_incidence import (
    cumulative_incidence,
    cumulative_incidence_from_counts,
)
from harmony.statistics.gray_test import gray_test
from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.multistate import multistate
from harmony.statistics.split_follow_up import split_follow_up

PATIENT = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 2), st.sampled_from("ab"))
VARIANCES = ("greenwood", "aalen", "jackknife")
few = settings(max_examples=60, deadline=None)


def columns(patients):
    """Entry, time, cause and group of patients; time lies after entry."""
    entry, length, cause, group = (np.array(column) for column in zip(*patients, strict=True))
    return entry, entry + length + 1, cause, group


patients = st.lists(PATIENT, min_size=1, max_size=30).map(columns)


def curves(fit):
    return {(c.group, c.cause): c for c in fit.curves}


def same(one, other, names=("estimate", "std_err", "lower", "upper"), scale=1.0):
    one, other = curves(one), curves(other)
    assert one.keys() == other.keys()
    for key in one:
        np.testing.assert_allclose(one[key].time * scale, other[key].time)
        for name in names:
            np.testing.assert_allclose(
                getattr(one[key], name), getattr(other[key], name), rtol=1e-9, atol=1e-9
            )


@few
@given(patients)
def test_probabilities_of_all_states_add_up_to_one(table):
    entry, time, cause, group = table
    for variance in ("aalen", "jackknife"):
        fit = cumulative_incidence(time, cause, group, entry=entry, variance=variance)
        for label in {c.group for c in fit.curves}:
            total = sum(c.estimate for c in fit.curves if c.group == label)
            np.testing.assert_allclose(total, 1.0, atol=1e-12)


@few
@given(patients)
def test_with_one_cause_the_state_without_event_is_kaplan_meiers(table):
    entry, time, cause, _ = table
    fit = cumulative_incidence(time, cause > 0, entry=entry)
    survival = kaplan_meier(time, cause > 0, entry=entry).curves[0]
    np.testing.assert_allclose(fit.curves[0].estimate, survival.survival, atol=1e-12)
    np.testing.assert_allclose(fit.curves[0].std_err, survival.std_err, atol=1e-12)
    for curve in fit.curves[1:]:
        np.testing.assert_allclose(curve.estimate, 1.0 - survival.survival, atol=1e-12)


@few
@given(patients)
def test_a_model_of_two_states_is_kaplan_meiers(table):
    entry, time, cause, _ = table
    if not cause.any():
        return
    died = cause > 0
    rows = (np.arange(len(time)), entry, time, np.zeros(len(time)), np.where(died, 1.0, np.nan), [0, 1])
    survival = kaplan_meier(time, died, entry=entry).at(np.unique(time[died])).to_pydict()
    fit = multistate(*rows, variance="greenwood")
    np.testing.assert_allclose(fit.probability[0, :, 0], survival["survival"], atol=1e-12)
    expected = [0.0 if value is None else value for value in survival["std_err"]]
    np.testing.assert_allclose(fit.std_err[0, :, 0], expected, rtol=1e-6, atol=1e-9)


@few
@given(patients)
def test_a_model_of_competing_causes_is_the_cumulative_incidence(table):
    entry, time, cause, _ = table
    if not cause.any():
        return
    present = [0, *sorted(set(cause[cause > 0].tolist()))]
    rows = (
        np.arange(len(time)),
        entry,
        time,
        np.zeros(len(time)),
        np.where(cause > 0, cause, np.nan),
        present,
    )
    fit = multistate(*rows, variance="jackknife")
    incidence = cumulative_incidence(time, cause, entry=entry, variance="jackknife")
    for state, curve in enumerate(incidence.curves):
        steps = np.searchsorted(curve.time, fit.time)
        np.testing.assert_allclose(fit.probability[0, :, state], curve.estimate[steps], atol=1e-12)
        np.testing.assert_allclose(fit.std_err[0, :, state], curve.std_err[steps], rtol=1e-6, atol=1e-7)


@few
@given(patients, st.randoms(use_true_random=False))
def test_the_order_of_patients_changes_nothing(table, random):
    entry, time, cause, group = table
    order = random.sample(range(len(time)), len(time))
    for variance in ("aalen", "jackknife"):
        one = cumulative_incidence(time, cause, group, entry=entry, variance=variance)
        same(
            one,
            cumulative_incidence(
                time[order], cause[order], group[order], entry=entry[order], variance=variance
            ),
        )


@few
@given(patients)
def test_doubling_with_half_weights_changes_nothing_when_copies_are_one_patient(table):
    entry, time, cause, group = table
    twice, half = [np.tile(c, 2) for c in (time, cause, group)], np.full(2 * len(time), 0.5)
    one = cumulative_incidence(time, cause, group, entry=entry)
    same(
        one,
        cumulative_incidence(*twice, entry=np.tile(entry, 2), weights=half),
        names=("estimate", "std_err"),
    )


@few
@given(patients, st.sampled_from([7.0, 30.4375, 1 / 365.25]))
def test_a_change_of_the_unit_of_time_changes_times_only(table, unit):
    entry, time, cause, group = table
    for variance in ("aalen", "jackknife"):
        one = cumulative_incidence(time, cause, group, entry=entry, variance=variance)
        other = cumulative_incidence(time * unit, cause, group, entry=entry * unit, variance=variance)
        same(one, other, scale=unit)


@few
@given(patients)
def test_counts_give_what_rows_give(table):
    _, time, cause, group = table
    given_counts = {"group": group, "time": time, "cause": cause, "count": np.ones(len(time), dtype=int)}
    same(cumulative_incidence(time, cause, group), cumulative_incidence_from_counts(given_counts))


@few
@given(patients)
def test_grays_test_knows_no_order_of_patients_or_groups(table):
    _, time, cause, group = table
    if len(set(group)) < 2 or not cause.any():
        return
    one = gray_test(time, cause, group)
    swapped = gray_test(time[::-1], cause[::-1], np.where(group == "a", "z", "y")[::-1])
    np.testing.assert_allclose(one.statistic, swapped.statistic, rtol=1e-8, atol=1e-10)


STAY = st.tuples(st.integers(1, 5), st.sampled_from([None, 0, 1, 2]), st.integers(0, 2))


def as_rows(histories):
    """Rows of a reversible model of states 0 and 1, with death 2 and gaps, one list of stays per patient."""
    rows = []
    for patient, (at, state, stays) in enumerate(histories):
        for length, to, gap in stays:
            rows.append((patient, at, at + length, state, np.nan if to is None else to))
            at += length + (gap if to is None else 0)
            state = state if to is None else to
            if state == 2:
                break
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


history = st.tuples(st.integers(0, 6), st.integers(0, 1), st.lists(STAY, min_size=1, max_size=5))
histories = st.lists(history, min_size=1, max_size=15).map(as_rows)


def moves(rows):
    return bool(np.any(~np.isnan(rows[4]) & (rows[4] != rows[3])))


@few
@given(histories)
def test_transition_probabilities_are_the_slow_obvious_product(rows):
    if not moves(rows):
        return
    fit = multistate(*rows, states=[0, 1, 2])
    _, start, stop, source, to = rows
    product = np.eye(3)
    for place, t in enumerate(fit.time):
        step = np.eye(3)
        for a in range(2):
            at_risk = ((source == a) & (start < t) & (stop >= t)).sum()
            for b in {0, 1, 2} - {a}:
                moved = ((source == a) & (to == b) & (stop == t)).sum()
                if moved:
                    step[a, b] += moved / at_risk
                    step[a, a] -= moved / at_risk
        product = product @ step
        np.testing.assert_allclose(fit.probability[:, place], product, atol=1e-12)


@few
@given(histories, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_names_of_patients_change_the_model(rows, random):
    if not moves(rows):
        return
    order = random.sample(range(len(rows[0])), len(rows[0]))
    names = np.array([f"P{900 - int(i)}" for i in rows[0]])
    mixed = [names[order], *(column[order] for column in rows[1:])]
    for variance in VARIANCES:
        one = multistate(*rows, states=[0, 1, 2], variance=variance)
        other = multistate(*mixed, states=[0, 1, 2], variance=variance)
        np.testing.assert_allclose(one.probability, other.probability, atol=1e-12)
        np.testing.assert_allclose(one.std_err, other.std_err, rtol=1e-6, atol=1e-7)


@few
@given(histories, st.integers(0, 10))
def test_probabilities_from_a_later_time_compose(rows, start):
    if not moves(rows):
        return
    whole = multistate(*rows, states=[0, 1, 2])
    if whole.time[-1] <= start:
        return
    later = multistate(*rows, states=[0, 1, 2], start_time=start)
    early = np.array(whole.at([start])["probability"]).reshape(3, 3)
    np.testing.assert_allclose(early @ later.probability[:, -1], whole.probability[:, -1], atol=1e-12)
    np.testing.assert_allclose(later.probability.sum(axis=2), 1.0, atol=1e-12)


@few
@given(patients, st.lists(st.one_of(st.none(), st.floats(-3, 30)), min_size=30, max_size=30))
def test_splitting_keeps_person_time_events_and_the_curve(table, when):
    entry, time, cause, group = table
    made = split_follow_up(time, cause, {"changed": when[: len(time)]}, entry=entry)
    np.testing.assert_allclose(
        np.bincount(made.patient, made.tstop - made.tstart), time - entry, rtol=1e-9, atol=1e-7
    )
    split = cumulative_incidence(made.tstop, made.event, group[made.patient], entry=made.tstart)
    asked = np.unique(time)
    whole = cumulative_incidence(time, cause, group, entry=entry).at(asked).to_pydict()
    again = split.at(asked).to_pydict()
    assert again["estimate"] == pytest.approx(whole["estimate"])
    assert again["std_err"] == pytest.approx(whole["std_err"], nan_ok=True)
